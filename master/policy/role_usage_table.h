/* SPDX-License-Identifier: Apache-2.0
 *
 * role_usage_table.h - what some top-level roles have of the cluster, each with
 * all roles below it; for the time of one look at it.
 *
 * Thread-safety: one thread at a time. */
#ifndef MASTER_POLICY_ROLE_USAGE_TABLE_H
#define MASTER_POLICY_ROLE_USAGE_TABLE_H 1

#include <actor/table.h>

#include "model/resource_quantities.h"

struct master;

struct role_usage {
    UT_hash_handle hh;
    const char *role;           /* borrowed; the key; no slash in it */
    struct resource_quantities consumed;
    struct resource_quantities offered;
};

struct role_usages {
    struct role_usage *table;
};

/* 'role' has to last as long as the table; one that is there stays. */
void role_usages_add(struct role_usages *, const char *role);

/* The one that 'role' is, or is below; NULL: none. */
struct role_usage *role_usages_find_top(const struct role_usages *,
                                        const char *role);
void role_usages_fini(struct role_usages *);

#endif /* MASTER_POLICY_ROLE_USAGE_TABLE_H */
