/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_task.h - the task, or the group of tasks, of mesos-execute: from its
 * flags, and onto an offer.
 *
 * Thread-safety: pure functions. */
#ifndef CLI_EXECUTE_TASK_H
#define CLI_EXECUTE_TASK_H 1

#include <stdbool.h>

#include <actor/compiler.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct error;
struct execute_flags;
struct message;

struct execute_task {
    struct message *info;       /* counted; a V1.TaskInfo or V1.TaskGroupInfo
                                 * without an agent */
    bool is_group;
    V1__TaskInfo *const *tasks; /* in it; one, if it is not a group */
    size_t n_tasks;
    V1__TaskInfo *single;       /* what 'tasks' points to then */
    struct resources wanted;    /* by all of it, as if unreserved */
};

/* Both into a zeroed struct; what was made is freed by fini in any case. */
struct error *execute_task_init(struct execute_task *,
                                const struct execute_flags *) MUST_CHECK;
void execute_task_fini(struct execute_task *);

/* An Offer.Operation, LAUNCH or LAUNCH_GROUP, for the agent and the resources
 * of 'offer'; NULL if it has not what is wanted.  Resources reserved to 'role'
 * are used first.  A group is run by a default executor, of 'offer's
 * framework. */
struct message *execute_task_place(const struct execute_task *,
                                   const V1__Offer *offer, const char *role);

/* Where the stdout and stderr of a task are, once it has been placed, below
 * /frameworks/<framework>/executors of the agent's files.  The caller's to
 * free. */
char *execute_task_directory(const struct execute_task *, size_t i);

/* The FrameworkInfo that the flags ask for. */
struct error *execute_framework(const struct execute_flags *,
                                struct message **ret) MUST_CHECK;

#endif /* CLI_EXECUTE_TASK_H */
