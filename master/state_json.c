/* SPDX-License-Identifier: Apache-2.0
 *
 * state_json.c - the whole of what the master knows: /state and
 * /state-summary.
 *
 * Members and their order are those of Mesos' src/master/readonly_handler.cpp
 * and http.cpp, for whatever exists here. */
#include <config.h>

#include "master/state_json.h"

#include <string.h>

#include <actor/flags.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/vec.h>
#include <actor/version.h>
#include <utlist.h>

#include "master/private.h"
#include "model/task_state.h"

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
    const V1__MasterInfo *leader = m->leader ? message_root(m->leader) : NULL;

    if (!leader) {
        return;
    }
    json_member_string(w, "leader", leader->pid ? leader->pid : "");
    json_key(w, "leader_info");
    json_object_begin(w);
    json_member_string(w, "id", leader->id);
    json_member_string(w, "pid", leader->pid ? leader->pid : "");
    json_member_int(w, "port", (int64_t) leader->port);
    json_member_string(w, "hostname", leader->hostname ? leader->hostname
                                                       : "");
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
    if (m->is_leading) {
        json_member_double(w, "elected_time", m->elected_time);
    }
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
    if (m->flags->external_log_file) {
        json_member_string(w, "external_log_file",
                           m->flags->external_log_file);
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
        agent_write_members(w, agent);
        json_object_end(w);
    }
    json_array_end(w);
    agents_write_recovered(m, w, NULL);
    frameworks_write_members(m, w, NULL);
    json_member_empty_array(w, "orphan_tasks");
    json_member_empty_array(w, "unregistered_frameworks");
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
        agent_write_members(w, agent);
        write_summary(w, &summary, "framework_ids");
        json_object_end(w);
    }
    json_array_end(w);
    json_key(w, "frameworks");
    json_array_begin(w);
    while ((f = frameworks_next(&m->frameworks, f)) != NULL) {
        struct summary summary = { 0 };

        summary_add_framework(&summary, f);
        json_object_begin(w);
        framework_write_members(m, w, f);
        write_summary(w, &summary, "slave_ids");
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}
