/* SPDX-License-Identifier: Apache-2.0
 *
 * task.c - what the master keeps of a task.
 *
 * The history of statuses is bounded: a task that goes back and forth between
 * states for ever does not grow for ever. */
#include <config.h>

#include "master/task.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>

/* Runs of states that are kept; the oldest go first. */
#define MAX_STATUSES 64

static struct task_extra *extra_create(void);
static char *json_of(const void *message);
static char *json_of_labels(const V1__Labels *);
static char *json_of_map(const void *const *entries, size_t n);

static struct task *
task_create(const char *id, const char *name, const char *agent_id,
            const struct resources *resources, const char *role)
{
    struct task *task = xcalloc(1, sizeof *task);

    task->id = xstrdup(id);
    task->name = strcmp(id, name) ? xstrdup(name) : task->id;
    task->agent_id = text_create(agent_id);
    task->role = text_create(role);
    resources_init_copy(&task->resources, resources);
    task->state = V1__TASK_STATE__TASK_STAGING;
    return task;
}

struct task *
task_create_from_info(const V1__TaskInfo *info, const char *command_user,
                      const struct resources *resources, const char *role)
{
    struct task *task = task_create(info->task_id->value, info->name,
                                    info->agent_id->value, resources, role);

    if (info->executor) {
        task->executor_id = xstrdup(info->executor->executor_id->value);
    }
    if (command_user || info->n_limits || info->labels || info->discovery
        || info->container || info->health_check) {
        task->extra = extra_create();
        task->extra->user = command_user ? xstrdup(command_user) : NULL;
        task->extra->limits = json_of_map(
            (const void *const *) info->limits, info->n_limits);
        task->extra->labels = json_of_labels(info->labels);
        task->extra->discovery = json_of(info->discovery);
        task->extra->container = json_of(info->container);
        task->extra->health_check = json_of(info->health_check);
    }
    return task;
}

struct task *
task_create_from_task(const V1__Task *from, const struct resources *resources,
                      const char *role)
{
    struct task *task = task_create(from->task_id->value, from->name,
                                    from->agent_id->value, resources, role);

    if (from->executor_id && from->executor_id->value[0] != '\0') {
        task->executor_id = xstrdup(from->executor_id->value);
    }
    if (from->user || from->n_limits || from->labels || from->discovery
        || from->container || from->health_check) {
        task->extra = extra_create();
        task->extra->user = from->user ? xstrdup(from->user) : NULL;
        task->extra->limits = json_of_map(
            (const void *const *) from->limits, from->n_limits);
        task->extra->labels = json_of_labels(from->labels);
        task->extra->discovery = json_of(from->discovery);
        task->extra->container = json_of(from->container);
        task->extra->health_check = json_of(from->health_check);
    }
    for (size_t i = 0; i < from->n_statuses; i++) {
        task_add_status(task, from->statuses[i]);
    }
    task->state = (uint8_t) from->state;
    if (from->has_status_update_state && from->has_status_update_uuid
        && from->status_update_uuid.len == TASK_UUID_SIZE) {
        task_note_sent(task, from->status_update_state,
                       from->status_update_uuid.data);
    }
    return task;
}

static void
status_fini(struct task_status *status)
{
    text_unref(status->container_status);
    text_unref(status->labels);
    text_unref(status->check_status);
}

void
task_destroy(struct task *task)
{
    if (!task) {
        return;
    }
    for (unsigned i = 0; i < task->n_statuses; i++) {
        status_fini(&task->statuses[i]);
    }
    free(task->statuses);
    if (task->extra) {
        free(task->extra->user);
        free(task->extra->limits);
        free(task->extra->labels);
        free(task->extra->discovery);
        free(task->extra->container);
        free(task->extra->health_check);
        free(task->extra);
    }
    if (task->name != task->id) {
        free(task->name);
    }
    free(task->id);
    free(task->executor_id);
    text_unref(task->agent_id);
    text_unref(task->role);
    resources_fini(&task->resources);
    free(task);
}

/* --- history --- */

/* As /state shows it: the executor's pid is not part of it. */
static struct text *
container_status_text(const V1__ContainerStatus *status)
{
    V1__ContainerStatus shown;
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    if (!status) {
        return NULL;
    }
    shown = *status;
    shown.has_executor_pid = 0;
    message_encode_json(&shown.base, &json);
    return text_create_n(json.data, json.len);
}

static struct text *
text_of(char *json)
{
    struct text *text = json ? text_create(json) : NULL;

    free(json);
    return text;
}

/* Most statuses of a task have the same container status: keep one copy. */
static void
share_text(struct text **text, struct text *other)
{
    if (*text && other && (*text)->len == other->len
        && !memcmp((*text)->s, other->s, other->len)) {
        text_unref(*text);
        *text = text_ref(other);
    }
}

void
task_add_status(struct task *task, const V1__TaskStatus *from)
{
    struct task_status *last =
        task->n_statuses ? &task->statuses[task->n_statuses - 1] : NULL;
    struct task_status status = {
        .timestamp = from->timestamp,
        .container_status = container_status_text(from->container_status),
        .labels = text_of(json_of_labels(from->labels)),
        .check_status = text_of(json_of(from->check_status)),
        .state = (uint8_t) from->state,
        .healthy = (int8_t) (from->has_healthy ? from->healthy != 0 : -1),
    };

    if (last) {
        share_text(&status.container_status, last->container_status);
    }
    if (last && last->state == status.state) {
        status_fini(last);
        *last = status;
        return;
    }
    if (task->n_statuses == MAX_STATUSES) {
        status_fini(&task->statuses[0]);
        memmove(task->statuses, task->statuses + 1,
                (MAX_STATUSES - 1) * sizeof *task->statuses);
        task->n_statuses--;
    } else {
        task->statuses = xrealloc(task->statuses,
                                  (task->n_statuses + 1u)
                                  * sizeof *task->statuses);
    }
    task->statuses[task->n_statuses++] = status;
}

void
task_note_sent(struct task *task, V1__TaskState state, const uint8_t *uuid)
{
    task->has_sent_status = true;
    task->sent_state = (uint8_t) state;
    memcpy(task->sent_uuid, uuid, TASK_UUID_SIZE);
}

/* --- JSON of what only endpoints show --- */

static struct task_extra *
extra_create(void)
{
    return xcalloc(1, sizeof(struct task_extra));
}

static char *
json_of(const void *message)
{
    struct strbuf json = STRBUF(STRBUF_UNLIMITED);

    if (!message) {
        return NULL;
    }
    message_encode_json(message, &json);
    return strbuf_take(&json);
}

/* An array, as the endpoints have had it before messages were shown as they
 * are. */
static char *
json_of_labels(const V1__Labels *labels)
{
    struct strbuf json = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&json);

    if (!labels) {
        return NULL;
    }
    json_array_begin(&w);
    for (size_t i = 0; i < labels->n_labels; i++) {
        message_write_json(&labels->labels[i]->base, &w);
    }
    json_array_end(&w);
    return strbuf_take(&json);
}

/* The map of limits; both declarations of its entries have this shape. */
static char *
json_of_map(const void *const *entries, size_t n)
{
    struct strbuf json = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&json);

    if (n == 0) {
        return NULL;
    }
    json_object_begin(&w);
    for (size_t i = 0; i < n; i++) {
        const V1__TaskInfo__LimitsEntry *entry = entries[i];

        json_member_double(&w, entry->key,
                           entry->value ? entry->value->value : 0.0);
    }
    json_object_end(&w);
    return strbuf_take(&json);
}
