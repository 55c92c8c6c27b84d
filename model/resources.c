/* SPDX-License-Identifier: Apache-2.0
 *
 * resources.c - sums of resources.
 *
 * Sums are short (a handful of entries), so everything is linear.  Two
 * entries of one sum have the same kind only if they are exclusive.
 *
 * Thread: one at a time. */
#include <config.h>

#include "model/resources.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>

#include "model/resource.h"
#include "proto/mesos/v1/mesos.pb-c.h"

void
resources_fini(struct resources *r)
{
    for (size_t i = 0; i < r->n; i++) {
        resource_fini(&r->entries[i]);
    }
    free(r->entries);
    memset(r, 0, sizeof *r);
}

void
resources_init_copy(struct resources *r, const struct resources *source)
{
    memset(r, 0, sizeof *r);
    if (source->n > 0) {
        r->entries = alloc_array(source->n, sizeof *r->entries);
        r->n = r->capacity = source->n;
    }
    for (size_t i = 0; i < source->n; i++) {
        resource_init_copy(&r->entries[i], &source->entries[i]);
    }
}

/* --- adding --- */

/* The entry that 'entry' can be merged with. */
static struct resource *
find_addable(const struct resources *r, const struct resource *entry)
{
    bool is_shared = resource_is_shared(entry);

    if (!is_shared && resource_is_exclusive(entry)) {
        return NULL;
    }
    for (size_t i = 0; i < r->n; i++) {
        if (resource_equal_kind(&r->entries[i], entry)
            && (!is_shared || resource_equal_value(&r->entries[i], entry))) {
            return &r->entries[i];
        }
    }
    return NULL;
}

static struct resource *
append(struct resources *r)
{
    if (r->n == r->capacity) {
        size_t capacity = r->capacity > 0 ? r->capacity * 2 : 4;
        struct resource *entries = alloc_array(capacity, sizeof *entries);

        if (r->n > 0) {
            memcpy(entries, r->entries, r->n * sizeof *entries);
        }
        free(r->entries);
        r->entries = entries;
        r->capacity = capacity;
    }
    return &r->entries[r->n++];
}

static bool
merge(struct resources *r, const struct resource *entry)
{
    struct resource *same = find_addable(r, entry);

    if (!same) {
        return false;
    }
    if (resource_is_shared(same)) {
        same->n_shared += entry->n_shared;
    } else {
        resource_add(same, entry);
    }
    return true;
}

void
resources_add_entry(struct resources *r, struct resource *entry)
{
    if (resource_is_empty(entry) || merge(r, entry)) {
        resource_fini(entry);
    } else {
        *append(r) = *entry;
        memset(entry, 0, sizeof *entry);
    }
}

void
resources_add(struct resources *a, const struct resources *b)
{
    /* 'b' may be 'a' itself: its entries move, its old end does not. */
    size_t n = b->n;

    for (size_t i = 0; i < n; i++) {
        struct resource copy;

        resource_init_copy(&copy, &b->entries[i]);
        resources_add_entry(a, &copy);
    }
}

/* --- subtracting --- */

static struct resource *
find_container(const struct resources *r, const struct resource *part)
{
    for (size_t i = 0; i < r->n; i++) {
        if (resource_contain(&r->entries[i], part)) {
            return &r->entries[i];
        }
    }
    return NULL;
}

static void
remove_entry(struct resources *r, struct resource *entry)
{
    size_t i = (size_t) (entry - r->entries);

    resource_fini(entry);
    r->n--;
    memmove(entry, entry + 1, (r->n - i) * sizeof *entry);
}

void
resources_subtract(struct resources *a, const struct resources *b)
{
    if (a == b) {
        resources_fini(a);
        return;
    }
    for (size_t i = 0; i < b->n; i++) {
        struct resource *whole = find_container(a, &b->entries[i]);

        CHECK(whole, "%s is not there", b->entries[i].name);
        if (resource_is_shared(whole)) {
            whole->n_shared -= b->entries[i].n_shared;
        } else if (resource_is_exclusive(whole)) {
            whole->n_shared = 0;
        } else {
            resource_subtract(whole, &b->entries[i]);
        }
        if (whole->n_shared == 0 || resource_is_empty(whole)) {
            remove_entry(a, whole);
        }
    }
}

/* --- comparing --- */

/* How many entries are exactly 'entry'. */
static size_t
count_same(const struct resources *r, const struct resource *entry)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        n += resource_equal_kind(&r->entries[i], entry)
             && resource_equal_value(&r->entries[i], entry);
    }
    return n;
}

bool
resources_contain(const struct resources *a, const struct resources *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct resource *part = &b->entries[i];

        if (!find_container(a, part)) {
            return false;
        }
        /* Only exclusive entries can be there several times. */
        if (resource_is_exclusive(part) && !resource_is_shared(part)
            && count_same(a, part) < count_same(b, part)) {
            return false;
        }
    }
    return true;
}

bool
resources_equal(const struct resources *a, const struct resources *b)
{
    return a->n == b->n && resources_contain(a, b) && resources_contain(b, a);
}

bool
resources_is_empty(const struct resources *r)
{
    return r->n == 0;
}

int64_t
resources_scalar(const struct resources *r, const char *name)
{
    int64_t sum = 0;

    for (size_t i = 0; i < r->n; i++) {
        const struct resource *entry = &r->entries[i];

        if (entry->type == RESOURCE_SCALAR && !strcmp(entry->name, name)
            && __builtin_add_overflow(sum, entry->scalar, &sum)) {
            return INT64_MAX;
        }
    }
    return sum;
}

/* --- views --- */

/* Metadata with only the disk and revocability of 'entry', or NULL. */
static struct message *
strip_reservations(const struct resource *entry)
{
    const V1__Resource *meta = resource_meta(entry);

    if (!meta || (!meta->disk && !meta->revocable && !meta->shared
                  && !meta->provider_id)) {
        return NULL;
    }
    if (meta->n_reservations == 0) {
        return message_ref(entry->meta);
    }
    V1__Resource stripped = *meta;

    stripped.n_reservations = 0;
    stripped.reservations = NULL;
    return message_clone(&stripped.base);
}

void
resources_to_unreserved(const struct resources *r, struct resources *ret)
{
    struct resources sum = { 0 };

    for (size_t i = 0; i < r->n; i++) {
        struct resource copy;

        resource_init_copy(&copy, &r->entries[i]);
        free(steal(copy.role));
        message_unref(steal(copy.meta));
        copy.n_shared = 1;
        resources_add_entry(&sum, &copy);
    }
    *ret = sum;
}

void
resources_set_allocation(struct resources *r, const char *role)
{
    struct resources sum = { 0 };

    /* Entries that only the role kept apart become one. */
    for (size_t i = 0; i < r->n; i++) {
        free(r->entries[i].role);
        r->entries[i].role = role ? xstrdup(role) : NULL;
        resources_add_entry(&sum, &r->entries[i]);
    }
    free(r->entries);
    *r = sum;
}

/* --- finding --- */

/* Whether the last reservation is for 'role'; with NULL: whether there is
 * none. */
static bool
is_reserved_to(const struct resource *entry, const char *role)
{
    const V1__Resource *meta = resource_meta(entry);

    if (!meta || meta->n_reservations == 0) {
        return role == NULL;
    }
    const V1__Resource__ReservationInfo *last =
        meta->reservations[meta->n_reservations - 1];

    return role && last->role && !strcmp(last->role, role);
}

static bool
is_same_but_reservations(const struct resource *a, const struct resource *b)
{
    struct resource a_view = *a;
    struct resource b_view = *b;

    a_view.role = b_view.role = NULL;
    a_view.meta = strip_reservations(a);
    b_view.meta = strip_reservations(b);
    bool same = resource_equal_kind(&a_view, &b_view);

    message_unref(a_view.meta);
    message_unref(b_view.meta);
    return same;
}

/* The common part of two entries; empty if there is none. */
static void
intersect(const struct resource *a, const struct resource *b,
          struct resource *ret)
{
    resource_init_copy(ret, a);
    if (a->type == RESOURCE_SCALAR) {
        ret->scalar = a->scalar < b->scalar ? a->scalar : b->scalar;
        return;
    }
    /* What is left of 'a' without what is not in 'b'. */
    struct resource rest;

    resource_init_copy(&rest, a);
    resource_subtract(&rest, b);
    resource_subtract(ret, &rest);
    resource_fini(&rest);
}

/* Moves what 'wanted' still wants and 'entry' has into 'found'. */
static void
take_part(const struct resource *entry, struct resource *wanted,
          struct resources *found)
{
    struct resource part;

    if (!is_same_but_reservations(entry, wanted)) {
        return;
    }
    if (resource_is_exclusive(entry)
        && !resource_equal_value(entry, wanted)) {
        return;
    }
    intersect(entry, wanted, &part);
    part.n_shared = 1;
    resource_subtract(wanted, &part);
    resources_add_entry(found, &part);
}

static void
take_reserved_to(const struct resources *available, const char *role,
                 struct resource *wanted, struct resources *found)
{
    for (size_t i = 0; i < available->n && !resource_is_empty(wanted); i++) {
        if (is_reserved_to(&available->entries[i], role)) {
            take_part(&available->entries[i], wanted, found);
        }
    }
}

/* 'wanted' without reservations and allocation, merged. */
static void
strip(const struct resources *wanted, struct resources *ret)
{
    for (size_t i = 0; i < wanted->n; i++) {
        struct resource copy;

        resource_init_copy(&copy, &wanted->entries[i]);
        free(steal(copy.role));
        message_unref(copy.meta);
        copy.meta = strip_reservations(&wanted->entries[i]);
        resources_add_entry(ret, &copy);
    }
}

bool
resources_find(const struct resources *available,
               const struct resources *wanted, const char *role,
               struct resources *ret)
{
    autofini(resources) rest = { 0 };
    struct resources found = { 0 };
    bool is_complete = true;

    strip(wanted, &rest);
    for (size_t i = 0; i < rest.n && is_complete; i++) {
        if (role && strcmp(role, "*")) {
            take_reserved_to(available, role, &rest.entries[i], &found);
        }
        take_reserved_to(available, NULL, &rest.entries[i], &found);
        is_complete = resource_is_empty(&rest.entries[i]);
    }
    /* The same volume may have been found for two that were wanted. */
    if (!is_complete || !resources_contain(available, &found)) {
        resources_fini(&found);
        return false;
    }
    *ret = found;
    return true;
}
