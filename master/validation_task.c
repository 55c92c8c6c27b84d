/* SPDX-License-Identifier: Apache-2.0
 *
 * validation_task.c - what a task of a LAUNCH may be.
 *
 * The order of the rules is that of Mesos: the first that is broken is the one
 * that is told. */
#include <config.h>

#include "master/validation_task.h"

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/ids.h"
#include "model/resource_rules.h"
#include "model/resources_common.h"

/* --- tasks --- */

static struct error *
validate_task_id(const V1__TaskInfo *task, const struct task_context *context)
{
    struct error *error = id_validate(task->task_id->value);

    if (error) {
        return error;
    }
    if (context->is_duplicate) {
        return INVALID("Task has duplicate ID: %s", task->task_id->value);
    }
    if (context->is_unreachable) {
        return INVALID("Task reuses the ID of an unreachable task: %s",
                       task->task_id->value);
    }
    if (strcmp(task->agent_id->value, context->agent_id)) {
        return INVALID("Task uses invalid agent %s while agent %s is expected",
                       task->agent_id->value, context->agent_id);
    }
    return NULL;
}

static struct error *
validate_task_times(const V1__TaskInfo *task)
{
    if (task->kill_policy && task->kill_policy->grace_period
        && task->kill_policy->grace_period->nanoseconds < 0) {
        return INVALID("Task's 'kill_policy.grace_period' must be "
                       "non-negative");
    }
    if (task->max_completion_time
        && task->max_completion_time->nanoseconds < 0) {
        return INVALID("Task's `max_completion_time` must be non-negative");
    }
    return NULL;
}

static struct error *
validate_task_checks(const V1__TaskInfo *task)
{
    struct error *error = NULL;

    if (task->check) {
        error = error_wrap(validate_check(task->check),
                           "Task uses invalid check");
    }
    if (!error && task->health_check) {
        error = error_wrap(validate_health_check(task->health_check),
                           "Task uses invalid health check");
    }
    return error;
}

static struct error *
validate_task_resources(const V1__TaskInfo *task,
                        const struct resources *resources)
{
    struct error *error;

    if (task->n_resources == 0) {
        return INVALID("Task uses no resources");
    }
    error = error_wrap(resources_check(resources),
                       "Task uses invalid resources");
    if (!error) {
        error = error_wrap(resources_check_unique_volumes(resources),
                           "Task uses duplicate persistence ID");
    }
    if (!error) {
        error = error_wrap(resources_check_one_role(resources),
                           "Invalid task resources");
    }
    if (!error) {
        error = error_wrap(resources_check_revocable(resources),
                           "Task mixes revocable and non-revocable "
                           "resources");
    }
    return error;
}

static struct error *
validate_limit(const V1__TaskInfo *task, const char *key, const char *what,
               const char *what_lower, const struct resources *resources)
{
    for (size_t i = 0; i < task->n_limits; i++) {
        double limit = task->limits[i]->value ? task->limits[i]->value->value
                                              : 0.0;
        double request = (double) resources_scalar(resources, key) / 1000.0;

        if (strcmp(task->limits[i]->key, key)) {
            continue;
        }
        if (!(request > 0)) {
            return INVALID("When a %s limit is specified, a %s request must "
                           "also be specified", what, what);
        }
        if (limit < request) {
            return INVALID("The %s limit must be greater than or equal to the "
                           "%s request", what_lower, what_lower);
        }
    }
    return NULL;
}

static struct error *
validate_limits(const V1__TaskInfo *task, const struct resources *resources,
                const struct task_context *context)
{
    struct error *error;

    if (task->n_limits > 0 && !context->has_limits) {
        return INVALID("Agent is not capable of handling task resource "
                       "limits");
    }
    for (size_t i = 0; i < task->n_limits; i++) {
        if (strcmp(task->limits[i]->key, "cpus")
            && strcmp(task->limits[i]->key, "mem")) {
            return INVALID("Only cpus and mem may be included in a task's "
                           "resource limits");
        }
    }
    error = validate_limit(task, "cpus", "CPU", "cpu", resources);
    return error ? error
        : validate_limit(task, "mem", "memory", "memory", resources);
}

/* --- executors --- */

static struct error *
validate_default_executor(const V1__ExecutorInfo *executor)
{
    const V1__ContainerInfo *container = executor->container;

    if (executor->command) {
        return INVALID("'ExecutorInfo.command' must not be set for 'DEFAULT' "
                       "executor");
    }
    if (container && container->type != V1__CONTAINER_INFO__TYPE__MESOS) {
        return INVALID("'ExecutorInfo.container.type' must be 'MESOS' for "
                       "'DEFAULT' executor");
    }
    if (container && container->mesos && container->mesos->image) {
        return INVALID("'ExecutorInfo.container.mesos.image' must not be set "
                       "for 'DEFAULT' executor");
    }
    return NULL;
}

/* One without a type has no command to look for. */
static struct error *
validate_executor_type(const V1__ExecutorInfo *executor)
{
    switch (executor->has_type ? executor->type
                               : V1__EXECUTOR_INFO__TYPE__UNKNOWN) {
    case V1__EXECUTOR_INFO__TYPE__DEFAULT:
        return validate_default_executor(executor);
    case V1__EXECUTOR_INFO__TYPE__CUSTOM:
        return executor->command ? NULL
            : INVALID("'ExecutorInfo.command' must be set for 'CUSTOM' "
                      "executor");
    default:
        return NULL;
    }
}

static struct error *
validate_executor_parts(const V1__ExecutorInfo *executor)
{
    struct error *error = id_validate(executor->executor_id->value);

    if (!error && executor->shutdown_grace_period
        && executor->shutdown_grace_period->nanoseconds < 0) {
        error = INVALID("ExecutorInfo's 'shutdown_grace_period' must be "
                        "non-negative");
    }
    if (!error && executor->command) {
        error = error_wrap(validate_command(executor->command),
                           "Executor's `CommandInfo` is invalid");
    }
    if (!error && executor->container) {
        error = error_wrap(validate_container(executor->container),
                           "Executor's `ContainerInfo` is invalid");
    }
    return error;
}

static struct error *
validate_executor_framework(const V1__ExecutorInfo *executor,
                            const struct task_context *context)
{
    if (!executor->framework_id) {
        return context->is_group
            ? INVALID("'ExecutorInfo.framework_id' must be set") : NULL;
    }
    if (strcmp(executor->framework_id->value, context->framework_id)) {
        return INVALID("ExecutorInfo has an invalid FrameworkID (Actual: %s "
                       "vs Expected: %s)", executor->framework_id->value,
                       context->framework_id);
    }
    return NULL;
}

static struct error *
validate_executor_resources(const struct resources *resources)
{
    struct error *error = error_wrap(resources_check(resources),
                                     "Executor uses invalid resources");

    if (!error) {
        error = error_wrap(resources_check_unique_volumes(resources),
                           "Executor uses duplicate persistence ID");
    }
    if (!error) {
        error = error_wrap(resources_check_one_role(resources),
                           "Invalid executor resources");
    }
    if (!error) {
        error = error_wrap(resources_check_revocable(resources),
                           "Executor mixes revocable and non-revocable "
                           "resources");
    }
    return error;
}

static struct error *
validate_same_executor(const V1__ExecutorInfo *executor,
                       const struct task_context *context)
{
    const V1__ExecutorInfo *running = context->running_executor;
    V1__ExecutorInfo wanted = *executor;
    V1__ExecutorInfo present;

    if (!running) {
        return NULL;
    }
    /* The framework's id may be left out. */
    present = *running;
    wanted.framework_id = present.framework_id = NULL;
    if (!message_equal(&wanted.base, &present.base)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        strbuf_append(&text, "ExecutorInfo is not compatible with existing "
                      "ExecutorInfo with same ExecutorID.\n"
                      "------------------------------------------------------"
                      "------\nExisting ExecutorInfo:\n");
        message_print_redacted(&present.base, &text, 4096);
        strbuf_append(&text, "\n------------------------------------------"
                      "------------------\nTask's ExecutorInfo:\n");
        message_print_redacted(&wanted.base, &text, 4096);
        strbuf_append(&text, "\n------------------------------------------"
                      "------------------\n");
        return INVALID("%s", text.data);
    }
    return NULL;
}

struct error *
validate_executor(const V1__ExecutorInfo *executor,
                  const struct resources *resources,
                  const struct task_context *context)
{
    struct error *error = validate_executor_type(executor);

    if (!error) {
        error = validate_executor_parts(executor);
    }
    if (!error) {
        error = validate_executor_framework(executor, context);
    }
    if (!error) {
        error = validate_executor_resources(resources);
    }
    return error ? error : validate_same_executor(executor, context);
}

const char *
format_amount(const struct resources *resources, const char *name,
              char ret[48])
{
    autofini(strbuf) text = STRBUF(40);
    int64_t amount = resources_scalar(resources, name);

    if (amount == 0) {
        snprintf(ret, 48, "None");
        return ret;
    }
    strbuf_append_double(&text, (double) amount / 1000, false);
    snprintf(ret, 48, "%s%s", text.data, strcmp(name, "mem") ? "" : "MB");
    return ret;
}

/* Mesos has threatened to refuse these for ten years. */
static void
warn_of_small_executor(const V1__TaskInfo *task,
                       const struct resources *resources)
{
    const char *id = task->executor->executor_id->value;
    char amount[48];

    if (resources_cpus(resources) < EXECUTOR_CPUS_MIN) {
        log_warn("Executor '%s' for task '%s' uses less CPUs (%s) than the "
                 "minimum required (0.01). Please update your executor, as "
                 "this will be mandatory in future releases.", id,
                 task->task_id->value,
                 format_amount(resources, "cpus", amount));
    }
    if (resources_mem(resources) < EXECUTOR_MEM_MIN) {
        log_warn("Executor '%s' for task '%s' uses less memory (%s) than the "
                 "minimum required (32MB). Please update your executor, as "
                 "this will be mandatory in future releases.", id,
                 task->task_id->value,
                 format_amount(resources, "mem", amount));
    }
}

bool
container_shares_cgroups(const V1__ContainerInfo *container, bool shares)
{
    return container && container->linux_info
        && container->linux_info->has_share_cgroups
        && !container->linux_info->share_cgroups == !shares;
}

/* One of a task's own, which is not for groups. */
static struct error *
validate_own_executor(const V1__TaskInfo *task,
                      const struct resources *resources,
                      const struct task_context *context)
{
    const V1__ExecutorInfo *executor = task->executor;
    struct error *error = validate_executor(executor, resources, context);

    if (error) {
        return error;
    }
    if (executor->has_type
        && executor->type != V1__EXECUTOR_INFO__TYPE__CUSTOM) {
        return INVALID("'ExecutorInfo.type' must be 'CUSTOM'");
    }
    if (!executor->command) {
        return INVALID("'ExecutorInfo.command' must be set");
    }
    if (resources_has_shared(resources)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        resources_format(resources, &text);
        return INVALID("Executor resources %s should not contain any shared "
                       "resources", text.data);
    }
    warn_of_small_executor(task, resources);
    if (container_shares_cgroups(executor->container, true)) {
        return INVALID("The 'share_cgroups' field cannot be set to 'true' on "
                       "executor containers");
    }
    return NULL;
}

/* --- both together --- */

static struct error *
too_much(const struct resources *total, const struct resources *available)
{
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) had = STRBUF(STRBUF_UNLIMITED);

    resources_format(total, &wanted);
    resources_format(available, &had);
    return INVALID("Total resources %s required by task and its executor is "
                   "more than available %s", wanted.data, had.data);
}

static struct error *
overlapping(const struct resources *resources,
            const struct resources *executor_resources)
{
    autofini(strbuf) task = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) executor = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &task);
    resources_format(executor_resources, &executor);
    return INVALID("There are overlapping resources in the task resources %s "
                   "and executor resources %s", task.data, executor.data);
}

static struct error *
validate_together(const struct resources *resources,
                  const struct resources *executor_resources)
{
    autofini(resources) total = { 0 };
    struct error *error;

    resources_add(&total, resources);
    resources_add(&total, executor_resources);
    error = error_wrap(resources_check(&total), "Task and its executor use "
                       "invalid resources");
    if (!error && resources_overlap(resources, executor_resources)) {
        error = overlapping(resources, executor_resources);
    }
    if (!error) {
        error = error_wrap(resources_check_unique_volumes(&total), "Task and "
                           "its executor use duplicate persistence ID");
    }
    if (!error) {
        error = error_wrap(resources_check_revocable(&total), "Task and its "
                           "executor mix revocable and non-revocable "
                           "resources");
    }
    return error;
}

static struct error *
validate_fits(const struct resources *resources,
              const struct resources *executor_resources,
              const struct task_context *context)
{
    autofini(resources) total = { 0 };

    resources_add(&total, resources);
    if (!context->running_executor) {
        resources_add(&total, executor_resources);
    }
    return resources_contain(context->available, &total)
        ? NULL : too_much(&total, context->available);
}

static struct error *
validate_command_and_container(const V1__TaskInfo *task)
{
    struct error *error = NULL;

    if (task->command) {
        error = error_wrap(validate_command(task->command),
                           "Task's `CommandInfo` is invalid");
    }
    if (!error && task->container) {
        error = error_wrap(validate_container(task->container),
                           "Task's `ContainerInfo` is invalid");
    }
    return error;
}

struct error *
validate_task_alone(const V1__TaskInfo *task,
                    const struct resources *resources,
                    const struct task_context *context)
{
    struct error *error = validate_task_id(task, context);

    if (!error) {
        error = validate_task_times(task);
    }
    if (!error) {
        error = validate_task_checks(task);
    }
    if (!error) {
        error = validate_task_resources(task, resources);
    }
    if (!error) {
        error = validate_command_and_container(task);
    }
    return error ? error : validate_limits(task, resources, context);
}

struct error *
validate_task(const V1__TaskInfo *task, const struct resources *resources,
              const struct resources *executor_resources,
              const struct task_context *context)
{
    struct error *error = validate_task_alone(task, resources, context);

    if (!error && !task->executor == !task->command) {
        error = INVALID("Task should have at least one (but not both) of "
                        "CommandInfo or ExecutorInfo present");
    }
    if (!error && task->executor) {
        error = validate_own_executor(task, executor_resources, context);
    }
    if (!error) {
        error = validate_together(resources, executor_resources);
    }
    if (!error) {
        error = validate_fits(resources, executor_resources, context);
    }
    if (!error && container_shares_cgroups(task->container, false)) {
        error = INVALID("Only tasks in a task group may have 'share_cgroups' "
                        "set to 'false'");
    }
    return error;
}
