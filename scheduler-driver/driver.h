/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.h - the inside of a scheduler driver.
 *
 * An application's threads see driver.c, which guards the status and hands
 * calls on.  The scheduler's actor (scheduler.c) speaks with the master.  What
 * it has to tell the framework goes through a queue (callbacks.c) that runs
 * off the actor's turn, since a framework's callback may block.
 *
 * Private to scheduler-driver/.
 * Thread-safety: said for each function. */
#ifndef SCHEDULER_DRIVER_DRIVER_H
#define SCHEDULER_DRIVER_DRIVER_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/upid.h>
#include <mesos/scheduler.h>

#include "scheduler-driver/role_set.h"

struct actor_gate;
struct actor_mutex;
struct actor_system;
struct error;
struct message;
struct metric;

struct mesos_scheduler_driver {
    /* Fixed once started. */
    struct mesos_scheduler_callbacks callbacks;
    void *user;
    bool explicit_acknowledgements;
    struct actor_system *system;        /* owned; NULL: not started */
    struct upid scheduler;              /* the actor */
    bool has_scheduler;                 /* the start did not fail */

    /* Callbacks that wait, calls that wait; of the system's. */
    struct metric *n_events, *n_calls;

    /* Of the options, until started; then the actor has them. */
    struct message *framework;          /* counted; a V1.FrameworkInfo */
    char *master;                       /* owned; NULL: none was given */
    struct role_set suppressed_roles;   /* owned */

    /* Opened when the driver is over: what join waits for. */
    struct actor_gate *gate;            /* owned */

    /* Guards 'status'. */
    struct actor_mutex *mutex;          /* owned */
    enum mesos_status status;
};

/* --- driver.c; any thread --- */

bool driver_is_running(struct mesos_scheduler_driver *);

/* RUNNING becomes ABORTED; true if it did. */
bool driver_set_aborted(struct mesos_scheduler_driver *);

/* Hands '*call' (which becomes NULL) to the actor, who takes it off the count
 * of those that wait. */
void driver_post_call(struct mesos_scheduler_driver *, struct message **call);

/* --- scheduler.c --- */

struct scheduler_options {
    struct mesos_scheduler_driver *driver;      /* outlives the actor */
    const struct upid *detector;        /* says who leads; election/election.h */
    struct message *framework;
    const struct role_set *suppressed_roles;
    int64_t backoff_ns;                 /* first pause between attempts */
};

/* Starts the actor; from there on it goes where the master is. */
struct error *scheduler_spawn(struct actor_system *, const char *id,
                              const struct scheduler_options *,
                              struct upid *ret) MUST_CHECK;

/* Any thread. */
void scheduler_post_call(struct actor_system *, const struct upid *,
                         struct message **call);

enum scheduler_end {
    SCHEDULER_TEARDOWN,         /* the master removes the framework */
    SCHEDULER_FAILOVER,         /* somebody will take over */
    SCHEDULER_ABORT,            /* the same, for another reason */
};

/* Ends the actor.  The driver's gate opens once what has to be said to the
 * master is on its way. */
void scheduler_post_stop(struct actor_system *, const struct upid *,
                         enum scheduler_end);

#endif /* SCHEDULER_DRIVER_DRIVER_H */
