/* SPDX-License-Identifier: Apache-2.0
 *
 * validation_task.h - the rules that tasks of a LAUNCH and of a LAUNCH_GROUP
 * share.
 *
 * Private to master/validation_*.c.
 * Thread-safety: pure functions. */
#ifndef MASTER_VALIDATION_TASK_H
#define MASTER_VALIDATION_TASK_H 1

#include <stdbool.h>
#include <stddef.h>

#include "master/validation.h"

#define INVALID(...) error_create(ERROR_INVALID, __VA_ARGS__)

/* What a task has to be, whichever its executor is. */
struct error *validate_task_alone(const V1__TaskInfo *,
                                  const struct resources *,
                                  const struct task_context *) MUST_CHECK;

/* What an executor has to be, whichever its tasks are. */
struct error *validate_executor(const V1__ExecutorInfo *,
                                const struct resources *,
                                const struct task_context *) MUST_CHECK;

/* The container says whether it has control groups of its own, and 'shares'
 * is what it says. */
bool container_shares_cgroups(const V1__ContainerInfo *, bool shares);

/* The least that an executor should have. */
#define EXECUTOR_CPUS_MIN 10    /* thousandths */
#define EXECUTOR_MEM_MIN 32000

/* The amount of 'name' as Mesos prints it ("0.5", "32MB"), or "None"; for a
 * text. */
const char *format_amount(const struct resources *, const char *name,
                          char ret[48]);

#endif /* MASTER_VALIDATION_TASK_H */
