/* SPDX-License-Identifier: Apache-2.0
 *
 * callbacks.h - what a framework is to be told, in order.
 *
 * Callbacks run in the worker pool, one at a time: while some run, further
 * ones gather and go together when those are done.
 *
 * Thread-safety: the actor's turns. */
#ifndef SCHEDULER_DRIVER_CALLBACKS_H
#define SCHEDULER_DRIVER_CALLBACKS_H 1

#include <stdbool.h>

struct actor;
struct callback;
struct message;
struct mesos_scheduler_driver;

enum callback_kind {
    CALLBACK_REGISTERED,
    CALLBACK_REREGISTERED,
    CALLBACK_DISCONNECTED,
    CALLBACK_EVENT,             /* offers, update, ...: as the event says */
    CALLBACK_ERROR,             /* also when the driver is aborted */
};

/* Zeroed but for 'driver' and 'idle': empty. */
struct callback_queue {
    struct mesos_scheduler_driver *driver;      /* borrowed */

    /* Called in the actor's turn when the last callback has returned. */
    void (*idle)(struct actor *self);
    struct callback *first, *last;      /* owned; wait to be run */
    bool is_busy;                       /* some run now */
};

/* Takes '*event' (may point to NULL), which becomes NULL. */
void callback_queue_push(struct actor *self, struct callback_queue *,
                         enum callback_kind, struct message **event);

bool callback_queue_is_idle(const struct callback_queue *);

/* Whether the calling thread is in one of the driver's callbacks. */
bool callback_is_running(const struct mesos_scheduler_driver *);

/* Drops what waits; what runs, runs on. */
void callback_queue_fini(struct callback_queue *);

#endif /* SCHEDULER_DRIVER_CALLBACKS_H */
