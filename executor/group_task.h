/* SPDX-License-Identifier: Apache-2.0
 *
 * group_task.h - one task of a group, from its launch to its end: its sandbox,
 * its environment, its command, its checks.
 *
 * The sandbox is made in the worker pool, what the task's URIs name is brought
 * there, then the command is started in it.
 * Whoever kills the task before that gets it killed all the same: its command
 * is not started.
 *
 * Used by the default executor.
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef EXECUTOR_GROUP_TASK_H
#define EXECUTOR_GROUP_TASK_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "executor/task_fetch.h"

struct actor;
struct group_task;
struct message;
struct task_process_end;
struct V1__TaskInfo;
struct V1__TaskStatus;

/* What all tasks of an executor have in common; outlives them. */
struct group_task_options {
    const char *directory;      /* the executor's sandbox */
    char *const *inherited;     /* the executor's environment; NULL: this
                                 * process' */
    bool switch_user;           /* tasks may name a user */
    struct task_fetch_settings fetch;

    /* Its command runs. */
    void (*on_started)(struct actor *self, struct group_task *);

    /* A check has told something new, which is reason for an update: an enum
     * V1__TaskStatus__Reason.  'kill': the task has been unhealthy for too
     * long. */
    void (*on_checked)(struct actor *self, struct group_task *, int reason,
                       bool kill);

    /* It is over, or never came to run; called once, in a turn of its own.
     * The task may, and has to be, destroyed from then on. */
    void (*on_ended)(struct actor *self, struct group_task *,
                     const struct task_process_end *);
};

/* Starts with task 'info', which lies in 'launch', a LAUNCH_GROUP event, that
 * is kept by reference.  'group' is the caller's to know it by. */
struct group_task *group_task_start(struct actor *self,
                                    const struct group_task_options *,
                                    struct message *launch,
                                    const struct V1__TaskInfo *info,
                                    unsigned group);

/* If it still runs, as task_process_destroy() has it. */
void group_task_destroy(struct group_task *);

const struct V1__TaskInfo *group_task_info(const struct group_task *);
unsigned group_task_group(const struct group_task *);
const char *group_task_container_id(const struct group_task *);
bool group_task_is_running(const struct group_task *);

/* While the agent is away nothing is checked. */
void group_task_pause_checks(struct group_task *);
void group_task_resume_checks(struct group_task *);

/* What an update of the task, whose root is 'status' of 'm', has to say of its
 * health and of its check.  The state is set already. */
void group_task_add_health(const struct group_task *, struct message *m,
                           struct V1__TaskStatus *status);

/* As task_process_kill() and task_process_is_killed(). */
void group_task_kill(struct group_task *, int64_t grace_ns);
bool group_task_is_killed(const struct group_task *);

#endif /* EXECUTOR_GROUP_TASK_H */
