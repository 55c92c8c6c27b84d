/* SPDX-License-Identifier: Apache-2.0
 *
 * timer.c - timers of actors.
 *
 * An armed timer is an entry in the heap of the worker on which it was
 * started, under that heap's lock, and in the actor's list.  When it is due
 * the entry leaves the heap and becomes a message in the actor's mailbox: it
 * has one built in.  Cancelled before that it is taken out and freed;
 * cancelled later it is cut off from the timer, and freed when the message
 * comes up. */
#include <config.h>

#include <actor/actor.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "core/system_private.h"

struct actor_timer_entry {
    struct actor_msg msg;       /* first */
    struct worker *worker;      /* whose heap */
    size_t heap_index;          /* worker->timers_lock; 0: not there */
    struct actor_slot *slot;
    uint32_t generation;

    /* The actor's turn. */
    struct actor_timer *timer;  /* NULL: cancelled */
    actor_timer_fn *fn;
    void *arg;
    struct actor_timer_entry *prev, *next;      /* actor->timers */
};

static void run_entry(struct actor *, struct actor_msg *);
static void free_entry(void *);

static const struct actor_msg_type msg_timer = {
    .name = "actor.timer", .run = run_entry, .fini = free_entry,
};

static void
set_next_timer(struct worker *worker)
{
    const struct heap_element *first = heap_first(&worker->timers);

    atomic_store(&worker->next_timer_ns, first ? first->at_ns : INT64_MAX);
}

static void
list_remove(struct actor *actor, struct actor_timer_entry *entry)
{
    if (entry->prev) {
        entry->prev->next = entry->next;
    } else {
        actor->timers = entry->next;
    }
    if (entry->next) {
        entry->next->prev = entry->prev;
    }
}

void
actor_timer_start(struct actor *self, struct actor_timer *timer,
                  int64_t delay_ns, actor_timer_fn *fn, void *arg)
{
    struct actor_system *system = self->slot->system;
    struct worker *worker = worker_current_of(system);
    struct actor_timer_entry *entry = xcalloc(1, sizeof *entry);
    int64_t now = actor_system_now(system);

    if (!worker) {
        worker = &system->workers[self->slot->index % system->n_workers];
    }
    actor_timer_cancel(self, timer);
    msg_init_embedded(&entry->msg, &msg_timer);
    entry->worker = worker;
    entry->slot = self->slot;
    entry->generation = slot_generation(self->slot);
    entry->timer = timer;
    entry->fn = fn;
    entry->arg = arg;
    entry->next = self->timers;
    if (entry->next) {
        entry->next->prev = entry;
    }
    self->timers = entry;
    timer->entry = entry;

    pthread_mutex_lock(&worker->timers_lock);
    heap_add(&worker->timers,
             delay_ns < INT64_MAX - now ? now + delay_ns : INT64_MAX,
             atomic_fetch_add_explicit(&system->last_timer, 1,
                                       memory_order_relaxed),
             &entry->heap_index);
    bool is_first = entry->heap_index == 1;
    if (is_first) {
        set_next_timer(worker);
    }
    pthread_mutex_unlock(&worker->timers_lock);
    if (is_first && worker != worker_current()) {
        worker_wake(worker);
    }
}

void
actor_timer_cancel(struct actor *self, struct actor_timer *timer)
{
    struct actor_timer_entry *entry = steal(timer->entry);

    if (!entry) {
        return;
    }
    list_remove(self, entry);
    entry->timer = NULL;

    struct worker *worker = entry->worker;
    pthread_mutex_lock(&worker->timers_lock);
    bool is_waiting = entry->heap_index != 0;
    if (is_waiting) {
        heap_remove(&worker->timers, &entry->heap_index);
        set_next_timer(worker);
    }
    pthread_mutex_unlock(&worker->timers_lock);
    if (is_waiting) {
        free(entry);
    }
}

bool
actor_timer_is_armed(const struct actor_timer *timer)
{
    return timer->entry != NULL;
}

void
timer_cancel_all(struct actor *actor)
{
    while (actor->timers) {
        struct actor_timer_entry *entry = actor->timers;
        struct actor_timer *timer = entry->timer;

        actor_timer_cancel(actor, timer);
    }
}

/* The first entry of the heap is due.  Called with the heap's lock, which it
 * gives up. */
void
timer_fire(struct worker *worker, size_t *heap_index)
{
    struct actor_timer_entry *entry =
        CONTAINER_OF(heap_index, struct actor_timer_entry, heap_index);

    /* After this the entry is the message's: whoever cancels sees that it is
     * out of the heap and leaves it to run_entry(). */
    heap_remove(&worker->timers, heap_index);
    set_next_timer(worker);
    pthread_mutex_unlock(&worker->timers_lock);
    system_push(worker->system, entry->slot, entry->generation, &entry->msg);
}

static void
run_entry(struct actor *self, struct actor_msg *msg)
{
    struct actor_timer_entry *entry =
        CONTAINER_OF(msg, struct actor_timer_entry, msg);

    if (entry->timer) {
        list_remove(self, entry);
        entry->timer->entry = NULL;
        entry->timer = NULL;
        entry->fn(self, entry->arg);
    }
}

static void
free_entry(void *msg)
{
    free(CONTAINER_OF((struct actor_msg *) msg, struct actor_timer_entry,
                      msg));
}
