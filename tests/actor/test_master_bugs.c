/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_bugs.c - what makes the master of Mesos crash, or lose what it
 * should keep, by the names of its bugs: everybody is a puppet, under a
 * virtual clock.  docs/mesos-bugs.md has the whole list. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define AWARE \
    "\"failover_timeout\":36000,\"checkpoint\":true,\"capabilities\":[{" \
    "\"type\":\"PARTITION_AWARE\"}],"

static void
subscribe_again(struct stage *s, struct puppet *scheduler)
{
    char info[512];

    snprintf(info, sizeof info, "\"id\":{\"value\":\"%s\"}," AWARE,
             s->framework_id);
    subscribe(s, scheduler, info);
}

/* The tasks of a framework without scheduler are over in every way there is;
 * the framework comes back, asks, and hears it. */
static const char *const ends[] = {
    "update", "unregister", "unreachable", "other-agent",
};

static void
end_task(struct stage *s, const char *how)
{
    if (!strcmp(how, "update")) {
        update(s, "t", "TASK_FINISHED", UUID_2);
    } else if (!strcmp(how, "unregister")) {
        puppet_say(s->agent, &s->master, &msg_unregister_agent,
                   "{\"agent_id\":{\"value\":\"%s\"}}", s->agent_id);
    } else if (!strcmp(how, "unreachable")) {
        puppet_answer_pings(s->agent, false);
        actor_system_advance(s->system, 2 * MINUTE);
    } else {
        /* A new agent at its address. */
        puppet_die(s->agent);
        puppet_destroy(s->agent);
        s->agent = puppet_create(s->system, "slave(1)");
        puppet_say(s->agent, &s->master, &msg_register_agent,
                   "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    }
}

START_TEST(mesos_10146_task_is_removed_while_its_framework_is_away)
{
    struct stage s = stage_create();
    struct puppet *next;
    const char *how = ends[_i];

    stage_with_task(&s, AWARE);
    puppet_die(s.scheduler);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 1);

    end_task(&s, how);

    ck_assert_double_eq(metric(&s, "master/tasks_running"), 0);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    next = puppet_create(s.system, "scheduler-2");
    subscribe_again(&s, next);
    puppet_say(next, &s.master, &msg_scheduler_call,
               "{\"type\":\"RECONCILE\",\"framework_id\":{\"value\":\"%s\"},"
               "\"reconcile\":{\"tasks\":[{\"task_id\":{\"value\":\"t\"},"
               "\"agent_id\":{\"value\":\"%s\"}}]}}", s.framework_id,
               s.agent_id);
    if (!strcmp(how, "update")) {
        /* What it was told last, until the agent says it again. */
        ck_assert_int_eq(status(next, 0)->state, V1__TASK_STATE__TASK_RUNNING);
        update(&s, "t", "TASK_FINISHED", UUID_2);
        ck_assert_int_eq(status(next, 1)->state,
                         V1__TASK_STATE__TASK_FINISHED);
    } else {
        ck_assert_int_eq(status(next, 0)->state,
                         !strcmp(how, "unreachable")
                         ? V1__TASK_STATE__TASK_UNREACHABLE
                         : V1__TASK_STATE__TASK_UNKNOWN);
    }
    stage_close(&s);
    puppet_destroy(next);
}
END_TEST

/* ... and of one that only agents know, whose scheduler never came. */
START_TEST(mesos_10146_task_of_a_recovered_framework_is_removed)
{
    struct stage s = stage_create();

    stage_open(&s);
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"old-S7\"},")
               ",\"version\":\"1.12.0\",\"frameworks\":[{\"user\":\"root\","
               "\"name\":\"test\",\"id\":{\"value\":\"F\"},\"checkpoint\":"
               "true}],\"tasks\":[{\"name\":\"t\",\"task_id\":{\"value\":"
               "\"t\"},\"framework_id\":{\"value\":\"F\"},\"agent_id\":{"
               "\"value\":\"old-S7\"},\"state\":\"TASK_RUNNING\","
               "\"resources\":[]}]}");
    snprintf(s.agent_id, sizeof s.agent_id, "old-S7");
    snprintf(s.framework_id, sizeof s.framework_id, "F");
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    end_task(&s, ends[_i]);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 0);
    stage_close(&s);
}
END_TEST

/* The framework is removed while its agent waits to be given up. */
START_TEST(mesos_9609_framework_is_removed_before_its_agent_is_given_up)
{
    struct stage s = stage_create();
    struct puppet *other;

    s.flags.agent_removal_rate_limit = xstrdup("1/10mins");
    stage_with_task(&s, AWARE);
    other = puppet_create(s.system, "slave(2)");
    puppet_say(other, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");

    /* The first takes the permit, ours waits for the next. */
    puppet_answer_pings(other, false);
    actor_system_advance(s.system, 1 * MINUTE);
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 2 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_scheduled"), 2);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_completed"), 1);
    call(&s, "TEARDOWN", "%s", "");
    actor_system_advance(s.system, 11 * MINUTE);

    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 2);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_killed"), 1);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

/* The agent of a framework without checkpoints comes back: what was given up
 * when its link broke does not run on unknown to anybody. */
START_TEST(mesos_7911_task_that_was_given_up_is_killed)
{
    struct stage s = stage_create();
    const Internal__KillTask *kill;

    stage_with_task(&s, "\"failover_timeout\":36000,");
    puppet_die(s.agent);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    puppet_destroy(s.agent);
    s.agent = puppet_create(s.system, "slave(1)");
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},")
               ",\"version\":\"1.12.0\",\"frameworks\":[{\"user\":\"root\","
               "\"name\":\"test\",\"id\":{\"value\":\"%s\"}}],\"tasks\":[{"
               "\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
               "\"framework_id\":{\"value\":\"%s\"},\"agent_id\":{\"value\":"
               "\"%s\"},\"state\":\"TASK_RUNNING\",\"resources\":[]}]}",
               s.agent_id, s.framework_id, s.framework_id, s.agent_id);

    kill = puppet_heard(s.agent, &msg_kill_task, 0);
    ck_assert_str_eq(kill->task_id->value, "t");
    stage_close(&s);
}
END_TEST

static Suite *
master_bugs_suite(void)
{
    Suite *suite = suite_create("master_bugs");
    TCase *tcase = tcase_create("mesos_10146");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, mesos_10146_task_is_removed_while_its_framework_is_away, 0,
        ARRAY_SIZE(ends));
    tcase_add_loop_test(
        tcase, mesos_10146_task_of_a_recovered_framework_is_removed, 0,
        ARRAY_SIZE(ends) - 1);
    suite_add_tcase(suite, tcase);
#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(mesos_9609_framework_is_removed_before_its_agent_is_given_up);
    ADD(mesos_7911_task_that_was_given_up_is_killed);
#undef ADD
    return suite;
}

TEST_MAIN(master_bugs_suite)
