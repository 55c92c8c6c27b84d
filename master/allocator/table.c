/* SPDX-License-Identifier: Apache-2.0
 *
 * table.c - what the allocator knows: agents, frameworks, roles,
 * filters.
 *
 * Giving something away moves one client and one role a few places to the
 * right; everything else marks the order as stale, and it is made anew when
 * it is next needed. */
#include <config.h>

#include "master/allocator/table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

static void filters_remove_agent(struct allocator_client *,
                                 const struct allocator_agent *);
static void filter_destroy(struct allocator_filter *);
static struct allocator_role *roles_get(struct allocator_tables *,
                                        const char *name);
static void roles_remove(struct allocator_tables *, struct allocator_role *);
static void agent_destroy(struct allocator_tables *, struct allocator_agent *);

void
allocator_tables_fini(struct allocator_tables *t)
{
    struct allocator_framework *framework, *next_framework;
    struct allocator_agent *agent, *next_agent;

    HASH_ITER(hh, t->frameworks, framework, next_framework) {
        allocator_frameworks_remove(t, framework);
    }
    HASH_ITER(hh, t->agents, agent, next_agent) {
        agent_destroy(t, agent);
    }
    vec_fini(&t->roles);
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
allocator_agents_add(struct allocator_tables *t, const char *id,
                     const char *hostname, const struct resources *total)
{
    struct allocator_agent *agent = xcalloc(1, sizeof *agent);

    agent->id = xstrdup(id);
    agent->hostname = xstrdup(hostname);
    resources_init_copy(&agent->total, total);
    resources_init_copy(&agent->available, total);
    agent->amounts = drf_amounts_of(total);
    agent->has_gpus = agent->amounts.v[DRF_GPUS] > 0;
    agent->active = true;
    HASH_ADD_KEYPTR(hh, t->agents, agent->id, strlen(agent->id), agent);
    drf_add(&t->total, &agent->amounts);
    t->dirty = true;
    return agent;
}

void
allocator_agents_remove(struct allocator_tables *t,
                        struct allocator_agent *agent)
{
    vec_foreach (&t->roles, role) {
        vec_foreach (&(*role)->clients, client) {
            filters_remove_agent(*client, agent);
        }
    }
    drf_subtract(&t->total, &agent->amounts);
    t->dirty = true;
    agent_destroy(t, agent);
}

struct allocator_agent *
allocator_agents_next(const struct allocator_tables *t,
                      struct allocator_agent *agent)
{
    return agent ? agent->hh.next : t->agents;
}

static void
agent_destroy(struct allocator_tables *t, struct allocator_agent *agent)
{
    HASH_DEL(t->agents, agent);
    resources_fini(&agent->total);
    resources_fini(&agent->available);
    free(agent->hostname);
    free(agent->id);
    free(agent);
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
allocator_frameworks_add(struct allocator_tables *t, const char *id)
{
    struct allocator_framework *framework = xcalloc(1, sizeof *framework);

    framework->id = xstrdup(id);
    HASH_ADD_KEYPTR(hh, t->frameworks, framework->id, strlen(framework->id),
                    framework);
    return framework;
}

void
allocator_frameworks_remove(struct allocator_tables *t,
                            struct allocator_framework *framework)
{
    while (framework->clients.n > 0) {
        allocator_clients_remove(t, vec_last(&framework->clients));
    }
    HASH_DEL(t->frameworks, framework);
    vec_fini(&framework->clients);
    vec_fini(&framework->offers);
    free(framework->id);
    free(framework);
}

struct allocator_framework *
allocator_frameworks_next(const struct allocator_tables *t,
                          struct allocator_framework *framework)
{
    return framework ? framework->hh.next : t->frameworks;
}

/* --- clients and roles --- */

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
allocator_clients_add(struct allocator_tables *t,
                      struct allocator_framework *framework, const char *name)
{
    struct allocator_client *client = xcalloc(1, sizeof *client);

    client->framework = framework;
    client->role = roles_get(t, name);
    client->order.name = framework->id;
    vec_push(&client->role->clients, client);
    vec_push(&framework->clients, client);
    t->dirty = true;
    return client;
}

void
allocator_clients_remove(struct allocator_tables *t,
                         struct allocator_client *client)
{
    struct allocator_role *role = client->role;
    struct allocator_framework *framework = client->framework;

    for (size_t i = 0; i < framework->clients.n; i++) {
        if (framework->clients.data[i] == client) {
            vec_remove(&framework->clients, i);
            break;
        }
    }
    for (size_t i = 0; i < role->clients.n; i++) {
        if (role->clients.data[i] == client) {
            vec_remove(&role->clients, i);
            break;
        }
    }
    drf_subtract(&role->allocated, &client->allocated);
    allocator_filters_clear(client);
    free(client);
    if (role->clients.n == 0) {
        roles_remove(t, role);
    }
    t->dirty = true;
}

static struct allocator_role *
roles_get(struct allocator_tables *t, const char *name)
{
    struct allocator_role *role;

    HASH_FIND_STR(t->roles_by_name, name, role);
    if (!role) {
        role = xcalloc(1, sizeof *role);
        role->name = xstrdup(name);
        role->order.name = role->name;
        HASH_ADD_KEYPTR(hh, t->roles_by_name, role->name, strlen(role->name),
                        role);
        vec_push(&t->roles, role);
    }
    return role;
}

static void
roles_remove(struct allocator_tables *t, struct allocator_role *role)
{
    for (size_t i = 0; i < t->roles.n; i++) {
        if (t->roles.data[i] == role) {
            vec_remove(&t->roles, i);
            break;
        }
    }
    HASH_DEL(t->roles_by_name, role);
    vec_fini(&role->clients);
    free(role->name);
    free(role);
}

/* --- shares and order --- */

/* Moves 'element', whose share can only have grown, to the right until the
 * order holds again.  Who is given something is mostly found near the start,
 * and goes to the end. */
#define MOVE_RIGHT(vec, element) \
    do { \
        size_t from_ = 0; \
        while ((vec)->data[from_] != (element)) { \
            from_++; \
        } \
        size_t low_ = from_ + 1; \
        size_t high_ = (vec)->n; \
        while (low_ < high_) { \
            size_t middle_ = low_ + (high_ - low_) / 2; \
            if (drf_compare(&(element)->order, \
                            &(vec)->data[middle_]->order) > 0) { \
                low_ = middle_ + 1; \
            } else { \
                high_ = middle_; \
            } \
        } \
        memmove(&(vec)->data[from_], &(vec)->data[from_ + 1], \
                (low_ - 1 - from_) * sizeof *(vec)->data); \
        (vec)->data[low_ - 1] = (element); \
    } while (0)

void
allocator_clients_charge(struct allocator_tables *t,
                         struct allocator_client *client,
                         const struct drf_amounts *amounts)
{
    struct allocator_role *role = client->role;

    drf_add(&client->allocated, amounts);
    drf_add(&role->allocated, amounts);
    client->order.n_allocations++;
    role->order.n_allocations++;
    if (t->dirty) {
        return;
    }
    client->order.share = drf_share(&client->allocated, &t->total);
    role->order.share = drf_share(&role->allocated, &t->total);
    MOVE_RIGHT(&role->clients, client);
    MOVE_RIGHT(&t->roles, role);
}

void
allocator_clients_release(struct allocator_tables *t,
                          struct allocator_client *client,
                          const struct drf_amounts *amounts)
{
    drf_subtract(&client->allocated, amounts);
    drf_subtract(&client->role->allocated, amounts);
    t->dirty = true;
}

static int
compare_clients(const void *a, const void *b)
{
    const struct allocator_client *const *x = a;
    const struct allocator_client *const *y = b;

    return drf_compare(&(*x)->order, &(*y)->order);
}

static int
compare_roles(const void *a, const void *b)
{
    const struct allocator_role *const *x = a;
    const struct allocator_role *const *y = b;

    return drf_compare(&(*x)->order, &(*y)->order);
}

void
allocator_tables_sort(struct allocator_tables *t)
{
    if (!t->dirty) {
        return;
    }
    vec_foreach (&t->roles, it) {
        struct allocator_role *role = *it;

        role->order.share = drf_share(&role->allocated, &t->total);
        vec_foreach (&role->clients, client) {
            (*client)->order.share = drf_share(&(*client)->allocated,
                                               &t->total);
        }
        qsort(role->clients.data, role->clients.n,
              sizeof *role->clients.data, compare_clients);
    }
    if (t->roles.n > 0) {
        qsort(t->roles.data, t->roles.n, sizeof *t->roles.data,
              compare_roles);
    }
    t->dirty = false;
}

/* --- filters --- */

static struct allocator_filter *
filters_find(struct allocator_client *client,
             const struct allocator_agent *agent)
{
    struct allocator_filter *filter;

    HASH_FIND_PTR(client->filters, &agent, filter);
    return filter;
}

void
allocator_filters_add(struct allocator_client *client,
                      const struct allocator_agent *agent,
                      const struct resources *refused, int64_t expires_ns)
{
    struct allocator_filter *first = filters_find(client, agent);
    struct allocator_filter *filter = xcalloc(1, sizeof *filter);

    filter->agent = agent;
    filter->expires_ns = expires_ns;
    resources_init_copy(&filter->refused, refused);
    if (first) {
        filter->next = first->next;
        first->next = filter;
    } else {
        HASH_ADD_PTR(client->filters, agent, filter);
    }
}

bool
allocator_filters_match(struct allocator_client *client,
                        const struct allocator_agent *agent,
                        const struct resources *resources, int64_t now_ns)
{
    struct allocator_filter *first = filters_find(client, agent);

    if (!first) {
        return false;
    }
    for (struct allocator_filter **link = &first->next; *link; ) {
        struct allocator_filter *filter = *link;

        if (filter->expires_ns <= now_ns) {
            *link = filter->next;
            filter_destroy(filter);
            continue;
        }
        if (resources_contain(&filter->refused, resources)) {
            return true;
        }
        link = &filter->next;
    }
    if (first->expires_ns > now_ns) {
        return resources_contain(&first->refused, resources);
    }
    if (!first->next) {
        filters_remove_agent(client, agent);
    }
    return false;
}

void
allocator_filters_clear(struct allocator_client *client)
{
    struct allocator_filter *filter, *next;

    HASH_ITER(hh, client->filters, filter, next) {
        filters_remove_agent(client, filter->agent);
    }
}

static void
filters_remove_agent(struct allocator_client *client,
                     const struct allocator_agent *agent)
{
    struct allocator_filter *filter = filters_find(client, agent);

    if (filter) {
        HASH_DEL(client->filters, filter);
    }
    while (filter) {
        struct allocator_filter *next = filter->next;

        filter_destroy(filter);
        filter = next;
    }
}

static void
filter_destroy(struct allocator_filter *filter)
{
    resources_fini(&filter->refused);
    free(filter);
}
