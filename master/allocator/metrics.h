/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics.h - the allocator's numbers at /metrics/snapshot.
 *
 * Names are those of Mesos, under allocator/.  All are pushed: those of roles
 * behind each cycle, for the roles that something happened to.
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_METRICS_H
#define MASTER_ALLOCATOR_METRICS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allocator_role;
struct allocator_tables;
struct metric;
struct metrics;

struct allocator_metrics {
    struct metrics *registry;   /* borrowed */
    struct metric *allocation_runs;
    struct metric *allocation_run_ms;
    struct metric *allocation_run_latency_ms;
    struct metric *total[3];    /* cpus, mem, disk */
    struct metric *held[3];
    uint64_t generation;        /* of the totals that shares were told by */
    bool has_shares;            /* the order of roles is by share */
};

void allocator_metrics_init(struct allocator_metrics *, struct metrics *,
                            bool has_shares);
void allocator_metrics_fini(struct allocator_metrics *);

/* Says what has changed since the last time. */
void allocator_metrics_update(struct allocator_metrics *,
                              struct allocator_tables *);
void allocator_metrics_role_ends(struct allocator_metrics *,
                                 struct allocator_role *);

#endif /* MASTER_ALLOCATOR_METRICS_H */
