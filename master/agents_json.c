/* SPDX-License-Identifier: Apache-2.0
 *
 * agents_json.c - agents, as the master's legacy endpoints show them.
 *
 * Members and their order are those of Mesos' src/master/readonly_handler.cpp
 * and http.cpp, for whatever exists here. */
#include <config.h>

#include "master/state_json.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <utlist.h>

#include "master/private.h"
#include "model/reservations.h"
#include "model/resources.h"

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
    for (int type = 0; type < 32; type++) {
        const char *name = message_enum_name(
            &v1__agent_info__capability__type__descriptor, type);

        if (agent->capabilities >> type & 1) {
            json_string(w, name ? name : "UNKNOWN");
        }
    }
    json_array_end(w);
}

/* What there is to say of an agent that is not, or not only, to be offered. */
static void
write_standing(struct json_writer *w, const struct agent *agent)
{
    const struct known_agents *known = &agent->master->known;
    const V1__DrainInfo *drain = known_agents_drain(known, agent->id->s);

    json_member_bool(w, "deactivated",
                     known_agents_is_deactivated(known, agent->id->s));
    json_member_string(w, "version", agent->version);
    write_agent_capabilities(w, agent);
    if (drain) {
        json_key(w, "drain_info");
        message_write_json(&drain->base, w);
    }
    if (agent->drain_start_time > 0) {
        json_member_double(w, "estimated_drain_start_time_seconds",
                           agent->drain_start_time);
    }
}

void
agent_write_members(struct json_writer *w, const struct agent *agent)
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
    resources_write_member(&agent->total, w, "resources");
    resources_write_member(&used, w, "used_resources");
    resources_write_member(&offered, w, "offered_resources");
    resources_fini(&used);
    resources_fini(&offered);
    json_key(w, "reserved_resources");
    write_reserved(w, agent, false);
    resources_unreserved(&agent->total, &unreserved);
    resources_write_member(&unreserved, w, "unreserved_resources");
    resources_fini(&unreserved);
    json_member_bool(w, "active", agent->active);
    write_standing(w, agent);
}

void
agents_write_recovered(const struct master *m, struct json_writer *w,
                       const char *agent_id)
{
    const struct id_record *record = NULL;

    json_key(w, "recovered_slaves");
    json_array_begin(w);
    while ((record = ids_next(&m->known.recovered, record)) != NULL) {
        const V1__AgentInfo *info = record->part;

        if (agent_id && strcmp(agent_id, record->id)) {
            continue;
        }
        json_object_begin(w);
        json_member_string(w, "id", record->id);
        json_member_string(w, "hostname", info->hostname);
        json_member_int(w, "port", info->port);
        write_attributes(w, info);
        if (info->domain) {
            json_key(w, "domain");
            message_write_json(&info->domain->base, w);
        }
        json_object_end(w);
    }
    json_array_end(w);
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
    agent_write_members(w, agent);
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
    agents_write_recovered(m, w, agent_id);
    json_object_end(w);
}
