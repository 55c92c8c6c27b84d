/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_quantities.h - how much of what, and nothing else: for guarantees,
 * limits, and the least that is worth an offer.
 *
 * Mirrors src/common/resource_quantities.cpp of Mesos: scalars by their value,
 * ranges and sets by the number of their elements.
 * Thread-safety: pure functions on values. */
#ifndef MODEL_RESOURCE_QUANTITIES_H
#define MODEL_RESOURCE_QUANTITIES_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct resources;
struct strbuf;

struct resource_quantity {
    const char *name;           /* as resource_name_create() gives it */
    int64_t amount;             /* thousandths */
};

/* Sorted by name; zeroed: nothing.  For limits, a name that is absent has no
 * limit; elsewhere it is 0.  An entry of 0 counts for limits only. */
struct resource_quantities {
    struct resource_quantity *entries;  /* owned */
    size_t n;
};

void resource_quantities_init_copy(struct resource_quantities *,
                                   const struct resource_quantities *);
void resource_quantities_fini(struct resource_quantities *);

/* "cpus:0.01;mem:32": finite numbers >= 0, each name once or summed up. */
struct error *resource_quantities_parse(const char *text,
                                        struct resource_quantities *ret)
    MUST_CHECK;

/* 0 if it is not there; '*ret_present' (may be NULL) tells. */
int64_t resource_quantities_get(const struct resource_quantities *,
                                const char *name, bool *ret_present);
void resource_quantities_set(struct resource_quantities *, const char *name,
                             int64_t amount);
void resource_quantities_of(const struct resources *,
                            struct resource_quantities *ret);

/* Which entries of a sum count towards quota. */
enum quantities_kind {
    QUANTITIES_FIRM,            /* not revocable: what there is */
    QUANTITIES_UNRESERVED,      /* of these: reserved to nobody */
    QUANTITIES_RESERVED,        /* of these: reserved to a role, or below it */
};

/* Adds the scalars of that kind; 'role' is for QUANTITIES_RESERVED. */
void resource_quantities_add_scalars(struct resource_quantities *,
                                     const struct resources *,
                                     enum quantities_kind, const char *role);

void resource_quantities_add(struct resource_quantities *,
                             const struct resource_quantities *);

/* What is not there is not taken: no amount falls below 0. */
void resource_quantities_subtract(struct resource_quantities *,
                                  const struct resource_quantities *);

/* Whether 'a' has all of 'b'. */
bool resource_quantities_contain(const struct resource_quantities *a,
                                 const struct resource_quantities *b);

/* Whether none of 'limits' is exceeded. */
bool resource_quantities_are_within(const struct resource_quantities *,
                                    const struct resource_quantities *limits);

/* Whether 'resources' have all that is in the quantities; without building
 * anything. */
bool resource_quantities_fit(const struct resource_quantities *,
                             const struct resources *);

bool resource_quantities_equal(const struct resource_quantities *,
                               const struct resource_quantities *);

/* "cpus:1; mem:32", "{}" if there is nothing. */
void resource_quantities_format(const struct resource_quantities *,
                                struct strbuf *);

#endif /* MODEL_RESOURCE_QUANTITIES_H */
