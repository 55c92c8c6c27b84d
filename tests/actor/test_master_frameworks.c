/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_frameworks.c - frameworks at the master and what they are
 * offered: everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/duration.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

/* --- offers --- */

START_TEST(framework_is_offered_all_that_is_free_at_once)
{
    struct stage s = stage_create();
    const V1__Offer *o;

    stage_with_offer(&s, "");

    ck_assert(ends_with(s.framework_id, "-0000"));
    o = offer(s.scheduler, 0);
    ck_assert(ends_with(o->id->value, "-O0"));
    ck_assert_str_eq(o->agent_id->value, s.agent_id);
    ck_assert_str_eq(o->hostname, "node");
    ck_assert_str_eq(o->url->path, "/slave(1)");
    ck_assert_double_eq(scalar(o, "cpus"), 4);
    ck_assert_double_eq(scalar(o, "mem"), 1024);
    ck_assert_ptr_null(o->allocation_info);
    ck_assert_ptr_null(o->resources[0]->allocation_info);
    stage_close(&s);
}
END_TEST

START_TEST(multi_role_framework_sees_the_role_of_its_offer)
{
    struct stage s = stage_create();
    const V1__Offer *o;

    stage_with_offer(&s, "\"roles\":[\"web\"],\"capabilities\":["
                     "{\"type\":\"MULTI_ROLE\"}],");

    o = offer(s.scheduler, 0);
    ck_assert_str_eq(o->allocation_info->role, "web");
    ck_assert_str_eq(o->resources[0]->allocation_info->role, "web");
    stage_close(&s);
}
END_TEST

START_TEST(new_agent_is_offered_without_waiting_for_the_interval)
{
    struct stage s = stage_create();
    stage_open(&s);
    subscribe_first(&s, "");
    ck_assert_uint_eq(n_offers(s.scheduler), 0);

    register_agent(&s);

    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

START_TEST(declined_offer_comes_back_when_its_filter_ends)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    decline(&s, offer(s.scheduler, 0)->id->value, 10);
    actor_system_advance(s.system, 9 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(declined_offer_without_filter_comes_back_with_the_next_cycle)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    decline(&s, offer(s.scheduler, 0)->id->value, 0);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    actor_system_advance(s.system, 1 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(revive_ends_filters_and_suppress_ends_offers)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");
    decline(&s, offer(s.scheduler, 0)->id->value, 1000);
    actor_system_advance(s.system, 5 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);

    call(&s, "REVIVE", "%s", "");
    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    call(&s, "SUPPRESS", "%s", "");
    decline(&s, offer(s.scheduler, 1)->id->value, 0);
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(what_one_framework_declines_goes_to_the_other)
{
    struct stage s = stage_create();
    struct puppet *other;
    stage_with_offer(&s, "");
    other = puppet_create(s.system, "scheduler-2");
    subscribe(&s, other, "");
    ck_assert_uint_eq(n_offers(other), 0);

    decline(&s, offer(s.scheduler, 0)->id->value, 5);

    ck_assert_uint_eq(n_offers(other), 1);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

START_TEST(offer_that_is_not_answered_in_time_is_rescinded)
{
    struct stage s = stage_create();
    s.flags.offer_timeout = 10 * SECOND;
    stage_with_offer(&s, "");

    actor_system_advance(s.system, 10 * SECOND);

    ck_assert_str_eq(
        event_of(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND, 0)
            ->rescind->offer_id->value,
        offer(s.scheduler, 0)->id->value);
    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(same_ports_of_two_agents_are_kept_apart)
{
    struct stage s = stage_create();
    struct puppet *other;
    static const char info[] =
        "{\"agent\":{\"hostname\":\"node\",\"resources\":[{\"name\":"
        "\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}},{\"name\":"
        "\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":[{\"begin\":1,"
        "\"end\":9}]}}]},\"version\":\"1.12.0\"}";
    stage_open(&s);
    other = puppet_create(s.system, "slave(2)");
    subscribe_first(&s, "");
    puppet_say(s.agent, &s.master, &msg_register_agent, "%s", info);
    puppet_say(other, &s.master, &msg_register_agent, "%s", info);
    ck_assert_uint_eq(n_offers(s.scheduler), 2);

    decline(&s, offer(s.scheduler, 0)->id->value, 0);
    decline(&s, offer(s.scheduler, 1)->id->value, 0);
    actor_system_advance(s.system, 1 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 3);        /* both in one */
    ck_assert_double_eq(metric(&s, "master/outstanding_offers"), 2);
    ck_assert_uint_eq(offer(s.scheduler, 2)->n_resources, 2);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

START_TEST(tasks_that_share_a_port_by_their_agent_s_report_do_no_harm)
{
    struct stage s = stage_create();
    stage_open(&s);
#define REPORTED(ID) \
    "{\"name\":\"t\",\"task_id\":{\"value\":\"" ID "\"},\"framework_id\":{" \
    "\"value\":\"F\"},\"agent_id\":{\"value\":\"old-S7\"},\"state\":" \
    "\"TASK_RUNNING\",\"resources\":[{\"name\":\"ports\",\"type\":" \
    "\"RANGES\",\"ranges\":{\"range\":[{\"begin\":1,\"end\":1}]}}]}"
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"old-S7\"},")
               ",\"version\":\"1.12.0\",\"frameworks\":[{\"user\":\"root\","
               "\"name\":\"test\",\"id\":{\"value\":\"F\"}}],\"tasks\":["
               REPORTED("a") "," REPORTED("b") "]}");
#undef REPORTED
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 2);

    puppet_say(s.agent, &s.master, &msg_unregister_agent,
               "{\"agent_id\":{\"value\":\"old-S7\"}}");

    ck_assert_double_eq(metric(&s, "master/tasks_running"), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 0);
    stage_close(&s);
}
END_TEST

/* --- frameworks --- */

START_TEST(framework_whose_scheduler_is_gone_is_removed)
{
    struct stage s = stage_create();
    struct puppet *again;
    const Internal__ShutdownFramework *shutdown;
    stage_with_task(&s, "");

    puppet_die(s.scheduler);
    actor_system_advance(s.system, SECOND);

    shutdown = puppet_heard(s.agent, &msg_shutdown_framework, 0);
    ck_assert_str_eq(shutdown->framework_id->value, s.framework_id);
    ck_assert_double_eq(metric(&s, "master/frameworks_active"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_killed"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    again = puppet_create(s.system, "scheduler-2");
    puppet_say(again, &s.master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"framework_id\":{\"value\":\"%s\"},"
               "\"subscribe\":{\"framework_info\":{\"id\":{\"value\":\"%s\"},"
               "\"user\":\"root\",\"name\":\"test\"}}}", s.framework_id,
               s.framework_id);
    ck_assert_str_eq(event(again, 0)->error->message,
                     "Framework has been removed");
    stage_close(&s);
    puppet_destroy(again);
}
END_TEST

START_TEST(framework_that_fails_over_in_time_keeps_its_tasks)
{
    struct stage s = stage_create();
    struct puppet *again;
    const Internal__UpdateFramework *framework;
    char info[256];
    stage_with_task(&s, "\"failover_timeout\":60,");
    snprintf(info, sizeof info, "\"id\":{\"value\":\"%s\"},",
             s.framework_id);

    puppet_die(s.scheduler);
    actor_system_advance(s.system, 59 * SECOND);
    again = puppet_create(s.system, "scheduler-2");
    subscribe(&s, again, info);
    actor_system_advance(s.system, 60 * SECOND);

    ck_assert_int_eq(event(again, 0)->type,
                     SCHEDULER__EVENT__TYPE__SUBSCRIBED);
    ck_assert_str_eq(event(again, 0)->subscribed->framework_id->value,
                     s.framework_id);
    framework = puppet_heard(s.agent, &msg_update_framework, 0);
    ck_assert(!strncmp(framework->pid, "scheduler-2@", 12));
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    stage_close(&s);
    puppet_destroy(again);
}
END_TEST

START_TEST(framework_that_does_not_fail_over_in_time_is_removed)
{
    struct stage s = stage_create();
    stage_with_task(&s, "\"failover_timeout\":60,");

    puppet_die(s.scheduler);
    actor_system_advance(s.system, 59 * SECOND);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 0);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 1);
    stage_close(&s);
}
END_TEST

START_TEST(scheduler_that_is_replaced_is_told_so)
{
    struct stage s = stage_create();
    struct puppet *other;
    char info[256];
    stage_with_offer(&s, "\"failover_timeout\":60,");
    snprintf(info, sizeof info, "\"id\":{\"value\":\"%s\"},",
             s.framework_id);
    puppet_forget(s.scheduler);
    other = puppet_create(s.system, "scheduler-2");

    subscribe(&s, other, info);

    ck_assert_str_eq(
        event_of(s.scheduler, SCHEDULER__EVENT__TYPE__ERROR, 0)
            ->error->message, "Framework failed over");
    ck_assert_uint_eq(n_offers(other), 1);
    puppet_forget(s.scheduler);
    call(&s, "REVIVE", "%s", "");
    ck_assert_uint_eq(puppet_count(s.scheduler, &msg_scheduler_event), 0);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

START_TEST(deactivated_framework_has_no_offers_but_its_tasks)
{
    struct stage s = stage_create();
    struct puppet *other;
    stage_with_task(&s, "");
    other = puppet_create(s.system, "scheduler-2");
    subscribe(&s, other, "");
    puppet_forget(s.scheduler);

    puppet_say(other, &s.master, &msg_deactivate_framework,
               "{\"framework_id\":{\"value\":\"%s\"}}", s.framework_id);
    ck_assert_double_eq(metric(&s, "master/frameworks_active"), 2);
    puppet_say(s.scheduler, &s.master, &msg_deactivate_framework,
               "{\"framework_id\":{\"value\":\"%s\"}}", s.framework_id);
    puppet_say(s.scheduler, &s.master, &msg_deactivate_framework,
               "{\"framework_id\":{\"value\":\"%s\"}}", s.framework_id);
    actor_system_advance(s.system, 60 * SECOND);

    ck_assert_double_eq(metric(&s, "master/frameworks_active"), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 2);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    ck_assert_uint_eq(n_offers(s.scheduler), 0);
    ck_assert_uint_eq(n_offers(other), 1);

    call(&s, "TEARDOWN", "%s", "");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 1);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

START_TEST(teardown_ends_framework_and_tasks)
{
    struct stage s = stage_create();
    stage_with_task(&s, "\"failover_timeout\":60,");

    call(&s, "TEARDOWN", "%s", "");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 0);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(framework_with_a_bad_role_is_refused)
{
    struct stage s = stage_create();
    stage_open(&s);

    subscribe(&s, s.scheduler, "\"role\":\"/web\",");

    ck_assert_int_eq(event(s.scheduler, 0)->type,
                     SCHEDULER__EVENT__TYPE__ERROR);
    ck_assert(!strncmp(event(s.scheduler, 0)->error->message,
                       "'FrameworkInfo.role' is not a valid role: ", 42));
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(subscription_that_is_repeated_is_acknowledged_again)
{
    struct stage s = stage_create();
    stage_open(&s);
    subscribe_first(&s, "");

    subscribe(&s, s.scheduler, "");

    ck_assert_str_eq(event(s.scheduler, 1)->subscribed->framework_id->value,
                     s.framework_id);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(strange_messages_change_nothing)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");

    puppet_say(s.scheduler, &s.master, &msg_scheduler_call, "{}");
    call(&s, "ACCEPT", "%s", "");
    call(&s, "ACCEPT", ",\"accept\":{}");
    call(&s, "ACKNOWLEDGE", ",\"acknowledge\":{\"agent_id\":{\"value\":"
         "\"%s\"},\"task_id\":{\"value\":\"t\"},\"uuid\":\"AA==\"}",
         s.agent_id);
    call(&s, "RECONCILE_OPERATIONS", "%s", "");
    call(&s, "DECLINE", ",\"decline\":{\"offer_ids\":[{\"value\":\"x\"}]}");
    call(&s, "REVIVE", ",\"revive\":{\"roles\":[\"other\"]}");
    call(&s, "SHUTDOWN", ",\"shutdown\":{\"executor_id\":{\"value\":\"e\"},"
         "\"agent_id\":{\"value\":\"x\"}}");
    call(&s, "MESSAGE", ",\"message\":{\"agent_id\":{\"value\":\"x\"},"
         "\"executor_id\":{\"value\":\"e\"},\"data\":\"\"}");
    update(&s, "x", "TASK_RUNNING", UUID_2);
    update(&s, "t", "TASK_RUNNING", "AA==");
    puppet_say(s.agent, &s.master, &msg_unregister_agent,
               "{\"agent_id\":{\"value\":\"x\"}}");
    puppet_say(s.scheduler, &s.master, &msg_update_status,
               "{\"update\":{\"framework_id\":{\"value\":\"%s\"},"
               "\"timestamp\":1,\"uuid\":\"" UUID_1 "\",\"status\":{"
               "\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_LOST\"}}}",
               s.framework_id);

    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 1);
    stage_close(&s);
}
END_TEST

static Suite *
master_frameworks_suite(void)
{
    Suite *suite = suite_create("master_frameworks");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(framework_is_offered_all_that_is_free_at_once);
    ADD(multi_role_framework_sees_the_role_of_its_offer);
    ADD(new_agent_is_offered_without_waiting_for_the_interval);
    ADD(declined_offer_comes_back_when_its_filter_ends);
    ADD(declined_offer_without_filter_comes_back_with_the_next_cycle);
    ADD(revive_ends_filters_and_suppress_ends_offers);
    ADD(what_one_framework_declines_goes_to_the_other);
    ADD(offer_that_is_not_answered_in_time_is_rescinded);
    ADD(same_ports_of_two_agents_are_kept_apart);
    ADD(tasks_that_share_a_port_by_their_agent_s_report_do_no_harm);
    ADD(framework_whose_scheduler_is_gone_is_removed);
    ADD(framework_that_fails_over_in_time_keeps_its_tasks);
    ADD(framework_that_does_not_fail_over_in_time_is_removed);
    ADD(scheduler_that_is_replaced_is_told_so);
    ADD(deactivated_framework_has_no_offers_but_its_tasks);
    ADD(teardown_ends_framework_and_tasks);
    ADD(framework_with_a_bad_role_is_refused);
    ADD(subscription_that_is_repeated_is_acknowledged_again);
    ADD(strange_messages_change_nothing);
#undef ADD
    return suite;
}

TEST_MAIN(master_frameworks_suite)
