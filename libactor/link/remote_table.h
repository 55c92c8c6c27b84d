/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_table.h - who has linked whom across one connection.
 *
 * Two tables with the same key, a local and a remote id: links that local
 * actors hold to remote ones, and watches on local actors for remote ones.
 *
 * Thread-safety: the peer's worker. */
#ifndef LINK_REMOTE_TABLE_H
#define LINK_REMOTE_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>
#include <actor/upid.h>
#include "core/transport.h"

struct remote_key {
    char local[UPID_ID_MAX + 1];        /* bytes after the NUL are zero */
    char remote[UPID_ID_MAX + 1];
};

struct remote_entry {
    UT_hash_handle hh;
    struct remote_key key;
    uint32_t incarnation;               /* of links only: the process that is
                                         * meant; 0: whoever it is */
    struct exit_watch watch;            /* of watches only */
    void *owner;                        /* borrowed; whoever 'watch' tells */
};

/* A table is a pointer, NULL when empty. */
struct remote_entry *remote_table_find(struct remote_entry *table,
                                       const char *local,
                                       const char *remote);

size_t remote_table_count(const struct remote_entry *table);

/* A new entry; there must be none yet. */
struct remote_entry *remote_table_add(struct remote_entry **table,
                                      const char *local, const char *remote);

/* Takes 'entry' out and frees it. */
void remote_table_remove(struct remote_entry **table,
                         struct remote_entry *entry);

#endif /* LINK_REMOTE_TABLE_H */
