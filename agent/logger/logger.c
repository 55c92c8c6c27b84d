/* SPDX-License-Identifier: Apache-2.0
 *
 * logger.c - where the standard output and error of containers go.
 *
 * Thread: as said in the header. */
#include <config.h>

#include "agent/logger/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "proto/cmesos/modules.pb-c.h"

#define MODULE "org_apache_mesos_LogrotateContainerLogger"
#define PROGRAM "mesos-logrotate-logger"
#define PREFIX_DEFAULT "CONTAINER_LOGGER_"
#define SIZE_DEFAULT (UINT64_C(10) << 20)

/* Mesos wants a page at least. */
#define SIZE_MIN UINT64_C(4096)

static const char *const stream_names[] = {
    [LOGGER_STDOUT] = "stdout", [LOGGER_STDERR] = "stderr",
};

/* --- parameters --- */

static struct error *
set_size(const char *name, const char *value, uint64_t *ret)
{
    uint64_t size;
    struct error *error = bytes_parse(value, &size);

    if (!error && size < SIZE_MIN) {
        error = error_create(ERROR_INVALID, "expected at least 4KB");
    }
    if (!error) {
        *ret = size;
    }
    return error_wrap(error, "Failed to parse '%s' as %s", value, name);
}

static void
set_text(char **text, const char *value)
{
    free(*text);
    *text = xstrdup(value);
}

/* A parameter, by its name in lower case.  Ones that Mesos has and that mean
 * nothing here are passed over. */
static struct error *
set(struct logger_options *options, const char *name, const char *value)
{
    if (strcmp(name, "max_stdout_size") == 0) {
        return set_size(name, value, &options->max_size[LOGGER_STDOUT]);
    }
    if (strcmp(name, "max_stderr_size") == 0) {
        return set_size(name, value, &options->max_size[LOGGER_STDERR]);
    }
    if (strcmp(name, "logrotate_stdout_options") == 0) {
        set_text(&options->rotation[LOGGER_STDOUT], value);
    } else if (strcmp(name, "logrotate_stderr_options") == 0) {
        set_text(&options->rotation[LOGGER_STDERR], value);
    } else if (strcmp(name, "environment_variable_prefix") == 0) {
        set_text(&options->prefix, value);
    } else if (strcmp(name, "launcher_dir") == 0) {
        set_text(&options->launcher_dir, value);
    } else if (strcmp(name, "logrotate_path") == 0) {
        set_text(&options->logrotate_path, value);
    } else if (strcmp(name, "libprocess_num_worker_threads") != 0) {
        return error_create(ERROR_INVALID, "Failed to parse parameters: "
                            "unknown parameter '%s'", name);
    }
    return NULL;
}

static struct error *
read_modules(const char *text, struct logger_options *options)
{
    struct message *m = NULL;
    struct error *error = message_decode_json(&modules__modules__descriptor,
                                              text, strlen(text), &m);

    if (error) {
        return error_wrap(error, "Failed to load flag 'modules'");
    }
    const Modules__Modules *root = message_root(m);
    for (size_t i = 0; i < root->n_libraries; i++) {
        const Modules__Modules__Library *library = root->libraries[i];

        for (size_t k = 0; k < library->n_modules; k++) {
            const Modules__Modules__Library__Module *module =
                library->modules[k];

            if (!module->name || strcmp(module->name, MODULE) != 0) {
                continue;
            }
            for (size_t p = 0; p < module->n_parameters && !error; p++) {
                error = set(options, module->parameters[p]->key,
                            module->parameters[p]->value);
            }
        }
    }
    message_unref(m);
    return error;
}

struct error *
logger_options_read(const char *container_logger, const char *modules,
                    const char *launcher_dir, struct logger_options *ret)
{
    struct logger_options options = {
        .max_size = { SIZE_DEFAULT, SIZE_DEFAULT },
    };
    struct error *error;

    if (!container_logger || container_logger[0] == '\0') {
        *ret = options;
        return NULL;
    }
    if (strcmp(container_logger, MODULE) != 0) {
        return error_create(ERROR_UNSUPPORTED, "Failed to create container "
                            "logger: Module '%s' unknown", container_logger);
    }
    options.is_rotating = true;
    options.launcher_dir = xstrdup(launcher_dir);
    options.logrotate_path = xstrdup("logrotate");
    options.prefix = xstrdup(PREFIX_DEFAULT);
    error = modules ? read_modules(modules, &options) : NULL;
    if (error) {
        logger_options_fini(&options);
        return error_wrap(error, "Failed to create container logger");
    }
    *ret = options;
    return NULL;
}

void
logger_options_fini(struct logger_options *options)
{
    free(options->launcher_dir);
    free(options->logrotate_path);
    free(options->prefix);
    for (int i = 0; i < LOGGER_N_STREAMS; i++) {
        free(options->rotation[i]);
    }
}

static void
copy_options(const struct logger_options *from, struct logger_options *to)
{
    *to = *from;
    to->launcher_dir = xstrdup(from->launcher_dir);
    to->logrotate_path = xstrdup(from->logrotate_path);
    to->prefix = xstrdup(from->prefix);
    for (int i = 0; i < LOGGER_N_STREAMS; i++) {
        to->rotation[i] = from->rotation[i] ? xstrdup(from->rotation[i])
                                            : NULL;
    }
}

/* Variables of the task that begin with the prefix stand for parameters; where
 * the logger is, is not for the task to say. */
static struct error *
read_environment(struct logger_options *options, char *const *environment)
{
    size_t len = strlen(options->prefix);

    for (char *const *it = environment; it && *it; it++) {
        const char *equals = strchr(*it, '=');
        struct error *error;

        if (!equals || strncmp(*it, options->prefix, len) != 0
            || (size_t) (equals - *it) <= len) {
            continue;
        }
        autofree char *name = xstrndup(*it + len,
                                       (size_t) (equals - *it) - len);
        for (char *c = name; *c; c++) {
            *c = *c >= 'A' && *c <= 'Z' ? (char) (*c + 'a' - 'A') : *c;
        }
        if (strncmp(name, "max_", 4) != 0
            && (strncmp(name, "logrotate_std", 13) != 0)) {
            continue;
        }
        error = set(options, name, equals + 1);
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* --- starting --- */

static void
on_exit_of_logger(struct actor *self UNUSED, void *arg UNUSED, pid_t pid,
                  int status)
{
    if (status != 0) {
        log_warn(PROGRAM " with pid %d ended with status %d", (int) pid,
                 status);
    }
}

static struct error *
start_one(struct actor *self, const struct logger_options *options,
          enum logger_stream stream, const char *sandbox,
          const struct actor_child_options *child, int *ret_fd)
{
    struct actor_child_options logger = ACTOR_CHILD_OPTIONS_INIT;
    autofree char *path = xasprintf("%s/" PROGRAM, options->launcher_dir);
    autofree char *file = xasprintf("--log_filename=%s/%s", sandbox,
                                    stream_names[stream]);
    autofree char *size = xasprintf("--max_size=%lluB", (unsigned long long)
                                    options->max_size[stream]);
    autofree char *program = xasprintf("--logrotate_path=%s",
                                       options->logrotate_path);
    autofree char *rotation =
        options->rotation[stream]
            ? xasprintf("--logrotate_options=%s", options->rotation[stream])
            : NULL;
    char *const argv[] = {
        (char *) PROGRAM, file, size, program, rotation, NULL,
    };
    static char *const envp[] = {
        (char *) "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                 "/sbin:/bin",
        NULL,
    };
    struct actor_child *started;
    struct error *error;
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0) {
        return error_errno(errno, "Failed to create a pipe");
    }
    logger.path = path;
    logger.argv = argv;
    logger.envp = envp;
    logger.directory = sandbox;
    logger.stdio[0] = fds[0];
    logger.stdio[2] = child->stdio[2];
    logger.new_session = true;
    logger.set_ids = child->set_ids;
    logger.uid = child->uid;
    logger.gid = child->gid;
    logger.groups = child->groups;
    logger.n_groups = child->n_groups;
    error = actor_child_spawn(self, &logger, on_exit_of_logger, NULL,
                              &started);
    close(fds[0]);
    if (error) {
        close(fds[1]);
        return error_wrap(error, "Failed to create logger process");
    }
    *ret_fd = fds[1];
    return NULL;
}

struct error *
logger_start(struct actor *self, const struct logger_options *defaults,
             const char *sandbox, const struct actor_child_options *child,
             int streams[LOGGER_N_STREAMS])
{
    struct logger_options options;
    struct error *error;

    copy_options(defaults, &options);
    error = read_environment(&options, child->envp);
    for (int i = 0; i < LOGGER_N_STREAMS; i++) {
        streams[i] = -1;
    }
    for (int i = 0; i < LOGGER_N_STREAMS && !error; i++) {
        error = start_one(self, &options, (enum logger_stream) i, sandbox,
                          child, &streams[i]);
    }
    for (int i = 0; i < LOGGER_N_STREAMS && error; i++) {
        if (streams[i] >= 0) {
            close(streams[i]);
        }
        streams[i] = -1;
    }
    logger_options_fini(&options);
    return error;
}
