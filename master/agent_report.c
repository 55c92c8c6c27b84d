/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_report.c - whether what an agent says of itself holds together.
 *
 * The rules of Mesos' src/master/validation.cpp for ReregisterSlaveMessage. */
#include <config.h>

#include "master/agent_report.h"

#include <stdbool.h>
#include <string.h>

#include <actor/error.h>

#include "model/ids.h"
#include "model/task_state.h"

struct error *
agent_info_validate(const V1__AgentInfo *info, struct resources *ret_total)
{
    if (info->id) {
        struct error *error = id_validate(info->id->value);

        if (error) {
            return error;
        }
    }
    return resources_decode(info->resources, info->n_resources, ret_total);
}

static bool
lists_framework(const Internal__ReregisterAgent *body, const char *id)
{
    for (size_t i = 0; i < body->n_frameworks; i++) {
        if (!strcmp(body->frameworks[i]->id->value, id)) {
            return true;
        }
    }
    return false;
}

static struct error *
check_frameworks(const Internal__ReregisterAgent *body)
{
    for (size_t i = 0; i < body->n_frameworks; i++) {
        const V1__FrameworkInfo *info = body->frameworks[i];
        struct error *error;

        if (!info->id) {
            return error_create(ERROR_INVALID, "Framework has no ID");
        }
        error = id_validate(info->id->value);
        if (error) {
            return error_wrap(error, "Framework has an invalid ID");
        }
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(info->id->value, body->frameworks[j]->id->value)) {
                return error_create(ERROR_INVALID, "Framework has a duplicate "
                                    "FrameworkID: '%s'", info->id->value);
            }
        }
    }
    return NULL;
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
check_executors(const Internal__ReregisterAgent *body)
{
    if (body->n_executor_infos != body->n_executor_framework_ids) {
        return error_create(ERROR_INVALID, "Executors and their frameworks "
                            "are not equally many");
    }
    for (size_t i = 0; i < body->n_executor_infos; i++) {
        const V1__ExecutorInfo *executor = body->executor_infos[i];
        const char *framework = body->executor_framework_ids[i]->value;
        struct error *error = id_validate(executor->executor_id->value);

        if (!error && !lists_framework(body, framework)) {
            error = error_create(ERROR_INVALID, "Executor has an invalid "
                                 "FrameworkID '%s'", framework);
        }
        if (!error) {
            error = check_resources(executor->resources,
                                    executor->n_resources);
        }
        if (error) {
            return error;
        }
    }
    return NULL;
}

static struct error *
check_tasks(const Internal__ReregisterAgent *body)
{
    for (size_t i = 0; i < body->n_tasks; i++) {
        const V1__Task *task = body->tasks[i];
        struct error *error = id_validate(task->task_id->value);

        if (!error && strcmp(task->agent_id->value, body->agent->id->value)) {
            error = error_create(ERROR_INVALID, "Task has an invalid AgentID "
                                 "'%s'", task->agent_id->value);
        }
        if (!error && !lists_framework(body, task->framework_id->value)) {
            error = error_create(ERROR_INVALID, "Task has an invalid "
                                 "FrameworkID '%s'",
                                 task->framework_id->value);
        }
        if (!error && !task_state_is_known((int) task->state)) {
            error = error_create(ERROR_INVALID, "Task '%s' is in an unknown "
                                 "state", task->task_id->value);
        }
        if (!error) {
            error = check_resources(task->resources, task->n_resources);
        }
        if (error) {
            return error;
        }
    }
    return NULL;
}

struct error *
agent_report_validate(const Internal__ReregisterAgent *body,
                      struct resources *ret_total)
{
    struct error *error;

    if (!body->agent->id) {
        return error_create(ERROR_INVALID, "Agent has no ID");
    }
    error = check_frameworks(body);
    if (!error) {
        error = check_executors(body);
    }
    if (!error) {
        error = check_tasks(body);
    }
    return error ? error : agent_info_validate(body->agent, ret_total);
}
