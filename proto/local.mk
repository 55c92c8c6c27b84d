# The messages that cross a process border.  The .proto files are the only
# declaration; their C is made in the build directory and shipped in the
# tarball.
PROTO_FILES = \
	%D%/cmesos/checkpoint.proto \
	%D%/cmesos/fetcher.proto \
	%D%/cmesos/internal.proto \
	%D%/cmesos/modules.proto \
	%D%/cmesos/registry.proto \
	%D%/mesos/v1/agent/agent.proto \
	%D%/mesos/v1/allocator/allocator.proto \
	%D%/mesos/v1/executor/executor.proto \
	%D%/mesos/v1/maintenance/maintenance.proto \
	%D%/mesos/v1/master/master.proto \
	%D%/mesos/v1/mesos.proto \
	%D%/mesos/v1/quota/quota.proto \
	%D%/mesos/v1/resource_provider/resource_provider.proto \
	%D%/mesos/v1/scheduler/scheduler.proto
PROTO_C = $(PROTO_FILES:.proto=.pb-c.c) %D%/google/protobuf/duration.pb-c.c
PROTO_H = $(PROTO_C:.c=.h)

noinst_LTLIBRARIES += %D%/libproto.la %D%/libgenerated.la
%C%_libproto_la_SOURCES = \
	%D%/messages.c \
	%D%/messages.h
%C%_libgenerated_la_SOURCES = $(PROTO_C) $(PROTO_H)
# libmesos exports them (scheduler-driver/libmesos.map).
%C%_libgenerated_la_CFLAGS = $(AM_CFLAGS) -w -fvisibility=default

BUILT_SOURCES += $(PROTO_C) $(PROTO_H)
EXTRA_DIST += $(PROTO_FILES) build-aux/compile-proto

PROTO_COMPILE = \
	$(AM_V_GEN)PROTOC_C='$(PROTOC_C)' \
	$(SHELL) $(top_srcdir)/build-aux/compile-proto $(top_srcdir)/%D% %D%

%.pb-c.c %.pb-c.h: %.proto build-aux/compile-proto
	$(PROTO_COMPILE) $*.proto

# Comes with protobuf itself, as a .proto only.
%D%/google/protobuf/%.pb-c.c %D%/google/protobuf/%.pb-c.h: \
		build-aux/compile-proto
	$(PROTO_COMPILE) %D%/google/protobuf/$*.proto

MAINTAINERCLEANFILES += $(PROTO_C) $(PROTO_H)
