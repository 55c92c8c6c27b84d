# The simulator; a library of its own, since nobody but tests links it.
noinst_LTLIBRARIES += %D%/libsim.la
%C%_libsim_la_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_libsim_la_SOURCES = \
	libactor/include/actor/sim.h \
	libactor/include/actor/sim_fault.def \
	libactor/include/actor/sim_plan.h \
	%D%/children.c \
	%D%/disk.c \
	%D%/disk.h \
	%D%/disk_tree.c \
	%D%/fault.c \
	%D%/host.c \
	%D%/net.c \
	%D%/net.h \
	%D%/plan.c \
	%D%/private.h \
	%D%/process.c \
	%D%/tcp.c \
	%D%/work.c \
	%D%/world.c
