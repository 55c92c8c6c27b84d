# Fuzz targets, one LLVMFuzzerTestOneInput in each, seeds in corpus/<name>/.
# 'make check' replays the corpus.  --enable-fuzz (CC=clang-14) makes fuzzers:
#
#   tests/fuzz/fuzz_json NEW-DIR SOURCE/tests/fuzz/corpus/json
if FUZZ
fuzz_main = %D%/fuzz.h
noinst_PROGRAMS += $(fuzz_programs)
else
fuzz_main = %D%/fuzz.h %D%/replay.c
check_PROGRAMS += $(fuzz_programs)
endif
fuzz_libs = $(LIBPROTO) $(LIBACTOR) $(FUZZ_LDFLAGS)
fuzz_round_trip = %D%/round_trip.c %D%/round_trip.h $(fuzz_main)
EXTRA_DIST += %D%/corpus

fuzz_programs += %D%/fuzz_msgpack
%C%_fuzz_msgpack_SOURCES = %D%/fuzz_msgpack.c $(fuzz_round_trip)
%C%_fuzz_msgpack_LDADD = $(fuzz_libs)

fuzz_programs += %D%/fuzz_duration %D%/fuzz_flags %D%/fuzz_upid
%C%_fuzz_duration_SOURCES = %D%/fuzz_duration.c $(fuzz_main)
%C%_fuzz_duration_LDADD = $(fuzz_libs)
%C%_fuzz_flags_SOURCES = %D%/fuzz_flags.c $(fuzz_main)
%C%_fuzz_flags_LDADD = $(fuzz_libs)
%C%_fuzz_upid_SOURCES = %D%/fuzz_upid.c $(fuzz_main)
%C%_fuzz_upid_LDADD = $(fuzz_libs)

fuzz_programs += %D%/fuzz_protobuf
%C%_fuzz_protobuf_SOURCES = %D%/fuzz_protobuf.c $(fuzz_round_trip)
%C%_fuzz_protobuf_LDADD = $(fuzz_libs)

fuzz_programs += %D%/fuzz_json
%C%_fuzz_json_SOURCES = %D%/fuzz_json.c $(fuzz_round_trip)
%C%_fuzz_json_LDADD = $(fuzz_libs)
fuzz_programs += %D%/fuzz_regex
%C%_fuzz_regex_SOURCES = %D%/fuzz_regex.c $(fuzz_main)
%C%_fuzz_regex_LDADD = $(LIBMASTER) $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_resources
%C%_fuzz_resources_SOURCES = %D%/fuzz_resources.c $(fuzz_main)
%C%_fuzz_resources_LDADD = $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_master_url
%C%_fuzz_master_url_SOURCES = %D%/fuzz_master_url.c $(fuzz_main)
%C%_fuzz_master_url_LDADD = $(LIBELECTION) $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_fetcher
%C%_fuzz_fetcher_SOURCES = %D%/fuzz_fetcher.c $(fuzz_main)
%C%_fuzz_fetcher_LDADD = $(LIBAGENT) $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_modules
%C%_fuzz_modules_SOURCES = %D%/fuzz_modules.c $(fuzz_main)
%C%_fuzz_modules_LDADD = $(LIBAGENT) $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_http_fields
%C%_fuzz_http_fields_SOURCES = %D%/fuzz_http_fields.c $(fuzz_main)
%C%_fuzz_http_fields_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_http_fields_LDADD = $(fuzz_libs)

fuzz_programs += %D%/fuzz_http %D%/fuzz_link_frame
%C%_fuzz_http_SOURCES = %D%/fuzz_http.c $(fuzz_main)
%C%_fuzz_http_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_http_LDADD = $(LIBTEST) $(fuzz_libs)
%C%_fuzz_link_frame_SOURCES = %D%/fuzz_link_frame.c $(fuzz_main)
%C%_fuzz_link_frame_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_link_frame_LDADD = $(LIBTEST) $(fuzz_libs)

fuzz_programs += %D%/fuzz_prometheus
%C%_fuzz_prometheus_SOURCES = %D%/fuzz_prometheus.c $(fuzz_main)
%C%_fuzz_prometheus_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_prometheus_LDADD = $(LIBTEST) $(fuzz_libs)
fuzz_programs += %D%/fuzz_recordio
%C%_fuzz_recordio_SOURCES = %D%/fuzz_recordio.c $(fuzz_main)
%C%_fuzz_recordio_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_recordio_LDADD = $(fuzz_libs)

fuzz_programs += %D%/fuzz_http_answer
%C%_fuzz_http_answer_SOURCES = %D%/fuzz_http_answer.c $(fuzz_main)
%C%_fuzz_http_answer_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_http_answer_LDADD = $(fuzz_libs)

fuzz_programs += %D%/fuzz_http_client
%C%_fuzz_http_client_SOURCES = %D%/fuzz_http_client.c $(fuzz_main)
%C%_fuzz_http_client_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_fuzz_http_client_LDADD = $(LIBTEST) $(fuzz_libs)

fuzz_programs += %D%/fuzz_sim_plan
%C%_fuzz_sim_plan_SOURCES = %D%/fuzz_sim_plan.c $(fuzz_main)
%C%_fuzz_sim_plan_LDADD = $(LIBSIM) $(fuzz_libs)

fuzz_programs += %D%/fuzz_rate_limits
%C%_fuzz_rate_limits_SOURCES = %D%/fuzz_rate_limits.c $(fuzz_main)
%C%_fuzz_rate_limits_LDADD = $(LIBMASTER) $(LIBMODEL) $(FUZZ_LDFLAGS)
fuzz_programs += %D%/fuzz_policy
%C%_fuzz_policy_SOURCES = %D%/fuzz_policy.c $(fuzz_main)
%C%_fuzz_policy_LDADD = $(LIBMASTER) $(LIBMODEL) $(FUZZ_LDFLAGS)
fuzz_programs += %D%/fuzz_operator
%C%_fuzz_operator_SOURCES = %D%/fuzz_operator.c $(fuzz_main)
%C%_fuzz_operator_LDADD = $(LIBMASTER) $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_registry
%C%_fuzz_registry_SOURCES = %D%/fuzz_registry.c $(fuzz_main)
%C%_fuzz_registry_LDADD = $(LIBMASTER) $(LIBMODEL) $(FUZZ_LDFLAGS)
fuzz_programs += %D%/fuzz_checkpoint
%C%_fuzz_checkpoint_SOURCES = %D%/fuzz_checkpoint.c $(fuzz_main)
%C%_fuzz_checkpoint_LDADD = $(LIBAGENT) $(LIBMODEL) $(FUZZ_LDFLAGS)

fuzz_programs += %D%/fuzz_replog_segment
%C%_fuzz_replog_segment_SOURCES = %D%/fuzz_replog_segment.c $(fuzz_main)
%C%_fuzz_replog_segment_LDADD = $(LIBREPLOG) $(fuzz_libs)
