/* SPDX-License-Identifier: Apache-2.0
 *
 * role_set.c - a few roles, in the order they came.
 *
 * Thread: one at a time. */
#include <config.h>

#include "scheduler-driver/role_set.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/vec.h>

static size_t
find(const struct role_set *set, const char *role)
{
    size_t i = 0;

    while (i < set->n && strcmp(set->data[i], role)) {
        i++;
    }
    return i;
}

bool
role_set_has(const struct role_set *set, const char *role)
{
    return find(set, role) < set->n;
}

void
role_set_add(struct role_set *set, const char *role)
{
    if (!role_set_has(set, role)) {
        vec_push(set, xstrdup(role));
    }
}

void
role_set_remove(struct role_set *set, const char *role)
{
    size_t i = find(set, role);

    if (i < set->n) {
        free(set->data[i]);
        vec_remove(set, i);
    }
}

void
role_set_fini(struct role_set *set)
{
    vec_foreach (set, it) {
        free(*it);
    }
    vec_fini(set);
}
