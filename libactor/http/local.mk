libactor_libactor_la_SOURCES += \
	libactor/include/actor/http.h \
	libactor/include/actor/version.h \
	%D%/answer.c \
	%D%/body.c \
	%D%/body.h \
	%D%/builtin/builtin.c \
	%D%/builtin/builtin.h \
	%D%/builtin/help.c \
	%D%/builtin/logging_endpoint.c \
	%D%/builtin/metrics_endpoint.c \
	%D%/builtin/processes_endpoint.c \
	%D%/builtin/system_endpoint.c \
	%D%/builtin/version_endpoint.c \
	%D%/connection.c \
	%D%/head.c \
	%D%/head.h \
	%D%/internal.h \
	%D%/output.c \
	%D%/output.h \
	%D%/request.c \
	%D%/routes.c \
	%D%/scan.c \
	%D%/server.h \
	%D%/stream.c \
	%D%/stream.h
