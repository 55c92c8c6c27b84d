/* SPDX-License-Identifier: Apache-2.0
 *
 * operation_metrics.h - "master/operations/...": how many operations there
 * are and were, of each kind and of all.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_OPERATION_METRICS_H
#define MASTER_OPERATION_METRICS_H 1

struct actor_system;
struct metric;

enum {
    OPERATION_METRICS_TYPES = 9,        /* all of them, and each kind */
    OPERATION_METRICS_STATES = 9,       /* total, pending, ... */
};

struct operation_metrics {
    struct actor_system *system;        /* borrowed */
    struct metric *metrics[OPERATION_METRICS_TYPES][OPERATION_METRICS_STATES];
};

void operation_metrics_init(struct operation_metrics *, struct actor_system *);
void operation_metrics_fini(struct operation_metrics *);

/* One operation more, of a V1__Offer__Operation__Type in a
 * V1__OperationState. */
void operation_metrics_add(struct operation_metrics *, int type, int state);

/* One that was in a state that is not final is in another one, or (-1) not
 * known any more. */
void operation_metrics_move(struct operation_metrics *, int type, int from,
                            int to);

#endif /* MASTER_OPERATION_METRICS_H */
