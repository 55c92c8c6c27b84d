# One module under test in each program.  A program is two lines:
#
#   check_PROGRAMS += %D%/test_offer
#   %C%_test_offer_LDADD = master/libmaster.la $(LIBTEST) $(LIBMODEL)
#
# and a third for what includes the insides of libactor:
#
#   %C%_test_mailbox_CPPFLAGS = $(LIBACTOR_CPPFLAGS)

check_PROGRAMS += %D%/test_testlib
%C%_test_testlib_LDADD = $(LIBTEST)

check_PROGRAMS += %D%/test_message
%C%_test_message_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_message_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_message_json
%C%_test_message_json_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_message_protobuf
%C%_test_message_protobuf_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_message_msgpack
%C%_test_message_msgpack_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_message_wires
%C%_test_message_wires_LDADD = $(LIBTEST) $(LIBPROTO) $(LIBACTOR)
check_PROGRAMS += \
	%D%/test_address \
	%D%/test_addresses \
	%D%/test_alloc \
	%D%/test_directory \
	%D%/test_double \
	%D%/test_duration \
	%D%/test_error \
	%D%/test_flags \
	%D%/test_json \
	%D%/test_log \
	%D%/test_metrics \
	%D%/test_strbuf \
	%D%/test_table \
	%D%/test_upid \
	%D%/test_uuid \
	%D%/test_vec
%C%_test_address_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_addresses_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_alloc_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_directory_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_double_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_duration_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_error_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_flags_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_json_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_log_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_metrics_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_strbuf_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_table_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_upid_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_uuid_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_vec_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_log_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_metrics_CPPFLAGS = $(LIBACTOR_CPPFLAGS)

check_PROGRAMS += %D%/test_ids
%C%_test_ids_LDADD = $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_checks
%C%_test_checks_LDADD = $(LIBTEST) $(LIBEXECUTOR) model/libmodel.la $(LIBPROTO) $(LIBACTOR)

check_PROGRAMS += %D%/test_resources
%C%_test_resources_LDADD = $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_task_state
%C%_test_task_state_LDADD = $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_http_conditions
%C%_test_http_conditions_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_conditions_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_pattern
%C%_test_http_pattern_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_pattern_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_parser
%C%_test_http_parser_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_parser_LDADD = $(LIBTEST) $(LIBACTOR)
check_PROGRAMS += \
	%D%/test_agent_parts \
	%D%/test_attributes \
	%D%/test_checkpoint \
	%D%/test_resources_detect \
	%D%/test_status_stream
%C%_test_agent_parts_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
%C%_test_attributes_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
%C%_test_checkpoint_LDADD = $(LIBTEST) $(LIBSIM) $(LIBAGENT) $(LIBMODEL)
%C%_test_resources_detect_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)
%C%_test_status_stream_LDADD = $(LIBTEST) $(LIBAGENT) $(LIBMODEL)

check_PROGRAMS += %D%/test_reservations
%C%_test_reservations_LDADD = $(LIBTEST) $(LIBMODEL)
check_PROGRAMS += %D%/test_operation %D%/test_resource_conversion
%C%_test_operation_LDADD = $(LIBTEST) $(LIBMODEL)
%C%_test_resource_conversion_LDADD = $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_master_validation %D%/test_sorter
%C%_test_sorter_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_master_url
%C%_test_master_url_LDADD = $(LIBTEST) $(LIBELECTION) $(LIBMODEL)
check_PROGRAMS += %D%/test_resource_quantities
%C%_test_resource_quantities_LDADD = $(LIBTEST) $(LIBMODEL)
check_PROGRAMS += %D%/test_offer_constraints
%C%_test_offer_constraints_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
%C%_test_master_validation_LDADD = $(LIBTEST) $(LIBMASTER) $(LIBMODEL)
check_PROGRAMS += %D%/test_mailbox
%C%_test_mailbox_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_mailbox_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_process_tree
%C%_test_process_tree_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_process_tree_LDADD = $(LIBTEST) $(LIBACTOR)
check_PROGRAMS += %D%/test_prometheus %D%/test_utf8
%C%_test_prometheus_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_prometheus_LDADD = $(LIBTEST) $(LIBACTOR)
%C%_test_utf8_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_utf8_LDADD = $(LIBTEST) $(LIBACTOR)
check_PROGRAMS += %D%/test_symbol
%C%_test_symbol_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_symbol_LDADD = $(LIBTEST) $(LIBACTOR)
check_PROGRAMS += %D%/test_media_type
%C%_test_media_type_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_recordio
%C%_test_recordio_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_recordio_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_http_response
%C%_test_http_response_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_http_response_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += \
	%D%/test_sim_disk \
	%D%/test_sim_disk_crash \
	%D%/test_sim_net \
	%D%/test_sim_plan \
	%D%/test_sim_process
%C%_test_sim_disk_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_sim_disk_LDADD = $(LIBTEST) $(LIBSIM) $(LIBACTOR)
%C%_test_sim_disk_crash_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_sim_disk_crash_LDADD = $(LIBTEST) $(LIBSIM) $(LIBACTOR)
%C%_test_sim_net_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_sim_net_LDADD = $(LIBTEST) $(LIBSIM) $(LIBACTOR)
%C%_test_sim_plan_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_sim_plan_LDADD = $(LIBTEST) $(LIBSIM) $(LIBACTOR)
%C%_test_sim_process_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_test_sim_process_LDADD = $(LIBTEST) $(LIBSIM) $(LIBACTOR)

check_PROGRAMS += %D%/test_remove_tree
%C%_test_remove_tree_LDADD = $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_gc
%C%_test_gc_LDADD = $(LIBAGENT) $(LIBTEST) $(LIBMODEL)
check_PROGRAMS += %D%/test_registry
%C%_test_registry_LDADD = $(LIBMASTER) $(LIBTEST) $(LIBMODEL)
check_PROGRAMS += %D%/test_replog_segment
%C%_test_replog_segment_LDADD = $(LIBREPLOG) $(LIBTEST) $(LIBACTOR)

check_PROGRAMS += %D%/test_replog_store
%C%_test_replog_store_LDADD = $(LIBREPLOG) $(LIBTEST) $(LIBSIM) $(LIBACTOR)
EXTRA_DIST += tests/fixtures/replog-v1

check_PROGRAMS += %D%/test_rate_limiter
%C%_test_rate_limiter_LDADD = $(LIBMASTER) $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_fetcher_parts
%C%_test_fetcher_parts_LDADD = $(LIBAGENT) $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_logger
%C%_test_logger_LDADD = $(LIBAGENT) $(LIBTEST) $(LIBMODEL)

check_PROGRAMS += %D%/test_execute
%C%_test_execute_LDADD = cli/libexecute.la $(LIBTEST) $(LIBMODEL)
