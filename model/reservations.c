/* SPDX-License-Identifier: Apache-2.0
 *
 * reservations.c - the parts of a sum of resources by whom they are reserved
 * to. */
#include <config.h>

#include "model/reservations.h"

#include <string.h>

#include "model/resource.h"
#include "model/resources.h"
#include "model/roles.h"
#include "proto/mesos/v1/mesos.pb-c.h"

typedef bool role_matches_fn(const char *reserved_to, const char *role);

static const char *
reservation_role(const struct resource *entry)
{
    const struct V1__Resource *meta = resource_meta(entry);

    if (!meta || meta->n_reservations == 0) {
        return NULL;
    }
    return meta->reservations[meta->n_reservations - 1]->role;
}

static void
select_entries(const struct resources *resources, const char *role,
               role_matches_fn *matches, struct resources *ret)
{
    struct resources selected = { 0 };

    for (size_t i = 0; i < resources->n; i++) {
        if (matches(reservation_role(&resources->entries[i]), role)) {
            struct resource copy;

            resource_init_copy(&copy, &resources->entries[i]);
            resources_add_entry(&selected, &copy);
        }
    }
    *ret = selected;
}

static bool
is_unreserved(const char *reserved_to, const char *role)
{
    (void) role;
    return !reserved_to;
}

static bool
is_reserved_to(const char *reserved_to, const char *role)
{
    return reserved_to && !strcmp(reserved_to, role);
}

static bool
is_allocatable_to(const char *reserved_to, const char *role)
{
    return !reserved_to || role_is_within(role, reserved_to);
}

bool
resources_has_reservations(const struct resources *resources)
{
    return resources_reservation_role(resources, 0) != NULL;
}

void
resources_unreserved(const struct resources *resources, struct resources *ret)
{
    select_entries(resources, NULL, is_unreserved, ret);
}

void
resources_reserved_to(const struct resources *resources, const char *role,
                      struct resources *ret)
{
    select_entries(resources, role, is_reserved_to, ret);
}

void
resources_allocatable_to(const struct resources *resources, const char *role,
                         struct resources *ret)
{
    select_entries(resources, role, is_allocatable_to, ret);
}

static bool
is_first_of_role(const struct resources *resources, size_t entry,
                 const char *role)
{
    for (size_t i = 0; i < entry; i++) {
        if (is_reserved_to(reservation_role(&resources->entries[i]), role)) {
            return false;
        }
    }
    return true;
}

const char *
resources_reservation_role(const struct resources *resources, size_t i)
{
    for (size_t entry = 0; entry < resources->n; entry++) {
        const char *role = reservation_role(&resources->entries[entry]);

        if (role && is_first_of_role(resources, entry, role) && i-- == 0) {
            return role;
        }
    }
    return NULL;
}
