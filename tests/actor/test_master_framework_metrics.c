/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_framework_metrics.c - the numbers that a master has of each
 * framework: everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "master/framework_metrics.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

/* One of the numbers of the stage's framework, whose name is "test". */
static double
number(struct stage *s, const char *name)
{
    char key[512];

    snprintf(key, sizeof key, "master/frameworks/test/%s/%s",
             s->framework_id, name);
    return metric(s, key);
}

static void
count_key(void *n, const char *key, double value)
{
    (void) value;
    if (!strncmp(key, "master/frameworks/", 18)) {
        (*(size_t *) n)++;
    }
}

static size_t
n_numbers(struct stage *s)
{
    size_t n = 0;

    metrics_snapshot(actor_system_metrics(s->system), count_key, &n);
    return n;
}

START_TEST(calls_events_and_offers_are_counted)
{
    struct stage s = stage_create();

    s.flags.offer_timeout = 60 * SECOND;
    stage_with_offer(&s, "");
    ck_assert_double_eq(number(&s, "subscribed"), 1);
    ck_assert_double_eq(number(&s, "calls"), 1);
    ck_assert_double_eq(number(&s, "calls/subscribe"), 1);
    ck_assert_double_eq(number(&s, "events"), 2);
    ck_assert_double_eq(number(&s, "events/subscribed"), 1);
    ck_assert_double_eq(number(&s, "events/offers"), 1);
    ck_assert_double_eq(number(&s, "offers/sent"), 1);

    decline(&s, offer(s.scheduler, 0)->id->value, 0);
    decline(&s, "x", 0);
    ck_assert_double_eq(number(&s, "calls/decline"), 2);
    ck_assert_double_eq(number(&s, "offers/declined"), 1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_double_eq(number(&s, "offers/sent"), 2);
    actor_system_advance(s.system, 60 * SECOND);
    ck_assert_double_eq(number(&s, "offers/rescinded"), 1);
    ck_assert_double_eq(number(&s, "events/rescind"), 1);
    ck_assert_double_eq(number(&s, "offers/sent"), 3);
    stage_close(&s);
}
END_TEST

START_TEST(tasks_are_counted_by_state)
{
    struct stage s = stage_create();

    stage_with_task(&s, "\"failover_timeout\":60,");
    ck_assert_double_eq(number(&s, "offers/accepted"), 1);
    ck_assert_double_eq(number(&s, "operations"), 1);
    ck_assert_double_eq(number(&s, "operations/launch"), 1);
    ck_assert_double_eq(number(&s, "tasks/active/task_staging"), 0);
    ck_assert_double_eq(number(&s, "tasks/active/task_running"), 1);
    update(&s, "t", "TASK_FINISHED", UUID_2);
    acknowledge(&s, "t", UUID_2);

    ck_assert_double_eq(number(&s, "tasks/active/task_running"), 0);
    ck_assert_double_eq(number(&s, "tasks/terminal/task_finished"), 1);
    ck_assert_double_eq(number(&s, "calls/acknowledge"), 2);
    ck_assert_double_eq(number(&s, "events/update"), 2);
    puppet_die(s.scheduler);
    ck_assert_double_eq(number(&s, "subscribed"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(task_of_a_void_offer_is_counted_as_an_error)
{
    struct stage s = stage_create();

    stage_with_offer(&s, "\"capabilities\":[{\"type\":"
                     "\"PARTITION_AWARE\"}],");
    launch(&s, "x", "a", 1, 0);
    ck_assert_double_eq(number(&s, "tasks/terminal/task_dropped"), 1);
    launch(&s, offer(s.scheduler, 0)->id->value, "b", 100, 0);
    ck_assert_double_eq(number(&s, "tasks/terminal/task_error"), 1);
    ck_assert_double_eq(number(&s, "operations"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(suppressed_roles_show)
{
    struct stage s = stage_create();
    double value;
    char key[512];

    stage_open(&s);
    puppet_say(s.scheduler, &s.master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{"
               "\"user\":\"root\",\"name\":\"test\",\"roles\":[\"a\",\"b\"],"
               "\"capabilities\":[{\"type\":\"MULTI_ROLE\"}]},"
               "\"suppressed_roles\":[\"b\"]}}");
    snprintf(s.framework_id, sizeof s.framework_id, "%s",
             event(s.scheduler, 0)->subscribed->framework_id->value);
    ck_assert_double_eq(number(&s, "roles/a/suppressed"), 0);
    ck_assert_double_eq(number(&s, "roles/b/suppressed"), 1);
    call(&s, "SUPPRESS", ",\"suppress\":{\"roles\":[\"a\"]}");
    ck_assert_double_eq(number(&s, "roles/a/suppressed"), 1);
    call(&s, "REVIVE", "%s", "");
    ck_assert_double_eq(number(&s, "roles/a/suppressed"), 0);
    ck_assert_double_eq(number(&s, "roles/b/suppressed"), 0);
    call(&s, "UPDATE_FRAMEWORK", ",\"update_framework\":{\"framework_info\":{"
         "\"id\":{\"value\":\"%s\"},\"user\":\"root\",\"name\":\"test\","
         "\"roles\":[\"b\",\"c\"],\"capabilities\":[{\"type\":"
         "\"MULTI_ROLE\"}]},\"suppressed_roles\":[\"c\"]}", s.framework_id);
    ck_assert_double_eq(number(&s, "roles/b/suppressed"), 0);
    ck_assert_double_eq(number(&s, "roles/c/suppressed"), 1);
    snprintf(key, sizeof key, "master/frameworks/test/%s/roles/a/suppressed",
             s.framework_id);
    ck_assert(!metrics_get(actor_system_metrics(s.system), key, &value));
    stage_close(&s);
}
END_TEST

START_TEST(numbers_go_with_the_last_trace_of_the_framework)
{
    struct stage s = stage_create();
    size_t n;

    s.flags.max_completed_frameworks = 1;
    stage_open(&s);
    subscribe_first(&s, "");
    n = n_numbers(&s);
    ck_assert_uint_eq(n, 61);      /* with one role */
    call(&s, "TEARDOWN", "%s", "");
    ck_assert_double_eq(number(&s, "subscribed"), 0);
    ck_assert_double_eq(number(&s, "calls/teardown"), 1);
    ck_assert_uint_eq(n_numbers(&s), n);
    for (int i = 0; i < 3; i++) {
        puppet_forget(s.scheduler);
        subscribe_first(&s, "");
        ck_assert_uint_eq(n_numbers(&s), 2 * n);
        call(&s, "TEARDOWN", "%s", "");
        ck_assert_uint_eq(n_numbers(&s), n);
    }
    stage_close(&s);
}
END_TEST

START_TEST(numbers_need_not_be_published)
{
    struct stage s = stage_create();

    s.flags.publish_per_framework_metrics = false;
    stage_with_task(&s, "");
    ck_assert_uint_eq(n_numbers(&s), 0);
    call(&s, "SUPPRESS", "%s", "");
    puppet_die(s.scheduler);
    stage_close(&s);
}
END_TEST

START_TEST(name_is_encoded_as_in_mesos)
{
    static const char *const cases[][2] = {
        { "plain-name_1.0", "plain-name_1.0" },
        { "a b/c:d", "a%20b%2Fc%3Ad" },
        { "50%~'(x)'!*", "50%25%7E'(x)'!*" },
        { "\xc3\xa9\x01\x7f", "%C3%A9%01%7F" },
        { "", "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        framework_metrics_encode(cases[i][0], &text);
        ck_assert_str_eq(text.data ? text.data : "", cases[i][1]);
    }
}
END_TEST

static Suite *
master_framework_metrics_suite(void)
{
    Suite *suite = suite_create("master_framework_metrics");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(calls_events_and_offers_are_counted);
    ADD(tasks_are_counted_by_state);
    ADD(task_of_a_void_offer_is_counted_as_an_error);
    ADD(suppressed_roles_show);
    ADD(numbers_go_with_the_last_trace_of_the_framework);
    ADD(numbers_need_not_be_published);
    ADD(name_is_encoded_as_in_mesos);
#undef ADD
    return suite;
}

TEST_MAIN(master_framework_metrics_suite)
