/* SPDX-License-Identifier: Apache-2.0
 *
 * records_table.c - frameworks, executors and tasks by id.
 *
 * Thread: the agent's turn. */
#include <config.h>

#include <string.h>

#include "agent/records.h"

struct framework *
records_find_framework(struct framework *const *table, const char *id)
{
    struct framework *framework;

    HASH_FIND_STR(*table, id, framework);
    return framework;
}

void
records_add_framework(struct framework **table, struct framework *framework)
{
    HASH_ADD_KEYPTR(hh, *table, framework->id, strlen(framework->id),
                    framework);
}

void
records_remove_framework(struct framework **table, struct framework *framework)
{
    HASH_DEL(*table, framework);
}

struct executor *
records_find_executor(const struct framework *framework, const char *id)
{
    struct executor *executor;

    HASH_FIND_STR(framework->executors, id, executor);
    return executor;
}

void
records_add_executor(struct framework *framework, struct executor *executor)
{
    HASH_ADD_KEYPTR(hh, framework->executors, executor->id,
                    strlen(executor->id), executor);
}

void
records_remove_executor(struct framework *framework, struct executor *executor)
{
    HASH_DEL(framework->executors, executor);
}

size_t
records_count_executors(const struct framework *framework)
{
    return HASH_COUNT(framework->executors);
}

struct task *
records_find_task(const struct executor *executor, const char *id)
{
    struct task *task;

    HASH_FIND_STR(executor->tasks, id, task);
    return task;
}

void
records_add_task(struct executor *executor, struct task *task)
{
    HASH_ADD_KEYPTR(hh, executor->tasks, task->id, strlen(task->id), task);
}

void
records_remove_task(struct executor *executor, struct task *task)
{
    HASH_DEL(executor->tasks, task);
}

size_t
records_count_tasks(const struct executor *executor)
{
    return HASH_COUNT(executor->tasks);
}
