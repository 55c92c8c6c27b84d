/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_quantities.c - how much of what, and nothing else.
 *
 * Quantities have a handful of names, so everything is linear.
 * Thread: pure functions. */
#include <config.h>

#include "model/resource_quantities.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "model/resource.h"
#include "model/resources.h"
#include "model/roles.h"
#include "proto/mesos/v1/mesos.pb-c.h"

void
resource_quantities_init_copy(struct resource_quantities *q,
                              const struct resource_quantities *source)
{
    *q = (struct resource_quantities) { 0 };
    if (source->n > 0) {
        q->entries = alloc_array(source->n, sizeof *q->entries);
        q->n = source->n;
    }
    for (size_t i = 0; i < source->n; i++) {
        q->entries[i].name = resource_name_create(source->entries[i].name);
        q->entries[i].amount = source->entries[i].amount;
    }
}

void
resource_quantities_fini(struct resource_quantities *q)
{
    for (size_t i = 0; i < q->n; i++) {
        resource_name_destroy(q->entries[i].name);
    }
    free(q->entries);
    *q = (struct resource_quantities) { 0 };
}

static struct resource_quantity *
find(const struct resource_quantities *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++) {
        /* Well-known names are one and the same text. */
        if (q->entries[i].name == name
            || !strcmp(q->entries[i].name, name)) {
            return &q->entries[i];
        }
    }
    return NULL;
}

int64_t
resource_quantities_get(const struct resource_quantities *q, const char *name,
                        bool *ret_present)
{
    const struct resource_quantity *entry = find(q, name);

    if (ret_present) {
        *ret_present = entry != NULL;
    }
    return entry ? entry->amount : 0;
}

void
resource_quantities_set(struct resource_quantities *q, const char *name,
                        int64_t amount)
{
    struct resource_quantity *entry = find(q, name);
    struct resource_quantity *entries;
    size_t at = 0;

    if (entry) {
        entry->amount = amount;
        return;
    }
    entries = alloc_array(q->n + 1, sizeof *entries);
    while (at < q->n && strcmp(q->entries[at].name, name) < 0) {
        at++;
    }
    if (q->n > 0) {
        memcpy(entries, q->entries, at * sizeof *entries);
        memcpy(entries + at + 1, q->entries + at,
               (q->n - at) * sizeof *entries);
    }
    entries[at].name = resource_name_create(name);
    entries[at].amount = amount;
    free(q->entries);
    q->entries = entries;
    q->n++;
}

static void
add(struct resource_quantities *q, const char *name, int64_t amount)
{
    struct resource_quantity *entry = find(q, name);

    if (!entry) {
        resource_quantities_set(q, name, amount);
    } else if (__builtin_add_overflow(entry->amount, amount,
                                      &entry->amount)) {
        entry->amount = INT64_MAX;
    }
}

/* --- from text --- */

struct error *
resource_quantities_parse(const char *text, struct resource_quantities *ret)
{
    struct resource_quantities q = { 0 };
    struct resources resources;
    struct error *error = resources_parse(text, "*", &resources);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < resources.n && !error; i++) {
        const struct resource *r = &resources.entries[i];

        if (r->type != RESOURCE_SCALAR) {
            error = error_create(ERROR_INVALID, "Failed to parse '%s': "
                                 "expected only scalar values", r->name);
        } else if (r->meta) {
            error = error_create(ERROR_INVALID, "Failed to parse '%s': a "
                                 "quantity is neither reserved nor a volume",
                                 r->name);
        } else {
            add(&q, r->name, r->scalar);
        }
    }
    resources_fini(&resources);
    if (error) {
        resource_quantities_fini(&q);
        return error;
    }
    *ret = q;
    return NULL;
}

/* --- of resources --- */

/* Elements of ranges and sets in thousandths, too. */
static int64_t
ranges_amount(const struct ranges *ranges)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < ranges->n; i++) {
        uint64_t size = ranges->data[i].end - ranges->data[i].begin;

        if (size >= (uint64_t) INT64_MAX / 1000 - sum) {
            return INT64_MAX;
        }
        sum += size + 1;
    }
    return sum > (uint64_t) INT64_MAX / 1000 ? INT64_MAX
                                             : (int64_t) sum * 1000;
}

static int64_t
entry_amount(const struct resource *r)
{
    switch (r->type) {
    case RESOURCE_SCALAR:
        return r->scalar;
    case RESOURCE_RANGES:
        return ranges_amount(&r->ranges);
    case RESOURCE_SET:
        return (int64_t) r->set.n * 1000;
    }
    UNREACHABLE();
}

void
resource_quantities_of(const struct resources *resources,
                       struct resource_quantities *ret)
{
    struct resource_quantities q = { 0 };

    for (size_t i = 0; i < resources->n; i++) {
        add(&q, resources->entries[i].name,
            entry_amount(&resources->entries[i]));
    }
    *ret = q;
}

static bool
counts(const struct resource *r, enum quantities_kind kind, const char *role)
{
    const V1__Resource *meta = resource_meta(r);
    const char *reserved_to = meta && meta->n_reservations > 0
        ? meta->reservations[meta->n_reservations - 1]->role : NULL;

    if (r->type != RESOURCE_SCALAR || (meta && meta->revocable)) {
        return false;
    }
    switch (kind) {
    case QUANTITIES_FIRM:
        return true;
    case QUANTITIES_UNRESERVED:
        return !reserved_to;
    case QUANTITIES_RESERVED:
        return reserved_to && role_is_within(reserved_to, role);
    }
    UNREACHABLE();
}

void
resource_quantities_add_scalars(struct resource_quantities *q,
                                const struct resources *resources,
                                enum quantities_kind kind, const char *role)
{
    for (size_t i = 0; i < resources->n; i++) {
        const struct resource *r = &resources->entries[i];

        if (counts(r, kind, role)) {
            add(q, r->name, r->scalar);
        }
    }
}

void
resource_quantities_add(struct resource_quantities *q,
                        const struct resource_quantities *more)
{
    for (size_t i = 0; i < more->n; i++) {
        add(q, more->entries[i].name, more->entries[i].amount);
    }
}

void
resource_quantities_subtract(struct resource_quantities *q,
                             const struct resource_quantities *less)
{
    for (size_t i = 0; i < less->n; i++) {
        struct resource_quantity *entry = find(q, less->entries[i].name);

        if (entry) {
            entry->amount = entry->amount > less->entries[i].amount
                ? entry->amount - less->entries[i].amount : 0;
        }
    }
}

bool
resource_quantities_contain(const struct resource_quantities *a,
                            const struct resource_quantities *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (resource_quantities_get(a, b->entries[i].name, NULL)
            < b->entries[i].amount) {
            return false;
        }
    }
    return true;
}

bool
resource_quantities_are_within(const struct resource_quantities *q,
                               const struct resource_quantities *limits)
{
    for (size_t i = 0; i < limits->n; i++) {
        if (resource_quantities_get(q, limits->entries[i].name, NULL)
            > limits->entries[i].amount) {
            return false;
        }
    }
    return true;
}

bool
resource_quantities_fit(const struct resource_quantities *q,
                        const struct resources *resources)
{
    for (size_t i = 0; i < q->n; i++) {
        const char *name = q->entries[i].name;
        int64_t missing = q->entries[i].amount;

        for (size_t k = 0; k < resources->n && missing > 0; k++) {
            const struct resource *r = &resources->entries[k];

            if (r->name == name || !strcmp(r->name, name)) {
                missing -= entry_amount(r);
            }
        }
        if (missing > 0) {
            return false;
        }
    }
    return true;
}

bool
resource_quantities_equal(const struct resource_quantities *a,
                          const struct resource_quantities *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->entries[i].name, b->entries[i].name)
            || a->entries[i].amount != b->entries[i].amount) {
            return false;
        }
    }
    return true;
}

/* --- to text --- */

static void
format_amount(struct strbuf *out, int64_t amount)
{
    int64_t rest = amount % 1000;

    strbuf_printf(out, "%lld", (long long) (amount / 1000));
    if (rest % 10) {
        strbuf_printf(out, ".%03lld", (long long) rest);
    } else if (rest % 100) {
        strbuf_printf(out, ".%02lld", (long long) (rest / 10));
    } else if (rest) {
        strbuf_printf(out, ".%lld", (long long) (rest / 100));
    }
}

void
resource_quantities_format(const struct resource_quantities *q,
                           struct strbuf *out)
{
    if (q->n == 0) {
        strbuf_append(out, "{}");
    }
    for (size_t i = 0; i < q->n; i++) {
        strbuf_printf(out, "%s%s:", i ? "; " : "", q->entries[i].name);
        format_amount(out, q->entries[i].amount);
    }
}
