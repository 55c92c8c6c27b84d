/* SPDX-License-Identifier: Apache-2.0
 *
 * allocator.c - the hierarchical allocator: fair shares between roles, and
 * between the frameworks of a role.
 *
 * An agent's free resources go, whole, to the first client in the order of
 * shares that takes them: that is active, is not suppressed, has no filter
 * against them, and wants GPUs if the agent has any.  What calls for a cycle
 * marks agents; the cycle itself runs in a turn of its own, behind what is
 * already in the mailbox, so that a burst of events makes one cycle.
 *
 * Roles are taken as they are: "a/b" and "a" are two roles without a common
 * share.  Weights and quotas do not exist here. */
#include <config.h>

#include "master/allocator/allocator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "master/allocator/table.h"
#include "model/reservations.h"

/* --min_allocatable_resources of Mesos: less is not worth an offer. */
#define MIN_CPUS INT64_C(10)
#define MIN_MEM INT64_C(32000)

#define DEFAULT_REFUSE_SECONDS 5.0
#define MAX_REFUSE_SECONDS (365.0 * 24 * 60 * 60)

struct allocator {
    struct actor base;
    struct allocator_options options;
    struct allocator_tables tables;
    bool cycle_pending;         /* a msg_cycle is in our mailbox */
    struct actor_timer interval;
    int64_t regular_cycle_ns;   /* when 'interval' is over */
};

/* One body serves all requests; each uses what it needs. */
struct request {
    char *framework_id;
    char *agent_id;
    char *hostname;
    char **roles;
    size_t n_roles;
    char **suppressed_roles;
    size_t n_suppressed_roles;
    struct resources resources;
    struct allocator_holding *holdings;
    size_t n_holdings;
    double refuse_seconds;
    bool flag;                  /* active, or wants GPUs */
};

static struct error *allocator_init(struct actor *, void *arg);
static void allocator_fini(struct actor *);
static actor_handler_fn on_add_agent, on_remove_agent, on_set_agent_active,
    on_add_framework, on_remove_framework, on_deactivate_framework,
    on_revive, on_suppress, on_recover, on_cycle;
static void start_interval(struct allocator *);
static void on_interval(struct actor *, void *arg);
static void request_fini(void *body);
static void offers_fini(void *body);

#define REQUEST_TYPE(NAME) \
    static const struct actor_msg_type msg_##NAME = { \
        .name = "allocator." #NAME, .size = sizeof(struct request), \
        .fini = request_fini, \
    }

REQUEST_TYPE(add_agent);
REQUEST_TYPE(remove_agent);
REQUEST_TYPE(set_agent_active);
REQUEST_TYPE(add_framework);
REQUEST_TYPE(remove_framework);
REQUEST_TYPE(deactivate_framework);
REQUEST_TYPE(revive);
REQUEST_TYPE(suppress);
REQUEST_TYPE(recover);

static const struct actor_msg_type msg_cycle = { .name = "allocator.cycle" };

const struct actor_msg_type msg_allocator_offers = {
    .name = "allocator.offers", .size = sizeof(struct allocator_offers),
    .fini = offers_fini,
};

static const struct actor_handler handlers[] = {
    { &msg_add_agent, on_add_agent },
    { &msg_remove_agent, on_remove_agent },
    { &msg_set_agent_active, on_set_agent_active },
    { &msg_add_framework, on_add_framework },
    { &msg_remove_framework, on_remove_framework },
    { &msg_deactivate_framework, on_deactivate_framework },
    { &msg_revive, on_revive },
    { &msg_suppress, on_suppress },
    { &msg_recover, on_recover },
    { &msg_cycle, on_cycle },
};

static const struct actor_type allocator_type = {
    .name = "hierarchical-allocator", .size = sizeof(struct allocator),
    .init = allocator_init, .fini = allocator_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static struct allocator *
allocator_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct allocator, base);
}

/* --- life --- */

struct error *
allocator_start(struct actor_system *system,
                const struct allocator_options *options,
                struct upid *ret_upid)
{
    return actor_spawn(system, &allocator_type, NULL, (void *) options,
                       ret_upid);
}

static struct error *
allocator_init(struct actor *self, void *arg)
{
    struct allocator *a = allocator_cast(self);

    a->options = *(const struct allocator_options *) arg;
    start_interval(a);
    return NULL;
}

static void
allocator_fini(struct actor *self)
{
    allocator_tables_fini(&allocator_cast(self)->tables);
}

/* --- requests --- */

static char **
copy_strings(const char *const *strings, size_t n)
{
    char **copy = n ? alloc_array(n, sizeof *copy) : NULL;

    for (size_t i = 0; i < n; i++) {
        copy[i] = xstrdup(strings[i]);
    }
    return copy;
}

static void
free_strings(char **strings, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(strings[i]);
    }
    free(strings);
}

static struct actor_msg *
request_create(const struct actor_msg_type *type, const char *framework_id,
               const char *agent_id, struct request **ret)
{
    struct actor_msg *msg = actor_msg_create(type);
    struct request *request = actor_msg_body(msg, type);

    request->framework_id = framework_id ? xstrdup(framework_id) : NULL;
    request->agent_id = agent_id ? xstrdup(agent_id) : NULL;
    *ret = request;
    return msg;
}

static void
request_fini(void *body)
{
    struct request *request = body;

    free(request->framework_id);
    free(request->agent_id);
    free(request->hostname);
    free_strings(request->roles, request->n_roles);
    free_strings(request->suppressed_roles, request->n_suppressed_roles);
    resources_fini(&request->resources);
    for (size_t i = 0; i < request->n_holdings; i++) {
        free(request->holdings[i].framework_id);
        free(request->holdings[i].role);
        resources_fini(&request->holdings[i].resources);
    }
    free(request->holdings);
}

void
allocator_add_agent(struct actor *self, const struct upid *allocator,
                    const char *agent_id,
                    const struct allocator_agent_options *options,
                    const struct resources *total,
                    struct allocator_holding *holdings, size_t n_holdings)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_add_agent, NULL, agent_id,
                                           &request);

    request->hostname = xstrdup(options->hostname);
    resources_init_copy(&request->resources, total);
    if (n_holdings > 0) {
        request->holdings = alloc_array(n_holdings, sizeof *holdings);
        memcpy(request->holdings, holdings, n_holdings * sizeof *holdings);
        memset(holdings, 0, n_holdings * sizeof *holdings);
        request->n_holdings = n_holdings;
    }
    actor_send(self, allocator, &msg);
}

void
allocator_remove_agent(struct actor *self, const struct upid *allocator,
                       const char *agent_id)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_remove_agent, NULL, agent_id,
                                           &request);

    actor_send(self, allocator, &msg);
}

void
allocator_set_agent_active(struct actor *self, const struct upid *allocator,
                           const char *agent_id, bool active)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_set_agent_active, NULL,
                                           agent_id, &request);

    request->flag = active;
    actor_send(self, allocator, &msg);
}

void
allocator_add_framework(struct actor *self, const struct upid *allocator,
                        const char *framework_id,
                        const struct allocator_framework_options *options)
{
    struct request *request;
    struct actor_msg *msg = request_create(&msg_add_framework, framework_id,
                                           NULL, &request);

    request->roles = copy_strings(options->roles, options->n_roles);
    request->n_roles = options->n_roles;
    request->suppressed_roles = copy_strings(options->suppressed_roles,
                                             options->n_suppressed_roles);
    request->n_suppressed_roles = options->n_suppressed_roles;
    request->flag = options->wants_gpus;
    actor_send(self, allocator, &msg);
}

static void
send_framework_request(struct actor *self, const struct upid *allocator,
                       const struct actor_msg_type *type,
                       const char *framework_id, char *const *roles,
                       size_t n_roles)
{
    struct request *request;
    struct actor_msg *msg = request_create(type, framework_id, NULL,
                                           &request);

    request->roles = copy_strings((const char *const *) roles, n_roles);
    request->n_roles = n_roles;
    actor_send(self, allocator, &msg);
}

void
allocator_remove_framework(struct actor *self, const struct upid *allocator,
                           const char *framework_id)
{
    send_framework_request(self, allocator, &msg_remove_framework,
                           framework_id, NULL, 0);
}

void
allocator_deactivate_framework(struct actor *self,
                               const struct upid *allocator,
                               const char *framework_id)
{
    send_framework_request(self, allocator, &msg_deactivate_framework,
                           framework_id, NULL, 0);
}

void
allocator_revive(struct actor *self, const struct upid *allocator,
                 const char *framework_id, char *const *roles, size_t n_roles)
{
    send_framework_request(self, allocator, &msg_revive, framework_id, roles,
                           n_roles);
}

void
allocator_suppress(struct actor *self, const struct upid *allocator,
                   const char *framework_id, char *const *roles,
                   size_t n_roles)
{
    send_framework_request(self, allocator, &msg_suppress, framework_id,
                           roles, n_roles);
}

void
allocator_recover(struct actor *self, const struct upid *allocator,
                  const char *framework_id, const char *role,
                  const char *agent_id, const struct resources *resources,
                  double refuse_seconds)
{
    struct request *request;
    struct actor_msg *msg;

    if (resources_is_empty(resources)) {
        return;
    }
    msg = request_create(&msg_recover, framework_id, agent_id, &request);
    request->roles = copy_strings(&role, 1);
    request->n_roles = 1;
    resources_init_copy(&request->resources, resources);
    resources_set_allocation(&request->resources, NULL);
    request->refuse_seconds = refuse_seconds;
    actor_send(self, allocator, &msg);
}

double
allocator_filter_seconds(double refuse_seconds)
{
    if (isnan(refuse_seconds) || refuse_seconds < 0) {
        log_warn("Using the default value of 'refuse_seconds' to create the "
                 "refused resources offer filter because the input value is "
                 "%s", isnan(refuse_seconds) ? "invalid" : "negative");
        return DEFAULT_REFUSE_SECONDS;
    }
    if (refuse_seconds > MAX_REFUSE_SECONDS) {
        log_warn("Using 365 days to create the refused resources offer filter "
                 "because the input value is too big");
        return MAX_REFUSE_SECONDS;
    }
    return refuse_seconds;
}

/* --- asking for a cycle --- */

static void
request_cycle(struct allocator *a)
{
    if (!a->cycle_pending) {
        struct actor_msg *msg = actor_msg_create(&msg_cycle);

        a->cycle_pending = true;
        actor_send(&a->base, actor_upid(&a->base), &msg);
    }
}

static void
request_cycle_for(struct allocator *a, struct allocator_agent *agent)
{
    agent->is_candidate = true;
    request_cycle(a);
}

static void
mark_all_agents(struct allocator *a)
{
    struct allocator_agent *agent = NULL;

    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        agent->is_candidate = true;
    }
}

static void
start_interval(struct allocator *a)
{
    a->regular_cycle_ns = actor_now(&a->base)
                          + a->options.allocation_interval_ns;
    actor_timer_start(&a->base, &a->interval,
                      a->options.allocation_interval_ns, on_interval, NULL);
}

static void
on_interval(struct actor *self, void *arg)
{
    struct allocator *a = allocator_cast(self);

    (void) arg;
    mark_all_agents(a);
    request_cycle(a);
    start_interval(a);
}

/* --- agents --- */

/* What a framework that we do not know (yet) holds is not free either.  False
 * if it is not there to be held. */
static bool
agent_take(struct allocator *a, struct allocator_agent *agent,
           const struct allocator_holding *holding)
{
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, holding->framework_id);

    if (framework) {
        struct drf_amounts amounts = drf_amounts_of(&holding->resources);
        struct allocator_client *client =
            allocator_clients_find(framework, holding->role);

        if (!client) {
            client = allocator_clients_add(&a->tables, framework,
                                           holding->role);
            client->leaving = true;
        }
        allocator_clients_charge(&a->tables, client, &amounts);
    }
    if (!resources_contain(&agent->available, &holding->resources)) {
        return false;
    }
    resources_subtract(&agent->available, &holding->resources);
    return true;
}

static void
agent_take_all(struct allocator *a, struct allocator_agent *agent,
               struct request *r)
{
    bool fits = true;

    for (size_t i = 0; i < r->n_holdings; i++) {
        resources_set_allocation(&r->holdings[i].resources, NULL);
        fits = agent_take(a, agent, &r->holdings[i]) && fits;
    }
    if (!fits) {
        log_warn("Agent %s (%s) holds more than it has; nothing of it is "
                 "offered until all is free", agent->id, agent->hostname);
        agent->n_overcommitted = r->n_holdings;
        resources_fini(&agent->available);
        agent->available = (struct resources) { 0 };
    }
}

/* Resources of the agent have come back. */
static void
agent_return(struct allocator_agent *agent, const struct resources *resources)
{
    if (agent->n_overcommitted == 0) {
        resources_add(&agent->available, resources);
    } else if (--agent->n_overcommitted == 0) {
        resources_add(&agent->available, &agent->total);
    }
}

static void
on_add_agent(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_add_agent);
    struct allocator_agent *agent;
    struct resources held = { 0 };
    autofini(strbuf) total_text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) held_text = STRBUF(STRBUF_UNLIMITED);

    if (allocator_agents_find(&a->tables, r->agent_id)) {
        return;
    }
    agent = allocator_agents_add(&a->tables, r->agent_id, r->hostname,
                                 &r->resources);
    agent->has_reservations = resources_has_reservations(&agent->total);
    for (size_t i = 0; i < r->n_holdings; i++) {
        resources_add(&held, &r->holdings[i].resources);
    }
    resources_format(&agent->total, &total_text);
    resources_format(&held, &held_text);
    resources_fini(&held);
    log_info("Added agent %s (%s) with %s (offered or allocated: %s)",
             agent->id, agent->hostname, total_text.data, held_text.data);
    agent_take_all(a, agent, r);
    request_cycle_for(a, agent);
}

static void
on_remove_agent(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_remove_agent);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);

    if (agent) {
        log_info("Removed agent %s", agent->id);
        allocator_agents_remove(&a->tables, agent);
    }
}

static void
on_set_agent_active(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_set_agent_active);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);

    if (agent && agent->active != r->flag) {
        agent->active = r->flag;
        log_info("Agent %s %s", agent->id,
                 r->flag ? "reactivated" : "deactivated");
        request_cycle_for(a, agent);
    }
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

static bool
amounts_are_zero(const struct drf_amounts *amounts)
{
    for (int i = 0; i < N_DRF_DIMENSIONS; i++) {
        if (amounts->v[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Clients that hold nothing have nothing to wait for. */
static void
drop_idle_leavers(struct allocator *a, struct allocator_framework *framework)
{
    for (size_t i = framework->clients.n; i > 0; i--) {
        struct allocator_client *client = framework->clients.data[i - 1];

        if (client->leaving && amounts_are_zero(&client->allocated)) {
            allocator_clients_remove(&a->tables, client);
        }
    }
}

static void
framework_set_roles(struct allocator *a, struct allocator_framework *framework,
                    const struct request *r)
{
    for (size_t i = 0; i < r->n_roles; i++) {
        if (!allocator_clients_find(framework, r->roles[i])) {
            allocator_clients_add(&a->tables, framework, r->roles[i]);
        }
    }
    vec_foreach (&framework->clients, it) {
        struct allocator_client *client = *it;

        client->leaving = !contains_string(r->roles, r->n_roles,
                                           client->role->name);
        client->suppressed = contains_string(r->suppressed_roles,
                                             r->n_suppressed_roles,
                                             client->role->name);
        if (client->leaving) {
            allocator_filters_clear(client);
        }
    }
    drop_idle_leavers(a, framework);
}

static void
on_add_framework(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_add_framework);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);

    if (!framework) {
        framework = allocator_frameworks_add(&a->tables, r->framework_id);
        log_info("Added framework %s", framework->id);
    } else if (!framework->active) {
        log_info("Activated framework %s", framework->id);
    }
    framework->active = true;
    framework->wants_gpus = r->flag;
    framework_set_roles(a, framework, r);
    mark_all_agents(a);
    request_cycle(a);
}

static void
on_remove_framework(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_remove_framework);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);

    if (framework) {
        log_info("Removed framework %s", framework->id);
        allocator_frameworks_remove(&a->tables, framework);
    }
}

static void
on_deactivate_framework(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_deactivate_framework);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);

    if (framework && framework->active) {
        framework->active = false;
        vec_foreach (&framework->clients, client) {
            allocator_filters_clear(*client);
        }
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
    struct request *r = actor_msg_body(msg, &msg_revive);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);
    autofini(strbuf) roles = STRBUF(STRBUF_UNLIMITED);

    if (!framework) {
        return;
    }
    vec_foreach (&framework->clients, client) {
        if (request_concerns(r, *client)) {
            (*client)->suppressed = false;
            allocator_filters_clear(*client);
        }
    }
    format_roles(&roles, r);
    log_info("Unsuppressed offers and cleared filters for roles %s of "
             "framework %s", roles.data, framework->id);
    mark_all_agents(a);
    request_cycle(a);
}

static void
on_suppress(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_suppress);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);
    autofini(strbuf) roles = STRBUF(STRBUF_UNLIMITED);

    if (!framework) {
        return;
    }
    vec_foreach (&framework->clients, client) {
        if (request_concerns(r, *client)) {
            (*client)->suppressed = true;
        }
    }
    format_roles(&roles, r);
    log_info("Suppressed offers for roles %s of framework %s", roles.data,
             framework->id);
}

/* --- resources that come free --- */

static void
client_release(struct allocator *a, struct allocator_client *client,
               const struct resources *resources)
{
    struct drf_amounts amounts = drf_amounts_of(resources);

    allocator_clients_release(&a->tables, client, &amounts);
    if (client->leaving && amounts_are_zero(&client->allocated)) {
        allocator_clients_remove(&a->tables, client);
    }
}

static void
client_filter(struct allocator *a, struct allocator_client *client,
              const struct allocator_agent *agent, const struct request *r)
{
    int64_t refused_ns = duration_from_seconds(r->refuse_seconds);

    if (r->refuse_seconds < 0 || client->leaving
        || !client->framework->active) {
        return;
    }
    if (r->refuse_seconds == 0) {
        /* Wanted again at once, as Mesos' next regular cycle is: any sooner
         * it would go to and fro without an end. */
        allocator_filters_add(client, agent, &r->resources,
                              a->regular_cycle_ns);
        return;
    }
    /* It has to outlive the next regular cycle (MESOS-4302). */
    if (refused_ns < a->options.allocation_interval_ns) {
        refused_ns = a->options.allocation_interval_ns;
    }
    allocator_filters_add(client, agent, &r->resources,
                          actor_now(&a->base) + refused_ns);
}

static void
on_recover(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct request *r = actor_msg_body(msg, &msg_recover);
    struct allocator_framework *framework =
        allocator_frameworks_find(&a->tables, r->framework_id);
    struct allocator_agent *agent = allocator_agents_find(&a->tables,
                                                          r->agent_id);
    struct allocator_client *client =
        framework ? allocator_clients_find(framework, r->roles[0]) : NULL;

    if (client && agent) {
        client_filter(a, client, agent, r);
    }
    if (client) {
        client_release(a, client, &r->resources);
    }
    if (agent) {
        agent_return(agent, &r->resources);
        request_cycle_for(a, agent);
    }
}

/* --- the cycle --- */

static bool
is_worth_an_offer(const struct resources *resources)
{
    return resources_cpus(resources) >= MIN_CPUS
        || resources_mem(resources) >= MIN_MEM;
}

static bool
client_may_have(const struct allocator *a,
                const struct allocator_client *client,
                const struct allocator_agent *agent)
{
    const struct allocator_framework *framework = client->framework;

    return framework->active && !client->suppressed && !client->leaving
        && (!agent->has_gpus || framework->wants_gpus
            || !a->options.filter_gpu_resources);
}

static void
agent_offer(struct allocator *a, struct allocator_agent *agent,
            struct allocator_client *client, struct resources *resources)
{
    struct drf_amounts amounts = drf_amounts_of(resources);
    struct allocator_offer offer = {
        .agent_id = xstrdup(agent->id),
        .role = xstrdup(client->role->name),
        .resources = *resources,
    };

    resources_subtract(&agent->available, resources);
    *resources = (struct resources) { 0 };
    vec_push(&client->framework->offers, offer);
    allocator_clients_charge(&a->tables, client, &amounts);
}

/* Offers what 'role' may have to its first client that takes it. */
static bool
agent_offer_to_role(struct allocator *a, struct allocator_agent *agent,
                    struct allocator_role *role)
{
    int64_t now = actor_now(&a->base);
    struct resources offered = { 0 };
    bool done = false;

    vec_foreach (&role->clients, it) {
        struct allocator_client *client = *it;

        if (!client_may_have(a, client, agent)) {
            continue;
        }
        if (resources_is_empty(&offered)) {
            resources_allocatable_to(&agent->available, role->name, &offered);
            if (!is_worth_an_offer(&offered)) {
                break;
            }
        }
        if (!allocator_filters_match(client, agent, &offered, now)) {
            agent_offer(a, agent, client, &offered);
            done = true;
            break;
        }
    }
    resources_fini(&offered);
    return done;
}

static void
agent_allocate(struct allocator *a, struct allocator_agent *agent)
{
    bool again = true;

    /* An offer changes the order of roles, so the walk begins anew; what is
     * left then is reserved to other roles. */
    while (again && is_worth_an_offer(&agent->available)) {
        again = false;
        vec_foreach (&a->tables.roles, role) {
            if (agent_offer_to_role(a, agent, *role)) {
                again = agent->has_reservations;
                break;
            }
        }
    }
}

static void
send_offers(struct allocator *a, struct allocator_framework *framework)
{
    struct actor_msg *msg;
    struct allocator_offers *offers;

    if (framework->offers.n == 0) {
        return;
    }
    msg = actor_msg_create(&msg_allocator_offers);
    offers = actor_msg_body(msg, &msg_allocator_offers);
    offers->framework_id = xstrdup(framework->id);
    offers->offers = framework->offers.data;
    offers->n_offers = framework->offers.n;
    framework->offers.data = NULL;
    framework->offers.n = framework->offers.capacity = 0;
    actor_send(&a->base, &a->options.master, &msg);
}

static void
on_cycle(struct actor *self, struct actor_msg *msg)
{
    struct allocator *a = allocator_cast(self);
    struct allocator_agent *agent = NULL;
    struct allocator_framework *framework = NULL;

    (void) msg;
    a->cycle_pending = false;
    allocator_tables_sort(&a->tables);
    while ((agent = allocator_agents_next(&a->tables, agent)) != NULL) {
        if (agent->is_candidate) {
            agent->is_candidate = false;
            if (agent->active) {
                agent_allocate(a, agent);
            }
        }
    }
    while ((framework = allocator_frameworks_next(&a->tables, framework))
           != NULL) {
        send_offers(a, framework);
    }
}

static void
offers_fini(void *body)
{
    struct allocator_offers *offers = body;

    for (size_t i = 0; i < offers->n_offers; i++) {
        free(offers->offers[i].agent_id);
        free(offers->offers[i].role);
        resources_fini(&offers->offers[i].resources);
    }
    free(offers->offers);
    free(offers->framework_id);
}
