# Command line programs.  They are linked with the convenience libraries and
# not with libmesos.so, which would cost half of mesos-execute's start.
bin_PROGRAMS += %D%/mesos-execute
%C%_mesos_execute_SOURCES = %D%/mesos_execute.c
%C%_mesos_execute_LDADD = %D%/libexecute.la $(LIBSCHEDULERDRIVER) $(LIBMODEL)

# The parts of mesos-execute, for its tests too.
noinst_LTLIBRARIES += %D%/libexecute.la
%C%_libexecute_la_SOURCES = \
	%D%/execute_container.c \
	%D%/execute_container.h \
	%D%/execute_flags.c \
	%D%/execute_flags.h \
	%D%/execute_follow.c \
	%D%/execute_follow.h \
	%D%/execute_json.c \
	%D%/execute_json.h \
	%D%/execute_output.c \
	%D%/execute_output.h \
	%D%/execute_status.c \
	%D%/execute_status.h \
	%D%/execute_task.c \
	%D%/execute_task.h

bin_PROGRAMS += %D%/mesos-local
%C%_mesos_local_SOURCES = %D%/mesos_local.c
%C%_mesos_local_LDADD = $(LIBMASTER) $(LIBAGENT) $(LIBMODEL) $(JEMALLOC_LIBS)

dist_man_MANS += docs/man/mesos-execute.1 docs/man/mesos-local.1
