noinst_LTLIBRARIES += %D%/libmodel.la
%C%_libmodel_la_SOURCES =
