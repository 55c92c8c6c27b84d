/* SPDX-License-Identifier: Apache-2.0
 *
 * state_json.c - what the master knows, as its legacy endpoints show it.
 *
 * Members and their order are those of Mesos' src/master/readonly_handler.cpp
 * and http.cpp, for whatever exists here. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/flags.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include <actor/version.h>
#include <utlist.h>

#include "master/private.h"
#include "model/reservations.h"
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
write_resources(struct json_writer *w, const char *key,
                const struct resources *resources)
{
    json_key(w, key);
    resources_write_json(resources, w);
}

/* Sums are made when they are shown.  Kept up to date they would have to come
 * out even, and what agents report need not: two tasks may say that they use
 * the same port. */
static void
sum_agent_used(const struct agent *agent, struct resources *sum)
{
    const struct task *task;
    const struct executor *executor;

    DL_FOREACH(agent->tasks.first, task) {
        if (task->holds_resources) {
            resources_add(sum, &task->resources);
        }
    }
    DL_FOREACH(agent->executors, executor) {
        resources_add(sum, &executor->resources);
    }
}

static void
sum_agent_offered(const struct agent *agent, struct resources *sum)
{
    const struct offer *offer;

    DL_FOREACH2(agent->offers, offer, agent_next) {
        resources_add(sum, &offer->resources);
    }
}

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

/* Resources as messages, as "..._full" shows them. */
static void
write_resources_full(struct json_writer *w, const struct resources *resources)
{
    struct message *message = message_create(&v1__offer__descriptor);
    V1__Resource **encoded;
    size_t n;

    resources_encode(resources, message, &encoded, &n);
    json_array_begin(w);
    for (size_t i = 0; i < n; i++) {
        message_write_json(&encoded[i]->base, w);
    }
    json_array_end(w);
    message_unref(message);
}

/* --- attributes --- */

static void
write_ranges(struct json_writer *w, const V1__Value__Ranges *ranges)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "[");
    for (size_t i = 0; ranges && i < ranges->n_range; i++) {
        strbuf_printf(&text, "%s%llu-%llu", i ? ", " : "",
                      (unsigned long long) ranges->range[i]->begin,
                      (unsigned long long) ranges->range[i]->end);
    }
    strbuf_append(&text, "]");
    json_string(w, text.data);
}

static void
write_set(struct json_writer *w, const V1__Value__Set *set)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "{");
    for (size_t i = 0; set && i < set->n_item; i++) {
        strbuf_printf(&text, "%s%s", i ? ", " : "", set->item[i]);
    }
    strbuf_append(&text, "}");
    json_string(w, text.data);
}

static void
write_attributes(struct json_writer *w, const V1__AgentInfo *info)
{
    json_key(w, "attributes");
    json_object_begin(w);
    for (size_t i = 0; i < info->n_attributes; i++) {
        const V1__Attribute *attribute = info->attributes[i];

        json_key(w, attribute->name);
        switch (attribute->type) {
        case V1__VALUE__TYPE__SCALAR:
            json_double(w, attribute->scalar ? attribute->scalar->value : 0);
            break;
        case V1__VALUE__TYPE__RANGES:
            write_ranges(w, attribute->ranges);
            break;
        case V1__VALUE__TYPE__SET:
            write_set(w, attribute->set);
            break;
        default:
            json_string(w, attribute->text ? attribute->text->value : "");
            break;
        }
    }
    json_object_end(w);
}

/* --- agents --- */

static void
write_reserved(struct json_writer *w, const struct agent *agent, bool full)
{
    const char *role;

    json_object_begin(w);
    for (size_t i = 0;
         (role = resources_reservation_role(&agent->total, i)) != NULL; i++) {
        struct resources reserved;

        resources_reserved_to(&agent->total, role, &reserved);
        json_key(w, role);
        if (full) {
            write_resources_full(w, &reserved);
        } else {
            resources_write_json(&reserved, w);
        }
        resources_fini(&reserved);
    }
    json_object_end(w);
}

static void
write_agent_capabilities(struct json_writer *w, const struct agent *agent)
{
    json_key(w, "capabilities");
    json_array_begin(w);
    for (size_t i = 0; i < agent->n_capabilities; i++) {
        const char *name = message_enum_name(
            &v1__agent_info__capability__type__descriptor,
            (int) agent->capabilities[i]->type);

        json_string(w, name ? name : "UNKNOWN");
    }
    json_array_end(w);
}

static void
write_agent_members(struct json_writer *w, const struct agent *agent)
{
    struct resources unreserved;
    struct resources used = { 0 };
    struct resources offered = { 0 };

    sum_agent_used(agent, &used);
    sum_agent_offered(agent, &offered);
    json_member_string(w, "id", agent->id->s);
    json_member_string(w, "hostname", agent->info->hostname);
    json_member_int(w, "port", agent->info->port);
    write_attributes(w, agent->info);
    if (agent->info->domain) {
        json_key(w, "domain");
        message_write_json(&agent->info->domain->base, w);
    }
    json_member_string(w, "pid", agent->pid_text);
    json_member_double(w, "registered_time", agent->registered_time);
    if (agent->reregistered_time > 0) {
        json_member_double(w, "reregistered_time", agent->reregistered_time);
    }
    write_resources(w, "resources", &agent->total);
    write_resources(w, "used_resources", &used);
    write_resources(w, "offered_resources", &offered);
    resources_fini(&used);
    resources_fini(&offered);
    json_key(w, "reserved_resources");
    write_reserved(w, agent, false);
    resources_unreserved(&agent->total, &unreserved);
    write_resources(w, "unreserved_resources", &unreserved);
    resources_fini(&unreserved);
    json_member_bool(w, "active", agent->active);
    json_member_bool(w, "deactivated", false);
    json_member_string(w, "version", agent->version);
    write_agent_capabilities(w, agent);
}

static void
write_agent_full(struct json_writer *w, const struct agent *agent)
{
    struct resources unreserved;
    struct resources used = { 0 };
    struct resources offered = { 0 };

    sum_agent_used(agent, &used);
    sum_agent_offered(agent, &offered);
    json_object_begin(w);
    write_agent_members(w, agent);
    json_key(w, "reserved_resources_full");
    write_reserved(w, agent, true);
    json_key(w, "unreserved_resources_full");
    resources_unreserved(&agent->total, &unreserved);
    write_resources_full(w, &unreserved);
    resources_fini(&unreserved);
    json_key(w, "used_resources_full");
    write_resources_full(w, &used);
    json_key(w, "offered_resources_full");
    write_resources_full(w, &offered);
    resources_fini(&used);
    resources_fini(&offered);
    json_object_end(w);
}

static void
write_empty_array(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_array_begin(w);
    json_array_end(w);
}

void
agents_write_json(struct master *m, struct json_writer *w,
                  const char *agent_id)
{
    const struct agent *agent = NULL;

    json_object_begin(w);
    json_key(w, "slaves");
    json_array_begin(w);
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        if (!agent_id || !strcmp(agent_id, agent->id->s)) {
            write_agent_full(w, agent);
        }
    }
    json_array_end(w);
    write_empty_array(w, "recovered_slaves");
    json_object_end(w);
}

/* --- tasks --- */

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

static void
write_task(struct json_writer *w, const struct task *task)
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
    write_resources(w, "resources", &task->resources);
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

static void
write_task_table(struct json_writer *w, const struct framework *f)
{
    const struct task *task = NULL;

    json_key(w, "tasks");
    json_array_begin(w);
    while ((task = framework_next_task(f, task)) != NULL) {
        write_task(w, task);
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
        write_task(w, task);
    }
    json_array_end(w);
}

/* --- frameworks --- */

static void
write_framework_head(struct json_writer *w, const struct framework *f,
                     const struct resources *used,
                     const struct resources *offered)
{
    json_member_string(w, "id", f->id);
    json_member_string(w, "name", f->info->name);
    if (f->has_pid) {
        json_member_string(w, "pid", f->pid_text);
    }
    write_resources(w, "used_resources", used);
    write_resources(w, "offered_resources", offered);
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
        write_resources(w, "resources", &offer->resources);
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
    write_resources(w, "resources", &executor->resources);
    json_member_string(w, "role", executor->role);
    if (info->labels) {
        json_key(w, "labels");
        message_write_json(&info->labels->base, w);
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
    write_framework_head(w, f, &all, &offered);
    json_member_string(w, "user", f->info->user);
    json_member_double(w, "failover_timeout", f->info->failover_timeout);
    json_member_bool(w, "checkpoint", f->info->checkpoint != 0);
    json_member_double(w, "registered_time", f->registered_time);
    json_member_double(w, "unregistered_time", f->unregistered_time);
    if (f->info->principal) {
        json_member_string(w, "principal", f->info->principal);
    }
    resources_add(&all, &offered);
    write_resources(w, "resources", &all);
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
        json_key(w, "labels");
        message_write_json(&f->info->labels->base, w);
    }
    json_key(w, "offer_constraints");
    json_object_begin(w);
    json_object_end(w);
    json_object_end(w);
}

static bool
is_wanted(const char *wanted, const char *id)
{
    return !wanted || !strcmp(wanted, id);
}

static void
write_frameworks(struct master *m, struct json_writer *w, const char *wanted)
{
    const struct framework *f = NULL;

    json_key(w, "frameworks");
    json_array_begin(w);
    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        if (is_wanted(wanted, f->id)) {
            write_framework(m, w, f);
        }
    }
    json_array_end(w);
    json_key(w, "completed_frameworks");
    json_array_begin(w);
    while ((f = frameworks_next_completed(&m->frameworks, f)) != NULL) {
        if (is_wanted(wanted, f->id)) {
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
    write_frameworks(m, w, framework_id);
    write_empty_array(w, "unregistered_frameworks");
    json_object_end(w);
}

/* --- /state --- */

static void
count_agents(struct master *m, size_t *ret_active, size_t *ret_inactive)
{
    const struct agent *agent = NULL;

    *ret_active = *ret_inactive = 0;
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        if (agent->active) {
            ++*ret_active;
        } else {
            ++*ret_inactive;
        }
    }
}

static void
write_leader(struct master *m, struct json_writer *w)
{
    json_member_string(w, "leader", m->info->pid);
    json_key(w, "leader_info");
    json_object_begin(w);
    json_member_string(w, "id", m->id);
    json_member_string(w, "pid", m->info->pid);
    json_member_int(w, "port", (int64_t) m->info->port);
    json_member_string(w, "hostname", m->hostname);
    json_object_end(w);
}

static void
write_state_head(struct master *m, struct json_writer *w)
{
    size_t n_active, n_inactive;

    count_agents(m, &n_active, &n_inactive);
    json_member_string(w, "version", m->info->version);
    json_member_string(w, "build_date", actor_build_date());
    json_member_double(w, "build_time", (double) actor_build_time());
    json_member_string(w, "build_user", actor_build_user());
    json_member_double(w, "start_time", m->start_time);
    json_member_double(w, "elected_time", m->start_time);
    json_member_string(w, "id", m->id);
    json_member_string(w, "pid", m->info->pid);
    json_member_string(w, "hostname", m->hostname);
    json_key(w, "capabilities");
    json_array_begin(w);
    for (size_t i = 0; i < m->info->n_capabilities; i++) {
        json_string(w, message_enum_name(
            &v1__master_info__capability__type__descriptor,
            (int) m->info->capabilities[i]->type));
    }
    json_array_end(w);
    json_member_double(w, "activated_slaves", (double) n_active);
    json_member_double(w, "deactivated_slaves", (double) n_inactive);
    json_member_double(w, "unreachable_slaves",
                       (double) agents_count_unreachable(&m->agents));
    write_leader(m, w);
    if (m->flags->cluster) {
        json_member_string(w, "cluster", m->flags->cluster);
    }
    if (m->flags->log_dir) {
        json_member_string(w, "log_dir", m->flags->log_dir);
    }
    json_key(w, "flags");
    flags_write_json(w, master_flag_table, master_n_flags, m->flags);
}

void
state_write_json(struct master *m, struct json_writer *w)
{
    const struct agent *agent = NULL;

    json_object_begin(w);
    write_state_head(m, w);
    json_key(w, "slaves");
    json_array_begin(w);
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        json_object_begin(w);
        write_agent_members(w, agent);
        json_object_end(w);
    }
    json_array_end(w);
    write_empty_array(w, "recovered_slaves");
    write_frameworks(m, w, NULL);
    write_empty_array(w, "orphan_tasks");
    write_empty_array(w, "unregistered_frameworks");
    json_object_end(w);
}

/* --- /state-summary --- */

/* Those of a framework whose tasks are all looked at, or of an agent. */
struct summary {
    const char *agent_id;       /* NULL: any */
    size_t n_by_state[V1__TASK_STATE__TASK_UNKNOWN + 1];
    VEC(const char *) ids;      /* agents of a framework, or frameworks */
};

static void
summary_add_id(struct summary *summary, const char *id)
{
    vec_foreach (&summary->ids, known) {
        if (!strcmp(*known, id)) {
            return;
        }
    }
    vec_push(&summary->ids, id);
}

static void
summary_add(struct summary *summary, const struct task *task)
{
    if (summary->agent_id && strcmp(summary->agent_id, task->agent_id->s)) {
        return;
    }
    if (task->state < ARRAY_SIZE(summary->n_by_state)) {
        summary->n_by_state[task->state]++;
    }
    summary_add_id(summary, summary->agent_id ? task->framework->id
                                              : task->agent_id->s);
}

static void
summary_add_framework(struct summary *summary, const struct framework *f)
{
    const struct task *task = NULL;

    while ((task = framework_next_task(f, task)) != NULL) {
        summary_add(summary, task);
    }
    DL_FOREACH(f->unreachable.first, task) {
        summary_add(summary, task);
    }
    DL_FOREACH(f->completed.first, task) {
        summary_add(summary, task);
    }
}

static void
write_summary(struct json_writer *w, struct summary *summary, const char *key)
{
    static const V1__TaskState shown[] = {
        V1__TASK_STATE__TASK_STAGING, V1__TASK_STATE__TASK_STARTING,
        V1__TASK_STATE__TASK_RUNNING, V1__TASK_STATE__TASK_KILLING,
        V1__TASK_STATE__TASK_FINISHED, V1__TASK_STATE__TASK_KILLED,
        V1__TASK_STATE__TASK_FAILED, V1__TASK_STATE__TASK_LOST,
        V1__TASK_STATE__TASK_ERROR, V1__TASK_STATE__TASK_UNREACHABLE,
    };

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        json_member_uint(w, task_state_name((int) shown[i]),
                         summary->n_by_state[shown[i]]);
    }
    json_key(w, key);
    json_array_begin(w);
    vec_foreach (&summary->ids, id) {
        json_string(w, *id);
    }
    json_array_end(w);
    vec_fini(&summary->ids);
}

void
state_summary_write_json(struct master *m, struct json_writer *w)
{
    const struct agent *agent = NULL;
    const struct framework *f = NULL;

    json_object_begin(w);
    json_member_string(w, "hostname", m->hostname);
    if (m->flags->cluster) {
        json_member_string(w, "cluster", m->flags->cluster);
    }
    json_key(w, "slaves");
    json_array_begin(w);
    while ((agent = agents_next(&m->agents, agent)) != NULL) {
        struct summary summary = { .agent_id = agent->id->s };

        while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
            summary_add_framework(&summary, f);
        }
        json_object_begin(w);
        write_agent_members(w, agent);
        write_summary(w, &summary, "framework_ids");
        json_object_end(w);
    }
    json_array_end(w);
    json_key(w, "frameworks");
    json_array_begin(w);
    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        struct summary summary = { 0 };
        struct resources used = { 0 };
        struct resources offered = { 0 };

        summary_add_framework(&summary, f);
        sum_framework_used(m, f, &used);
        sum_framework_offered(f, &offered);
        json_object_begin(w);
        write_framework_head(w, f, &used, &offered);
        resources_fini(&used);
        resources_fini(&offered);
        write_summary(w, &summary, "slave_ids");
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

/* --- /tasks --- */

static bool
task_is_wanted(const struct tasks_query *query, const struct task *task)
{
    return is_wanted(query->framework_id, task->framework->id)
        && is_wanted(query->task_id, task->id);
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
        write_task(w, tasks.data[query->ascending ? i : tasks.n - 1 - i]);
    }
    json_array_end(w);
    json_object_end(w);
    vec_fini(&tasks);
}
