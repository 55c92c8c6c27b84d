/* SPDX-License-Identifier: Apache-2.0
 *
 * system_private.h - what the parts of core share: systems and workers.
 *
 * Locks are taken in this order: inspection, slot table, exits, timers, run
 * queue. */
#ifndef CORE_SYSTEM_PRIVATE_H
#define CORE_SYSTEM_PRIVATE_H 1

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/backend.h>
#include <actor/disk.h>
#include <actor/system.h>

#include "base/log_crash.h"
#include "core/heap.h"
#include "core/msg.h"
#include "core/recorder.h"
#include "core/slot.h"
#include "core/transport.h"
#include "core/worker.h"

struct metric;
struct metrics;
struct op;
struct pool;

/* --- a lock for a few instructions --- */

struct spinlock {
    _Atomic uint32_t held;
};

void spinlock_wait(struct spinlock *);

static inline void
spinlock_lock(struct spinlock *lock)
{
    /* Acquire: pairs with the release in spinlock_unlock(). */
    if (UNLIKELY(atomic_exchange_explicit(&lock->held, 1,
                                          memory_order_acquire))) {
        spinlock_wait(lock);
    }
}

static inline void
spinlock_unlock(struct spinlock *lock)
{
    atomic_store_explicit(&lock->held, 0, memory_order_release);
}

/* --- workers --- */

/* Runnable actors, first come first served. */
struct run_queue {
    _Alignas(CACHE_LINE) struct spinlock lock;
    _Atomic uint32_t n;         /* written under the lock */
    _Atomic uint32_t n_taken;   /* written under the lock */
    struct actor_slot *head, *tail;
};

struct worker {
    /* Owner thread. */
    _Alignas(CACHE_LINE) struct actor_system *system;   /* outlives us */
    unsigned index;
    unsigned debt;              /* turns since the last round */
    unsigned batch;             /* turns until the next, and the most that an
                                 * actor has in one go; worker.c */
    struct poller *poller;      /* owned; NULL until asked for if manual */
    int64_t now_ns;
    int64_t polled_ns;
    struct recorder recorder;   /* read by any thread */
    struct msg_cache cache;

    /* Written by the owner, but for is_held; inspect.c. */
    const struct actor_msg_type *_Atomic handling;      /* NULL: no turn */
    struct actor_slot *_Atomic running;
    _Atomic int64_t round_ns;   /* of the last look at the clock */
    _Atomic bool is_held;

    struct heap io_timers;      /* worker_timer_start() */
    int64_t probe_period_ns;
    struct run_queue *glanced;  /* at the prober's last glance; NULL: none */
    int64_t glanced_ns;         /* when it first looked like that */
    uint32_t glanced_n_taken;
    bool is_last_probe;
    _Atomic bool is_in_turn;    /* read by any thread */
    pthread_t thread;
    struct log_crash_stack crash_stack;

    /* Any thread. */
    struct run_queue run_queue;
    _Alignas(CACHE_LINE) _Atomic bool is_parked;
    _Atomic int tid;            /* of a thread that dump.c may ask; 0: none */
    _Atomic bool is_prober;             /* worker.c */
    struct worker_job *_Atomic jobs;    /* newest first */
    _Atomic int64_t next_timer_ns;      /* of 'timers'; INT64_MAX: none */
    pthread_mutex_t timers_lock;
    struct heap timers;                 /* of actors */
};

/* Makes 'slot' run, on this worker if the thread is one of the system's. */
void worker_schedule(struct actor_slot *);

void worker_init(struct worker *, struct actor_system *, unsigned index);
void worker_fini(struct worker *);
void worker_start(struct worker *);
void worker_join(struct worker *);

/* Has a parked worker look round; otherwise nothing happens. */
void worker_wake(struct worker *);

/* What worker_current() gives. */
extern _Thread_local struct worker *worker_here;

/* The worker of 'system' whose thread this is; NULL if it is none. */
static inline struct worker *
worker_current_of(const struct actor_system *system)
{
    struct worker *worker = worker_here;

    return worker && worker->system == system ? worker : NULL;
}

/* The calling thread's worker, or one after the other for other threads. */
struct worker *worker_pick(struct actor_system *);

/* Makes the calling thread stand for 'worker'; returns whom it stood for. */
struct worker *worker_adopt(struct worker *);

/* Runs jobs that were posted; false if there were none. */
bool worker_run_jobs(struct worker *);

/* Fires what is due at 'now_ns'; false if nothing is. */
bool worker_run_timers(struct worker *, int64_t now_ns);

/* Runs the first runnable actor for a batch; false if there is none. */
bool worker_run_one(struct worker *);

/* When the next timer of either kind is due; INT64_MAX: none. */
int64_t worker_next_timer(const struct worker *);

/* --- the system --- */

#define SYSTEM_MAGIC 0x73797374u
#define N_EXIT_LOCKS 64u

struct actor_system {
    uint32_t magic;
    bool is_manual;
    unsigned n_workers;
    struct worker *workers;             /* owned */
    const struct poller_ops *poller;
    struct address address;
    struct actor_backend backend;       /* complete */
    struct actor_disk disk;             /* of 'backend' */
    struct metrics *metrics;            /* owned */
    struct metric *dead_letters;
    struct metric *depth_metric;        /* shows 'depth_max' */
    struct metric *n_stops, *n_stopped; /* pressure.c */

    char *delegate;                     /* owned; NULL: none */
    const struct actor_msg_type **messages;     /* owned; by name */
    size_t n_messages;

    const struct transport_ops *transport_ops;  /* NULL: none */
    void *transport;
    void *http;
    struct system_part *_Atomic http_client;    /* owned; NULL: none */

    struct slot_table slots;
    pthread_mutex_t exit_locks[N_EXIT_LOCKS];
    struct pressure_watch *pressure_watches[N_EXIT_LOCKS];  /* exit locks */
    struct pool *pool;                  /* owned */
    struct msg_depot *depot;            /* owned */
    pthread_mutex_t inspect_lock;       /* inspect.c; the outermost */
    pthread_mutex_t children_lock;
    struct actor_child *children;       /* children_lock; owned */

    /* Manual systems. */
    int64_t virtual_ns;
    uint64_t random[4];
    pthread_mutex_t random_lock;
    bool shuffles;
    uint64_t shuffle[4];                /* as 'random' */

    _Atomic bool is_stopping;           /* workers should end */
    _Atomic uint32_t depth_max;         /* of any mailbox so far */
    _Alignas(CACHE_LINE) _Atomic uint32_t n_parked;
    _Atomic bool has_prober;
    _Alignas(CACHE_LINE) _Atomic uint64_t last_call;
    _Atomic uint64_t last_timer;
    _Atomic uint64_t last_link;
    _Atomic uint32_t next_worker;
};

/* Fills in what 'backend' leaves open; the real ones, or the virtual clock
 * and the seeded randomness of a manual system. */
void backend_complete(struct actor_system *, const struct actor_backend *,
                      uint64_t seed);
bool backend_has_virtual_clock(const struct actor_system *);

/* Seeded randomness: the next 64 bits of state 's'. */
void seeded_init(uint64_t s[4], uint64_t seed);
uint64_t seeded_next(uint64_t s[4]);

/* --- messages and slots --- */

/* Puts '*msg' into the mailbox of the actor that has 'slot' in 'generation',
 * and schedules it.  Takes the message. */
void system_push(struct actor_system *, struct actor_slot *,
                 uint32_t generation, struct actor_msg *);

/* Counts a message that nobody will handle, tells its sender if that waits
 * for an answer, and frees it. */
void system_dead_letter(struct actor_system *, struct actor_msg *);

/* Whether 'msg' says that nobody will answer the call. */
bool system_is_no_answer(const struct actor_msg *);

/* Where the actor called 'upid' is; NULL if it is not one of ours or there is
 * none. */
struct actor_slot *system_find(struct actor_system *, const struct upid *,
                               uint32_t *ret_generation);

/* Guards who watches the end of the actor in 'slot'. */
static inline pthread_mutex_t *
slot_exit_lock(const struct actor_slot *slot)
{
    return &slot->system->exit_locks[slot->index % N_EXIT_LOCKS];
}

static inline bool
system_is_local(const struct actor_system *system, const struct upid *upid)
{
    return address_equal(&system->address, &upid->address);
}

/* Runs a batch of messages of the actor in 'slot'.  True if it has to run
 * again. */
bool turn_run(struct worker *, struct actor_slot *);

/* Ends the actor in 'slot'; the caller runs it, in a turn of 'worker' or, if
 * that is NULL, before its first.  The slot is free then. */
void turn_end_actor(struct worker *, struct actor_slot *);

/* --- inspect.c: looking into mailboxes --- */

/* Of worker->handling: between handlers; held there; in an actor's fini. */
extern const struct actor_msg_type worker_is_between;
extern const struct actor_msg_type worker_is_paused;
extern const struct actor_msg_type worker_is_ending;

/* Waits until the worker is not held any more. */
void inspect_pause(struct worker *);

/* The worker is going to touch the lists of the actor that it runs.  In
 * order: see inspect.c, which puts in the fence that is not here. */
static inline void
worker_between_handlers(struct worker *worker)
{
    /* Release: pairs with the acquire in inspect.c. */
    atomic_store_explicit(&worker->handling, &worker_is_between,
                          memory_order_release);
    atomic_signal_fence(memory_order_seq_cst);
    if (UNLIKELY(atomic_load_explicit(&worker->is_held,
                                      memory_order_acquire))) {
        inspect_pause(worker);
    }
}

/* It will not until it calls worker_between_handlers() again.  NULL: the turn
 * is over. */
static inline void
worker_enter_handler(struct worker *worker, const struct actor_msg_type *type)
{
    atomic_store_explicit(&worker->handling, type, memory_order_release);
}

/* --- parts of an actor that end with it; each in its turn --- */

enum {
    ACTOR_FLAG_STOPPING = 1,    /* ends after the present handler */
};

#define ACTOR_MAGIC 0x6163746fu

void timer_cancel_all(struct actor *);
void timer_fire(struct worker *, size_t *heap_index);

void op_destroy_all(struct actor *);
void op_on_reply(struct actor *, struct actor_msg *);

/* Whom the operation waits for is gone, and so is its link. */
void op_on_exited(struct op *);

void child_forget_all(struct actor *);

/* Frees what watches processes that still run; the workers have ended. */
void child_destroy_all(struct actor_system *);

/* Links of 'self' to others. */
void link_clear(struct actor *);

/* Makes 'op->link' a link to whom the operation waits for; link_release()
 * when it does not any more. */
void link_hold(struct actor *, const struct upid *to, struct op *);
void link_release(struct actor *, struct op *);

/* Links and watches of others to the actor in 'slot', which is dead. */
void link_announce_exit(struct actor_slot *);

/* Watches the actor in 'slot'; false if it is gone. */
bool link_watch(struct actor_slot *, uint32_t generation, struct exit_watch *);

/* --- pressure.c: connections that wait for actors --- */

/* Of actor_slot.edge: KiB in the inbox, in large messages; so much was taken
 * with the inbox; somebody waits for the actor to catch up. */
#define EDGE_KIB UINT32_C(0x3fffffff)
#define EDGE_IS_HEAVY (UINT32_C(1) << 30)
#define EDGE_IS_AWAITED (UINT32_C(1) << 31)

void pressure_init(struct actor_system *);
void pressure_fini(struct actor_system *);

/* 'size' bytes are about to come into the inbox; gives the KiB there are
 * then.  Any thread. */
uint32_t pressure_add_size(struct actor_slot *, size_t size);

/* Arms 'watch', unless the actor is gone or has caught up.  The watch's
 * thread. */
void pressure_await(struct actor_slot *, uint32_t generation,
                    struct pressure_watch *watch);

/* The next ones are for whoever runs the actor, or just did, and only worth a
 * call if slot->edge is not 0: the inbox was taken, 'n_waiting' in all; a
 * batch is over, and 'n_waiting' are left; the mailbox has become idle, or the
 * actor has ended. */
void pressure_on_take(struct actor_slot *, uint32_t n_waiting);
void pressure_on_batch(struct actor_slot *, uint32_t n_waiting);
void pressure_on_idle(struct actor_slot *);

/* --- the pool of work.h --- */

struct pool *pool_create(struct actor_system *);

/* Runs what is queued, and ends the threads. */
void pool_destroy(struct pool *);

/* Manual systems: runs one piece of work; false if there is none. */
bool pool_run_one(struct pool *);

/* Runs 'fn(arg)' for a waiting operation; the message that tells is
 * op_on_work(). */
void pool_submit_op(struct actor *, struct op *, uint64_t call,
                    struct error *(*fn)(void *), void *arg);
void op_on_work(struct actor *self, struct op *, uint64_t call,
                struct error *error);

/* The work is over and will not be told to the actor. */
void op_work_dropped(struct op *);

#endif /* CORE_SYSTEM_PRIVATE_H */
