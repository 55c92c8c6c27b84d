# The scheduler driver, and libmesos, which exports it and the executor
# library.
noinst_LTLIBRARIES += %D%/libschedulerdriver.la
%C%_libschedulerdriver_la_SOURCES = \
	%D%/callbacks.c \
	%D%/callbacks.h \
	%D%/calls.c \
	%D%/calls.h \
	%D%/driver.c \
	%D%/driver.h \
	%D%/environment.c \
	%D%/environment.h \
	%D%/events.c \
	%D%/events.h \
	%D%/lost_task.c \
	%D%/lost_task.h \
	%D%/mesos.c \
	%D%/offer_table.c \
	%D%/offer_table.h \
	%D%/role_set.c \
	%D%/role_set.h \
	%D%/scheduler.c

# Named as in Mesos: libmesos-1.12.0.so, with a link libmesos.so.
lib_LTLIBRARIES += %D%/libmesos.la
%C%_libmesos_la_SOURCES =
%C%_libmesos_la_LIBADD = $(LIBSCHEDULERDRIVER) $(LIBEXECUTOR) \
	model/libmodel.la $(LIBPROTO) \
	$(LIBACTOR)
%C%_libmesos_la_LDFLAGS = $(AM_LDFLAGS) -release 1.12.0 \
	-Wl,--version-script=$(srcdir)/%D%/libmesos.map
EXTRA_%C%_libmesos_la_DEPENDENCIES = %D%/libmesos.map
EXTRA_DIST += %D%/libmesos.map %D%/mesos.pc.in

dist_man_MANS += \
	docs/man/libmesos.3mesos \
	docs/man/mesos_scheduler_callbacks.3mesos \
	docs/man/mesos_scheduler_calls.3mesos \
	docs/man/mesos_scheduler_driver.3mesos \
	docs/man/mesos_scheduler_options.3mesos

# 'man mesos_scheduler_driver_start' finds the page that tells of it.
EXTRA_DIST += docs/man/links
install_hooks += install-man-links
uninstall_hooks += uninstall-man-links
install-man-links:
	$(MKDIR_P) "$(DESTDIR)$(man3dir)"
	while read -r page names; do for name in $$names; do \
	    echo ".so man3/$$page.3mesos" \
	        >"$(DESTDIR)$(man3dir)/$$name.3mesos" || exit 1; \
	done; done <$(srcdir)/docs/man/links
uninstall-man-links:
	while read -r page names; do for name in $$names; do \
	    rm -f "$(DESTDIR)$(man3dir)/$$name.3mesos"; \
	done; done <$(srcdir)/docs/man/links
.PHONY: install-man-links uninstall-man-links

# Examples against the public headers, which tests/process/test_examples.sh
# runs.
noinst_PROGRAMS += docs/examples/batch docs/examples/durable \
	docs/examples/roles docs/examples/words
EXAMPLE_LIBS = scheduler-driver/libmesos.la $(PROTOBUF_C_LIBS)
docs_examples_batch_SOURCES = docs/examples/batch.c
docs_examples_batch_LDADD = $(EXAMPLE_LIBS)
docs_examples_durable_SOURCES = docs/examples/durable.c
docs_examples_durable_LDADD = $(EXAMPLE_LIBS)
docs_examples_roles_SOURCES = docs/examples/roles.c
docs_examples_roles_LDADD = $(EXAMPLE_LIBS)
docs_examples_words_SOURCES = docs/examples/words.c
docs_examples_words_LDADD = $(EXAMPLE_LIBS)
EXTRA_DIST += docs/frameworks.md

mesosinclude_HEADERS += include/mesos/mesos.h include/mesos/scheduler.h

# The structs of the messages.  protobuf-c names the headers that they include
# as protobuf does; what Debian has no header for is ours.
mesosv1dir = $(mesosincludedir)/v1
nodist_mesosv1_HEADERS = include/mesos/v1/mesos.pb-c.h
mesosv1schedulerdir = $(mesosincludedir)/v1/scheduler
nodist_mesosv1scheduler_HEADERS = include/mesos/v1/scheduler/scheduler.pb-c.h
mesosv1executordir = $(mesosincludedir)/v1/executor
nodist_mesosv1executor_HEADERS = include/mesos/v1/executor/executor.pb-c.h
mesosgoogledir = $(mesosincludedir)/google/protobuf
nodist_mesosgoogle_HEADERS = include/mesos/google/protobuf/duration.pb-c.h
PUBLIC_PROTO_H = $(nodist_mesosv1_HEADERS) $(nodist_mesosv1scheduler_HEADERS) \
	$(nodist_mesosv1executor_HEADERS) $(nodist_mesosgoogle_HEADERS)
BUILT_SOURCES += $(PUBLIC_PROTO_H)
CLEANFILES += $(PUBLIC_PROTO_H)

PUBLISH_PROTO = \
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) \
	-e 's,"google/protobuf/\(.*\)",<mesos/google/protobuf/\1>,' \
	-e 's,"mesos/v1/\(.*\)",<mesos/v1/\1>,' $< >$@

include/mesos/v1/mesos.pb-c.h: proto/mesos/v1/mesos.pb-c.h
	$(PUBLISH_PROTO)

include/mesos/v1/scheduler/scheduler.pb-c.h: \
		proto/mesos/v1/scheduler/scheduler.pb-c.h
	$(PUBLISH_PROTO)

include/mesos/v1/executor/executor.pb-c.h: \
		proto/mesos/v1/executor/executor.pb-c.h
	$(PUBLISH_PROTO)

include/mesos/google/protobuf/duration.pb-c.h: \
		proto/google/protobuf/duration.pb-c.h
	$(PUBLISH_PROTO)

pkgconfig_DATA += %D%/mesos.pc
CLEANFILES += %D%/mesos.pc
%D%/mesos.pc: %D%/mesos.pc.in
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) \
	-e 's,@prefix[@],$(prefix),' -e 's,@exec_prefix[@],$(exec_prefix),' \
	-e 's,@libdir[@],$(libdir),' -e 's,@includedir[@],$(includedir),' \
	-e '/dir=/s,=$(prefix),=$${prefix},' \
	-e '/^exec_prefix=/s,=$(prefix),=$${prefix},' \
	$(srcdir)/%D%/mesos.pc.in >$@
