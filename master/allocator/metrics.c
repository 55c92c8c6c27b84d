/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.c - the allocator's numbers at /metrics/snapshot. */
#include <config.h>

#include "master/allocator/metrics.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/metrics.h>
#include <actor/vec.h>

#include "master/allocator/table.h"

#define WINDOW_NS (INT64_C(3600) * SECOND)

/* What is shown of a resource in a role with a quota. */
enum quota_gauge {
    GUARANTEE,
    LIMIT,
    CONSUMED,
    OFFERED_OR_ALLOCATED,
    N_QUOTA_GAUGES
};

static const char *const gauge_names[N_QUOTA_GAUGES] = {
    "guarantee", "limit", "consumed", "offered_or_allocated",
};

struct allocator_role_metrics {
    struct metric *share;       /* NULL: not sorted, or not by shares */
    struct metric *filters;
    struct metric *quota[AMOUNTS_MAX][N_QUOTA_GAUGES];
};

static const char *const totals[] = { "cpus", "mem", "disk" };

void
allocator_metrics_init(struct allocator_metrics *m, struct metrics *registry,
                       bool has_shares)
{
    m->registry = registry;
    m->has_shares = has_shares;
    m->allocation_runs =
        metrics_add_counter(registry, "allocator/mesos/allocation_runs");
    m->allocation_run_ms = metrics_add_timer(
        registry, "allocator/mesos/allocation_run_ms", WINDOW_NS);
    m->allocation_run_latency_ms = metrics_add_timer(
        registry, "allocator/mesos/allocation_run_latency_ms", WINDOW_NS);
    for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
        autofree char *total = xasprintf("allocator/mesos/resources/%s/total",
                                         totals[i]);
        autofree char *held = xasprintf("allocator/mesos/resources/%s/"
                                        "offered_or_allocated", totals[i]);

        m->total[i] = metrics_add_gauge(registry, total);
        m->held[i] = metrics_add_gauge(registry, held);
    }
}

void
allocator_metrics_fini(struct allocator_metrics *m)
{
    metrics_remove(m->registry, &m->allocation_runs);
    metrics_remove(m->registry, &m->allocation_run_ms);
    metrics_remove(m->registry, &m->allocation_run_latency_ms);
    for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
        metrics_remove(m->registry, &m->total[i]);
        metrics_remove(m->registry, &m->held[i]);
    }
}

/* --- one role --- */

static void
set(struct metric *metric, int64_t thousandths)
{
    metric_set(metric, (double) thousandths / 1000);
}

/* There while 'is_wanted'. */
static struct metric *
keep(struct allocator_metrics *m, struct metric **metric, bool is_wanted,
     const char *before, const char *role, const char *after)
{
    if (!is_wanted) {
        metrics_remove(m->registry, metric);
    } else if (!*metric) {
        autofree char *name = xasprintf("allocator/mesos/%s%s%s", before, role,
                                        after);

        *metric = metrics_add_gauge(m->registry, name);
    }
    return *metric;
}

static void
update_quota(struct allocator_metrics *m, const struct allocator_tables *t,
             struct allocator_role *role, size_t k)
{
    const struct allocator_quota *quota = role->quota;
    bool is_named = quota && (quota->guarantees.v[k] > 0
                              || quota->limits.v[k] != INT64_MAX);
    int64_t values[N_QUOTA_GAUGES] = {
        [GUARANTEE] = quota ? quota->guarantees.v[k] : 0,
        [LIMIT] = quota ? quota->limits.v[k] : 0,
        [CONSUMED] = role->consumed.v[k] + role->reservations.v[k],
        [OFFERED_OR_ALLOCATED] = role->node.allocated.v[k],
    };

    for (int i = 0; i < N_QUOTA_GAUGES; i++) {
        bool is_wanted = is_named && (i != LIMIT || values[i] != INT64_MAX);
        struct metric **metric = &role->metrics->quota[k][i];

        if (!is_wanted) {
            metrics_remove(m->registry, metric);
        } else {
            if (!*metric) {
                autofree char *name = xasprintf(
                    "allocator/mesos/quota/roles/%s/resources/%s/%s",
                    role->name, t->names.names[k], gauge_names[i]);

                *metric = metrics_add_gauge(m->registry, name);
            }
            set(*metric, values[i]);
        }
    }
}

static void
update_role(struct allocator_metrics *m, const struct allocator_tables *t,
            struct allocator_role *role)
{
    if (!role->metrics) {
        role->metrics = xcalloc(1, sizeof *role->metrics);
    }
    if (keep(m, &role->metrics->share, m->has_shares && role->n_clients > 0,
             "roles/", role->name, "/shares/dominant")) {
        metric_set(role->metrics->share, sorter_share(&t->pool, &role->node));
    }
    metric_set(keep(m, &role->metrics->filters, true,
                    "offer_filters/roles/", role->name, "/active"),
               (double) role->n_filters);
    for (size_t k = 0; k < t->names.n && !role->parent; k++) {
        update_quota(m, t, role, k);
    }
}

void
allocator_metrics_role_ends(struct allocator_metrics *m,
                            struct allocator_role *role)
{
    if (!role->metrics) {
        return;
    }
    metrics_remove(m->registry, &role->metrics->share);
    metrics_remove(m->registry, &role->metrics->filters);
    for (size_t k = 0; k < AMOUNTS_MAX; k++) {
        for (int i = 0; i < N_QUOTA_GAUGES; i++) {
            metrics_remove(m->registry, &role->metrics->quota[k][i]);
        }
    }
    free(steal(role->metrics));
}

/* --- all --- */

void
allocator_metrics_update(struct allocator_metrics *m,
                         struct allocator_tables *t)
{
    struct allocator_role *role = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
        int k = amount_names_index(&t->names, totals[i]);

        set(m->total[i], t->pool.total.v[k]);
        set(m->held[i], t->held.v[k]);
    }
    if (m->generation != t->pool.generation) {
        /* All shares are others. */
        m->generation = t->pool.generation;
        while ((role = allocator_roles_next(t, role)) != NULL) {
            allocator_roles_mark_stale(t, role);
        }
    }
    vec_foreach (&t->stale_roles, stale) {
        (*stale)->is_metric_stale = false;
        update_role(m, t, *stale);
    }
    vec_clear(&t->stale_roles);
}
