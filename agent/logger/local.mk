# Where the outputs of containers go; and the program that rotates them, which
# runs twice for each container: static and small.
agent_libagent_la_SOURCES += \
	%D%/logger.c \
	%D%/logger.h

mesoslibexec_PROGRAMS += %D%/mesos-logrotate-logger
%C%_mesos_logrotate_logger_SOURCES = %D%/main.c
%C%_mesos_logrotate_logger_LDADD = $(LIBACTOR:-lyajl=-lyajl_s)
%C%_mesos_logrotate_logger_LDFLAGS = $(AM_LDFLAGS) $(STATIC_LDFLAGS)
