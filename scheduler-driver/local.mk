noinst_LTLIBRARIES += %D%/libschedulerdriver.la
%C%_libschedulerdriver_la_SOURCES =
