# One actor under test in each program, fakes for its peers.

check_PROGRAMS += %D%/test_actor
%C%_test_actor_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_actor_LDADD = $(LIBTEST) $(LIBACTOR)

talker = tests/lib/talker.c tests/lib/talker.h

check_PROGRAMS += %D%/test_link
%C%_test_link_SOURCES = %D%/test_link.c $(talker)
%C%_test_link_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_bounds
%C%_test_link_bounds_SOURCES = %D%/test_link_bounds.c $(talker)
%C%_test_link_bounds_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_bounds_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_dead
%C%_test_link_dead_SOURCES = %D%/test_link_dead.c $(talker)
%C%_test_link_dead_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_dead_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_ipv6
%C%_test_link_ipv6_SOURCES = %D%/test_link_ipv6.c $(talker)
%C%_test_link_ipv6_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_ipv6_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_scramble
%C%_test_scramble_SOURCES = %D%/test_scramble.c $(talker)
%C%_test_scramble_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_scramble_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_random
%C%_test_link_random_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_random_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_strangers
%C%_test_link_strangers_SOURCES = %D%/test_link_strangers.c $(talker)
%C%_test_link_strangers_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_strangers_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_tcp
%C%_test_link_tcp_SOURCES = %D%/test_link_tcp.c $(talker)
%C%_test_link_tcp_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_tcp_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)
check_PROGRAMS += %D%/test_inspect
%C%_test_inspect_SOURCES = %D%/test_inspect.c tests/lib/wait.h
%C%_test_inspect_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_inspect_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_link_pressure
%C%_test_link_pressure_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_link_pressure_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_driver
%C%_test_driver_SOURCES = %D%/test_driver.c tests/lib/fake_master.c \
	tests/lib/fake_master.h tests/lib/wait.h
%C%_test_driver_LDADD = $(LIBTEST) $(LIBSCHEDULERDRIVER) $(LIBMODEL)

check_PROGRAMS += %D%/test_driver_inverse
%C%_test_driver_inverse_SOURCES = %D%/test_driver_inverse.c \
	tests/lib/fake_master.c tests/lib/fake_master.h tests/lib/wait.h
%C%_test_driver_inverse_LDADD = $(LIBTEST) $(LIBSCHEDULERDRIVER) $(LIBMODEL)
check_PROGRAMS += %D%/test_driver_life
%C%_test_driver_life_SOURCES = %D%/test_driver_life.c \
	tests/lib/fake_master.c tests/lib/fake_master.h tests/lib/wait.h
%C%_test_driver_life_LDADD = $(LIBTEST) $(LIBSCHEDULERDRIVER) $(LIBMODEL)

check_PROGRAMS += %D%/test_driver_log
%C%_test_driver_log_SOURCES = %D%/test_driver_log.c \
	tests/lib/fake_master.c tests/lib/fake_master.h tests/lib/wait.h
%C%_test_driver_log_LDADD = $(LIBTEST) $(LIBSCHEDULERDRIVER) $(LIBMODEL)

check_PROGRAMS += %D%/test_executor_driver
%C%_test_executor_driver_LDADD = $(LIBTEST) $(LIBEXECUTOR) \
	$(LIBSCHEDULERDRIVER) $(LIBMODEL)

check_PROGRAMS += %D%/test_child
%C%_test_child_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_churn
%C%_test_churn_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_exit
%C%_test_exit_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_exit_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_fairness
%C%_test_fairness_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_fairness_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_op
%C%_test_op_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_pressure
%C%_test_pressure_SOURCES = %D%/test_pressure.c tests/lib/wait.h
%C%_test_pressure_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_pressure_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_timer
%C%_test_timer_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_timer_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_work
%C%_test_work_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_access
%C%_test_http_access_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_access_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_coding
%C%_test_http_coding_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_coding_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_limits
%C%_test_http_limits_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_limits_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_threads
%C%_test_http_threads_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_threads_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_files
%C%_test_http_files_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_files_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_streams
%C%_test_http_streams_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_streams_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_routes
%C%_test_http_routes_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_routes_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http
%C%_test_http_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_LDADD = $(LIBTEST) $(LIBACTOR)

master_stage = tests/lib/master_stage.c tests/lib/master_stage.h \
	tests/lib/puppet.c tests/lib/puppet.h
master_place = $(master_stage) tests/lib/master_place.c tests/lib/master_place.h
policy_stage = $(master_place) tests/lib/policy_stage.c tests/lib/policy_stage.h \
	tests/lib/policy_calls.c tests/lib/policy_calls.h

check_PROGRAMS += %D%/test_master_agents
%C%_test_master_agents_SOURCES = %D%/test_master_agents.c $(master_stage)
%C%_test_master_agents_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_frameworks
%C%_test_master_frameworks_SOURCES = %D%/test_master_frameworks.c $(master_stage)
%C%_test_master_frameworks_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_domains
%C%_test_master_domains_SOURCES = \
	%D%/test_master_domains.c $(master_stage)
%C%_test_master_domains_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_framework_metrics
%C%_test_master_framework_metrics_SOURCES = \
	%D%/test_master_framework_metrics.c $(master_stage)
%C%_test_master_framework_metrics_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_rate_limits
%C%_test_master_rate_limits_SOURCES = \
	%D%/test_master_rate_limits.c $(master_stage)
%C%_test_master_rate_limits_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_subscription
%C%_test_master_subscription_SOURCES = \
	%D%/test_master_subscription.c $(master_stage)
%C%_test_master_subscription_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_invalid_tasks
%C%_test_master_invalid_tasks_SOURCES = \
	%D%/test_master_invalid_tasks.c $(master_stage)
%C%_test_master_invalid_tasks_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_operations
%C%_test_master_operations_SOURCES = \
	%D%/test_master_operations.c $(master_stage)
%C%_test_master_operations_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_tasks
%C%_test_master_tasks_SOURCES = %D%/test_master_tasks.c $(master_stage)
%C%_test_master_tasks_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_volumes
%C%_test_volumes_SOURCES = %D%/test_volumes.c $(master_stage)
%C%_test_volumes_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBAGENT) $(LIBMODEL)

agent_stage = tests/lib/agent_stage.c tests/lib/agent_stage.h \
	tests/lib/puppet.c tests/lib/puppet.h

check_PROGRAMS += %D%/test_agent_draining
%C%_test_agent_draining_SOURCES = %D%/test_agent_draining.c $(agent_stage)
%C%_test_agent_draining_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)

check_PROGRAMS += %D%/test_agent_history
%C%_test_agent_history_SOURCES = %D%/test_agent_history.c $(agent_stage)
%C%_test_agent_history_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)

check_PROGRAMS += %D%/test_agent_operations
%C%_test_agent_operations_SOURCES = %D%/test_agent_operations.c \
	tests/lib/puppet.c tests/lib/puppet.h
%C%_test_agent_operations_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)

check_PROGRAMS += %D%/test_agent_detection
%C%_test_agent_detection_SOURCES = %D%/test_agent_detection.c \
	tests/lib/puppet.c tests/lib/puppet.h
%C%_test_agent_detection_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)

check_PROGRAMS += %D%/test_agent
%C%_test_agent_SOURCES = %D%/test_agent.c tests/lib/puppet.c \
	tests/lib/puppet.h tests/lib/recorder.c \
	tests/lib/recorder.h
%C%_test_agent_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
check_PROGRAMS += %D%/test_agent_groups
%C%_test_agent_groups_SOURCES = %D%/test_agent_groups.c \
	tests/lib/recorder.c tests/lib/recorder.h
%C%_test_agent_groups_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
check_PROGRAMS += %D%/test_allocator
%C%_test_allocator_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_allocator_books
%C%_test_allocator_books_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_allocator_roles
%C%_test_allocator_roles_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_stress
%C%_test_stress_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_stress_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_system
%C%_test_system_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_system_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_checker
%C%_test_checker_LDADD = $(LIBTEST) $(LIBEXECUTOR) model/libmodel.la $(LIBPROTO) $(LIBACTOR)

command_stage = tests/lib/command_stage.c tests/lib/command_stage.h \
	tests/lib/recorder.c tests/lib/recorder.h

check_PROGRAMS += %D%/test_command_checks
%C%_test_command_checks_SOURCES = %D%/test_command_checks.c $(command_stage)
%C%_test_command_checks_LDADD = $(LIBTEST) $(LIBEXECUTOR) model/libmodel.la $(LIBPROTO) \
	$(LIBACTOR)

check_PROGRAMS += %D%/test_command_executor
%C%_test_command_executor_SOURCES = %D%/test_command_executor.c \
	$(command_stage)
%C%_test_command_executor_LDADD = $(LIBTEST) $(LIBEXECUTOR) model/libmodel.la $(LIBPROTO) \
	$(LIBACTOR)

check_PROGRAMS += %D%/test_default_executor
%C%_test_default_executor_SOURCES = %D%/test_default_executor.c \
	tests/lib/recorder.c tests/lib/recorder.h
%C%_test_default_executor_LDADD = $(LIBTEST) $(LIBEXECUTOR) $(LIBMODEL) \
	$(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_status_update_manager
%C%_test_status_update_manager_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
check_PROGRAMS += %D%/test_net
%C%_test_net_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_net_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_master_random
%C%_test_master_random_SOURCES = %D%/test_master_random.c \
	tests/lib/puppet.c tests/lib/puppet.h
%C%_test_master_random_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_metrics_endpoint
%C%_test_metrics_endpoint_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_metrics_endpoint_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_files
%C%_test_files_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_files_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_memory_profiler
%C%_test_memory_profiler_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_help
%C%_test_help_LDADD = $(LIBTEST) $(LIBACTOR)
check_PROGRAMS += %D%/test_recorder
%C%_test_recorder_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_recorder_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_dump
%C%_test_dump_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_dump_LDADD = $(LIBTEST) $(LIBACTOR)
client_stage = tests/lib/client_stage.c tests/lib/client_stage.h

check_PROGRAMS += %D%/test_http_client
%C%_test_http_client_SOURCES = %D%/test_http_client.c $(client_stage)
%C%_test_http_client_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_client_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_client_pool
%C%_test_http_client_pool_SOURCES = %D%/test_http_client_pool.c $(client_stage)
%C%_test_http_client_pool_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_client_stream
%C%_test_http_client_stream_SOURCES = %D%/test_http_client_stream.c \
	$(client_stage)
%C%_test_http_client_stream_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_client_stream_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_client_net
%C%_test_http_client_net_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_client_net_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_client_sim
%C%_test_http_client_sim_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_client_sim_LDADD = $(LIBTEST) $(LIBSIM) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_memory
%C%_test_http_memory_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_replog
%C%_test_replog_LDADD = $(LIBREPLOG) $(LIBTEST) $(LIBPROTO) $(LIBACTOR)
check_PROGRAMS += %D%/test_registrar
%C%_test_registrar_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_registry
%C%_test_master_registry_SOURCES = %D%/test_master_registry.c $(master_place)
%C%_test_master_registry_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_master_registry_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_election
%C%_test_election_LDADD = $(LIBTEST) $(LIBELECTION) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_quota
%C%_test_master_quota_SOURCES = %D%/test_master_quota.c $(policy_stage)
%C%_test_master_quota_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_master_quota_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_policy_calls
%C%_test_policy_calls_SOURCES = %D%/test_policy_calls.c tests/lib/puppet.c \
	tests/lib/puppet.h
%C%_test_policy_calls_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_allocation
%C%_test_master_allocation_SOURCES = %D%/test_master_allocation.c \
	$(policy_stage)
%C%_test_master_allocation_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_master_allocation_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_operator_calls
%C%_test_operator_calls_SOURCES = %D%/test_operator_calls.c $(master_place)
%C%_test_operator_calls_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_operator_calls_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_maintenance
%C%_test_master_maintenance_SOURCES = %D%/test_master_maintenance.c \
	$(policy_stage)
%C%_test_master_maintenance_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_master_maintenance_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_leadership
%C%_test_leadership_SOURCES = %D%/test_leadership.c tests/lib/puppet.c \
	tests/lib/puppet.h
%C%_test_leadership_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_checkpointer
%C%_test_checkpointer_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
check_PROGRAMS += %D%/test_checkpoint_crash
%C%_test_checkpoint_crash_LDADD = \
	$(LIBTEST) $(LIBSIM) $(LIBAGENT) $(LIBMODEL)
check_PROGRAMS += %D%/test_fetcher
%C%_test_fetcher_LDADD = $(LIBAGENT) $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_follow
%C%_test_follow_LDADD = cli/libexecute.la $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_state
%C%_test_master_state_SOURCES = %D%/test_master_state.c $(master_place)
%C%_test_master_state_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_master_state_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_bugs
%C%_test_master_bugs_SOURCES = %D%/test_master_bugs.c $(master_stage)
%C%_test_master_bugs_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
