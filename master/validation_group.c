/* SPDX-License-Identifier: Apache-2.0
 *
 * validation_group.c - what the tasks of a LAUNCH_GROUP may be.
 *
 * One that is wrong is enough for all of them to be refused. */
#include <config.h>

#include "master/validation_task.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resource_rules.h"
#include "model/resources_common.h"

static bool
is_network_check(const V1__HealthCheck *check)
{
    return check && check->has_type
        && (check->type == V1__HEALTH_CHECK__TYPE__HTTP
            || check->type == V1__HEALTH_CHECK__TYPE__TCP);
}

static struct error *
validate_member(const V1__TaskInfo *task, const struct resources *resources,
                const struct task_context *context)
{
    const V1__ContainerInfo *container = task->container;
    struct error *error = validate_task_alone(task, resources, context);

    if (error) {
        return error;
    }
    if (!task->executor) {
        return INVALID("'TaskInfo.executor' must be set");
    }
    if (container && container->n_network_infos > 0
        && is_network_check(task->health_check)) {
        return INVALID("HTTP and TCP health checks are not supported for "
                       "nested containers not joining parent's network");
    }
    if (container && container->type == V1__CONTAINER_INFO__TYPE__DOCKER) {
        return INVALID("Docker ContainerInfo is not supported on the task");
    }
    if (task->n_limits > 0 && !container_shares_cgroups(container, false)) {
        return INVALID("Resource limits may only be set for tasks within a "
                       "task group when the 'share_cgroups' field is set to "
                       "'false'.");
    }
    return NULL;
}

/* --- the executor --- */

static struct error *
validate_kind(const V1__ExecutorInfo *executor)
{
    if (!executor->has_type) {
        return INVALID("'ExecutorInfo.type' must be set");
    }
    if (executor->type == V1__EXECUTOR_INFO__TYPE__UNKNOWN) {
        return INVALID("Unknown executor type");
    }
    if (executor->container
        && executor->container->type == V1__CONTAINER_INFO__TYPE__DOCKER) {
        return INVALID("Docker ContainerInfo is not supported on the "
                       "executor");
    }
    return NULL;
}

static struct error *
validate_same(const V1__TaskGroupInfo *group,
              const V1__ExecutorInfo *executor)
{
    for (size_t i = 0; i < group->n_tasks; i++) {
        const V1__TaskInfo *task = group->tasks[i];

        if (task->executor && task->executor != executor
            && !message_equal(&task->executor->base, &executor->base)) {
            return INVALID("The `ExecutorInfo` of task '%s' is different "
                           "from executor '%s'", task->task_id->value,
                           executor->executor_id->value);
        }
    }
    return NULL;
}

static struct error *
validate_size(const V1__ExecutorInfo *executor,
              const struct resources *resources)
{
    const char *id = executor->executor_id->value;
    char amount[48];

    if (resources_cpus(resources) < EXECUTOR_CPUS_MIN) {
        return INVALID("Executor '%s' uses less CPUs (%s) than the minimum "
                       "required (0.01)", id,
                       format_amount(resources, "cpus", amount));
    }
    if (resources_mem(resources) < EXECUTOR_MEM_MIN) {
        return INVALID("Executor '%s' uses less memory (%s) than the minimum "
                       "required (32MB)", id,
                       format_amount(resources, "mem", amount));
    }
    if (resources_disk(resources) == 0) {
        return INVALID("Executor '%s' uses no disk", id);
    }
    return NULL;
}

/* --- all together --- */

static struct error *
overlapping(const struct resources *tasks, size_t n,
            const struct resources *executor_resources)
{
    autofini(strbuf) all = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) executor = STRBUF(STRBUF_UNLIMITED);

    for (size_t i = 0; i < n; i++) {
        strbuf_append(&all, i ? ", " : "");
        resources_format(&tasks[i], &all);
    }
    resources_format(executor_resources, &executor);
    return INVALID("There are overlapping resources in the task group's task "
                   "resources { %s } and/or executor resources %s", all.data,
                   executor.data);
}

static bool
some_overlap(const struct resources *tasks, size_t n,
             const struct resources *executor_resources)
{
    for (size_t i = 0; i < n; i++) {
        if (resources_overlap(&tasks[i], executor_resources)) {
            return true;
        }
        for (size_t j = 0; j < i; j++) {
            if (resources_overlap(&tasks[i], &tasks[j])) {
                return true;
            }
        }
    }
    return false;
}

static struct error *
validate_together(const struct resources *tasks, size_t n,
                  const struct resources *executor_resources)
{
    autofini(resources) total = { 0 };
    struct error *error;

    resources_add(&total, executor_resources);
    for (size_t i = 0; i < n; i++) {
        resources_add(&total, &tasks[i]);
    }
    error = error_wrap(resources_check_unique_volumes(&total), "Task group "
                       "and executor use duplicate persistence ID");
    if (!error) {
        error = error_wrap(resources_check_revocable(&total), "Task group "
                           "and executor mix revocable and non-revocable "
                           "resources");
    }
    if (!error && some_overlap(tasks, n, executor_resources)) {
        error = overlapping(tasks, n, executor_resources);
    }
    return error;
}

static struct error *
validate_fits(const struct resources *tasks, size_t n,
              const struct resources *executor_resources,
              const struct task_context *context)
{
    autofini(resources) total = { 0 };
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) had = STRBUF(STRBUF_UNLIMITED);

    for (size_t i = 0; i < n; i++) {
        resources_add(&total, &tasks[i]);
    }
    if (!context->running_executor) {
        resources_add(&total, executor_resources);
    }
    if (resources_contain(context->available, &total)) {
        return NULL;
    }
    resources_format(&total, &wanted);
    resources_format(context->available, &had);
    return INVALID("Total resources %s required by task group and its "
                   "executor are more than available %s", wanted.data,
                   had.data);
}

static struct error *
validate_cgroups(const V1__TaskGroupInfo *group,
                 const V1__ExecutorInfo *executor)
{
    if (container_shares_cgroups(executor->container, true)) {
        return INVALID("The 'share_cgroups' field cannot be set to 'true' on "
                       "executor containers");
    }
    for (size_t i = 1; i < group->n_tasks; i++) {
        if (container_shares_cgroups(group->tasks[i]->container, false)
            != container_shares_cgroups(group->tasks[0]->container, false)) {
            return INVALID("If set, the value of 'share_cgroups' must be the "
                           "same for all tasks in each task group and under "
                           "a single executor");
        }
    }
    return NULL;
}

static struct error *
validate_members(const V1__TaskGroupInfo *group,
                 const struct resources *task_resources,
                 const struct task_context *contexts)
{
    for (size_t i = 0; i < group->n_tasks; i++) {
        struct error *error = validate_member(group->tasks[i],
                                              &task_resources[i],
                                              &contexts[i]);

        if (error) {
            return error_wrap(error, "Task '%s' is invalid",
                              group->tasks[i]->task_id->value);
        }
    }
    return NULL;
}

struct error *
validate_group(const V1__TaskGroupInfo *group,
               const V1__ExecutorInfo *executor,
               const struct resources *task_resources,
               const struct resources *executor_resources,
               const struct task_context *contexts)
{
    size_t n = group->n_tasks;
    struct error *error;

    if (n == 0) {
        return INVALID("The task group has no tasks");
    }
    error = validate_members(group, task_resources, contexts);
    if (!error) {
        error = validate_executor(executor, executor_resources, contexts);
    }
    if (!error) {
        error = validate_kind(executor);
    }
    if (!error) {
        error = validate_same(group, executor);
    }
    if (!error) {
        error = validate_size(executor, executor_resources);
    }
    if (!error) {
        error = validate_together(task_resources, n, executor_resources);
    }
    if (!error) {
        error = validate_fits(task_resources, n, executor_resources,
                              contexts);
    }
    return error ? error : validate_cgroups(group, executor);
}
