/* SPDX-License-Identifier: Apache-2.0
 *
 * role_policy_table.c - what operators have laid down for roles. */
#include <config.h>

#include "master/policy/role_policy_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

struct role_policy *
role_policies_find(const struct role_policies *t, const char *role)
{
    struct role_policy *policy;

    HASH_FIND_STR(t->table, role, policy);
    return policy;
}

struct role_policy *
role_policies_next(const struct role_policies *t,
                   const struct role_policy *policy)
{
    return policy ? policy->hh.next : t->table;
}

static struct role_policy *
get(struct role_policies *t, const char *role)
{
    struct role_policy *policy = role_policies_find(t, role);

    if (!policy) {
        policy = xcalloc(1, sizeof *policy);
        policy->role = xstrdup(role);
        policy->weight = 1;
        HASH_ADD_KEYPTR(hh, t->table, policy->role, strlen(role), policy);
    }
    return policy;
}

static void
drop(struct role_policies *t, struct role_policy *policy)
{
    HASH_DEL(t->table, policy);
    resource_quantities_fini(&policy->guarantees);
    resource_quantities_fini(&policy->limits);
    free(policy->role);
    free(policy);
}

static bool
is_any(const struct resource_quantities *q)
{
    for (size_t i = 0; i < q->n; i++) {
        if (q->entries[i].amount > 0) {
            return true;
        }
    }
    return false;
}

void
role_policies_set_quota(struct role_policies *t, const char *role,
                        const struct resource_quantities *guarantees,
                        const struct resource_quantities *limits)
{
    struct role_policy *policy = get(t, role);

    resource_quantities_fini(&policy->guarantees);
    resource_quantities_fini(&policy->limits);
    policy->has_quota = is_any(guarantees) || limits->n > 0;
    if (policy->has_quota) {
        resource_quantities_init_copy(&policy->guarantees, guarantees);
        resource_quantities_init_copy(&policy->limits, limits);
    } else if (!policy->has_weight) {
        drop(t, policy);
    }
}

void
role_policies_set_weight(struct role_policies *t, const char *role,
                         double weight)
{
    struct role_policy *policy = get(t, role);

    policy->has_weight = true;
    policy->weight = weight;
}

void
role_policies_fini(struct role_policies *t)
{
    while (t->table) {
        drop(t, t->table);
    }
}
