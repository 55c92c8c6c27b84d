/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.c - the master's numbers at /metrics/snapshot. */
#include <config.h>

#include "master/metrics.h"

#include <stdio.h>

#include <actor/duration.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/mesos/v1/mesos.pb-c.h"

static const char *const scalar_names[N_MASTER_SCALARS] = {
    [MASTER_CPUS] = "cpus",
    [MASTER_GPUS] = "gpus",
    [MASTER_MEM] = "mem",
    [MASTER_DISK] = "disk",
};

static double
read_uptime(void *aux)
{
    const struct master_metrics *metrics = aux;

    return duration_to_seconds(actor_system_now(metrics->system)
                               - metrics->start_ns);
}

static struct metric *
add_scalar_gauge(struct metrics *registry, const char *scalar,
                 const char *suffix)
{
    char name[64];

    snprintf(name, sizeof name, "master/%s_%s", scalar, suffix);
    return metrics_add_thousandths(registry, name);
}

void
master_metrics_init(struct master_metrics *m, struct actor_system *system)
{
    struct metrics *registry = actor_system_metrics(system);

    m->system = system;
    m->start_ns = actor_system_now(system);
#define X(NAME) m->NAME = metrics_add_counter(registry, "master/" #NAME);
    MASTER_COUNTERS(X)
#undef X
#define X(NAME) m->NAME = metrics_add_gauge(registry, "master/" #NAME);
    MASTER_GAUGES(X)
#undef X
    m->uptime_secs = metrics_add_function(registry, "master/uptime_secs",
                                          read_uptime, m);
    m->slave_removals_unhealthy = metrics_add_counter(
        registry, "master/slave_removals/reason_unhealthy");
    m->slave_removals_unregistered = metrics_add_counter(
        registry, "master/slave_removals/reason_unregistered");
    m->slave_removals_registered = metrics_add_counter(
        registry, "master/slave_removals/reason_registered");
    for (int i = 0; i < N_MASTER_SCALARS; i++) {
        const char *name = scalar_names[i];
        char percent[64];

        m->scalars[i].total = add_scalar_gauge(registry, name, "total");
        m->scalars[i].used = add_scalar_gauge(registry, name, "used");
        snprintf(percent, sizeof percent, "master/%s_percent", name);
        m->scalars[i].percent = metrics_add_gauge(registry, percent);
    }
}

void
master_metrics_fini(struct master_metrics *m)
{
    struct metrics *registry;

    if (!m->system) {
        return;
    }
    registry = actor_system_metrics(m->system);
#define X(NAME) metrics_remove(registry, &m->NAME);
    MASTER_COUNTERS(X)
    MASTER_GAUGES(X)
#undef X
    metrics_remove(registry, &m->uptime_secs);
    metrics_remove(registry, &m->slave_removals_unhealthy);
    metrics_remove(registry, &m->slave_removals_unregistered);
    metrics_remove(registry, &m->slave_removals_registered);
    for (int i = 0; i < N_MASTER_SCALARS; i++) {
        metrics_remove(registry, &m->scalars[i].total);
        metrics_remove(registry, &m->scalars[i].used);
        metrics_remove(registry, &m->scalars[i].percent);
    }
}

static void
update_percent(struct master_scalar_metrics *scalar)
{
    double total = metric_value(scalar->total);

    metric_set(scalar->percent,
               total > 0 ? metric_value(scalar->used) / total : 0.0);
}

void
master_metrics_add_total(struct master_metrics *m, const struct resources *r,
                         int sign)
{
    for (int i = 0; i < N_MASTER_SCALARS; i++) {
        metric_increment(m->scalars[i].total,
                         sign * resources_scalar(r, scalar_names[i]));
        update_percent(&m->scalars[i]);
    }
}

void
master_metrics_add_used(struct master_metrics *m, const struct resources *r,
                        int sign)
{
    for (int i = 0; i < N_MASTER_SCALARS; i++) {
        metric_increment(m->scalars[i].used,
                         sign * resources_scalar(r, scalar_names[i]));
        update_percent(&m->scalars[i]);
    }
}

static struct metric *
state_gauge(const struct master_metrics *m, int state)
{
    switch (state) {
    case V1__TASK_STATE__TASK_STAGING:
        return m->tasks_staging;
    case V1__TASK_STATE__TASK_STARTING:
        return m->tasks_starting;
    case V1__TASK_STATE__TASK_RUNNING:
        return m->tasks_running;
    case V1__TASK_STATE__TASK_KILLING:
        return m->tasks_killing;
    case V1__TASK_STATE__TASK_UNREACHABLE:
        return m->tasks_unreachable;
    default:
        return NULL;
    }
}

static struct metric *
state_counter(const struct master_metrics *m, int state)
{
    switch (state) {
    case V1__TASK_STATE__TASK_FINISHED:
        return m->tasks_finished;
    case V1__TASK_STATE__TASK_FAILED:
        return m->tasks_failed;
    case V1__TASK_STATE__TASK_KILLED:
        return m->tasks_killed;
    case V1__TASK_STATE__TASK_LOST:
        return m->tasks_lost;
    case V1__TASK_STATE__TASK_ERROR:
        return m->tasks_error;
    case V1__TASK_STATE__TASK_DROPPED:
        return m->tasks_dropped;
    case V1__TASK_STATE__TASK_GONE:
        return m->tasks_gone;
    case V1__TASK_STATE__TASK_GONE_BY_OPERATOR:
        return m->tasks_gone_by_operator;
    default:
        return NULL;
    }
}

void
master_metrics_add_task(struct master_metrics *m, int state, int sign)
{
    struct metric *gauge = state_gauge(m, state);
    struct metric *counter = state_counter(m, state);

    if (gauge) {
        metric_add(gauge, sign);
    }
    if (counter && sign > 0) {
        metric_increment(counter, 1);
    }
}
