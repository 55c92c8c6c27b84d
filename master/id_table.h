/* SPDX-License-Identifier: Apache-2.0
 *
 * id_table.h - things that are known by an id and little else, in the order
 * in which they came.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_ID_TABLE_H
#define MASTER_ID_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>

struct message;

struct id_record {
    UT_hash_handle hh;
    int64_t time_ns;            /* wall clock; 0: not told */
    int what;                   /* the user's */
    bool flag;                  /* likewise */
    struct message *message;    /* counted; may be NULL */
    const void *part;           /* of 'message' */
    char id[];
};

struct id_table {
    struct id_record *table;
};

/* NULL: there is none. */
struct id_record *ids_find(const struct id_table *, const char *id);
bool ids_have(const struct id_table *, const char *id);

/* In order; NULL: the first, and after the last. */
struct id_record *ids_next(const struct id_table *, const struct id_record *);
size_t ids_count(const struct id_table *);

/* The one that is there, or a new one at the end. */
struct id_record *ids_add(struct id_table *, const char *id);

/* References 'message' in place of what was there; NULL: nothing. */
void id_record_hold(struct id_record *, struct message *, const void *part);

/* Not there: nothing happens.  True if it was. */
bool ids_remove(struct id_table *, const char *id);

/* The oldest go until there are 'max'. */
void ids_trim(struct id_table *, size_t max);
void ids_fini(struct id_table *);

#endif /* MASTER_ID_TABLE_H */
