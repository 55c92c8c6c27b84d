/* SPDX-License-Identifier: Apache-2.0
 *
 * task_resources.h - reservations and volumes that tasks use: whether we have
 * them, and how their sandbox gets them.
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_OPERATIONS_TASK_RESOURCES_H
#define AGENT_OPERATIONS_TASK_RESOURCES_H 1

#include <stddef.h>

#include "proto/mesos/v1/mesos.pb-c.h"

struct agent;
struct error;
struct executor;
struct volume_links;

/* What the master orders; all borrowed. */
struct task_resources {
    V1__TaskInfo *const *tasks;
    size_t n_tasks;
    const V1__ExecutorInfo *executor;   /* NULL: a command task */

    /* Versions of our resources, as the master saw them. */
    V1__UUID *const *versions;
    size_t n_versions;
};

/* Why that is not as the master thinks; NULL: it is. */
const char *task_resources_check(const struct agent *,
                                 const struct task_resources *,
                                 int *ret_reason);

/* The volumes that the sandbox of a new executor, or of one that is there,
 * has to have for these tasks. */
void task_resources_links(const struct agent *, const struct task_resources *,
                          struct volume_links *ret);

/* Makes links in the sandbox of an executor that is there, while the line of
 * operations waits.  'done' gets 'error' on loan and 'aux', which is the
 * caller's to free then; takes '*links'. */
typedef void task_resources_linked_fn(struct agent *, void *aux,
                                      const struct error *error);
void task_resources_link(struct agent *, const struct executor *,
                         struct volume_links *links,
                         task_resources_linked_fn *done, void *aux,
                         void (*destroy)(void *aux));

#endif /* AGENT_OPERATIONS_TASK_RESOURCES_H */
