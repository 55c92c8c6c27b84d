libactor_libactor_la_SOURCES += \
	%D%/addresses.c \
	%D%/listener.c \
	%D%/loop.c \
	%D%/net.h \
	%D%/resolve.c \
	%D%/socket.c \
	%D%/stream.c \
	libactor/include/actor/addresses.h
