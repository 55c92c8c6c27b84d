/* SPDX-License-Identifier: Apache-2.0
 *
 * status_stream_table.h - the streams of an agent, by framework and task.
 *
 * Thread-safety: one thread at a time. */
#ifndef AGENT_STATUS_STREAM_TABLE_H
#define AGENT_STATUS_STREAM_TABLE_H 1

#include <actor/actor.h>
#include <actor/table.h>

#include "agent/checkpoint/checkpointer.h"

struct status_stream;

struct status_entry {
    char *key;                  /* owned; "<framework>/<task>" */
    char *framework_id;         /* owned */
    char *task_id;              /* owned */
    struct status_stream *stream;       /* owned */
    struct checkpoint_log log;  /* path NULL: nothing is kept */
    unsigned n_updates;         /* so far */

    /* Acknowledgements that are not durable yet: the next update waits, or
     * after a restart the one before would come after it. */
    unsigned n_acknowledgements;
    struct actor_timer timer;   /* until the oldest update is due again */
    UT_hash_handle hh;
};

struct status_stream_table {
    struct status_entry *head;  /* owned */
};

struct status_entry *
status_stream_table_find(const struct status_stream_table *,
                         const char *framework_id, const char *task_id);

/* The entry, made if there is none. */
struct status_entry *status_stream_table_get(struct status_stream_table *,
                                             const char *framework_id,
                                             const char *task_id);

/* Takes the entry out and frees it; its timer must not be armed. */
void status_stream_table_remove(struct status_stream_table *,
                                struct status_entry *);

/* In order of insertion; ENTRY may be removed meanwhile. */
#define status_stream_table_foreach(TABLE, ENTRY) \
    for (struct status_entry *ENTRY = (TABLE)->head, \
             *next_ = ENTRY ? ENTRY->hh.next : NULL; \
         ENTRY; \
         ENTRY = next_, next_ = ENTRY ? ENTRY->hh.next : NULL)

#endif /* AGENT_STATUS_STREAM_TABLE_H */
