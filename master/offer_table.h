/* SPDX-License-Identifier: Apache-2.0
 *
 * offer_table.h - the offers that frameworks have not answered yet.
 *
 * An offer is also in the lists of its agent and its framework, under
 * 'agent_prev' and 'framework_prev'.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_OFFER_TABLE_H
#define MASTER_OFFER_TABLE_H 1

#include <stddef.h>

#include <actor/actor.h>
#include <actor/table.h>

#include "model/resources.h"

struct agent;
struct framework;
struct master;

struct offer {
    UT_hash_handle hh;
    char *id;                   /* owned; the key */
    char *role;                 /* owned */
    struct master *master;      /* borrowed; for the timer */
    struct agent *agent;        /* borrowed; outlives us */
    struct framework *framework;        /* borrowed; outlives us */
    struct offer *agent_prev, *agent_next;
    struct offer *framework_prev, *framework_next;
    struct resources resources; /* allocated to 'role' */
    struct actor_timer timer;   /* --offer_timeout */
};

/* The whole table is a pointer to its first offer; NULL: empty. */
struct offer *offers_find(struct offer *table, const char *id);
void offers_add(struct offer **table, struct offer *);
void offers_remove(struct offer **table, struct offer *);
size_t offers_count(struct offer *table);

#endif /* MASTER_OFFER_TABLE_H */
