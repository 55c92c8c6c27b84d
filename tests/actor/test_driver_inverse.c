/* SPDX-License-Identifier: Apache-2.0
 *
 * test_driver_inverse.c - the scheduler driver and inverse offers: what the
 * framework hears, and what it says. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "tests/lib/fake_master.h"
#include "tests/lib/test.h"
#include "tests/lib/wait.h"

#define CALL(TYPE) SCHEDULER__CALL__TYPE__##TYPE

struct framework {
    struct fake_master *master;
    struct mesos_scheduler_driver *driver;
    struct actor_mutex *mutex;  /* guards the rest */
    char log[1024];             /* one word for each callback */
};

static void
note(struct framework *f, const char *what, const char *id)
{
    size_t len;

    actor_mutex_lock(f->mutex);
    len = strlen(f->log);
    snprintf(f->log + len, sizeof f->log - len, "%s=%s ", what, id);
    actor_mutex_unlock(f->mutex);
}

static bool
has_noted(struct framework *f, const char *text)
{
    bool has;

    actor_mutex_lock(f->mutex);
    has = strstr(f->log, text) != NULL;
    actor_mutex_unlock(f->mutex);
    return has;
}

static void
on_registered(struct mesos_scheduler_driver *driver, void *f,
              const V1__FrameworkID *id, const V1__MasterInfo *master)
{
    (void) driver;
    (void) master;
    note(f, "registered", id->value);
}

/* Stays on the first agent, leaves the others. */
static void
on_inverse_offers(struct mesos_scheduler_driver *driver, void *f,
                  const V1__InverseOffer *const *offers, size_t n)
{
    V1__Filters filters = V1__FILTERS__INIT;

    filters.has_refuse_seconds = true;
    filters.refuse_seconds = 9;
    for (size_t i = 0; i < n; i++) {
        const V1__OfferID *id = offers[i]->id;

        note(f, offers[i]->agent_id->value, id->value);
        if (i == 0) {
            mesos_scheduler_driver_decline_inverse_offers(driver, &id, 1,
                                                          &filters);
        } else {
            mesos_scheduler_driver_accept_inverse_offers(driver, &id, 1,
                                                         NULL);
        }
    }
}

static void
on_rescinded(struct mesos_scheduler_driver *driver, void *f,
             const V1__OfferID *id)
{
    (void) driver;
    note(f, "rescinded", id->value);
}

static void
set_up(struct framework *f, bool wants_to_hear)
{
    V1__FrameworkInfo info = V1__FRAMEWORK_INFO__INIT;
    struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks, .registered = on_registered,
    };
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = f,
        .framework = &info,
    };

    if (wants_to_hear) {
        callbacks.inverse_offers = on_inverse_offers;
        callbacks.inverse_offer_rescinded = on_rescinded;
    }
    memset(f, 0, sizeof *f);
    setenv("LIBPROCESS_IP", "127.0.0.1", 1);
    f->mutex = actor_mutex_create();
    f->master = fake_master_start(0);
    options.master = fake_master_address(f->master);
    info.name = (char *) "test";
    info.user = (char *) "";
    f->driver = mesos_scheduler_driver_create(&options);
    ck_assert_int_eq(mesos_scheduler_driver_start(f->driver),
                     MESOS_DRIVER_RUNNING);
    WAIT_FOR(has_noted(f, "registered="));
}

static void
tear_down(struct framework *f)
{
    mesos_scheduler_driver_destroy(f->driver);
    actor_mutex_destroy(f->mutex);
    fake_master_stop(f->master);
}

static void
send(struct framework *f, const char *json)
{
    struct message *event = NULL;

    ck_assert_ptr_null(message_decode_json(&scheduler__event__descriptor,
                                           json, strlen(json), &event));
    fake_master_send(f->master, &event);
}

#define INVERSE_OFFER(ID, AGENT) \
    "{\"id\":{\"value\":\"" ID "\"},\"framework_id\":{\"value\":\"F\"}," \
    "\"agent_id\":{\"value\":\"" AGENT "\"},\"unavailability\":{\"start\":{" \
    "\"nanoseconds\":7}}}"
#define ASK \
    "{\"type\":\"INVERSE_OFFERS\",\"inverse_offers\":{\"inverse_offers\":[" \
    INVERSE_OFFER("O1", "S1") "," INVERSE_OFFER("O2", "S2") "]}}"
#define RESCIND \
    "{\"type\":\"RESCIND_INVERSE_OFFER\",\"rescind_inverse_offer\":{" \
    "\"inverse_offer_id\":{\"value\":\"O1\"}}}"

START_TEST(inverse_offers_are_heard_and_answered)
{
    struct framework f;

    set_up(&f, true);
    send(&f, ASK);
    send(&f, RESCIND);
    WAIT_FOR(has_noted(&f, "S1=O1 S2=O2 rescinded=O1 "));

    fake_master_wait(f.master, CALL(DECLINE_INVERSE_OFFERS), 1);
    fake_master_wait(f.master, CALL(ACCEPT_INVERSE_OFFERS), 1);
    const Scheduler__Call__DeclineInverseOffers *declined =
        fake_master_call(f.master, CALL(DECLINE_INVERSE_OFFERS), 0)
            ->decline_inverse_offers;
    ck_assert_uint_eq(declined->n_inverse_offer_ids, 1);
    ck_assert_str_eq(declined->inverse_offer_ids[0]->value, "O1");
    ck_assert_double_eq(declined->filters->refuse_seconds, 9);
    const Scheduler__Call__AcceptInverseOffers *accepted =
        fake_master_call(f.master, CALL(ACCEPT_INVERSE_OFFERS), 0)
            ->accept_inverse_offers;
    ck_assert_str_eq(accepted->inverse_offer_ids[0]->value, "O2");
    ck_assert_ptr_null(accepted->filters);
    tear_down(&f);
}
END_TEST

START_TEST(who_does_not_want_to_hear_of_them_goes_on)
{
    struct framework f;
    V1__TaskID id = V1__TASK_ID__INIT;

    set_up(&f, false);
    send(&f, ASK);
    send(&f, RESCIND);
    send(&f, "{\"type\":\"INVERSE_OFFERS\"}");
    send(&f, "{\"type\":\"RESCIND_INVERSE_OFFER\"}");
    id.value = (char *) "t";
    ck_assert_int_eq(mesos_scheduler_driver_kill_task(f.driver, &id),
                     MESOS_DRIVER_RUNNING);
    fake_master_wait(f.master, CALL(KILL), 1);
    tear_down(&f);
}
END_TEST

static Suite *
driver_inverse_suite(void)
{
    Suite *suite = suite_create("driver_inverse");

    test_add(suite, "answered", inverse_offers_are_heard_and_answered);
    test_add(suite, "not heard", who_does_not_want_to_hear_of_them_goes_on);
    return suite;
}

TEST_MAIN(driver_inverse_suite)
