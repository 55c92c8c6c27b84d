/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_flags.h - the command line of mesos-execute.
 *
 * Thread-safety: one thread, at start. */
#ifndef CLI_EXECUTE_FLAGS_H
#define CLI_EXECUTE_FLAGS_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct strbuf;

struct execute_flags {
    bool help;
    char *master;               /* owned, as are all strings */
    char *task;
    char *task_group;
    char *name;
    bool shell;
    char *command;
    char *env;
    char *volumes;
    char *rlimits;
    char *resources;
    char *role;
    char *principal;
    char *secret;
    bool checkpoint;
    char *framework_capabilities;
    int64_t kill_after;         /* ns; 0: never */
    bool partition_aware;
    bool follow;                /* ours, not Mesos' */
    char *content_type;

    char *containerizer;
    char *appc_image;
    char *docker_image;
    char *networks;
    char *effective_capabilities;
    char *bounding_capabilities;
    bool tty;
    char *package;
    char *hadoop;
    char *hdfs;
    bool overwrite;
};

/* What is wrong with the command line as a whole is an error, too.  '*flags'
 * (zeroed by the caller) is to be given to execute_flags_fini() in any
 * case. */
struct error *execute_flags_load(struct execute_flags *, int argc,
                                 char *argv[]) MUST_CHECK;
void execute_flags_fini(struct execute_flags *);

/* The text of --help, under 'message' (or NULL). */
void execute_flags_usage(struct strbuf *, const char *program,
                         const char *message);

#endif /* CLI_EXECUTE_FLAGS_H */
