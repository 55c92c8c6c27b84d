/* SPDX-License-Identifier: Apache-2.0
 *
 * records.c - what an agent knows: frameworks, their executors, their tasks.
 *
 * Thread: the agent's turn. */
#include <config.h>

#include "agent/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "agent/sandbox_files.h"
#include "model/task_state.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static struct message *clone_extra(const struct V1__TaskInfo *);
static struct message *clone_status_extra(const V1__TaskStatus *);
static void drop_status_extra(struct task_status *);
static void encode_statuses(const struct task *, struct message *,
                            V1__Task *, const char *agent_id);
static void decode_resources(V1__Resource *const *, size_t n,
                             struct resources *ret);

/* --- tasks --- */

struct task *
record_task_create(struct executor *executor, const struct V1__TaskInfo *info,
                   struct message *order)
{
    struct task *task = xcalloc(1, sizeof *task);

    task->id = xstrdup(info->task_id->value);
    task->name = xstrdup(info->name);
    task->executor = executor;
    task->place = TASK_QUEUED;
    task->state = V1__TASK_STATE__TASK_STAGING;
    task->order = message_ref(order);
    task->info = info;
    task->extra = clone_extra(info);
    decode_resources(info->resources, info->n_resources, &task->resources);
    return task;
}

void
record_task_destroy(struct task *task)
{
    if (!task) {
        return;
    }
    resources_fini(&task->resources);
    vec_foreach (&task->statuses, it) {
        drop_status_extra(it);
    }
    vec_fini(&task->statuses);
    message_unref(task->extra);
    message_unref(task->order);
    message_unref(task->kill);
    free(task->name);
    free(task->container_id);
    free(task->id);
    free(task);
}

static void
take_container(struct task *task, const V1__ContainerStatus *status)
{
    const V1__ContainerID *id = status ? status->container_id : NULL;

    if (id && id->parent && !task->container_id) {
        task->container_id = xstrdup(id->value);
    }
}

/* A state that repeats replaces the one before, so that a task whose health
 * is reported for ever does not grow for ever. */
void
record_task_update(struct task *task, const struct V1__TaskStatus *status)
{
    struct task_status record = {
        .state = (int) status->state,
        .timestamp = status->timestamp,
        .healthy = status->has_healthy ? status->healthy : -1,
        .extra = clone_status_extra(status),
    };

    task->state = (int) status->state;
    take_container(task, status->container_status);
    if (task->statuses.n > 0 && vec_last(&task->statuses).state ==
                                    record.state) {
        drop_status_extra(&vec_last(&task->statuses));
        vec_last(&task->statuses) = record;
    } else {
        vec_push(&task->statuses, record);
    }
}

/* What a master that does not know the task wants to hear of, too. */
static struct message *
clone_status_extra(const V1__TaskStatus *from)
{
    struct message *m;
    V1__TaskStatus *status;

    if (!from->container_status && !from->check_status && !from->labels) {
        return NULL;
    }
    m = message_create(&v1__task_status__descriptor);
    status = message_root(m);
    if (from->container_status) {
        status->container_status =
            message_copy(m, &from->container_status->base);
    }
    if (from->check_status) {
        status->check_status = message_copy(m, &from->check_status->base);
    }
    if (from->labels) {
        status->labels = message_copy(m, &from->labels->base);
    }
    return m;
}

static void
drop_status_extra(struct task_status *status)
{
    message_unref(status->extra);
    status->extra = NULL;
}

void
record_task_delivered(struct task *task)
{
    task->place = TASK_LAUNCHED;
}

void
record_task_received(struct task *task)
{
    if (task->place == TASK_QUEUED) {
        task->place = TASK_LAUNCHED;
    }
    message_unref(task->order);
    task->order = NULL;
    task->info = NULL;
}

struct V1__Task *
record_task_encode(const struct task *task, struct message *m,
                   const char *agent_id)
{
    V1__Task *t = message_new(m, &v1__task__descriptor);

    if (task->extra) {
        *t = *(V1__Task *) message_root(task->extra);
        message_hold(m, task->extra);
    }
    t->name = message_strdup(m, task->name);
    t->task_id = message_new(m, &v1__task_id__descriptor);
    t->task_id->value = message_strdup(m, task->id);
    t->framework_id = message_new(m, &v1__framework_id__descriptor);
    t->framework_id->value = message_strdup(m, task->executor->framework->id);
    t->agent_id = message_new(m, &v1__agent_id__descriptor);
    t->agent_id->value = message_strdup(m, agent_id);
    if (!task->executor->is_command) {
        t->executor_id = message_new(m, &v1__executor_id__descriptor);
        t->executor_id->value = message_strdup(m, task->executor->id);
    }
    t->state = (V1__TaskState) task->state;
    resources_encode(&task->resources, m, &t->resources, &t->n_resources);
    encode_statuses(task, m, t, agent_id);
    if (task->has_update) {
        t->has_status_update_state = true;
        t->status_update_state = (V1__TaskState) task->update_state;
        t->has_status_update_uuid = true;
        t->status_update_uuid.len = sizeof task->update_uuid.bytes;
        t->status_update_uuid.data =
            message_alloc(m, sizeof task->update_uuid.bytes);
        memcpy(t->status_update_uuid.data, task->update_uuid.bytes,
               sizeof task->update_uuid.bytes);
    }
    return t;
}

/* What of the TaskInfo a Task has besides ids, state and resources. */
static struct message *
clone_extra(const struct V1__TaskInfo *info)
{
    const char *user = info->command ? info->command->user : NULL;

    if (!info->labels && !info->discovery && !info->container &&
        !info->health_check && !info->kill_policy && !user &&
        info->n_limits == 0) {
        return NULL;
    }

    V1__Task task = V1__TASK__INIT;
    task.labels = info->labels;
    task.discovery = info->discovery;
    task.container = info->container;
    task.health_check = info->health_check;
    task.kill_policy = info->kill_policy;
    task.user = (char *) user;

    struct message *m = message_clone(&task.base);
    V1__Task *root = message_root(m);
    root->limits = message_array(m, info->n_limits, sizeof *root->limits);
    root->n_limits = info->n_limits;
    for (size_t i = 0; i < info->n_limits; i++) {
        V1__Task__LimitsEntry *entry =
            message_new(m, &v1__task__limits_entry__descriptor);

        entry->key = message_strdup(m, info->limits[i]->key);
        entry->value = message_copy(m, &info->limits[i]->value->base);
        root->limits[i] = entry;
    }
    return m;
}

static void
encode_statuses(const struct task *task, struct message *m, V1__Task *t,
                const char *agent_id)
{
    t->n_statuses = task->statuses.n;
    t->statuses = message_array(m, t->n_statuses, sizeof *t->statuses);
    for (size_t i = 0; i < t->n_statuses; i++) {
        const struct task_status *record = &task->statuses.data[i];
        V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

        status->task_id = t->task_id;
        status->agent_id = message_new(m, &v1__agent_id__descriptor);
        status->agent_id->value = message_strdup(m, agent_id);
        status->state = (V1__TaskState) record->state;
        status->has_timestamp = true;
        status->timestamp = record->timestamp;
        status->has_healthy = record->healthy >= 0;
        status->healthy = record->healthy > 0;
        if (record->extra) {
            const V1__TaskStatus *extra = message_root(record->extra);

            status->container_status = extra->container_status;
            status->check_status = extra->check_status;
            status->labels = extra->labels;
            message_hold(m, record->extra);
        }
        t->statuses[i] = status;
    }
}

/* --- executors --- */

struct executor *
record_executor_create(struct framework *framework, struct message *message,
                       const char *container_id, const char *directory)
{
    struct executor *executor = xcalloc(1, sizeof *executor);
    const V1__ExecutorInfo *info = message_root(message);

    executor->id = xstrdup(info->executor_id->value);
    executor->container_id = xstrdup(container_id);
    executor->directory = xstrdup(directory);
    executor->framework = framework;
    executor->info = message_ref(message);
    executor->name = xstrdup(info->name ? info->name : "");
    executor->source = xstrdup(info->source ? info->source : "");
    executor->role = xstrdup(record_allocation_role(info->resources,
                                                    info->n_resources));
    executor->type = info->has_type ? (int) info->type : -1;
    executor->state = EXECUTOR_REGISTERING;
    decode_resources(info->resources, info->n_resources,
                     &executor->resources);
    return executor;
}

void
record_executor_destroy(struct executor *executor)
{
    if (!executor) {
        return;
    }
    sandbox_files_hide(executor);
    records_foreach (executor->tasks, task) {
        records_remove_task(executor, task);
        record_task_destroy(task);
    }
    vec_foreach (&executor->completed, it) {
        record_task_destroy(*it);
    }
    vec_fini(&executor->completed);
    resources_fini(&executor->resources);
    message_unref(executor->info);
    free(executor->failure_text);
    free(executor->name);
    free(executor->source);
    free(executor->role);
    free(executor->directory);
    free(executor->container_id);
    free(executor->id);
    free(executor);
}

const struct V1__ExecutorInfo *
record_executor_info(const struct executor *executor)
{
    return executor->info ? message_root(executor->info) : NULL;
}

const char *
record_allocation_role(V1__Resource *const *resources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (resources[i]->allocation_info &&
            resources[i]->allocation_info->role) {
            return resources[i]->allocation_info->role;
        }
    }
    return "*";
}

bool
record_executor_has_incomplete_tasks(const struct executor *executor)
{
    return executor->tasks != NULL;
}

bool
record_executor_has_completed(const struct executor *executor,
                              const char *task_id)
{
    if (records_find_task(executor, task_id)) {
        return false;
    }
    vec_foreach (&executor->completed, it) {
        if (strcmp((*it)->id, task_id) == 0) {
            return true;
        }
    }
    return false;
}

bool
record_executor_has_queued_tasks(const struct executor *executor)
{
    records_foreach (executor->tasks, task) {
        if (task->place == TASK_QUEUED) {
            return true;
        }
    }
    return false;
}

void
record_executor_complete_task(struct executor *executor, struct task *task)
{
    records_remove_task(executor, task);
    task->place = TASK_COMPLETED;
    for (size_t i = 0; i + 1 < task->statuses.n; i++) {
        drop_status_extra(&task->statuses.data[i]);
    }
    if (executor->completed.n == EXECUTOR_COMPLETED_TASKS_MAX) {
        record_task_destroy(executor->completed.data[0]);
        vec_remove(&executor->completed, 0);
    }
    vec_push(&executor->completed, task);
}

const char *
record_executor_text(const struct executor *executor,
                     char buffer[EXECUTOR_TEXT_SIZE])
{
    bool has_upid = !upid_is_empty(&executor->upid);

    snprintf(buffer, EXECUTOR_TEXT_SIZE, "'%s' of framework %s%s%s",
             executor->id, executor->framework->id, has_upid ? " at " : "",
             has_upid ? UPID_TEXT(&executor->upid) : "");
    return buffer;
}

const char *
record_executor_state_name(enum executor_state state)
{
    static const char *const names[] = {
        [EXECUTOR_REGISTERING] = "REGISTERING",
        [EXECUTOR_RUNNING] = "RUNNING",
        [EXECUTOR_TERMINATING] = "TERMINATING",
        [EXECUTOR_TERMINATED] = "TERMINATED",
    };

    return names[state];
}

/* --- frameworks --- */

struct framework *
record_framework_create(const struct V1__FrameworkInfo *info)
{
    struct framework *framework = xcalloc(1, sizeof *framework);

    framework->id = xstrdup(info->id->value);
    framework->info = message_clone(&info->base);
    return framework;
}

void
record_framework_destroy(struct framework *framework)
{
    if (!framework) {
        return;
    }
    records_foreach (framework->executors, executor) {
        records_remove_executor(framework, executor);
        record_executor_destroy(executor);
    }
    vec_foreach (&framework->completed, it) {
        record_executor_destroy(*it);
    }
    vec_fini(&framework->completed);
    message_unref(framework->info);
    free(framework->pid);
    free(framework->id);
    free(framework);
}

const struct V1__FrameworkInfo *
record_framework_info(const struct framework *framework)
{
    return message_root(framework->info);
}

void
record_framework_set_info(struct framework *framework,
                          const struct V1__FrameworkInfo *info)
{
    struct message *clone = message_clone(&info->base);

    message_unref(framework->info);
    framework->info = clone;
}

void
record_framework_set_pid(struct framework *framework, const char *pid)
{
    free(framework->pid);
    framework->pid = pid && *pid ? xstrdup(pid) : NULL;
}

bool
record_framework_has_capability(const struct framework *framework,
                                int capability)
{
    const V1__FrameworkInfo *info = record_framework_info(framework);

    for (size_t i = 0; i < info->n_capabilities; i++) {
        if ((int) info->capabilities[i]->type == capability) {
            return true;
        }
    }
    return false;
}

void
record_framework_complete_executor(struct framework *framework,
                                   struct executor *executor, size_t max)
{
    records_remove_executor(framework, executor);
    if (!record_executor_info(executor)->labels) {
        message_unref(executor->info);
        executor->info = NULL;
    }
    vec_push(&framework->completed, executor);
    if (framework->completed.n > max) {
        record_executor_destroy(framework->completed.data[0]);
        vec_remove(&framework->completed, 0);
    }
}

/* The master has validated them; what still does not decode counts as
 * nothing. */
static void
decode_resources(V1__Resource *const *array, size_t n, struct resources *ret)
{
    struct error *error = resources_decode(array, n, ret);

    if (error) {
        log_warn("Ignoring resources that do not decode: %s",
                 error_text(error));
        error_destroy(error);
    }
}
