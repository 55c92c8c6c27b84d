/* SPDX-License-Identifier: Apache-2.0
 *
 * turn.c - turns: an actor handling its messages, and its end.
 *
 * Whoever takes a slot off a run queue owns the right to run its actor until
 * mailbox_try_idle() gives it up.  A batch is bounded by the worker, so that a
 * busy actor does not keep it from the others: in turns, of which there are
 * the fewer the longer they take. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "core/recorder.h"
#include "core/system_private.h"

static void turn_handle(struct actor *, struct actor_msg *);
static struct actor_msg *take_lists(struct worker *, struct actor_slot *,
                                    struct actor_msg **ret_inbox);
static void drop(struct actor_system *, struct actor_msg *);

static inline void
set_waiting(struct actor_slot *slot, uint32_t n)
{
    /* Relaxed: read by system_for_each_actor() only, as an estimate. */
    atomic_store_explicit(&slot->n_fifo, n, memory_order_relaxed);
}

static void
note_depth(struct actor_slot *slot, uint32_t depth)
{
    struct actor_system *system = slot->system;
    uint32_t most = atomic_load_explicit(&system->depth_max,
                                         memory_order_relaxed);

    /* Only whoever runs the actor writes its own. */
    atomic_store_explicit(&slot->depth_max, depth, memory_order_relaxed);
    while (depth > most) {
        if (atomic_compare_exchange_weak_explicit(
                &system->depth_max, &most, depth, memory_order_relaxed,
                memory_order_relaxed)) {
            break;
        }
    }
}

/* So many messages wait now. */
static inline void
look_at_depth(struct actor_slot *slot, uint32_t depth)
{
    if (UNLIKELY(depth > atomic_load_explicit(&slot->depth_max,
                                              memory_order_relaxed))) {
        note_depth(slot, depth);
    }
}

static inline bool
has_edge(const struct actor_slot *slot)
{
    return atomic_load_explicit(&slot->edge, memory_order_relaxed) != 0;
}

bool
turn_run(struct worker *worker, struct actor_slot *slot)
{
    struct actor *actor = slot->actor;
    uint32_t generation = atomic_load_explicit(&slot->generation,
                                               memory_order_relaxed);
    struct actor_msg *msg;
    uint32_t n_waiting = atomic_load_explicit(&slot->n_fifo,
                                              memory_order_relaxed);
    unsigned n = 0;

    recorder_begin(&worker->recorder, worker->now_ns, slot, generation);
    atomic_store_explicit(&worker->running, slot, memory_order_relaxed);
    worker_between_handlers(worker);
    msg = slot->fifo;
    for (;;) {
        if (!msg) {
            if (mailbox_is_empty(&slot->mailbox)
                && mailbox_try_idle(&slot->mailbox)) {
                if (UNLIKELY(atomic_load(&slot->edge) != 0)) {
                    pressure_on_idle(slot);
                }
                return false;
            }
            msg = mailbox_take(&slot->mailbox, &n_waiting);
            set_waiting(slot, n_waiting);
            look_at_depth(slot, n_waiting);
            if (UNLIKELY(has_edge(slot))) {
                pressure_on_take(slot, n_waiting);
            }
        }
        if (n >= worker->batch) {
            break;
        }
        n++;
        n_waiting--;
        slot->fifo = msg->next;
        __builtin_prefetch(msg->next);
        if (LIKELY(msg->generation == generation)) {
            recorder_note(&worker->recorder, msg);
            worker_enter_handler(worker, msg->type);
            turn_handle(actor, msg);
            worker_between_handlers(worker);
            if (UNLIKELY(actor->flags & ACTOR_FLAG_STOPPING)) {
                set_waiting(slot, 0);
                turn_end_actor(worker, slot);
                return false;
            }
        } else {
            system_dead_letter(slot->system, msg);
        }
        msg = slot->fifo;
        if (!msg) {
            /* Nothing may be left in 'fifo' when the slot becomes idle: the
             * next runner starts with it. */
            set_waiting(slot, 0);
        }
    }
    slot->fifo = msg;
    set_waiting(slot, n_waiting);
    n_waiting += mailbox_n_waiting(&slot->mailbox);
    look_at_depth(slot, n_waiting);
    if (UNLIKELY(has_edge(slot))) {
        pressure_on_batch(slot, n_waiting);
    }
    return true;
}

static void
turn_handle(struct actor *actor, struct actor_msg *msg)
{
    const struct actor_type *type = actor->type;
    const struct actor_msg_type *msg_type = msg->type;

    if (msg_type->run) {
        msg_type->run(actor, msg);
        actor_msg_destroy(msg);
        return;
    }
    if (UNLIKELY(msg->reply_to != 0)) {
        op_on_reply(actor, msg);
        return;
    }
    for (size_t i = 0; i < type->n_handlers; i++) {
        if (type->handlers[i].type == msg_type) {
            type->handlers[i].fn(actor, msg);
            actor_msg_destroy(msg);
            return;
        }
    }
    vlog(1, "Dropping message '%s' for '%s': it has no handler",
         msg_type->name, actor_upid(actor)->id);
    system_dead_letter(actor->slot->system, msg);
}

void
turn_end_actor(struct worker *worker, struct actor_slot *slot)
{
    struct actor_system *system = slot->system;
    struct actor *actor = slot->actor;
    struct actor_msg *fifo, *inbox;

    if (worker) {
        worker_enter_handler(worker, &worker_is_ending);
    }
    op_destroy_all(actor);
    if (actor->type->fini) {
        actor->type->fini(actor);
    }
    op_destroy_all(actor);
    timer_cancel_all(actor);
    child_forget_all(actor);
    link_clear(actor);
    slot_table_remove(&system->slots, slot);

    /* From here on links and watches find the mailbox dead. */
    fifo = take_lists(worker, slot, &inbox);
    drop(system, fifo);
    drop(system, inbox);
    actor->magic = 0;
    free(actor);
    link_announce_exit(slot);
    pressure_on_idle(slot);
    slot_table_release(&system->slots, slot);
}

/* Takes all that waits, and closes the mailbox. */
static struct actor_msg *
take_lists(struct worker *worker, struct actor_slot *slot,
           struct actor_msg **ret_inbox)
{
    struct actor_system *system = slot->system;

    if (worker) {
        worker_between_handlers(worker);
    } else {
        pthread_mutex_lock(&system->inspect_lock);
    }
    struct actor_msg *fifo = steal(slot->fifo);
    *ret_inbox = mailbox_close(&slot->mailbox);
    slot->actor = NULL;
    if (worker) {
        worker_enter_handler(worker, &worker_is_ending);
    } else {
        pthread_mutex_unlock(&system->inspect_lock);
    }
    return fifo;
}

static void
drop(struct actor_system *system, struct actor_msg *list)
{
    while (list) {
        struct actor_msg *next = list->next;

        system_dead_letter(system, list);
        list = next;
    }
}
