/* SPDX-License-Identifier: Apache-2.0
 *
 * task_environment.h - the environment of a task's command: that of its
 * executor, overridden by what the command asks for.
 *
 * Thread-safety: as getenv(). */
#ifndef EXECUTOR_TASK_ENVIRONMENT_H
#define EXECUTOR_TASK_ENVIRONMENT_H 1

struct V1__Environment;
struct V1__TaskInfo;

/* 'base' and 'wanted' (NULL: nothing) merged into an array for execve();
 * task_environment_free() frees it. */
char **task_environment_create(char *const *base,
                               const struct V1__Environment *wanted);
void task_environment_free(char **);

/* MESOS_ALLOCATION_ROLE of a task, as Mesos has it: the role that its
 * resources are allocated to.  On loan. */
const char *task_environment_role(const struct V1__TaskInfo *);

#endif /* EXECUTOR_TASK_ENVIRONMENT_H */
