noinst_LTLIBRARIES += %D%/libexecutor.la
%C%_libexecutor_la_SOURCES =
