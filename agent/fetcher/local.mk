# The fetcher: its actor in the agent's library, and the program that does the
# work, which alone has curl and archive libraries.
agent_libagent_la_SOURCES += \
	%D%/cache.c \
	%D%/cache.h \
	%D%/fetcher.c \
	%D%/fetcher.h \
	%D%/fetcher_disk.c \
	%D%/fetcher_disk.h \
	%D%/fetcher_info.c \
	%D%/fetcher_info.h \
	%D%/uri.c \
	%D%/uri.h

mesoslibexec_PROGRAMS += %D%/mesos-fetcher
%C%_mesos_fetcher_SOURCES = \
	%D%/copy.c \
	%D%/copy.h \
	%D%/download.c \
	%D%/download.h \
	%D%/extract.c \
	%D%/extract.h \
	%D%/fetch.c \
	%D%/fetch.h \
	%D%/main.c \
	%D%/uri.c \
	%D%/uri.h
%C%_mesos_fetcher_CPPFLAGS = $(AM_CPPFLAGS) $(CURL_CFLAGS) $(ARCHIVE_CFLAGS)
%C%_mesos_fetcher_LDADD = $(LIBPROTO) $(LIBACTOR) $(CURL_LIBS) $(ARCHIVE_LIBS)
