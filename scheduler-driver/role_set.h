/* SPDX-License-Identifier: Apache-2.0
 *
 * role_set.h - the roles that a scheduler has suppressed offers for.
 *
 * Thread-safety: one thread at a time. */
#ifndef SCHEDULER_DRIVER_ROLE_SET_H
#define SCHEDULER_DRIVER_ROLE_SET_H 1

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: empty. */
struct role_set {
    char **data;                /* owned, as are the strings */
    size_t n;
    size_t capacity;
};

bool role_set_has(const struct role_set *, const char *role);
void role_set_add(struct role_set *, const char *role);
void role_set_remove(struct role_set *, const char *role);
void role_set_fini(struct role_set *);          /* empty again */

#endif /* SCHEDULER_DRIVER_ROLE_SET_H */
