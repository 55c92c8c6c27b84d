/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.c - the threads that run actors.
 *
 * A worker has a queue of runnable actors, takes from its head, and steals
 * from the heads of others when it has none.  Before it parks in its poller
 * it says so (is_parked, n_parked) and then looks at every queue once more
 * under that queue's lock; whoever puts something in a queue looks at is_parked
 * and n_parked after having held the same lock.  One of the two sees the
 * other.
 *
 * A turn that sends keeps the receiver on its own worker, where the message
 * is in the cache; another worker is woken only when more than that one waits.
 */
#include <config.h>

#include "core/worker.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>

#include "core/system_private.h"

#define SPINS 64                /* before a lock gives way */
#define DEBT_MAX 64u            /* turns before the clock is read */
#define POLL_PERIOD (100 * MICROSECOND)         /* of a busy worker */

static _Thread_local struct worker *current;

static void *worker_main(void *);
static void worker_round(struct worker *);
static void worker_park(struct worker *);
static bool worker_wake_any(struct actor_system *);
static struct actor_slot *worker_find_work(struct worker *);
static bool any_work(struct worker *);

/* --- locks --- */

void
spinlock_wait(struct spinlock *lock)
{
    unsigned n = 0;

    do {
        while (atomic_load_explicit(&lock->held, memory_order_relaxed)) {
            if (++n % SPINS == 0) {
                sched_yield();
            }
        }
    } while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire));
}

/* --- run queues --- */

/* How many are in the queue then. */
static uint32_t
run_queue_push(struct run_queue *queue, struct actor_slot *slot)
{
    slot->run_next = NULL;
    spinlock_lock(&queue->lock);
    if (queue->tail) {
        queue->tail->run_next = slot;
    } else {
        queue->head = slot;
    }
    queue->tail = slot;
    uint32_t n = atomic_load_explicit(&queue->n, memory_order_relaxed) + 1;
    atomic_store_explicit(&queue->n, n, memory_order_relaxed);
    spinlock_unlock(&queue->lock);
    return n;
}

static struct actor_slot *
run_queue_pop(struct run_queue *queue)
{
    /* A hint only: worker_park() looks again, under the lock. */
    if (atomic_load_explicit(&queue->n, memory_order_relaxed) == 0) {
        return NULL;
    }
    spinlock_lock(&queue->lock);
    struct actor_slot *slot = queue->head;
    if (slot) {
        queue->head = slot->run_next;
        if (!queue->head) {
            queue->tail = NULL;
        }
        atomic_store_explicit(
            &queue->n,
            atomic_load_explicit(&queue->n, memory_order_relaxed) - 1,
            memory_order_relaxed);
    }
    spinlock_unlock(&queue->lock);
    return slot;
}

static bool
run_queue_is_empty(struct run_queue *queue)
{
    spinlock_lock(&queue->lock);
    bool is_empty = !queue->head;
    spinlock_unlock(&queue->lock);
    return is_empty;
}

/* --- what worker.h promises --- */

unsigned
system_n_workers(const struct actor_system *system)
{
    return system->n_workers;
}

struct worker *
system_worker(struct actor_system *system, unsigned index)
{
    CHECK(index < system->n_workers);
    return &system->workers[index];
}

struct actor_system *
worker_system(struct worker *worker)
{
    return worker->system;
}

struct poller *
worker_poller(struct worker *worker)
{
    if (!worker->poller) {
        worker->poller = worker->system->poller->create();
    }
    return worker->poller;
}

struct worker *
worker_current(void)
{
    return current;
}

struct worker *
worker_adopt(struct worker *worker)
{
    struct worker *before = current;

    current = worker;
    return before;
}

void
worker_post(struct worker *worker, struct worker_job *job)
{
    struct worker_job *head = atomic_load_explicit(&worker->jobs,
                                                   memory_order_relaxed);

    /* Sequentially consistent, as the look at is_parked in worker_wake() and
     * their opposites in worker_park(): one of the two sees the other. */
    do {
        job->next = head;
    } while (!atomic_compare_exchange_weak(&worker->jobs, &head, job));
    worker_wake(worker);
}

void
worker_timer_start(struct worker *worker, struct worker_timer *timer,
                   int64_t delay_ns, void (*fn)(struct worker_timer *))
{
    struct actor_system *system = worker->system;
    int64_t now = actor_system_now(system);

    worker_timer_stop(worker, timer);
    timer->fn = fn;
    timer->at_ns = delay_ns < INT64_MAX - now ? now + delay_ns : INT64_MAX;
    heap_add(&worker->io_timers, timer->at_ns,
             atomic_fetch_add_explicit(&system->last_timer, 1,
                                       memory_order_relaxed),
             &timer->heap_index);
}

void
worker_timer_stop(struct worker *worker, struct worker_timer *timer)
{
    if (timer->heap_index != 0) {
        heap_remove(&worker->io_timers, &timer->heap_index);
    }
}

int64_t
worker_now(struct worker *worker)
{
    return worker->system->is_manual ? actor_system_now(worker->system)
                                     : worker->now_ns;
}

/* --- life --- */

void
worker_init(struct worker *worker, struct actor_system *system,
            unsigned index)
{
    memset(worker, 0, sizeof *worker);
    worker->system = system;
    worker->index = index;
    worker->next_timer_ns = INT64_MAX;
    pthread_mutex_init(&worker->timers_lock, NULL);
    if (!system->is_manual) {
        worker->poller = system->poller->create();
        worker->now_ns = actor_system_now(system);
    }
}

void
worker_fini(struct worker *worker)
{
    if (worker->poller) {
        worker->system->poller->destroy(worker->poller);
    }
    heap_fini(&worker->timers);
    heap_fini(&worker->io_timers);
    pthread_mutex_destroy(&worker->timers_lock);
    msg_cache_fini(&worker->cache);
}

void
worker_start(struct worker *worker)
{
    sigset_t all, before;
    char name[16];

    /* Signals are the business of the program's own threads. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK(errnum == 0, "cannot start a thread: %s", strerror(errnum));
    snprintf(name, sizeof name, "worker-%u", worker->index);
    pthread_setname_np(worker->thread, name);
}

void
worker_join(struct worker *worker)
{
    if (worker->poller) {
        worker->system->poller->wake(worker->poller);
    }
    pthread_join(worker->thread, NULL);
}

struct worker *
worker_pick(struct actor_system *system)
{
    struct worker *worker = worker_current_of(system);

    if (!worker) {
        unsigned i = atomic_fetch_add_explicit(&system->next_worker, 1,
                                               memory_order_relaxed);

        worker = &system->workers[i % system->n_workers];
    }
    return worker;
}

/* --- waking --- */

void
worker_wake(struct worker *worker)
{
    struct actor_system *system = worker->system;

    if (atomic_load(&worker->is_parked)
        && atomic_exchange(&worker->is_parked, false)) {
        atomic_fetch_sub(&system->n_parked, 1);
        system->poller->wake(worker->poller);
    }
}

/* Wakes one parked worker, if there is one. */
static bool
worker_wake_any(struct actor_system *system)
{
    for (unsigned i = 0; i < system->n_workers; i++) {
        struct worker *worker = &system->workers[i];

        if (atomic_load(&worker->is_parked)
            && atomic_exchange(&worker->is_parked, false)) {
            atomic_fetch_sub(&system->n_parked, 1);
            system->poller->wake(worker->poller);
            return true;
        }
    }
    return false;
}

void
worker_schedule(struct actor_slot *slot)
{
    struct actor_system *system = slot->system;
    struct worker *worker = worker_current_of(system);

    if (worker) {
        uint32_t n = run_queue_push(&worker->run_queue, slot);

        if (n > 1 && atomic_load(&system->n_parked) > 0) {
            worker_wake_any(system);
        }
        return;
    }
    worker = worker_pick(system);
    run_queue_push(&worker->run_queue, slot);
    if (system->is_manual) {
        return;
    }
    if (atomic_load(&worker->is_parked)) {
        worker_wake(worker);
    } else if (atomic_load(&system->n_parked) > 0) {
        worker_wake_any(system);
    }
}

/* --- the loop --- */

static void *
worker_main(void *worker_)
{
    struct worker *worker = worker_;
    struct actor_system *system = worker->system;

    current = worker;
    worker->now_ns = actor_system_now(system);
    while (!atomic_load_explicit(&system->is_stopping,
                                 memory_order_acquire)) {
        worker_run_jobs(worker);
        if (worker->debt >= DEBT_MAX) {
            worker_round(worker);
        }
        if (!worker_run_one(worker)) {
            worker_park(worker);
        }
    }
    while (worker_run_jobs(worker)) {
    }
    current = NULL;
    return NULL;
}

/* What a busy worker does now and then. */
static void
worker_round(struct worker *worker)
{
    worker->debt = 0;
    worker->now_ns = actor_system_now(worker->system);
    worker_run_timers(worker, worker->now_ns);
    if (worker->now_ns - worker->polled_ns >= POLL_PERIOD) {
        worker->system->poller->run(worker->poller, 0);
        worker->now_ns = actor_system_now(worker->system);
        worker->polled_ns = worker->now_ns;
    }
}

/* Nothing to run: waits for events, a timer, or somebody's wake. */
static void
worker_park(struct worker *worker)
{
    struct actor_system *system = worker->system;
    int64_t timeout = -1;

    atomic_store(&worker->is_parked, true);
    atomic_fetch_add(&system->n_parked, 1);
    if (any_work(worker)) {
        timeout = 0;
    } else {
        int64_t next = worker_next_timer(worker);

        if (next != INT64_MAX) {
            int64_t now = actor_system_now(system);

            timeout = next > now ? next - now : 0;
        }
    }
    system->poller->run(worker->poller, timeout);
    if (atomic_exchange(&worker->is_parked, false)) {
        atomic_fetch_sub(&system->n_parked, 1);
    }
    worker->now_ns = actor_system_now(system);
    worker->polled_ns = worker->now_ns;
    worker->debt = 0;
    worker_run_timers(worker, worker->now_ns);
}

static bool
any_work(struct worker *worker)
{
    struct actor_system *system = worker->system;

    if (atomic_load(&system->is_stopping) || atomic_load(&worker->jobs)) {
        return true;
    }
    for (unsigned i = 0; i < system->n_workers; i++) {
        if (!run_queue_is_empty(&system->workers[i].run_queue)) {
            return true;
        }
    }
    return false;
}

bool
worker_run_jobs(struct worker *worker)
{
    struct worker_job *list, *reversed = NULL;

    if (!atomic_load_explicit(&worker->jobs, memory_order_relaxed)) {
        return false;
    }
    list = atomic_exchange(&worker->jobs, NULL);
    while (list) {
        struct worker_job *next = list->next;

        list->next = reversed;
        reversed = list;
        list = next;
    }
    while (reversed) {
        struct worker_job *job = reversed;

        reversed = job->next;
        job->fn(job);
    }
    return true;
}

static struct actor_slot *
worker_find_work(struct worker *worker)
{
    struct actor_system *system = worker->system;
    struct actor_slot *slot = run_queue_pop(&worker->run_queue);

    for (unsigned i = 1; !slot && i < system->n_workers; i++) {
        unsigned victim = (worker->index + i) % system->n_workers;

        slot = run_queue_pop(&system->workers[victim].run_queue);
    }
    return slot;
}

bool
worker_run_one(struct worker *worker)
{
    struct actor_slot *slot = worker_find_work(worker);

    if (!slot) {
        return false;
    }
    if (turn_run(worker, slot)) {
        worker_schedule(slot);
    }
    return true;
}

/* --- timers --- */

int64_t
worker_next_timer(const struct worker *worker)
{
    const struct heap_element *first = heap_first(&worker->io_timers);

    /* Sequentially consistent, with the store in actor_timer_start() and the
     * is_parked of both sides: see worker_post(). */
    int64_t next = atomic_load(&worker->next_timer_ns);

    return first && first->at_ns < next ? first->at_ns : next;
}

bool
worker_run_timers(struct worker *worker, int64_t now_ns)
{
    bool any = false;

    for (;;) {
        const struct heap_element *io = heap_first(&worker->io_timers);

        if (atomic_load_explicit(&worker->next_timer_ns,
                                 memory_order_relaxed) <= now_ns) {
            pthread_mutex_lock(&worker->timers_lock);
            const struct heap_element *first = heap_first(&worker->timers);

            if (first && first->at_ns <= now_ns
                && (!io || first->at_ns < io->at_ns
                    || (first->at_ns == io->at_ns
                        && first->sequence < io->sequence))) {
                timer_fire(worker, first->index);       /* unlocks */
                any = true;
                continue;
            }
            pthread_mutex_unlock(&worker->timers_lock);
        }
        if (!io || io->at_ns > now_ns) {
            return any;
        }
        struct worker_timer *timer = CONTAINER_OF(io->index,
                                                  struct worker_timer,
                                                  heap_index);
        heap_remove(&worker->io_timers, &timer->heap_index);
        timer->fn(timer);
        any = true;
    }
}
