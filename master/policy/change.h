/* SPDX-License-Identifier: Apache-2.0
 *
 * change.h - one change of what operators have laid down, from the wish to the
 * answer.
 *
 * Changes are made one at a time, in the order in which they were asked for.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_CHANGE_H
#define MASTER_POLICY_CHANGE_H 1

#include <stdbool.h>

#include "master/policy/policy.h"

struct error;
struct master;
struct message;

struct policy_change_type {
    const char *what;           /* "update the quotas", for the log */

    /* Looks whether the change may be made now, and may look into whatever
     * the master knows.  NULL: it may. */
    struct error *(*check)(struct master *, const Internal__RegistryChange *,
                           bool force);

    /* It is durable: makes it true. */
    void (*publish)(struct master *, const Internal__RegistryChange *);
};

/* Takes '*message', whose root is the RegistryChange, and begins with it as
 * soon as the changes before it are through. */
void policy_change(struct master *, const struct policy_change_type *,
                   struct message **message, bool force,
                   const struct policy_answer *);

/* Answers all that wait: the master ends. */
void policy_changes_fini(struct master *);

/* Takes 'error'. */
void policy_answer(const struct policy_answer *, struct error *error);

#endif /* MASTER_POLICY_CHANGE_H */
