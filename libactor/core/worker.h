/* SPDX-License-Identifier: Apache-2.0
 *
 * worker.h - the threads that run actors, and their event loops.
 *
 * A worker runs runnable actors and, between batches and when idle, its
 * poller.  Connections, listeners and watched descriptors belong to one
 * worker: their callbacks run on its thread, between actor turns.  Other
 * threads reach them by posting a job.
 *
 * The poller is an interface, implemented over libev in net/loop.c: core knows
 * no event library.
 *
 * Thread-safety: said for each function. */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor_system;
struct worker;

/* --- pollers --- */

enum {
    POLL_READ = 1,
    POLL_WRITE = 2,
};

struct poller;

/* A watched descriptor; embedded in its owner, zeroed before first use. */
struct poll_watch {
    void (*fn)(struct poll_watch *, int events);
    int fd;
    int events;
    void *private[6];           /* the poller's */
};

struct poller_ops {
    struct poller *(*create)(void);
    void (*destroy)(struct poller *);

    /* Waits for events or poller_ops.wake, at most 'timeout_ns' (negative: for
     * ever; 0: just looks), and runs callbacks.  Owner thread. */
    void (*run)(struct poller *, int64_t timeout_ns);

    /* Makes 'run' return soon.  Any thread. */
    void (*wake)(struct poller *);

    /* Owner thread.  'events' 0 stops watching; may be called again and again,
     * also from callbacks. */
    void (*watch)(struct poller *, struct poll_watch *, int fd, int events);
};

extern const struct poller_ops poller_libev;    /* net/loop.c */

/* --- workers --- */

/* Work for a worker's thread; embedded in its owner, which must not post it
 * again before it has run. */
struct worker_job {
    struct worker_job *next;    /* private */
    void (*fn)(struct worker_job *);
};

unsigned system_n_workers(const struct actor_system *);
struct worker *system_worker(struct actor_system *, unsigned index);
struct actor_system *worker_system(struct worker *);
struct poller *worker_poller(struct worker *);

/* The worker whose thread this is; NULL outside. */
struct worker *worker_current(void);

/* Runs 'job' on the worker's thread, soon: after the present turn if that is
 * the calling thread.  Any thread.  Jobs of one poster run in order. */
void worker_post(struct worker *, struct worker_job *);

/* Has the worker of that index call 'fn', as a job, and waits until it has.
 * For threads that are none of the system's; a manual system is run
 * meanwhile. */
void system_call_worker(struct actor_system *, unsigned index,
                        void (*fn)(void *aux, unsigned index), void *aux);

/* Calls 'fn' on the worker's thread at the monotonic time 'at_ns', once.
 * Owner thread.  Embedded in its owner, zeroed before first use. */
struct worker_timer {
    void (*fn)(struct worker_timer *);
    int64_t at_ns;              /* private from here on */
    size_t heap_index;          /* 0: not armed */
};
void worker_timer_start(struct worker *, struct worker_timer *,
                        int64_t delay_ns, void (*fn)(struct worker_timer *));
void worker_timer_stop(struct worker *, struct worker_timer *);

/* Monotonic time, read once a loop round; owner thread. */
int64_t worker_now(struct worker *);

#endif /* CORE_WORKER_H */
