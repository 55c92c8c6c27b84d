# The runtime as one convenience library; each layer adds its sources to it.
noinst_LTLIBRARIES += %D%/libactor.la
%C%_libactor_la_CPPFLAGS = $(LIBACTOR_CPPFLAGS)
%C%_libactor_la_SOURCES =
