/* SPDX-License-Identifier: Apache-2.0
 *
 * log_environment.c - flags of a log, and what they make of it.
 *
 * Thread: the caller's. */
#include <config.h>

#include <actor/log_environment.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>

#define LOGBUFSECS_MAX 3600

/* Of names of files, which get host, user and time besides. */
#define NAME_SIZE_MAX 64
static const char name_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

struct log_flags {
    bool initialize_driver_logging;
    char *log_dir;
    uint64_t logbufsecs;
    char *logging_level;
    bool quiet;
};

static struct error *
validate_level(const struct flag *flag, const void *member)
{
    enum log_severity severity;

    (void) flag;
    if (!log_severity_parse(*(char *const *) member, &severity)) {
        return error_create(ERROR_INVALID, "Expected one of INFO, WARNING, "
                            "ERROR");
    }
    return NULL;
}

static struct error *
validate_seconds(const struct flag *flag, const void *member)
{
    (void) flag;
    if (*(const uint64_t *) member > LOGBUFSECS_MAX) {
        return error_create(ERROR_INVALID, "Expected at most %d",
                            LOGBUFSECS_MAX);
    }
    return NULL;
}

#define FLAG(NAME, TYPE, DEFAULT, VALIDATE) \
    { .name = #NAME, .type = (TYPE), .default_value = (DEFAULT), \
      .offset = offsetof(struct log_flags, NAME), .validate = (VALIDATE), \
      .help = "" }

static const struct flag flags[] = {
    FLAG(initialize_driver_logging, FLAG_BOOL, "true", NULL),
    FLAG(log_dir, FLAG_STRING, NULL, NULL),
    FLAG(logbufsecs, FLAG_UINT, "0", validate_seconds),
    FLAG(logging_level, FLAG_STRING, "INFO", validate_level),
    FLAG(quiet, FLAG_BOOL, "false", NULL),
};

/* A program's name may have slashes, and be long; a file's may not. */
static char *
file_name(const char *program)
{
    char *name = xstrndup(program[0] != '\0' ? program : "framework",
                          NAME_SIZE_MAX);

    for (char *p = name; *p != '\0'; p++) {
        if (!strchr(name_letters, *p) && (*p != '.' || p == name)) {
            *p = '_';
        }
    }
    return name;
}

static struct error *
start(const struct log_flags *values, const char *program)
{
    autofree char *name = file_name(program);
    struct log_options options = {
        .program = name,
        .log_dir = values->log_dir,
        .quiet = values->quiet,
        .flush_seconds = (int) values->logbufsecs,
    };

    log_severity_parse(values->logging_level, &options.level);
    return log_init_once(&options);
}

struct error *
log_init_from_environment(const char *program, const char *prefix)
{
    char *argv[] = { (char *) "library", NULL };
    struct log_flags values = { .quiet = false };
    struct error *error = flags_load(flags, ARRAY_SIZE(flags), &values, 1,
                                     argv, prefix, NULL);

    if (!error && values.initialize_driver_logging) {
        error = start(&values, program);
    }
    flags_fini(flags, ARRAY_SIZE(flags), &values);
    return error;
}
