/* SPDX-License-Identifier: Apache-2.0
 *
 * slot_table.c - places that actors live in, by index and by id.
 *
 * Ids are chained in our own buckets instead of through uthash, whose handle
 * is as big as half a slot: an idle actor has to be small.  Builds on
 * base/table.h for the keyed hash. */
#include <config.h>

#include "core/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/table.h>

/* So many slots have to be free before one is used again: the ids of actors
 * that ended shortly after sending something can still be told. */
#define QUARANTINE 256u

struct id_counter {
    UT_hash_handle hh;
    uint64_t n;
    char prefix[];
};

static uint32_t hash_id(const char *id);
static struct actor_slot *take_slot(struct slot_table *,
                                    struct actor_system *);
static void name_slot(struct actor_slot *, const struct upid *);
static void grow_buckets(struct slot_table *);
static struct actor_slot *find(const struct slot_table *, const char *id,
                               uint32_t hash);

bool
slot_read_upid(const struct actor_slot *slot, uint32_t generation,
               struct upid *ret)
{
    union {
        struct upid upid;
        uint64_t words[SLOT_UPID_WORDS];
    } copy;

    if (slot_generation(slot) != generation) {
        return false;
    }
    for (size_t i = 0; i < SLOT_UPID_WORDS; i++) {
        /* Acquire: a word of a newer actor brings along the generation that
         * name_slot() stored before it. */
        copy.words[i] = atomic_load_explicit(&slot->name.words[i],
                                             memory_order_acquire);
    }
    if (slot_generation(slot) != generation) {
        return false;
    }
    *ret = copy.upid;
    return true;
}

void
slot_table_init(struct slot_table *table)
{
    struct timespec now;

    memset(table, 0, sizeof *table);
    pthread_rwlock_init(&table->lock, NULL);
    pthread_mutex_init(&table->counters_lock, NULL);
    table->n_buckets = 64;
    table->buckets = xcalloc(table->n_buckets, sizeof *table->buckets);

    /* Systems without a port share an address.  That each counts generations
     * from somewhere else keeps a hint of one from meaning something to
     * another. */
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t mix = (uint64_t) (uintptr_t) table ^ (uint64_t) now.tv_nsec << 20
                   ^ (uint64_t) now.tv_sec;
    table->first_generation =
        (uint32_t) ((mix * UINT64_C(0x9e3779b97f4a7c15)) >> 32) | 1;
}

void
slot_table_fini(struct slot_table *table)
{
    struct id_counter *counter, *next;

    HASH_ITER (hh, table->counters, counter, next) {
        HASH_DEL(table->counters, counter);
        free(counter);
    }
    for (unsigned k = 0; k < SLOT_N_CHUNKS; k++) {
        free(table->chunks[k]);
    }
    free(table->buckets);
    pthread_rwlock_destroy(&table->lock);
    pthread_mutex_destroy(&table->counters_lock);
}

struct actor_slot *
slot_table_add(struct slot_table *table, struct actor_system *system,
               const struct actor_type *type, const struct upid *upid,
               bool *ret_closed)
{
    uint32_t hash = hash_id(upid->id);
    struct actor_slot *slot = NULL;

    pthread_rwlock_wrlock(&table->lock);
    *ret_closed = table->is_closed;
    if (!table->is_closed && !find(table, upid->id, hash)) {
        if (table->n >= table->n_buckets) {
            grow_buckets(table);
        }
        slot = take_slot(table, system);
        name_slot(slot, upid);
        slot->hash = hash;
        slot->type = type;
        slot->sequence = table->n_spawned++;
        atomic_store_explicit(&slot->depth_max, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->edge, 0, memory_order_relaxed);
        slot->table_next = table->buckets[hash & (table->n_buckets - 1)];
        table->buckets[hash & (table->n_buckets - 1)] = slot;
        table->n++;

        /* Not later than others can find it: to them a dead mailbox means
         * that the actor is gone. */
        mailbox_open(&slot->mailbox);
    }
    pthread_rwlock_unlock(&table->lock);
    return slot;
}

void
slot_table_remove(struct slot_table *table, struct actor_slot *slot)
{
    pthread_rwlock_wrlock(&table->lock);
    struct actor_slot **link =
        &table->buckets[slot->hash & (table->n_buckets - 1)];
    while (*link != slot) {
        link = &(*link)->table_next;
    }
    *link = slot->table_next;
    slot->table_next = NULL;
    table->n--;
    pthread_rwlock_unlock(&table->lock);
}

void
slot_table_release(struct slot_table *table, struct actor_slot *slot)
{
    pthread_rwlock_wrlock(&table->lock);
    slot->table_next = NULL;
    if (table->free_tail) {
        table->free_tail->table_next = slot;
    } else {
        table->free_head = slot;
    }
    table->free_tail = slot;
    table->n_free++;
    pthread_rwlock_unlock(&table->lock);
}

struct actor_slot *
slot_table_find(struct slot_table *table, const char *id,
                uint32_t *ret_generation)
{
    uint32_t hash = hash_id(id);

    pthread_rwlock_rdlock(&table->lock);
    struct actor_slot *slot = find(table, id, hash);
    if (slot) {
        *ret_generation = slot_generation(slot);
    }
    pthread_rwlock_unlock(&table->lock);
    return slot;
}

struct actor_slot *
slot_table_at(struct slot_table *table, uint32_t index)
{
    /* Acquire: pairs with the release in take_slot(). */
    if (index >= atomic_load_explicit(&table->n_slots,
                                      memory_order_acquire)) {
        return NULL;
    }
    unsigned k = 31u - (unsigned) __builtin_clz(index / SLOT_CHUNK + 1);
    struct actor_slot *chunk = atomic_load_explicit(&table->chunks[k],
                                                    memory_order_relaxed);

    return &chunk[index - SLOT_CHUNK * ((1u << k) - 1)];
}

void
slot_table_close(struct slot_table *table)
{
    pthread_rwlock_wrlock(&table->lock);
    table->is_closed = true;
    pthread_rwlock_unlock(&table->lock);
}

static int
compare_refs(const void *a_, const void *b_)
{
    const struct slot_ref *a = a_, *b = b_;

    return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

struct slot_ref *
slot_table_list(struct slot_table *table, size_t *ret_n)
{
    size_t n = 0;

    pthread_rwlock_rdlock(&table->lock);
    struct slot_ref *refs = xcalloc(table->n + 1, sizeof *refs);
    for (uint32_t i = 0; i < table->n_buckets; i++) {
        for (struct actor_slot *slot = table->buckets[i]; slot;
             slot = slot->table_next) {
            refs[n++] = (struct slot_ref) {
                .slot = slot,
                .generation = slot_generation(slot),
                .sequence = slot->sequence,
                .type = slot->type->name,
            };
        }
    }
    pthread_rwlock_unlock(&table->lock);
    qsort(refs, n, sizeof *refs, compare_refs);
    *ret_n = n;
    return refs;
}

uint64_t
slot_table_next_id(struct slot_table *table, const char *prefix)
{
    struct id_counter *counter;
    size_t len = strlen(prefix);

    pthread_mutex_lock(&table->counters_lock);
    HASH_FIND(hh, table->counters, prefix, len, counter);
    if (!counter) {
        counter = xcalloc(1, sizeof *counter + len + 1);
        memcpy(counter->prefix, prefix, len + 1);
        HASH_ADD_KEYPTR(hh, table->counters, counter->prefix, len, counter);
    }
    uint64_t n = ++counter->n;
    pthread_mutex_unlock(&table->counters_lock);
    return n;
}

static uint32_t
hash_id(const char *id)
{
    return (uint32_t) table_hash(id, strlen(id));
}

static struct actor_slot *
find(const struct slot_table *table, const char *id, uint32_t hash)
{
    struct actor_slot *slot = table->buckets[hash & (table->n_buckets - 1)];

    while (slot
           && (slot->hash != hash || strcmp(slot->name.upid.id, id) != 0)) {
        slot = slot->table_next;
    }
    return slot;
}

/* A slot with a dead mailbox and a new generation. */
static struct actor_slot *
take_slot(struct slot_table *table, struct actor_system *system)
{
    struct actor_slot *slot;

    if (table->n_free > QUARANTINE) {
        slot = table->free_head;
        table->free_head = slot->table_next;
        if (!table->free_head) {
            table->free_tail = NULL;
        }
        table->n_free--;

        /* Before name_slot() writes the first word; slot_read_upid(). */
        uint32_t generation = slot_generation(slot) + 1;
        atomic_store_explicit(&slot->generation,
                              generation == 0 ? 1 : generation,
                              memory_order_release);
        return slot;
    }

    uint32_t index = atomic_load_explicit(&table->n_slots,
                                          memory_order_relaxed);
    unsigned k = 31u - (unsigned) __builtin_clz(index / SLOT_CHUNK + 1);
    CHECK(k < SLOT_N_CHUNKS, "too many actors");
    struct actor_slot *chunk = table->chunks[k];
    if (!chunk) {
        chunk = aligned_alloc(CACHE_LINE,
                              ((size_t) SLOT_CHUNK << k) * sizeof *chunk);
        if (!chunk) {
            table_out_of_memory();
        }
        atomic_store_explicit(&table->chunks[k], chunk, memory_order_relaxed);
    }
    slot = &chunk[index - SLOT_CHUNK * ((1u << k) - 1)];
    memset(slot, 0, sizeof *slot);
    slot->index = index;
    slot->system = system;
    slot->mailbox.inbox = MAILBOX_DEAD;
    slot->generation = table->first_generation;

    /* Release: who sees the index sees the slot. */
    atomic_store_explicit(&table->n_slots, index + 1, memory_order_release);
    return slot;
}

static void
name_slot(struct actor_slot *slot, const struct upid *upid)
{
    union {
        struct upid upid;
        uint64_t words[SLOT_UPID_WORDS];
    } copy = { .words = { 0 } };

    copy.upid = *upid;
    copy.upid.hint_slot = slot->index;
    copy.upid.hint_generation = slot_generation(slot);
    for (size_t i = 0; i < SLOT_UPID_WORDS; i++) {
        /* Release: pairs with the acquire in slot_read_upid(). */
        atomic_store_explicit(&slot->name.words[i], copy.words[i],
                              memory_order_release);
    }
}

static void
grow_buckets(struct slot_table *table)
{
    uint32_t n_buckets = table->n_buckets * 2;
    struct actor_slot **buckets = xcalloc(n_buckets, sizeof *buckets);

    for (uint32_t i = 0; i < table->n_buckets; i++) {
        struct actor_slot *slot = table->buckets[i];

        while (slot) {
            struct actor_slot *next = slot->table_next;

            slot->table_next = buckets[slot->hash & (n_buckets - 1)];
            buckets[slot->hash & (n_buckets - 1)] = slot;
            slot = next;
        }
    }
    free(table->buckets);
    table->buckets = buckets;
    table->n_buckets = n_buckets;
}
