/* SPDX-License-Identifier: Apache-2.0
 *
 * inspect.c - looking into mailboxes, also of actors that are running.
 *
 * Whoever runs an actor takes messages off its lists without a lock.  To read
 * these lists somebody else has to keep runners from them, for a moment, and
 * must not wait for a handler that does not end.  So a worker says what it is
 * at: outside of turns, in a handler, or between handlers (worker->handling);
 * only between handlers does it touch lists.  It says so before it asks
 * whether it is held (worker->is_held), and the one who looks sets is_held
 * before he reads what workers are at:
 *
 *     worker                          inspector
 *     handling = between              is_held = true
 *     is_held ?                       handling == between ?
 *
 * One of the two sees the other if neither load goes before its store.  For
 * that the worker would need a fence for each message; instead the inspector
 * has the kernel put one into every thread, by membarrier(2).  Afterwards he
 * waits for those between handlers, which is some instructions, and until
 * he lets them go nobody gets there: who is in a handler stays in it or stops
 * at its end.  Where the kernel has no membarrier, counts are all there is.
 *
 * Messages may be pushed meanwhile: those that are in a list do not change.
 * Actors that are spawned and refused end outside of turns; they take
 * inspect_lock for the moment in which their lists go.
 *
 * Workers are held for HOLD_TIME at most, and then go on before they are held
 * again. */
#include <config.h>

#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>

#include "core/system_private.h"

#define HOLD_TIME (100 * MICROSECOND)

/* Of a longer inbox only the newer part is looked at. */
#define INBOX_LOOK 4096u

/* Of all actors together. */
#define EVENTS_MAX 10000u

const struct actor_msg_type worker_is_between = { .name = "between" };
const struct actor_msg_type worker_is_paused = { .name = "paused" };
const struct actor_msg_type worker_is_ending = { .name = "actor.fini" };

/* What a worker that is held is at. */
struct held {
    const struct actor_slot *slot;
    const struct actor_msg_type *handling;      /* NULL: no handler */
    int64_t since_ns;
};

struct inspection {
    struct actor_system *system;
    struct held *workers;
    size_t n_max;               /* events of each actor */
    size_t n_left;              /* events in all */
};

/* --- holding --- */

void
inspect_pause(struct worker *worker)
{
    do {
        /* Release: what we did to the lists is seen in them. */
        atomic_store_explicit(&worker->handling, &worker_is_paused,
                              memory_order_release);
        while (atomic_load_explicit(&worker->is_held, memory_order_acquire)) {
            sched_yield();
        }
        atomic_store_explicit(&worker->handling, &worker_is_between,
                              memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
    } while (atomic_load_explicit(&worker->is_held, memory_order_acquire));
}

/* Waits while the worker is at 'what'. */
static const struct actor_msg_type *
wait_while(struct worker *worker, const struct actor_msg_type *what)
{
    const struct actor_msg_type *handling;

    /* Acquire: pairs with the releases of the worker. */
    while ((handling = atomic_load_explicit(&worker->handling,
                                            memory_order_acquire))
           == what) {
        sched_yield();
    }
    return handling;
}

static void
set_held(struct actor_system *system, bool is_held)
{
    for (unsigned i = 0; i < system->n_workers; i++) {
        /* Release: a worker that goes on leaves us to our copies. */
        atomic_store_explicit(&system->workers[i].is_held, is_held,
                              memory_order_release);
    }
}

static bool
fence_all_threads(const struct actor_system *system)
{
    return system->is_manual
           || syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0)
                  == 0;
}

static void
release(struct actor_system *system)
{
    set_held(system, false);
    pthread_mutex_unlock(&system->inspect_lock);
}

/* False if that cannot be done here. */
static bool
hold(struct inspection *inspection)
{
    struct actor_system *system = inspection->system;

    pthread_mutex_lock(&system->inspect_lock);
    for (unsigned i = 0; i < system->n_workers; i++) {
        wait_while(&system->workers[i], &worker_is_paused);
    }
    set_held(system, true);
    if (!fence_all_threads(system)) {
        release(system);
        return false;
    }
    for (unsigned i = 0; i < system->n_workers; i++) {
        struct worker *worker = &system->workers[i];
        const struct actor_msg_type *handling =
            wait_while(worker, &worker_is_between);

        if (handling == &worker_is_paused) {
            handling = NULL;
        }
        inspection->workers[i] = (struct held) {
            .handling = handling,
            .slot = handling ? atomic_load_explicit(&worker->running,
                                                    memory_order_relaxed)
                             : NULL,
            .since_ns = atomic_load_explicit(&worker->round_ns,
                                             memory_order_relaxed),
        };
    }
    return true;
}

/* --- looking, while all are held --- */

static void
look_who_runs(const struct inspection *inspection,
              const struct actor_slot *slot, struct actor_view *view)
{
    struct actor_system *system = inspection->system;

    for (unsigned i = 0; i < system->n_workers; i++) {
        const struct held *held = &inspection->workers[i];

        if (held->slot == slot) {
            view->running = held->handling->name;
            view->running_ns = actor_system_now(system) - held->since_ns;
            view->worker = i;
        }
    }
}

static bool
is_full(const struct inspection *inspection, const struct actor_view *view)
{
    return view->n_events >= inspection->n_max || inspection->n_left == 0;
}

static void
add_event(struct inspection *inspection, struct actor_view *view,
          struct actor_msg *msg)
{
    if (!view->events) {
        view->events = xcalloc(inspection->n_max, sizeof *view->events);
    }
    struct actor_event *event = &view->events[view->n_events++];

    inspection->n_left--;
    event->type = msg->type;
    actor_msg_from(msg, &event->from);
    event->message = msg->message ? message_ref(msg->message) : NULL;
    event->text = msg->type->describe ? msg->type->describe(msg_body(msg))
                                      : NULL;
}

/* The oldest of a list that begins with the newest. */
static void
add_inbox(struct inspection *inspection, struct actor_view *view,
          struct actor_msg *newest)
{
    size_t n_max = inspection->n_max - view->n_events, n = 0;
    autofree struct actor_msg **last = xcalloc(n_max, sizeof *last);

    while (newest && n < INBOX_LOOK) {
        last[n++ % n_max] = newest;
        newest = newest->next;
    }
    if (newest && view->n_events > 0) {
        return;                 /* there would be a gap */
    }
    for (size_t i = 0; i < n && i < n_max && !is_full(inspection, view);
         i++) {
        add_event(inspection, view, last[(n - 1 - i) % n_max]);
    }
}

static void
look_at(struct inspection *inspection, const struct slot_ref *ref,
        struct actor_view *view)
{
    struct actor_slot *slot = ref->slot;

    /* Acquire: pairs with the releases of those who pushed. */
    uint64_t word = atomic_load_explicit(&slot->mailbox.inbox,
                                         memory_order_acquire);

    if (word == MAILBOX_IDLE || word == MAILBOX_DEAD
        || slot_generation(slot) != ref->generation) {
        return;
    }
    look_who_runs(inspection, slot, view);
    for (struct actor_msg *msg = slot->fifo;
         msg && !is_full(inspection, view); msg = msg->next) {
        add_event(inspection, view, msg);
    }
    if (!is_full(inspection, view)) {
        add_inbox(inspection, view, mailbox_unpack_(word));
    }
    if (!is_full(inspection, view)) {
        view->n_waiting = view->n_events;       /* the others are estimates */
    }
}

static bool
is_idle(const struct actor_slot *slot)
{
    return atomic_load_explicit(&slot->mailbox.inbox, memory_order_relaxed)
           == MAILBOX_IDLE;
}

static void
look_at_all(struct inspection *inspection, const struct slot_ref *refs,
            struct actor_view *views, size_t n)
{
    struct actor_system *system = inspection->system;
    size_t i = 0;

    for (;;) {
        while (i < n && is_idle(refs[i].slot)) {
            i++;
        }
        if (i == n || !hold(inspection)) {
            return;
        }
        int64_t until = actor_system_now(system) + HOLD_TIME;
        do {
            look_at(inspection, &refs[i], &views[i]);
            i++;
        } while (i < n && actor_system_now(system) < until);
        release(system);
    }
}

/* --- the list --- */

static void
view_init(struct actor_view *view, const struct slot_ref *ref)
{
    const struct actor_slot *slot = ref->slot;

    view->type = ref->type;
    view->n_waiting = mailbox_n_waiting(&slot->mailbox)
                      + atomic_load_explicit(&slot->n_fifo,
                                             memory_order_relaxed);
    view->depth_max = atomic_load_explicit(&slot->depth_max,
                                           memory_order_relaxed);
}

static void
view_fini(struct actor_view *view)
{
    for (size_t i = 0; i < view->n_events; i++) {
        if (view->events[i].message) {
            message_unref(view->events[i].message);
        }
        free(view->events[i].text);
    }
    free(view->events);
}

void
system_for_each_actor(struct actor_system *system, size_t n_events_max,
                      void (*fn)(void *aux, const struct actor_view *),
                      void *aux)
{
    size_t n;
    autofree struct slot_ref *refs = slot_table_list(&system->slots, &n);
    autofree struct actor_view *views = xcalloc(n + 1, sizeof *views);
    autofree struct held *workers = xcalloc(system->n_workers,
                                            sizeof *workers);
    struct inspection inspection = {
        .system = system, .workers = workers, .n_max = n_events_max,
        .n_left = EVENTS_MAX,
    };

    for (size_t i = 0; i < n; i++) {
        view_init(&views[i], &refs[i]);
    }
    if (n_events_max > 0) {
        (void) syscall(SYS_membarrier,
                       MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
        look_at_all(&inspection, refs, views, n);
    }
    for (size_t i = 0; i < n; i++) {
        if (views[i].depth_max < views[i].n_waiting) {
            views[i].depth_max = views[i].n_waiting;    /* no turn saw it */
        }
        if (slot_read_upid(refs[i].slot, refs[i].generation,
                           &views[i].upid)) {
            fn(aux, &views[i]);
        }
        view_fini(&views[i]);
    }
}
