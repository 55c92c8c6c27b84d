/* SPDX-License-Identifier: Apache-2.0
 *
 * registry_calls.h - how the master asks its registrar for a change, and what
 * it makes of the answer.
 *
 * Whatever the registry has to know is durable before anybody hears of it.
 * Who does such a thing is an operation (actor/op.h) with a step that asks and
 * one that goes on:
 *
 *     static enum op_next
 *     admit_persist(struct actor *self, struct op *op)
 *     {
 *         struct message *m = registry_change_create(&change);
 *
 *         change->admit_agent = ...;
 *         return registry_call(self, op, &m, ADMIT_PUBLISH);
 *     }
 *
 *     static enum op_next
 *     admit_publish(struct actor *self, struct op *op)
 *     {
 *         struct error *refused = NULL;
 *
 *         if (!registry_is_changed(op, &refused)) {
 *             ...
 *
 * The log's failure, and the registrar's, lead to the failure step, and that
 * ends the master: it cannot know any more what the next one will find.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_REGISTRY_CALLS_H
#define MASTER_REGISTRY_CALLS_H 1

#include <stdbool.h>

#include <actor/op.h>

#include "proto/cmesos/registry.pb-c.h"

struct error;
struct message;

/* A change without a member yet. */
struct message *registry_change_create(Internal__RegistryChange **root);

/* Of parts of changes: an id, and a point in time. */
V1__AgentID *registry_agent_id(struct message *, const char *id);
V1__TimeInfo *registry_time(struct message *, int64_t wall_ns);

/* Sends '*change', which becomes NULL, and goes on with 'next_step' when it is
 * durable or refused. */
enum op_next registry_call(struct actor *self, struct op *,
                           struct message **change, unsigned next_step);

/* What became of it: true, or why the registry refused, in '*ret_refused', the
 * caller's; or false and NULL: go to the failure step, by registry_fail(). */
bool registry_is_changed(struct op *, struct error **ret_refused);
enum op_next registry_fail(struct op *);

#endif /* MASTER_REGISTRY_CALLS_H */
