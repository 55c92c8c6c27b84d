# The log that leaders keep their state in.
noinst_LTLIBRARIES += %D%/libreplog.la
%C%_libreplog_la_SOURCES = \
	%D%/bytes.h \
	%D%/crc32c.c \
	%D%/crc32c.h \
	%D%/storage.c \
	%D%/storage.h \
	%D%/header.c \
	%D%/header.h \
	%D%/messages.c \
	%D%/messages.h \
	%D%/replog.c \
	%D%/replog.h \
	%D%/segment.c \
	%D%/segment.h \
	%D%/snapshot.c \
	%D%/snapshot.h \
	%D%/store.c \
	%D%/store.h \
	%D%/store_open.c \
	%D%/store_private.h
