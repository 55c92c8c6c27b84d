libactor_libactor_la_SOURCES += \
	%D%/arena.c \
	%D%/arena.h \
	%D%/message.c \
	%D%/message_impl.h \
	%D%/msgpack.h \
	%D%/msgpack_decode.c \
	%D%/msgpack_encode.c \
	%D%/msgpack_scan.c \
	%D%/walk.c \
	%D%/walk.h \
	libactor/include/actor/message.h
