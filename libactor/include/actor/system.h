/* SPDX-License-Identifier: Apache-2.0
 *
 * system.h - an actor system: workers, actors, one port.
 *
 * There is no global runtime: everything hangs off a 'struct actor_system', so
 * a process may hold several.  A system takes its clock, randomness, network,
 * disk and child processes from back ends (backend.h), chosen when it is
 * created; NULL stands for the real ones.
 *
 * A real system has worker threads, each with its own event loop.  A manual
 * system has none: the thread that made it runs actors with
 * actor_system_run() and moves the virtual clock with
 * actor_system_advance(), in a deterministic order; that is how tests and the
 * simulator drive it.
 *
 * Thread-safety: create and destroy on one thread; the rest as said. */
#ifndef ACTOR_SYSTEM_H
#define ACTOR_SYSTEM_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/compiler.h>

struct actor_backend;
struct actor_msg_type;
struct actor_system;
struct error;
struct http_options;
struct metrics;
struct upid;
struct uuid;

/* The bounds of links to other systems; 0 takes what limits.h and docs/wire.md
 * say.  Tests make them small. */
struct actor_link_bounds {
    size_t queue_size;          /* bytes that may wait for one system */
    size_t n_watches;           /* links of one system's actors to ours */
    int64_t dial_timeout_ns;    /* from dialling to the answer */

    /* How long a system may be silent, or leave what we sent without the
     * kernel's acknowledgement, before it is taken for lost; in whole seconds,
     * 3 or more. */
    int64_t silence_ns;
};

struct actor_system_options {
    /* Worker threads, 1..1024; 0: as many as processors are online. */
    unsigned n_workers;

    /* No threads; see above.  'n_workers' is then ignored. */
    bool manual;

    /* Where to listen; port 0 takes a free one.  No family: no port at all,
     * and UPIDs say 127.0.0.1:0. */
    struct address listen;

    /* What UPIDs say instead of the bound address.  No family: that address
     * itself.  The any-address: the first address of this host.  Port 0: the
     * bound one. */
    struct address advertise;

    /* Id of the actor whose routes also answer without its id in front:
     * "/state" for "/master/state".  NULL: none. */
    const char *delegate;

    /* Of the HTTP server; http_server.h.  NULL: the defaults. */
    const struct http_options *http;

    /* Messages that may arrive over links: proto/messages.h. */
    const struct actor_msg_type *const *messages;
    size_t n_messages;

    struct actor_link_bounds link;

    const struct actor_backend *backend;        /* NULL: all real */

    /* Seed of a manual system's randomness. */
    uint64_t seed;

    /* Manual systems: which runnable actor comes next, and for how many
     * messages, is drawn from the seed instead of being first come, first
     * served. */
    bool shuffle;
};

/* Starts a system: binds the port, starts the workers and the built-in actors
 * (help, metrics, logging, version, __processes__).  Options are copied. */
struct error *actor_system_create(const struct actor_system_options *,
                                  struct actor_system **ret) MUST_CHECK;

/* Terminates all actors, newest first, waits for them, closes the port and
 * joins the threads.  Not from one of its workers.  NULL is fine. */
void actor_system_destroy(struct actor_system *);

/* The address in our UPIDs. */
const struct address *actor_system_address(const struct actor_system *);

struct metrics *actor_system_metrics(struct actor_system *);

/* The UPID of local actor 'id', alive or not. */
struct error *actor_system_upid(struct actor_system *, const char *id,
                                struct upid *ret) MUST_CHECK;

int64_t actor_system_now(const struct actor_system *);
int64_t actor_system_wall_now(const struct actor_system *);

/* For names that are needed before there is an actor; any thread. */
void actor_system_random_uuid(struct actor_system *, struct uuid *ret_uuid);

/* --- seeing what goes on --- */

/* Has the signal 'number' (SIGUSR2 in our daemons) write to the log what the
 * systems of this process are doing: what each worker is at, since when and
 * where in the code, which mailboxes are deepest, and the last messages of
 * each worker.  It goes on running; a worker that is stuck hinders nothing.
 * Call it before the first system is created.
 *
 * Whether or not it is called, crash reports (log_install_crash_handler())
 * tell the same of the worker that crashed. */
void actor_system_dump_on_signal(int number);

/* --- manual systems --- */

/* Runs turns until no actor is runnable and no due timer is left.  Returns
 * how many turns there were. */
size_t actor_system_run(struct actor_system *);

/* Moves the clock forward by 'ns', firing timers in order and running all
 * that becomes runnable at each. */
void actor_system_advance(struct actor_system *, int64_t ns);

/* When the next timer is due; INT64_MAX if none is armed. */
int64_t actor_system_next_timer(const struct actor_system *);

/* --- waiting from outside --- */

/* A gate that any thread may open, once, and that threads outside the system
 * wait at: how drivers join application threads to actors. */
struct actor_gate;

struct actor_gate *actor_gate_create(void);
void actor_gate_destroy(struct actor_gate *);
void actor_gate_open(struct actor_gate *);
bool actor_gate_is_open(const struct actor_gate *);

/* False if 'timeout_ns' ran out first. */
bool actor_gate_wait(struct actor_gate *, int64_t timeout_ns);

/* A mutex for the data that an application's threads share with an actor in
 * a driver; recursive.  Actors themselves have no use for it. */
struct actor_mutex;

struct actor_mutex *actor_mutex_create(void);
void actor_mutex_destroy(struct actor_mutex *);
void actor_mutex_lock(struct actor_mutex *);
void actor_mutex_unlock(struct actor_mutex *);

#endif /* ACTOR_SYSTEM_H */
