/* SPDX-License-Identifier: Apache-2.0
 *
 * accept_task.c - what LAUNCH and LAUNCH_GROUP share: checking what the call
 * says, refusing tasks, taking them over. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/accept.h"
#include "model/resources_common.h"

/* --- what can be said of the operation alone --- */

void
accept_refuse_task(struct acceptance *a, const V1__TaskInfo *task,
                   V1__TaskStatus__Reason reason, const char *why)
{
    struct task_notice notice = {
        .task_id = task->task_id->value, .agent_id = task->agent_id->value,
        .state = V1__TASK_STATE__TASK_ERROR, .reason = (int) reason,
        .text = why,
    };

    tasks_count(a->m, a->f, V1__TASK_STATE__TASK_ERROR, 1);
    task_notify(a->m, a->f, &notice);
}

void
accept_refuse_tasks(struct acceptance *a, V1__TaskInfo *const *tasks,
                    size_t n, V1__TaskStatus__Reason reason, const char *why)
{
    for (size_t i = 0; i < n; i++) {
        accept_refuse_task(a, tasks[i], reason, why);
    }
}

static struct error *
check_resources(V1__Resource *const *resources, size_t n)
{
    struct resources decoded;
    struct error *error = resources_decode(resources, n, &decoded);

    if (!error) {
        resources_fini(&decoded);
    }
    return error;
}

static struct error *
check_tasks(V1__TaskInfo *const *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct error *error = check_resources(tasks[i]->resources,
                                              tasks[i]->n_resources);

        if (!error && tasks[i]->executor) {
            error = check_resources(tasks[i]->executor->resources,
                                    tasks[i]->executor->n_resources);
        }
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* Malformed resources of one task fail the operation as a whole. */
bool
accept_check_launch(struct acceptance *a, const V1__Offer__Operation *op)
{
    const V1__Offer__Operation__Launch *in = op->launch;
    V1__TaskStatus__Reason reason =
        V1__TASK_STATUS__REASON__REASON_TASK_INVALID;
    struct error *error;

    if (!in) {
        log_warn("Ignoring unknown operation");
        return false;
    }
    error = check_tasks(in->task_infos, in->n_task_infos);
    if (!error && op->id) {
        error = error_create(ERROR_INVALID, "The `id` field cannot be set on "
                             "LAUNCH operations");
    }
    if (!error) {
        return true;
    }
    accept_refuse_tasks(a, in->task_infos, in->n_task_infos, reason,
                        error_text(error));
    error_destroy(error);
    return false;
}

bool
accept_check_group(struct acceptance *a, const V1__Offer__Operation *op)
{
    const V1__Offer__Operation__LaunchGroup *in = op->launch_group;
    V1__TaskStatus__Reason reason =
        V1__TASK_STATUS__REASON__REASON_TASK_GROUP_INVALID;
    struct error *error;

    if (!in) {
        log_warn("Ignoring unknown operation");
        return false;
    }
    error = check_resources(in->executor->resources,
                            in->executor->n_resources);
    if (!error) {
        error = check_tasks(in->task_group->tasks, in->task_group->n_tasks);
    }
    if (!error && op->id) {
        error = error_create(ERROR_INVALID, "The `id` field cannot be set on "
                             "LAUNCH_GROUP operations");
    }
    if (!error) {
        return true;
    }
    accept_refuse_tasks(a, in->task_group->tasks, in->task_group->n_tasks,
                        reason, error_text(error));
    error_destroy(error);
    return false;
}

/* --- taking over --- */

struct error *
accept_decode(const struct acceptance *a, V1__Resource *const *from, size_t n,
              struct resources *ret)
{
    struct error *error = resources_decode(from, n, ret);

    if (!error) {
        resources_default_allocation(ret, a->role);
    }
    return error;
}

static bool
has_limits(const struct agent *agent)
{
    return agent_has_capability(
        agent, V1__AGENT_INFO__CAPABILITY__TYPE__TASK_RESOURCE_LIMITS);
}

struct task_context
accept_task_context(const struct acceptance *a, const V1__TaskInfo *info,
                    const struct executor *running)
{
    return (struct task_context) {
        .agent_id = a->agent->id->s,
        .framework_id = a->f->id,
        .role = a->role,
        .is_duplicate = framework_find_task(a->f, info->task_id->value),
        .is_unreachable = task_list_find(&a->f->unreachable,
                                         info->task_id->value),
        .available = &a->available,
        .running_executor = running ? running->info : NULL,
        .has_limits = has_limits(a->agent),
    };
}

void
accept_add_executor(struct acceptance *a, const V1__ExecutorInfo *info,
                    const struct resources *resources)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &text);
    log_info("Adding executor '%s' with resources %s of framework %s on agent "
             "%s", info->executor_id->value, text.data,
             a->f->text, a->agent->text);
    agent_add_executor(a->agent, a->f, info, resources,
                       a->role);
    resources_subtract(&a->available, resources);
    master_metrics_add_used(&a->m->metrics, resources, 1);
}

void
accept_add_task(struct acceptance *a, const V1__TaskInfo *info,
                const struct resources *resources)
{
    const V1__CommandInfo *command =
        info->command ? info->command
        : info->executor ? info->executor->command : NULL;
    struct task *task = task_create_from_info(
        info, command ? command->user : NULL, resources, a->role);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &text);
    log_info("Adding task %s with resources %s of framework %s on agent %s",
             task->id, text.data, a->f->text, a->agent->text);
    resources_subtract(&a->available, resources);
    tasks_add(a->m, a->f, a->agent, task);
}

V1__ExecutorInfo *
accept_complete_executor(struct acceptance *a, const V1__ExecutorInfo *from,
                         const struct resources *resources,
                         struct message *message)
{
    V1__ExecutorInfo *executor = message_alloc(message, sizeof *executor);

    *executor = *from;
    resources_encode(resources, message, &executor->resources,
                     &executor->n_resources);
    if (!executor->framework_id) {
        executor->framework_id = message_new(message,
                                             &v1__framework_id__descriptor);
        executor->framework_id->value = message_strdup(message, a->f->id);
    }
    return executor;
}

/* The framework's TaskInfo with what it may leave out: the role of resources,
 * and the executor's framework. */
V1__TaskInfo *
accept_complete_task(struct acceptance *a, const V1__TaskInfo *from,
                     const struct resources *resources,
                     const struct resources *executor_resources,
                     struct message *message)
{
    V1__TaskInfo *info = message_alloc(message, sizeof *info);

    *info = *from;
    resources_encode(resources, message, &info->resources,
                     &info->n_resources);
    if (info->executor) {
        info->executor = accept_complete_executor(a, info->executor,
                                                  executor_resources,
                                                  message);
    }
    if (info->health_check && !info->health_check->has_type) {
        V1__HealthCheck *check = message_alloc(message, sizeof *check);

        log_warn("The type of health check is not set; use of 'HealthCheck' "
                 "without specifying 'type' will be deprecated in Mesos 2.0");
        *check = *info->health_check;
        check->has_type = true;
        check->type = check->command ? V1__HEALTH_CHECK__TYPE__COMMAND
                                     : V1__HEALTH_CHECK__TYPE__HTTP;
        info->health_check = check;
    }
    return info;
}
