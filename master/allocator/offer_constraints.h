/* SPDX-License-Identifier: Apache-2.0
 *
 * offer_constraints.h - what an agent must be like to be offered.
 *
 * Mirrors src/master/allocator/mesos/offer_constraints_filter.cpp of Mesos:
 * groups of constraints by role, of which one has to hold as a whole.
 * Thread-safety: one thread at a time. */
#ifndef MASTER_ALLOCATOR_OFFER_CONSTRAINTS_H
#define MASTER_ALLOCATOR_OFFER_CONSTRAINTS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct offer_constraints;
struct Scheduler__OfferConstraints;
struct V1__AgentInfo;

/* What one regular expression may cost. */
struct offer_constraints_limits {
    uint64_t max_memory;        /* of its compiled form, in bytes */
    uint64_t max_program_size;  /* in steps; see regex.h */
};

/* Compiles them; errors have the texts of Mesos. */
struct error *offer_constraints_create(
    const struct Scheduler__OfferConstraints *,
    const struct offer_constraints_limits *, struct offer_constraints **ret)
    MUST_CHECK;
void offer_constraints_destroy(struct offer_constraints *);    /* or NULL */

/* Whether there are any for the role. */
bool offer_constraints_concern(const struct offer_constraints *,
                               const char *role);

/* Whether they keep the agent from the role.  NULL info: nothing is known of
 * the agent but its host name. */
bool offer_constraints_exclude(const struct offer_constraints *,
                               const char *role, const char *hostname,
                               const struct V1__AgentInfo *);

#endif /* MASTER_ALLOCATOR_OFFER_CONSTRAINTS_H */
