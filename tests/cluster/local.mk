# Masters, agents and frameworks in one process.
check_PROGRAMS += %D%/test_cluster
%C%_test_cluster_SOURCES = \
	%D%/cluster.c \
	%D%/cluster.h \
	%D%/executors.c \
	%D%/framework.c \
	%D%/private.h \
	%D%/test_cluster.c
%C%_test_cluster_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBAGENT) \
	$(LIBEXECUTOR) $(LIBSCHEDULERDRIVER) $(LIBMODEL)

check_PROGRAMS += %D%/test_cluster_random
%C%_test_cluster_random_SOURCES = \
	%D%/cluster.c \
	%D%/cluster.h \
	%D%/executors.c \
	%D%/framework.c \
	%D%/private.h \
	%D%/test_cluster_random.c
%C%_test_cluster_random_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBAGENT) \
	$(LIBEXECUTOR) $(LIBSCHEDULERDRIVER) $(LIBMODEL)
