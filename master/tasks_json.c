/* SPDX-License-Identifier: Apache-2.0
 *
 * tasks_json.c - tasks, as the master's legacy endpoints show them.
 *
 * Members and their order are those of Mesos' src/master/readonly_handler.cpp
 * and http.cpp, for whatever exists here. */
#include <config.h>

#include "master/state_json.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/vec.h>
#include <utlist.h>

#include "master/private.h"
#include "model/resources.h"
#include "model/task_state.h"

static void
write_raw(struct json_writer *w, const char *key, const char *json)
{
    if (json) {
        json_key(w, key);
        json_raw(w, json, strlen(json));
    }
}

static void
write_status(struct json_writer *w, const struct task_status *status)
{
    json_object_begin(w);
    json_member_string(w, "state", task_state_name(status->state));
    json_member_double(w, "timestamp", status->timestamp);
    if (status->labels) {
        json_key(w, "labels");
        json_raw(w, status->labels->s, status->labels->len);
    }
    if (status->container_status) {
        json_key(w, "container_status");
        json_raw(w, status->container_status->s,
                 status->container_status->len);
    }
    if (status->healthy >= 0) {
        json_member_bool(w, "healthy", status->healthy != 0);
    }
    json_object_end(w);
}

void
task_write_json(struct json_writer *w, const struct task *task)
{
    const struct task_extra *extra = task->extra;

    json_object_begin(w);
    json_member_string(w, "id", task->id);
    json_member_string(w, "name", task->name);
    json_member_string(w, "framework_id", task->framework->id);
    json_member_string(w, "executor_id",
                       task->executor_id ? task->executor_id : "");
    json_member_string(w, "slave_id", task->agent_id->s);
    json_member_string(w, "state", task_state_name(task->state));
    resources_write_member(&task->resources, w, "resources");
    if (extra) {
        write_raw(w, "limits", extra->limits);
    }
    json_member_string(w, "role", task->role->s);
    json_key(w, "statuses");
    json_array_begin(w);
    for (unsigned i = 0; i < task->n_statuses; i++) {
        write_status(w, &task->statuses[i]);
    }
    json_array_end(w);
    if (extra) {
        if (extra->user) {
            json_member_string(w, "user", extra->user);
        }
        write_raw(w, "labels", extra->labels);
        write_raw(w, "discovery", extra->discovery);
        write_raw(w, "container", extra->container);
        write_raw(w, "health_check", extra->health_check);
    }
    json_object_end(w);
}

/* --- /tasks --- */

static bool
task_is_wanted(const struct tasks_query *query, const struct task *task)
{
    return id_is_wanted(query->framework_id, task->framework->id)
        && id_is_wanted(query->task_id, task->id);
}

static double
first_time(const struct task *task)
{
    return task->n_statuses > 0 ? task->statuses[0].timestamp : 0.0;
}

static int
compare_tasks(const void *a, const void *b)
{
    const struct task *const *x = a;
    const struct task *const *y = b;
    double s = first_time(*x);
    double t = first_time(*y);

    return s < t ? -1 : s > t;
}

struct task_collection {
    const struct task **data;
    size_t n;
    size_t capacity;
};

static void
collect_tasks(struct task_collection *tasks, const struct framework *f,
              const struct tasks_query *query)
{
    const struct task *task = NULL;

    while ((task = framework_next_task(f, task)) != NULL) {
        if (task_is_wanted(query, task)) {
            vec_push(tasks, task);
        }
    }
    DL_FOREACH(f->unreachable.first, task) {
        if (task_is_wanted(query, task)) {
            vec_push(tasks, task);
        }
    }
    DL_FOREACH(f->completed.first, task) {
        if (task_is_wanted(query, task)) {
            vec_push(tasks, task);
        }
    }
}

void
tasks_write_json(struct master *m, struct json_writer *w,
                 const struct tasks_query *query)
{
    struct task_collection tasks = VEC_EMPTY;
    const struct framework *f = NULL;

    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        collect_tasks(&tasks, f, query);
    }
    while ((f = frameworks_next_completed(&m->frameworks, f)) != NULL) {
        collect_tasks(&tasks, f, query);
    }
    if (tasks.n > 0) {
        qsort(tasks.data, tasks.n, sizeof *tasks.data, compare_tasks);
    }
    json_object_begin(w);
    json_key(w, "tasks");
    json_array_begin(w);
    for (size_t i = query->offset;
         i < tasks.n && i - query->offset < query->limit; i++) {
        task_write_json(w, tasks.data[query->ascending ? i : tasks.n - 1 - i]);
    }
    json_array_end(w);
    json_object_end(w);
    vec_fini(&tasks);
}
