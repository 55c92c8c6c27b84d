/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_conversion.c - resources that become other ones. */
#include <config.h>

#include "model/resource_conversion.h"

#include <stdlib.h>

#include <actor/log.h>

void
resource_conversion_fini(struct resource_conversion *c)
{
    resources_fini(&c->consumed);
    resources_fini(&c->converted);
}

void
resource_conversion_init_copy(struct resource_conversion *c,
                              const struct resource_conversion *source)
{
    resources_init_copy(&c->consumed, &source->consumed);
    resources_init_copy(&c->converted, &source->converted);
}

void
resource_conversion_set_allocation(struct resource_conversion *c,
                                   const char *role)
{
    resources_set_allocation(&c->consumed, role);
    resources_set_allocation(&c->converted, role);
}

bool
resource_conversion_fits(const struct resource_conversion *c,
                         const struct resources *resources)
{
    return resources_contain(resources, &c->consumed);
}

void
resource_conversion_apply(const struct resource_conversion *c,
                          struct resources *resources)
{
    CHECK(resource_conversion_fits(c, resources),
          "what is to be converted is not there");
    resources_subtract(resources, &c->consumed);
    resources_add(resources, &c->converted);
}

bool
resource_conversions_apply(const struct resource_conversion *conversions,
                           size_t n, struct resources *resources)
{
    struct resources result;

    resources_init_copy(&result, resources);
    for (size_t i = 0; i < n; i++) {
        if (!resource_conversion_fits(&conversions[i], &result)) {
            resources_fini(&result);
            return false;
        }
        resource_conversion_apply(&conversions[i], &result);
    }
    resources_fini(resources);
    *resources = result;
    return true;
}

void
resource_conversions_destroy(struct resource_conversion *conversions,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        resource_conversion_fini(&conversions[i]);
    }
    free(conversions);
}
