/* SPDX-License-Identifier: Apache-2.0
 *
 * table.h - what the allocator knows: agents, frameworks, roles,
 * filters.
 *
 * A framework takes part once in each of its roles, as a client.  Clients of
 * a role, and roles, are kept in the order of their shares.
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
#include "master/allocator/drf.h"
#include "model/resources.h"

struct allocator_agent {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    char *hostname;             /* owned */
    struct resources total;
    struct resources available;
    struct drf_amounts amounts; /* of 'total' */
    bool active;
    bool is_candidate;          /* to be looked at in the next cycle */
    bool has_reservations;
    bool has_gpus;

    /* More is held than there is.  Nothing is free before all of it, so many
     * holdings, has come back. */
    size_t n_overcommitted;
};

/* Resources of one agent that a client does not want until 'expires_ns'. */
struct allocator_filter {
    UT_hash_handle hh;
    const struct allocator_agent *agent;        /* the key */
    struct allocator_filter *next;      /* others for the same agent */
    struct resources refused;
    int64_t expires_ns;
};

struct allocator_role {
    UT_hash_handle hh;
    char *name;                 /* owned; the key */
    struct drf_amounts allocated;
    struct drf_key order;
    VEC(struct allocator_client *) clients;     /* owned; in order */
};

struct allocator_client {
    struct allocator_framework *framework;
    struct allocator_role *role;
    struct drf_amounts allocated;
    struct drf_key order;
    struct allocator_filter *filters;   /* table */
    bool suppressed;
    bool leaving;               /* no longer a role of the framework */
};

struct allocator_framework {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    bool active;
    bool wants_gpus;
    VEC(struct allocator_client *) clients;     /* owned by their roles */
    VEC(struct allocator_offer) offers; /* of the cycle under way */
};

struct allocator_tables {
    struct allocator_agent *agents;
    struct allocator_framework *frameworks;
    struct allocator_role *roles_by_name;
    VEC(struct allocator_role *) roles; /* in order; owns them */
    struct drf_amounts total;
    bool dirty;                 /* shares have to be computed again */
};

void allocator_tables_fini(struct allocator_tables *);

struct allocator_agent *allocator_agents_find(struct allocator_tables *,
                                              const char *id);
struct allocator_agent *allocator_agents_add(struct allocator_tables *,
                                             const char *id,
                                             const char *hostname,
                                             const struct resources *total);
void allocator_agents_remove(struct allocator_tables *,
                             struct allocator_agent *);

/* First agent, and the one after. */
struct allocator_agent *allocator_agents_next(const struct allocator_tables *,
                                              struct allocator_agent *);

struct allocator_framework *allocator_frameworks_find(
    struct allocator_tables *, const char *id);
struct allocator_framework *allocator_frameworks_add(
    struct allocator_tables *, const char *id);
void allocator_frameworks_remove(struct allocator_tables *,
                                 struct allocator_framework *);
struct allocator_framework *allocator_frameworks_next(
    const struct allocator_tables *, struct allocator_framework *);

/* NULL if the framework is not in the role. */
struct allocator_client *allocator_clients_find(struct allocator_framework *,
                                                const char *role);
struct allocator_client *allocator_clients_add(struct allocator_tables *,
                                               struct allocator_framework *,
                                               const char *role);
void allocator_clients_remove(struct allocator_tables *,
                              struct allocator_client *);

/* Bookkeeping of shares: 'amounts' go to the client, or come from it. */
void allocator_clients_charge(struct allocator_tables *,
                              struct allocator_client *,
                              const struct drf_amounts *);
void allocator_clients_release(struct allocator_tables *,
                               struct allocator_client *,
                               const struct drf_amounts *);

/* Puts roles and clients in order, if that is necessary. */
void allocator_tables_sort(struct allocator_tables *);

void allocator_filters_add(struct allocator_client *,
                           const struct allocator_agent *,
                           const struct resources *refused,
                           int64_t expires_ns);

/* Whether a filter stands against offering 'resources'; drops those that have
 * ended. */
bool allocator_filters_match(struct allocator_client *,
                             const struct allocator_agent *,
                             const struct resources *, int64_t now_ns);
void allocator_filters_clear(struct allocator_client *);

#endif /* MASTER_ALLOCATOR_TABLE_H */
