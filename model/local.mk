# What the cluster is about: pure functions, no actors, no I/O.
noinst_LTLIBRARIES += %D%/libmodel.la
%C%_libmodel_la_SOURCES = \
	%D%/checkpointed_resources.c \
	%D%/checkpointed_resources.h \
	%D%/ids.c \
	%D%/ids.h \
	%D%/operation.c \
	%D%/operation.h \
	%D%/operation_check.c \
	%D%/ranges.c \
	%D%/ranges.h \
	%D%/reservations.c \
	%D%/reservations.h \
	%D%/resource.c \
	%D%/resource.h \
	%D%/resource_conversion.c \
	%D%/resource_conversion.h \
	%D%/resource_parts.c \
	%D%/resource_parts.h \
	%D%/resource_quantities.c \
	%D%/resource_quantities.h \
	%D%/resource_rules.c \
	%D%/resource_rules.h \
	%D%/resources.c \
	%D%/resources.h \
	%D%/resources_codec.c \
	%D%/resources_common.c \
	%D%/resources_common.h \
	%D%/resources_format.c \
	%D%/resources_parse.c \
	%D%/resources_part.c \
	%D%/resources_part.h \
	%D%/rlimits.c \
	%D%/rlimits.h \
	%D%/roles.c \
	%D%/roles.h \
	%D%/string_set.c \
	%D%/string_set.h \
	%D%/task_state.c \
	%D%/task_state.h
