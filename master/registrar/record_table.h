/* SPDX-License-Identifier: Apache-2.0
 *
 * record_table.h - the things of one kind in a registry, by their names.
 *
 * What a thing is stays in the form in which it is written: of 50,000 agents
 * most never change, and a snapshot is a matter of copying.  Beside it stands
 * what changes ask for.  The order is that of arrival; it is part of what is
 * written.
 *
 * Thread-safety: one thread at a time. */
#ifndef MASTER_REGISTRAR_RECORD_TABLE_H
#define MASTER_REGISTRAR_RECORD_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>

struct record {
    UT_hash_handle hh;          /* by 'key' */
    void *data;                 /* owned; the message, in msgpack */
    uint32_t size;
    bool deactivated;           /* of agents */
    uint8_t drain_state;        /* of agents; V1__DrainState */
    char key[];
};

struct records {
    struct record *table;
    uint64_t size;              /* of all data */
};

/* NULL: there is none. */
struct record *records_find(const struct records *, const char *key);

/* In order; NULL: the first, and after the last. */
struct record *records_next(const struct records *, const struct record *);
size_t records_count(const struct records *);

/* A new one, without data, at the end; there may not be one of that key. */
struct record *records_add(struct records *, const char *key);

/* Copies 'data'. */
void records_set(struct records *, struct record *, const void *data,
                 uint32_t size);

/* Also frees it. */
void records_remove(struct records *, struct record *);
void records_fini(struct records *);

#endif /* MASTER_REGISTRAR_RECORD_TABLE_H */
