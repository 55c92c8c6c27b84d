libactor_libactor_la_SOURCES += \
	%D%/frame.c \
	%D%/frame.h \
	%D%/handshake.c \
	%D%/handshake.h \
	%D%/node.c \
	%D%/node.h \
	%D%/node_metrics.c \
	%D%/peer.c \
	%D%/peer.h \
	%D%/peer_dial.c \
	%D%/peer_frames.c \
	%D%/peer_private.h \
	%D%/peer_send.c \
	%D%/peer_table.c \
	%D%/remote_table.c \
	%D%/remote_table.h
