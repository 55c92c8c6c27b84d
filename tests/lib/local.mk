# Helpers of the test programs.
check_LTLIBRARIES += %D%/libtest.la
%C%_libtest_la_CPPFLAGS = $(LIBACTOR_CPPFLAGS) $(CHECK_CFLAGS)
%C%_libtest_la_SOURCES = \
	%D%/http_stage.c \
	%D%/http_stage.h \
	%D%/exposition.c \
	%D%/exposition.h \
	%D%/http_talk.c \
	%D%/http_talk.h \
	%D%/allocator_stage.h \
	%D%/asker.c \
	%D%/driver_stage.h \
	%D%/asker.h \
	%D%/memory_net.c \
	%D%/memory_net.h \
	%D%/faulty_disk.c \
	%D%/faulty_disk.h \
	%D%/fake_process.c \
	%D%/fake_process.h \
	%D%/message_generator.c \
	%D%/message_generator.h \
	%D%/multi_system.c \
	%D%/multi_system.h \
	%D%/place.c \
	%D%/place.h \
	%D%/poller.c \
	%D%/poller.h \
	%D%/run.c \
	%D%/run.h \
	%D%/scramble_net.c \
	%D%/scramble_net.h \
	%D%/test.c \
	%D%/test.h
