/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_conversion.h - resources that become other ones: reserved, made
 * into a volume, and back.
 *
 * Mirrors ResourceConversion and getResourceConversions() of Mesos'
 * src/common/resources_utils.cpp.
 * Thread-safety: pure functions. */
#ifndef MODEL_RESOURCE_CONVERSION_H
#define MODEL_RESOURCE_CONVERSION_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>

#include "model/resources.h"

struct resource_conversion {
    struct resources consumed;  /* owned */
    struct resources converted; /* owned */
};

void resource_conversion_fini(struct resource_conversion *);
void resource_conversion_init_copy(struct resource_conversion *,
                                   const struct resource_conversion *);

/* Sets, or clears with NULL, the allocation role on both sides. */
void resource_conversion_set_allocation(struct resource_conversion *,
                                        const char *role);

/* Whether 'resources' have all that is consumed. */
bool resource_conversion_fits(const struct resource_conversion *,
                              const struct resources *);

/* 'resources' have to have what is consumed; CHECKed. */
void resource_conversion_apply(const struct resource_conversion *,
                               struct resources *);

/* The same for several, one after the other: what one makes the next may
 * consume.  False, and '*resources' as before, if one does not fit. */
bool resource_conversions_apply(const struct resource_conversion *, size_t n,
                                struct resources *resources);

/* Ends all of an array, and the array. */
void resource_conversions_destroy(struct resource_conversion *, size_t n);

#endif /* MODEL_RESOURCE_CONVERSION_H */
