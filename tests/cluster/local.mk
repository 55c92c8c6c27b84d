# Masters, agents and frameworks in one simulated world.
check_LTLIBRARIES += %D%/libcluster.la
%C%_libcluster_la_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_libcluster_la_SOURCES = \
	%D%/check.c \
	%D%/cluster.c \
	%D%/cluster.h \
	%D%/draining.c \
	%D%/executors.c \
	%D%/framework.c \
	%D%/group.c \
	%D%/leader.c \
	%D%/operator.c \
	%D%/private.h \
	tests/lib/policy_calls.c \
	tests/lib/policy_calls.h
LIBCLUSTER = %D%/libcluster.la $(LIBSIM) $(LIBMASTER) $(LIBAGENT) \
	$(LIBEXECUTOR) $(LIBSCHEDULERDRIVER) $(LIBMODEL)

check_PROGRAMS += %D%/test_cluster %D%/test_draining %D%/test_failover \
	%D%/test_recovery
%C%_test_failover_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_failover_LDADD = $(LIBTEST) $(LIBCLUSTER)
%C%_test_draining_LDADD = $(LIBTEST) $(LIBCLUSTER)
%C%_test_cluster_LDADD = $(LIBTEST) $(LIBCLUSTER)
%C%_test_recovery_LDADD = $(LIBTEST) $(LIBCLUSTER)

check_PROGRAMS += %D%/test_maintenance
%C%_test_maintenance_LDADD = $(LIBTEST) $(LIBCLUSTER)

check_PROGRAMS += %D%/test_leader
%C%_test_leader_LDADD = $(LIBTEST) $(LIBCLUSTER)
