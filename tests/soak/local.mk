# Frameworks and an executor for scripts/soak; real processes for an evening.
noinst_PROGRAMS += %D%/soak_framework %D%/soak_executor
%C%_soak_framework_SOURCES = \
	%D%/journal.c %D%/journal.h %D%/soak_framework.c
%C%_soak_framework_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)
%C%_soak_executor_LDADD = $(LIBEXECUTOR) $(LIBMODEL)
