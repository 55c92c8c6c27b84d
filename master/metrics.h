/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.h - the master's numbers at /metrics/snapshot.
 *
 * Names are those of Mesos.  All are pushed when what they count changes.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_METRICS_H
#define MASTER_METRICS_H 1

#include "model/resources.h"

struct actor_system;
struct metric;
struct metrics;

#define MASTER_COUNTERS(X) \
    X(tasks_finished) X(tasks_failed) X(tasks_killed) X(tasks_lost) \
    X(tasks_error) X(tasks_dropped) X(tasks_gone) X(tasks_gone_by_operator) \
    X(dropped_messages) \
    X(messages_register_framework) X(messages_reregister_framework) \
    X(messages_unregister_framework) X(messages_deactivate_framework) \
    X(messages_kill_task) \
    X(messages_status_update_acknowledgement) X(messages_resource_request) \
    X(messages_launch_tasks) X(messages_decline_offers) \
    X(messages_revive_offers) X(messages_suppress_offers) \
    X(messages_reconcile_tasks) X(messages_framework_to_executor) \
    X(messages_executor_to_framework) X(messages_register_slave) \
    X(messages_reregister_slave) X(messages_unregister_slave) \
    X(messages_status_update) X(messages_exited_executor) \
    X(valid_framework_to_executor_messages) \
    X(invalid_framework_to_executor_messages) \
    X(valid_executor_to_framework_messages) \
    X(invalid_executor_to_framework_messages) \
    X(valid_status_updates) X(invalid_status_updates) \
    X(valid_status_update_acknowledgements) \
    X(invalid_status_update_acknowledgements) \
    X(messages_operation_status_update) \
    X(messages_operation_status_update_acknowledgement) \
    X(messages_reconcile_operations) \
    X(valid_operation_status_updates) X(invalid_operation_status_updates) \
    X(valid_operation_status_update_acknowledgements) \
    X(invalid_operation_status_update_acknowledgements) \
    X(slave_registrations) X(slave_reregistrations) X(slave_removals) \
    X(slave_unreachable_scheduled) X(slave_unreachable_completed) \
    X(slave_unreachable_canceled) X(recovery_slave_removals)

#define MASTER_GAUGES(X) \
    X(elected) \
    X(slaves_connected) X(slaves_disconnected) X(slaves_active) \
    X(slaves_inactive) X(slaves_unreachable) \
    X(frameworks_connected) X(frameworks_disconnected) \
    X(frameworks_active) X(frameworks_inactive) X(outstanding_offers) \
    X(tasks_staging) X(tasks_starting) X(tasks_running) X(tasks_killing) \
    X(tasks_unreachable)

enum master_scalar {
    MASTER_CPUS,
    MASTER_GPUS,
    MASTER_MEM,
    MASTER_DISK,
    N_MASTER_SCALARS
};

struct master_scalar_metrics {
    struct metric *total;
    struct metric *used;
    struct metric *percent;
};

struct master_metrics {
#define X(NAME) struct metric *NAME;
    MASTER_COUNTERS(X)
    MASTER_GAUGES(X)
#undef X
    struct metric *uptime_secs;
    struct metric *slave_removals_unhealthy;
    struct metric *slave_removals_unregistered;
    struct metric *slave_removals_registered;
    struct master_scalar_metrics scalars[N_MASTER_SCALARS];
    struct actor_system *system;        /* borrowed */
    int64_t start_ns;
};

void master_metrics_init(struct master_metrics *, struct actor_system *);
void master_metrics_fini(struct master_metrics *);

/* Resources of agents, and what of them is used by tasks and executors. */
void master_metrics_add_total(struct master_metrics *,
                              const struct resources *, int sign);
void master_metrics_add_used(struct master_metrics *,
                             const struct resources *, int sign);

/* One task more (or less) in a state; terminal ones are counted for ever. */
void master_metrics_add_task(struct master_metrics *, int state, int sign);

#endif /* MASTER_METRICS_H */
