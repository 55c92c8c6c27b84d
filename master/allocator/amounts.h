/* SPDX-License-Identifier: Apache-2.0
 *
 * amounts.h - scalars as native vectors: what shares, quotas and headroom are
 * computed with.
 *
 * Each name of a scalar that the allocator meets gets a dimension, as long as
 * there are any: cpus, mem, disk and gpus always have one.
 *
 * Thread-safety: the allocator's turns only; functions on values are pure. */
#ifndef MASTER_ALLOCATOR_AMOUNTS_H
#define MASTER_ALLOCATOR_AMOUNTS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resource;
struct resource_quantities;
struct resources;

#define AMOUNTS_MAX 16

/* In thousandths, by dimension. */
struct amounts {
    int64_t v[AMOUNTS_MAX];
};

struct amount_names {
    const char *names[AMOUNTS_MAX];     /* as resource_name_create() gives */
    size_t n;
};

void amount_names_init(struct amount_names *);
void amount_names_fini(struct amount_names *);

/* The dimension of 'name', a new one if need be; -1 if there is none left. */
int amount_names_index(struct amount_names *, const char *name);

/* Which entries count. */
enum amounts_kind {
    AMOUNTS_ALL,
    AMOUNTS_PLAIN,              /* neither reserved nor revocable: what quotas
                                 * are about */
    AMOUNTS_RESERVED,
};

/* Sums up the scalars; a shared one counts once however often it is there. */
struct amounts amounts_of(struct amount_names *, const struct resources *,
                          enum amounts_kind);

/* 'missing' is what names that are not there have. */
struct amounts amounts_of_quantities(struct amount_names *,
                                     const struct resource_quantities *,
                                     int64_t missing);

/* Names with more than nothing. */
void amounts_to_quantities(const struct amounts *, const struct amount_names *,
                           struct resource_quantities *ret);

bool amounts_is_zero(const struct amounts *);
bool amounts_fit(const struct amounts *part, const struct amounts *whole);
void amounts_add(struct amounts *, const struct amounts *);

/* Never below zero. */
void amounts_subtract(struct amounts *, const struct amounts *);

/* --- entries of resources --- */

/* The role of the last reservation; NULL: not reserved. */
const char *entry_reserved_to(const struct resource *);
bool entry_is_revocable(const struct resource *);
bool entry_is_refined(const struct resource *); /* reserved twice or more */
bool entry_is_plain(const struct resource *);   /* a scalar, for quotas */

#endif /* MASTER_ALLOCATOR_AMOUNTS_H */
