/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_common.h - what two sums of resources have in common.
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_RESOURCES_COMMON_H
#define MODEL_RESOURCES_COMMON_H 1

#include <stdbool.h>

#include "model/resources.h"

/* The part of 'a' that 'b' has, too: of each kind the lesser amount. */
void resources_common(const struct resources *a, const struct resources *b,
                      struct resources *ret);

/* Whether a range or a set has an element in both.  (Amounts of scalars add
 * up; elements do not.) */
bool resources_overlap(const struct resources *a, const struct resources *b);

/* Gives 'role' to the entries that are not allocated to one. */
void resources_default_allocation(struct resources *, const char *role);

#endif /* MODEL_RESOURCES_COMMON_H */
