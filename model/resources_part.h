/* SPDX-License-Identifier: Apache-2.0
 *
 * resources_part.h - taking what is there of what is asked for.
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_RESOURCES_PART_H
#define MODEL_RESOURCES_PART_H 1

#include <stdbool.h>

struct resources;

/* Takes from 'a' as much of 'b' as it has: of a scalar up to the amount, of
 * ranges and sets the common elements, of shared ones up to the number, and
 * disks of their own whole or not at all.  '*ret_taken' (may be NULL) is what
 * was taken.  False if that is not all of 'b'. */
bool resources_take(struct resources *a, const struct resources *b,
                    struct resources *ret_taken);

/* Moves all entries of 'b' into the sum 'a'; 'b' is empty after that. */
void resources_move(struct resources *a, struct resources *b);

#endif /* MODEL_RESOURCES_PART_H */
