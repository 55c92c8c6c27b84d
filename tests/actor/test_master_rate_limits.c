/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_rate_limits.c - frameworks that talk faster than --rate_limits
 * lets them: everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "master/rate_limits.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define PRINCIPAL(P) "\"principal\":\"" P "\",\"failover_timeout\":3600,"

/* A framework with an agent; from then on it may talk with the limit. */
static void
open_limited(struct stage *s, const char *limits, const char *info)
{
    s->flags.rate_limits = xstrdup(limits);
    stage_open(s);
    register_agent(s);
    subscribe_first(s, info);
    puppet_forget(s->scheduler);
}

/* A call whose being processed shows: the answer about a task nobody knows. */
static void
ask(struct stage *s, const char *task)
{
    call(s, "RECONCILE", ",\"reconcile\":{\"tasks\":[{\"task_id\":{\"value\":"
         "\"%s\"}}]}", task);
}

static size_t
n_answers(const struct puppet *scheduler)
{
    return n_events(scheduler, SCHEDULER__EVENT__TYPE__UPDATE);
}

START_TEST(messages_wait_for_their_time_in_their_order)
{
    struct stage s = stage_create();
    char id[16];

    open_limited(&s, "{\"limits\":[{\"principal\":\"p\",\"qps\":2}]}",
                 PRINCIPAL("p"));
    for (int i = 0; i < 5; i++) {
        snprintf(id, sizeof id, "t%d", i);
        ask(&s, id);
    }
    for (size_t n = 1; n < 5; n++) {
        ck_assert_uint_eq(n_answers(s.scheduler), n);
        actor_system_advance(s.system, 499 * MILLISECOND);
        ck_assert_uint_eq(n_answers(s.scheduler), n);
        actor_system_advance(s.system, 1 * MILLISECOND);
    }
    for (size_t i = 0; i < 5; i++) {
        snprintf(id, sizeof id, "t%zu", i);
        ck_assert_str_eq(status(s.scheduler, i)->task_id->value, id);
    }
    stage_close(&s);
}
END_TEST

START_TEST(message_above_the_capacity_is_an_error)
{
    struct stage s = stage_create();
    const char *name = msg_scheduler_call.name;
    char text[128];

    open_limited(&s, "{\"limits\":[{\"principal\":\"p\",\"qps\":1,"
                 "\"capacity\":2}]}", PRINCIPAL("p"));
    for (int i = 0; i < 3; i++) {
        ask(&s, "t");
    }
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__ERROR),
                      0);
    ask(&s, "t");
    snprintf(text, sizeof text, "Message %s dropped: capacity(2) exceeded",
             name);
    ck_assert_str_eq(
        event_of(s.scheduler, SCHEDULER__EVENT__TYPE__ERROR, 0)
            ->error->message, text);
    actor_system_advance(s.system, 1 * SECOND);
    ask(&s, "t");
    actor_system_advance(s.system, 10 * SECOND);

    ck_assert_uint_eq(n_answers(s.scheduler), 4);
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__ERROR),
                      1);
    ck_assert_double_eq(metric(&s, "frameworks/p/messages_received"), 5);
    ck_assert_double_eq(metric(&s, "frameworks/p/messages_processed"), 4);
    stage_close(&s);
}
END_TEST

START_TEST(principal_without_a_rate_is_free_and_others_share_the_rest)
{
    struct stage s = stage_create();
    struct puppet *free_one, *second;

    open_limited(&s, "{\"limits\":[{\"principal\":\"free\"}],"
                 "\"aggregate_default_qps\":1,"
                 "\"aggregate_default_capacity\":1}",
                 "\"failover_timeout\":3600,");
    free_one = puppet_create(s.system, "free");
    second = puppet_create(s.system, "second");
    subscribe(&s, free_one, PRINCIPAL("free") "\"id\":{\"value\":\"A\"},");
    subscribe(&s, second, PRINCIPAL("other") "\"id\":{\"value\":\"B\"},");
#define ASK(WHO, ID) \
    puppet_say((WHO), &s.master, &msg_scheduler_call, \
               "{\"type\":\"RECONCILE\",\"framework_id\":{\"value\":\"" ID \
               "\"},\"reconcile\":{\"tasks\":[{\"task_id\":{\"value\":" \
               "\"t\"}}]}}")
    for (int i = 0; i < 20; i++) {
        ASK(free_one, "A");
    }
    ck_assert_uint_eq(n_answers(free_one), 20);

    /* One is let through, one waits, and that is all for both together. */
    ASK(second, "B");
    ask(&s, "t");
    ck_assert_uint_eq(n_answers(second), 1);
    ck_assert_uint_eq(n_answers(s.scheduler), 0);
    ASK(second, "B");
#undef ASK
    ck_assert_uint_eq(n_events(second, SCHEDULER__EVENT__TYPE__ERROR), 1);
    actor_system_advance(s.system, 1 * SECOND);
    ck_assert_uint_eq(n_answers(s.scheduler), 1);
    stage_close(&s);
    puppet_destroy(free_one);
    puppet_destroy(second);
}
END_TEST

START_TEST(end_of_a_scheduler_waits_for_what_it_has_said)
{
    struct stage s = stage_create();

    open_limited(&s, "{\"limits\":[{\"principal\":\"p\",\"qps\":1}]}",
                 PRINCIPAL("p"));
    ask(&s, "t");
    ask(&s, "t");
    call(&s, "TEARDOWN", "%s", "");
    puppet_die(s.scheduler);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    actor_system_advance(s.system, 1 * SECOND);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 0);
    actor_system_advance(s.system, 1 * SECOND);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 0);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(end_of_a_scheduler_that_has_said_all_is_seen_at_once)
{
    struct stage s = stage_create();
    struct puppet *other;

    open_limited(&s, "{\"aggregate_default_qps\":0.001}",
                 PRINCIPAL("p"));
    other = puppet_create(s.system, "other");
    subscribe(&s, other, PRINCIPAL("q") "\"id\":{\"value\":\"B\"},");
    ask(&s, "t");
    ask(&s, "t");

    puppet_die(other);

    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 1);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

/* Its calls wait, it is replaced meanwhile, and they come to nothing. */
START_TEST(calls_of_a_replaced_scheduler_do_nothing)
{
    struct stage s = stage_create();
    struct puppet *next;
    char info[256];

    open_limited(&s, "{\"limits\":[{\"principal\":\"p\",\"qps\":1}]}",
                 PRINCIPAL("p"));
    ask(&s, "t");
    call(&s, "TEARDOWN", "%s", "");
    next = puppet_create(s.system, "next");
    snprintf(info, sizeof info, PRINCIPAL("p") "\"id\":{\"value\":\"%s\"},",
             s.framework_id);
    subscribe(&s, next, info);
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 0);
    stage_close(&s);
    puppet_destroy(next);
}
END_TEST

START_TEST(numbers_of_a_principal_last_as_long_as_its_frameworks)
{
    struct stage s = stage_create();
    struct puppet *other;
    double value;

    stage_open(&s);
    other = puppet_create(s.system, "other");
    subscribe_first(&s, PRINCIPAL("p"));
    subscribe(&s, other, PRINCIPAL("p") "\"id\":{\"value\":\"B\"},");
    ask(&s, "t");
    ck_assert_double_eq(metric(&s, "frameworks/p/messages_received"), 1);
    ck_assert_double_eq(metric(&s, "frameworks/p/messages_processed"), 1);
    call(&s, "TEARDOWN", "%s", "");
    ck_assert_double_eq(metric(&s, "frameworks/p/messages_received"), 2);
    puppet_say(other, &s.master, &msg_scheduler_call, "{\"type\":"
               "\"TEARDOWN\",\"framework_id\":{\"value\":\"B\"}}");
    ck_assert(!metrics_get(actor_system_metrics(s.system),
                           "frameworks/p/messages_received", &value));
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

START_TEST(master_that_ends_forgets_what_waits)
{
    struct stage s = stage_create();

    open_limited(&s, "{\"limits\":[{\"principal\":\"p\",\"qps\":1}]}",
                 PRINCIPAL("p"));
    for (int i = 0; i < 10; i++) {
        ask(&s, "t");
    }
    puppet_die(s.scheduler);
    stage_close(&s);
}
END_TEST

START_TEST(limits_that_make_no_sense_are_refused_in_words)
{
    static const char *const cases[][2] = {
        { "{", "syntax error at line 1 near: " },
        { "{\"limits\":[{\"qps\":1}]}",
          "Missing required fields: limits[0].principal" },
        { "{\"limits\":[{\"principal\":\"p\",\"qps\":0}]}",
          "Invalid qps: 0. It must be a positive number" },
        { "{\"limits\":[{\"principal\":\"p\",\"qps\":-1}]}",
          "Invalid qps: -1. It must be a positive number" },
        { "{\"limits\":[{\"principal\":\"p\"},{\"principal\":\"p\"}]}",
          "Duplicate principal p found in RateLimits configuration" },
        { "{\"aggregate_default_qps\":0}",
          "Invalid aggregate_default_qps: 0. It must be a positive number" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct message *limits;
        struct error *error = rate_limits_parse(cases[i][0], &limits);

        ck_assert_ptr_null(limits);
        ck_assert_ptr_nonnull(error);
        ck_assert_msg(!strncmp(error_text(error), cases[i][1],
                               strlen(cases[i][1])),
                      "%s: '%s'", cases[i][0], error_text(error));
        error_destroy(error);
    }
}
END_TEST

static Suite *
master_rate_limits_suite(void)
{
    Suite *suite = suite_create("master_rate_limits");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(messages_wait_for_their_time_in_their_order);
    ADD(message_above_the_capacity_is_an_error);
    ADD(principal_without_a_rate_is_free_and_others_share_the_rest);
    ADD(end_of_a_scheduler_waits_for_what_it_has_said);
    ADD(end_of_a_scheduler_that_has_said_all_is_seen_at_once);
    ADD(calls_of_a_replaced_scheduler_do_nothing);
    ADD(numbers_of_a_principal_last_as_long_as_its_frameworks);
    ADD(master_that_ends_forgets_what_waits);
    ADD(limits_that_make_no_sense_are_refused_in_words);
#undef ADD
    return suite;
}

TEST_MAIN(master_rate_limits_suite)
