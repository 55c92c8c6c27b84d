noinst_LTLIBRARIES += %D%/libmodel.la
%C%_libmodel_la_SOURCES = \
	%D%/ids.h \
	%D%/resources.h \
	%D%/task_state.c \
	%D%/task_state.h
