/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.c - the threads that run actors.
 *
 * A worker has a queue of runnable actors and takes from its head.  A turn
 * that sends to an idle actor puts it into the queue of its own worker, where
 * the message is in the cache: actors that talk to each other gather on one
 * worker.  That is faster than sharing them out as long as turns are short, a
 * message between two cores costing more than most turns do.
 *
 * When turns are long, others have to help.  At most one worker without work
 * is the prober: it watches the queues of the others for some microseconds
 * and takes from one that is long, or that makes no progress because its
 * owner is deep in a turn.  A prober that found nothing looks again after a
 * while, less and less often, until it finds something or everybody has
 * parked.  In the end it only glances, once a millisecond: a queue at which
 * nothing was taken between two glances stands still.
 *
 * Between rounds, in which a worker looks at its clock, its timers and its
 * descriptors, it runs up to 64 turns, and fewer the longer they take, so
 * that rounds of long turns follow each other at ROUND_TIME.  Reading the
 * clock more often than that would cost more than most turns.
 *
 * Before a worker parks in its poller it says so (is_parked, n_parked) and
 * then looks at its queue once more under the queue's lock; whoever puts
 * something in looks at is_parked after having held the same lock.  One of
 * the two sees the other.  In the same way has_prober and the queues of all.
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

#include "base/log_crash.h"
#include "core/dump.h"
#include "core/system_private.h"

#define SPINS 64                /* before a lock gives way */
#define BATCH 64u               /* turns between rounds, at most */
#define ROUND_TIME (100 * MICROSECOND)          /* between rounds, about */
#define POLL_PERIOD (100 * MICROSECOND)         /* of a busy worker */

/* The prober: when a queue is long, how long one may stand still, how long a
 * look takes, and how long it is until the next one.  At PROBE_PERIOD_MAX the
 * look is a glance. */
#define LONG_QUEUE 64u
#define STUCK_TIME (20 * MICROSECOND)
#define PROBE_TIME (60 * MICROSECOND)
#define PROBE_PERIOD_MIN (100 * MICROSECOND)
#define PROBE_PERIOD_MAX (1 * MILLISECOND)
#define GLANCE_TIME (PROBE_PERIOD_MAX / 2)     /* between two, at least */

_Thread_local struct worker *worker_here;

static void *worker_main(void *);
static void worker_round(struct worker *);
static void worker_idle(struct worker *);
static void worker_run_slot(struct worker *, struct actor_slot *);
static void worker_park(struct worker *);
static struct worker *claim_parked(struct actor_system *);
static void call_prober(struct actor_system *);
static void resign_prober(struct worker *);
static struct actor_slot *probe(struct worker *);
static int64_t park_time(struct worker *);

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

static void
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
    atomic_store_explicit(
        &queue->n, atomic_load_explicit(&queue->n, memory_order_relaxed) + 1,
        memory_order_relaxed);
    spinlock_unlock(&queue->lock);
}

static struct actor_slot *
run_queue_pop(struct run_queue *queue)
{
    /* A hint only: park_time() looks again, under the lock. */
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
        atomic_store_explicit(
            &queue->n_taken,
            atomic_load_explicit(&queue->n_taken, memory_order_relaxed) + 1,
            memory_order_relaxed);
    }
    spinlock_unlock(&queue->lock);
    return slot;
}

static uint32_t
run_queue_n(const struct run_queue *queue)
{
    return atomic_load_explicit(&queue->n, memory_order_relaxed);
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
    return worker_here;
}

struct worker *
worker_adopt(struct worker *worker)
{
    struct worker *before = worker_here;

    worker_here = worker;
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
    worker->batch = BATCH;
    recorder_init(&worker->recorder);
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
    recorder_fini(&worker->recorder);
    msg_cache_fini(&worker->cache);
}

void
worker_start(struct worker *worker)
{
    sigset_t before;
    char name[16];

    /* Signals are the business of the program's own threads. */
    log_crash_block_signals(&before);
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

/* A worker that was parked; it is for the caller to wake its poller. */
static struct worker *
claim_parked(struct actor_system *system)
{
    if (atomic_load(&system->n_parked) == 0) {
        return NULL;
    }
    for (unsigned i = 0; i < system->n_workers; i++) {
        struct worker *worker = &system->workers[i];

        if (atomic_load(&worker->is_parked)
            && atomic_exchange(&worker->is_parked, false)) {
            atomic_fetch_sub(&system->n_parked, 1);
            return worker;
        }
    }
    return NULL;
}

/* Makes a parked worker the prober, if there is none. */
static void
call_prober(struct actor_system *system)
{
    if (atomic_load(&system->n_parked) == 0
        || atomic_load(&system->has_prober)
        || atomic_exchange(&system->has_prober, true)) {
        return;
    }
    struct worker *worker = claim_parked(system);
    if (worker) {
        atomic_store(&worker->is_prober, true);
        system->poller->wake(worker->poller);
    } else {
        atomic_store(&system->has_prober, false);
    }
}

static void
resign_prober(struct worker *worker)
{
    worker->probe_period_ns = 0;
    worker->is_last_probe = false;
    worker->glanced = NULL;
    atomic_store(&worker->is_prober, false);
    atomic_store(&worker->system->has_prober, false);
}

static bool
is_in_turn(const struct worker *worker)
{
    return atomic_load_explicit(&worker->is_in_turn, memory_order_relaxed);
}

/* From outside: to a worker that has nothing else to do, if there is one. */
static void
schedule_anywhere(struct actor_slot *slot)
{
    struct actor_system *system = slot->system;
    struct worker *parked = claim_parked(system);
    struct worker *worker = parked ? parked : worker_pick(system);

    run_queue_push(&worker->run_queue, slot);
    if (parked) {
        system->poller->wake(parked->poller);
    } else if (!system->is_manual) {
        worker_wake(worker);
        call_prober(system);
    }
}

void
worker_schedule(struct actor_slot *slot)
{
    struct actor_system *system = slot->system;
    struct worker *worker = worker_current_of(system);

    if (worker) {
        run_queue_push(&worker->run_queue, slot);

        /* Outside a turn it is about to be run. */
        if (is_in_turn(worker) || run_queue_n(&worker->run_queue) > 1) {
            call_prober(system);
        }
    } else {
        schedule_anywhere(slot);
    }
}

/* --- the loop --- */

static void *
worker_main(void *worker_)
{
    struct worker *worker = worker_;
    struct actor_system *system = worker->system;

    worker_here = worker;
    dump_thread_begin(worker);
    worker->now_ns = actor_system_now(system);
    while (!atomic_load_explicit(&system->is_stopping,
                                 memory_order_acquire)) {
        worker_run_jobs(worker);
        if (worker->debt >= worker->batch) {
            worker_round(worker);
        }
        if (!worker_run_one(worker)) {
            worker_idle(worker);
        }
    }
    while (worker_run_jobs(worker)) {
    }
    dump_thread_end(worker);
    worker_here = NULL;
    return NULL;
}

static void
set_now(struct worker *worker)
{
    worker->now_ns = actor_system_now(worker->system);
    atomic_store_explicit(&worker->round_ns, worker->now_ns,
                          memory_order_relaxed);
}

/* Turns until the next round, after some that took 'elapsed_ns': so many that
 * it will be due in ROUND_TIME if turns go on like that. */
static void
set_batch(struct worker *worker, int64_t elapsed_ns)
{
    if (elapsed_ns > ROUND_TIME) {
        int64_t n = worker->batch * ROUND_TIME / elapsed_ns;

        worker->batch = n > 1 ? (unsigned) n : 1;
    } else if (worker->batch < BATCH
               && elapsed_ns < ROUND_TIME / 2) {
        worker->batch *= 2;
        if (worker->batch > BATCH) {
            worker->batch = BATCH;
        }
    }
}

/* What a busy worker does now and then. */
static void
worker_round(struct worker *worker)
{
    int64_t before = worker->now_ns;

    worker->debt = 0;
    set_now(worker);
    set_batch(worker, worker->now_ns - before);
    worker_run_timers(worker, worker->now_ns);
    if (worker->now_ns - worker->polled_ns >= POLL_PERIOD) {
        worker->system->poller->run(worker->poller, 0);
        set_now(worker);
        worker->polled_ns = worker->now_ns;
    }
}

static void
worker_idle(struct worker *worker)
{
    struct actor_slot *slot = probe(worker);

    if (slot) {
        worker_run_slot(worker, slot);
    } else {
        worker_park(worker);
    }
}

/* Nothing to run: waits for events, a timer, or somebody's wake. */
static void
worker_park(struct worker *worker)
{
    struct actor_system *system = worker->system;

    atomic_store(&worker->is_parked, true);
    atomic_fetch_add(&system->n_parked, 1);
    system->poller->run(worker->poller, park_time(worker));
    if (atomic_exchange(&worker->is_parked, false)) {
        atomic_fetch_sub(&system->n_parked, 1);
    }
    set_now(worker);
    worker->polled_ns = worker->now_ns;
    worker->debt = 0;
    worker_run_timers(worker, worker->now_ns);
}

static bool
has_own_work(struct worker *worker)
{
    return atomic_load(&worker->system->is_stopping)
           || atomic_load(&worker->jobs)
           || !run_queue_is_empty(&worker->run_queue);
}

static bool
others_have_work(struct worker *worker)
{
    struct actor_system *system = worker->system;

    for (unsigned i = 1; i < system->n_workers; i++) {
        unsigned other = (worker->index + i) % system->n_workers;

        if (!run_queue_is_empty(&system->workers[other].run_queue)) {
            return true;
        }
    }
    return false;
}

/* How long it is until the prober looks again; 0: it need not.  Once all have
 * parked it stays for one last period, so that calling it costs those who have
 * little to do, but often, nothing. */
static int64_t
probe_period(struct worker *worker)
{
    struct actor_system *system = worker->system;

    if (atomic_load(&system->n_parked) < system->n_workers) {
        worker->is_last_probe = false;
        worker->probe_period_ns *= 2;
    } else if (worker->is_last_probe) {
        return 0;
    } else {
        worker->is_last_probe = true;
        worker->probe_period_ns = PROBE_PERIOD_MAX;
    }
    if (worker->probe_period_ns < PROBE_PERIOD_MIN) {
        worker->probe_period_ns = PROBE_PERIOD_MIN;
    } else if (worker->probe_period_ns > PROBE_PERIOD_MAX) {
        worker->probe_period_ns = PROBE_PERIOD_MAX;
    }
    return worker->probe_period_ns;
}

/* How long a worker that has said that it parks may do so; negative: for
 * ever. */
static int64_t
park_time(struct worker *worker)
{
    struct actor_system *system = worker->system;
    int64_t next = worker_next_timer(worker), timeout = -1;

    if (has_own_work(worker)) {
        return 0;
    }
    if (next != INT64_MAX) {
        int64_t now = actor_system_now(system);

        timeout = next > now ? next - now : 0;
    }
    if (atomic_load(&worker->is_prober)) {
        int64_t period = probe_period(worker);

        if (period > 0) {
            return timeout < 0 || timeout > period ? period : timeout;
        }
        resign_prober(worker);
    }
    if (!atomic_load(&system->has_prober) && others_have_work(worker)) {
        return 0;
    }
    return timeout;
}

/* --- the prober --- */

static void
relax(void)
{
    for (int i = 0; i < 16; i++) {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
}

/* Another worker whose queue is not empty, the longest; NULL if all are. */
static struct run_queue *
find_victim(struct worker *worker)
{
    struct actor_system *system = worker->system;
    struct run_queue *victim = NULL;
    uint32_t most = 0;

    for (unsigned i = 1; i < system->n_workers; i++) {
        unsigned other = (worker->index + i) % system->n_workers;
        struct run_queue *queue = &system->workers[other].run_queue;
        uint32_t n = run_queue_n(queue);

        if (n > most) {
            victim = queue;
            most = n;
        }
    }
    return victim;
}

/* An actor of a queue that is long, or at which nothing has happened since
 * the glance before. */
static struct actor_slot *
glance(struct worker *worker)
{
    struct run_queue *queue = find_victim(worker);
    int64_t now = actor_system_now(worker->system);

    if (!queue) {
        worker->glanced = NULL;
        return NULL;
    }
    uint32_t n = atomic_load_explicit(&queue->n_taken, memory_order_relaxed);
    bool is_same = queue == worker->glanced && n == worker->glanced_n_taken;

    if (run_queue_n(queue) >= LONG_QUEUE
        || (is_same && now - worker->glanced_ns >= GLANCE_TIME)) {
        return run_queue_pop(queue);
    }
    if (!is_same) {
        worker->glanced = queue;
        worker->glanced_n_taken = n;
        worker->glanced_ns = now;
    }
    return NULL;
}

/* Looks for an actor that waits for too long with another worker. */
static struct actor_slot *
look(struct worker *worker)
{
    struct actor_system *system = worker->system;
    int64_t begin = actor_system_now(system), since = begin, now = begin;
    struct run_queue *last = NULL;
    uint32_t n_taken = 0;

    while (now - begin < PROBE_TIME && run_queue_n(&worker->run_queue) == 0
           && !atomic_load_explicit(&worker->jobs, memory_order_relaxed)) {
        struct run_queue *queue = find_victim(worker);

        if (!queue) {
            break;
        }
        uint32_t n = atomic_load_explicit(&queue->n_taken,
                                          memory_order_relaxed);
        if (queue != last || n != n_taken) {
            last = queue;
            n_taken = n;
            since = now;
        }
        if (run_queue_n(queue) >= LONG_QUEUE || now - since >= STUCK_TIME) {
            return run_queue_pop(queue);
        }
        relax();
        now = actor_system_now(system);
    }
    return NULL;
}

static struct actor_slot *
probe(struct worker *worker)
{
    struct actor_system *system = worker->system;

    if (!atomic_load(&worker->is_prober)) {
        if (!find_victim(worker) || atomic_load(&system->has_prober)
            || atomic_exchange(&system->has_prober, true)) {
            return NULL;
        }
        atomic_store(&worker->is_prober, true);
    }
    struct actor_slot *slot = worker->probe_period_ns < PROBE_PERIOD_MAX
                                  ? look(worker) : glance(worker);
    if (slot) {
        resign_prober(worker);
        if (find_victim(worker)) {
            call_prober(system);        /* there is more */
        }
    }
    return slot;
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

static void
worker_run_slot(struct worker *worker, struct actor_slot *slot)
{
    uint64_t n_before = recorder_n(&worker->recorder);

    /* Relaxed: of the other threads only dumps look, and need no more. */
    atomic_store_explicit(&worker->is_in_turn, true, memory_order_relaxed);
    bool has_more = turn_run(worker, slot);
    worker_enter_handler(worker, NULL);
    atomic_store_explicit(&worker->is_in_turn, false, memory_order_relaxed);

    /* Turns, and the head of the batch. */
    worker->debt += (unsigned) (recorder_n(&worker->recorder) - n_before);
    if (has_more) {
        worker_schedule(slot);
    }
}

/* Any of those that wait to run becomes the first of them. */
static void
shuffle(struct worker *worker)
{
    struct run_queue *queue = &worker->run_queue;
    uint64_t *state = worker->system->shuffle;
    uint32_t n = run_queue_n(queue);

    for (uint64_t i = n > 1 ? seeded_next(state) % n : 0; i > 0; i--) {
        run_queue_push(queue, run_queue_pop(queue));
    }
    worker->batch = 1 + (unsigned) (seeded_next(state) % BATCH);
}

bool
worker_run_one(struct worker *worker)
{
    if (UNLIKELY(worker->system->shuffles)) {
        shuffle(worker);
    }
    struct actor_slot *slot = run_queue_pop(&worker->run_queue);

    if (!slot) {
        return false;
    }
    if (UNLIKELY(atomic_load_explicit(&worker->is_prober,
                                      memory_order_relaxed))) {
        resign_prober(worker);
    }
    worker_run_slot(worker, slot);
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
