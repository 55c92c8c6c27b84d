/* SPDX-License-Identifier: Apache-2.0
 *
 * record_table.c - the things of one kind in a registry, by their names. */
#include <config.h>

#include "master/registrar/record_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

struct record *
records_find(const struct records *t, const char *key)
{
    struct record *record;

    HASH_FIND_STR(t->table, key, record);
    return record;
}

struct record *
records_next(const struct records *t, const struct record *record)
{
    return record ? record->hh.next : t->table;
}

size_t
records_count(const struct records *t)
{
    return HASH_COUNT(t->table);
}

struct record *
records_add(struct records *t, const char *key)
{
    size_t len = strlen(key);
    struct record *record = xcalloc(1, sizeof *record + len + 1);

    memcpy(record->key, key, len + 1);
    HASH_ADD_KEYPTR(hh, t->table, record->key, len, record);
    return record;
}

void
records_set(struct records *t, struct record *record, const void *data,
            uint32_t size)
{
    void *copy = xmemdup(data, size);

    t->size += size;
    t->size -= record->size;
    free(record->data);
    record->data = copy;
    record->size = size;
}

void
records_remove(struct records *t, struct record *record)
{
    HASH_DEL(t->table, record);
    t->size -= record->size;
    free(record->data);
    free(record);
}

void
records_fini(struct records *t)
{
    while (t->table) {
        records_remove(t, t->table);
    }
}
