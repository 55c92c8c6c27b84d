/* SPDX-License-Identifier: Apache-2.0
 *
 * framework_table.c - frameworks, by id and by the UPID of their scheduler,
 * with their tasks.
 *
 * The table by UPID is keyed by the UPID's text, so that the hints in a UPID
 * take no part. */
#include <config.h>

/* FrameworkInfo.role is deprecated, and still what most frameworks set. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "master/framework_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <utlist.h>

#include "master/framework_metrics.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

/* How many replaced schedulers are remembered, each of which may still be
 * trying to come back. */
#define MAX_FORMER 16

static void framework_read_info(struct framework *);
static void framework_update_text(struct framework *);

struct framework *
framework_create(struct message *info_message)
{
    struct framework *f = xcalloc(1, sizeof *f);
    const V1__FrameworkInfo *info = message_root(info_message);

    f->id = xstrdup(info->id->value);
    f->state = FRAMEWORK_RECOVERED;
    framework_set_info(f, info_message);
    return f;
}

void
framework_destroy(struct framework *f)
{
    struct task *task, *next;

    if (!f) {
        return;
    }
    HASH_ITER(hh, f->tasks, task, next) {
        framework_take_task(f, task);
        task_destroy(task);
    }
    task_list_fini(&f->completed);
    task_list_fini(&f->unreachable);
    text_unref(f->task_role);
    framework_metrics_destroy(f->metrics);
    framework_count_messages(f, NULL);
    message_unref(f->info_message);
    message_unref(f->constraints);
    vec_fini(&f->former);
    free(f->text);
    free(f->id);
    free(f);
}

void
framework_set_info(struct framework *f, struct message *info_message)
{
    message_unref(f->info_message);
    f->info_message = info_message;
    f->info = message_root(info_message);
    framework_read_info(f);
    framework_update_text(f);
}

void
framework_set_constraints(struct framework *f,
                          const struct Scheduler__OfferConstraints *source)
{
    message_unref(f->constraints);
    f->constraints = source ? message_clone(&source->base) : NULL;
}

bool
framework_has_capability(const struct framework *f,
                         V1__FrameworkInfo__Capability__Type type)
{
    for (size_t i = 0; i < f->info->n_capabilities; i++) {
        if (f->info->capabilities[i]->type == type) {
            return true;
        }
    }
    return false;
}

static void
framework_read_info(struct framework *f)
{
    f->is_multi_role = framework_has_capability(
        f, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE);
    f->is_partition_aware = framework_has_capability(
        f, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);
    f->wants_gpus = framework_has_capability(
        f, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__GPU_RESOURCES);
}

static void
framework_update_text(struct framework *f)
{
    free(f->text);
    f->text = f->has_pid
        ? xasprintf("%s (%s) at %s", f->id, f->info->name, f->pid_text)
        : xasprintf("%s (%s)", f->id, f->info->name);
}

void
framework_count_messages(struct framework *f, struct metrics *registry)
{
    const char *principal = f->info->principal;

    if (f->messages_received) {
        metrics_remove(f->metrics_registry, &f->messages_received);
        metrics_remove(f->metrics_registry, &f->messages_processed);
    }
    if (registry && principal) {
        autofree char *received = xasprintf("frameworks/%s/messages_received",
                                            principal);
        autofree char *processed =
            xasprintf("frameworks/%s/messages_processed", principal);

        f->metrics_registry = registry;
        f->messages_received = metrics_add_counter(registry, received);
        f->messages_processed = metrics_add_counter(registry, processed);
    }
}

bool
framework_was_at(const struct framework *f, const struct upid *pid)
{
    for (size_t i = 0; i < f->former.n; i++) {
        if (upid_is_same(&f->former.data[i], pid)) {
            return true;
        }
    }
    return false;
}

size_t
framework_n_roles(const struct framework *f)
{
    return f->is_multi_role ? f->info->n_roles : 1;
}

const char *
framework_role(const struct framework *f, size_t i)
{
    if (f->is_multi_role) {
        return f->info->roles[i];
    }
    return f->info->role ? f->info->role : "*";
}

bool
framework_has_role(const struct framework *f, const char *role)
{
    for (size_t i = 0; i < framework_n_roles(f); i++) {
        if (!strcmp(framework_role(f, i), role)) {
            return true;
        }
    }
    return false;
}

/* --- the table --- */

struct framework *
frameworks_find(const struct frameworks *t, const char *id)
{
    struct framework *f;

    HASH_FIND_STR(t->by_id, id, f);
    return f;
}

struct framework *
frameworks_find_pid(const struct frameworks *t, const struct upid *pid)
{
    char text[UPID_TEXT_SIZE];
    struct framework *f;

    upid_format(pid, text);
    HASH_FIND(hh_pid, t->by_pid, text, strlen(text), f);
    return f;
}

struct framework *
frameworks_find_completed(const struct frameworks *t, const char *id)
{
    struct framework *f;

    HASH_FIND_STR(t->completed, id, f);
    return f;
}

struct framework *
frameworks_next(const struct frameworks *t, const struct framework *f)
{
    return f ? f->hh.next : t->by_id;
}

size_t
frameworks_count(const struct frameworks *t)
{
    return HASH_COUNT(t->by_id);
}

void
frameworks_add(struct frameworks *t, struct framework *f)
{
    HASH_ADD_KEYPTR(hh, t->by_id, f->id, strlen(f->id), f);
}

static void
note_former(struct framework *f)
{
    if (f->former.n == MAX_FORMER) {
        vec_remove(&f->former, 0);
    }
    vec_push(&f->former, f->pid);
}

void
frameworks_set_pid(struct frameworks *t, struct framework *f,
                   const struct upid *pid)
{
    if (f->has_pid) {
        HASH_DELETE(hh_pid, t->by_pid, f);
    }
    f->has_pid = pid != NULL;
    if (pid) {
        if (!upid_is_empty(&f->pid) && !upid_equal(&f->pid, pid)) {
            note_former(f);
        }
        f->pid = *pid;
        upid_format(pid, f->pid_text);
        HASH_ADD_KEYPTR(hh_pid, t->by_pid, f->pid_text, strlen(f->pid_text),
                        f);
    }
    framework_update_text(f);
}

static void
completed_drop(struct frameworks *t, struct framework *f)
{
    HASH_DEL(t->completed, f);
    framework_destroy(f);
}

void
frameworks_complete(struct frameworks *t, struct framework *f,
                    size_t max_completed)
{
    frameworks_set_pid(t, f, NULL);
    HASH_DEL(t->by_id, f);
    if (max_completed == 0) {
        framework_destroy(f);
        return;
    }
    while (HASH_COUNT(t->completed) >= max_completed) {
        completed_drop(t, t->completed);
    }
    HASH_ADD_KEYPTR(hh, t->completed, f->id, strlen(f->id), f);
}

struct framework *
frameworks_next_completed(const struct frameworks *t,
                          const struct framework *f)
{
    return f ? f->hh.next : t->completed;
}

void
frameworks_fini(struct frameworks *t)
{
    while (t->by_id) {
        struct framework *f = t->by_id;

        frameworks_set_pid(t, f, NULL);
        HASH_DEL(t->by_id, f);
        framework_destroy(f);
    }
    while (t->completed) {
        completed_drop(t, t->completed);
    }
}

/* --- a framework's tasks --- */

struct task *
framework_find_task(const struct framework *f, const char *id)
{
    struct task *task;

    HASH_FIND_STR(f->tasks, id, task);
    return task;
}

struct task *
framework_next_task(const struct framework *f, const struct task *task)
{
    return task ? task->hh.next : f->tasks;
}

void
framework_add_task(struct framework *f, struct task *task)
{
    task->framework = f;
    HASH_ADD_KEYPTR(hh, f->tasks, task->id, strlen(task->id), task);
}

void
framework_take_task(struct framework *f, struct task *task)
{
    HASH_DEL(f->tasks, task);
}

size_t
framework_n_tasks(const struct framework *f)
{
    return HASH_COUNT(f->tasks);
}

/* --- lists of tasks --- */

void
task_list_push(struct task_list *list, struct task *task, size_t max)
{
    if (max == 0) {
        task_destroy(task);
        return;
    }
    while (list->n >= max) {
        struct task *oldest = list->first;

        task_list_remove(list, oldest);
        task_destroy(oldest);
    }
    DL_APPEND(list->first, task);
    list->n++;
}

struct task *
task_list_find(const struct task_list *list, const char *id)
{
    struct task *task;

    DL_FOREACH(list->first, task) {
        if (!strcmp(task->id, id)) {
            return task;
        }
    }
    return NULL;
}

void
task_list_remove(struct task_list *list, struct task *task)
{
    DL_DELETE(list->first, task);
    list->n--;
}

void
task_list_fini(struct task_list *list)
{
    while (list->first) {
        struct task *task = list->first;

        task_list_remove(list, task);
        task_destroy(task);
    }
}
