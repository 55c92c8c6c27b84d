noinst_LTLIBRARIES += %D%/libmaster.la
%C%_libmaster_la_SOURCES =
