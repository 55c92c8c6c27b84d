# Helpers of the test programs.
check_LTLIBRARIES += %D%/libtest.la
%C%_libtest_la_CPPFLAGS = $(LIBACTOR_CPPFLAGS) $(CHECK_CFLAGS)
%C%_libtest_la_SOURCES = \
	%D%/message_generator.c \
	%D%/message_generator.h \
	%D%/poller.c \
	%D%/poller.h \
	%D%/test.c \
	%D%/test.h
