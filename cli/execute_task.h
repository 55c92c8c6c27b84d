/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_task.h - the task of mesos-execute: from its flags, and onto an
 * offer.
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
    struct message *info;       /* counted; a V1.TaskInfo without an agent */
    struct resources wanted;    /* as if unreserved */
};

struct error *execute_task_init(struct execute_task *,
                                const struct execute_flags *) MUST_CHECK;
void execute_task_fini(struct execute_task *);

/* A TaskInfo for the agent and the resources of 'offer'; NULL if it has not
 * what the task wants.  Resources reserved to 'role' are used first. */
struct message *execute_task_place(const struct execute_task *,
                                   const V1__Offer *offer, const char *role);

/* The FrameworkInfo that the flags ask for. */
struct error *execute_framework(const struct execute_flags *,
                                struct message **ret) MUST_CHECK;

#endif /* CLI_EXECUTE_TASK_H */
