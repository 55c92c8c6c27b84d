/* SPDX-License-Identifier: Apache-2.0
 *
 * msg.h - a message as the runtime sees it.
 *
 * The header fills a cache line; a plain body follows it.  While a message
 * travels it belongs to one list: a mailbox, or nothing.  A local sender is
 * kept as its slot and generation, a remote one as a UPID of the message's
 * own.
 *
 * Thread-safety: a message belongs to one thread at a time; the mailbox hands
 * it over. */
#ifndef CORE_MSG_H
#define CORE_MSG_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/actor.h>

struct actor_slot;
struct worker;

enum msg_from {
    MSG_FROM_NOBODY,
    MSG_FROM_LOCAL,             /* from.slot, from_generation */
    MSG_FROM_REMOTE,            /* from.upid, owned */
};

struct actor_msg {
    struct actor_msg *next;             /* of the list that it is in */
    const struct actor_msg_type *type;
    union {
        struct actor_slot *slot;
        struct upid *upid;
    } from;
    struct message *message;            /* counted; NULL for plain bodies */
    uint64_t call;                      /* the call it makes; 0: none */
    uint64_t reply_to;                  /* the call it answers; 0: none */
    uint32_t from_generation;
    uint32_t generation;                /* of the slot that it was sent to */
    uint32_t magic;
    uint8_t from_kind;                  /* enum msg_from */
    uint8_t size_class;
    bool embedded;              /* part of something that the type frees */
    uint8_t unused;
};

#define MSG_MAGIC 0x6d736721u

_Static_assert(sizeof(struct actor_msg) == 64, "one cache line");

static inline void *
msg_body(struct actor_msg *msg)
{
    return msg + 1;
}

/* Sets up '*msg' as a part of something bigger that the runtime owns; its
 * type's 'fini' is given the message itself and frees the whole. */
void msg_init_embedded(struct actor_msg *, const struct actor_msg_type *);

/* Free lists of message memory, one set for each worker.  Owner thread. */
enum { MSG_N_CLASSES = 2 };

struct msg_cache {
    struct actor_msg *free[MSG_N_CLASSES];
    unsigned n_free[MSG_N_CLASSES];
};

/* Where caches leave what they have too much of, and get what they lack.
 * Any thread. */
struct msg_depot;

struct msg_depot *msg_depot_create(void);
void msg_depot_destroy(struct msg_depot *);
void msg_cache_fini(struct msg_cache *);

#endif /* CORE_MSG_H */
