/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_follow.h - shows what tasks print, as it comes.
 *
 * The files stdout and stderr of each task are read from the agent, at
 * /files/download under a path that is made of ids:
 *
 *     /frameworks/<framework>/executors/<executor>/runs/latest[/tasks/<task>]
 *
 * A range beyond what has been shown is asked for: at once when there is
 * reason to, otherwise after a pause that grows while nothing comes.
 *
 * Thread-safety: any thread. */
#ifndef CLI_EXECUTE_FOLLOW_H
#define CLI_EXECUTE_FOLLOW_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/address.h>
#include <actor/compiler.h>

struct actor_system;
struct error;
struct execute_output;
struct upid;

/* All is on loan for the call, but for 'output' and 'aux', which have to
 * outlive the follower. */
struct follow_options {
    struct address agent;
    const char *framework_id;

    /* Where the files of each task are, below
     * /frameworks/<framework>/executors/. */
    const char *const *directories;

    /* Stands before each line of the task; NULL: its output is passed on as it
     * is. */
    const char *const *prefixes;
    size_t n_tasks;

    struct execute_output *output;

    /* All of every task has been shown; in the follower's turn. */
    void (*done)(void *aux);
    void *aux;
};

/* Starts a follower. */
struct error *follow_start(struct actor_system *,
                           const struct follow_options *,
                           struct upid *ret_follower) MUST_CHECK;

/* There may be something new of a task. */
void follow_look(struct actor_system *, const struct upid *follower,
                 size_t task);

/* A task has ended: what is left is shown, then 'text', a line of our own. */
void follow_end(struct actor_system *, const struct upid *follower,
                size_t task, const char *text);

#endif /* CLI_EXECUTE_FOLLOW_H */
