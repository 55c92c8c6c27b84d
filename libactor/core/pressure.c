/* SPDX-License-Identifier: Apache-2.0
 *
 * pressure.c - connections wait for actors that are behind.
 *
 * Local sends never block and mailboxes are not bounded.  What comes from
 * outside is: whoever delivers a message of a connection is told if so much
 * waits for its receiver that the connection should not be read for now; TCP
 * then holds up the other side.  When the receiver has caught up to a quarter
 * of that, the connection is told to go on.
 *
 * A mailbox is judged by what is in its inbox: the push counts it anyway.
 * What the actor has taken and not handled yet is at most as much again, so
 * twice the limit is what waits.  Bytes are counted for large messages only,
 * in the slot's word 'edge', and forgotten when the inbox is taken.
 *
 * Waiting is free of circles.  A mailbox gets empty by its actor's turns
 * alone: these never block, and never wait for a message that a connection
 * has not delivered (an actor that waits for an answer goes on with its
 * mailbox meanwhile).  So each actor that is behind catches up, whatever is
 * not read, and each connection is read again.  Two systems whose actors are
 * both behind and flood each other hold each other's sockets up, and let go
 * of them as their own turns proceed.
 *
 * No wake is lost.  Who waits sets EDGE_IS_AWAITED and then looks whether the
 * mailbox is idle; whoever runs the actor makes it idle and then looks at the
 * word.  Both are sequentially consistent: one of the two sees the other.
 * Earlier looks, when the inbox is taken and when a batch ends, only make
 * waking soon.
 *
 * Watches are kept in lists under the exit locks.  An actor that ends takes
 * that lock between closing its mailbox and its last look at the word, so its
 * end ends the wait as well. */
#include <config.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/metrics.h>

#include "core/system_private.h"

/* From here on the size of a message counts. */
#define LARGE_MESSAGE 4096u

#define KIB_MAX ((uint32_t) (LIMIT_MAILBOX_BYTES >> 10))
#define KIB_LOW (KIB_MAX / 4)
#define MESSAGES_LOW ((uint32_t) LIMIT_MAILBOX_MESSAGES / 4)

_Static_assert(LIMIT_MAILBOX_MESSAGES < MAILBOX_COUNT_MAX,
               "a mailbox has to count so far");

static struct pressure_watch **
list_of(struct actor_slot *slot)
{
    return &slot->system->pressure_watches[slot->index % N_EXIT_LOCKS];
}

void
pressure_init(struct actor_system *system)
{
    system->n_stops = metrics_add_counter(system->metrics,
                                          "actor/mailbox/stops");
    system->n_stopped = metrics_add_gauge(system->metrics,
                                          "actor/mailbox/stopped");
}

void
pressure_fini(struct actor_system *system)
{
    metrics_remove(system->metrics, &system->n_stops);
    metrics_remove(system->metrics, &system->n_stopped);
}

uint32_t
pressure_add_size(struct actor_slot *slot, size_t size)
{
    if (size < LARGE_MESSAGE) {
        return atomic_load_explicit(&slot->edge, memory_order_relaxed)
               & EDGE_KIB;
    }
    uint32_t kib = size >> 10 < KIB_MAX ? (uint32_t) (size >> 10) : KIB_MAX;

    return (atomic_fetch_add_explicit(&slot->edge, kib, memory_order_relaxed)
            & EDGE_KIB) + kib;
}

/* --- who waits --- */

static void
remove_watch(struct actor_slot *slot, struct pressure_watch *watch)
{
    DL_DELETE(*list_of(slot), watch);
    watch->prev = NULL;
    metric_add(slot->system->n_stopped, -1);
}

static bool
is_awaited(struct actor_slot *slot)
{
    struct pressure_watch *watch;

    DL_FOREACH (*list_of(slot), watch) {
        if (watch->slot == slot) {
            return true;
        }
    }
    return false;
}

/* Clears the bit if nobody waits any more; with the lock. */
static void
update_awaited(struct actor_slot *slot)
{
    if (!is_awaited(slot)) {
        atomic_fetch_and(&slot->edge, ~EDGE_IS_AWAITED);
    }
}

void
pressure_await(struct actor_slot *slot, uint32_t generation,
               struct pressure_watch *watch)
{
    pthread_mutex_lock(slot_exit_lock(slot));
    watch->slot = slot;
    DL_APPEND(*list_of(slot), watch);
    metric_add(slot->system->n_stopped, 1);
    atomic_fetch_or(&slot->edge, EDGE_IS_AWAITED);

    /* After the bit is set; see above. */
    uint64_t word = atomic_load(&slot->mailbox.inbox);
    watch->is_armed = word != MAILBOX_IDLE && word != MAILBOX_DEAD
                      && slot_generation(slot) == generation;
    if (watch->is_armed) {
        metric_increment(slot->system->n_stops, 1);
    } else {
        remove_watch(slot, watch);
        update_awaited(slot);
    }
    pthread_mutex_unlock(slot_exit_lock(slot));
}

bool
system_pressure_cancel(struct pressure_watch *watch)
{
    struct actor_slot *slot = watch->slot;
    bool is_cancelled = false;

    if (watch->is_armed) {
        pthread_mutex_lock(slot_exit_lock(slot));
        is_cancelled = watch->prev != NULL;
        if (is_cancelled) {
            remove_watch(slot, watch);
            update_awaited(slot);
            watch->is_armed = false;
        }
        pthread_mutex_unlock(slot_exit_lock(slot));
    }
    return is_cancelled;
}

/* --- who runs the actor --- */

static void
wake(struct actor_slot *slot)
{
    struct pressure_watch *watch, *next;

    pthread_mutex_lock(slot_exit_lock(slot));
    DL_FOREACH_SAFE (*list_of(slot), watch, next) {
        if (watch->slot == slot) {
            remove_watch(slot, watch);
            watch->fn(watch);
        }
    }
    atomic_fetch_and(&slot->edge, ~EDGE_IS_AWAITED);
    pthread_mutex_unlock(slot_exit_lock(slot));
}

void
pressure_on_take(struct actor_slot *slot, uint32_t n_waiting)
{
    uint32_t edge = atomic_fetch_and_explicit(&slot->edge, EDGE_IS_AWAITED,
                                              memory_order_relaxed);

    if ((edge & EDGE_KIB) >= KIB_LOW) {
        atomic_fetch_or_explicit(&slot->edge, EDGE_IS_HEAVY,
                                 memory_order_relaxed);
    } else if ((edge & EDGE_IS_AWAITED) && n_waiting < MESSAGES_LOW) {
        wake(slot);
    }
}

void
pressure_on_batch(struct actor_slot *slot, uint32_t n_waiting)
{
    uint32_t edge = atomic_load_explicit(&slot->edge, memory_order_relaxed);

    if ((edge & EDGE_IS_AWAITED) && !(edge & EDGE_IS_HEAVY)
        && (edge & EDGE_KIB) < KIB_LOW && n_waiting < MESSAGES_LOW) {
        wake(slot);
    }
}

void
pressure_on_idle(struct actor_slot *slot)
{
    if (UNLIKELY(atomic_load(&slot->edge) & EDGE_IS_AWAITED)) {
        wake(slot);
    }
}
