/* SPDX-License-Identifier: Apache-2.0
 *
 * framework_metrics.h - the numbers of one framework at /metrics/snapshot.
 *
 * Keys are those of Mesos: master/frameworks/<name>/<id>/..., the name
 * percent-encoded.  They are there as long as the framework is known, among
 * the completed ones too, so that who looks once a minute sees what a short
 * one came to; --max_completed_frameworks is how many of those there can be.
 * A framework that changes its name keeps the keys it had.
 *
 * All functions take NULL, which counts nothing: that is how a master with
 * --no-publish_per_framework_metrics does it.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_FRAMEWORK_METRICS_H
#define MASTER_FRAMEWORK_METRICS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct framework_metrics;
struct metrics;
struct strbuf;

struct framework_metrics *framework_metrics_create(struct metrics *,
                                                   const char *name,
                                                   const char *id);
void framework_metrics_destroy(struct framework_metrics *);

/* Whether its scheduler is connected. */
void framework_metrics_set_subscribed(struct framework_metrics *, bool);

void framework_metrics_add_call(struct framework_metrics *,
                                Scheduler__Call__Type);
void framework_metrics_add_event(struct framework_metrics *,
                                 Scheduler__Event__Type);

/* Once for each task of a LAUNCH, for other operations once. */
void framework_metrics_add_operation(struct framework_metrics *,
                                     V1__Offer__Operation__Type);

/* One task more (or less) in a state; terminal ones are counted for ever. */
void framework_metrics_add_task(struct framework_metrics *, int state,
                                int sign);

enum framework_offers {
    FRAMEWORK_OFFERS_SENT,
    FRAMEWORK_OFFERS_ACCEPTED,
    FRAMEWORK_OFFERS_DECLINED,
    FRAMEWORK_OFFERS_RESCINDED,
    N_FRAMEWORK_OFFERS
};

void framework_metrics_add_offers(struct framework_metrics *,
                                  enum framework_offers, size_t n);

/* All of its roles; those of before that are not among them go. */
void framework_metrics_set_roles(struct framework_metrics *,
                                 const char *const *roles, size_t n);

/* Whether these of its roles are suppressed; none named: all of them. */
void framework_metrics_set_suppressed(struct framework_metrics *,
                                      char *const *roles, size_t n,
                                      bool suppressed);

/* As a part of a key: what Mesos percent-encodes in a name. */
void framework_metrics_encode(const char *name, struct strbuf *out);

#endif /* MASTER_FRAMEWORK_METRICS_H */
