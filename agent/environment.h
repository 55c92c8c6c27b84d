/* SPDX-License-Identifier: Apache-2.0
 *
 * environment.h - the environment that an executor starts with.
 *
 * Nothing of the agent's own environment gets into it.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_ENVIRONMENT_H
#define AGENT_ENVIRONMENT_H 1

#include <stdbool.h>
#include <stdint.h>

struct upid;
struct V1__Environment;

struct environment_options {
    const char *framework_id;
    const char *executor_id;
    const char *agent_id;
    const struct upid *agent;
    const char *directory;              /* the sandbox */
    const char *libprocess_ip;          /* NULL: unset */
    int64_t shutdown_grace_ns;

    /* Whether the executor outlives the agent, how long it waits for the next
     * one, and how long at most between two attempts to find it. */
    bool checkpoint;
    int64_t recovery_timeout_ns;
    int64_t backoff_max_ns;
    const struct V1__Environment *command;      /* wins; NULL: none */
};

/* A NULL-terminated array for execve(); it and its strings are the caller's to
 * free. */
char **environment_create(const struct environment_options *);

#endif /* AGENT_ENVIRONMENT_H */
