/* SPDX-License-Identifier: Apache-2.0
 *
 * offer_table.c - offers by their id.
 *
 * Thread: one at a time. */
#include <config.h>

#include "scheduler-driver/offer_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/table.h>

struct offer_entry {
    char *offer_id;             /* owned; the key */
    char *agent_id;             /* owned */
    UT_hash_handle hh;
};

static struct offer_entry *
find(const struct offer_table *table, const char *offer_id)
{
    struct offer_entry *entry;

    HASH_FIND_STR(table->first, offer_id, entry);
    return entry;
}

static void
entry_destroy(struct offer_entry *entry)
{
    free(entry->offer_id);
    free(entry->agent_id);
    free(entry);
}

void
offer_table_add(struct offer_table *table, const char *offer_id,
                const char *agent_id)
{
    (void) offer_table_remove(table, offer_id);

    struct offer_entry *entry = xcalloc(1, sizeof *entry);

    entry->offer_id = xstrdup(offer_id);
    entry->agent_id = xstrdup(agent_id);
    HASH_ADD_KEYPTR(hh, table->first, entry->offer_id,
                    strlen(entry->offer_id), entry);
}

bool
offer_table_remove(struct offer_table *table, const char *offer_id)
{
    struct offer_entry *entry = find(table, offer_id);

    if (!entry) {
        return false;
    }
    HASH_DEL(table->first, entry);
    entry_destroy(entry);
    return true;
}

const char *
offer_table_find_agent(const struct offer_table *table, const char *offer_id)
{
    struct offer_entry *entry = find(table, offer_id);

    return entry ? entry->agent_id : NULL;
}

size_t
offer_table_count(const struct offer_table *table)
{
    return HASH_COUNT(table->first);
}

void
offer_table_clear(struct offer_table *table)
{
    struct offer_entry *entry, *next;

    HASH_ITER(hh, table->first, entry, next) {
        HASH_DEL(table->first, entry);
        entry_destroy(entry);
    }
}
