/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.c - the agent's numbers at /metrics/snapshot.
 *
 * Thread: the agent's turns; read_uptime() and read_percent() any. */
#include <config.h>

#include "agent/metrics.h"

#include <stdio.h>

#include <actor/duration.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/mesos/v1/mesos.pb-c.h"

static const char *const scalar_names[N_AGENT_SCALARS] = {
    [AGENT_CPUS] = "cpus",
    [AGENT_GPUS] = "gpus",
    [AGENT_MEM] = "mem",
    [AGENT_DISK] = "disk",
};

static double
read_uptime(void *aux)
{
    const struct agent_metrics *m = aux;

    return duration_to_seconds(actor_system_now(m->system) - m->start_ns);
}

static double
read_percent(void *aux)
{
    const struct agent_scalar_metrics *scalar = aux;
    double total = metric_value(scalar->total.metric);

    return total > 0 ? metric_value(scalar->used.metric) / total : 0.0;
}

/* NULL if another agent of the system has it already. */
static struct metric *
add_function(struct metrics *registry, const char *name,
             double (*read)(void *aux), void *aux)
{
    double value;

    if (metrics_get(registry, name, &value)) {
        return NULL;
    }
    return metrics_add_function(registry, name, read, aux);
}

static void
init_scalar(struct agent_scalar_metrics *scalar, struct metrics *registry,
            const char *what)
{
    char name[64];

    snprintf(name, sizeof name, "slave/%s_total", what);
    scalar->total.metric = metrics_add_thousandths(registry, name);
    snprintf(name, sizeof name, "slave/%s_used", what);
    scalar->used.metric = metrics_add_thousandths(registry, name);
    snprintf(name, sizeof name, "slave/%s_percent", what);
    scalar->percent = add_function(registry, name, read_percent, scalar);
}

void
agent_metrics_init(struct agent_metrics *m, struct actor_system *system)
{
    struct metrics *registry = actor_system_metrics(system);

    m->system = system;
    m->start_ns = actor_system_now(system);
#define X(NAME) m->NAME = metrics_add_counter(registry, "slave/" #NAME);
    AGENT_COUNTERS(X)
#undef X
#define X(NAME) m->NAME.metric = metrics_add_gauge(registry, "slave/" #NAME);
    AGENT_GAUGES(X)
#undef X
    for (int i = 0; i < N_AGENT_SCALARS; i++) {
        init_scalar(&m->scalars[i], registry, scalar_names[i]);
    }
    m->uptime_secs = add_function(registry, "slave/uptime_secs", read_uptime,
                                  m);
}

/* The function goes before what it reads. */
static void
fini_scalar(struct agent_scalar_metrics *scalar, struct metrics *registry)
{
    metrics_remove(registry, &scalar->percent);
    metric_increment(scalar->total.metric, -scalar->total.own);
    metric_increment(scalar->used.metric, -scalar->used.own);
    metrics_remove(registry, &scalar->total.metric);
    metrics_remove(registry, &scalar->used.metric);
}

void
agent_metrics_fini(struct agent_metrics *m)
{
    struct metrics *registry;

    if (!m->system) {
        return;
    }
    registry = actor_system_metrics(m->system);
    metrics_remove(registry, &m->uptime_secs);
    for (int i = 0; i < N_AGENT_SCALARS; i++) {
        fini_scalar(&m->scalars[i], registry);
    }
#define X(NAME) metrics_remove(registry, &m->NAME);
    AGENT_COUNTERS(X)
#undef X
#define X(NAME) \
    agent_metrics_add(&m->NAME, -m->NAME.own); \
    metrics_remove(registry, &m->NAME.metric);
    AGENT_GAUGES(X)
#undef X
}

void
agent_metrics_add(struct agent_gauge *gauge, int64_t difference)
{
    gauge->own += difference;
    metric_add(gauge->metric, (double) difference);
}

static void
add_amount(struct agent_gauge *gauge, int64_t thousandths)
{
    gauge->own += thousandths;
    metric_increment(gauge->metric, thousandths);
}

void
agent_metrics_add_total(struct agent_metrics *m, const struct resources *r,
                        int sign)
{
    for (int i = 0; i < N_AGENT_SCALARS; i++) {
        add_amount(&m->scalars[i].total,
                   sign * resources_scalar(r, scalar_names[i]));
    }
}

void
agent_metrics_add_used(struct agent_metrics *m, const struct resources *r,
                       int sign)
{
    for (int i = 0; i < N_AGENT_SCALARS; i++) {
        add_amount(&m->scalars[i].used,
                   sign * resources_scalar(r, scalar_names[i]));
    }
}

static struct agent_gauge *
task_gauge(struct agent_metrics *m, int state)
{
    switch (state) {
    case V1__TASK_STATE__TASK_STAGING:
        return &m->tasks_staging;
    case V1__TASK_STATE__TASK_STARTING:
        return &m->tasks_starting;
    case V1__TASK_STATE__TASK_RUNNING:
        return &m->tasks_running;
    case V1__TASK_STATE__TASK_KILLING:
        return &m->tasks_killing;
    default:
        return NULL;
    }
}

static struct metric *
task_counter(const struct agent_metrics *m, int state)
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
    case V1__TASK_STATE__TASK_GONE:
        return m->tasks_gone;
    default:
        return NULL;
    }
}

void
agent_metrics_add_task(struct agent_metrics *m, int state, int sign)
{
    struct agent_gauge *gauge = task_gauge(m, state);
    struct metric *counter = task_counter(m, state);

    if (gauge) {
        agent_metrics_add(gauge, sign);
    }
    if (counter && sign > 0) {
        metric_increment(counter, 1);
    }
}

void
agent_metrics_add_executor(struct agent_metrics *m, enum executor_state state,
                           int sign)
{
    switch (state) {
    case EXECUTOR_REGISTERING:
        agent_metrics_add(&m->executors_registering, sign);
        break;
    case EXECUTOR_RUNNING:
        agent_metrics_add(&m->executors_running, sign);
        break;
    case EXECUTOR_TERMINATING:
        agent_metrics_add(&m->executors_terminating, sign);
        break;
    case EXECUTOR_TERMINATED:
        if (sign > 0) {
            metric_increment(m->executors_terminated, 1);
        }
        break;
    }
}
