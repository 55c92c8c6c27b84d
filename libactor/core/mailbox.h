/* SPDX-License-Identifier: Apache-2.0
 *
 * mailbox.h - the queue of messages of one actor: any thread pushes, one
 * takes.
 *
 * One word holds everything that producers need: the newest message of a
 * list that is linked backwards, and above the 48 bits of its address how many
 * there are (at most 65535 are told apart).  Two odd values stand for states:
 * IDLE, nothing waits and nobody is going to run the actor, so that whoever
 * pushes next has to schedule it; and DEAD, nobody ever will.  The consumer
 * takes the whole list at once and turns it round, so there is no dummy
 * element, no allocation, and no moment at which the list is torn.
 *
 * (The question "was it idle?" answered by the push itself is that of Pony's
 * messageq.c.)
 *
 * Thread-safety: mailbox_push() any thread; the rest whoever runs the actor,
 * one thread at a time. */
#ifndef CORE_MAILBOX_H
#define CORE_MAILBOX_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/msg.h"

_Static_assert(sizeof(void *) == 8, "addresses are packed into 48 bits");

#define MAILBOX_IDLE UINT64_C(1)
#define MAILBOX_DEAD UINT64_C(2)
#define MAILBOX_COUNT_SHIFT 48
#define MAILBOX_COUNT_MAX UINT64_C(0xffff)
#define MAILBOX_POINTER ((UINT64_C(1) << MAILBOX_COUNT_SHIFT) - 1)

enum mailbox_result {
    MAILBOX_PUSHED,
    MAILBOX_PUSHED_TO_IDLE,     /* the caller has to schedule the actor */
    MAILBOX_REFUSED,            /* dead; the message is still the caller's */
};

struct mailbox {
    _Atomic uint64_t inbox;
};

static inline uint64_t
mailbox_pack_(struct actor_msg *msg, uint64_t count)
{
    if (count > MAILBOX_COUNT_MAX) {
        count = MAILBOX_COUNT_MAX;
    }
    return (uint64_t) (uintptr_t) msg | (count << MAILBOX_COUNT_SHIFT);
}

static inline struct actor_msg *
mailbox_unpack_(uint64_t word)
{
    return (struct actor_msg *) (uintptr_t) (word & MAILBOX_POINTER);
}

/* '*ret_n' is how many are in the inbox with this one, if it is told apart. */
static inline enum mailbox_result
mailbox_push_counted(struct mailbox *mailbox, struct actor_msg *msg,
                     uint32_t *ret_n)
{
    uint64_t old = atomic_load_explicit(&mailbox->inbox,
                                        memory_order_relaxed);
    uint64_t new;

    do {
        if (old == MAILBOX_IDLE) {
            msg->next = NULL;
            new = mailbox_pack_(msg, 1);
        } else if (old == MAILBOX_DEAD) {
            /* Acquire: pairs with mailbox_close(); who is refused frees what
             * the actor at its end had its hands on. */
            (void) atomic_load_explicit(&mailbox->inbox,
                                        memory_order_acquire);
            return MAILBOX_REFUSED;
        } else {
            msg->next = mailbox_unpack_(old);
            new = mailbox_pack_(msg, (old >> MAILBOX_COUNT_SHIFT) + 1);
        }

        /* Release: what the message says is seen by mailbox_take().  Acquire:
         * whoever finds IDLE runs the actor next and sees what the runner
         * before, who stored IDLE in mailbox_try_idle(), left behind. */
    } while (!atomic_compare_exchange_weak_explicit(
        &mailbox->inbox, &old, new, memory_order_acq_rel,
        memory_order_relaxed));
    *ret_n = (uint32_t) (new >> MAILBOX_COUNT_SHIFT);
    return old == MAILBOX_IDLE ? MAILBOX_PUSHED_TO_IDLE : MAILBOX_PUSHED;
}

static inline enum mailbox_result
mailbox_push(struct mailbox *mailbox, struct actor_msg *msg)
{
    uint32_t n;

    return mailbox_push_counted(mailbox, msg, &n);
}

/* 'list', newest first, turned round; '*ret_n' is its length. */
static inline struct actor_msg *
mailbox_reverse_(struct actor_msg *list, uint32_t *ret_n)
{
    struct actor_msg *reversed = NULL;
    uint32_t n = 0;

    while (list) {
        struct actor_msg *next = list->next;

        list->next = reversed;
        reversed = list;
        list = next;
        n++;
    }
    *ret_n = n;
    return reversed;
}

/* Takes all that waits, oldest first.  The mailbox must be neither idle nor
 * dead; it stays scheduled. */
static inline struct actor_msg *
mailbox_take(struct mailbox *mailbox, uint32_t *ret_n)
{
    /* Acquire: pairs with the release of mailbox_push(). */
    uint64_t word = atomic_exchange_explicit(&mailbox->inbox, 0,
                                             memory_order_acquire);

    return mailbox_reverse_(mailbox_unpack_(word), ret_n);
}

/* Makes an empty mailbox idle; false if there is a message after all. */
static inline bool
mailbox_try_idle(struct mailbox *mailbox)
{
    uint64_t empty = 0;

    /* Release: pairs with the acquire in mailbox_push().  Sequentially
     * consistent besides: see pressure.c. */
    return atomic_compare_exchange_strong_explicit(
        &mailbox->inbox, &empty, MAILBOX_IDLE, memory_order_seq_cst,
        memory_order_relaxed);
}

static inline bool
mailbox_is_empty(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->inbox, memory_order_relaxed) == 0;
}

/* Refuses all messages from now on; gives what waited, oldest first. */
static inline struct actor_msg *
mailbox_close(struct mailbox *mailbox)
{
    uint32_t n;
    uint64_t word = atomic_exchange_explicit(&mailbox->inbox, MAILBOX_DEAD,
                                             memory_order_acq_rel);

    return word == MAILBOX_IDLE || word == MAILBOX_DEAD
               ? NULL : mailbox_reverse_(mailbox_unpack_(word), &n);
}

/* Lets a dead mailbox accept messages; the caller is the one to run it. */
static inline void
mailbox_open(struct mailbox *mailbox)
{
    /* Release: who pushes here sees the actor that the slot now has. */
    atomic_store_explicit(&mailbox->inbox, 0, memory_order_release);
}

static inline bool
mailbox_is_dead(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->inbox, memory_order_acquire)
           == MAILBOX_DEAD;
}

/* How many wait, as far as can be told. */
static inline uint32_t
mailbox_n_waiting(const struct mailbox *mailbox)
{
    uint64_t word = atomic_load_explicit(&mailbox->inbox,
                                         memory_order_relaxed);

    return (uint32_t) (word >> MAILBOX_COUNT_SHIFT);
}

#endif /* CORE_MAILBOX_H */
