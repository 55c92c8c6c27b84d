# Suites of the simulator; scripts/sim builds and runs 'sim'.
check_LTLIBRARIES += %D%/libsuites.la
%C%_libsuites_la_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_libsuites_la_SOURCES = \
	%D%/runner.c \
	%D%/runner.h \
	%D%/shrink.c \
	%D%/suite.c \
	%D%/suite.h \
	%D%/suite_cluster.c \
	%D%/suite_disk.c \
	%D%/suite_link.c \
	%D%/suite_log.c
LIBSUITES = %D%/libsuites.la $(LIBREPLOG) $(LIBCLUSTER) $(CHECK_LIBS)

EXTRA_PROGRAMS += %D%/sim
%C%_sim_SOURCES = %D%/sim.c
%C%_sim_LDADD = $(LIBSUITES)

check_PROGRAMS += %D%/test_sim
%C%_test_sim_LDADD = $(LIBTEST) $(LIBSUITES)
