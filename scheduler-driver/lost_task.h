/* SPDX-License-Identifier: Apache-2.0
 *
 * lost_task.h - status updates that the driver makes itself, for tasks that
 * never reached a master.
 *
 * Thread-safety: pure functions. */
#ifndef SCHEDULER_DRIVER_LOST_TASK_H
#define SCHEDULER_DRIVER_LOST_TASK_H 1

#include <stddef.h>

#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct message;

/* Calls 'fn' for each task that the call would have launched. */
void lost_task_for_each(const Scheduler__Call__Accept *,
                        void (*fn)(void *aux, const V1__TaskInfo *),
                        void *aux);

/* An UPDATE event: the task is lost, or dropped for a framework that is
 * partition aware, since no master could be reached. */
struct message *lost_task_event(const V1__TaskInfo *,
                                const V1__FrameworkInfo *,
                                double timestamp);

#endif /* SCHEDULER_DRIVER_LOST_TASK_H */
