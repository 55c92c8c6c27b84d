# The master: its library, for tests and mesos-local too, and its program.
noinst_LTLIBRARIES += %D%/libmaster.la
%C%_libmaster_la_SOURCES = \
	%D%/accept.c \
	%D%/admission.c \
	%D%/agent_report.c \
	%D%/agent_report.h \
	%D%/agent_table.c \
	%D%/agent_table.h \
	%D%/agents.c \
	%D%/agents_json.c \
	%D%/allocator/allocator.c \
	%D%/allocator/allocator.h \
	%D%/allocator/drf.c \
	%D%/allocator/drf.h \
	%D%/allocator/table.c \
	%D%/allocator/table.h \
	%D%/calls.c \
	%D%/draining.c \
	%D%/flags.c \
	%D%/framework_table.c \
	%D%/framework_table.h \
	%D%/frameworks.c \
	%D%/frameworks_json.c \
	%D%/http.c \
	%D%/id_table.c \
	%D%/id_table.h \
	%D%/known_agents.c \
	%D%/known_agents.h \
	%D%/master.c \
	%D%/master.h \
	%D%/metrics.c \
	%D%/metrics.h \
	%D%/observer.c \
	%D%/observer.h \
	%D%/offer_table.c \
	%D%/offer_table.h \
	%D%/offers.c \
	%D%/private.h \
	%D%/rate_limiter.c \
	%D%/rate_limiter.h \
	%D%/readmission.c \
	%D%/recovery.c \
	%D%/registrar/changes.c \
	%D%/registrar/maintenance.c \
	%D%/registrar/parts.c \
	%D%/registrar/parts.h \
	%D%/registrar/record_table.c \
	%D%/registrar/record_table.h \
	%D%/registrar/recovery.c \
	%D%/registrar/registrar.c \
	%D%/registrar/registrar.h \
	%D%/registrar/registrar_private.h \
	%D%/registrar/registry.c \
	%D%/registrar/registry.h \
	%D%/registrar/registry_private.h \
	%D%/registrar/view.c \
	%D%/registry_calls.c \
	%D%/registry_calls.h \
	%D%/registry_gc.c \
	%D%/removal.c \
	%D%/reregister.c \
	%D%/state_json.c \
	%D%/state_json.h \
	%D%/task.c \
	%D%/task.h \
	%D%/tasks.c \
	%D%/tasks_json.c \
	%D%/text.c \
	%D%/text.h \
	%D%/unreachable.c \
	%D%/validation.c \
	%D%/validation.h

sbin_PROGRAMS += %D%/mesos-master
%C%_mesos_master_SOURCES = %D%/main.c
%C%_mesos_master_LDADD = $(LIBMASTER) $(LIBMODEL) $(JEMALLOC_LIBS)
dist_man_MANS += docs/man/mesos-master.8
