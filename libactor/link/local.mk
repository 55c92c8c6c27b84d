libactor_libactor_la_SOURCES +=
