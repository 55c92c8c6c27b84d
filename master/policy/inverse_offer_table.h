/* SPDX-License-Identifier: Apache-2.0
 *
 * inverse_offer_table.h - frameworks that have been asked to leave an agent,
 * and have not answered yet.
 *
 * An inverse offer is also in the lists of the agent's absence and of its
 * framework.  Its id is of the same kind as those of offers, and different
 * from all of them.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_INVERSE_OFFER_TABLE_H
#define MASTER_POLICY_INVERSE_OFFER_TABLE_H 1

#include <actor/actor.h>
#include <actor/table.h>

struct absence;
struct framework;

struct inverse_offer {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    struct absence *absence;    /* borrowed; outlives us */
    struct framework *framework;        /* borrowed; outlives us */
    struct inverse_offer *absence_prev, *absence_next;
    struct inverse_offer *framework_prev, *framework_next;
    struct actor_timer timer;   /* --offer_timeout */
};

struct inverse_offers {
    struct inverse_offer *table;
};

struct inverse_offer *inverse_offers_find(const struct inverse_offers *,
                                          const char *id);

/* Takes 'id'. */
struct inverse_offer *inverse_offers_add(struct inverse_offers *, char **id,
                                         struct absence *,
                                         struct framework *);

/* Its timer must not run any more. */
void inverse_offers_remove(struct inverse_offers *, struct inverse_offer *);

#endif /* MASTER_POLICY_INVERSE_OFFER_TABLE_H */
