/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_update_manager.c - the actor that repeats updates, with an owner
 * that counts what it is told. */
#include <config.h>

#include "agent/status_update_manager.h"

#include <string.h>

#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/system.h>

#include "agent/status_update.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

/* Stands for the agent: does what the test puts into 'next', in its turn. */
struct owner {
    struct actor base;
};

static struct {
    struct actor_system *system;
    struct upid owner;
    struct upid manager;
    unsigned n_recorded;
    unsigned n_forwarded;
    unsigned n_acknowledged;
    uint8_t last_uuid;          /* of the last one forwarded */
    bool last_is_terminal;
    void (*next)(struct actor *owner);
    const char *task;           /* what 'next' is about */
    uint8_t uuid;
    V1__TaskState state;
} t;

static const struct actor_msg_type msg_go = { .name = "go" };

static void
on_go(struct actor *self, struct actor_msg *msg UNUSED)
{
    t.next(self);
}

static void
on_recorded(struct actor *self UNUSED, struct actor_msg *msg UNUSED)
{
    t.n_recorded++;
}

static void
on_forward(struct actor *self UNUSED, struct actor_msg *msg)
{
    struct status_body *body = actor_msg_body(msg, &msg_status_forward);

    t.n_forwarded++;
    t.last_uuid = status_update_of(body->update)->uuid.data[0];
}

static void
on_acknowledged(struct actor *self UNUSED, struct actor_msg *msg)
{
    struct status_acknowledged *body =
        actor_msg_body(msg, &msg_status_acknowledged);

    t.n_acknowledged++;
    t.last_is_terminal = body->is_terminal;
}

static const struct actor_handler handlers[] = {
    { &msg_go, on_go },
    { &msg_status_recorded, on_recorded },
    { &msg_status_forward, on_forward },
    { &msg_status_acknowledged, on_acknowledged },
};

static const struct actor_type owner_type = {
    .name = "owner", .size = sizeof(struct owner),
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static void
in_turn(void (*fn)(struct actor *))
{
    struct actor_msg *msg = actor_msg_create(&msg_go);

    t.next = fn;
    actor_post(t.system, &t.owner, &msg);
    actor_system_run(t.system);
}

static void
do_resume(struct actor *self)
{
    status_update_manager_resume(self, &t.manager);
}

static void
do_pause(struct actor *self)
{
    status_update_manager_pause(self, &t.manager);
}

static void
do_close(struct actor *self)
{
    status_update_manager_close(self, &t.manager, "F");
}

static void
do_update(struct actor *self)
{
    struct message *m = message_create(&internal__status_update__descriptor);
    Internal__StatusUpdate *update = message_root(m);

    update->framework_id = message_new(m, &v1__framework_id__descriptor);
    update->framework_id->value = message_strdup(m, "F");
    update->has_uuid = true;
    update->uuid.len = 16;
    update->uuid.data = message_alloc(m, 16);
    memset(update->uuid.data, t.uuid, 16);
    update->status = message_new(m, &v1__task_status__descriptor);
    update->status->task_id = message_new(m, &v1__task_id__descriptor);
    update->status->task_id->value = message_strdup(m, t.task);
    update->status->state = t.state;
    status_update_manager_update(self, &t.manager, m, NULL);
    message_unref(m);
}

static void
do_acknowledge(struct actor *self)
{
    struct uuid uuid;

    memset(uuid.bytes, t.uuid, sizeof uuid.bytes);
    status_update_manager_acknowledge(self, &t.manager, "F", t.task, &uuid);
}

static void
update(const char *task, uint8_t uuid, V1__TaskState state)
{
    t.task = task;
    t.uuid = uuid;
    t.state = state;
    in_turn(do_update);
}

static void
acknowledge(const char *task, uint8_t uuid)
{
    t.task = task;
    t.uuid = uuid;
    in_turn(do_acknowledge);
}

static void
set_up(void)
{
    struct actor_system_options options = { .manual = true, .seed = 1 };

    memset(&t, 0, sizeof t);
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    ck_assert_ptr_null(actor_spawn(t.system, &owner_type, NULL, NULL,
                                   &t.owner));
    const struct status_update_manager_options manager = {
        .owner = &t.owner, .checkpointer = &t.owner,
    };
    ck_assert_ptr_null(status_update_manager_start(t.system, &manager,
                                                   &t.manager));
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
}

START_TEST(manager_begins_paused_but_records)
{
    set_up();

    update("a", 1, V1__TASK_STATE__TASK_RUNNING);

    ck_assert_uint_eq(t.n_recorded, 1);
    ck_assert_uint_eq(t.n_forwarded, 0);
    in_turn(do_resume);
    ck_assert_uint_eq(t.n_forwarded, 1);
    tear_down();
}
END_TEST

START_TEST(each_task_has_a_stream_of_its_own)
{
    set_up();
    in_turn(do_resume);

    update("a", 1, V1__TASK_STATE__TASK_RUNNING);
    update("b", 2, V1__TASK_STATE__TASK_RUNNING);
    update("a", 3, V1__TASK_STATE__TASK_FINISHED);

    ck_assert_uint_eq(t.n_recorded, 3);
    ck_assert_uint_eq(t.n_forwarded, 2);
    acknowledge("a", 1);
    ck_assert_uint_eq(t.n_forwarded, 3);
    ck_assert_uint_eq(t.last_uuid, 3);
    tear_down();
}
END_TEST

START_TEST(update_is_repeated_with_growing_pauses)
{
    set_up();
    in_turn(do_resume);
    update("a", 1, V1__TASK_STATE__TASK_RUNNING);

    actor_system_advance(t.system, 10 * SECOND - 1);
    ck_assert_uint_eq(t.n_forwarded, 1);
    actor_system_advance(t.system, 1);
    ck_assert_uint_eq(t.n_forwarded, 2);
    actor_system_advance(t.system, 20 * SECOND);
    ck_assert_uint_eq(t.n_forwarded, 3);
    actor_system_advance(t.system, 1 * HOUR);
    /* Four more pauses double, the other five are ten minutes long. */
    ck_assert_uint_eq(t.n_forwarded, 3 + 4 + 5);
    tear_down();
}
END_TEST

START_TEST(nothing_is_repeated_while_paused)
{
    set_up();
    in_turn(do_resume);
    update("a", 1, V1__TASK_STATE__TASK_RUNNING);

    in_turn(do_pause);
    actor_system_advance(t.system, 1 * HOUR);
    ck_assert_uint_eq(t.n_forwarded, 1);
    in_turn(do_resume);

    ck_assert_uint_eq(t.n_forwarded, 2);
    tear_down();
}
END_TEST

START_TEST(end_of_a_stream_is_told)
{
    set_up();
    in_turn(do_resume);
    update("a", 1, V1__TASK_STATE__TASK_RUNNING);
    acknowledge("a", 1);
    ck_assert(!t.last_is_terminal);

    update("a", 2, V1__TASK_STATE__TASK_FINISHED);
    acknowledge("a", 2);

    ck_assert_uint_eq(t.n_acknowledged, 2);
    ck_assert(t.last_is_terminal);
    ck_assert_int_eq(actor_system_next_timer(t.system), INT64_MAX);
    tear_down();
}
END_TEST

START_TEST(wrong_acknowledgement_is_not_passed_on)
{
    set_up();
    in_turn(do_resume);
    update("a", 1, V1__TASK_STATE__TASK_RUNNING);

    acknowledge("a", 2);
    acknowledge("b", 1);

    ck_assert_uint_eq(t.n_acknowledged, 0);
    tear_down();
}
END_TEST

START_TEST(repeated_update_is_recorded_again_but_not_sent)
{
    set_up();
    in_turn(do_resume);
    update("a", 1, V1__TASK_STATE__TASK_RUNNING);

    update("a", 1, V1__TASK_STATE__TASK_RUNNING);

    ck_assert_uint_eq(t.n_recorded, 2);
    ck_assert_uint_eq(t.n_forwarded, 1);
    tear_down();
}
END_TEST

START_TEST(streams_of_a_closed_framework_are_silent)
{
    set_up();
    in_turn(do_resume);
    update("a", 1, V1__TASK_STATE__TASK_RUNNING);
    update("b", 2, V1__TASK_STATE__TASK_RUNNING);

    in_turn(do_close);
    actor_system_advance(t.system, 1 * HOUR);

    ck_assert_uint_eq(t.n_forwarded, 2);
    ck_assert_int_eq(actor_system_next_timer(t.system), INT64_MAX);
    tear_down();
}
END_TEST

static Suite *
status_update_manager_suite(void)
{
    Suite *suite = suite_create("status_update_manager");

    test_add(suite, "paused", manager_begins_paused_but_records);
    test_add(suite, "streams", each_task_has_a_stream_of_its_own);
    test_add(suite, "repeat", update_is_repeated_with_growing_pauses);
    test_add(suite, "silence", nothing_is_repeated_while_paused);
    test_add(suite, "end", end_of_a_stream_is_told);
    test_add(suite, "wrong", wrong_acknowledgement_is_not_passed_on);
    test_add(suite, "again",
             repeated_update_is_recorded_again_but_not_sent);
    test_add(suite, "close", streams_of_a_closed_framework_are_silent);
    return suite;
}

TEST_MAIN(status_update_manager_suite)
