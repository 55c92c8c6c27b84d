/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_common.c - what two sums of resources have in common. */
#include <config.h>

#include "model/resources_common.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "model/resource.h"

/* The elements, or the amount, of two entries of the same kind. */
static void
intersect(const struct resource *a, const struct resource *b,
          struct resource *ret)
{
    struct resource rest;

    resource_init_copy(ret, a);
    if (a->type == RESOURCE_SCALAR) {
        ret->scalar = a->scalar < b->scalar ? a->scalar : b->scalar;
        return;
    }
    resource_init_copy(&rest, a);
    resource_subtract(&rest, b);
    resource_subtract(ret, &rest);
    resource_fini(&rest);
}

static void
add_common(const struct resource *a, const struct resource *b,
           struct resources *ret)
{
    struct resource part;

    if (resource_is_shared(a)) {
        resource_init_copy(&part, a);
        part.n_shared = a->n_shared < b->n_shared ? a->n_shared
                                                  : b->n_shared;
    } else {
        intersect(a, b, &part);
    }
    resources_add_entry(ret, &part);
}

void
resources_common(const struct resources *a, const struct resources *b,
                 struct resources *ret)
{
    struct resources sum = { 0 };

    for (size_t i = 0; i < a->n; i++) {
        for (size_t j = 0; j < b->n; j++) {
            const struct resource *x = &a->entries[i];
            const struct resource *y = &b->entries[j];

            if (resource_equal_kind(x, y)
                && (!resource_is_exclusive(x)
                    || resource_equal_value(x, y))) {
                add_common(x, y, &sum);
                break;
            }
        }
    }
    *ret = sum;
}

bool
resources_overlap(const struct resources *a, const struct resources *b)
{
    struct resources common;
    bool overlap = false;

    resources_common(a, b, &common);
    for (size_t i = 0; i < common.n; i++) {
        overlap |= common.entries[i].type != RESOURCE_SCALAR;
    }
    resources_fini(&common);
    return overlap;
}

void
resources_default_allocation(struct resources *resources, const char *role)
{
    struct resources sum = { 0 };

    for (size_t i = 0; i < resources->n; i++) {
        struct resource *entry = &resources->entries[i];

        if (!entry->role) {
            entry->role = xstrdup(role);
        }
        resources_add_entry(&sum, entry);
    }
    free(resources->entries);
    *resources = sum;
}
