# The executor library, and the executors on top of it.
noinst_LTLIBRARIES += %D%/libexecutor.la
%C%_libexecutor_la_SOURCES = \
	%D%/checks/checker.c \
	%D%/checks/checker.h \
	%D%/checks/health.c \
	%D%/checks/health.h \
	%D%/checks/probe.c \
	%D%/checks/probe.h \
	%D%/checks/probe_command.c \
	%D%/checks/probe_curl.c \
	%D%/checks/probe_http.c \
	%D%/checks/probe_private.h \
	%D%/checks/probe_tcp.c \
	%D%/checks/redirect.c \
	%D%/checks/redirect.h \
	%D%/checks/spec.c \
	%D%/checks/spec.h \
	%D%/checks/user_lookup.c \
	%D%/checks/user_lookup.h \
	%D%/command_executor.c \
	%D%/command_executor.h \
	%D%/default_executor.c \
	%D%/default_executor.h \
	%D%/driver.c \
	%D%/executor_environment.c \
	%D%/executor_environment.h \
	%D%/group_task.c \
	%D%/group_task.h \
	%D%/session.c \
	%D%/session.h \
	%D%/task_fetch.c \
	%D%/task_fetch.h \
	%D%/task_environment.c \
	%D%/task_environment.h \
	%D%/task_process.c \
	%D%/task_process.h \
	%D%/task_sandbox.c \
	%D%/task_sandbox.h \
	%D%/task_volumes.c \
	%D%/task_volumes.h \
	%D%/tree_signal.c \
	%D%/tree_signal.h

mesosinclude_HEADERS += include/mesos/executor.h
dist_man_MANS += docs/man/mesos_executor_callbacks.3mesos \
	docs/man/mesos_executor_driver.3mesos

# One of these runs for each task: static (but for sanitizers, which cannot
# be), without jemalloc, to be small.
mesoslibexec_PROGRAMS += %D%/mesos-executor
%C%_mesos_executor_SOURCES = %D%/main.c %D%/program.c %D%/program.h
# Debian's static yajl has a name of its own.
%C%_mesos_executor_LDADD = $(LIBEXECUTOR) model/libmodel.la \
	$(LIBPROTO) \
	$(LIBACTOR:-lyajl=-lyajl_s)
%C%_mesos_executor_LDFLAGS = $(AM_LDFLAGS) $(STATIC_LDFLAGS)

mesoslibexec_PROGRAMS += %D%/mesos-default-executor
%C%_mesos_default_executor_SOURCES = %D%/default_main.c %D%/program.c \
	%D%/program.h
%C%_mesos_default_executor_LDADD = $(%C%_mesos_executor_LDADD)
%C%_mesos_default_executor_LDFLAGS = $(AM_LDFLAGS) $(STATIC_LDFLAGS)

# An example against the public header; tests/process/test_agent.sh runs it.
noinst_PROGRAMS += docs/examples/executor
docs_examples_executor_SOURCES = docs/examples/executor.c
docs_examples_executor_LDADD = scheduler-driver/libmesos.la $(PROTOBUF_C_LIBS)
