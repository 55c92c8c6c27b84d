/* SPDX-License-Identifier: Apache-2.0
 *
 * remote_table.c - see remote_table.h. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include "link/remote_table.h"

static void
make_key(struct remote_key *key, const char *local, const char *remote)
{
    memset(key, 0, sizeof *key);
    memcpy(key->local, local, strlen(local));
    memcpy(key->remote, remote, strlen(remote));
}

struct remote_entry *
remote_table_find(struct remote_entry *table, const char *local,
                  const char *remote)
{
    struct remote_key key;
    struct remote_entry *entry;

    make_key(&key, local, remote);
    HASH_FIND(hh, table, &key, sizeof key, entry);
    return entry;
}

size_t
remote_table_count(const struct remote_entry *table)
{
    return HASH_COUNT(table);
}

struct remote_entry *
remote_table_add(struct remote_entry **table, const char *local,
                 const char *remote)
{
    struct remote_entry *entry = xcalloc(1, sizeof *entry);

    make_key(&entry->key, local, remote);
    HASH_ADD(hh, *table, key, sizeof entry->key, entry);
    return entry;
}

void
remote_table_remove(struct remote_entry **table, struct remote_entry *entry)
{
    HASH_DELETE(hh, *table, entry);
    free(entry);
}
