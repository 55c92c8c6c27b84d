/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_report.c - whether what an agent says of itself holds together.
 *
 * The rules of Mesos' src/master/validation.cpp for ReregisterSlaveMessage. */
#include <config.h>

#include "master/agent_report.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/table.h>

#include "model/checkpointed_resources.h"
#include "model/ids.h"
#include "model/task_state.h"

/* Executors of one agent are looked up one after the other. */
#define MAX_EXECUTORS 16384

/* A framework in a report; keyed by its id. */
struct listed {
    UT_hash_handle hh;
};

struct report {
    const Internal__ReregisterAgent *body;  /* borrowed */
    struct listed *listed;      /* owned; one for each framework */
    struct listed *by_id;       /* table */
};

struct error *
agent_info_validate(const V1__AgentInfo *info,
                    V1__Resource *const *checkpointed, size_t n_checkpointed,
                    struct resources *ret_total)
{
    autofini(resources) base = { 0 };
    autofini(resources) remembered = { 0 };
    struct error *error;

    if (info->id) {
        error = id_validate(info->id->value);
        if (error) {
            return error;
        }
    }
    error = resources_decode(info->resources, info->n_resources, &base);
    if (!error) {
        error = error_wrap(resources_decode(checkpointed, n_checkpointed,
                                            &remembered),
                           "Checkpointed resources");
    }
    return error ? error : resources_apply_checkpointed(&base, &remembered,
                                                        ret_total);
}

static bool
lists_framework(const struct report *report, const char *id)
{
    struct listed *listed;

    HASH_FIND_STR(report->by_id, id, listed);
    return listed != NULL;
}

static struct error *
check_frameworks(struct report *report)
{
    const Internal__ReregisterAgent *body = report->body;

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
        if (lists_framework(report, info->id->value)) {
            return error_create(ERROR_INVALID, "Framework has a duplicate "
                                "FrameworkID: '%s'", info->id->value);
        }
        HASH_ADD_KEYPTR(hh, report->by_id, info->id->value,
                        strlen(info->id->value), &report->listed[i]);
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
check_executors(const struct report *report)
{
    const Internal__ReregisterAgent *body = report->body;

    if (body->n_executor_infos > MAX_EXECUTORS) {
        return error_create(ERROR_INVALID, "%zu executors are too many; at "
                            "most %d are allowed", body->n_executor_infos,
                            MAX_EXECUTORS);
    }
    if (body->n_executor_infos != body->n_executor_framework_ids) {
        return error_create(ERROR_INVALID, "Executors and their frameworks "
                            "are not equally many");
    }
    for (size_t i = 0; i < body->n_executor_infos; i++) {
        const V1__ExecutorInfo *executor = body->executor_infos[i];
        const char *framework = body->executor_framework_ids[i]->value;
        struct error *error = id_validate(executor->executor_id->value);

        if (!error && !lists_framework(report, framework)) {
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
check_task(const struct report *report, const V1__Task *task)
{
    const char *agent_id = report->body->agent->id->value;
    struct error *error = id_validate(task->task_id->value);

    if (!error && strcmp(task->agent_id->value, agent_id)) {
        error = error_create(ERROR_INVALID, "Task has an invalid AgentID "
                             "'%s'", task->agent_id->value);
    }
    if (!error && !task_state_is_known((int) task->state)) {
        error = error_create(ERROR_INVALID, "Task '%s' is in an unknown "
                             "state", task->task_id->value);
    }
    return error ? error : check_resources(task->resources,
                                           task->n_resources);
}

static struct error *
invalid_framework(const V1__Task *task)
{
    return error_create(ERROR_INVALID, "Task has an invalid FrameworkID '%s'",
                        task->framework_id->value);
}

static struct error *
check_tasks(const struct report *report)
{
    const Internal__ReregisterAgent *body = report->body;
    struct error *error = NULL;

    for (size_t i = 0; i < body->n_tasks && !error; i++) {
        const V1__Task *task = body->tasks[i];

        error = check_task(report, task);
        if (!error && !lists_framework(report, task->framework_id->value)) {
            error = invalid_framework(task);
        }
    }
    return error;
}

static struct error *
check_completed(const struct report *report,
                const Internal__CompletedFramework *from)
{
    const V1__FrameworkID *id = from->framework->id;
    struct error *error;

    if (!id) {
        return error_create(ERROR_INVALID, "Completed framework has no ID");
    }
    error = error_wrap(id_validate(id->value),
                       "Completed framework has an invalid ID");
    for (size_t i = 0; i < from->n_tasks && !error; i++) {
        error = check_task(report, from->tasks[i]);
        if (!error && strcmp(from->tasks[i]->framework_id->value,
                             id->value)) {
            error = invalid_framework(from->tasks[i]);
        }
    }
    return error;
}

struct error *
agent_report_validate(const Internal__ReregisterAgent *body,
                      struct resources *ret_total)
{
    struct report report = { .body = body };
    struct error *error;

    if (!body->agent->id) {
        return error_create(ERROR_INVALID, "Agent has no ID");
    }
    report.listed = alloc_array(body->n_frameworks + 1,
                                sizeof *report.listed);
    error = check_frameworks(&report);
    if (!error) {
        error = check_executors(&report);
    }
    if (!error) {
        error = check_tasks(&report);
    }
    for (size_t i = 0; i < body->n_completed_frameworks && !error; i++) {
        error = check_completed(&report, body->completed_frameworks[i]);
    }
    HASH_CLEAR(hh, report.by_id);
    free(report.listed);
    return error ? error
        : agent_info_validate(body->agent, body->checkpointed_resources,
                              body->n_checkpointed_resources, ret_total);
}
