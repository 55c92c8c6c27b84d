/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_agents.c - agents at the master, as they come, go and come back:
 * everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

START_TEST(agent_that_registers_gets_an_id_and_is_pinged)
{
    struct stage s = stage_create();
    const Internal__AgentRegistered *registered;
    bool connected = false;
    stage_open(&s);

    register_agent(&s);

    ck_assert(ends_with(s.agent_id, "-S0"));
    ck_assert_uint_eq(strlen(s.agent_id), 36 + 3);
    registered = puppet_heard(s.agent, &msg_agent_registered, 0);
    ck_assert_double_eq(registered->connection->total_ping_timeout_seconds,
                        75.0);
    ck_assert_uint_eq(puppet_n_pings(s.agent, &connected), 1);
    ck_assert(connected);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_total"), 4);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_registers_twice_keeps_its_id)
{
    struct stage s = stage_create();
    const Internal__AgentRegistered *again;
    stage_open(&s);
    register_agent(&s);

    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");

    again = puppet_heard(s.agent, &msg_agent_registered, 1);
    ck_assert_str_eq(again->agent_id->value, s.agent_id);
    ck_assert_double_eq(metric(&s, "master/slave_registrations"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_is_too_old_or_sends_nonsense_is_ignored)
{
    struct stage s = stage_create();
    stage_open(&s);

    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"0.28.2\"}");
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") "}");
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":{\"hostname\":\"h\",\"resources\":[{\"name\":"
               "\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":-1}}]},"
               "\"version\":\"1.12.0\"}");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_registered), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_stops_answering_pings_becomes_unreachable)
{
    struct stage s = stage_create();
    const Scheduler__Event *failure;
    stage_with_task(&s, "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],");

    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 4 * 15 * SECOND);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    actor_system_advance(s.system, 2 * 15 * SECOND);

    ck_assert_double_eq(metric(&s, "master/slaves_active"), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_UNREACHABLE);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "health check timed out");
    ck_assert_ptr_nonnull(status(s.scheduler, 0)->unreachable_time);
    failure = event_of(s.scheduler, SCHEDULER__EVENT__TYPE__FAILURE, 0);
    ck_assert_str_eq(failure->failure->agent_id->value, s.agent_id);
    stage_close(&s);
}
END_TEST

START_TEST(unreachable_agent_that_comes_back_brings_its_tasks)
{
    struct stage s = stage_create();
    stage_with_task(&s, "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],");
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 6 * 15 * SECOND);
    puppet_answer_pings(s.agent, true);
    puppet_forget(s.scheduler);

    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},")
               ",\"version\":\"1.12.0\",\"frameworks\":[{\"user\":\"root\","
               "\"name\":\"test\",\"id\":{\"value\":\"%s\"}}],\"tasks\":[{"
               "\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
               "\"framework_id\":{\"value\":\"%s\"},"
               "\"agent_id\":{\"value\":\"%s\"},\"state\":\"TASK_RUNNING\","
               "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
               "\"scalar\":{\"value\":1}}]}]}",
               s.agent_id, s.framework_id, s.framework_id, s.agent_id);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 1);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_RUNNING);
    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_AGENT_REREGISTERED);
    ck_assert_double_eq(scalar(offer(s.scheduler, 0), "cpus"), 3);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(duplicate_among_very_many_frameworks_is_found)
{
    struct stage s = stage_create();
    autofini(strbuf) list = STRBUF(STRBUF_UNLIMITED);

    stage_open(&s);
    for (int i = 0; i < 40000; i++) {
        strbuf_printf(&list, "{\"user\":\"root\",\"name\":\"f\",\"id\":{"
                      "\"value\":\"framework-of-a-long-name-%d\"}},", i);
    }
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"old-S7\"},")
               ",\"version\":\"1.12.0\",\"frameworks\":[%s{\"user\":\"root\","
               "\"name\":\"f\",\"id\":{\"value\":"
               "\"framework-of-a-long-name-7\"}}]}", list.data);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 0);
    stage_close(&s);
}
END_TEST

/* Of lines that say which roles are suppressed, what follows the prefix. */
static void
keep_roles_line(void *aux, const char *line)
{
    const char *text = strstr(line, "] ");

    if (text && strstr(text, " with roles {")) {
        strbuf_printf(aux, "%s\n", text + 2);
    }
}

START_TEST(agent_of_an_earlier_master_brings_framework_and_tasks)
{
    autofini(strbuf) lines = STRBUF(STRBUF_UNLIMITED);
    struct stage s = stage_create();
    stage_open(&s);
    snprintf(s.framework_id, sizeof s.framework_id, "old-0000");
    snprintf(s.agent_id, sizeof s.agent_id, "old-S7");

    log_set_sink(keep_roles_line, &lines);
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"old-S7\"},")
               ",\"version\":\"1.12.0\",\"frameworks\":[{\"user\":\"root\","
               "\"name\":\"test\",\"id\":{\"value\":\"old-0000\"}}],"
               "\"tasks\":[{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
               "\"framework_id\":{\"value\":\"old-0000\"},"
               "\"agent_id\":{\"value\":\"old-S7\"},"
               "\"state\":\"TASK_RUNNING\",\"resources\":[{\"name\":\"cpus\","
               "\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}]}]}");
    subscribe(&s, s.scheduler, "\"id\":{\"value\":\"old-0000\"},");
    log_set_sink(NULL, NULL);
    call(&s, "RECONCILE", ",\"reconcile\":{}");

    ck_assert_str_eq(lines.data,
                     "Adding framework old-0000 (test) with roles {  } "
                     "suppressed\n"
                     "Updating framework old-0000 (test) at "
                     "scheduler-1@127.0.0.1:0 with roles {  } suppressed\n");
    ck_assert_int_eq(event(s.scheduler, 0)->type,
                     SCHEDULER__EVENT__TYPE__SUBSCRIBED);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_RUNNING);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Reconciliation: Latest task state");
    ck_assert_double_eq(scalar(offer(s.scheduler, 0), "cpus"), 3);
    stage_close(&s);
}
END_TEST

START_TEST(agent_whose_report_does_not_hold_together_is_not_let_in)
{
    struct stage s = stage_create();
    stage_open(&s);

    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"old-S7\"},")
               ",\"version\":\"1.12.0\",\"tasks\":[{\"name\":\"t\","
               "\"task_id\":{\"value\":\"t\"},"
               "\"framework_id\":{\"value\":\"unnamed\"},"
               "\"agent_id\":{\"value\":\"old-S7\"},"
               "\"state\":\"TASK_RUNNING\"}]}");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(broken_link_rescinds_offers_and_ends_tasks_without_checkpoints)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    call(&s, "REVIVE", "%s", "");
    ck_assert_uint_eq(n_offers(s.scheduler), 1);

    puppet_die(s.agent);

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Agent node disconnected");
    ck_assert_double_eq(metric(&s, "master/slaves_disconnected"), 1);
    ck_assert_double_eq(metric(&s, "master/outstanding_offers"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(agent_back_after_a_broken_link_is_asked_about_missing_tasks)
{
    struct stage s = stage_create();
    const Internal__AgentReregistered *reregistered;
    struct puppet *again;
    stage_with_task(&s, "\"checkpoint\":true,");
    puppet_die(s.agent);
    ck_assert_uint_eq(puppet_count(s.scheduler, &msg_scheduler_event), 0);
    again = puppet_create(s.system, "slave(2)");

    puppet_say(again, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},")
               ",\"version\":\"1.12.0\"}", s.agent_id);

    reregistered = puppet_heard(again, &msg_agent_reregistered, 0);
    ck_assert_uint_eq(reregistered->n_reconciliations, 1);
    ck_assert_str_eq(
        reregistered->reconciliations[0]->statuses[0]->task_id->value, "t");
    ck_assert_double_eq(metric(&s, "master/slaves_connected"), 1);
    ck_assert_double_eq(metric(&s, "master/slave_reregistrations"), 1);
    stage_close(&s);
    puppet_destroy(again);
}
END_TEST

/* A system that understands the master's messages; NULL address: any. */
static struct actor_system *
add_system(struct multi_system *multi, const struct address *address)
{
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
        .seed = address ? 99 : 0,
    };

    return address ? multi_system_add_at(multi, address, &options)
                   : multi_system_add(multi, &options);
}

START_TEST(agent_that_is_a_new_process_at_its_old_address_is_pinged)
{
    struct multi_system *multi = multi_system_create();
    struct actor_system *master_system = add_system(multi, NULL);
    struct actor_system *agent_system = add_system(multi, NULL);
    struct address address = *actor_system_address(agent_system);
    struct stage s = { .system = master_system };
    struct puppet *again;
    bool connected;

    master_flags_init(&s.flags);
    s.flags.hostname = xstrdup("localhost");
    free(s.flags.registry);
    s.flags.registry = xstrdup("in_memory");
    ck_assert_ptr_null(master_start(master_system, &s.flags, &s.master));
    s.agent = puppet_create(agent_system, "slave(1)");
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    multi_system_run(multi);
    const Internal__AgentRegistered *registered =
        puppet_heard(s.agent, &msg_agent_registered, 0);

    snprintf(s.agent_id, sizeof s.agent_id, "%s",
             registered->agent_id->value);
    multi_system_remove(multi, agent_system);
    again = puppet_create(add_system(multi, &address), "slave(1)");
    puppet_say(again, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},")
               ",\"version\":\"1.12.0\"}", s.agent_id);
    multi_system_advance(multi, 10 * MINUTE);

    ck_assert_uint_eq(puppet_count(again, &msg_agent_reregistered), 1);
    ck_assert_uint_ge(puppet_n_pings(again, &connected), 2);
    ck_assert(connected);
    ck_assert_double_eq(metric(&s, "master/slaves_connected"), 1);
    multi_system_destroy(multi);
    puppet_destroy(s.agent);
    puppet_destroy(again);
    master_flags_fini(&s.flags);
}
END_TEST

START_TEST(agent_that_unregisters_loses_its_tasks)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");

    puppet_say(s.agent, &s.master, &msg_unregister_agent,
               "{\"agent_id\":{\"value\":\"%s\"}}", s.agent_id);

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Agent node removed: the agent unregistered");
    ck_assert_double_eq(
        metric(&s, "master/slave_removals/reason_unregistered"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_total"), 0);
    stage_close(&s);
}
END_TEST

static Suite *
master_agents_suite(void)
{
    Suite *suite = suite_create("master_agents");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(agent_that_registers_gets_an_id_and_is_pinged);
    ADD(agent_that_registers_twice_keeps_its_id);
    ADD(agent_that_is_too_old_or_sends_nonsense_is_ignored);
    ADD(agent_that_stops_answering_pings_becomes_unreachable);
    ADD(unreachable_agent_that_comes_back_brings_its_tasks);
    ADD(duplicate_among_very_many_frameworks_is_found);
    ADD(agent_of_an_earlier_master_brings_framework_and_tasks);
    ADD(agent_whose_report_does_not_hold_together_is_not_let_in);
    ADD(broken_link_rescinds_offers_and_ends_tasks_without_checkpoints);
    ADD(agent_back_after_a_broken_link_is_asked_about_missing_tasks);
    ADD(agent_that_is_a_new_process_at_its_old_address_is_pinged);
    ADD(agent_that_unregisters_loses_its_tasks);
#undef ADD
    return suite;
}

TEST_MAIN(master_agents_suite)
