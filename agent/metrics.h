/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.h - the agent's numbers at /metrics/snapshot.
 *
 * Names are those of Mesos, for what exists here.  They are pushed when what
 * they count changes.
 *
 * Agents of one system share the names: each adds its part to the sum, which
 * goes with it, so that "slave/registered" is how many of them are.
 * "slave/uptime_secs" is that of the first; it and the percentages, which are
 * those of the sums, are shown as long as the first is there.
 *
 * Thread-safety: the agent's turns only. */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H 1

#include <stdint.h>

#include "agent/records.h"
#include "model/resources.h"

struct actor_system;
struct metric;

#define AGENT_COUNTERS(X) \
    X(tasks_finished) X(tasks_failed) X(tasks_killed) X(tasks_lost) \
    X(tasks_gone) X(executors_terminated) \
    X(valid_status_updates) X(invalid_status_updates) \
    X(valid_framework_messages) X(invalid_framework_messages) \
    X(container_launch_errors)

#define AGENT_GAUGES(X) \
    X(registered) X(frameworks_active) \
    X(tasks_staging) X(tasks_starting) X(tasks_running) X(tasks_killing) \
    X(executors_registering) X(executors_running) X(executors_terminating)

enum agent_scalar {
    AGENT_CPUS,
    AGENT_GPUS,
    AGENT_MEM,
    AGENT_DISK,
    N_AGENT_SCALARS
};

/* A metric of which 'own' is this agent's part (thousandths of it where it is
 * a resource's). */
struct agent_gauge {
    struct metric *metric;
    int64_t own;
};

struct agent_scalar_metrics {
    struct agent_gauge total;
    struct agent_gauge used;
    struct metric *percent;     /* NULL: another agent shows it */
};

struct agent_metrics {
#define X(NAME) struct metric *NAME;
    AGENT_COUNTERS(X)
#undef X
#define X(NAME) struct agent_gauge NAME;
    AGENT_GAUGES(X)
#undef X
    struct agent_scalar_metrics scalars[N_AGENT_SCALARS];
    struct metric *uptime_secs; /* NULL: another agent shows it */
    struct actor_system *system;        /* borrowed; NULL: not initialized */
    int64_t start_ns;
};

void agent_metrics_init(struct agent_metrics *, struct actor_system *);

/* Takes the agent's parts out of the sums.  Fine if not initialized. */
void agent_metrics_fini(struct agent_metrics *);

void agent_metrics_add(struct agent_gauge *, int64_t difference);

/* What the agent has, and what of it tasks and executors use. */
void agent_metrics_add_total(struct agent_metrics *,
                             const struct resources *, int sign);
void agent_metrics_add_used(struct agent_metrics *,
                            const struct resources *, int sign);

/* One task more (or less) in a state; terminal ones are counted for ever. */
void agent_metrics_add_task(struct agent_metrics *, int state, int sign);

/* One executor more (or less) in a state; terminated ones are counted for
 * ever. */
void agent_metrics_add_executor(struct agent_metrics *, enum executor_state,
                                int sign);

#endif /* AGENT_METRICS_H */
