/* SPDX-License-Identifier: Apache-2.0
 *
 * logger.h - where the standard output and error of containers go.
 *
 * Into the files stdout and stderr of the sandbox, directly; or, with
 * --container_logger=org_apache_mesos_LogrotateContainerLogger, by way of one
 * mesos-logrotate-logger each, which keeps the files small.  Its parameters are
 * read from --modules as Mesos reads them, without loading a library.
 *
 * Thread-safety: logger_start() in the turns of 'self'; the rest at start. */
#ifndef AGENT_LOGGER_LOGGER_H
#define AGENT_LOGGER_LOGGER_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

struct actor;
struct actor_child_options;
struct error;

enum logger_stream {
    LOGGER_STDOUT,
    LOGGER_STDERR,
    LOGGER_N_STREAMS
};

struct logger_options {
    bool is_rotating;           /* the rest counts only then */
    char *launcher_dir;         /* owned, as all strings */
    char *logrotate_path;
    char *prefix;               /* of variables of a task */
    uint64_t max_size[LOGGER_N_STREAMS];
    char *rotation[LOGGER_N_STREAMS];   /* for logrotate(8); NULL: none */
};

/* From the values of the flags (NULL: not given).  Errors name the flag. */
struct error *logger_options_read(const char *container_logger,
                                  const char *modules,
                                  const char *launcher_dir,
                                  struct logger_options *ret) MUST_CHECK;
void logger_options_fini(struct logger_options *);

/* Starts what a container in 'sandbox' needs, and puts the descriptors that it
 * is to write to into 'streams'; they are the caller's to close, once it has
 * started.  'child' is how it will be started: as whom, and with what in its
 * environment.  Only for options that rotate. */
struct error *logger_start(struct actor *self, const struct logger_options *,
                           const char *sandbox,
                           const struct actor_child_options *child,
                           int streams[LOGGER_N_STREAMS]) MUST_CHECK;

#endif /* AGENT_LOGGER_LOGGER_H */
