/* SPDX-License-Identifier: Apache-2.0
 *
 * gc_table.h - directories that are to be removed, by path and by time.
 *
 * Thread-safety: one thread at a time. */
#ifndef AGENT_GC_TABLE_H
#define AGENT_GC_TABLE_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>

enum gc_state {
    GC_ASKING,                  /* how old it is */
    GC_SCHEDULED,               /* in the timeline */
    GC_MOVING,                  /* away, to be removed */
};

struct gc_entry {
    char *path;                 /* owned */
    enum gc_state state;
    int64_t removal_time;       /* monotonic */
    struct gc_entry *prev, *next;       /* timeline */
    UT_hash_handle hh;
};

struct gc_table {
    struct gc_entry *head;      /* owned; all of them */
    struct gc_entry *timeline;  /* the scheduled ones, soonest first */
};

struct gc_entry *gc_table_find(const struct gc_table *, const char *path);

/* A new one, GC_ASKING; the path is not there yet. */
struct gc_entry *gc_table_add(struct gc_table *, const char *path);

/* Puts an entry into the timeline; or out of it, to be in 'state'. */
void gc_table_schedule(struct gc_table *, struct gc_entry *,
                       int64_t removal_time);
void gc_table_take_out(struct gc_table *, struct gc_entry *,
                       enum gc_state state);

/* Takes it out of everything and frees it. */
void gc_table_remove(struct gc_table *, struct gc_entry *);
void gc_table_fini(struct gc_table *);

#endif /* AGENT_GC_TABLE_H */
