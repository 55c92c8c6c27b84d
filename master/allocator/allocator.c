/* SPDX-License-Identifier: Apache-2.0
 *
 * allocator.c - the hierarchical allocator: what it makes of the master's
 * requests.
 *
 * What could lead to an offer marks agents; the cycle itself runs in a turn of
 * its own, behind what is already in the mailbox, so that a burst of events
 * makes one cycle.  An agent on which nothing has changed is not looked at
 * again: everything that would make a difference (resources, frameworks,
 * filters that end, quota that moves) marks it. */
#include <config.h>

#include "master/allocator/allocator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "master/allocator/agent_requests.h"
#include "master/allocator/filter_table.h"
#include "master/allocator/offer_constraints.h"
#include "master/allocator/private.h"
#include "master/allocator/request.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

static struct error *allocator_init(struct actor *, void *arg);
static void allocator_fini(struct actor *);
static actor_handler_fn on_add_framework, on_remove_framework,
    on_deactivate_framework, on_revive, on_suppress, on_set_quota,
    on_set_weight, on_cycle;
static void start_interval(struct allocator *);
static void on_interval(struct actor *, void *arg);

static const struct actor_msg_type msg_cycle = { .name = "allocator.cycle" };

static const struct actor_handler handlers[] = {
    { &msg_allocator_expect_agents, allocator_on_expect_agents },
    { &msg_allocator_add_agent, allocator_on_add_agent },
    { &msg_allocator_update_agent, allocator_on_update_agent },
    { &msg_allocator_remove_agent, allocator_on_remove_agent },
    { &msg_allocator_set_agent_active, allocator_on_set_agent_active },
    { &msg_allocator_set_unavailability, allocator_on_set_unavailability },
    { &msg_allocator_set_whitelist, allocator_on_set_whitelist },
    { &msg_allocator_add_framework, on_add_framework },
    { &msg_allocator_remove_framework, on_remove_framework },
    { &msg_allocator_deactivate_framework, on_deactivate_framework },
    { &msg_allocator_revive, on_revive },
    { &msg_allocator_suppress, on_suppress },
    { &msg_allocator_set_quota, on_set_quota },
    { &msg_allocator_set_weight, on_set_weight },
    { &msg_allocator_recover, allocator_on_recover },
    { &msg_allocator_convert_held, allocator_on_convert_held },
    { &msg_allocator_convert_free, allocator_on_convert_free },
    { &msg_allocator_inverse_offer_ended, allocator_on_inverse_offer_ended },
    { &msg_cycle, on_cycle },
};

static const struct actor_type allocator_type = {
    .name = "hierarchical-allocator", .size = sizeof(struct allocator),
    .init = allocator_init, .fini = allocator_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct allocator *
allocator_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct allocator, base);
}

/* --- life --- */

void
allocator_options_init(struct allocator_options *options)
{
    *options = (struct allocator_options) {
        .allocation_interval_ns = SECOND,
        .sorter = ALLOCATOR_SORTER_DRF,
        .filter_gpu_resources = true,
        .recovery_factor = 0.8,
        .recovery_timeout_ns = 600 * SECOND,
        .constraints_limits = {
            .max_memory = 4096, .max_program_size = 100,
        },
    };
}

struct error *
allocator_start(struct actor_system *system,
                const struct allocator_options *options,
                struct upid *ret_upid)
{
    return actor_spawn(system, &allocator_type, NULL, (void *) options,
                       ret_upid);
}

static void
role_ends(void *aux, struct allocator_role *role)
{
    struct allocator *a = aux;

    allocator_metrics_role_ends(&a->metrics, role);
}

static double
draw(void *aux)
{
    return (double) (allocator_random(aux) >> 11) * 0x1p-53;
}

/* Copies what the options only lend. */
static void
keep_options(struct allocator *a, const struct allocator_options *options)
{
    a->options = *options;
    a->options.min_allocatable = NULL;
    a->options.fair_sharing_excluded = NULL;
    a->options.region = options->region ? xstrdup(options->region) : NULL;
    a->minimum.n = options->n_min_allocatable;
    if (a->minimum.n > 0) {
        a->minimum.any = alloc_array(a->minimum.n, sizeof *a->minimum.any);
    }
    for (size_t i = 0; i < a->minimum.n; i++) {
        resource_quantities_init_copy(&a->minimum.any[i],
                                      &options->min_allocatable[i]);
    }
    for (size_t i = 0; i < options->n_fair_sharing_excluded; i++) {
        int k = amount_names_index(&a->tables.names,
                                   options->fair_sharing_excluded[i]);

        if (k >= 0) {
            a->tables.pool.excluded[k] = true;
        }
    }
}

static struct error *
allocator_init(struct actor *self, void *arg)
{
    struct allocator *a = allocator_cast(self);
    const struct allocator_options *options = arg;
    bool is_drf = options->sorter == ALLOCATOR_SORTER_DRF;

    allocator_tables_init(&a->tables, is_drf ? &sorter_drf : &sorter_random);
    allocator_metrics_init(&a->metrics, actor_metrics(self), is_drf);
    a->tables.role_ends = role_ends;
    a->tables.pool.random = draw;
    a->tables.pool.aux = a->tables.aux = a;
    actor_random(self, &a->chance, sizeof a->chance);
    keep_options(a, options);
    start_interval(a);
    return NULL;
}

static void
allocator_fini(struct actor *self)
{
    struct allocator *a = allocator_cast(self);
    struct allocator_agent *agent = NULL;

    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        allocator_forget_requests(agent);
    }
    vec_fini(&a->asked);
    allocator_tables_fini(&a->tables);
    allocator_metrics_fini(&a->metrics);
    vec_fini(&a->candidates);
    allocator_forget_whitelist(a);
    for (size_t i = 0; i < a->minimum.n; i++) {
        resource_quantities_fini(&a->minimum.any[i]);
    }
    free(a->minimum.any);
    free((char *) a->options.region);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
uint64_t
allocator_random(struct allocator *a)
{
    uint64_t x = a->chance += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* --- cycles --- */

void
allocator_request_cycle(struct allocator *a)
{
    struct actor_msg *msg;

    if (a->cycle_pending || a->is_paused) {
        return;
    }
    a->cycle_pending = true;
    a->cycle_requested_ns = actor_now(&a->base);
    msg = actor_msg_create(&msg_cycle);
    actor_send(&a->base, actor_upid(&a->base), &msg);
}

void
allocator_mark(struct allocator *a, struct allocator_agent *agent)
{
    if (!agent->is_candidate) {
        agent->is_candidate = true;
        vec_push(&a->candidates, agent);
    }
    allocator_request_cycle(a);
}

void
allocator_mark_all(struct allocator *a)
{
    struct allocator_agent *agent = NULL;

    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        allocator_mark(a, agent);
    }
}

static void
on_cycle(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    int64_t begin_ns = actor_now(self);
    int64_t end_ns;

    (void) msg;
    a->cycle_pending = false;
    if (a->is_paused) {
        return;
    }
    metric_increment(a->metrics.allocation_runs, 1);
    metric_record(a->metrics.allocation_run_latency_ms,
                  begin_ns - a->cycle_requested_ns, begin_ns);
    allocator_run_cycle(a);
    allocator_metrics_update(&a->metrics, &a->tables);
    end_ns = actor_now(self);
    metric_record(a->metrics.allocation_run_ms, end_ns - begin_ns, end_ns);
}

static void
start_interval(struct allocator *a)
{
    a->regular_cycle_ns = actor_now(&a->base)
                          + a->options.allocation_interval_ns;
    actor_timer_start(&a->base, &a->interval,
                      a->options.allocation_interval_ns, on_interval, NULL);
}

/* Agents with something that comes again at each interval: what was held back
 * before quota moved, what is shared, and who has to be asked to go. */
static void
mark_recurring(struct allocator *a)
{
    struct allocator_agent *agent = NULL;
    bool again = a->quota_moved && a->is_any_held_back;

    if (!again && a->n_unavailable == 0 && a->tables.n_shared == 0) {
        return;
    }
    a->quota_moved = a->is_any_held_back = false;
    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        if (agent->has_shared || agent->has_unavailability
            || agent->is_held_back) {
            allocator_mark(a, agent);
        }
    }
}

static void
on_interval(struct actor *self, void *arg)
{
    struct allocator *a = allocator_cast(self);
    struct allocator_agent *agent;

    (void) arg;
    while ((agent = allocator_filters_pop_ended(&a->tables, actor_now(self)))
           != NULL) {
        allocator_mark(a, agent);
    }
    mark_recurring(a);
    allocator_request_cycle(a);
    start_interval(a);
}

/* --- frameworks --- */

static bool
contains_string(char *const *strings, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(strings[i], wanted)) {
            return true;
        }
    }
    return false;
}

static void
client_set_minimum(struct allocator_client *client, struct request *r)
{
    for (size_t i = 0; i < client->minimum.n; i++) {
        resource_quantities_fini(&client->minimum.any[i]);
    }
    free(client->minimum.any);
    memset(&client->minimum, 0, sizeof client->minimum);
    client->has_minimum = false;
    for (size_t i = 0; i < r->n_minimums; i++) {
        if (!strcmp(r->minimums[i].role, client->role->name)) {
            client->minimum.any = steal(r->minimums[i].any);
            client->minimum.n = r->minimums[i].n;
            client->has_minimum = true;
            r->minimums[i].n = 0;
        }
    }
}

static void
framework_set_constraints(struct allocator *a,
                          struct allocator_framework *framework,
                          const struct message *message)
{
    struct error *error = NULL;

    offer_constraints_destroy(framework->constraints);
    framework->constraints = NULL;
    if (message) {
        error = offer_constraints_create(message_root(message),
                                         &a->options.constraints_limits,
                                         &framework->constraints);
    }
    if (error) {
        log_error("Ignoring the offer constraints of framework %s: %s",
                  framework->id, error_text(error));
        error_destroy(error);
    }
    vec_foreach (&framework->clients, it) {
        struct allocator_client *client = *it;

        client->has_constraints = framework->constraints
            && offer_constraints_concern(framework->constraints,
                                         client->role->name);
        free(client->verdicts);
        client->verdicts = NULL;
        client->verdicts_size = 0;
    }
}

static void
framework_set_roles(struct allocator *a, struct allocator_framework *framework,
                    struct request *r)
{
    for (size_t i = 0; i < r->n_roles; i++) {
        allocator_clients_get(&a->tables, framework, r->roles[i]);
    }
    for (size_t i = framework->clients.n; i > 0; i--) {
        struct allocator_client *client = framework->clients.data[i - 1];
        const char *role = client->role->name;
        bool was_leaving = client->leaving;

        client->leaving = !contains_string(r->roles, r->n_roles, role);
        client->suppressed = contains_string(r->suppressed_roles,
                                             r->n_suppressed_roles, role);
        client_set_minimum(client, r);
        allocator_clients_update(&a->tables, client);
        if (client->leaving) {
            if (!was_leaving) {
                allocator_filters_clear(&a->tables, client);
            }
            allocator_clients_drop_idle(&a->tables, client);
        }
    }
}

static void
on_add_framework(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_add_framework);
    struct allocator_framework *framework =
        allocator_frameworks_get(&a->tables, r->framework_id);

    if (!framework->known) {
        log_info("Added framework %s", framework->id);
    } else if (!framework->active) {
        log_info("Activated framework %s", framework->id);
    }
    framework->known = framework->active = true;
    framework->wants_gpus = r->framework.wants_gpus;
    framework->wants_revocable = r->framework.wants_revocable;
    framework->wants_shared = r->framework.wants_shared;
    framework->is_multi_role = r->framework.is_multi_role;
    framework->is_reservation_refinement =
        r->framework.is_reservation_refinement;
    framework->is_region_aware = r->framework.is_region_aware;
    framework_set_roles(a, framework, r);
    framework_set_constraints(a, framework, r->message);
    allocator_mark_all(a);
    allocator_request_cycle(a);
}

static void
on_remove_framework(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_remove_framework);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);

    if (framework && framework->known) {
        log_info("Removed framework %s", framework->id);
        allocator_forget_framework_requests(a, framework->id);
        allocator_frameworks_remove(&a->tables, framework);
    }
}

static void
on_deactivate_framework(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg,
                                       &msg_allocator_deactivate_framework);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);

    if (framework && framework->active) {
        framework->active = false;
        vec_foreach (&framework->clients, client) {
            allocator_filters_clear(&a->tables, *client);
            allocator_clients_update(&a->tables, *client);
        }
        allocator_forget_refusals(a, framework->id);
        log_info("Deactivated framework %s", framework->id);
    }
}

static void
format_roles(struct strbuf *out, const struct request *r)
{
    strbuf_append(out, "{ ");
    for (size_t i = 0; i < r->n_roles; i++) {
        strbuf_printf(out, "%s%s", i ? ", " : "", r->roles[i]);
    }
    strbuf_append(out, " }");
}

/* The clients that 'r' names: all if it names none. */
static bool
request_concerns(const struct request *r, const struct allocator_client *c)
{
    return r->n_roles == 0
        || contains_string(r->roles, r->n_roles, c->role->name);
}

static void
on_revive(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_revive);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);
    autofini(strbuf) roles = STRBUF(STRBUF_UNLIMITED);

    if (!framework || !framework->known) {
        return;
    }
    vec_foreach (&framework->clients, client) {
        if (request_concerns(r, *client)) {
            (*client)->suppressed = false;
            allocator_filters_clear(&a->tables, *client);
            allocator_clients_update(&a->tables, *client);
        }
    }
    allocator_forget_refusals(a, framework->id);
    format_roles(&roles, r);
    log_info("Unsuppressed offers and cleared filters for roles %s of "
             "framework %s", roles.data, framework->id);
    allocator_mark_all(a);
}

static void
on_suppress(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_suppress);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);
    autofini(strbuf) roles = STRBUF(STRBUF_UNLIMITED);

    if (!framework || !framework->known) {
        return;
    }
    vec_foreach (&framework->clients, client) {
        if (request_concerns(r, *client)) {
            (*client)->suppressed = true;
            allocator_clients_update(&a->tables, *client);
        }
    }
    format_roles(&roles, r);
    log_info("Suppressed offers for roles %s of framework %s", roles.data,
             framework->id);
}

/* --- roles --- */

static void
on_set_quota(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_set_quota);
    autofini(strbuf) guarantees = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) limits = STRBUF(STRBUF_UNLIMITED);

    allocator_roles_set_quota(&a->tables, r->roles[0], &r->guarantees,
                              &r->limits);
    resource_quantities_format(&r->guarantees, &guarantees);
    resource_quantities_format(&r->limits, &limits);
    log_info("Updated quota for role '%s',  guarantees: %s limits: %s",
             r->roles[0], guarantees.data, limits.data);
    allocator_metrics_update(&a->metrics, &a->tables);
    a->quota_moved = true;
    allocator_mark_all(a);
}

static void
on_set_weight(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_allocator_set_weight);

    if (!(r->number > 0) || !isfinite(r->number)) {
        log_error("The weight of role '%s' has to be more than 0",
                  r->roles[0]);
        return;
    }
    allocator_roles_set_weight(&a->tables, r->roles[0], r->number);
}
