/* SPDX-License-Identifier: Apache-2.0
 *
 * filter_table.c - what of an agent a client does not want for some time. */
#include <config.h>

#include "master/allocator/filter_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "master/allocator/table.h"
#include "model/resource.h"

/* --- a heap, the first to end on top --- */

static void
put(struct allocator_tables *t, struct allocator_filter *filter, size_t at)
{
    t->filters.data[at] = filter;
    filter->heap_index = at;
}

static void
sift_up(struct allocator_tables *t, size_t at)
{
    struct allocator_filter *filter = t->filters.data[at];

    while (at > 0) {
        struct allocator_filter *parent = t->filters.data[(at - 1) / 2];

        if (parent->expires_ns <= filter->expires_ns) {
            break;
        }
        put(t, parent, at);
        at = (at - 1) / 2;
    }
    put(t, filter, at);
}

static void
sift_down(struct allocator_tables *t, size_t at)
{
    struct allocator_filter *filter = t->filters.data[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= t->filters.n) {
            break;
        }
        if (child + 1 < t->filters.n
            && t->filters.data[child + 1]->expires_ns
               < t->filters.data[child]->expires_ns) {
            child++;
        }
        if (t->filters.data[child]->expires_ns >= filter->expires_ns) {
            break;
        }
        put(t, t->filters.data[child], at);
        at = child;
    }
    put(t, filter, at);
}

static void
heap_push(struct allocator_tables *t, struct allocator_filter *filter)
{
    vec_push(&t->filters, filter);
    sift_up(t, t->filters.n - 1);
}

static void
heap_remove(struct allocator_tables *t, const struct allocator_filter *filter)
{
    size_t at = filter->heap_index;
    struct allocator_filter *last = vec_pop(&t->filters);

    if (last != filter) {
        put(t, last, at);
        sift_up(t, at);
        sift_down(t, last->heap_index);
    }
}

/* --- fingerprints --- */

static uint64_t
hash_set(const struct string_set *set)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < set->n; i++) {
        sum += table_hash(set->data[i], strlen(set->data[i]));
    }
    return sum;
}

/* Names and values are hashed apart, and what comes of it again. */
static uint64_t
hash_entry(const struct resource *entry)
{
    uint64_t parts[3] = {
        table_hash(entry->name, strlen(entry->name)), (uint64_t) entry->type,
    };

    switch (entry->type) {
    case RESOURCE_SCALAR:
        parts[2] = (uint64_t) entry->scalar;
        break;
    case RESOURCE_RANGES:
        parts[2] = table_hash(entry->ranges.data, entry->ranges.n
                              * sizeof *entry->ranges.data);
        break;
    case RESOURCE_SET:
        parts[2] = hash_set(&entry->set);
        break;
    }
    return table_hash(parts, sizeof parts);
}

uint64_t
allocator_fingerprint(const struct resources *resources)
{
    uint64_t sum = 0;           /* in any order */

    for (size_t i = 0; i < resources->n; i++) {
        if (resources->entries[i].meta || resources->entries[i].role) {
            return 0;
        }
        sum += hash_entry(&resources->entries[i]);
    }
    return sum;
}

/* --- by client and agent --- */

static struct allocator_filter *
find_first(const struct allocator_client *client,
           const struct allocator_agent *agent)
{
    struct allocator_filter *filter;

    if (!client->filters || agent->n_filters == 0) {
        return NULL;
    }
    HASH_FIND_PTR(client->filters, &agent, filter);
    return filter;
}

static void
count(struct allocator_tables *t, struct allocator_filter *filter, int sign)
{
    filter->agent->n_filters += (size_t) sign;
    filter->client->role->n_filters += (size_t) sign;
    allocator_roles_mark_stale(t, filter->client->role);
}

void
allocator_filters_add(struct allocator_tables *t,
                      struct allocator_client *client,
                      struct allocator_agent *agent,
                      const struct resources *refused, int64_t expires_ns)
{
    struct allocator_filter *first = find_first(client, agent);
    struct allocator_filter *filter = xcalloc(1, sizeof *filter);

    filter->agent = agent;
    filter->client = client;
    filter->expires_ns = expires_ns;
    resources_init_copy(&filter->refused, refused);
    filter->fingerprint = allocator_fingerprint(refused);
    if (first) {
        filter->next = first->next;
        first->next = filter;
    } else {
        HASH_ADD_PTR(client->filters, agent, filter);
    }
    heap_push(t, filter);
    count(t, filter, 1);
}

bool
allocator_filters_match(const struct allocator_client *client,
                        const struct allocator_agent *agent,
                        const struct resources *resources,
                        uint64_t fingerprint, int64_t now_ns)
{
    const struct allocator_filter *filter = find_first(client, agent);

    for (; filter; filter = filter->next) {
        if (filter->expires_ns > now_ns
            && ((fingerprint != 0 && filter->fingerprint == fingerprint)
                || resources_contain(&filter->refused, resources))) {
            return true;
        }
    }
    return false;
}

static void
filter_destroy(struct allocator_tables *t, struct allocator_filter *filter)
{
    heap_remove(t, filter);
    count(t, filter, -1);
    resources_fini(&filter->refused);
    free(filter);
}

static void
remove_all(struct allocator_tables *t, struct allocator_client *client,
           struct allocator_filter *first)
{
    HASH_DEL(client->filters, first);
    while (first) {
        struct allocator_filter *next = first->next;

        filter_destroy(t, first);
        first = next;
    }
}

void
allocator_filters_clear(struct allocator_tables *t,
                        struct allocator_client *client)
{
    while (client->filters) {
        remove_all(t, client, client->filters);
    }
}

void
allocator_filters_clear_agent(struct allocator_tables *t,
                              struct allocator_agent *agent)
{
    struct allocator_framework *framework = NULL;

    while (agent->n_filters > 0
           && (framework = allocator_frameworks_next(t, framework)) != NULL) {
        vec_foreach (&framework->clients, it) {
            struct allocator_filter *first = find_first(*it, agent);

            if (first) {
                remove_all(t, *it, first);
            }
        }
    }
}

static void
remove_one(struct allocator_tables *t, struct allocator_filter *filter)
{
    struct allocator_client *client = filter->client;
    struct allocator_filter *first = find_first(client, filter->agent);

    if (first == filter) {
        struct allocator_filter *next = filter->next;

        HASH_DEL(client->filters, filter);
        if (next) {
            HASH_ADD_PTR(client->filters, agent, next);
        }
    } else {
        while (first->next != filter) {
            first = first->next;
        }
        first->next = filter->next;
    }
    filter_destroy(t, filter);
}

struct allocator_agent *
allocator_filters_pop_ended(struct allocator_tables *t, int64_t now_ns)
{
    struct allocator_filter *filter;
    struct allocator_agent *agent;

    if (t->filters.n == 0 || t->filters.data[0]->expires_ns > now_ns) {
        return NULL;
    }
    filter = t->filters.data[0];
    agent = filter->agent;
    remove_one(t, filter);
    return agent;
}
