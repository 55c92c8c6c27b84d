/* SPDX-License-Identifier: Apache-2.0
 *
 * status_stream_table.c - the streams of an agent, by framework and task.
 *
 * Thread: the status update manager's turn. */
#include <config.h>

#include "agent/status_stream_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "agent/status_stream.h"

struct status_entry *
status_stream_table_find(const struct status_stream_table *table,
                         const char *framework_id, const char *task_id)
{
    /* Ids have no '/', so the key is unambiguous. */
    autofree char *key = xasprintf("%s/%s", framework_id, task_id);
    struct status_entry *entry;

    HASH_FIND_STR(table->head, key, entry);
    return entry;
}

struct status_entry *
status_stream_table_get(struct status_stream_table *table,
                        const char *framework_id, const char *task_id)
{
    struct status_entry *entry =
        status_stream_table_find(table, framework_id, task_id);

    if (!entry) {
        entry = xcalloc(1, sizeof *entry);
        entry->key = xasprintf("%s/%s", framework_id, task_id);
        entry->framework_id = xstrdup(framework_id);
        entry->task_id = xstrdup(task_id);
        entry->stream = status_stream_create();
        HASH_ADD_KEYPTR(hh, table->head, entry->key, strlen(entry->key),
                        entry);
    }
    return entry;
}

void
status_stream_table_remove(struct status_stream_table *table,
                           struct status_entry *entry)
{
    HASH_DEL(table->head, entry);
    status_stream_destroy(entry->stream);
    free(entry->task_id);
    free(entry->framework_id);
    free(entry->log.path);
    free(entry->key);
    free(entry);
}
