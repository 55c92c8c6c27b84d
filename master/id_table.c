/* SPDX-License-Identifier: Apache-2.0
 *
 * id_table.c - things that are known by an id and little else. */
#include <config.h>

#include "master/id_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>

struct id_record *
ids_find(const struct id_table *t, const char *id)
{
    struct id_record *record;

    HASH_FIND_STR(t->table, id, record);
    return record;
}

bool
ids_have(const struct id_table *t, const char *id)
{
    return ids_find(t, id) != NULL;
}

struct id_record *
ids_next(const struct id_table *t, const struct id_record *record)
{
    return record ? record->hh.next : t->table;
}

size_t
ids_count(const struct id_table *t)
{
    return HASH_COUNT(t->table);
}

struct id_record *
ids_add(struct id_table *t, const char *id)
{
    struct id_record *record = ids_find(t, id);
    size_t len = strlen(id);

    if (!record) {
        record = xcalloc(1, sizeof *record + len + 1);
        memcpy(record->id, id, len + 1);
        HASH_ADD_KEYPTR(hh, t->table, record->id, len, record);
    }
    return record;
}

void
id_record_hold(struct id_record *record, struct message *message,
               const void *part)
{
    if (message) {
        message_ref(message);
    }
    message_unref(record->message);
    record->message = message;
    record->part = part;
}

static void
take_out(struct id_table *t, struct id_record *record)
{
    HASH_DEL(t->table, record);
    message_unref(record->message);
    free(record);
}

bool
ids_remove(struct id_table *t, const char *id)
{
    struct id_record *record = ids_find(t, id);

    if (record) {
        take_out(t, record);
    }
    return record != NULL;
}

void
ids_trim(struct id_table *t, size_t max)
{
    while (t->table && ids_count(t) > max) {
        take_out(t, t->table);
    }
}

void
ids_fini(struct id_table *t)
{
    ids_trim(t, 0);
}
