noinst_LTLIBRARIES += %D%/libagent.la
%C%_libagent_la_SOURCES =
