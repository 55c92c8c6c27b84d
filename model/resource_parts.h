/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_parts.h - what reservations and volumes make of one entry of a
 * 'struct resources'.
 *
 * Private to model/resource*.c and model/operation*.c.
 * Thread-safety: as resource.h. */
#ifndef MODEL_RESOURCE_PARTS_H
#define MODEL_RESOURCE_PARTS_H 1

#include <stdbool.h>

#include "model/resource.h"

/* The role of the last reservation; NULL: not reserved. */
const char *resource_reservation_role(const struct resource *);

/* The last reservation was made at run time, by a RESERVE. */
bool resource_is_dynamically_reserved(const struct resource *);
bool resource_has_refined_reservation(const struct resource *);
bool resource_is_revocable(const struct resource *);

/* Id of the persistent volume that it is; NULL: none. */
const char *resource_persistence_id(const struct resource *);

/* Of a resource provider; NULL: of the agent itself. */
const char *resource_provider_id(const struct resource *);

/* Takes the last reservation away. */
void resource_pop_reservation(struct resource *);

/* The disk that a volume is made of: no volume any more, and not shared. */
void resource_strip_volume(struct resource *);

#endif /* MODEL_RESOURCE_PARTS_H */
