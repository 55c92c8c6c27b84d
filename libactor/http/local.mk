libactor_libactor_la_SOURCES += \
	libactor/include/actor/http.h
