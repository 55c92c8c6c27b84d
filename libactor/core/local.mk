libactor_libactor_la_SOURCES += \
	libactor/include/actor/actor.h \
	libactor/include/actor/backend.h \
	libactor/include/actor/child.h \
	libactor/include/actor/op.h \
	libactor/include/actor/system.h \
	libactor/include/actor/work.h \
	%D%/transport.h \
	%D%/worker.h
