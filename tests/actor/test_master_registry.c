/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_registry.c - a master and its registry: what it finds there,
 * what it may not do before the registry knows, and what operators do to
 * agents.  Everybody else is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "master/private.h"
#include "master/state_json.h"
#include "tests/lib/master_place.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

/* --- a master that comes after another one --- */

#define CAPABLE \
    "\"version\":\"1.12.0\",\"agent_capabilities\":[{\"type\":" \
    "\"AGENT_DRAINING\"}]"

static void
register_capable(struct stage *s)
{
    const Internal__AgentRegistered *registered;

    puppet_say(s->agent, &s->master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") "," CAPABLE "}");
    registered = puppet_heard(s->agent, &msg_agent_registered, 0);
    snprintf(s->agent_id, sizeof s->agent_id, "%s",
             registered->agent_id->value);
}

static void
reregister(struct stage *s, struct puppet *agent, const char *id)
{
    puppet_say(agent, &s->master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},") ","
               CAPABLE "}", id);
}

/* A master that admits one agent, and goes. */
static void
leave_agent(const struct place *place, char *ret_id, size_t size)
{
    struct stage s = stage_in(place);

    stage_open(&s);
    register_capable(&s);
    snprintf(ret_id, size, "%s", s.agent_id);
    stage_close(&s);
}

/* The json of /state. */
static bool
state_has(struct stage *s, const char *text)
{
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&json);

    state_write_json(master_of(s), &w);
    return strstr(json.data, text) != NULL;
}

/* --- recovery --- */

START_TEST(what_is_said_before_recovery_is_dropped)
{
    struct stage s = stage_create();

    ck_assert_ptr_null(master_start(s.system, &s.flags, &s.master));
    s.agent = puppet_create(s.system, "slave(1)");
    s.scheduler = puppet_create(s.system, "scheduler-1");
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") "," CAPABLE "}");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_registered), 0);
    ck_assert_double_eq(metric(&s, "master/dropped_messages"), 1);

    register_agent(&s);

    ck_assert(ends_with(s.agent_id, "-S0"));
    stage_close(&s);
}
END_TEST

START_TEST(agent_of_the_registry_is_recovered_until_it_is_back)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    char json[256];

    strbuf_clear(&place.lines);
    stage_open(&s);

    ck_assert(has_line(&place, "Recovering from registrar\n"));
    ck_assert(has_line(&place, "Recovered 1 agents from the registry ("));
    ck_assert(has_line(&place, "B); allowing 10mins for agents to "
                       "reregister\n"));
    snprintf(json, sizeof json, "\"recovered_slaves\":[{\"id\":\"%s\","
             "\"hostname\":\"node\",\"port\":5051,\"attributes\":{}}]", id);
    ck_assert(state_has(&s, json));
    strbuf_clear(&place.lines);
    reregister(&s, s.agent, id);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 1);
    ck_assert(state_has(&s, "\"recovered_slaves\":[]"));
    ck_assert(!has_line(&place, "attempting to update the registry"));
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    actor_system_advance(s.system, 11 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 0);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(agent_that_is_back_and_different_is_written_down)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);
    strbuf_clear(&place.lines);

    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":{\"hostname\":\"other\",\"id\":{\"value\":\"%s\"}}"
               "," CAPABLE "}", id);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 1);
    ck_assert(has_line(&place, "Applied 1 operations in "));
    stage_close(&s);
    s = stage_in(&place);
    stage_open(&s);
    ck_assert(state_has(&s, "\"hostname\":\"other\",\"port\":5051"));
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(recovered_agent_that_stays_away_becomes_unreachable)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);
    subscribe_first(&s, "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],");
    call(&s, "RECONCILE", ",\"reconcile\":{\"tasks\":[{\"task_id\":{"
         "\"value\":\"t\"},\"agent_id\":{\"value\":\"%s\"}},{\"task_id\":{"
         "\"value\":\"t\"}}]}", id);
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__UPDATE),
                      0);

    actor_system_advance(s.system, 10 * MINUTE);

    ck_assert(has_line(&place, "(node); did not reregister within 10mins "
                       "after master failover\n"));
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    ck_assert_double_eq(metric(&s, "master/recovery_slave_removals"), 1);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_scheduled"), 1);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_completed"), 1);
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__FAILURE),
                      1);
    call(&s, "RECONCILE", ",\"reconcile\":{\"tasks\":[{\"task_id\":{"
         "\"value\":\"t\"},\"agent_id\":{\"value\":\"%s\"}}]}", id);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_UNREACHABLE);
    stage_close(&s);

    s = stage_in(&place);
    stage_open(&s);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    reregister(&s, s.agent, id);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 1);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 0);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(recovered_agents_are_given_up_slowly)
{
    struct place place;
    struct puppet *agents[3];
    place_open(&place);
    struct stage s = stage_in(&place);
    stage_open(&s);
    for (int i = 0; i < 3; i++) {
        char name[32];

        snprintf(name, sizeof name, "slave(%d)", i + 2);
        agents[i] = puppet_create(s.system, name);
        puppet_say(agents[i], &s.master, &msg_register_agent,
                   "{\"agent\":" AGENT_INFO("") "," CAPABLE "}");
    }
    stage_close(&s);
    s = stage_in(&place);
    s.flags.agent_removal_rate_limit = xstrdup("1/20mins");
    stage_open(&s);

    actor_system_advance(s.system, 10 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_scheduled"), 3);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    actor_system_advance(s.system, 20 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 2);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_completed"), 2);
    const struct id_record *last = ids_next(&master_of(&s)->known.recovered,
                                            NULL);
    ck_assert_ptr_nonnull(last);
    reregister(&s, s.agent, last->id);
    actor_system_advance(s.system, 20 * MINUTE);

    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 2);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_canceled"), 1);
    stage_close(&s);
    for (int i = 0; i < 3; i++) {
        puppet_destroy(agents[i]);
    }
    place_close(&place);
}
END_TEST

START_TEST(master_that_misses_too_many_agents_ends)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    free(s.flags.recovery_agent_removal_limit);
    s.flags.recovery_agent_removal_limit = xstrdup("50%");
    stage_open(&s);

    actor_system_advance(s.system, 11 * MINUTE);

    ck_assert_ptr_null(find_master(&s));
    ck_assert(has_line(&place, "EXIT with status 1: Post-recovery agent "
                       "removal limit exceeded! After 10mins there were 1 "
                       "(100%) agents recovered from the registry that did "
                       "not reregister: "));
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(master_ends_when_it_cannot_store)
{
    struct place place;
    struct upid registrar;
    place_open(&place);
    struct stage s = stage_create();
    stage_open(&s);
    registrar = master_of(&s)->registrar;

    actor_terminate(s.system, &registrar);
    actor_system_run(s.system);
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") "," CAPABLE "}");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_registered), 0);
    ck_assert(has_line(&place, "EXIT with status 1: Failed to admit agent "));
    ck_assert_ptr_null(find_master(&s));
    stage_close(&s);
    place_close(&place);
}
END_TEST

/* --- pongs, and the queue --- */

START_TEST(agent_that_answers_while_it_waits_is_not_given_up)
{
    struct stage s = stage_create();
    struct puppet *other;
    s.flags.agent_removal_rate_limit = xstrdup("1/1hrs");
    stage_open(&s);
    other = puppet_create(s.system, "slave(2)");
    puppet_say(other, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") "," CAPABLE "}");
    puppet_answer_pings(other, false);
    actor_system_advance(s.system, MINUTE);
    register_agent(&s);
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 2 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_scheduled"), 2);

    puppet_answer_pings(s.agent, true);
    actor_system_advance(s.system, 2 * HOUR);

    ck_assert_double_eq(metric(&s, "master/slave_unreachable_canceled"), 1);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    stage_close(&s);
    puppet_destroy(other);
}
END_TEST

/* --- what operators do --- */

struct outcome {
    int status;
    char text[128];
};

static void
keep_outcome(void *aux, int status, const char *text)
{
    struct outcome *outcome = aux;

    ck_assert_int_eq(outcome->status, 0);
    outcome->status = status;
    snprintf(outcome->text, sizeof outcome->text, "%s", text);
}

/* "200", "404 why" */
static const char *
settle(struct stage *s, struct outcome *outcome)
{
    static char text[160];

    actor_system_run(s->system);
    snprintf(text, sizeof text, "%d%s%s", outcome->status,
             outcome->text[0] ? " " : "", outcome->text);
    return text;
}

static const char *
mark_gone(struct stage *s, const char *id)
{
    struct outcome outcome = { .status = 0 };
    struct agents_answer answer = { keep_outcome, &outcome };

    agents_mark_gone(master_of(s), id, &answer);
    return settle(s, &outcome);
}

static const char *
drain(struct stage *s, const char *id, bool gone)
{
    struct outcome outcome = { .status = 0 };
    struct agents_answer answer = { keep_outcome, &outcome };
    V1__DrainConfig config = V1__DRAIN_CONFIG__INIT;

    config.has_mark_gone = true;
    config.mark_gone = gone;
    agents_drain(master_of(s), id, &config, &answer);
    return settle(s, &outcome);
}

static const char *
reactivate(struct stage *s, const char *id)
{
    struct outcome outcome = { .status = 0 };
    struct agents_answer answer = { keep_outcome, &outcome };

    agents_reactivate(master_of(s), id, &answer);
    return settle(s, &outcome);
}

static const char *
deactivate(struct stage *s, const char *id)
{
    struct outcome outcome = { .status = 0 };
    struct agents_answer answer = { keep_outcome, &outcome };

    agents_deactivate(master_of(s), id, &answer);
    return settle(s, &outcome);
}

#define AWARE "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],"

/* A capable agent, a framework, and a task that runs. */
static void
open_with_task(struct stage *s)
{
    stage_open(s);
    register_capable(s);
    subscribe_first(s, AWARE);
    launch(s, offer(s->scheduler, 0)->id->value, "t", 1, 1000);
    update(s, "t", "TASK_RUNNING", UUID_1);
    acknowledge(s, "t", UUID_1);
    puppet_forget(s->agent);
    puppet_forget(s->scheduler);
}

START_TEST(gone_agent_is_shut_down_and_never_let_in_again)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_in(&place);
    char id[128];
    open_with_task(&s);
    snprintf(id, sizeof id, "%s", s.agent_id);

    ck_assert_str_eq(mark_gone(&s, "nope"), "404 Agent 'nope' not found");
    ck_assert_str_eq(mark_gone(&s, id), "200");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_agent), 1);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_GONE_BY_OPERATOR);
    ck_assert_int_eq(
        status(s.scheduler, 0)->reason,
        V1__TASK_STATUS__REASON__REASON_AGENT_REMOVED_BY_OPERATOR);
    ck_assert_double_eq(metric(&s, "master/slave_removals"), 0);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    ck_assert_str_eq(mark_gone(&s, id), "200");
    call(&s, "RECONCILE", ",\"reconcile\":{\"tasks\":[{\"task_id\":{"
         "\"value\":\"x\"},\"agent_id\":{\"value\":\"%s\"}}]}", id);
    ck_assert_str_eq(status(s.scheduler, 1)->message,
                     "Reconciliation: Task is gone");
    stage_close(&s);

    s = stage_in(&place);
    stage_open(&s);
    reregister(&s, s.agent, id);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 0);
    const Internal__ShutdownAgent *shutdown =
        puppet_heard(s.agent, &msg_shutdown_agent, 0);
    ck_assert_str_eq(shutdown->message, "Agent has been marked gone");
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(tasks_of_an_unreachable_agent_end_when_it_is_gone)
{
    struct stage s = stage_create();
    open_with_task(&s);
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 2 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 1);
    puppet_forget(s.scheduler);

    ck_assert_str_eq(mark_gone(&s, s.agent_id), "200");

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_GONE_BY_OPERATOR);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 0);
    stage_close(&s);
}
END_TEST

/* Mesos leaves it in the list of those that may come back. */
START_TEST(recovered_agent_that_is_gone_is_not_waited_for)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);

    ck_assert_str_eq(mark_gone(&s, id), "200");

    ck_assert(state_has(&s, "\"recovered_slaves\":[]"));
    actor_system_advance(s.system, 11 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slave_unreachable_scheduled"), 0);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(drained_agent_ends_its_tasks_and_is_not_offered)
{
    struct stage s = stage_create();
    open_with_task(&s);
    ck_assert_str_eq(drain(&s, "nope", false), "400 Unknown agent");

    ck_assert_str_eq(drain(&s, s.agent_id, false), "200");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_drain_agent), 1);
    ck_assert_double_eq(metric(&s, "master/slaves_inactive"), 1);
    ck_assert(state_has(&s, "\"active\":false,\"deactivated\":true"));
    ck_assert(state_has(&s, "\"drain_info\":{\"state\":\"DRAINING\",\"config\""
                        ":{\"mark_gone\":false}},\"estimated_drain_start_time"
                        "_seconds\":"));
    ck_assert_str_eq(reactivate(&s, s.agent_id),
                     "400 Agent is still in the DRAINING state");
    update(&s, "t", "TASK_KILLED", UUID_2);
    acknowledge(&s, "t", UUID_2);
    actor_system_advance(s.system, 5 * SECOND);
    ck_assert(state_has(&s, "\"drain_info\":{\"state\":\"DRAINED\""));
    ck_assert_uint_eq(n_offers(s.scheduler), 0);
    ck_assert_str_eq(reactivate(&s, s.agent_id), "200");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_drain_agent), 2);
    const Internal__DrainAgent *order = puppet_heard(s.agent,
                                                     &msg_drain_agent, 1);
    ck_assert_ptr_null(order->config);
    call(&s, "REVIVE", "%s", "");
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_str_eq(reactivate(&s, s.agent_id),
                     "400 Agent is not deactivated");
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_drains_in_vain_is_told)
{
    const Internal__DrainAgent *order;
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);

    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},") ","
               CAPABLE ",\"draining\":true}", id);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_drain_agent), 1);
    order = puppet_heard(s.agent, &msg_drain_agent, 0);
    ck_assert_ptr_null(order->config);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(agent_that_knows_no_draining_is_not_drained)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    ck_assert_str_eq(drain(&s, s.agent_id, false),
                     "400 Agent is not capable of draining");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_drain_agent), 0);
    stage_close(&s);
}
END_TEST

START_TEST(drain_may_end_with_the_agent_gone)
{
    struct stage s = stage_create();
    open_with_task(&s);

    ck_assert_str_eq(drain(&s, s.agent_id, true), "200");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_agent), 0);
    update(&s, "t", "TASK_KILLED", UUID_2);
    acknowledge(&s, "t", UUID_2);
    actor_system_run(s.system);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_agent), 1);
    ck_assert(ids_have(&master_of(&s)->known.gone, s.agent_id));
    stage_close(&s);
}
END_TEST

/* With tasks of a framework: one that is over twice, one that is not. */
#define COMPLETED ",\"completed_frameworks\":[{\"framework\":{\"user\":" \
    "\"u\",\"name\":\"f\",\"id\":{\"value\":\"%s\"}},\"tasks\":[" \
    COMPLETED_TASK("FINISHED") "," COMPLETED_TASK("FINISHED") "," \
    COMPLETED_TASK("RUNNING") "]}]"
#define COMPLETED_TASK(STATE) "{\"name\":\"n\",\"task_id\":{\"value\":" \
    "\"old\"},\"framework_id\":{\"value\":\"%s\"},\"agent_id\":" \
    "{\"value\":\"%s\"},\"state\":\"TASK_" STATE "\"}"

static void
reregister_with_history(struct stage *s, const char *id, const char *framework,
                        const char *task_framework)
{
    puppet_say(s->agent, &s->master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},") ","
               CAPABLE COMPLETED "}", id, framework, task_framework, id,
               task_framework, id, task_framework, id);
}

START_TEST(next_master_shows_what_was_over_before)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);
    subscribe_first(&s, "");
    ck_assert(state_has(&s, "\"completed_tasks\":[]"));

    reregister_with_history(&s, id, s.framework_id, s.framework_id);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 1);
    ck_assert(state_has(&s, "\"completed_tasks\":[{\"id\":\"old\""));
    ck_assert(!state_has(&s, "\"id\":\"old\",\"name\":\"n\",\"state\":"
                         "\"TASK_RUNNING\""));
    ck_assert_uint_eq(
        master_of(&s)->frameworks.by_id->completed.n, 1);
    ck_assert_double_eq(metric(&s, "master/tasks_finished"), 0);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(tasks_of_a_framework_nobody_knows_are_orphaned)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);
    strbuf_clear(&place.lines);

    reregister_with_history(&s, id, "F9", "F9");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 1);
    ck_assert(has_line(&place, "Possibly orphaned completed task old of "
                       "framework F9 that ran on agent "));
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(history_that_contradicts_itself_is_refused)
{
    struct place place;
    char id[128];
    place_open(&place);
    leave_agent(&place, id, sizeof id);
    struct stage s = stage_in(&place);
    stage_open(&s);

    reregister_with_history(&s, id, "F8", "F9");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 0);
    ck_assert(has_line(&place, "Task has an invalid FrameworkID 'F9'"));
    reregister_with_history(&s, id, "a/b", "a/b");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 0);
    ck_assert(has_line(&place, "Completed framework has an invalid ID"));
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(drain_goes_on_under_the_next_master)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_in(&place);
    char id[128];
    stage_open(&s);
    register_capable(&s);
    snprintf(id, sizeof id, "%s", s.agent_id);
    puppet_die(s.agent);
    ck_assert_str_eq(drain(&s, id, false), "200");
    stage_close(&s);
    s = stage_in(&place);
    stage_open(&s);
    subscribe_first(&s, "");

    reregister(&s, s.agent, id);
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_drain_agent), 1);
    ck_assert_uint_eq(n_offers(s.scheduler), 0);
    ck_assert(state_has(&s, "\"drain_info\":{\"state\":\"DRAINED\""));
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(deactivated_agent_is_not_offered_and_keeps_its_tasks)
{
    struct stage s = stage_create();
    open_with_task(&s);
    call(&s, "REVIVE", "%s", "");
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);

    ck_assert_str_eq(deactivate(&s, s.agent_id), "200");

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_drain_agent), 0);
    stage_close(&s);
}
END_TEST

/* Mesos answers 409, although its registry has been changed. */
START_TEST(unreachable_agent_is_reactivated)
{
    struct stage s = stage_create();
    open_with_task(&s);
    ck_assert_str_eq(deactivate(&s, s.agent_id), "200");
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 2 * MINUTE);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);

    ck_assert_str_eq(reactivate(&s, s.agent_id), "200");

    puppet_answer_pings(s.agent, true);
    reregister(&s, s.agent, s.agent_id);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 1);
    stage_close(&s);
}
END_TEST

/* --- garbage --- */

START_TEST(agents_out_of_reach_are_forgotten_in_the_end)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_create();
    s.flags.registry_max_agent_age = 2 * HOUR;
    open_with_task(&s);
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, HOUR);
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 1);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 1);

    actor_system_advance(s.system, 2 * HOUR);

    ck_assert(has_line(&place, "Garbage collected 1 unreachable and 0 gone "
                       "agents from the registry\n"));
    ck_assert_double_eq(metric(&s, "master/slaves_unreachable"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 0);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(only_so_many_gone_agents_are_remembered)
{
    struct stage s = stage_create();
    s.flags.registry_max_agent_count = 0;
    stage_open(&s);
    register_capable(&s);
    ck_assert_str_eq(mark_gone(&s, s.agent_id), "200");
    ck_assert_uint_eq(ids_count(&master_of(&s)->known.gone), 1);

    actor_system_advance(s.system, 16 * MINUTE);

    ck_assert_uint_eq(ids_count(&master_of(&s)->known.gone), 0);
    stage_close(&s);
}
END_TEST

static Suite *
master_registry_suite(void)
{
    Suite *suite = suite_create("master_registry");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(what_is_said_before_recovery_is_dropped);
    ADD(agent_of_the_registry_is_recovered_until_it_is_back);
    ADD(agent_that_is_back_and_different_is_written_down);
    ADD(recovered_agent_that_stays_away_becomes_unreachable);
    ADD(recovered_agents_are_given_up_slowly);
    ADD(master_that_misses_too_many_agents_ends);
    ADD(master_ends_when_it_cannot_store);
    ADD(agent_that_answers_while_it_waits_is_not_given_up);
    ADD(gone_agent_is_shut_down_and_never_let_in_again);
    ADD(tasks_of_an_unreachable_agent_end_when_it_is_gone);
    ADD(recovered_agent_that_is_gone_is_not_waited_for);
    ADD(drained_agent_ends_its_tasks_and_is_not_offered);
    ADD(agent_that_knows_no_draining_is_not_drained);
    ADD(drain_may_end_with_the_agent_gone);
    ADD(agent_that_drains_in_vain_is_told);
    ADD(next_master_shows_what_was_over_before);
    ADD(tasks_of_a_framework_nobody_knows_are_orphaned);
    ADD(history_that_contradicts_itself_is_refused);
    ADD(drain_goes_on_under_the_next_master);
    ADD(deactivated_agent_is_not_offered_and_keeps_its_tasks);
    ADD(unreachable_agent_is_reactivated);
    ADD(agents_out_of_reach_are_forgotten_in_the_end);
    ADD(only_so_many_gone_agents_are_remembered);
#undef ADD
    return suite;
}

TEST_MAIN(master_registry_suite)
