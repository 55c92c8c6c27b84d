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
