/* SPDX-License-Identifier: Apache-2.0
 *
 * driver.c - the executor driver: the session with the agent, as a program in
 * C sees it.
 *
 * Events of the session become callbacks, which run in the worker pool, one
 * after another, since they may block: an actor, executor-callbacks(1), keeps
 * the queue.
 *
 * Thread: functions any; 'status' is guarded by the mutex, which is not held
 * while callbacks run.  The queue belongs to the actor; the event that is
 * being told belongs to the pool's thread. */
#include <config.h>

#include <mesos/executor.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/log_environment.h>
#include <actor/message.h>
#include <actor/system.h>
#include <actor/vec.h>
#include <actor/work.h>
#include <actor/version.h>

#include "executor/executor_environment.h"
#include "executor/session.h"
#include "proto/messages.h"

#define STOP_TIMEOUT (5 * SECOND)

struct mesos_executor_driver {
    /* Fixed once started. */
    struct mesos_executor_callbacks callbacks;
    void *user;
    struct executor_environment environment;
    struct actor_system *system;        /* owned; NULL: not started */
    struct upid session;
    struct upid queue;

    struct actor_gate *gate;            /* owned; opened when all is over */
    struct actor_mutex *mutex;          /* owned; guards 'status' */
    enum mesos_status status;
    bool was_registered;                /* the pool's thread only */
};

/* The actor that has callbacks called. */
struct queue {
    struct actor base;
    struct mesos_executor_driver *driver;       /* outlives us */
    VEC(struct message *) waiting;      /* counted; NULL: disconnected */
    bool is_busy;
};

struct queue_event {
    struct message *event;      /* counted */
};

/* One callback in the pool. */
struct telling {
    struct mesos_executor_driver *driver;       /* outlives us */
    struct message *event;      /* counted; NULL: disconnected */
};

static void queue_event_fini(void *);

static const struct actor_msg_type msg_queue_event = {
    .name = "executor-callback",
    .size = sizeof(struct queue_event), .fini = queue_event_fini,
};

static const struct actor_msg_type *const messages[] = {
    &msg_executor_call, &msg_executor_event, &msg_reconnect_executor,
};

static struct error *start(struct mesos_executor_driver *);
static bool is_running(struct mesos_executor_driver *);
static enum mesos_status end(struct mesos_executor_driver *,
                             enum mesos_status how, int64_t timeout_ns);
static void relay_event(void *driver, struct message *event);
static void relay_disconnected(void *driver);
static struct error *queue_init(struct actor *, void *driver);
static void queue_fini(struct actor *);
static void on_queue_event(struct actor *, struct actor_msg *);
static void tell_next(struct queue *);
static struct error *tell_run(void *telling);
static void tell_done(struct actor *, void *telling, const struct error *);
static void tell_destroy(void *telling);
static void tell(struct mesos_executor_driver *, const Executor__Event *);
static void tell_group(struct mesos_executor_driver *,
                       const V1__TaskGroupInfo *);

static const struct actor_handler handlers[] = {
    { &msg_queue_event, on_queue_event },
};

static const struct actor_type queue_type = {
    .name = "executor-callbacks", .size = sizeof(struct queue),
    .init = queue_init, .fini = queue_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- creating --- */

/* As much of the caller's struct as it has and we know. */
static void
copy_sized(void *to, size_t to_size, const void *from, size_t from_size)
{
    memcpy(to, from, from_size < to_size ? from_size : to_size);
}

struct mesos_executor_driver *
mesos_executor_driver_create(const struct mesos_executor_options *given)
{
    struct mesos_executor_driver *driver = xcalloc(1, sizeof *driver);
    struct mesos_executor_options options = { 0 };

    copy_sized(&options, sizeof options, given, given->size);
    if (options.callbacks) {
        copy_sized(&driver->callbacks, sizeof driver->callbacks,
                   options.callbacks, options.callbacks->size);
    }
    driver->user = options.user;
    driver->gate = actor_gate_create();
    driver->mutex = actor_mutex_create();
    driver->status = MESOS_DRIVER_NOT_STARTED;
    return driver;
}

void
mesos_executor_driver_destroy(struct mesos_executor_driver *driver)
{
    if (!driver) {
        return;
    }
    if (is_running(driver)) {
        (void) mesos_executor_driver_stop(driver);
    }
    if (driver->system) {
        (void) actor_gate_wait(driver->gate, DURATION_FOREVER);
    }
    actor_system_destroy(driver->system);
    executor_environment_fini(&driver->environment);
    actor_gate_destroy(driver->gate);
    actor_mutex_destroy(driver->mutex);
    free(driver);
}

/* --- life --- */

enum mesos_status
mesos_executor_driver_start(struct mesos_executor_driver *driver)
{
    autoerror *error = NULL;

    actor_mutex_lock(driver->mutex);
    if (driver->status == MESOS_DRIVER_NOT_STARTED) {
        error = start(driver);
        driver->status = error ? MESOS_DRIVER_ABORTED : MESOS_DRIVER_RUNNING;
    }
    enum mesos_status status = driver->status;
    actor_mutex_unlock(driver->mutex);

    if (error) {
        actor_gate_open(driver->gate);
        log_error("%s", error_text(error));
        if (driver->callbacks.error) {
            driver->callbacks.error(driver, driver->user, error_text(error));
        }
    }
    return status;
}

static struct error *
start(struct mesos_executor_driver *driver)
{
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = messages, .n_messages = ARRAY_SIZE(messages),
    };
    struct session_options session = {
        .environment = &driver->environment,
        .on_event = relay_event,
        .on_disconnected = relay_disconnected,
        .aux = driver,
    };
    struct error *error = log_init_from_environment("executor", "MESOS_");

    if (error) {
        return error;
    }
    log_info("Version: %s", ACTOR_MESOS_VERSION);
    error = executor_environment_read(&driver->environment);
    if (!error) {
        error = executor_environment_address(&options);
    }
    if (!error) {
        error = actor_system_create(&options, &driver->system);
    }
    if (!error) {
        error = actor_spawn(driver->system, &queue_type, NULL, driver,
                            &driver->queue);
    }
    if (!error) {
        error = session_start(driver->system, &session, &driver->session);
    }
    return error;
}

enum mesos_status
mesos_executor_driver_stop(struct mesos_executor_driver *driver)
{
    return end(driver, MESOS_DRIVER_STOPPED, STOP_TIMEOUT);
}

enum mesos_status
mesos_executor_driver_abort(struct mesos_executor_driver *driver)
{
    log_info("Deactivating the executor libprocess");
    return end(driver, MESOS_DRIVER_ABORTED, 0);
}

static enum mesos_status
end(struct mesos_executor_driver *driver, enum mesos_status how,
    int64_t timeout_ns)
{
    actor_mutex_lock(driver->mutex);
    enum mesos_status before = driver->status;

    if (before == MESOS_DRIVER_RUNNING) {
        driver->status = how;
        session_stop(driver->system, &driver->session, driver->gate,
                     timeout_ns);
    } else if (before == MESOS_DRIVER_ABORTED) {
        driver->status = how;           /* the session has ended already */
    }
    actor_mutex_unlock(driver->mutex);
    return before == MESOS_DRIVER_RUNNING ? how : before;
}

enum mesos_status
mesos_executor_driver_join(struct mesos_executor_driver *driver)
{
    actor_mutex_lock(driver->mutex);
    enum mesos_status status = driver->status;
    actor_mutex_unlock(driver->mutex);

    if (status == MESOS_DRIVER_NOT_STARTED) {
        return status;
    }
    (void) actor_gate_wait(driver->gate, DURATION_FOREVER);
    actor_mutex_lock(driver->mutex);
    status = driver->status;
    actor_mutex_unlock(driver->mutex);
    return status;
}

enum mesos_status
mesos_executor_driver_run(struct mesos_executor_driver *driver)
{
    enum mesos_status status = mesos_executor_driver_start(driver);

    return status == MESOS_DRIVER_RUNNING ? mesos_executor_driver_join(driver)
                                          : status;
}

static bool
is_running(struct mesos_executor_driver *driver)
{
    actor_mutex_lock(driver->mutex);
    bool result = driver->status == MESOS_DRIVER_RUNNING;
    actor_mutex_unlock(driver->mutex);
    return result;
}

/* --- calls --- */

enum mesos_status
mesos_executor_driver_send_status_update(struct mesos_executor_driver *driver,
                                         const V1__TaskStatus *status)
{
    struct message *m = message_clone(&status->base);

    actor_mutex_lock(driver->mutex);
    enum mesos_status result = driver->status;
    if (result == MESOS_DRIVER_RUNNING) {
        session_update(driver->system, &driver->session, &m);
    }
    actor_mutex_unlock(driver->mutex);
    message_unref(m);
    return result;
}

enum mesos_status
mesos_executor_driver_send_framework_message(
    struct mesos_executor_driver *driver, const void *data, size_t size)
{
    actor_mutex_lock(driver->mutex);
    enum mesos_status result = driver->status;
    if (result == MESOS_DRIVER_RUNNING) {
        session_send_data(driver->system, &driver->session, data, size);
    }
    actor_mutex_unlock(driver->mutex);
    return result;
}

/* --- from the session's turn into the queue's --- */

static void
relay_event(void *aux, struct message *event)
{
    struct mesos_executor_driver *driver = aux;
    struct actor_msg *msg = actor_msg_create(&msg_queue_event);
    struct queue_event *body = actor_msg_body(msg, &msg_queue_event);

    body->event = message_ref(event);
    actor_post(driver->system, &driver->queue, &msg);
}

static void
relay_disconnected(void *aux)
{
    struct mesos_executor_driver *driver = aux;
    struct actor_msg *msg = actor_msg_create(&msg_queue_event);

    actor_post(driver->system, &driver->queue, &msg);
}

static struct error *
queue_init(struct actor *self, void *driver)
{
    ((struct queue *) self)->driver = driver;
    return NULL;
}

static void
queue_fini(struct actor *self)
{
    struct queue *queue = (struct queue *) self;

    vec_foreach (&queue->waiting, it) {
        message_unref(*it);
    }
    vec_fini(&queue->waiting);
}

static void
on_queue_event(struct actor *self, struct actor_msg *msg)
{
    struct queue *queue = (struct queue *) self;
    struct queue_event *body = actor_msg_body(msg, &msg_queue_event);

    vec_push(&queue->waiting, steal(body->event));
    if (!queue->is_busy) {
        tell_next(queue);
    }
}

static void
tell_next(struct queue *queue)
{
    struct telling *telling = xcalloc(1, sizeof *telling);

    telling->driver = queue->driver;
    telling->event = queue->waiting.data[0];
    vec_remove(&queue->waiting, 0);
    queue->is_busy = true;
    actor_work(&queue->base, tell_run, tell_done, telling, tell_destroy);
}

/* --- callbacks, in the pool --- */

static struct error *
tell_run(void *aux)
{
    struct telling *telling = aux;
    struct mesos_executor_driver *driver = telling->driver;

    if (!is_running(driver)) {
        return NULL;
    }
    if (telling->event) {
        tell(driver, message_root(telling->event));
    } else if (driver->callbacks.disconnected) {
        driver->callbacks.disconnected(driver, driver->user);
    }
    return NULL;
}

static void
tell_done(struct actor *self, void *aux UNUSED,
          const struct error *error UNUSED)
{
    struct queue *queue = (struct queue *) self;

    queue->is_busy = false;
    if (queue->waiting.n > 0) {
        tell_next(queue);
    }
}

static void
tell_destroy(void *aux)
{
    struct telling *telling = aux;

    message_unref(telling->event);
    free(telling);
}

static void
tell_subscribed(struct mesos_executor_driver *driver,
                const Executor__Event__Subscribed *event)
{
    const struct mesos_executor_callbacks *to = &driver->callbacks;

    if (driver->was_registered) {
        if (to->reregistered) {
            to->reregistered(driver, driver->user, event->agent_info);
        }
    } else if (to->registered) {
        to->registered(driver, driver->user, event->executor_info,
                       event->framework_info, event->agent_info);
    }
    driver->was_registered = true;
}

static void
tell(struct mesos_executor_driver *driver, const Executor__Event *event)
{
    const struct mesos_executor_callbacks *to = &driver->callbacks;

    switch (event->type) {
    case EXECUTOR__EVENT__TYPE__SUBSCRIBED:
        tell_subscribed(driver, event->subscribed);
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH:
        if (to->launch_task) {
            to->launch_task(driver, driver->user, event->launch->task);
        }
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
        tell_group(driver, event->launch_group->task_group);
        break;
    case EXECUTOR__EVENT__TYPE__KILL:
        if (to->kill_task) {
            to->kill_task(driver, driver->user, event->kill->task_id,
                          event->kill->kill_policy);
        }
        break;
    case EXECUTOR__EVENT__TYPE__MESSAGE:
        if (to->framework_message) {
            to->framework_message(driver, driver->user,
                                  event->message->data.data,
                                  event->message->data.len);
        }
        break;
    case EXECUTOR__EVENT__TYPE__SHUTDOWN:
        if (to->shutdown) {
            to->shutdown(driver, driver->user);
        }
        if (is_running(driver)) {
            (void) mesos_executor_driver_stop(driver);
        }
        break;
    case EXECUTOR__EVENT__TYPE__ERROR:
        (void) mesos_executor_driver_abort(driver);
        if (to->error) {
            to->error(driver, driver->user, event->error->message);
        }
        break;
    default:
        break;
    }
}

static void
tell_group(struct mesos_executor_driver *driver,
           const V1__TaskGroupInfo *group)
{
    const struct mesos_executor_callbacks *to = &driver->callbacks;

    if (to->launch_task_group) {
        to->launch_task_group(driver, driver->user, group);
    } else if (to->launch_task) {
        for (size_t i = 0; i < group->n_tasks; i++) {
            to->launch_task(driver, driver->user, group->tasks[i]);
        }
    }
}

static void
queue_event_fini(void *aux)
{
    struct queue_event *body = aux;

    message_unref(body->event);
}
