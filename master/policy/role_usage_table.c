/* SPDX-License-Identifier: Apache-2.0
 *
 * role_usage_table.c - what some top-level roles have of the cluster. */
#include <config.h>

#include "master/policy/role_usage_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

struct role_usage *
role_usages_find_top(const struct role_usages *t, const char *role)
{
    struct role_usage *usage;

    HASH_FIND(hh, t->table, role, strcspn(role, "/"), usage);
    return usage;
}

void
role_usages_add(struct role_usages *t, const char *role)
{
    struct role_usage *usage = role_usages_find_top(t, role);

    if (!usage) {
        usage = xcalloc(1, sizeof *usage);
        usage->role = role;
        HASH_ADD_KEYPTR(hh, t->table, usage->role, strlen(role), usage);
    }
}

void
role_usages_fini(struct role_usages *t)
{
    while (t->table) {
        struct role_usage *usage = t->table;

        HASH_DEL(t->table, usage);
        resource_quantities_fini(&usage->consumed);
        resource_quantities_fini(&usage->offered);
        free(usage);
    }
}
