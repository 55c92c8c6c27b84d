/* SPDX-License-Identifier: Apache-2.0
 *
 * role_policy_table.h - what operators have laid down for roles: quotas and
 * weights, as the registry has them.
 *
 * A role without either has no record.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_ROLE_POLICY_TABLE_H
#define MASTER_POLICY_ROLE_POLICY_TABLE_H 1

#include <stdbool.h>

#include <actor/table.h>

#include "model/resource_quantities.h"

struct role_policy {
    UT_hash_handle hh;
    char *role;                 /* owned; the key */

    /* A quota: at least one of the two is not empty. */
    bool has_quota;
    struct resource_quantities guarantees;
    struct resource_quantities limits;
    bool has_weight;
    double weight;              /* 1 if it has none */
};

struct role_policies {
    struct role_policy *table;
};

/* NULL: nothing is laid down for the role. */
struct role_policy *role_policies_find(const struct role_policies *,
                                       const char *role);

/* In the order in which they came; NULL: the first, and after the last. */
struct role_policy *role_policies_next(const struct role_policies *,
                                       const struct role_policy *);

/* Copies both; no guarantee but of 0, and no limit: no quota. */
void role_policies_set_quota(struct role_policies *, const char *role,
                             const struct resource_quantities *guarantees,
                             const struct resource_quantities *limits);
void role_policies_set_weight(struct role_policies *, const char *role,
                              double weight);
void role_policies_fini(struct role_policies *);

#endif /* MASTER_POLICY_ROLE_POLICY_TABLE_H */
