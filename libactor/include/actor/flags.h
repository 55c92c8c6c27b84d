/* SPDX-License-Identifier: Apache-2.0
 *
 * flags.h - command line flags with the syntax of Mesos.
 *
 * A program declares its flags once, in a table that points into a struct of
 * its own:
 *
 *     struct agent_flags { char *work_dir; int64_t gc_delay; bool strict; };
 *
 *     static const struct flag flags[] = {
 *         { .name = "work_dir", .type = FLAG_STRING, .required = true,
 *           .offset = offsetof(struct agent_flags, work_dir),
 *           .help = "Path of the agent's work directory ..." },
 *         ...
 *     };
 *
 * Values come from '--name=value', '--name' and '--no-name' for booleans, and
 * from the environment as <PREFIX><NAME> ("MESOS_WORK_DIR"); the command line
 * wins.  Names are matched without regard to case, '-' is not '_'.  A value
 * 'file://PATH' stands for the content of that file.  Parsing stops at '--';
 * words that are not flags are moved to the end, so that flags may follow
 * them, as in Mesos.  Unknown names on the command line are refused (in the
 * environment they are ignored), so are a flag given twice, a missing value
 * and a required flag that is absent; texts follow stout's flags.hpp: "Failed
 * to load unknown flag 'x'", "Flag 'master' is required, but it was not
 * provided", "Failed to load flag 'x': <why>".  The first error is reported
 * after everything that can be loaded has been, so that a program may answer
 * '--help' all the same.  An alias is the flag's old name: using it is
 * logged.
 *
 * Thread-safety: one thread, at start. */
#ifndef ACTOR_FLAGS_H
#define ACTOR_FLAGS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct json_writer;
struct strbuf;

enum flag_type {
    FLAG_STRING,                /* char *, owned; NULL when unset */
    FLAG_BOOL,                  /* bool; "true" "1" "false" "0" */
    FLAG_INT,                   /* int64_t */
    FLAG_UINT,                  /* uint64_t */
    FLAG_DOUBLE,                /* double */
    FLAG_DURATION,              /* int64_t nanoseconds */
    FLAG_BYTES,                 /* uint64_t */
    FLAG_PATH,                  /* as FLAG_STRING, but 'file://PATH' is PATH */
};

struct flag {
    const char *name;           /* "work_dir" */
    const char *alias;          /* its deprecated name, or NULL */
    enum flag_type type;
    size_t offset;              /* of the member, in the caller's struct */
    const char *default_value;  /* text; NULL: unset (0, false) */
    bool required;
    const char *help;           /* may have several lines */

    /* May refuse a value that parsed; 'member' is the member.  Or NULL. */
    struct error *(*validate)(const struct flag *, const void *member);
};

/* Fills the struct at 'values' (zeroed by the caller).  'argc' and 'argv' as
 * in main(), 'argv' is put in order; 'env_prefix' such as "MESOS_", or NULL.
 * '*ret_rest' becomes the index of the first word that was not taken, 'argc'
 * if there is none; with a NULL 'ret_rest' such words are logged and passed
 * over.  On an error '*ret_rest' is set too, and 'values' still has to be
 * given to flags_fini(). */
struct error *flags_load(const struct flag *, size_t n_flags, void *values,
                         int argc, char *argv[], const char *env_prefix,
                         int *ret_rest) MUST_CHECK;

void flags_fini(const struct flag *, size_t n_flags, void *values);

/* 'message' (unless NULL) and an empty line, then "Usage: <program> [options]"
 * and one paragraph a flag, sorted by name: its names on the left, help and
 * default on the right, as Mesos' --help.  Of 'program' the last part of the
 * path counts. */
void flags_usage(struct strbuf *, const char *program, const char *message,
                 const struct flag *, size_t n_flags);

/* Calls 'fn' for each flag that has a value, sorted by name; both strings are
 * loans for that call.  Without a default, 0 and false are no value. */
void flags_each(const struct flag *, size_t n_flags, const void *values,
                void (*fn)(void *aux, const char *name, const char *value),
                void *aux);

/* A JSON object of these, each as a string: what /flags and /state show. */
void flags_write_json(struct json_writer *, const struct flag *,
                      size_t n_flags, const void *values);

/* '--a="b" --c="d" ...' sorted by name, for the line that daemons log at
 * start. */
void flags_format(struct strbuf *, const struct flag *, size_t n_flags,
                  const void *values);

#endif /* ACTOR_FLAGS_H */
