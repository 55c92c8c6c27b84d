/* SPDX-License-Identifier: Apache-2.0
 *
 * callbacks.c - runs a framework's callbacks off the actor's turn.
 *
 * Thread: the queue belongs to the actor; a batch that runs belongs to the
 * pool's thread, and touches nothing of the actor but the driver's fixed part
 * and its status. */
#include <config.h>

#include "scheduler-driver/callbacks.h"

#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include <actor/work.h>

#include "scheduler-driver/calls.h"
#include "scheduler-driver/driver.h"

struct callback {
    struct callback *next;      /* owned */
    enum callback_kind kind;
    struct message *event;      /* counted; NULL for a lost connection */
};

struct batch {
    struct mesos_scheduler_driver *driver;      /* borrowed; outlives us */
    struct callback_queue *queue;       /* the actor's turn only */
    struct callback *first;     /* owned */
};

/* Whose callbacks the thread runs. */
static _Thread_local const struct mesos_scheduler_driver *told_driver;

/* --- one callback --- */

static void
run_status_update(struct mesos_scheduler_driver *driver,
                  const V1__TaskStatus *status)
{
    if (driver->callbacks.status_update) {
        driver->callbacks.status_update(driver, driver->user, status);
    }
    if (!driver->explicit_acknowledgements && driver_is_running(driver)) {
        struct message *call = call_create_acknowledge(status);

        if (call) {
            driver_post_call(driver, &call);
        }
    }
}

static void
run_failure(struct mesos_scheduler_driver *driver,
            const Scheduler__Event__Failure *failure)
{
    const struct mesos_scheduler_callbacks *to = &driver->callbacks;

    if (failure->executor_id) {
        if (to->executor_lost) {
            to->executor_lost(driver, driver->user, failure->executor_id,
                              failure->agent_id, failure->status);
        }
    } else if (to->agent_lost) {
        to->agent_lost(driver, driver->user, failure->agent_id);
    }
}

static void
run_event(struct mesos_scheduler_driver *driver, const Scheduler__Event *event)
{
    const struct mesos_scheduler_callbacks *to = &driver->callbacks;

    switch (event->type) {
    case SCHEDULER__EVENT__TYPE__OFFERS:
        if (to->resource_offers) {
            to->resource_offers(driver, driver->user,
                                (const V1__Offer *const *)
                                    event->offers->offers,
                                event->offers->n_offers);
        }
        break;
    case SCHEDULER__EVENT__TYPE__RESCIND:
        if (to->offer_rescinded) {
            to->offer_rescinded(driver, driver->user,
                                event->rescind->offer_id);
        }
        break;
    case SCHEDULER__EVENT__TYPE__INVERSE_OFFERS:
        if (to->inverse_offers) {
            to->inverse_offers(driver, driver->user,
                               (const V1__InverseOffer *const *)
                                   event->inverse_offers->inverse_offers,
                               event->inverse_offers->n_inverse_offers);
        }
        break;
    case SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER:
        if (to->inverse_offer_rescinded) {
            to->inverse_offer_rescinded(
                driver, driver->user,
                event->rescind_inverse_offer->inverse_offer_id);
        }
        break;
    case SCHEDULER__EVENT__TYPE__UPDATE:
        run_status_update(driver, event->update->status);
        break;
    case SCHEDULER__EVENT__TYPE__MESSAGE:
        if (to->framework_message) {
            to->framework_message(driver, driver->user,
                                  event->message->executor_id,
                                  event->message->agent_id,
                                  event->message->data.data,
                                  event->message->data.len);
        }
        break;
    case SCHEDULER__EVENT__TYPE__FAILURE:
        run_failure(driver, event->failure);
        break;
    default:
        UNREACHABLE();
    }
}

static void
run_callback(struct mesos_scheduler_driver *driver, const struct callback *c)
{
    const struct mesos_scheduler_callbacks *to = &driver->callbacks;
    const Scheduler__Event *event = c->event ? message_root(c->event) : NULL;

    switch (c->kind) {
    case CALLBACK_REGISTERED:
        if (to->registered) {
            to->registered(driver, driver->user,
                           event->subscribed->framework_id,
                           event->subscribed->master_info);
        }
        break;
    case CALLBACK_REREGISTERED:
        if (to->reregistered) {
            to->reregistered(driver, driver->user,
                             event->subscribed->master_info);
        }
        break;
    case CALLBACK_DISCONNECTED:
        if (to->disconnected) {
            to->disconnected(driver, driver->user);
        }
        break;
    case CALLBACK_EVENT:
        run_event(driver, event);
        break;
    case CALLBACK_ERROR:
        if (to->error) {
            to->error(driver, driver->user, event->error->message);
        }
        break;
    }
}

/* The names are those of Mesos' C++ interface. */
static const char *
callback_name(const struct callback *c)
{
    const Scheduler__Event *event = c->event ? message_root(c->event) : NULL;

    switch (c->kind) {
    case CALLBACK_REGISTERED:
        return "registered";
    case CALLBACK_REREGISTERED:
        return "reregistered";
    case CALLBACK_DISCONNECTED:
        return "disconnected";
    case CALLBACK_ERROR:
        return "error";
    case CALLBACK_EVENT:
        break;
    }
    switch (event->type) {
    case SCHEDULER__EVENT__TYPE__OFFERS:
        return "resourceOffers";
    case SCHEDULER__EVENT__TYPE__RESCIND:
        return "offerRescinded";
    case SCHEDULER__EVENT__TYPE__INVERSE_OFFERS:
        return "inverseOffers";
    case SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER:
        return "inverseOfferRescinded";
    case SCHEDULER__EVENT__TYPE__UPDATE:
        return "statusUpdate";
    case SCHEDULER__EVENT__TYPE__MESSAGE:
        return "frameworkMessage";
    default:
        return event->failure->executor_id ? "executorLost" : "slaveLost";
    }
}

/* --- a batch --- */

static struct error *
run_batch(void *batch_)
{
    struct batch *batch = batch_;
    struct mesos_scheduler_driver *driver = batch->driver;

    told_driver = driver;
    for (struct callback *c = batch->first; c; c = c->next) {
        if (c->kind == CALLBACK_ERROR || driver_is_running(driver)) {
            int64_t begin = actor_system_now(driver->system);

            run_callback(driver, c);
            vlog(1, "Scheduler::%s took %s", callback_name(c),
                 DURATION_TEXT(actor_system_now(driver->system) - begin));
        }
        metric_add(driver->n_events, -1);
    }
    told_driver = NULL;
    return NULL;
}

static void
destroy_all(struct callback *c)
{
    while (c) {
        struct callback *next = c->next;

        message_unref(c->event);
        free(c);
        c = next;
    }
}

static void
destroy_batch(void *batch_)
{
    struct batch *batch = batch_;

    destroy_all(batch->first);
    free(batch);
}

static void start_batch(struct actor *, struct callback_queue *);

static void
batch_done(struct actor *self, void *batch_, const struct error *error)
{
    struct callback_queue *queue = ((struct batch *) batch_)->queue;

    (void) error;
    queue->is_busy = false;
    if (queue->first) {
        start_batch(self, queue);
    } else {
        queue->idle(self);
    }
}

static void
start_batch(struct actor *self, struct callback_queue *queue)
{
    struct batch *batch = xcalloc(1, sizeof *batch);

    batch->driver = queue->driver;
    batch->queue = queue;
    batch->first = queue->first;
    queue->first = queue->last = NULL;
    queue->is_busy = true;
    actor_work(self, run_batch, batch_done, batch, destroy_batch);
}

/* --- the queue --- */

void
callback_queue_push(struct actor *self, struct callback_queue *queue,
                    enum callback_kind kind, struct message **event)
{
    struct callback *c = xcalloc(1, sizeof *c);

    c->kind = kind;
    c->event = steal(*event);
    if (queue->last) {
        queue->last->next = c;
    } else {
        queue->first = c;
    }
    queue->last = c;
    metric_add(queue->driver->n_events, 1);
    if (!queue->is_busy) {
        start_batch(self, queue);
    }
}

bool
callback_is_running(const struct mesos_scheduler_driver *driver)
{
    return told_driver == driver;
}

bool
callback_queue_is_idle(const struct callback_queue *queue)
{
    return !queue->is_busy && !queue->first;
}

void
callback_queue_fini(struct callback_queue *queue)
{
    destroy_all(queue->first);
    queue->first = queue->last = NULL;
}
