/* SPDX-License-Identifier: Apache-2.0
 *
 * command_executor.h - the executor of tasks that are one command.
 *
 * The actor command-executor(1) runs one task: a shell line or a program with
 * arguments, in a session of its own, with our stdout and stderr; watches it
 * by pidfd; and ends it when asked to, first kindly.
 *
 * Thread-safety: any thread. */
#ifndef EXECUTOR_COMMAND_EXECUTOR_H
#define EXECUTOR_COMMAND_EXECUTOR_H 1

#include <actor/actor.h>

struct actor_gate;
struct executor_environment;

struct command_executor_options {
    const struct executor_environment *environment;     /* outlives it */
    char *const *inherited;     /* environment that commands get to their own;
                                 * NULL: this process' */
    struct actor_gate *done;    /* borrowed; opened when all is over */

    /* Set when 'done' opens: whether the agent has heard how it ended. */
    bool *ret_is_acknowledged;
};

struct error *command_executor_start(struct actor_system *,
                                     const struct command_executor_options *,
                                     struct upid *ret) MUST_CHECK;

#endif /* EXECUTOR_COMMAND_EXECUTOR_H */
