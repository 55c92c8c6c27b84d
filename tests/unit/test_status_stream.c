/* SPDX-License-Identifier: Apache-2.0
 *
 * test_status_stream.c - the updates of one task. */
#include <config.h>

#include "agent/status_stream.h"

#include <string.h>

#include <actor/error.h>
#include <actor/message.h>

#include "proto/cmesos/internal.pb-c.h"
#include "tests/lib/test.h"

static struct uuid
uuid_of(uint8_t n)
{
    struct uuid uuid;

    memset(uuid.bytes, n, sizeof uuid.bytes);
    return uuid;
}

static struct message *
make_update(V1__TaskState state)
{
    struct message *m = message_create(&internal__status_update__descriptor);
    Internal__StatusUpdate *update = message_root(m);

    update->status = message_new(m, &v1__task_status__descriptor);
    update->status->state = state;
    return m;
}

static enum status_stream_result
add(struct status_stream *stream, uint8_t n, V1__TaskState state)
{
    struct message *m = make_update(state);
    struct uuid uuid = uuid_of(n);
    enum status_stream_result result = status_stream_add(stream, &uuid, m);

    message_unref(m);
    return result;
}

static bool
acknowledge(struct status_stream *stream, uint8_t n)
{
    struct uuid uuid = uuid_of(n);
    struct error *error = status_stream_acknowledge(stream, &uuid);
    bool is_fine = !error;

    error_destroy(error);
    return is_fine;
}

static V1__TaskState
head_state(const struct status_stream *stream)
{
    const Internal__StatusUpdate *update =
        message_root(status_stream_head(stream));

    return update->status->state;
}

START_TEST(empty_stream_has_nothing_due)
{
    struct status_stream *stream = status_stream_create();

    ck_assert(status_stream_is_empty(stream));
    ck_assert_ptr_null(status_stream_head(stream));
    ck_assert_int_eq(status_stream_due(stream), INT64_MAX);
    status_stream_destroy(stream);
}
END_TEST

START_TEST(new_update_is_due_at_once)
{
    struct status_stream *stream = status_stream_create();

    add(stream, 1, V1__TASK_STATE__TASK_RUNNING);

    ck_assert_int_eq(status_stream_due(stream), INT64_MIN);
    status_stream_destroy(stream);
}
END_TEST

START_TEST(delays_double_up_to_ten_minutes)
{
    struct status_stream *stream = status_stream_create();
    int64_t expected = 10 * SECOND;

    add(stream, 1, V1__TASK_STATE__TASK_RUNNING);
    for (int i = 0; i < 10; i++) {
        status_stream_sent(stream, 1000);
        ck_assert_int_eq(status_stream_due(stream), 1000 + expected);
        expected *= 2;
        expected = expected > 10 * MINUTE ? 10 * MINUTE : expected;
    }
    ck_assert_int_eq(expected, 10 * MINUTE);
    status_stream_destroy(stream);
}
END_TEST

START_TEST(updates_go_one_by_one_in_order)
{
    struct status_stream *stream = status_stream_create();

    add(stream, 1, V1__TASK_STATE__TASK_STARTING);
    add(stream, 2, V1__TASK_STATE__TASK_RUNNING);
    status_stream_sent(stream, 0);
    ck_assert_int_eq(head_state(stream), V1__TASK_STATE__TASK_STARTING);

    ck_assert(acknowledge(stream, 1));

    ck_assert_int_eq(head_state(stream), V1__TASK_STATE__TASK_RUNNING);
    ck_assert_int_eq(status_stream_due(stream), INT64_MIN);
    status_stream_destroy(stream);
}
END_TEST

START_TEST(next_update_begins_with_the_shortest_delay)
{
    struct status_stream *stream = status_stream_create();

    add(stream, 1, V1__TASK_STATE__TASK_STARTING);
    add(stream, 2, V1__TASK_STATE__TASK_RUNNING);
    status_stream_sent(stream, 0);
    status_stream_sent(stream, 0);
    ck_assert(acknowledge(stream, 1));

    status_stream_sent(stream, 0);

    ck_assert_int_eq(status_stream_due(stream), 10 * SECOND);
    status_stream_destroy(stream);
}
END_TEST

START_TEST(repeated_update_is_kept_once)
{
    struct status_stream *stream = status_stream_create();

    ck_assert_int_eq(add(stream, 1, V1__TASK_STATE__TASK_RUNNING),
                     STATUS_STREAM_ADDED);
    ck_assert_int_eq(add(stream, 1, V1__TASK_STATE__TASK_RUNNING),
                     STATUS_STREAM_DUPLICATE);
    ck_assert(acknowledge(stream, 1));
    ck_assert_int_eq(add(stream, 1, V1__TASK_STATE__TASK_RUNNING),
                     STATUS_STREAM_ACKNOWLEDGED);
    ck_assert(status_stream_is_empty(stream));
    status_stream_destroy(stream);
}
END_TEST

START_TEST(acknowledgement_of_another_update_changes_nothing)
{
    struct status_stream *stream = status_stream_create();

    add(stream, 1, V1__TASK_STATE__TASK_STARTING);
    add(stream, 2, V1__TASK_STATE__TASK_RUNNING);

    ck_assert(!acknowledge(stream, 2));
    ck_assert(!acknowledge(stream, 3));

    ck_assert_int_eq(head_state(stream), V1__TASK_STATE__TASK_STARTING);
    status_stream_destroy(stream);
}
END_TEST

START_TEST(acknowledgement_without_an_update_is_an_error)
{
    struct status_stream *stream = status_stream_create();

    ck_assert(!acknowledge(stream, 1));
    status_stream_destroy(stream);
}
END_TEST

START_TEST(stream_ends_with_the_acknowledgement_of_a_terminal_update)
{
    struct status_stream *stream = status_stream_create();

    add(stream, 1, V1__TASK_STATE__TASK_RUNNING);
    add(stream, 2, V1__TASK_STATE__TASK_FINISHED);
    ck_assert(acknowledge(stream, 1));
    ck_assert(!status_stream_is_terminated(stream));

    ck_assert(acknowledge(stream, 2));

    ck_assert(status_stream_is_terminated(stream));
    status_stream_destroy(stream);
}
END_TEST

START_TEST(reset_makes_the_oldest_due_again)
{
    struct status_stream *stream = status_stream_create();

    add(stream, 1, V1__TASK_STATE__TASK_RUNNING);
    status_stream_sent(stream, 0);
    status_stream_sent(stream, 0);

    status_stream_reset(stream);

    ck_assert_int_eq(status_stream_due(stream), INT64_MIN);
    status_stream_sent(stream, 0);
    ck_assert_int_eq(status_stream_due(stream), 10 * SECOND);
    status_stream_destroy(stream);
}
END_TEST

static Suite *
status_stream_suite(void)
{
    Suite *suite = suite_create("status_stream");

    test_add(suite, "empty", empty_stream_has_nothing_due);
    test_add(suite, "new", new_update_is_due_at_once);
    test_add(suite, "delays", delays_double_up_to_ten_minutes);
    test_add(suite, "order", updates_go_one_by_one_in_order);
    test_add(suite, "next", next_update_begins_with_the_shortest_delay);
    test_add(suite, "repeated", repeated_update_is_kept_once);
    test_add(suite, "another",
             acknowledgement_of_another_update_changes_nothing);
    test_add(suite, "without", acknowledgement_without_an_update_is_an_error);
    test_add(suite, "end",
             stream_ends_with_the_acknowledgement_of_a_terminal_update);
    test_add(suite, "reset", reset_makes_the_oldest_due_again);
    return suite;
}

TEST_MAIN(status_stream_suite)
