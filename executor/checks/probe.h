/* SPDX-License-Identifier: Apache-2.0
 *
 * probe.h - one look at a task: runs a command, asks over HTTP, or connects.
 *
 * A probe belongs to an actor and runs in its turns.  Commands are children
 * with /dev/null for input and our stderr for output, the leaders of sessions
 * of their own; when one takes too long, or is given up, its whole tree is
 * killed.  HTTP and TCP go to the loopback address, on a connection of their
 * own.  Redirections are followed, fifty of them; what takes TLS, with a
 * certificate that nobody checks, is asked by curl(1).
 *
 * Mirrors src/checks/checker_process.cpp of Mesos, where HTTP and TCP are
 * programs as well.
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef EXECUTOR_CHECKS_PROBE_H
#define EXECUTOR_CHECKS_PROBE_H 1

#include "executor/checks/spec.h"

struct actor;
struct error;
struct probe;

struct probe_options {
    const struct check_spec *spec;
    const char *name;           /* "HTTP health check", for log lines */
    const char *task_id;

    /* For commands. */
    char *const *environment;
    const char *directory;
    const char *user;           /* NULL: as we */

    /* How it went; the probe is gone when this is called.  'error' (on loan)
     * says why nothing was found out; otherwise 'value' is the exit code, the
     * status, or whether it has connected. */
    void (*done)(struct actor *self, void *aux, const struct error *error,
                 int value);
    void *aux;
};

/* 'options' and all that they point to outlive the probe.  'done' is called
 * once, in a later turn. */
struct probe *probe_start(struct actor *self, const struct probe_options *);

/* Gives it up: 'done' is not called.  NULL is fine. */
void probe_destroy(struct probe *);

#endif /* EXECUTOR_CHECKS_PROBE_H */
