# Benchmarks; scripts/bench builds and runs them.  A program prints one JSON
# object a line and is added with:
#
#   bench_programs += %D%/bench_send
#   %C%_bench_send_LDADD = $(LIBACTOR)

bench_programs += %D%/bench_metrics
%C%_bench_metrics_LDADD = $(LIBACTOR)

bench_programs += %D%/bench_codec
%C%_bench_codec_LDADD = $(LIBPROTO) $(LIBACTOR)

bench_programs += %D%/bench_link
%C%_bench_link_LDADD = $(LIBPROTO) $(LIBACTOR) $(JEMALLOC_LIBS)
bench_programs += %D%/bench_actor_throughput
%C%_bench_actor_throughput_LDADD = $(LIBACTOR)

bench_programs += %D%/bench_child
%C%_bench_child_LDADD = $(LIBACTOR)

bench_programs += %D%/bench_cluster
%C%_bench_cluster_SOURCES = \
	%D%/bench_cluster.c %D%/daemons.c %D%/daemons.h
%C%_bench_cluster_LDADD = $(LIBSCHEDULERDRIVER) $(LIBMODEL)

bench_programs += %D%/bench_http_idle
%C%_bench_http_idle_LDADD = $(LIBACTOR) $(JEMALLOC_LIBS)

bench_programs += %D%/bench_http
%C%_bench_http_SOURCES = %D%/bench_http.c %D%/http_load.c %D%/http_load.h
%C%_bench_http_LDADD = $(LIBACTOR) $(JEMALLOC_LIBS)

bench_programs += %D%/bench_allocator
%C%_bench_allocator_LDADD = $(LIBMASTER) $(LIBMODEL) $(JEMALLOC_LIBS)

bench_programs += %D%/bench_sim
%C%_bench_sim_LDADD = $(LIBSUITES)

bench_programs += %D%/bench_registrar
%C%_bench_registrar_LDADD = $(LIBMASTER) $(LIBMODEL)
bench_programs += %D%/bench_master
%C%_bench_master_SOURCES = \
	%D%/bench_master.c %D%/daemons.c %D%/daemons.h \
	%D%/load_agents.c %D%/load_agents.h
%C%_bench_master_LDADD = $(LIBMODEL) $(JEMALLOC_LIBS)

bench_programs += %D%/bench_replog
%C%_bench_replog_LDADD = $(LIBREPLOG) $(LIBACTOR)
