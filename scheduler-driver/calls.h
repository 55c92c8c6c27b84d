/* SPDX-License-Identifier: Apache-2.0
 *
 * calls.h - the calls of a scheduler as messages.
 *
 * Each function copies what it is lent into a new scheduler.Call without a
 * framework id, which the scheduler's actor knows and puts in.
 *
 * Thread-safety: pure functions. */
#ifndef SCHEDULER_DRIVER_CALLS_H
#define SCHEDULER_DRIVER_CALLS_H 1

#include <stddef.h>

#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct message;

struct message *call_create(Scheduler__Call__Type);

struct message *call_create_request(const V1__Request *const *, size_t n);
struct message *call_create_accept(const V1__OfferID *const *, size_t n_ids,
                                   const V1__Offer__Operation *const *,
                                   size_t n_operations, const V1__Filters *);
struct message *call_create_launch(const V1__OfferID *const *, size_t n_ids,
                                   const V1__TaskInfo *const *, size_t n_tasks,
                                   const V1__Filters *);
struct message *call_create_decline(const V1__OfferID *, const V1__Filters *);
struct message *call_create_accept_inverse(const V1__OfferID *const *,
                                           size_t n_ids, const V1__Filters *);
struct message *call_create_decline_inverse(const V1__OfferID *const *,
                                            size_t n_ids,
                                            const V1__Filters *);
struct message *call_create_kill(const V1__TaskID *);
struct message *call_create_revive(const char *const *roles, size_t n);
struct message *call_create_suppress(const char *const *roles, size_t n);

/* NULL if the update wants no acknowledgement. */
struct message *call_create_acknowledge(const V1__TaskStatus *);
struct message *call_create_message(const V1__ExecutorID *,
                                    const V1__AgentID *, const void *data,
                                    size_t size);
struct message *call_create_reconcile(const V1__TaskStatus *const *,
                                      size_t n);
struct message *call_create_update(const V1__FrameworkInfo *,
                                   const char *const *suppressed_roles,
                                   size_t n_suppressed_roles,
                                   const Scheduler__OfferConstraints *);

#endif /* SCHEDULER_DRIVER_CALLS_H */
