/* SPDX-License-Identifier: Apache-2.0
 *
 * descriptors.h - how many descriptors this process may have.
 *
 * A daemon needs one for each connection, and is started with a soft limit of
 * 1,024 on most systems; its children want that limit, since programs that use
 * select() break beyond it.
 *
 * Thread-safety: raise them before other threads start. */
#ifndef ACTOR_DESCRIPTORS_H
#define ACTOR_DESCRIPTORS_H 1

#include <stdint.h>

/* Raises the soft limit of this process to the hard one, and returns it; 0 if
 * nobody can say.  Children that are started through child.h get the soft
 * limit from before. */
uint64_t descriptors_raise(void);

struct rlimit;

/* What children get; NULL: what we have. */
const struct rlimit *descriptors_of_children(void);

#endif /* ACTOR_DESCRIPTORS_H */
