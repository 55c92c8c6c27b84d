/* SPDX-License-Identifier: Apache-2.0
 *
 * user_lookup.h - a user's ids, by name.
 *
 * Read from /etc/passwd and /etc/group, in the pool, and not through the name
 * service: a static program cannot load its modules.  A number is a uid.
 *
 * Thread-safety: the calling actor's turns. */
#ifndef EXECUTOR_CHECKS_USER_LOOKUP_H
#define EXECUTOR_CHECKS_USER_LOOKUP_H 1

#include <stddef.h>
#include <sys/types.h>

struct actor;
struct error;
struct user_lookup;

struct user_ids {
    uid_t uid;
    gid_t gid;
    gid_t *groups;              /* with 'gid' */
    size_t n_groups;
};

/* 'ids' and 'error' are on loan; 'ids' is NULL if there is an error. */
typedef void user_lookup_fn(struct actor *self, void *aux,
                            const struct user_ids *ids,
                            const struct error *error);

/* Calls 'done' once, in a later turn. */
struct user_lookup *user_lookup_start(struct actor *self, const char *name,
                                      user_lookup_fn *done, void *aux);

/* 'done' is not called any more.  NULL is fine; not after 'done'. */
void user_lookup_cancel(struct user_lookup *);

#endif /* EXECUTOR_CHECKS_USER_LOOKUP_H */
