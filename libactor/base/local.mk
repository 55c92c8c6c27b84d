libactor_libactor_la_SOURCES += \
	libactor/include/actor/address.h \
	libactor/include/actor/alloc.h \
	libactor/include/actor/compiler.h \
	libactor/include/actor/duration.h \
	libactor/include/actor/error.def \
	libactor/include/actor/error.h \
	libactor/include/actor/flags.h \
	libactor/include/actor/json.h \
	libactor/include/actor/limits.h \
	libactor/include/actor/log.h \
	libactor/include/actor/strbuf.h \
	libactor/include/actor/table.h \
	libactor/include/actor/upid.h \
	libactor/include/actor/vec.h
