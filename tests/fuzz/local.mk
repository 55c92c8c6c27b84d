# Fuzz targets, one LLVMFuzzerTestOneInput in each, seeds in corpus/<name>/.
# 'make check' replays the corpus.  --enable-fuzz (CC=clang-14) makes fuzzers:
#
#   tests/fuzz/fuzz_json NEW-DIR SOURCE/tests/fuzz/corpus/json
if FUZZ
fuzz_main = %D%/fuzz.h
noinst_PROGRAMS += $(fuzz_programs)
else
fuzz_main = %D%/fuzz.h %D%/replay.c
check_PROGRAMS += $(fuzz_programs)
endif
fuzz_libs = $(LIBPROTO) $(LIBACTOR) $(FUZZ_LDFLAGS)
fuzz_round_trip = %D%/round_trip.c %D%/round_trip.h $(fuzz_main)
EXTRA_DIST += %D%/corpus

fuzz_programs += %D%/fuzz_msgpack
%C%_fuzz_msgpack_SOURCES = %D%/fuzz_msgpack.c $(fuzz_round_trip)
%C%_fuzz_msgpack_LDADD = $(fuzz_libs)
