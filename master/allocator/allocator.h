/* SPDX-License-Identifier: Apache-2.0
 *
 * allocator.h - who is offered what.
 *
 * The allocator is an actor of its own.  The master tells it, by the functions
 * here, of agents, frameworks and resources that come free; it answers with
 * msg_allocator_offers.  Whoever handles the same messages can take its place:
 * nothing else is shared.
 *
 * An agent's resources are either free, and then the allocator's to give away,
 * or held by a framework.  What was given away comes back by
 * allocator_recover() once, sooner or later, also if the framework or the
 * agent is gone meanwhile.  Offers are made when something happens that could
 * lead to one, and besides at every allocation interval, when filters end.
 *
 * Mirrors the interface of Mesos' include/mesos/allocator/allocator.hpp in as
 * far as the master uses it.
 *
 * Thread-safety: functions that take 'self' are for that actor's turns. */
#ifndef MASTER_ALLOCATOR_ALLOCATOR_H
#define MASTER_ALLOCATOR_ALLOCATOR_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/compiler.h>

#include "model/resources.h"

struct actor_system;
struct error;
struct message;
struct V1__AgentInfo;

struct allocator_options {
    struct upid master;         /* who gets the offers */
    int64_t allocation_interval_ns;

    /* Agents with GPUs are for frameworks that want GPUs only. */
    bool filter_gpu_resources;
};

/* Starts the hierarchical allocator as "hierarchical-allocator(N)". */
struct error *allocator_start(struct actor_system *,
                              const struct allocator_options *,
                              struct upid *ret_upid) MUST_CHECK;

/* --- agents --- */

/* What a framework holds on an agent that is added. */
struct allocator_holding {
    char *framework_id;         /* owned */
    char *role;                 /* owned */
    struct resources resources; /* owned */
};

/* What is known of an agent besides its resources. */
struct allocator_agent_options {
    const char *hostname;       /* copied */

    /* Attributes and domain.  'message' is counted, 'info' is a part of it;
     * both may be NULL. */
    struct message *message;
    const struct V1__AgentInfo *info;
    bool is_multi_role;         /* capabilities of the agent */
    bool is_hierarchical_role;
    bool is_reservation_refinement;
};

/* A new agent, with what is held there; takes the contents of 'holdings'. */
void allocator_add_agent(struct actor *self, const struct upid *allocator,
                         const char *agent_id,
                         const struct allocator_agent_options *,
                         const struct resources *total,
                         struct allocator_holding *holdings,
                         size_t n_holdings);
void allocator_remove_agent(struct actor *self, const struct upid *allocator,
                            const char *agent_id);

/* Nothing of an inactive agent is offered. */
void allocator_set_agent_active(struct actor *self,
                                const struct upid *allocator,
                                const char *agent_id, bool active);

/* --- frameworks --- */

struct allocator_framework_options {
    const char *const *roles;
    size_t n_roles;
    const char *const *suppressed_roles;
    size_t n_suppressed_roles;
    bool wants_gpus;            /* capabilities of the framework */
    bool wants_revocable;
    bool wants_shared;
    bool is_multi_role;
    bool is_reservation_refinement;
    bool is_region_aware;
};

/* Adds an active framework, or gives one that is known new options and makes
 * it active. */
void allocator_add_framework(struct actor *self, const struct upid *allocator,
                             const char *framework_id,
                             const struct allocator_framework_options *);
void allocator_remove_framework(struct actor *self,
                                const struct upid *allocator,
                                const char *framework_id);

/* An inactive framework is offered nothing and loses its filters. */
void allocator_deactivate_framework(struct actor *self,
                                    const struct upid *allocator,
                                    const char *framework_id);

/* Ends filters and suppression of the roles, or (none given) of all. */
void allocator_revive(struct actor *self, const struct upid *allocator,
                      const char *framework_id, char *const *roles,
                      size_t n_roles);
void allocator_suppress(struct actor *self, const struct upid *allocator,
                        const char *framework_id, char *const *roles,
                        size_t n_roles);

/* --- resources --- */

/* As allocator_recover()'s 'refuse_seconds' when the framework did not refuse
 * anything. */
#define ALLOCATOR_NO_FILTER (-1.0)

/* What to make of refuse_seconds as a framework gave it: within 365 days,
 * the default of 5 seconds if negative or no number. */
double allocator_filter_seconds(double refuse_seconds);

/* 'resources' (an allocation role in them does not matter) are free again.
 * With 'refuse_seconds' > 0 the framework is not offered them again, nor any
 * part of them, for so long. */
void allocator_recover(struct actor *self, const struct upid *allocator,
                       const char *framework_id, const char *role,
                       const char *agent_id, const struct resources *,
                       double refuse_seconds);

/* --- offers, to the master --- */

struct allocator_offer {
    char *agent_id;             /* owned */
    char *role;                 /* owned */
    struct resources resources; /* owned; without allocation role */
};

struct allocator_offers {
    char *framework_id;         /* owned */
    struct allocator_offer *offers;     /* owned */
    size_t n_offers;
};

extern const struct actor_msg_type msg_allocator_offers;

#endif /* MASTER_ALLOCATOR_ALLOCATOR_H */
