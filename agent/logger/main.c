/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c - the program mesos-logrotate-logger: writes what comes by a pipe to
 * a file, and rotates that when it becomes too large.
 *
 * The agent starts one for each of the two outputs of a container.  It ends
 * when nobody holds the other end of the pipe any more, whatever becomes of
 * the agent.  The task is never to be stopped by its log: what the disk does
 * not take is dropped, and reading goes on.
 *
 * Thread: one. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/strbuf.h>

#define PROGRAM "mesos-logrotate-logger"
#define BUFFER_SIZE ((size_t) 64 << 10)

#define SIZE_MIN 4096

/* What waits in the pipe while logrotate(8) runs. */
#define PIPE_SIZE (1 << 20)

struct logger {
    char *log_filename;
    uint64_t max_size;
    char *logrotate_options;
    char *logrotate_path;
    bool help;
    int fd;                     /* -1: the file could not be opened */
    uint64_t size;              /* of the file */
    bool is_failing;            /* and has said so */
};

#define FLAG(NAME, TYPE, DEFAULT, HELP) \
    { .name = #NAME, .type = TYPE, .default_value = (DEFAULT), \
      .offset = offsetof(struct logger, NAME), .help = (HELP) }

static struct error *
validate_size(const struct flag *flag, const void *member)
{
    if (*(const uint64_t *) member < SIZE_MIN) {
        return error_create(ERROR_INVALID, "'%s' has to be at least 4KB",
                            flag->name);
    }
    return NULL;
}

static const struct flag flags[] = {
    { .name = "log_filename", .type = FLAG_PATH, .required = true,
      .offset = offsetof(struct logger, log_filename),
      .help = "The file to write." },
    { .name = "max_size", .type = FLAG_BYTES, .default_value = "10MB",
      .offset = offsetof(struct logger, max_size),
      .validate = validate_size,
      .help = "How large the file may become before it is rotated." },
    FLAG(logrotate_options, FLAG_STRING, NULL,
         "Lines for the configuration of logrotate(8), which rotates the\n"
         "file then.  Without them the old file is kept as <name>.1."),
    FLAG(logrotate_path, FLAG_STRING, "logrotate",
         "The program logrotate."),
    FLAG(help, FLAG_BOOL, "false", "Prints this help message."),
};

extern char **environ;

static void
complain(struct logger *logger, const char *what, const char *path)
{
    if (!logger->is_failing) {
        fprintf(stderr, PROGRAM ": failed to %s '%s': %s\n", what, path,
                strerror(errno));
    }
    logger->is_failing = true;
}

static void
open_log(struct logger *logger)
{
    struct stat info;

    logger->fd = open(logger->log_filename,
                      O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                      0644);
    logger->size = 0;
    if (logger->fd < 0) {
        complain(logger, "open", logger->log_filename);
    } else if (fstat(logger->fd, &info) == 0) {
        logger->size = (uint64_t) info.st_size;
    }
}

/* The file that logrotate(8) reads, in the form of Mesos. */
static bool
write_configuration(struct logger *logger, const char *path)
{
    FILE *file = fopen(path, "we");
    bool is_written;

    if (!file) {
        complain(logger, "write", path);
        return false;
    }
    fprintf(file, "\"%s\" {\n%s\nsize %llu\n}\n", logger->log_filename,
            logger->logrotate_options,
            (unsigned long long) logger->max_size);
    is_written = ferror(file) == 0;
    return fclose(file) == 0 && is_written;
}

static void
run_logrotate(struct logger *logger)
{
    autofree char *configuration = xasprintf("%s.logrotate.conf",
                                             logger->log_filename);
    autofree char *state = xasprintf("%s.logrotate.state",
                                     logger->log_filename);
    char *const argv[] = {
        (char *) "logrotate", (char *) "--state", state, configuration, NULL,
    };
    pid_t pid;
    int status;

    if (!write_configuration(logger, configuration)) {
        return;
    }
    errno = posix_spawnp(&pid, logger->logrotate_path, NULL, NULL, argv,
                         environ);
    if (errno != 0) {
        complain(logger, "run", logger->logrotate_path);
        return;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
}

static void
rotate(struct logger *logger)
{
    struct stat info;

    if (logger->fd >= 0) {
        close(logger->fd);
    }
    if (logger->logrotate_options) {
        run_logrotate(logger);
    }
    /* Also if that did nothing: the limit holds. */
    if (stat(logger->log_filename, &info) == 0 && info.st_size > 0) {
        autofree char *old = xasprintf("%s.1", logger->log_filename);

        if (!logger->logrotate_options
            || (uint64_t) info.st_size >= logger->max_size) {
            if (rename(logger->log_filename, old) < 0) {
                complain(logger, "rename", logger->log_filename);
            }
        }
    }
    open_log(logger);
}

static void
write_all(struct logger *logger, const char *data, size_t size)
{
    if (logger->size > 0 && logger->size + size > logger->max_size) {
        rotate(logger);
    } else if (logger->fd < 0) {
        open_log(logger);
    }
    while (size > 0 && logger->fd >= 0) {
        ssize_t n = write(logger->fd, data, size);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            complain(logger, "write", logger->log_filename);
            return;
        }
        logger->is_failing = false;
        logger->size += (uint64_t) n;
        data += n;
        size -= (size_t) n;
    }
}

static void
copy(struct logger *logger)
{
    static char buffer[BUFFER_SIZE];
    size_t at_once = logger->max_size < sizeof buffer
        ? (size_t) logger->max_size : sizeof buffer;

    fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
    open_log(logger);
    for (;;) {
        ssize_t n = read(STDIN_FILENO, buffer, at_once);

        if (n > 0) {
            write_all(logger, buffer, (size_t) n);
        } else if (n == 0 || errno != EINTR) {
            return;
        }
    }
}

int
main(int argc, char *argv[])
{
    struct logger logger = { .fd = -1 };
    struct error *error = flags_load(flags, ARRAY_SIZE(flags), &logger, argc,
                                     argv, NULL, NULL);
    int status = EXIT_SUCCESS;

    if (logger.help) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        flags_usage(&text, PROGRAM, NULL, flags, ARRAY_SIZE(flags));
        fputs(text.data, stdout);
    } else if (error) {
        fprintf(stderr, "%s\n", error_text(error));
        status = EXIT_FAILURE;
    } else {
        signal(SIGINT, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        signal(SIGTERM, SIG_IGN);
        copy(&logger);
    }
    error_destroy(error);
    flags_fini(flags, ARRAY_SIZE(flags), &logger);
    return status;
}
