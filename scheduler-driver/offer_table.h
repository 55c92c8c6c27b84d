/* SPDX-License-Identifier: Apache-2.0
 *
 * offer_table.h - the offers a scheduler holds, and whose they are.
 *
 * The master decides what an offer is worth; this is for telling a framework
 * about its mistakes.
 *
 * Thread-safety: one thread at a time. */
#ifndef SCHEDULER_DRIVER_OFFER_TABLE_H
#define SCHEDULER_DRIVER_OFFER_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>

struct offer_entry;

/* Zeroed: empty. */
struct offer_table {
    struct offer_entry *first;  /* owned */
};

void offer_table_add(struct offer_table *, const char *offer_id,
                     const char *agent_id);

/* False if it was not there. */
bool offer_table_remove(struct offer_table *, const char *offer_id);

/* The agent's id; NULL if there is no such offer.  Valid until the table
 * changes. */
const char *offer_table_find_agent(const struct offer_table *,
                                   const char *offer_id);
size_t offer_table_count(const struct offer_table *);
void offer_table_clear(struct offer_table *);

#endif /* SCHEDULER_DRIVER_OFFER_TABLE_H */
