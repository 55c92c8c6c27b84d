/* SPDX-License-Identifier: Apache-2.0
 *
 * default_executor.h - the executor of task groups.
 *
 * The actor default-executor(1) runs groups of tasks: each task a command in a
 * sandbox of its own, inside of the executor's, where all of them may meet.  A
 * task that fails or is killed takes the rest of its group with it; one that
 * finishes does not.  The executor ends when no task runs any more and all has
 * been heard of.
 *
 * Tasks are its children: they end with it, and live through everything that
 * it lives through, as a restart of the agent.
 *
 * Thread-safety: any thread. */
#ifndef EXECUTOR_DEFAULT_EXECUTOR_H
#define EXECUTOR_DEFAULT_EXECUTOR_H 1

#include <stdbool.h>

#include <actor/actor.h>

#include "executor/task_fetch.h"

struct actor_gate;
struct executor_environment;

struct default_executor_options {
    struct task_fetch_settings fetch;   /* its strings outlive it */
    const struct executor_environment *environment;     /* outlives it */
    char *const *inherited;     /* the environment it has itself; NULL: this
                                 * process' */
    bool switch_user;           /* tasks run as the users that they name */
    struct actor_gate *done;    /* borrowed; opened when all is over */

    /* Set when 'done' opens: whether the agent has heard how all ended. */
    bool *ret_is_acknowledged;
};

struct error *default_executor_start(struct actor_system *,
                                     const struct default_executor_options *,
                                     struct upid *ret) MUST_CHECK;

#endif /* EXECUTOR_DEFAULT_EXECUTOR_H */
