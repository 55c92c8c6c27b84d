/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_requests.c - agents that come, change and go, and what is held there.
 *
 * What somebody claims to give back is taken as far as he holds it; the rest
 * is an error in the log and changes nothing. */
#include <config.h>

#include "master/allocator/agent_requests.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/allocator/filter_table.h"
#include "master/allocator/private.h"
#include "master/allocator/request.h"
#include "model/resource_conversion.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* --- after a failover --- */

static void
resume(struct allocator *a)
{
    a->is_paused = false;
    actor_timer_cancel(&a->base, &a->pause_timer);
    allocator_request_cycle(a);
}

static void
on_pause_over(struct actor *self, void *arg)
{
    (void) arg;
    log_info("Not all agents have come back; offers are made of those that "
             "have");
    resume(allocator_cast(self));
}

void
allocator_on_expect_agents(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_expect_agents);
    double wanted = (double) r->n_agents * a->options.recovery_factor;

    if (a->tables.quota_roles.n == 0 || wanted < 1
        || (double) a->tables.n_agents >= wanted) {
        return;
    }
    a->is_paused = true;
    a->n_awaited = (size_t) wanted;
    actor_timer_start(self, &a->pause_timer, a->options.recovery_timeout_ns,
                      on_pause_over, NULL);
    log_info("Triggered allocator recovery: waiting for %zu agents to "
             "reconnect or %s to pass", a->n_awaited,
             DURATION_TEXT(a->options.recovery_timeout_ns));
}

/* --- agents --- */

static bool
is_listed(const struct allocator *a, const char *hostname)
{
    if (!a->has_whitelist) {
        return true;
    }
    vec_foreach (&a->whitelist, listed) {
        if (!strcmp(*listed, hostname)) {
            return true;
        }
    }
    return false;
}

static void
agent_set_info(struct allocator *a, struct allocator_agent *agent,
               struct request *r)
{
    const V1__AgentInfo *info = r->agent.info;
    const V1__DomainInfo__FaultDomain *domain =
        info && info->domain ? info->domain->fault_domain : NULL;

    free(agent->hostname);
    agent->hostname = steal(r->hostname);
    message_unref(agent->message);
    agent->message = steal(r->message);
    agent->info = info;
    agent->is_multi_role = r->agent.is_multi_role;
    agent->is_hierarchical_role = r->agent.is_hierarchical_role;
    agent->is_remote = a->options.region && domain
                       && strcmp(domain->region->name, a->options.region);
    agent->is_listed = is_listed(a, agent->hostname);
    agent->is_filter_logged = false;
}

/* Answers of constraints about it are stale. */
static void
forget_verdicts(struct allocator *a, const struct allocator_agent *agent)
{
    struct allocator_framework *framework = NULL;
    size_t byte = agent->index / 4;
    unsigned shift = (unsigned) (agent->index % 4) * 2;

    while ((framework = allocator_frameworks_next(&a->tables, framework))
           != NULL) {
        vec_foreach (&framework->clients, client) {
            if (byte < (*client)->verdicts_size) {
                (*client)->verdicts[byte] &= (uint8_t) ~(3u << shift);
            }
        }
    }
}

static void
log_added(const struct allocator_agent *agent, const struct request *r)
{
    struct resources held = { 0 };
    autofini(strbuf) total_text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) held_text = STRBUF(STRBUF_UNLIMITED);

    for (size_t i = 0; i < r->n_holdings; i++) {
        resources_add(&held, &r->holdings[i].resources);
    }
    resources_format(&agent->total, &total_text);
    resources_format(&held, &held_text);
    resources_fini(&held);
    log_info("Added agent %s (%s) with %s (offered or allocated: %s)",
             agent->id, agent->hostname, total_text.data, held_text.data);
}

/* What a framework that we do not know (yet) holds is not free either, and
 * counts for its role. */
static void
take_holdings(struct allocator *a, struct allocator_agent *agent,
              struct request *r)
{
    for (size_t i = 0; i < r->n_holdings; i++) {
        struct allocator_holding *holding = &r->holdings[i];
        struct allocator_framework *framework =
            allocator_frameworks_get(&a->tables, holding->framework_id);
        struct allocator_client *client =
            allocator_clients_get(&a->tables, framework, holding->role);

        resources_set_allocation(&holding->resources, NULL);
        allocator_agents_hold(&a->tables, agent, client, &holding->resources);
        allocator_clients_drop_idle(&a->tables, client);
    }
    if (agent->is_overcommitted) {
        log_error("Agent %s (%s) has less than is held there", agent->id,
                  agent->hostname);
    }
}

void
allocator_on_add_agent(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_add_agent);
    struct allocator_agent *agent;

    if (allocator_agents_find(&a->tables, r->agent_id)) {
        log_error("Agent %s was added twice", r->agent_id);
        return;
    }
    agent = allocator_agents_add(&a->tables, r->agent_id, &r->resources);
    agent_set_info(a, agent, r);
    forget_verdicts(a, agent);
    log_added(agent, r);
    take_holdings(a, agent, r);
    a->quota_moved = true;
    allocator_mark(a, agent);
    if (a->is_paused && a->tables.n_agents >= a->n_awaited) {
        log_info("Enough agents have come back; offers are made again");
        resume(a);
    }
}

static bool
is_same_info(const struct allocator_agent *agent, const struct request *r)
{
    const V1__AgentInfo *a = agent->info;
    const V1__AgentInfo *b = r->agent.info;

    return (!a || !b) ? a == b : message_equal(&a->base, &b->base);
}

void
allocator_on_update_agent(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_update_agent);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);
    bool changed;

    if (!agent) {
        log_error("Agent %s, which has changed, is not known", r->agent_id);
        return;
    }
    changed = !is_same_info(agent, r)
        || agent->is_multi_role != r->agent.is_multi_role
        || agent->is_hierarchical_role != r->agent.is_hierarchical_role;
    agent_set_info(a, agent, r);
    if (changed) {
        log_info("Removed all filters for agent %s", agent->id);
        allocator_filters_clear_agent(&a->tables, agent);
        forget_verdicts(a, agent);
    }
    if (!resources_equal(&agent->total, &r->resources)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        allocator_agents_set_total(&a->tables, agent, &r->resources);
        resources_format(&agent->total, &text);
        log_info("Agent %s (%s) updated with total resources %s", agent->id,
                 agent->hostname, text.data);
        if (agent->is_overcommitted) {
            log_error("Agent %s (%s) has less than is held there", agent->id,
                      agent->hostname);
        }
        changed = true;
    }
    if (changed) {
        a->quota_moved = true;
        allocator_mark(a, agent);
    }
}

static void
forget_candidate(struct allocator *a, struct allocator_agent *agent)
{
    for (size_t i = 0; i < a->candidates.n && agent->is_candidate; i++) {
        if (a->candidates.data[i] == agent) {
            vec_remove_unordered(&a->candidates, i);
            agent->is_candidate = false;
        }
    }
}

void
allocator_on_remove_agent(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_remove_agent);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);

    if (!agent) {
        return;
    }
    log_info("Removed agent %s", agent->id);
    forget_candidate(a, agent);
    a->n_unavailable -= agent->has_unavailability;
    allocator_forget_requests(agent);
    a->quota_moved = true;
    allocator_agents_remove(&a->tables, agent);
}

void
allocator_on_set_agent_active(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_set_agent_active);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);

    if (agent && agent->active != r->flag) {
        agent->active = r->flag;
        log_info("Agent %s %s", agent->id,
                 r->flag ? "reactivated" : "deactivated");
        allocator_mark(a, agent);
    }
}

/* --- who may be offered --- */

void
allocator_forget_whitelist(struct allocator *a)
{
    vec_foreach (&a->whitelist, hostname) {
        free(*hostname);
    }
    vec_fini(&a->whitelist);
}

static void
log_whitelist(const struct allocator *a)
{
    autofini(strbuf) text = STRBUF(4096);

    if (!a->has_whitelist) {
        log_info("Advertising offers for all agents");
        return;
    }
    vec_foreach (&a->whitelist, hostname) {
        strbuf_printf(&text, "%s%s", text.len ? ", " : "", *hostname);
    }
    log_info("Updated agent whitelist: { %s }", text.len ? text.data : "");
    if (a->whitelist.n == 0) {
        log_warn("Whitelist is empty, no offers will be made!");
    }
}

void
allocator_on_set_whitelist(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_set_whitelist);
    struct allocator_agent *agent = NULL;

    allocator_forget_whitelist(a);
    a->has_whitelist = r->flag;
    for (size_t i = 0; i < r->n_roles; i++) {
        vec_push(&a->whitelist, steal(r->roles[i]));
    }
    log_whitelist(a);
    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        agent->is_listed = is_listed(a, agent->hostname);
        allocator_mark(a, agent);
    }
}

/* --- what comes back --- */

static struct allocator_client *
find_client(struct allocator *a, const struct request *r)
{
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);

    return framework ? allocator_clients_find(framework, r->roles[0]) : NULL;
}

static void
add_filter(struct allocator *a, struct allocator_client *client,
           struct allocator_agent *agent, const struct request *r)
{
    int64_t refused_ns = duration_from_seconds(r->number);
    int64_t expires_ns = a->regular_cycle_ns;

    if (r->number < 0 || client->leaving || !client->framework->active) {
        return;
    }
    /* What is refused for no time is wanted again at once, as Mesos' next
     * regular cycle is: any sooner it would go to and fro without an end.
     * Others have to outlive the next regular cycle (MESOS-4302). */
    if (r->number > 0) {
        if (refused_ns < a->options.allocation_interval_ns) {
            refused_ns = a->options.allocation_interval_ns;
        }
        expires_ns = actor_now(&a->base) + refused_ns;
    }
    allocator_filters_add(&a->tables, client, agent, &r->resources,
                          expires_ns);
}

void
allocator_on_recover(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_recover);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);
    struct allocator_client *client = find_client(a, r);

    if (!agent) {
        return;                 /* what was held there went with it */
    }
    if (client) {
        add_filter(a, client, agent, r);
    }
    if (!client
        || !allocator_agents_release(&a->tables, agent, client,
                                     &r->resources)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        resources_format(&r->resources, &text);
        log_error("Framework %s does not hold all of %s in role %s on agent "
                  "%s", r->framework_id, text.data, r->roles[0], agent->id);
    }
    a->quota_moved = true;
    allocator_mark(a, agent);
}

/* --- what becomes something else --- */

void
allocator_on_convert_held(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_convert_held);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);
    struct allocator_client *client = find_client(a, r);
    struct allocator_hold *hold =
        agent && client ? allocator_agents_find_hold(agent, client) : NULL;
    autofini(strbuf) before = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) after = STRBUF(STRBUF_UNLIMITED);

    if (!agent) {
        return;
    }
    if (hold) {
        resources_format(&hold->held, &before);
    }
    if (!hold || !allocator_agents_convert(&a->tables, agent, hold,
                                           r->conversions,
                                           r->n_conversions)) {
        log_error("Framework %s does not hold what is converted in role %s "
                  "on agent %s", r->framework_id, r->roles[0], agent->id);
        return;
    }
    client = find_client(a, r);
    hold = client ? allocator_agents_find_hold(agent, client) : NULL;
    if (hold) {
        resources_format(&hold->held, &after);
    }
    log_info("Updated allocation of framework %s on agent %s from %s to %s",
             r->framework_id, agent->id, before.data,
             hold ? after.data : "{}");
    a->quota_moved = true;
    allocator_mark(a, agent);
}

static struct error *
convert_free(struct allocator *a, const struct request *r)
{
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);

    if (!agent) {
        return error_create(ERROR_NOT_FOUND, "Agent %s is not known",
                            r->agent_id);
    }
    if (!allocator_agents_convert(&a->tables, agent, NULL, r->conversions,
                                  r->n_conversions)) {
        return error_create(ERROR_CONFLICT, "Not all that is converted is "
                            "free on agent %s", r->agent_id);
    }
    a->quota_moved = true;
    allocator_mark(a, agent);
    return NULL;
}

void
allocator_on_convert_free(struct actor *self, struct actor_msg *msg)
{
    struct request *r = actor_msg_body(msg, &msg_allocator_convert_free);
    struct actor_msg *answer = actor_msg_create(&msg_allocator_converted);
    struct allocator_converted *converted =
        actor_msg_body(answer, &msg_allocator_converted);

    converted->error = convert_free(allocator_cast(self), r);
    actor_reply(self, msg, &answer);
}

/* --- agents that will be away --- */

void
allocator_on_set_unavailability(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg,
                                       &msg_allocator_set_unavailability);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);

    if (!agent) {
        return;
    }
    a->n_unavailable -= agent->has_unavailability;
    agent->has_unavailability = r->start_ns >= 0;
    a->n_unavailable += agent->has_unavailability;
    agent->unavailable_start_ns = r->start_ns;
    agent->unavailable_duration_ns = r->duration_ns;
    allocator_forget_requests(agent);
    allocator_mark(a, agent);
}

void
allocator_on_inverse_offer_ended(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg,
                                       &msg_allocator_inverse_offer_ended);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);
    int64_t until_ns = 0;

    if (!agent) {
        return;
    }
    if (r->number > 0) {
        int64_t refused_ns = duration_from_seconds(r->number);

        if (refused_ns < a->options.allocation_interval_ns) {
            refused_ns = a->options.allocation_interval_ns;
        }
        until_ns = actor_now(self) + refused_ns;
    }
    allocator_asked_to_leave(agent, r->framework_id, until_ns);
}
