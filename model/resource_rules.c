/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_rules.c - what resources have to be, to be used or changed. */
#include <config.h>

#include "model/resource_rules.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#include "model/ids.h"
#include "model/resource.h"
#include "model/resource_parts.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define INVALID(...) error_create(ERROR_INVALID, __VA_ARGS__)

/* 'entry' alone, as resources_format() shows it. */
static void
format_entry(struct resource *entry, struct strbuf *out)
{
    const struct resources one = { .entries = entry, .n = 1, .capacity = 1 };

    resources_format(&one, out);
}

/* --- each for itself --- */

static struct error *
check_gpus(const struct resource *entry)
{
    if (!strcmp(entry->name, "gpus") && entry->type == RESOURCE_SCALAR
        && entry->scalar % 1000 != 0) {
        return INVALID("Invalid 'gpus' resource: The 'gpus' resource must be "
                       "an unsigned integer");
    }
    return NULL;
}

static struct error *
check_volume(const struct resource *entry, const V1__Resource__DiskInfo *disk)
{
    if (resource_is_revocable(entry)) {
        return INVALID("Persistent volumes cannot be created from revocable "
                       "resources");
    }
    if (!resource_reservation_role(entry)) {
        return INVALID("Persistent volumes cannot be created from unreserved "
                       "resources");
    }
    if (!disk->volume) {
        return INVALID("Expecting 'volume' to be set for persistent volume");
    }
    if (disk->volume->host_path) {
        return INVALID("Expecting 'host_path' to be unset for persistent "
                       "volume");
    }
    return error_wrap(id_validate(disk->persistence->id),
                      "Invalid persistence ID for persistent volume");
}

static struct error *
check_disk(const struct resource *entry)
{
    const V1__Resource *meta = resource_meta(entry);
    const V1__Resource__DiskInfo *disk = meta ? meta->disk : NULL;

    if (!disk) {
        return NULL;
    }
    if (disk->persistence) {
        return check_volume(entry, disk);
    }
    if (disk->volume) {
        return INVALID("Non-persistent volume not supported");
    }
    return disk->source ? NULL : INVALID("DiskInfo is set but empty");
}

static struct error *
check_reservation(struct resource *entry)
{
    if (resource_is_dynamically_reserved(entry)
        && resource_is_revocable(entry)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        format_entry(entry, &text);
        return INVALID("Dynamically reserved resource %s cannot be created "
                       "from revocable resources", text.data);
    }
    return NULL;
}

struct error *
resources_check(const struct resources *resources)
{
    struct error *error = NULL;

    for (size_t i = 0; i < resources->n && !error; i++) {
        error = check_gpus(&resources->entries[i]);
    }
    for (size_t i = 0; i < resources->n && !error; i++) {
        error = error_wrap(check_disk(&resources->entries[i]),
                           "Invalid DiskInfo");
    }
    for (size_t i = 0; i < resources->n && !error; i++) {
        error = error_wrap(check_reservation(&resources->entries[i]),
                           "Invalid ReservationInfo");
    }
    return error;
}

/* --- against each other --- */

static bool
is_same_volume(const struct resource *a, const struct resource *b)
{
    const char *a_id = resource_persistence_id(a);
    const char *b_id = resource_persistence_id(b);
    const char *a_role = resource_reservation_role(a);
    const char *b_role = resource_reservation_role(b);

    return a_id && b_id && !strcmp(a_id, b_id)
        && (a_role && b_role ? !strcmp(a_role, b_role) : a_role == b_role);
}

struct error *
resources_check_unique_volumes(const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (is_same_volume(&resources->entries[i],
                               &resources->entries[j])) {
                return INVALID("Persistence ID '%s' is not unique",
                               resource_persistence_id(
                                   &resources->entries[i]));
            }
        }
    }
    return NULL;
}

struct error *
resources_check_volumes(const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        const V1__Resource *meta = resource_meta(&resources->entries[i]);

        if (!meta || !meta->disk) {
            autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

            format_entry(&resources->entries[i], &text);
            return INVALID("Resource %s does not have DiskInfo", text.data);
        }
        if (!meta->disk->persistence) {
            return INVALID("'persistence' is not set in DiskInfo");
        }
        if (!meta->disk->volume) {
            return INVALID("Expecting 'volume' to be set for persistent "
                           "volume");
        }
        if (meta->disk->volume->mode == V1__VOLUME__MODE__RO) {
            return INVALID("Read-only persistent volume not supported");
        }
    }
    return NULL;
}

struct error *
resources_check_one_role(const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        const char *role = resources->entries[i].role;
        const char *first = resources->entries[0].role;

        if (!role) {
            return INVALID("The resources are not allocated to a role");
        }
        if (strcmp(role, first)) {
            return INVALID("The resources have multiple allocation roles "
                           "('%s' and '%s') but only one allocation role is "
                           "allowed", role, first);
        }
    }
    return NULL;
}

struct error *
resources_check_revocable(const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct resource *a = &resources->entries[i];
            const struct resource *b = &resources->entries[j];

            if (!strcmp(a->name, b->name)
                && resource_is_revocable(a) != resource_is_revocable(b)) {
                return INVALID("Cannot use both revocable and non-revocable "
                               "'%s' at the same time", a->name);
            }
        }
    }
    return NULL;
}

struct error *
resources_check_one_provider(const struct resources *resources)
{
    for (size_t i = 1; i < resources->n; i++) {
        const char *a = resource_provider_id(&resources->entries[0]);
        const char *b = resource_provider_id(&resources->entries[i]);

        if (!a != !b) {
            return INVALID("Some resources have a resource provider and some "
                           "do not");
        }
        if (a && strcmp(a, b)) {
            return INVALID("The resources have multiple resource providers: "
                           "%s, %s", a, b);
        }
    }
    return NULL;
}

bool
resources_has_shared(const struct resources *resources)
{
    for (size_t i = 0; i < resources->n; i++) {
        if (resource_is_shared(&resources->entries[i])) {
            return true;
        }
    }
    return false;
}
