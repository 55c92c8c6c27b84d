/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.h - what is in the fetcher's cache, and what it takes: accounting
 * without a single file.
 *
 * An entry is for one user and one URI.  It begins without a size and not
 * complete; space is reserved for it, it is filled, and then it is complete
 * with its real size.  Who uses an entry has a reference to it.  To make room,
 * those that nobody uses go, the least recently used first.
 *
 *     entry = cache_add(cache, "nobody", uri, "f.tgz");  // one reference
 *     error = cache_reserve(cache, entry, size, evicted, aux);
 *     ... the file is there ...
 *     cache_complete(cache, entry, real_size);
 *     cache_unref(cache, entry);
 *
 * Thread-safety: one thread at a time. */
#ifndef AGENT_FETCHER_CACHE_H
#define AGENT_FETCHER_CACHE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/table.h>

struct error;

struct cache_entry {
    char *key;                  /* owned: "user@uri" */
    char *user;                 /* owned; NULL: the agent's own */
    char *file_name;            /* owned; in the user's directory */
    uint64_t size;              /* reserved, or real */
    bool is_complete;

    /* It could not be filled, or its file is gone: out of the table, and freed
     * with its last reference. */
    bool is_dropped;
    unsigned refs;              /* of users; the table's is not counted */
    uint64_t used_at;           /* counts uses */
    UT_hash_handle hh;
};

struct cache {
    struct cache_entry *head;   /* owned; a table */
    uint64_t capacity;
    uint64_t used;              /* by all entries */
    uint64_t n_uses;
    unsigned long n_serials;
};

void cache_init(struct cache *, uint64_t capacity);
void cache_fini(struct cache *);        /* nobody has references */

/* NULL if there is none. */
struct cache_entry *cache_find(const struct cache *, const char *user,
                               const char *uri);

/* A new entry, of which there is none yet, with one reference. */
struct cache_entry *cache_add(struct cache *, const char *user,
                              const char *uri, const char *base_name);

/* It is used, now. */
void cache_ref(struct cache *, struct cache_entry *);

/* What calls 'evicted' hears of is freed behind it. */
typedef void cache_evicted_fn(void *aux, const struct cache_entry *);

/* Sets 'size' bytes aside for an entry that has none, evicting others;
 * ERROR_TOO_LARGE if that cannot be, and then none is evicted. */
struct error *cache_reserve(struct cache *, struct cache_entry *,
                            uint64_t size, cache_evicted_fn *evicted,
                            void *aux) MUST_CHECK;

/* The file is there.  Its real size counts from now on. */
void cache_complete(struct cache *, struct cache_entry *, uint64_t size);

/* There is no such file.  The space is free at once; the entry lives until
 * its last reference goes. */
void cache_drop(struct cache *, struct cache_entry *);

void cache_unref(struct cache *, struct cache_entry *);

#endif /* AGENT_FETCHER_CACHE_H */
