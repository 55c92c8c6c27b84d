/* SPDX-License-Identifier: Apache-2.0
 *
 * cache.c - what is in the fetcher's cache, and what it takes.
 *
 * Thread: one at a time. */
#include <config.h>

#include "agent/fetcher/cache.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "agent/fetcher/uri.h"

static char *
make_key(const char *user, const char *uri)
{
    return xasprintf("%s@%s", user ? user : "", uri);
}

static void
entry_destroy(struct cache_entry *entry)
{
    free(entry->key);
    free(entry->user);
    free(entry->file_name);
    free(entry);
}

void
cache_init(struct cache *cache, uint64_t capacity)
{
    *cache = (struct cache) { .capacity = capacity };
}

void
cache_fini(struct cache *cache)
{
    struct cache_entry *entry, *next;

    HASH_ITER(hh, cache->head, entry, next) {
        CHECK(entry->refs == 0);
        HASH_DEL(cache->head, entry);
        entry_destroy(entry);
    }
}

struct cache_entry *
cache_find(const struct cache *cache, const char *user, const char *uri)
{
    autofree char *key = make_key(user, uri);
    struct cache_entry *entry;

    HASH_FIND_STR(cache->head, key, entry);
    return entry;
}

struct cache_entry *
cache_add(struct cache *cache, const char *user, const char *uri,
          const char *base_name)
{
    struct cache_entry *entry = xcalloc(1, sizeof *entry);

    entry->key = make_key(user, uri);
    entry->user = user ? xstrdup(user) : NULL;
    entry->file_name = uri_cache_name(++cache->n_serials, base_name);
    HASH_ADD_KEYPTR(hh, cache->head, entry->key, strlen(entry->key), entry);
    vlog(1, "Created cache entry '%s' with file: %s", entry->key,
         entry->file_name);
    cache_ref(cache, entry);
    return entry;
}

void
cache_ref(struct cache *cache, struct cache_entry *entry)
{
    entry->refs++;
    entry->used_at = ++cache->n_uses;
}

static bool
is_evictable(const struct cache_entry *entry)
{
    return entry->refs == 0 && entry->is_complete;
}

static struct cache_entry *
least_recently_used(const struct cache *cache)
{
    struct cache_entry *found = NULL, *entry, *next;

    HASH_ITER(hh, cache->head, entry, next) {
        if (is_evictable(entry)
            && (!found || entry->used_at < found->used_at)) {
            found = entry;
        }
    }
    return found;
}

static uint64_t
evictable_size(const struct cache *cache)
{
    struct cache_entry *entry, *next;
    uint64_t size = 0;

    HASH_ITER(hh, cache->head, entry, next) {
        size += is_evictable(entry) ? entry->size : 0;
    }
    return size;
}

static uint64_t
available(const struct cache *cache)
{
    return cache->used < cache->capacity ? cache->capacity - cache->used : 0;
}

struct error *
cache_reserve(struct cache *cache, struct cache_entry *entry, uint64_t size,
              cache_evicted_fn *evicted, void *aux)
{
    uint64_t can_be_free = available(cache);

    CHECK(entry->size == 0 && !entry->is_complete);
    if (can_be_free < size) {
        can_be_free += evictable_size(cache);
    }
    if (can_be_free < size) {
        return error_create(ERROR_TOO_LARGE, "Could not free up enough space "
                            "in the fetcher cache: %llu bytes are needed",
                            (unsigned long long) size);
    }
    while (available(cache) < size) {
        struct cache_entry *victim = least_recently_used(cache);

        vlog(1, "Removing cache entry '%s' with filename: %s", victim->key,
             victim->file_name);
        cache->used -= victim->size;
        HASH_DEL(cache->head, victim);
        evicted(aux, victim);
        entry_destroy(victim);
    }
    entry->size = size;
    cache->used += size;
    return NULL;
}

void
cache_complete(struct cache *cache, struct cache_entry *entry, uint64_t size)
{
    cache->used = cache->used - entry->size + size;
    entry->size = size;
    entry->is_complete = true;
    if (cache->used > cache->capacity) {
        log_warn("Fetcher cache space overflow - space used: %lluB, exceeds "
                 "total fetcher cache space: %lluB",
                 (unsigned long long) cache->used,
                 (unsigned long long) cache->capacity);
    }
}

void
cache_drop(struct cache *cache, struct cache_entry *entry)
{
    if (entry->is_dropped) {
        return;
    }
    entry->is_dropped = true;
    entry->is_complete = false;
    cache->used -= entry->size;
    entry->size = 0;
    HASH_DEL(cache->head, entry);
    if (entry->refs == 0) {
        entry_destroy(entry);
    }
}

void
cache_unref(struct cache *cache UNUSED, struct cache_entry *entry)
{
    CHECK(entry->refs > 0);
    entry->refs--;
    if (entry->refs == 0 && entry->is_dropped) {
        entry_destroy(entry);
    }
}
