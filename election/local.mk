# Who leads: contenders and detectors.
noinst_LTLIBRARIES += %D%/libelection.la
%C%_libelection_la_SOURCES = \
	%D%/address_detector.c \
	%D%/address_detector.h \
	%D%/election.c \
	%D%/election.h \
	%D%/master_url.c \
	%D%/master_url.h \
	%D%/private.h \
	%D%/standalone.c \
	%D%/standalone.h \
	%D%/watchers.c
