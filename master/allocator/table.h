/* SPDX-License-Identifier: Apache-2.0
 *
 * table.h - what the allocator knows: agents, frameworks, roles, and who
 * holds what.
 *
 * A framework takes part once in each of its roles, as a client.  Roles form
 * a tree by their slashes.  A client lives as long as it is wanted or holds
 * something, a role as long as it has clients, children, reservations, a quota
 * or a weight: so whatever comes back late finds its place.
 *
 * Thread-safety: the allocator's turns only. */
#ifndef MASTER_ALLOCATOR_TABLE_H
#define MASTER_ALLOCATOR_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>
#include <actor/vec.h>

#include "master/allocator/allocator.h"
#include "master/allocator/amounts.h"
#include "master/allocator/sorter.h"
#include "model/resource_quantities.h"
#include "model/resources.h"

struct message;
struct offer_constraints;
struct allocator_client;
struct allocator_role_metrics;

/* What a client holds on an agent. */
struct allocator_hold {
    struct allocator_client *client;
    struct resources held;
};

/* A framework that was asked to leave an agent. */
struct allocator_request_to_leave {
    char *framework_id;         /* owned */
    bool is_asked;              /* and has not answered yet */
    int64_t refused_until_ns;
};

struct allocator_agent {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    char *hostname;             /* owned */
    size_t index;               /* small; not used by any other agent */
    struct message *message;    /* counted; 'info' is in it */
    const struct V1__AgentInfo *info;   /* NULL: nothing known */
    bool is_multi_role;
    bool is_hierarchical_role;
    bool is_remote;             /* not in the master's region */

    struct resources total;
    struct resources available; /* with all that is shared */
    struct amounts total_amounts;
    struct amounts plain;       /* of 'available' */
    struct resources shared_offered;    /* in the cycle under way */
    VEC(struct allocator_hold) holds;

    bool active;
    bool is_listed;             /* on the whitelist, if there is one */
    bool is_candidate;          /* to be looked at in the next cycle */
    bool is_overcommitted;      /* more is held than there is */
    bool is_mixed;              /* some of it is not for everybody: reserved,
                                 * revocable or shared */
    bool has_shared;
    bool has_others;            /* than scalars that are counted */
    bool has_gpus;
    bool is_filter_logged;      /* that its capabilities keep it back */
    bool is_held_back;          /* by quota, in the last cycle */
    size_t n_filters;

    bool has_unavailability;
    int64_t unavailable_start_ns;
    int64_t unavailable_duration_ns;
    VEC(struct allocator_request_to_leave) requests_to_leave;
};

/* A list of alternatives: an offer has to have one of them. */
struct allocator_minimum {
    struct resource_quantities *any;    /* owned */
    size_t n;
};

struct allocator_quota {
    struct resource_quantities guarantees_given;
    struct resource_quantities limits_given;
    struct amounts guarantees;
    struct amounts limits;      /* INT64_MAX: none */
    bool has_guarantees;
    bool has_limits;

    /* In a cycle. */
    bool lacks_some;            /* of what is guaranteed */
    struct amounts left;        /* by the limits */
};

struct allocator_role {
    UT_hash_handle hh;
    char *name;                 /* owned; the key */
    struct allocator_role *parent;      /* NULL: top level */
    struct allocator_role *top; /* the top-level role that it is in */
    size_t n_refs;              /* reasons to exist */

    /* In the sorter of roles while it, or one below it, has clients: 'node'
     * is the role with all below, 'self' its own clients. */
    size_t n_sorted;
    struct sorter_node node;
    struct sorter_node self;
    char *self_path;            /* owned; "role/." */
    double weight;

    struct sorter clients;
    size_t n_clients;
    size_t n_active;            /* clients */

    /* Of a top-level role, with all below. */
    struct allocator_quota *quota;      /* owned; NULL: none */
    struct amounts consumed;    /* held, neither reserved nor revocable */
    struct amounts reservations;        /* on all agents, held or not */

    size_t n_filters;
    bool is_metric_stale;
    struct allocator_role_metrics *metrics;     /* owned; see metrics.h */
};

struct allocator_client {
    struct allocator_framework *framework;
    struct allocator_role *role;
    struct sorter_node node;
    struct resources shared;    /* held, each with how often */
    struct allocator_filter *filters;   /* table; filters.h */
    struct allocator_minimum minimum;
    bool has_minimum;
    bool suppressed;
    bool leaving;               /* no longer a role of the framework */
    size_t n_holds;

    /* Charges of the cycle that 'node' has not seen yet. */
    bool is_touched;
    unsigned n_pending;
    struct amounts pending;

    /* Answers of the constraints by agent: two bits each, known and yes. */
    uint8_t *verdicts;
    size_t verdicts_size;
    bool has_constraints;
};

struct allocator_framework {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    bool known;                 /* false: only holds something */
    bool active;
    bool wants_gpus;
    bool wants_revocable;
    bool wants_shared;
    bool is_multi_role;
    bool is_reservation_refinement;
    bool is_region_aware;
    struct offer_constraints *constraints;      /* owned; NULL: none */
    VEC(struct allocator_client *) clients;     /* owned */
    VEC(struct allocator_offer) offers; /* of the cycle under way */
    bool has_offers;

    /* Of the cycle under way, too. */
    VEC(struct allocator_inverse_offer) inverse_offers;
};

struct allocator_tables {
    const struct sorter_ops *sorter_ops;
    struct amount_names names;
    struct sorter_pool pool;
    struct sorter sorter;       /* of roles */
    struct allocator_role *roles;       /* table */
    struct allocator_agent *agents;     /* table */
    struct allocator_framework *frameworks;     /* table */
    size_t n_agents;
    size_t n_shared;            /* agents with something shared */
    VEC(struct allocator_role *) quota_roles;
    VEC(struct allocator_role *) stale_roles;   /* for metrics */
    VEC(size_t) free_indices;
    size_t n_indices;

    /* The sums of all agents' 'plain', and of what is held. */
    struct amounts free;
    struct amounts held;
    VEC(struct allocator_filter *) filters;     /* heap; filters.h */

    /* What is told when a role goes: its metrics. */
    void (*role_ends)(void *aux, struct allocator_role *);
    void *aux;
};

void allocator_tables_init(struct allocator_tables *,
                           const struct sorter_ops *);
void allocator_tables_fini(struct allocator_tables *);

/* --- agents --- */

struct allocator_agent *allocator_agents_find(struct allocator_tables *,
                                              const char *id);
struct allocator_agent *allocator_agents_add(struct allocator_tables *,
                                             const char *id,
                                             const struct resources *total);

/* What is held there is held no more. */
void allocator_agents_remove(struct allocator_tables *,
                             struct allocator_agent *);
struct allocator_agent *allocator_agents_next(const struct allocator_tables *,
                                              struct allocator_agent *);
void allocator_agents_set_total(struct allocator_tables *,
                                struct allocator_agent *,
                                const struct resources *total);

/* The client holds 'resources' of the agent; what is not there makes it
 * overcommitted.  In a cycle ('defer'), the sorters hear of it only by
 * allocator_clients_settle(). */
void allocator_agents_hold(struct allocator_tables *, struct allocator_agent *,
                           struct allocator_client *,
                           const struct resources *);
void allocator_agents_offer(struct allocator_tables *,
                            struct allocator_agent *,
                            struct allocator_client *,
                            struct resources *taken);

/* The client gives 'resources' back; false if it did not hold all of that (the
 * rest is not there to be given).  The client may be gone after that. */
bool allocator_agents_release(struct allocator_tables *,
                              struct allocator_agent *,
                              struct allocator_client *,
                              const struct resources *);

/* Converts what is held, or (NULL) what is available, and the total.  False,
 * and nothing is changed, if something of it is not there. */
bool allocator_agents_convert(struct allocator_tables *,
                              struct allocator_agent *,
                              struct allocator_hold *,
                              const struct resource_conversion *,
                              size_t n_conversions);

/* What 'client' holds; NULL: nothing. */
struct allocator_hold *allocator_agents_find_hold(struct allocator_agent *,
                                                  const struct
                                                  allocator_client *);

/* --- frameworks --- */

struct allocator_framework *allocator_frameworks_find(
    struct allocator_tables *, const char *id);
struct allocator_framework *allocator_frameworks_get(
    struct allocator_tables *, const char *id);

/* It goes at once, or when it holds nothing any more. */
void allocator_frameworks_remove(struct allocator_tables *,
                                 struct allocator_framework *);
struct allocator_framework *allocator_frameworks_next(
    const struct allocator_tables *, struct allocator_framework *);

/* --- clients --- */

/* NULL if the framework is not in the role. */
struct allocator_client *allocator_clients_find(struct allocator_framework *,
                                                const char *role);
struct allocator_client *allocator_clients_get(struct allocator_tables *,
                                               struct allocator_framework *,
                                               const char *role);

/* Puts it among the active ones of its role, or not, as its state says. */
void allocator_clients_update(struct allocator_tables *,
                              struct allocator_client *);

/* Lets go of it if it is leaving and holds nothing. */
void allocator_clients_drop_idle(struct allocator_tables *,
                                 struct allocator_client *);
void allocator_clients_settle(struct allocator_tables *,
                              struct allocator_client *);

/* --- roles --- */

struct allocator_role *allocator_roles_find(struct allocator_tables *,
                                            const char *name);
struct allocator_role *allocator_roles_next(const struct allocator_tables *,
                                            struct allocator_role *);
void allocator_roles_set_weight(struct allocator_tables *, const char *name,
                                double weight);

/* Both empty: no quota. */
void allocator_roles_set_quota(struct allocator_tables *, const char *name,
                               const struct resource_quantities *guarantees,
                               const struct resource_quantities *limits);
void allocator_roles_mark_stale(struct allocator_tables *,
                                struct allocator_role *);

#endif /* MASTER_ALLOCATOR_TABLE_H */
