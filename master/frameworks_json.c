/* SPDX-License-Identifier: Apache-2.0
 *
 * frameworks_json.c - frameworks, as the master's legacy endpoints show
 * them.
 *
 * Members and their order are those of Mesos' src/master/readonly_handler.cpp
 * and http.cpp, for whatever exists here. */
#include <config.h>

#include "master/state_json.h"

#include <actor/json.h>
#include <actor/message.h>
#include <utlist.h>

#include "master/private.h"
#include "model/resources.h"

static void
sum_framework_used(struct master *m, const struct framework *f,
                   struct resources *sum)
{
    const struct task *task = NULL;
    const struct agent *agent = NULL;

    while ((task = framework_next_task(f, task)) != NULL) {
        if (task->holds_resources) {
            resources_add(sum, &task->resources);
        }
    }
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        const struct executor *executor;

        DL_FOREACH(agent->executors, executor) {
            if (executor->framework == f) {
                resources_add(sum, &executor->resources);
            }
        }
    }
}

static void
sum_framework_offered(const struct framework *f, struct resources *sum)
{
    const struct offer *offer;

    DL_FOREACH2(f->offers, offer, framework_next) {
        resources_add(sum, &offer->resources);
    }
}

static void
write_head(struct json_writer *w, const struct framework *f,
           const struct resources *used, const struct resources *offered)
{
    json_member_string(w, "id", f->id);
    json_member_string(w, "name", f->info->name);
    if (f->has_pid) {
        json_member_string(w, "pid", f->pid_text);
    }
    resources_write_member(used, w, "used_resources");
    resources_write_member(offered, w, "offered_resources");
    json_key(w, "capabilities");
    json_array_begin(w);
    for (size_t i = 0; i < f->info->n_capabilities; i++) {
        const char *name = message_enum_name(
            &v1__framework_info__capability__type__descriptor,
            (int) f->info->capabilities[i]->type);

        json_string(w, name ? name : "UNKNOWN");
    }
    json_array_end(w);
    json_member_string(w, "hostname",
                       f->info->hostname ? f->info->hostname : "");
    json_member_string(w, "webui_url",
                       f->info->webui_url ? f->info->webui_url : "");
    json_member_bool(w, "active", f->active);
    json_member_bool(w, "connected", f->state == FRAMEWORK_CONNECTED);
    json_member_bool(w, "recovered", f->state == FRAMEWORK_RECOVERED);
}

void
framework_write_members(struct master *m, struct json_writer *w,
                        const struct framework *f)
{
    struct resources used = { 0 };
    struct resources offered = { 0 };

    sum_framework_used(m, f, &used);
    sum_framework_offered(f, &offered);
    write_head(w, f, &used, &offered);
    resources_fini(&used);
    resources_fini(&offered);
}

static void
write_task_table(struct json_writer *w, const struct framework *f)
{
    const struct task *task = NULL;

    json_key(w, "tasks");
    json_array_begin(w);
    while ((task = framework_next_task(f, task)) != NULL) {
        task_write_json(w, task);
    }
    json_array_end(w);
}

static void
write_task_list(struct json_writer *w, const char *key,
                const struct task_list *list)
{
    const struct task *task;

    json_key(w, key);
    json_array_begin(w);
    DL_FOREACH(list->first, task) {
        task_write_json(w, task);
    }
    json_array_end(w);
}

static void
write_offers(struct json_writer *w, const struct framework *f)
{
    const struct offer *offer;

    json_key(w, "offers");
    json_array_begin(w);
    DL_FOREACH2(f->offers, offer, framework_next) {
        json_object_begin(w);
        json_member_string(w, "id", offer->id);
        json_member_string(w, "framework_id", f->id);
        json_key(w, "allocation_info");
        json_object_begin(w);
        json_member_string(w, "role", offer->role);
        json_object_end(w);
        json_member_string(w, "slave_id", offer->agent->id->s);
        resources_write_member(&offer->resources, w, "resources");
        json_object_end(w);
    }
    json_array_end(w);
}

static void
write_command(struct json_writer *w, const V1__CommandInfo *command)
{
    json_object_begin(w);
    if (command->has_shell) {
        json_member_bool(w, "shell", command->shell != 0);
    }
    if (command->value) {
        json_member_string(w, "value", command->value);
    }
    json_key(w, "argv");
    json_array_begin(w);
    for (size_t i = 0; i < command->n_arguments; i++) {
        json_string(w, command->arguments[i]);
    }
    json_array_end(w);
    if (command->environment) {
        json_key(w, "environment");
        message_write_json(&command->environment->base, w);
    }
    json_key(w, "uris");
    json_array_begin(w);
    for (size_t i = 0; i < command->n_uris; i++) {
        json_object_begin(w);
        json_member_string(w, "value", command->uris[i]->value);
        json_member_bool(w, "executable", command->uris[i]->executable != 0);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

static void
write_labels(struct json_writer *w, const V1__Labels *labels)
{
    json_key(w, "labels");
    json_array_begin(w);
    for (size_t i = 0; i < labels->n_labels; i++) {
        message_write_json(&labels->labels[i]->base, w);
    }
    json_array_end(w);
}

static void
write_executor(struct json_writer *w, const struct executor *executor,
               const struct agent *agent)
{
    const V1__ExecutorInfo *info = executor->info;

    json_object_begin(w);
    json_member_string(w, "executor_id", executor->id);
    json_member_string(w, "name", info->name ? info->name : "");
    json_member_string(w, "framework_id", executor->framework->id);
    if (info->command) {
        json_key(w, "command");
        write_command(w, info->command);
    }
    resources_write_member(&executor->resources, w, "resources");
    json_member_string(w, "role", executor->role);
    if (info->labels) {
        write_labels(w, info->labels);
    }
    if (info->has_type) {
        json_member_string(w, "type", message_enum_name(
            &v1__executor_info__type__descriptor, (int) info->type));
    }
    json_member_string(w, "slave_id", agent->id->s);
    json_object_end(w);
}

static void
write_executors(struct master *m, struct json_writer *w,
                const struct framework *f)
{
    const struct agent *agent = NULL;

    json_key(w, "executors");
    json_array_begin(w);
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        const struct executor *executor;

        DL_FOREACH(agent->executors, executor) {
            if (executor->framework == f) {
                write_executor(w, executor, agent);
            }
        }
    }
    json_array_end(w);
}

static void
write_roles(struct json_writer *w, const struct framework *f)
{
    if (!f->is_multi_role) {
        json_member_string(w, "role", framework_role(f, 0));
        return;
    }
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t i = 0; i < framework_n_roles(f); i++) {
        json_string(w, framework_role(f, i));
    }
    json_array_end(w);
}

static void
write_framework(struct master *m, struct json_writer *w,
                const struct framework *f)
{
    struct resources all = { 0 };
    struct resources offered = { 0 };

    sum_framework_used(m, f, &all);
    sum_framework_offered(f, &offered);
    json_object_begin(w);
    write_head(w, f, &all, &offered);
    json_member_string(w, "user", f->info->user);
    json_member_double(w, "failover_timeout", f->info->failover_timeout);
    json_member_bool(w, "checkpoint", f->info->checkpoint != 0);
    json_member_double(w, "registered_time", f->registered_time);
    json_member_double(w, "unregistered_time", f->unregistered_time);
    if (f->info->principal) {
        json_member_string(w, "principal", f->info->principal);
    }
    resources_add(&all, &offered);
    resources_write_member(&all, w, "resources");
    resources_fini(&all);
    resources_fini(&offered);
    if (f->reregistered_time > f->registered_time) {
        json_member_double(w, "reregistered_time", f->reregistered_time);
    }
    write_roles(w, f);
    write_task_table(w, f);
    write_task_list(w, "unreachable_tasks", &f->unreachable);
    write_task_list(w, "completed_tasks", &f->completed);
    write_offers(w, f);
    write_executors(m, w, f);
    if (f->info->labels) {
        write_labels(w, f->info->labels);
    }
    json_key(w, "offer_constraints");
    if (f->constraints) {
        message_write_json(message_root(f->constraints), w);
    } else {
        json_object_begin(w);
        json_object_end(w);
    }
    json_object_end(w);
}

void
frameworks_write_members(struct master *m, struct json_writer *w,
                         const char *wanted)
{
    const struct framework *f = NULL;

    json_key(w, "frameworks");
    json_array_begin(w);
    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        if (id_is_wanted(wanted, f->id)) {
            write_framework(m, w, f);
        }
    }
    json_array_end(w);
    json_key(w, "completed_frameworks");
    json_array_begin(w);
    while ((f = frameworks_next_completed(&m->frameworks, f)) != NULL) {
        if (id_is_wanted(wanted, f->id)) {
            write_framework(m, w, f);
        }
    }
    json_array_end(w);
}

void
frameworks_write_json(struct master *m, struct json_writer *w,
                      const char *framework_id)
{
    json_object_begin(w);
    frameworks_write_members(m, w, framework_id);
    json_member_empty_array(w, "unregistered_frameworks");
    json_object_end(w);
}
