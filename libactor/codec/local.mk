libactor_libactor_la_SOURCES += \
	%D%/arena.c \
	%D%/arena.h \
	%D%/base64.c \
	%D%/base64.h \
	%D%/copy.c \
	%D%/equal.c \
	%D%/json_decode.c \
	%D%/json_encode.c \
	%D%/json_memory.c \
	%D%/json_memory.h \
	%D%/json_number.c \
	%D%/json_number.h \
	%D%/message.c \
	%D%/message_impl.h \
	%D%/msgpack.h \
	%D%/msgpack_decode.c \
	%D%/msgpack_encode.c \
	%D%/msgpack_scan.c \
	%D%/protobuf.h \
	%D%/protobuf_decode.c \
	%D%/protobuf_encode.c \
	%D%/protobuf_scan.c \
	%D%/sink.h \
	%D%/walk.c \
	%D%/walk.h \
	libactor/include/actor/message.h
