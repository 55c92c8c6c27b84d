/* SPDX-License-Identifier: Apache-2.0
 *
 * slot.h - places that actors live in.
 *
 * The memory of a slot stays a slot until its system goes, so a slot and a
 * generation are a reference to an actor that can be kept without counting: a
 * mailbox whose actor is gone refuses messages, and one that has a new actor
 * drops those that name an older generation.  The id of an actor stays
 * readable until its slot is used again, which is put off for a while.
 *
 * Thread-safety: any thread, unless said otherwise. */
#ifndef CORE_SLOT_H
#define CORE_SLOT_H 1

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actor/upid.h>

#include "core/mailbox.h"

struct actor;
struct actor_system;
struct actor_type;
struct exit_watch;

#define CACHE_LINE 64
#define SLOT_UPID_WORDS ((sizeof(struct upid) + 7) / 8)

struct actor_slot {
    /* What senders touch. */
    _Alignas(CACHE_LINE) struct mailbox mailbox;
    _Atomic uint32_t generation;        /* never 0 once used */
    uint32_t index;                     /* fixed */
    struct actor_slot *run_next;        /* of a run queue */
    struct actor_system *system;        /* fixed */
    struct actor_slot *table_next;      /* table's lock; also free list */
    struct exit_watch *watches;         /* exit lock; links of others too */
    uint64_t sequence;                  /* order of spawning; table's lock */
    const struct actor_type *type;      /* table's lock */

    /* What the runner touches. */
    struct actor_msg *fifo;             /* taken, oldest first */
    struct actor *actor;
    _Atomic uint32_t n_fifo;
    _Atomic uint32_t depth_max;         /* most that ever waited at a time */
    _Atomic uint32_t edge;              /* pressure.c */
    uint32_t hash;                      /* of the id; table's lock */

    /* Written when the slot is given to an actor, as atomic words because a
     * late reader may look; read as a struct by those who know the actor
     * alive. */
    union {
        struct upid upid;
        _Atomic uint64_t words[SLOT_UPID_WORDS];
    } name;
};

_Static_assert(sizeof(struct actor_slot) <= 192, "three cache lines");

static inline uint32_t
slot_generation(const struct actor_slot *slot)
{
    return atomic_load_explicit(&slot->generation, memory_order_acquire);
}

/* The name of the actor that had the slot in 'generation'; false if another
 * has it by now. */
bool slot_read_upid(const struct actor_slot *, uint32_t generation,
                    struct upid *ret);

/* --- the table of slots of a system: by index and by id --- */

/* Chunk k has SLOT_CHUNK << k slots. */
#define SLOT_CHUNK 64u
#define SLOT_N_CHUNKS 24u

struct slot_table {
    pthread_rwlock_t lock;
    struct actor_slot *_Atomic chunks[SLOT_N_CHUNKS];
    _Atomic uint32_t n_slots;           /* ever used */
    uint32_t first_generation;
    struct actor_slot *free_head, *free_tail;   /* oldest first */
    uint32_t n_free;
    struct actor_slot **buckets;        /* by id */
    uint32_t n_buckets;                 /* a power of two */
    uint32_t n;                         /* live */
    uint64_t n_spawned;
    bool is_closed;                     /* no spawns any more */
    struct id_counter *counters;        /* for actor_generate_id() */
    pthread_mutex_t counters_lock;
};

void slot_table_init(struct slot_table *);
void slot_table_fini(struct slot_table *);

/* Takes a slot for an actor called 'upid' and enters it under its id.
 * Messages may come from then on; the right to run the actor is the caller's.
 * NULL if the id is taken; '*ret_closed' says if that is because the table is
 * closed. */
struct actor_slot *slot_table_add(struct slot_table *, struct actor_system *,
                                  const struct actor_type *,
                                  const struct upid *, bool *ret_closed);

/* Takes the id out: nobody finds the slot by it any more. */
void slot_table_remove(struct slot_table *, struct actor_slot *);

/* Gives the slot back, after slot_table_remove(). */
void slot_table_release(struct slot_table *, struct actor_slot *);

/* By id, and its generation; NULL if there is none. */
struct actor_slot *slot_table_find(struct slot_table *, const char *id,
                                   uint32_t *ret_generation);

/* By index; NULL if there never was such a slot. */
struct actor_slot *slot_table_at(struct slot_table *, uint32_t index);

void slot_table_close(struct slot_table *);

/* The live slots, oldest first, and their generations.  The caller frees the
 * array. */
struct slot_ref {
    struct actor_slot *slot;
    uint32_t generation;
    uint64_t sequence;
    const char *type;           /* its name */
};
struct slot_ref *slot_table_list(struct slot_table *, size_t *ret_n);

/* The next N for "prefix(N)". */
uint64_t slot_table_next_id(struct slot_table *, const char *prefix);

#endif /* CORE_SLOT_H */
