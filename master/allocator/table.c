/* SPDX-License-Identifier: Apache-2.0
 *
 * table.c - what the allocator knows: agents, frameworks, and who holds what.
 *
 * All sums (of a client, its roles, the cluster) follow from what is held on
 * each agent and change with it, so nothing is ever counted anew. */
#include <config.h>

#include "master/allocator/table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>

#include "master/allocator/filter_table.h"
#include "master/allocator/offer_constraints.h"
#include "master/allocator/role_table.h"
#include "model/resource.h"
#include "model/resources_part.h"

static void client_destroy(struct allocator_tables *,
                           struct allocator_client *);
static void framework_drop_idle(struct allocator_tables *,
                                struct allocator_framework *);
static void track_total(struct allocator_tables *, struct allocator_agent *,
                        int sign);
static void update_available(struct allocator_tables *,
                             struct allocator_agent *);

void
allocator_tables_init(struct allocator_tables *t,
                      const struct sorter_ops *ops)
{
    memset(t, 0, sizeof *t);
    t->sorter_ops = ops;
    t->pool.generation = 1;
    amount_names_init(&t->names);
    sorter_init(&t->sorter, ops, &t->pool);
}

void
allocator_tables_fini(struct allocator_tables *t)
{
    struct allocator_framework *framework, *next_framework;
    struct allocator_agent *agent, *next_agent;

    HASH_ITER(hh, t->agents, agent, next_agent) {
        allocator_agents_remove(t, agent);
    }
    HASH_ITER(hh, t->frameworks, framework, next_framework) {
        allocator_frameworks_remove(t, framework);
    }
    role_table_fini(t);
    sorter_fini(&t->sorter);
    amount_names_fini(&t->names);
    vec_fini(&t->quota_roles);
    vec_fini(&t->stale_roles);
    vec_fini(&t->free_indices);
    vec_fini(&t->filters);
}

/* --- agents --- */

struct allocator_agent *
allocator_agents_find(struct allocator_tables *t, const char *id)
{
    struct allocator_agent *agent;

    HASH_FIND_STR(t->agents, id, agent);
    return agent;
}

struct allocator_agent *
allocator_agents_next(const struct allocator_tables *t,
                      struct allocator_agent *agent)
{
    return agent ? agent->hh.next : t->agents;
}

struct allocator_agent *
allocator_agents_add(struct allocator_tables *t, const char *id,
                     const struct resources *total)
{
    struct allocator_agent *agent = xcalloc(1, sizeof *agent);

    agent->id = xstrdup(id);
    agent->index = t->free_indices.n > 0 ? vec_pop(&t->free_indices)
                                         : t->n_indices++;
    agent->active = true;
    HASH_ADD_KEYPTR(hh, t->agents, agent->id, strlen(agent->id), agent);
    t->n_agents++;
    resources_init_copy(&agent->total, total);
    track_total(t, agent, 1);
    update_available(t, agent);
    return agent;
}

void
allocator_agents_remove(struct allocator_tables *t,
                        struct allocator_agent *agent)
{
    allocator_filters_clear_agent(t, agent);
    while (agent->holds.n > 0) {
        struct resources held;

        resources_init_copy(&held, &vec_last(&agent->holds).held);
        allocator_agents_release(t, agent, vec_last(&agent->holds).client,
                                 &held);
        resources_fini(&held);
    }
    track_total(t, agent, -1);
    amounts_subtract(&t->free, &agent->plain);
    HASH_DEL(t->agents, agent);
    t->n_agents--;
    vec_push(&t->free_indices, agent->index);
    vec_fini(&agent->holds);
    resources_fini(&agent->total);
    resources_fini(&agent->available);
    resources_fini(&agent->shared_offered);
    message_unref(agent->message);
    free(agent->hostname);
    free(agent->id);
    free(agent);
}

/* Of a role's reservations: each entry is a reason for its top-level role to
 * exist. */
static void
track_reservation(struct allocator_tables *t, const struct resource *entry,
                  int sign)
{
    struct amounts amounts = { { 0 } };
    struct allocator_role *role =
        role_table_get_top(t, entry_reserved_to(entry));
    int k = entry->type == RESOURCE_SCALAR
        ? amount_names_index(&t->names, entry->name) : -1;

    if (k >= 0) {
        amounts.v[k] = entry->scalar;
    }
    allocator_roles_mark_stale(t, role);
    if (sign > 0) {
        role->n_refs++;
        amounts_add(&role->reservations, &amounts);
    } else {
        amounts_subtract(&role->reservations, &amounts);
        role_table_unref(t, role);
    }
}

static void
track_total(struct allocator_tables *t, struct allocator_agent *agent,
            int sign)
{
    agent->total_amounts = amounts_of(&t->names, &agent->total, AMOUNTS_ALL);
    if (sign > 0) {
        amounts_add(&t->pool.total, &agent->total_amounts);
    } else {
        amounts_subtract(&t->pool.total, &agent->total_amounts);
    }
    t->pool.generation++;
    t->n_shared -= sign < 0 && agent->has_shared;
    agent->is_mixed = agent->has_shared = agent->has_gpus = false;
    agent->has_others = false;
    for (size_t i = 0; i < agent->total.n; i++) {
        const struct resource *entry = &agent->total.entries[i];
        bool is_shared = entry->meta && resource_is_shared(entry);

        if (entry->meta && entry_reserved_to(entry)) {
            track_reservation(t, entry, sign);
            agent->is_mixed = true;
        }
        agent->has_others = agent->has_others
            || entry->type != RESOURCE_SCALAR
            || amount_names_index(&t->names, entry->name) < 0;
        agent->has_shared = agent->has_shared || is_shared;
        agent->is_mixed = agent->is_mixed || is_shared
                          || entry_is_revocable(entry);
        agent->has_gpus = agent->has_gpus || !strcmp(entry->name, "gpus");
    }
    t->n_shared += sign > 0 && agent->has_shared;
}

/* The amounts of what is available have changed. */
static void
update_plain(struct allocator_tables *t, struct allocator_agent *agent)
{
    amounts_subtract(&t->free, &agent->plain);
    agent->plain = amounts_of(&t->names, &agent->available, AMOUNTS_PLAIN);
    amounts_add(&t->free, &agent->plain);
}

/* Copies the entries of 'source' that are (not) shared to the sum '*ret'. */
static void
add_shared(struct resources *ret, const struct resources *source, bool shared)
{
    for (size_t i = 0; i < source->n; i++) {
        struct resource copy;

        if (resource_is_shared(&source->entries[i]) == shared) {
            resource_init_copy(&copy, &source->entries[i]);
            resources_add_entry(ret, &copy);
        }
    }
}

/* What the total has and nobody holds; what is shared stays. */
static void
update_available(struct allocator_tables *t, struct allocator_agent *agent)
{
    resources_fini(&agent->available);
    add_shared(&agent->available, &agent->total, false);
    agent->is_overcommitted = false;
    vec_foreach (&agent->holds, hold) {
        struct resources held = { 0 };

        add_shared(&held, &hold->held, false);
        if (!resources_take(&agent->available, &held, NULL)) {
            agent->is_overcommitted = true;
        }
        resources_fini(&held);
    }
    add_shared(&agent->available, &agent->total, true);
    update_plain(t, agent);
}

void
allocator_agents_set_total(struct allocator_tables *t,
                           struct allocator_agent *agent,
                           const struct resources *total)
{
    struct resources copy;

    resources_init_copy(&copy, total);
    track_total(t, agent, -1);
    resources_fini(&agent->total);
    agent->total = copy;
    track_total(t, agent, 1);
    update_available(t, agent);
}

/* --- what is held --- */

struct allocator_hold *
allocator_agents_find_hold(struct allocator_agent *agent,
                           const struct allocator_client *client)
{
    vec_foreach (&agent->holds, hold) {
        if (hold->client == client) {
            return hold;
        }
    }
    return NULL;
}

/* What 'resources' count for when they come to a client or go: a shared one
 * only if it is the first, or the last, of its kind there. */
static struct amounts
count_for(struct allocator_tables *t, struct allocator_client *client,
          const struct resources *resources, int sign)
{
    struct amounts sum = amounts_of(&t->names, resources, AMOUNTS_ALL);
    struct resources shared = { 0 };
    struct resources added = { 0 };

    add_shared(&shared, resources, true);
    for (size_t i = 0; i < shared.n; i++) {
        struct resources one = { &shared.entries[i], 1, 1 };
        struct amounts amounts = amounts_of(&t->names, &one, AMOUNTS_ALL);
        bool is_counted = false;

        if (sign < 0) {
            resources_take(&client->shared, &one, NULL);
        } else {
            resources_add(&added, &one);
        }
        shared.entries[i].n_shared = 1;
        is_counted = resources_contain(&client->shared, &one);
        if (is_counted) {
            amounts_subtract(&sum, &amounts);
        }
    }
    resources_move(&client->shared, &added);
    resources_fini(&shared);
    return sum;
}

static bool
has_shared(const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        if (resources->entries[i].meta
            && resource_is_shared(&resources->entries[i])) {
            return true;
        }
    }
    return false;
}

/* Books what comes to a client, but for the sorters; '*ret' is for them. */
static void
book(struct allocator_tables *t, struct allocator_agent *agent,
     struct allocator_client *client, const struct resources *resources,
     struct amounts *ret)
{
    struct allocator_hold *hold = allocator_agents_find_hold(agent, client);
    struct amounts plain = amounts_of(&t->names, resources, AMOUNTS_PLAIN);

    *ret = has_shared(resources) ? count_for(t, client, resources, 1)
        : amounts_of(&t->names, resources, AMOUNTS_ALL);
    if (hold) {
        resources_add(&hold->held, resources);
    } else {
        struct allocator_hold fresh = { .client = client };

        resources_init_copy(&fresh.held, resources);
        vec_push(&agent->holds, fresh);
        client->n_holds++;
    }
    amounts_add(&t->held, ret);
    amounts_add(&client->role->top->consumed, &plain);
    allocator_roles_mark_stale(t, client->role);
}

void
allocator_agents_hold(struct allocator_tables *t,
                      struct allocator_agent *agent,
                      struct allocator_client *client,
                      const struct resources *resources)
{
    struct amounts amounts;
    struct resources own = { 0 };

    if (resources_is_empty(resources)) {
        return;
    }
    book(t, agent, client, resources, &amounts);
    sorter_charge(&client->role->clients, &client->node, &amounts, true);
    sorter_charge(&t->sorter, &client->role->self, &amounts, true);
    add_shared(&own, resources, false);
    if (!resources_take(&agent->available, &own, NULL)) {
        agent->is_overcommitted = true;
    }
    resources_fini(&own);
    update_plain(t, agent);
}

void
allocator_agents_offer(struct allocator_tables *t,
                       struct allocator_agent *agent,
                       struct allocator_client *client,
                       struct resources *taken)
{
    struct amounts amounts;

    book(t, agent, client, taken, &amounts);
    amounts_add(&client->pending, &amounts);
    client->n_pending++;
    update_plain(t, agent);
}

void
allocator_clients_settle(struct allocator_tables *t,
                         struct allocator_client *client)
{
    sorter_charge(&client->role->clients, &client->node, &client->pending,
                  true);
    sorter_charge(&t->sorter, &client->role->self, &client->pending, true);
    memset(&client->pending, 0, sizeof client->pending);
    client->n_pending = 0;
    client->is_touched = false;
}

bool
allocator_agents_release(struct allocator_tables *t,
                         struct allocator_agent *agent,
                         struct allocator_client *client,
                         const struct resources *resources)
{
    struct allocator_hold *hold = allocator_agents_find_hold(agent, client);
    struct resources taken = { 0 };
    struct amounts amounts, plain;
    bool all;

    if (!hold) {
        return false;
    }
    all = resources_take(&hold->held, resources, &taken);
    plain = amounts_of(&t->names, &taken, AMOUNTS_PLAIN);
    amounts = has_shared(&taken) ? count_for(t, client, &taken, -1)
        : amounts_of(&t->names, &taken, AMOUNTS_ALL);
    amounts_subtract(&t->held, &amounts);
    amounts_subtract(&client->role->top->consumed, &plain);
    allocator_roles_mark_stale(t, client->role);
    sorter_release(&client->role->clients, &client->node, &amounts);
    sorter_release(&t->sorter, &client->role->self, &amounts);
    if (agent->is_overcommitted || has_shared(&taken)) {
        update_available(t, agent);
        resources_fini(&taken);
    } else {
        resources_move(&agent->available, &taken);
        update_plain(t, agent);
    }
    if (resources_is_empty(&hold->held)) {
        resources_fini(&hold->held);
        vec_remove(&agent->holds, (size_t) (hold - agent->holds.data));
        client->n_holds--;
        allocator_clients_drop_idle(t, client);
    }
    return all;
}

/* The sums follow when the client gives back what it had and takes what that
 * has become. */
static void
exchange(struct allocator_tables *t, struct allocator_agent *agent,
         struct allocator_hold *hold, struct resources *now)
{
    struct allocator_client *client = hold->client;
    struct resources *held = &hold->held;
    struct amounts plain = amounts_of(&t->names, held, AMOUNTS_PLAIN);
    struct amounts amounts = count_for(t, client, held, -1);

    amounts_subtract(&t->held, &amounts);
    amounts_subtract(&client->role->top->consumed, &plain);
    sorter_release(&client->role->clients, &client->node, &amounts);
    sorter_release(&t->sorter, &client->role->self, &amounts);
    resources_fini(held);
    *held = *now;
    *now = (struct resources) { 0 };
    plain = amounts_of(&t->names, held, AMOUNTS_PLAIN);
    amounts = count_for(t, client, held, 1);
    amounts_add(&t->held, &amounts);
    amounts_add(&client->role->top->consumed, &plain);
    sorter_charge(&client->role->clients, &client->node, &amounts, false);
    sorter_charge(&t->sorter, &client->role->self, &amounts, false);
    allocator_roles_mark_stale(t, client->role);
    if (resources_is_empty(held)) {
        resources_fini(held);
        vec_remove(&agent->holds, (size_t) (hold - agent->holds.data));
        client->n_holds--;
        allocator_clients_drop_idle(t, client);
    }
}

bool
allocator_agents_convert(struct allocator_tables *t,
                         struct allocator_agent *agent,
                         struct allocator_hold *hold,
                         const struct resource_conversion *conversions,
                         size_t n)
{
    struct resources part = { 0 };
    struct resources total = { 0 };
    bool fits;

    resources_init_copy(&part, hold ? &hold->held : &agent->available);
    resources_init_copy(&total, &agent->total);
    fits = resource_conversions_apply(conversions, n, &part)
        && resource_conversions_apply(conversions, n, &total);
    if (fits) {
        if (hold) {
            exchange(t, agent, hold, &part);
        }
        allocator_agents_set_total(t, agent, &total);
    }
    resources_fini(&part);
    resources_fini(&total);
    return fits;
}

/* --- frameworks --- */

struct allocator_framework *
allocator_frameworks_find(struct allocator_tables *t, const char *id)
{
    struct allocator_framework *framework;

    HASH_FIND_STR(t->frameworks, id, framework);
    return framework;
}

struct allocator_framework *
allocator_frameworks_get(struct allocator_tables *t, const char *id)
{
    struct allocator_framework *framework = allocator_frameworks_find(t, id);

    if (!framework) {
        framework = xcalloc(1, sizeof *framework);
        framework->id = xstrdup(id);
        HASH_ADD_KEYPTR(hh, t->frameworks, framework->id,
                        strlen(framework->id), framework);
    }
    return framework;
}

struct allocator_framework *
allocator_frameworks_next(const struct allocator_tables *t,
                          struct allocator_framework *framework)
{
    return framework ? framework->hh.next : t->frameworks;
}

void
allocator_frameworks_remove(struct allocator_tables *t,
                            struct allocator_framework *framework)
{
    framework->known = framework->active = false;
    for (size_t i = framework->clients.n; i > 0; i--) {
        struct allocator_client *client = framework->clients.data[i - 1];

        client->leaving = true;
        allocator_filters_clear(t, client);
        allocator_clients_update(t, client);
        if (client->n_holds == 0) {
            client_destroy(t, client);
        }
    }
    framework_drop_idle(t, framework);
}

static void
framework_drop_idle(struct allocator_tables *t,
                    struct allocator_framework *framework)
{
    if (framework->known || framework->clients.n > 0) {
        return;
    }
    HASH_DEL(t->frameworks, framework);
    offer_constraints_destroy(framework->constraints);
    vec_fini(&framework->clients);
    vec_fini(&framework->offers);
    vec_fini(&framework->inverse_offers);
    free(framework->id);
    free(framework);
}

/* --- clients --- */

struct allocator_client *
allocator_clients_find(struct allocator_framework *framework,
                       const char *role)
{
    vec_foreach (&framework->clients, client) {
        if (!strcmp((*client)->role->name, role)) {
            return *client;
        }
    }
    return NULL;
}

struct allocator_client *
allocator_clients_get(struct allocator_tables *t,
                      struct allocator_framework *framework, const char *name)
{
    struct allocator_client *client = allocator_clients_find(framework, name);

    if (client) {
        return client;
    }
    client = xcalloc(1, sizeof *client);
    client->framework = framework;
    client->role = role_table_get(t, name);
    client->node.path = framework->id;
    client->node.leaf = client;
    client->node.weight = 1;
    client->leaving = true;
    role_table_enter_sorter(t, client->role);
    sorter_add(&client->role->clients, NULL, &client->node);
    vec_push(&framework->clients, client);
    return client;
}

void
allocator_clients_update(struct allocator_tables *t,
                         struct allocator_client *client)
{
    struct allocator_role *role = client->role;
    bool is_active = client->framework->active && !client->suppressed
                     && !client->leaving;

    if ((client->node.n_active > 0) == is_active) {
        return;
    }
    sorter_set_active(&role->clients, &client->node, is_active);
    role->n_active += is_active ? 1 : (size_t) -1;
    sorter_set_active(&t->sorter, &role->self, role->n_active > 0);
}

void
allocator_clients_drop_idle(struct allocator_tables *t,
                            struct allocator_client *client)
{
    struct allocator_framework *framework = client->framework;

    if (client->leaving && client->n_holds == 0) {
        client_destroy(t, client);
        framework_drop_idle(t, framework);
    }
}

static void
client_destroy(struct allocator_tables *t, struct allocator_client *client)
{
    struct allocator_framework *framework = client->framework;
    struct allocator_role *role = client->role;

    for (size_t i = 0; i < framework->clients.n; i++) {
        if (framework->clients.data[i] == client) {
            vec_remove(&framework->clients, i);
            break;
        }
    }
    client->leaving = true;
    allocator_clients_update(t, client);
    allocator_filters_clear(t, client);
    sorter_remove(&role->clients, &client->node);
    role_table_leave_sorter(t, role);
    for (size_t i = 0; i < client->minimum.n; i++) {
        resource_quantities_fini(&client->minimum.any[i]);
    }
    free(client->minimum.any);
    resources_fini(&client->shared);
    free(client->verdicts);
    free(client);
}
