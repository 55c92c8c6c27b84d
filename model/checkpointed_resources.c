/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpointed_resources.c - what an agent remembers of its resources. */
#include <config.h>

#include "model/checkpointed_resources.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#include "model/resource.h"
#include "model/resource_parts.h"

void
resources_checkpointed(const struct resources *total, struct resources *ret)
{
    struct resources sum = { 0 };

    for (size_t i = 0; i < total->n; i++) {
        const struct resource *entry = &total->entries[i];

        if (resource_is_dynamically_reserved(entry)
            || resource_persistence_id(entry)) {
            struct resource copy;

            resource_init_copy(&copy, entry);
            resources_add_entry(&sum, &copy);
        }
    }
    *ret = sum;
}

/* As it was before any operation. */
static void
strip(const struct resource *entry, struct resources *ret)
{
    struct resource copy;

    resource_init_copy(&copy, entry);
    resource_strip_volume(&copy);
    while (resource_is_dynamically_reserved(&copy)) {
        resource_pop_reservation(&copy);
    }
    free(steal(copy.role));
    resources_add_entry(ret, &copy);
}

struct error *
resources_apply_checkpointed(const struct resources *base,
                             const struct resources *checkpointed,
                             struct resources *ret)
{
    struct resources total;

    resources_init_copy(&total, base);
    for (size_t i = 0; i < checkpointed->n; i++) {
        autofini(resources) before = { 0 };

        strip(&checkpointed->entries[i], &before);
        if (!resources_contain(&total, &before)) {
            autofini(strbuf) had = STRBUF(STRBUF_UNLIMITED);
            autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);

            resources_format(&total, &had);
            resources_format(&before, &wanted);
            resources_fini(&total);
            return error_create(ERROR_INVALID, "Incompatible agent resources: "
                                "%s does not contain %s", had.data,
                                wanted.data);
        }
        resources_subtract(&total, &before);
    }
    resources_add(&total, checkpointed);
    *ret = total;
    return NULL;
}
