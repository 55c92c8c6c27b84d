/* SPDX-License-Identifier: Apache-2.0
 *
 * gc_table.c - directories that are to be removed, by path and by time.
 *
 * Most new entries belong at the end of the timeline, since all wait equally
 * long; so that is where their place is looked for.
 *
 * Thread: one at a time. */
#include <config.h>

#include "agent/gc_table.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include <actor/alloc.h>

struct gc_entry *
gc_table_find(const struct gc_table *table, const char *path)
{
    struct gc_entry *entry;

    HASH_FIND_STR(table->head, path, entry);
    return entry;
}

struct gc_entry *
gc_table_add(struct gc_table *table, const char *path)
{
    struct gc_entry *entry = xcalloc(1, sizeof *entry);

    entry->path = xstrdup(path);
    HASH_ADD_KEYPTR(hh, table->head, entry->path, strlen(entry->path), entry);
    return entry;
}

void
gc_table_schedule(struct gc_table *table, struct gc_entry *entry,
                  int64_t removal_time)
{
    struct gc_entry *after;

    gc_table_take_out(table, entry, GC_SCHEDULED);
    entry->removal_time = removal_time;
    after = table->timeline ? table->timeline->prev : NULL;
    while (after && after->removal_time > removal_time) {
        after = after == table->timeline ? NULL : after->prev;
    }
    if (after) {
        DL_APPEND_ELEM(table->timeline, after, entry);
    } else {
        DL_PREPEND(table->timeline, entry);
    }
}

void
gc_table_take_out(struct gc_table *table, struct gc_entry *entry,
                  enum gc_state state)
{
    if (entry->state == GC_SCHEDULED) {
        DL_DELETE(table->timeline, entry);
    }
    entry->state = state;
}

void
gc_table_remove(struct gc_table *table, struct gc_entry *entry)
{
    gc_table_take_out(table, entry, GC_ASKING);
    HASH_DEL(table->head, entry);
    free(entry->path);
    free(entry);
}

void
gc_table_fini(struct gc_table *table)
{
    while (table->head) {
        gc_table_remove(table, table->head);
    }
}
