/* SPDX-License-Identifier: Apache-2.0
 *
 * allocator.h - who is offered what.
 *
 * The allocator is an actor of its own.  The master tells it, by the functions
 * here, of agents, frameworks, roles and resources that come free; it answers
 * with msg_allocator_offers and msg_allocator_inverse_offers.  Whoever handles
 * the same messages can take its place: nothing else is shared.
 *
 * An agent's resources are either free, and then the allocator's to give away,
 * or held by a framework.  What was given away comes back by
 * allocator_recover() once, sooner or later, also if the framework or the
 * agent is gone meanwhile.  Shared resources may be held many times.  Offers
 * are made when something happens that could lead to one, and besides at every
 * allocation interval, when filters end.
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

#include "master/allocator/offer_constraints.h"
#include "model/resource_conversion.h"
#include "model/resource_quantities.h"
#include "model/resources.h"

struct actor_system;
struct error;
struct message;
struct V1__AgentInfo;

enum allocator_sorter {
    ALLOCATOR_SORTER_DRF,
    ALLOCATOR_SORTER_RANDOM,
};

struct allocator_options {
    struct upid master;         /* who gets the offers */
    int64_t allocation_interval_ns;
    enum allocator_sorter sorter;       /* of roles and of frameworks */

    /* Agents with GPUs are for frameworks that want GPUs only. */
    bool filter_gpu_resources;

    /* An offer has to have at least one of these ('n' of them; none: any);
     * copied. */
    const struct resource_quantities *min_allocatable;
    size_t n_min_allocatable;

    /* Names that do not count for fairness; copied. */
    const char *const *fair_sharing_excluded;
    size_t n_fair_sharing_excluded;

    /* The master's region: agents elsewhere are for REGION_AWARE frameworks.
     * NULL: no domains. */
    const char *region;

    /* After a failover with quotas: which part of the agents has to be back
     * before there are offers, and for how long that is waited for. */
    double recovery_factor;
    int64_t recovery_timeout_ns;

    /* What a regular expression of an offer constraint may cost. */
    struct offer_constraints_limits constraints_limits;
};

/* The defaults of the flags; no master, and no domains. */
void allocator_options_init(struct allocator_options *);

/* Starts the hierarchical allocator as "hierarchical-allocator(N)". */
struct error *allocator_start(struct actor_system *,
                              const struct allocator_options *,
                              struct upid *ret_upid) MUST_CHECK;

/* After a failover, with quotas already set: no offers until so many of
 * 'n_agents' are back, or for so long, as the options say.  Without a quota
 * nothing happens. */
void allocator_expect_agents(struct actor *self, const struct upid *allocator,
                             size_t n_agents);

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

/* The agent is back with other attributes or resources, which may be less than
 * what is held.  Other attributes end all filters against it. */
void allocator_update_agent(struct actor *self, const struct upid *allocator,
                            const char *agent_id,
                            const struct allocator_agent_options *,
                            const struct resources *total);
void allocator_remove_agent(struct actor *self, const struct upid *allocator,
                            const char *agent_id);

/* Nothing of an inactive agent is offered. */
void allocator_set_agent_active(struct actor *self,
                                const struct upid *allocator,
                                const char *agent_id, bool active);

/* Planned maintenance: frameworks that hold something there get inverse
 * offers.  'start_ns' < 0: there is none any more; 'duration_ns' < 0: it has
 * no end.  Forgets answers to earlier ones. */
void allocator_set_unavailability(struct actor *self,
                                  const struct upid *allocator,
                                  const char *agent_id, int64_t start_ns,
                                  int64_t duration_ns);

/* Only agents with these host names are offered; NULL: all. */
void allocator_set_whitelist(struct actor *self, const struct upid *allocator,
                             const char *const *hostnames, size_t n);

/* --- frameworks --- */

/* A role with what the framework wants of an offer in it. */
struct allocator_role_minimum {
    const char *role;
    const struct resource_quantities *min_allocatable;  /* 0: no minimum */
    size_t n_min_allocatable;
};

struct allocator_framework_options {
    const char *const *roles;
    size_t n_roles;
    const char *const *suppressed_roles;
    size_t n_suppressed_roles;
    const struct allocator_role_minimum *minimums;
    size_t n_minimums;

    /* Scheduler.OfferConstraints, validated (offer_constraints.h); counted;
     * NULL: none. */
    struct message *constraints;
    bool wants_gpus;            /* capabilities of the framework */
    bool wants_revocable;
    bool wants_shared;
    bool is_multi_role;
    bool is_reservation_refinement;
    bool is_region_aware;
};

/* Adds an active framework, or gives one that is known new options and makes
 * it active.  Known ones keep filters and suppression in roles that stay, but
 * for what 'suppressed_roles' says. */
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

/* --- roles --- */

/* Of a top-level role, with all roles below.  Zeroed quantities: no guarantee,
 * no limit. */
void allocator_set_quota(struct actor *self, const struct upid *allocator,
                         const char *role,
                         const struct resource_quantities *guarantees,
                         const struct resource_quantities *limits);
void allocator_set_weight(struct actor *self, const struct upid *allocator,
                          const char *role, double weight);

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

/* What the framework holds on the agent, and the agent's total, change by
 * 'conversions' (reserve, create, ...), which apply to what it holds.
 * Allocation roles in them do not matter. */
void allocator_convert_held(struct actor *self, const struct upid *allocator,
                            const char *framework_id, const char *role,
                            const char *agent_id,
                            const struct resource_conversion *conversions,
                            size_t n_conversions);

/* The same for what is free on the agent, for an operator; answered by
 * msg_allocator_converted, since it may not be free any more. */
struct actor_msg *allocator_convert_free_create(
    const char *agent_id, const struct resource_conversion *conversions,
    size_t n_conversions);

struct allocator_converted {
    struct error *error;        /* owned; NULL: done */
};

extern const struct actor_msg_type msg_allocator_converted;

/* --- inverse offers --- */

/* The framework has answered (or the master has taken back) its inverse offer;
 * with 'refuse_seconds' > 0 it gets no other one for so long. */
void allocator_inverse_offer_ended(struct actor *self,
                                   const struct upid *allocator,
                                   const char *framework_id,
                                   const char *agent_id,
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

struct allocator_inverse_offer {
    char *agent_id;             /* owned */
    int64_t start_ns;
    int64_t duration_ns;        /* < 0: no end */
};

/* The framework is asked to leave these agents; each has to be answered by
 * allocator_inverse_offer_ended(). */
struct allocator_inverse_offers {
    char *framework_id;         /* owned */
    struct allocator_inverse_offer *offers;     /* owned */
    size_t n_offers;
};

extern const struct actor_msg_type msg_allocator_inverse_offers;

#endif /* MASTER_ALLOCATOR_ALLOCATOR_H */
