/* SPDX-License-Identifier: Apache-2.0
 *
 * driver_stage.h - a framework that notes what it hears, its driver, and a
 * fake master: what tests of the scheduler driver share.
 *
 *     struct fixture f;
 *
 *     set_up(&f, false);
 *     send_event(&f, fake_event_update("t", STATE(TASK_RUNNING), NULL));
 *     WAIT_FOR(has_noted(&f.recorder, "status=t:1 "));
 *     tear_down(&f);
 *
 * Thread-safety: the test's thread, but for callbacks. */
#ifndef TESTS_LIB_DRIVER_STAGE_H
#define TESTS_LIB_DRIVER_STAGE_H 1

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "tests/lib/fake_master.h"
#include "tests/lib/wait.h"

#define CALL(TYPE) SCHEDULER__CALL__TYPE__##TYPE
#define STATE(NAME) V1__TASK_STATE__##NAME
#define UUID_BYTES "0123456789abcdef"

/* --- a framework that notes what it hears --- */

struct recorder {
    struct actor_mutex *mutex;  /* guards the rest */
    char log[16384];            /* one word for each callback */
    struct actor_gate *hold;    /* status_update waits for it; may be NULL */
    bool is_stopping;           /* status_update stops the driver */
    double failover_timeout;    /* of the framework; 0: none */
};

static inline void
note(struct recorder *r, const char *what, const char *detail)
{
    actor_mutex_lock(r->mutex);
    size_t len = strlen(r->log);

    snprintf(r->log + len, sizeof r->log - len, "%s%s%s ", what,
             detail ? "=" : "", detail ? detail : "");
    actor_mutex_unlock(r->mutex);
}

static inline bool
has_noted(struct recorder *r, const char *text)
{
    actor_mutex_lock(r->mutex);
    bool has = strstr(r->log, text) != NULL;

    actor_mutex_unlock(r->mutex);
    return has;
}

static inline void
on_registered(struct mesos_scheduler_driver *driver, void *r,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    (void) driver;
    (void) master;
    note(r, "registered", id->value);
}

static inline void
on_reregistered(struct mesos_scheduler_driver *driver, void *r,
                const V1__MasterInfo *master)
{
    (void) driver;
    (void) master;
    note(r, "reregistered", NULL);
}

static inline void
on_disconnected(struct mesos_scheduler_driver *driver, void *r)
{
    (void) driver;
    note(r, "disconnected", NULL);
}

static inline void
on_offers(struct mesos_scheduler_driver *driver, void *r,
          const V1__Offer *const *offers, size_t n_offers)
{
    (void) driver;
    for (size_t i = 0; i < n_offers; i++) {
        note(r, "offer", offers[i]->id->value);
    }
}

static inline void
on_rescinded(struct mesos_scheduler_driver *driver, void *r,
             const V1__OfferID *id)
{
    (void) driver;
    note(r, "rescinded", id->value);
}

static inline void
on_status(struct mesos_scheduler_driver *driver, void *r_,
          const V1__TaskStatus *status)
{
    struct recorder *r = r_;
    autofree char *text =
        xasprintf("%s:%d", status->task_id->value, (int) status->state);

    note(r, "status", text);
    if (r->hold) {
        (void) actor_gate_wait(r->hold, INT64_MAX);
    }
    if (r->is_stopping) {
        mesos_scheduler_driver_stop(driver, false);
    }
}

static inline void
on_message(struct mesos_scheduler_driver *driver, void *r,
           const V1__ExecutorID *executor_id, const V1__AgentID *agent_id,
           const void *data, size_t size)
{
    autofree char *text =
        xasprintf("%s/%s/%.*s", agent_id->value, executor_id->value,
                  (int) size, (const char *) data);

    (void) driver;
    note(r, "message", text);
}

static inline void
on_agent_lost(struct mesos_scheduler_driver *driver, void *r,
              const V1__AgentID *id)
{
    (void) driver;
    note(r, "agent_lost", id->value);
}

static inline void
on_executor_lost(struct mesos_scheduler_driver *driver, void *r,
                 const V1__ExecutorID *executor_id,
                 const V1__AgentID *agent_id, int status)
{
    autofree char *text =
        xasprintf("%s/%s/%d", agent_id->value, executor_id->value, status);

    (void) driver;
    note(r, "executor_lost", text);
}

static inline void
on_error(struct mesos_scheduler_driver *driver, void *r, const char *message)
{
    (void) driver;
    note(r, "error", message);
}

static const struct mesos_scheduler_callbacks callbacks = {
    .size = sizeof callbacks,
    .registered = on_registered,
    .reregistered = on_reregistered,
    .disconnected = on_disconnected,
    .resource_offers = on_offers,
    .offer_rescinded = on_rescinded,
    .status_update = on_status,
    .framework_message = on_message,
    .agent_lost = on_agent_lost,
    .executor_lost = on_executor_lost,
    .error = on_error,
};

/* --- fixtures --- */

struct fixture {
    struct fake_master *master;
    struct recorder recorder;
    struct mesos_scheduler_driver *driver;
};

static inline struct mesos_scheduler_driver *
create(struct recorder *r, const char *master, bool explicit_acks)
{
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct mesos_scheduler_options options = {
        .size = sizeof options,
        .callbacks = &callbacks,
        .user = r,
        .framework = &framework,
        .master = master,
        .explicit_acknowledgements = explicit_acks,
    };

    setenv("LIBPROCESS_IP", "127.0.0.1", 1);
    setenv("MESOS_REGISTRATION_BACKOFF_FACTOR", "10ms", 1);
    r->mutex = actor_mutex_create();
    framework.name = (char *) "test";
    framework.user = (char *) "";
    framework.has_failover_timeout = r->failover_timeout > 0;
    framework.failover_timeout = r->failover_timeout;
    return mesos_scheduler_driver_create(&options);
}

static inline void
set_up(struct fixture *f, bool explicit_acks)
{
    memset(f, 0, sizeof *f);
    f->master = fake_master_start(0);
    f->driver = create(&f->recorder, fake_master_address(f->master),
                       explicit_acks);
    ck_assert_int_eq(mesos_scheduler_driver_start(f->driver),
                     MESOS_DRIVER_RUNNING);
    WAIT_FOR(has_noted(&f->recorder, "registered=F-0000 "));
}

static inline void
tear_down(struct fixture *f)
{
    mesos_scheduler_driver_destroy(f->driver);
    actor_mutex_destroy(f->recorder.mutex);
    fake_master_stop(f->master);
}

static inline void
send_event(struct fixture *f, struct message *event)
{
    fake_master_send(f->master, &event);
}

static inline enum mesos_status
kill_task(struct mesos_scheduler_driver *driver, const char *task_id)
{
    V1__TaskID id = V1__TASK_ID__INIT;

    id.value = (char *) task_id;
    return mesos_scheduler_driver_kill_task(driver, &id);
}

static inline enum mesos_status
launch_task(struct mesos_scheduler_driver *driver, const char *offer,
            const char *task_name)
{
    V1__OfferID offer_id = V1__OFFER_ID__INIT;
    V1__TaskID task_id = V1__TASK_ID__INIT;
    V1__AgentID agent_id = V1__AGENT_ID__INIT;
    V1__TaskInfo task = V1__TASK_INFO__INIT;
    const V1__OfferID *offers = &offer_id;
    const V1__TaskInfo *tasks = &task;

    offer_id.value = (char *) offer;
    task_id.value = (char *) task_name;
    agent_id.value = (char *) "S0";
    task.name = (char *) task_name;
    task.task_id = &task_id;
    task.agent_id = &agent_id;
    return mesos_scheduler_driver_launch_tasks(driver, &offers, 1, &tasks, 1,
                                               NULL);
}

#endif /* TESTS_LIB_DRIVER_STAGE_H */
