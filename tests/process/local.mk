# The installed programs as real processes.

test_scripts += %D%/test_agent.sh
test_scripts += %D%/test_fetcher.sh
test_scripts += %D%/test_logger.sh
test_scripts += %D%/test_ipv6.sh
test_scripts += %D%/test_agent.sh %D%/test_dump.sh
test_scripts += %D%/test_master.sh
test_scripts += %D%/test_recovery.sh
EXTRA_DIST += %D%/cluster.sh docs/examples/framework.c
test_scripts += %D%/test_example_framework.sh %D%/test_execute.sh \
	%D%/test_introspection.sh \
	%D%/test_local.sh %D%/test_manuals.sh %D%/test_thousand_tasks.sh

# A framework for test_thousand_tasks.sh.
noinst_PROGRAMS += %D%/thousand_tasks
%C%_thousand_tasks_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)
