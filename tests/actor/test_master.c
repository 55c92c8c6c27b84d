/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master.c - the master, driven by messages of agents and schedulers that
 * are puppets, under a virtual clock. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "master/master.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define UUID_1 "AAAAAAAAAAAAAAAAAAAAAQ=="
#define UUID_2 "AAAAAAAAAAAAAAAAAAAAAg=="

#define AGENT_INFO(EXTRA) \
    "{\"hostname\":\"node\"," EXTRA "\"resources\":[" \
    "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":4}}," \
    "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1024}}]}"

struct stage {
    struct actor_system *system;
    struct master_flags flags;
    struct upid master;
    struct puppet *agent;
    struct puppet *scheduler;
    char agent_id[128];
    char framework_id[128];
};

/* --- the stage --- */

static struct stage
stage_create(void)
{
    static const struct log_options quiet = {
        .program = "test_master", .quiet = true,
    };
    struct actor_system_options options = {
        .manual = true, .seed = 1, .delegate = "master",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct stage s = { 0 };

    ck_assert_ptr_null(log_init(&quiet));
    master_flags_init(&s.flags);
    s.flags.hostname = xstrdup("localhost");
    ck_assert_ptr_null(actor_system_create(&options, &s.system));
    return s;
}

/* The flags are loans to the master: the stage must not move after this. */
static void
stage_open(struct stage *s)
{
    ck_assert_ptr_null(master_start(s->system, &s->flags, &s->master));
    s->agent = puppet_create(s->system, "slave(1)");
    s->scheduler = puppet_create(s->system, "scheduler-1");
    actor_system_run(s->system);
}

static void
stage_close(struct stage *s)
{
    actor_system_destroy(s->system);
    puppet_destroy(s->agent);
    puppet_destroy(s->scheduler);
    master_flags_fini(&s->flags);
}

static double
metric(struct stage *s, const char *name)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(s->system), name, &value));
    return value;
}

/* --- what agents do --- */

static void
register_agent(struct stage *s)
{
    const Internal__AgentRegistered *registered;

    puppet_say(s->agent, &s->master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    registered = puppet_heard(s->agent, &msg_agent_registered, 0);
    snprintf(s->agent_id, sizeof s->agent_id, "%s",
             registered->agent_id->value);
}

static void
update(struct stage *s, const char *task, const char *state, const char *uuid)
{
    puppet_say(s->agent, &s->master, &msg_update_status,
               "{\"update\":{\"framework_id\":{\"value\":\"%s\"},"
               "\"agent_id\":{\"value\":\"%s\"},\"timestamp\":1,"
               "\"uuid\":\"%s\",\"status\":{\"task_id\":{\"value\":\"%s\"},"
               "\"state\":\"%s\",\"uuid\":\"%s\"}}}", s->framework_id,
               s->agent_id, uuid, task, state, uuid);
}

/* --- what schedulers do --- */

static const Scheduler__Event *
event(const struct puppet *scheduler, size_t i)
{
    return puppet_heard(scheduler, &msg_scheduler_event, i);
}

static size_t
n_events(const struct puppet *scheduler, Scheduler__Event__Type type)
{
    size_t n = puppet_count(scheduler, &msg_scheduler_event);
    size_t n_of_type = 0;

    for (size_t i = 0; i < n; i++) {
        n_of_type += event(scheduler, i)->type == type;
    }
    return n_of_type;
}

/* The 'i'th event of that type. */
static const Scheduler__Event *
event_of(const struct puppet *scheduler, Scheduler__Event__Type type, size_t i)
{
    for (size_t j = 0; ; j++) {
        const Scheduler__Event *e = event(scheduler, j);

        if (e->type == type && i-- == 0) {
            return e;
        }
    }
}

static const V1__TaskStatus *
status(const struct puppet *scheduler, size_t i)
{
    return event_of(scheduler, SCHEDULER__EVENT__TYPE__UPDATE, i)
        ->update->status;
}

static size_t
n_offers(const struct puppet *scheduler)
{
    return n_events(scheduler, SCHEDULER__EVENT__TYPE__OFFERS);
}

static const V1__Offer *
offer(const struct puppet *scheduler, size_t i)
{
    return event_of(scheduler, SCHEDULER__EVENT__TYPE__OFFERS, i)
        ->offers->offers[0];
}

static double
scalar(const V1__Offer *o, const char *name)
{
    for (size_t i = 0; i < o->n_resources; i++) {
        if (!strcmp(o->resources[i]->name, name)) {
            return o->resources[i]->scalar->value;
        }
    }
    return 0;
}

/* 'info' is added to the FrameworkInfo: "\"id\":...,". */
static void
subscribe(struct stage *s, struct puppet *scheduler, const char *info)
{
    puppet_say(scheduler, &s->master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{"
               "%s\"user\":\"root\",\"name\":\"test\"}}}", info);
}

static void
subscribe_first(struct stage *s, const char *info)
{
    const Scheduler__Event *e;

    subscribe(s, s->scheduler, info);
    e = event(s->scheduler, 0);
    ck_assert_int_eq(e->type, SCHEDULER__EVENT__TYPE__SUBSCRIBED);
    snprintf(s->framework_id, sizeof s->framework_id, "%s",
             e->subscribed->framework_id->value);
}

static void PRINTF_FORMAT(3, 4)
call(struct stage *s, const char *type, const char *fmt, ...)
{
    char body[4096];
    va_list args;

    va_start(args, fmt);
    vsnprintf(body, sizeof body, fmt, args);
    va_end(args);
    puppet_say(s->scheduler, &s->master, &msg_scheduler_call,
               "{\"type\":\"%s\",\"framework_id\":{\"value\":\"%s\"}%s}",
               type, s->framework_id, body);
}

static void
launch(struct stage *s, const char *offer_id, const char *task, double cpus,
       double refuse_seconds)
{
    call(s, "ACCEPT",
         ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":%g},\"operations\":[{"
         "\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{"
         "\"name\":\"%s\",\"task_id\":{\"value\":\"%s\"},"
         "\"agent_id\":{\"value\":\"%s\"},\"command\":{\"value\":\"true\"},"
         "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":%g}},{\"name\":\"mem\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":64}}]}]}}]}",
         offer_id, refuse_seconds, task, task, s->agent_id, cpus);
}

static void
acknowledge(struct stage *s, const char *task, const char *uuid)
{
    call(s, "ACKNOWLEDGE",
         ",\"acknowledge\":{\"agent_id\":{\"value\":\"%s\"},"
         "\"task_id\":{\"value\":\"%s\"},\"uuid\":\"%s\"}", s->agent_id, task,
         uuid);
}

static void
decline(struct stage *s, const char *offer_id, double refuse_seconds)
{
    call(s, "DECLINE",
         ",\"decline\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":%g}}", offer_id, refuse_seconds);
}

/* An agent, a framework, and the first offer. */
static void
stage_with_offer(struct stage *s, const char *info)
{
    stage_open(s);
    register_agent(s);
    subscribe_first(s, info);
    ck_assert_uint_eq(n_offers(s->scheduler), 1);
}

/* A task besides that runs, its first update acknowledged. */
static void
stage_with_task(struct stage *s, const char *info)
{
    stage_with_offer(s, info);
    launch(s, offer(s->scheduler, 0)->id->value, "t", 1, 1000);
    ck_assert_uint_eq(puppet_count(s->agent, &msg_run_task), 1);
    update(s, "t", "TASK_RUNNING", UUID_1);
    acknowledge(s, "t", UUID_1);
    puppet_forget(s->agent);
    puppet_forget(s->scheduler);
}

static bool
ends_with(const char *s, const char *end)
{
    return strlen(s) >= strlen(end)
        && !strcmp(s + strlen(s) - strlen(end), end);
}

/* --- agents --- */

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

START_TEST(declined_offer_without_filter_comes_back_at_once)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    decline(&s, offer(s.scheduler, 0)->id->value, 0);

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

    ck_assert_uint_eq(n_offers(s.scheduler), 4);
    ck_assert_uint_eq(offer(s.scheduler, 3)->n_resources, 2);
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

/* --- tasks --- */

START_TEST(task_is_launched_in_the_same_turn)
{
    struct stage s = stage_create();
    const Internal__RunTask *run;
    stage_with_offer(&s, "");

    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 1000);

    run = puppet_heard(s.agent, &msg_run_task, 0);
    ck_assert_str_eq(run->task->task_id->value, "t");
    ck_assert_str_eq(run->framework->id->value, s.framework_id);
    ck_assert_str_eq(run->task->command->value, "true");
    ck_assert_str_eq(run->task->resources[0]->allocation_info->role, "*");
    ck_assert(run->launch_executor);
    ck_assert(!strncmp(run->pid, "scheduler-1@", 12));
    ck_assert_double_eq(metric(&s, "master/tasks_staging"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_percent"), 0.25);
    stage_close(&s);
}
END_TEST

START_TEST(update_goes_to_the_framework_and_its_acknowledgement_back)
{
    struct stage s = stage_create();
    const Internal__AcknowledgeUpdate *ack;
    stage_with_offer(&s, "");
    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 1000);

    update(&s, "t", "TASK_RUNNING", UUID_1);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_RUNNING);
    ck_assert_str_eq(status(s.scheduler, 0)->agent_id->value, s.agent_id);
    ck_assert_uint_eq(status(s.scheduler, 0)->uuid.len, 16);
    acknowledge(&s, "t", UUID_1);

    ack = puppet_heard(s.agent, &msg_acknowledge_update, 0);
    ck_assert_str_eq(ack->task_id->value, "t");
    ck_assert_uint_eq(ack->uuid.len, 16);
    ck_assert_uint_eq(ack->uuid.data[15], 1);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(resources_of_a_finished_task_are_offered_at_once)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");

    update(&s, "t", "TASK_FINISHED", UUID_2);

    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_double_eq(scalar(offer(s.scheduler, 0), "cpus"), 4);
    ck_assert_double_eq(metric(&s, "master/tasks_finished"), 1);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(finished_task_is_known_until_it_is_acknowledged)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    update(&s, "t", "TASK_FINISHED", UUID_2);
    puppet_forget(s.scheduler);

    call(&s, "RECONCILE", ",\"reconcile\":{}");
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_FINISHED);
    acknowledge(&s, "t", UUID_2);
    puppet_forget(s.scheduler);
    call(&s, "RECONCILE", ",\"reconcile\":{}");

    ck_assert_uint_eq(puppet_count(s.scheduler, &msg_scheduler_event), 0);
    stage_close(&s);
}
END_TEST

START_TEST(acknowledgement_of_another_update_does_not_end_the_task)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    update(&s, "t", "TASK_FINISHED", UUID_2);
    puppet_forget(s.scheduler);

    acknowledge(&s, "t", UUID_1);
    call(&s, "RECONCILE", ",\"reconcile\":{}");

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_FINISHED);
    stage_close(&s);
}
END_TEST

START_TEST(task_greater_than_its_offer_is_an_error)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1000, 0);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_run_task), 0);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_ERROR);
    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_TASK_INVALID);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Total resources cpus(allocated: *):1000; mem(allocated:"
                     " *):64 required by task and its executor is more than "
                     "available cpus(allocated: *):4; mem(allocated: *):1024");
    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(task_of_an_offer_that_is_gone_is_lost)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    launch(&s, "nothing", "t", 1, 0);

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_INVALID_OFFERS);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Task launched with invalid offers: Offer nothing is no "
                     "longer valid");
    stage_close(&s);
}
END_TEST

START_TEST(task_with_the_id_of_a_running_one_is_an_error)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    call(&s, "REVIVE", "%s", "");

    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 0);

    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Task has duplicate ID: t");
    stage_close(&s);
}
END_TEST

START_TEST(task_group_is_refused_in_words)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    call(&s, "ACCEPT",
         ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{"
         "\"type\":\"LAUNCH_GROUP\",\"launch_group\":{\"executor\":{"
         "\"executor_id\":{\"value\":\"e\"}},\"task_group\":{\"tasks\":[{"
         "\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
         "\"agent_id\":{\"value\":\"%s\"}}]}}}]}",
         offer(s.scheduler, 0)->id->value, s.agent_id);

    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_TASK_GROUP_INVALID);
    stage_close(&s);
}
END_TEST

static void
launch_with_executor(struct stage *s, size_t i_offer, const char *task)
{
    call(s, "ACCEPT",
         ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":0},\"operations\":[{"
         "\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{"
         "\"name\":\"%s\",\"task_id\":{\"value\":\"%s\"},"
         "\"agent_id\":{\"value\":\"%s\"},\"executor\":{"
         "\"executor_id\":{\"value\":\"e\"},"
         "\"command\":{\"value\":\"./e\"},\"resources\":[{\"name\":\"cpus\","
         "\"type\":\"SCALAR\",\"scalar\":{\"value\":0.5}}]},"
         "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":1}}]}]}}]}",
         offer(s->scheduler, i_offer)->id->value, task, task, s->agent_id);
}

START_TEST(executor_is_launched_once_and_counted_once)
{
    struct stage s = stage_create();
    const Internal__RunTask *run;
    stage_with_offer(&s, "");

    launch_with_executor(&s, 0, "a");
    launch_with_executor(&s, 1, "b");

    run = puppet_heard(s.agent, &msg_run_task, 0);
    ck_assert(run->launch_executor);
    ck_assert_str_eq(run->task->executor->framework_id->value,
                     s.framework_id);
    run = puppet_heard(s.agent, &msg_run_task, 1);
    ck_assert(!run->launch_executor);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 2.5);
    ck_assert_uint_eq(offer(s.scheduler, 2)->n_executor_ids, 1);
    stage_close(&s);
}
END_TEST

START_TEST(exit_of_an_executor_is_told_and_frees_its_resources)
{
    struct stage s = stage_create();
    const Scheduler__Event *failure;
    stage_with_offer(&s, "");
    launch_with_executor(&s, 0, "a");

    puppet_say(s.agent, &s.master, &msg_exited_executor,
               "{\"agent_id\":{\"value\":\"%s\"},\"framework_id\":{\"value\":"
               "\"%s\"},\"executor_id\":{\"value\":\"e\"},\"status\":256}",
               s.agent_id, s.framework_id);

    failure = event_of(s.scheduler, SCHEDULER__EVENT__TYPE__FAILURE, 0);
    ck_assert_str_eq(failure->failure->executor_id->value, "e");
    ck_assert_int_eq(failure->failure->status, 256);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(kill_goes_to_the_agent)
{
    struct stage s = stage_create();
    const Internal__KillTask *kill;
    stage_with_task(&s, "");

    call(&s, "KILL", ",\"kill\":{\"task_id\":{\"value\":\"t\"},"
         "\"kill_policy\":{\"grace_period\":{\"nanoseconds\":7}}}");

    kill = puppet_heard(s.agent, &msg_kill_task, 0);
    ck_assert_str_eq(kill->task_id->value, "t");
    ck_assert_str_eq(kill->framework_id->value, s.framework_id);
    ck_assert_int_eq(kill->kill_policy->grace_period->nanoseconds, 7);
    stage_close(&s);
}
END_TEST

START_TEST(kill_of_an_unknown_task_is_answered_by_its_state)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");

    call(&s, "KILL", ",\"kill\":{\"task_id\":{\"value\":\"x\"}}");

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Reconciliation: Task is unknown");
    stage_close(&s);
}
END_TEST

START_TEST(explicit_reconciliation_knows_the_agent)
{
    struct stage s = stage_create();
    stage_with_task(&s, "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],");

    call(&s, "RECONCILE", ",\"reconcile\":{\"tasks\":["
         "{\"task_id\":{\"value\":\"x\"},\"agent_id\":{\"value\":\"%s\"}},"
         "{\"task_id\":{\"value\":\"y\"}}]}", s.agent_id);

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_GONE);
    ck_assert_int_eq(status(s.scheduler, 1)->state,
                     V1__TASK_STATE__TASK_UNKNOWN);
    stage_close(&s);
}
END_TEST

START_TEST(messages_pass_both_ways)
{
    struct stage s = stage_create();
    const Internal__FrameworkToExecutor *down;
    const Scheduler__Event *up;
    stage_with_task(&s, "");

    call(&s, "MESSAGE", ",\"message\":{\"agent_id\":{\"value\":\"%s\"},"
         "\"executor_id\":{\"value\":\"e\"},\"data\":\"aGk=\"}", s.agent_id);
    puppet_say(s.agent, &s.master, &msg_executor_to_framework,
               "{\"agent_id\":{\"value\":\"%s\"},\"framework_id\":{\"value\":"
               "\"%s\"},\"executor_id\":{\"value\":\"e\"},\"data\":\"aGE=\"}",
               s.agent_id, s.framework_id);

    down = puppet_heard(s.agent, &msg_framework_to_executor, 0);
    ck_assert_mem_eq(down->data.data, "hi", 2);
    up = event_of(s.scheduler, SCHEDULER__EVENT__TYPE__MESSAGE, 0);
    ck_assert_mem_eq(up->message->data.data, "ha", 2);
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
master_suite(void)
{
    Suite *suite = suite_create("master");

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
    ADD(agent_that_unregisters_loses_its_tasks);
    ADD(framework_is_offered_all_that_is_free_at_once);
    ADD(multi_role_framework_sees_the_role_of_its_offer);
    ADD(new_agent_is_offered_without_waiting_for_the_interval);
    ADD(declined_offer_comes_back_when_its_filter_ends);
    ADD(declined_offer_without_filter_comes_back_at_once);
    ADD(revive_ends_filters_and_suppress_ends_offers);
    ADD(what_one_framework_declines_goes_to_the_other);
    ADD(offer_that_is_not_answered_in_time_is_rescinded);
    ADD(same_ports_of_two_agents_are_kept_apart);
    ADD(tasks_that_share_a_port_by_their_agent_s_report_do_no_harm);
    ADD(task_is_launched_in_the_same_turn);
    ADD(update_goes_to_the_framework_and_its_acknowledgement_back);
    ADD(resources_of_a_finished_task_are_offered_at_once);
    ADD(finished_task_is_known_until_it_is_acknowledged);
    ADD(acknowledgement_of_another_update_does_not_end_the_task);
    ADD(task_greater_than_its_offer_is_an_error);
    ADD(task_of_an_offer_that_is_gone_is_lost);
    ADD(task_with_the_id_of_a_running_one_is_an_error);
    ADD(task_group_is_refused_in_words);
    ADD(executor_is_launched_once_and_counted_once);
    ADD(exit_of_an_executor_is_told_and_frees_its_resources);
    ADD(kill_goes_to_the_agent);
    ADD(kill_of_an_unknown_task_is_answered_by_its_state);
    ADD(explicit_reconciliation_knows_the_agent);
    ADD(messages_pass_both_ways);
    ADD(framework_whose_scheduler_is_gone_is_removed);
    ADD(framework_that_fails_over_in_time_keeps_its_tasks);
    ADD(framework_that_does_not_fail_over_in_time_is_removed);
    ADD(scheduler_that_is_replaced_is_told_so);
    ADD(teardown_ends_framework_and_tasks);
    ADD(framework_with_a_bad_role_is_refused);
    ADD(subscription_that_is_repeated_is_acknowledged_again);
    ADD(strange_messages_change_nothing);
#undef ADD
    return suite;
}

TEST_MAIN(master_suite)
