# The installed programs as real processes.

test_scripts += %D%/test_agent.sh
test_scripts += %D%/test_fetcher.sh
test_scripts += %D%/test_launcher.sh
test_scripts += %D%/test_logger.sh
test_scripts += %D%/test_ipv6.sh
test_scripts += %D%/test_dump.sh
test_scripts += %D%/test_checks.sh
test_scripts += %D%/test_master.sh
test_scripts += %D%/test_operator.sh
test_scripts += %D%/test_operator_tasks.sh
test_scripts += %D%/test_recovery.sh
EXTRA_DIST += %D%/cluster.sh docs/examples/framework.c
test_scripts += %D%/test_example_framework.sh %D%/test_execute.sh \
	%D%/test_introspection.sh \
	%D%/test_local.sh %D%/test_manuals.sh %D%/test_thousand_tasks.sh
test_scripts += %D%/test_task_group.sh %D%/test_workers.sh
test_scripts += %D%/test_follow.sh
test_scripts += %D%/test_policy.sh
test_scripts += %D%/test_volume.sh
test_scripts += %D%/test_examples.sh

# A framework for test_thousand_tasks.sh.
noinst_PROGRAMS += %D%/thousand_tasks
%C%_thousand_tasks_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)

# A framework for test_workers.sh, and its executor, which knows nothing but
# the public headers.
noinst_PROGRAMS += %D%/workers %D%/workers_executor
%C%_workers_executor_LDADD = scheduler-driver/libmesos.la \
	$(PROTOBUF_C_LIBS) -lpthread
%C%_workers_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)

# Tasks of test_task_group.sh.
noinst_PROGRAMS += %D%/talk_once

# A framework for test_volume.sh.
noinst_PROGRAMS += %D%/volume
%C%_volume_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)
