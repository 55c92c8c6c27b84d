/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_part.c - taking what is there of what is asked for.
 *
 * Thread: pure functions. */
#include <config.h>

#include "model/resources_part.h"

#include <stdlib.h>
#include <string.h>

#include "model/resource.h"
#include "model/resources.h"

/* The entry of which a part of 'wanted' can be taken. */
static struct resource *
find_source(const struct resources *a, const struct resource *wanted)
{
    bool is_whole = resource_is_shared(wanted)
                    || resource_is_exclusive(wanted);

    for (size_t i = 0; i < a->n; i++) {
        if (resource_equal_kind(&a->entries[i], wanted)
            && (!is_whole || resource_equal_value(&a->entries[i], wanted))) {
            return &a->entries[i];
        }
    }
    return NULL;
}

/* Makes '*part', a copy of what is wanted, what 'source' has of it. */
static void
clip(struct resource *part, const struct resource *source)
{
    struct resource rest;

    if (resource_is_shared(source)) {
        if (part->n_shared > source->n_shared) {
            part->n_shared = source->n_shared;
        }
        return;
    }
    if (part->type == RESOURCE_SCALAR) {
        if (part->scalar > source->scalar) {
            part->scalar = source->scalar;
        }
        return;
    }
    if (resource_contain(source, part)) {
        return;
    }
    resource_init_copy(&rest, part);
    resource_subtract(&rest, source);
    resource_subtract(part, &rest);
    resource_fini(&rest);
}

static bool
is_complete(const struct resource *part, const struct resource *wanted)
{
    return part->n_shared == wanted->n_shared
        && resource_equal_value(part, wanted);
}

static void
remove_part(struct resources *a, struct resource *source,
            const struct resource *part)
{
    size_t i = (size_t) (source - a->entries);

    if (resource_is_shared(source)) {
        source->n_shared -= part->n_shared;
    } else if (resource_is_exclusive(source)) {
        source->n_shared = 0;
    } else {
        resource_subtract(source, part);
    }
    if (source->n_shared == 0 || resource_is_empty(source)) {
        resource_fini(source);
        a->n--;
        memmove(source, source + 1, (a->n - i) * sizeof *source);
    }
}

bool
resources_take(struct resources *a, const struct resources *b,
               struct resources *ret_taken)
{
    struct resources taken = { 0 };
    bool all = true;

    for (size_t i = 0; i < b->n; i++) {
        struct resource *source = find_source(a, &b->entries[i]);
        struct resource part;

        if (!source) {
            all = false;
            continue;
        }
        resource_init_copy(&part, &b->entries[i]);
        clip(&part, source);
        all = is_complete(&part, &b->entries[i]) && all;
        remove_part(a, source, &part);
        if (ret_taken) {
            resources_add_entry(&taken, &part);
        } else {
            resource_fini(&part);
        }
    }
    if (ret_taken) {
        *ret_taken = taken;
    }
    return all;
}

void
resources_move(struct resources *a, struct resources *b)
{
    for (size_t i = 0; i < b->n; i++) {
        resources_add_entry(a, &b->entries[i]);
        memset(&b->entries[i], 0, sizeof b->entries[i]);
    }
    free(b->entries);
    memset(b, 0, sizeof *b);
}
