/* SPDX-License-Identifier: Apache-2.0
 *
 * amounts.c - scalars as native vectors. */
#include <config.h>

#include "master/allocator/amounts.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "model/resource.h"
#include "model/resource_quantities.h"
#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

void
amount_names_init(struct amount_names *names)
{
    *names = (struct amount_names) {
        .names = { "cpus", "mem", "disk", "gpus" }, .n = 4,
    };
    for (size_t i = 0; i < names->n; i++) {
        names->names[i] = resource_name_create(names->names[i]);
    }
}

void
amount_names_fini(struct amount_names *names)
{
    for (size_t i = 0; i < names->n; i++) {
        resource_name_destroy(names->names[i]);
    }
    names->n = 0;
}

int
amount_names_index(struct amount_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (names->names[i] == name || !strcmp(names->names[i], name)) {
            return (int) i;
        }
    }
    if (names->n == AMOUNTS_MAX) {
        return -1;
    }
    names->names[names->n] = resource_name_create(name);
    return (int) names->n++;
}

/* --- entries --- */

const char *
entry_reserved_to(const struct resource *entry)
{
    const V1__Resource *meta = entry->meta ? resource_meta(entry) : NULL;

    if (!meta || meta->n_reservations == 0) {
        return NULL;
    }
    return meta->reservations[meta->n_reservations - 1]->role;
}

bool
entry_is_revocable(const struct resource *entry)
{
    return entry->meta && resource_meta(entry)->revocable;
}

bool
entry_is_refined(const struct resource *entry)
{
    return entry->meta && resource_meta(entry)->n_reservations > 1;
}

bool
entry_is_plain(const struct resource *entry)
{
    const V1__Resource *meta = entry->meta ? resource_meta(entry) : NULL;

    return entry->type == RESOURCE_SCALAR
        && (!meta || (meta->n_reservations == 0 && !meta->revocable));
}

static bool
counts(const struct resource *entry, enum amounts_kind kind)
{
    switch (kind) {
    case AMOUNTS_ALL:
        return true;
    case AMOUNTS_PLAIN:
        return entry_is_plain(entry);
    case AMOUNTS_RESERVED:
        return entry_reserved_to(entry) != NULL;
    }
    UNREACHABLE();
}

/* --- vectors --- */

static void
add_to(int64_t *to, int64_t more)
{
    if (__builtin_add_overflow(*to, more, to)) {
        *to = INT64_MAX;
    }
}

struct amounts
amounts_of(struct amount_names *names, const struct resources *resources,
           enum amounts_kind kind)
{
    struct amounts sum = { { 0 } };

    for (size_t i = 0; i < resources->n; i++) {
        const struct resource *entry = &resources->entries[i];

        if (entry->type == RESOURCE_SCALAR && counts(entry, kind)) {
            int k = amount_names_index(names, entry->name);

            if (k >= 0) {
                add_to(&sum.v[k], entry->scalar);
            }
        }
    }
    return sum;
}

struct amounts
amounts_of_quantities(struct amount_names *names,
                      const struct resource_quantities *q, int64_t missing)
{
    struct amounts result;

    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        result.v[i] = missing;
    }
    for (size_t i = 0; i < q->n; i++) {
        int k = amount_names_index(names, q->entries[i].name);

        if (k >= 0) {
            result.v[k] = q->entries[i].amount;
        }
    }
    return result;
}

void
amounts_to_quantities(const struct amounts *amounts,
                      const struct amount_names *names,
                      struct resource_quantities *ret)
{
    *ret = (struct resource_quantities) { 0 };
    for (size_t i = 0; i < names->n; i++) {
        if (amounts->v[i] > 0) {
            resource_quantities_set(ret, names->names[i], amounts->v[i]);
        }
    }
}

bool
amounts_is_zero(const struct amounts *amounts)
{
    int64_t any = 0;

    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        any |= amounts->v[i];
    }
    return any == 0;
}

bool
amounts_fit(const struct amounts *part, const struct amounts *whole)
{
    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        if (part->v[i] > whole->v[i]) {
            return false;
        }
    }
    return true;
}

void
amounts_add(struct amounts *to, const struct amounts *more)
{
    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        add_to(&to->v[i], more->v[i]);
    }
}

void
amounts_subtract(struct amounts *from, const struct amounts *less)
{
    for (size_t i = 0; i < AMOUNTS_MAX; i++) {
        from->v[i] -= less->v[i] < from->v[i] ? less->v[i] : from->v[i];
    }
}
