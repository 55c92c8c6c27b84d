# The agent: everything but main() in a library, for tests and mesos-local.
noinst_LTLIBRARIES += %D%/libagent.la
%C%_libagent_la_CPPFLAGS = $(AM_CPPFLAGS) \
	-DPKGLIBEXECDIR='"$(mesoslibexecdir)"'
%C%_libagent_la_SOURCES = \
	%D%/agent.c \
	%D%/agent.h \
	%D%/attributes.c \
	%D%/attributes.h \
	%D%/checkpoint/checkpointer.c \
	%D%/checkpoint/checkpointer.h \
	%D%/checkpoint/file.c \
	%D%/checkpoint/file.h \
	%D%/checkpoint/format.c \
	%D%/checkpoint/format.h \
	%D%/checkpoint/journal.c \
	%D%/checkpoint/journal.h \
	%D%/checkpoint/journal_private.h \
	%D%/checkpoint/journal_settle.c \
	%D%/checkpoint/meta_paths.c \
	%D%/checkpoint/meta_paths.h \
	%D%/checkpoint/saved_state.c \
	%D%/checkpoint/saved_state.h \
	%D%/checkpoints.c \
	%D%/command_executor_info.c \
	%D%/command_executor_info.h \
	%D%/compatibility.c \
	%D%/compatibility.h \
	%D%/container_end.c \
	%D%/container_search.c \
	%D%/container_search.h \
	%D%/container_table.c \
	%D%/container_table.h \
	%D%/containerizer.c \
	%D%/containerizer.h \
	%D%/containerizer_private.h \
	%D%/default_executor_command.c \
	%D%/default_executor_command.h \
	%D%/draining.c \
	%D%/endpoints.c \
	%D%/environment.c \
	%D%/environment.h \
	%D%/executor_calls.c \
	%D%/executor_end.c \
	%D%/executors.c \
	%D%/executors_private.h \
	%D%/flags.c \
	%D%/gc.c \
	%D%/gc.h \
	%D%/gc_table.c \
	%D%/gc_table.h \
	%D%/history.c \
	%D%/launch.c \
	%D%/launcher/cgroup.c \
	%D%/launcher/cgroup.h \
	%D%/launcher/launcher.c \
	%D%/launcher/launcher.h \
	%D%/leftovers.c \
	%D%/leftovers.h \
	%D%/metrics.c \
	%D%/metrics.h \
	%D%/operations/operations.c \
	%D%/operations/operations.h \
	%D%/operations/resource_store.c \
	%D%/operations/resource_store.h \
	%D%/operations/task_resources.c \
	%D%/operations/task_resources.h \
	%D%/operations/volumes.c \
	%D%/operations/volumes.h \
	%D%/paths.c \
	%D%/paths.h \
	%D%/records.c \
	%D%/records.h \
	%D%/records_table.c \
	%D%/recovery.c \
	%D%/registration.c \
	%D%/resources_detect.c \
	%D%/resources_detect.h \
	%D%/resources_json.c \
	%D%/resources_json.h \
	%D%/sandbox.c \
	%D%/sandbox.h \
	%D%/sandbox_files.c \
	%D%/sandbox_files.h \
	%D%/state.h \
	%D%/status_stream.c \
	%D%/status_stream.h \
	%D%/status_stream_table.c \
	%D%/status_stream_table.h \
	%D%/status_update.c \
	%D%/status_update.h \
	%D%/status_update_manager.c \
	%D%/status_update_manager.h \
	%D%/support.c \
	%D%/support.h \
	%D%/updates.c

sbin_PROGRAMS += %D%/mesos-agent
%C%_mesos_agent_SOURCES = %D%/main.c
%C%_mesos_agent_LDADD = $(LIBAGENT) $(LIBMODEL) $(JEMALLOC_LIBS)

dist_man_MANS += docs/man/mesos-agent.8

# The old name, which scripts and packages use.
install_hooks += install-mesos-slave
uninstall_hooks += uninstall-mesos-slave
install-mesos-slave:
	cd $(DESTDIR)$(sbindir) && rm -f mesos-slave && \
		$(LN_S) mesos-agent mesos-slave
uninstall-mesos-slave:
	rm -f $(DESTDIR)$(sbindir)/mesos-slave
.PHONY: install-mesos-slave uninstall-mesos-slave
