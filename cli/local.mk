# Command line programs.  They are linked with the convenience libraries and
# not with libmesos.so, which would cost half of mesos-execute's start.
bin_PROGRAMS += %D%/mesos-execute
%C%_mesos_execute_SOURCES = \
	%D%/execute_flags.c \
	%D%/execute_flags.h \
	%D%/execute_task.c \
	%D%/execute_task.h \
	%D%/mesos_execute.c
%C%_mesos_execute_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)

bin_PROGRAMS += %D%/mesos-local
%C%_mesos_local_SOURCES = %D%/mesos_local.c
%C%_mesos_local_LDADD = $(LIBMASTER) $(LIBAGENT) $(LIBMODEL) $(JEMALLOC_LIBS)

dist_man_MANS += docs/man/mesos-execute.1 docs/man/mesos-local.1
