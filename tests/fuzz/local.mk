# Fuzz targets, one LLVMFuzzerTestOneInput in each.
