/* SPDX-License-Identifier: Apache-2.0
 *
 * test_task_state.c - the table of task states. */
#include <config.h>

#include "model/task_state.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

#define STATE(NAME) V1__TASK_STATE__##NAME

START_TEST(names_are_those_of_the_declared_enum)
{
    for (unsigned i = 0; i < v1__task_state__descriptor.n_values; i++) {
        const ProtobufCEnumValue *value =
            &v1__task_state__descriptor.values[i];

        ck_assert_msg(task_state_is_known(value->value), "%s", value->name);
        ck_assert_str_eq(task_state_name(value->value), value->name);
    }
    ck_assert(!task_state_is_known(-1));
    ck_assert(!task_state_is_known(1000));
    ck_assert_str_eq(task_state_name(1000), "TASK_UNKNOWN");
}
END_TEST

START_TEST(tasks_that_are_over_stay_over)
{
    static const int over[] = {
        STATE(TASK_FINISHED), STATE(TASK_FAILED), STATE(TASK_KILLED),
        STATE(TASK_ERROR), STATE(TASK_DROPPED), STATE(TASK_GONE),
        STATE(TASK_GONE_BY_OPERATOR),
    };

    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        ck_assert(task_state_is_terminal(over[i]));
        ck_assert(task_state_may_follow(over[i], over[i]));
        ck_assert(!task_state_may_follow(over[i], STATE(TASK_RUNNING)));
        ck_assert(!task_state_may_follow(over[i], STATE(TASK_LOST)));
    }
}
END_TEST

START_TEST(live_tasks_move_forward_only)
{
    ck_assert(task_state_may_follow(STATE(TASK_STAGING),
                                    STATE(TASK_STARTING)));
    ck_assert(task_state_may_follow(STATE(TASK_STAGING),
                                    STATE(TASK_RUNNING)));
    ck_assert(task_state_may_follow(STATE(TASK_RUNNING),
                                    STATE(TASK_KILLING)));
    ck_assert(task_state_may_follow(STATE(TASK_KILLING),
                                    STATE(TASK_KILLED)));
    ck_assert(!task_state_may_follow(STATE(TASK_RUNNING),
                                     STATE(TASK_STARTING)));
    ck_assert(!task_state_may_follow(STATE(TASK_KILLING),
                                     STATE(TASK_RUNNING)));
}
END_TEST

START_TEST(tasks_out_of_sight_may_come_back)
{
    ck_assert(task_state_may_follow(STATE(TASK_RUNNING),
                                    STATE(TASK_UNREACHABLE)));
    ck_assert(task_state_may_follow(STATE(TASK_UNREACHABLE),
                                    STATE(TASK_RUNNING)));
    ck_assert(task_state_may_follow(STATE(TASK_LOST), STATE(TASK_RUNNING)));
    ck_assert(!task_state_is_terminal(STATE(TASK_UNREACHABLE)));
}
END_TEST

START_TEST(numbers_that_are_no_state_follow_nothing)
{
    ck_assert(!task_state_may_follow(STATE(TASK_RUNNING), 31));
    ck_assert(!task_state_may_follow(-1, STATE(TASK_RUNNING)));
    ck_assert(!task_state_is_terminal(1 << 20));
}
END_TEST

static Suite *
task_state_suite(void)
{
    Suite *suite = suite_create("task_state");

    test_add(suite, "names", names_are_those_of_the_declared_enum);
    test_add(suite, "over", tasks_that_are_over_stay_over);
    test_add(suite, "forward", live_tasks_move_forward_only);
    test_add(suite, "back", tasks_out_of_sight_may_come_back);
    test_add(suite, "unknown", numbers_that_are_no_state_follow_nothing);
    return suite;
}

TEST_MAIN(task_state_suite)
