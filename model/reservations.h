/* SPDX-License-Identifier: Apache-2.0
 *
 * reservations.h - the parts of a sum of resources by whom they are reserved
 * to.
 *
 * A resource belongs to the role of its last reservation; those without any
 * belong to nobody.
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_RESERVATIONS_H
#define MODEL_RESERVATIONS_H 1

#include <stdbool.h>
#include <stddef.h>

struct resources;

bool resources_has_reservations(const struct resources *);

/* All that is not reserved. */
void resources_unreserved(const struct resources *, struct resources *ret);

/* All that is reserved to exactly 'role'. */
void resources_reserved_to(const struct resources *, const char *role,
                           struct resources *ret);

/* What a framework in 'role' may have: unreserved resources, and those
 * reserved to the role or to one above it ("a" for "a/b"). */
void resources_allocatable_to(const struct resources *, const char *role,
                              struct resources *ret);

/* The role of the 'i'th different reservation, in the order in which they come
 * first; NULL behind the last.  Valid as long as the resources. */
const char *resources_reservation_role(const struct resources *, size_t i);

#endif /* MODEL_RESERVATIONS_H */
