/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_maintenance.c - machines that will be away: what agents,
 * frameworks and operators are told, and that the next master knows.
 * Everybody else is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/system.h>

#include "master/private.h"
#include "tests/lib/master_place.h"
#include "tests/lib/policy_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

/* --- what operators say --- */

/* Where the agent of the stage is, but for the host name. */
static const char *
agent_ip(const struct stage *s)
{
    static char ip[ADDRESS_TEXT_SIZE];

    return address_format_ip(&puppet_upid(s->agent)->address, ip);
}

#define WINDOW(HOSTNAME, START) \
    "{\"machine_ids\":[{\"hostname\":\"" HOSTNAME "\",\"ip\":\"%s\"}]," \
    "\"unavailability\":{\"start\":{\"nanoseconds\":" START "}," \
    "\"duration\":{\"nanoseconds\":3600000000000}}}"
#define SCHEDULE(WINDOWS) \
    "\"update_maintenance_schedule\":{\"schedule\":{\"windows\":[" WINDOWS \
    "]}}"
#define MACHINE "{\"hostname\":\"node\",\"ip\":\"%s\"}"
#define START "\"start_maintenance\":{\"machines\":[" MACHINE "]}"
#define STOP "\"stop_maintenance\":{\"machines\":[" MACHINE "]}"

static void
schedule(struct stage *s)
{
    ck_assert_str_eq(operate(s, SCHEDULE(WINDOW("node", "1000")),
                             agent_ip(s)), "200");
}

static void
start_maintenance(struct stage *s)
{
    ck_assert_str_eq(operate(s, START, agent_ip(s)), "200");
}

/* 'json' with the agent's address in place of each '@'. */
static const char *
with_ip(const struct stage *s, const char *json)
{
    static char text[1024];
    const char *ip = agent_ip(s);
    size_t n = 0;

    for (; *json; json++) {
        n += (size_t) snprintf(text + n, sizeof text - n, "%.*s",
                               *json == '@' ? (int) strlen(ip) : 1,
                               *json == '@' ? ip : json);
    }
    return text;
}

#define SHOWN_MACHINE "{\"hostname\":\"node\",\"ip\":\"@\"}"
#define SHOWN_SCHEDULE \
    "{\"windows\":[{\"machine_ids\":[" SHOWN_MACHINE "]," \
    "\"unavailability\":{\"start\":{\"nanoseconds\":1000}," \
    "\"duration\":{\"nanoseconds\":3600000000000}}}]}"

static bool
shows(struct stage *s, const char *type, const char *json)
{
    const char *shown = show(s, type);
    bool is_same = !strcmp(shown, with_ip(s, json));

    if (!is_same) {
        fprintf(stderr, "%s: %s\n", type, shown);
    }
    return is_same;
}

/* --- what frameworks hear and say --- */

static size_t
n_inverse(const struct puppet *scheduler)
{
    return n_events(scheduler, SCHEDULER__EVENT__TYPE__INVERSE_OFFERS);
}

static const V1__InverseOffer *
inverse(const struct puppet *scheduler, size_t i)
{
    return event_of(scheduler, SCHEDULER__EVENT__TYPE__INVERSE_OFFERS, i)
        ->inverse_offers->inverse_offers[0];
}

static size_t
n_inverse_rescinds(const struct puppet *scheduler)
{
    return n_events(scheduler, SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER);
}

static size_t
n_rescinds(const struct puppet *scheduler)
{
    return n_events(scheduler, SCHEDULER__EVENT__TYPE__RESCIND);
}

/* "ACCEPT" or "DECLINE", of inverse offer 'i', and not to be asked again for
 * so long. */
static void
answer(struct stage *s, size_t i, const char *type, double seconds)
{
    bool accepts = !strcmp(type, "ACCEPT");
    autofree char *call_type = xasprintf("%s_INVERSE_OFFERS", type);
    const char *id = inverse(s->scheduler, i)->id->value;

    call(s, call_type, ",\"%s_inverse_offers\":{\"inverse_offer_ids\":["
         "{\"value\":\"%s\"}],\"filters\":{\"refuse_seconds\":%g}}",
         accepts ? "accept" : "decline", id, seconds);
}

/* An agent, a framework with a task there, and nothing heard yet. */
static void
open_with_task(struct stage *s)
{
    stage_with_task(s, "");
    puppet_forget(s->agent);
    puppet_forget(s->scheduler);
}

/* --- the schedule --- */

START_TEST(schedule_is_checked)
{
    struct stage s = stage_create();
    stage_open(&s);

#define NODE WINDOW("node", "1")
    ck_assert_str_eq(operate(&s, SCHEDULE("{\"unavailability\":{\"start\":{"
                                          "\"nanoseconds\":1}}}")),
                     "400 List of machines in the maintenance window is "
                     "empty");
    ck_assert_str_eq(operate(&s, SCHEDULE("{\"machine_ids\":[{\"hostname\":"
                                          "\"a\"}],\"unavailability\":{"
                                          "\"start\":{\"nanoseconds\":1},"
                                          "\"duration\":{\"nanoseconds\":-1}}"
                                          "}")),
                     "400 Unavailability 'duration' is negative");
    ck_assert_str_eq(operate(&s, SCHEDULE("{\"machine_ids\":[{}],"
                                          "\"unavailability\":{\"start\":{"
                                          "\"nanoseconds\":1}}}")),
                     "400 Both 'hostname' and 'ip' for a machine are empty");
    ck_assert_str_eq(operate(&s, SCHEDULE("{\"machine_ids\":[{\"hostname\":"
                                          "\"\",\"ip\":\"\"}],"
                                          "\"unavailability\":{\"start\":{"
                                          "\"nanoseconds\":1}}}")),
                     "400 Both 'hostname' and 'ip' for a machine are empty");
    ck_assert_str_eq(operate(&s, SCHEDULE(NODE), "1.2.3"),
                     "400 Failed to parse IPv4: 1.2.3");
    ck_assert_str_eq(operate(&s, SCHEDULE(NODE), "::1::"),
                     "400 Failed to parse IPv6: ::1::");
    ck_assert_str_eq(operate(&s, SCHEDULE(NODE "," WINDOW("NODE", "2")),
                             "10.0.0.1", "10.0.0.1"),
                     "400 Machine '{\"hostname\":\"NODE\",\"ip\":"
                     "\"10.0.0.1\"}' appears more than once in the schedule");
    ck_assert_str_eq(operate(&s, SCHEDULE(NODE "," NODE), "2001:db8::1",
                             "2001:DB8:0::1"),
                     "400 Machine '{\"hostname\":\"node\",\"ip\":"
                     "\"2001:db8::1\"}' appears more than once in the "
                     "schedule");
    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", "{}"));
    ck_assert_str_eq(operate(&s, START, "10.0.0.1"),
                     "400 Machine '{\"hostname\":\"node\",\"ip\":"
                     "\"10.0.0.1\"}' is not part of a maintenance schedule");
    ck_assert_str_eq(operate(&s, "\"start_maintenance\":{}"),
                     "400 List of machines is empty");
    ck_assert_str_eq(operate(&s, "\"stop_maintenance\":{}"),
                     "400 List of machines is empty");
#undef NODE
    stage_close(&s);
}
END_TEST

START_TEST(schedule_is_shown_and_replaced_as_a_whole)
{
    struct stage s = stage_create();
    stage_open(&s);

    schedule(&s);
    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", SHOWN_SCHEDULE));
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS",
                    "{\"draining_machines\":[{\"id\":" SHOWN_MACHINE "}]}"));
    ck_assert_str_eq(operate(&s, STOP, agent_ip(&s)),
                     with_ip(&s, "400 Machine '" SHOWN_MACHINE "' is not in "
                             "DOWN mode and cannot be brought up"));
    ck_assert_str_eq(operate(&s, SCHEDULE(WINDOW("other", "7")),
                             agent_ip(&s)), "200");
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS",
                    "{\"draining_machines\":[{\"id\":{\"hostname\":\"other\","
                    "\"ip\":\"@\"}}]}"));
    ck_assert_str_eq(operate(&s, SCHEDULE("")), "200");

    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", "{}"));
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS", "{}"));
    stage_close(&s);
}
END_TEST

START_TEST(offers_of_an_agent_say_when_it_will_be_away)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");
    ck_assert_ptr_null(offer(s.scheduler, 0)->unavailability);
    puppet_forget(s.scheduler);

    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(n_rescinds(s.scheduler), 1);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    const V1__Unavailability *away = offer(s.scheduler, 0)->unavailability;
    ck_assert_ptr_nonnull(away);
    ck_assert_int_eq(away->start->nanoseconds, 1000);
    ck_assert_int_eq(away->duration->nanoseconds, 3600 * SECOND);

    /* What is offered is held, too. */
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    puppet_forget(s.scheduler);
    ck_assert_str_eq(operate(&s, SCHEDULE("")), "200");
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(n_rescinds(s.scheduler), 1);
    ck_assert_uint_eq(n_inverse_rescinds(s.scheduler), 1);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_ptr_null(offer(s.scheduler, 0)->unavailability);
    ck_assert_uint_eq(n_inverse(s.scheduler), 0);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_comes_later_is_on_its_machine)
{
    struct stage s = stage_create();
    stage_open(&s);
    ck_assert_str_eq(operate(&s, SCHEDULE(WINDOW("NoDe", "1000")),
                             agent_ip(&s)), "200");

    register_agent(&s);
    subscribe_first(&s, "");

    ck_assert_ptr_nonnull(offer(s.scheduler, 0)->unavailability);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

START_TEST(schedule_that_says_the_same_bothers_nobody)
{
    struct stage s = stage_create();
    open_with_task(&s);
    call(&s, "REVIVE", "%s", "");
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);
    answer(&s, 0, "ACCEPT", 3600);
    puppet_forget(s.scheduler);

    ck_assert_str_eq(operate(&s, SCHEDULE(WINDOW("node", "1000") ","
                                          WINDOW("other", "5")),
                             agent_ip(&s), agent_ip(&s)), "200");
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_uint_eq(n_rescinds(s.scheduler), 0);
    ck_assert_uint_eq(n_inverse(s.scheduler), 0);
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                                 "\"status\":\"ACCEPT\""));

    ck_assert_str_eq(operate(&s, SCHEDULE(WINDOW("node", "1001")),
                             agent_ip(&s)), "200");
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_uint_eq(n_rescinds(s.scheduler), 1);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    ck_assert_int_eq(inverse(s.scheduler, 0)->unavailability->start
                     ->nanoseconds, 1001);
    ck_assert_ptr_null(strstr(show(&s, "GET_MAINTENANCE_STATUS"), "ACCEPT"));
    stage_close(&s);
}
END_TEST

/* --- inverse offers --- */

START_TEST(framework_is_asked_to_leave_and_its_answer_is_shown)
{
    struct stage s = stage_create();
    open_with_task(&s);
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    const V1__InverseOffer *asked = inverse(s.scheduler, 0);
    ck_assert_str_eq(asked->agent_id->value, s.agent_id);
    ck_assert_str_eq(asked->framework_id->value, s.framework_id);
    ck_assert_str_eq(asked->url->path, "/slave(1)");
    ck_assert_uint_eq(asked->n_resources, 0);
    ck_assert_int_eq(asked->unavailability->start->nanoseconds, 1000);
    answer(&s, 0, "ACCEPT", 60);

    char *expected = xasprintf(
        "{\"draining_machines\":[{\"id\":" SHOWN_MACHINE ",\"statuses\":[{"
        "\"status\":\"ACCEPT\",\"framework_id\":{\"value\":\"%s\"},"
        "\"timestamp\":{\"nanoseconds\":%lld}}]}]}", s.framework_id,
        (long long) actor_wall_now(&master_of(&s)->base));
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS", expected));
    free(expected);
    actor_system_advance(s.system, 58 * SECOND);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    actor_system_advance(s.system, 4 * SECOND);
    ck_assert_uint_eq(n_inverse(s.scheduler), 2);
    answer(&s, 1, "DECLINE", 3600);
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                                 "\"status\":\"DECLINE\""));
    ck_assert_ptr_null(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                              "\"status\":\"ACCEPT\""));
    stage_close(&s);
}
END_TEST

START_TEST(nobody_answers_twice_or_for_others)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_create();
    open_with_task(&s);
    struct puppet *other = puppet_create(s.system, "scheduler-2");
    subscribe(&s, other, "");
    const char *other_id = event(other, 0)->subscribed->framework_id->value;
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);

    puppet_say(other, &s.master, &msg_scheduler_call,
               "{\"type\":\"ACCEPT_INVERSE_OFFERS\",\"framework_id\":{"
               "\"value\":\"%s\"},\"accept_inverse_offers\":{"
               "\"inverse_offer_ids\":[{\"value\":\"%s\"}]}}", other_id,
               inverse(s.scheduler, 0)->id->value);
    ck_assert(has_line(&place, "Ignoring accept of inverse offer "));
    ck_assert(has_line(&place, "since it is no longer valid\n"));
    ck_assert(has_line(&place, "ACCEPT_INVERSE_OFFERS call used invalid "
                       "offers '[ "));
    ck_assert_ptr_null(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                              "statuses"));
    answer(&s, 0, "DECLINE", 3600);
    answer(&s, 0, "ACCEPT", 3600);
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                                 "\"status\":\"DECLINE\""));
    call(&s, "ACCEPT_INVERSE_OFFERS", ",\"accept_inverse_offers\":{}");
    ck_assert(has_line(&place, "No inverse offers specified\n"));
    call(&s, "DECLINE_INVERSE_OFFERS", "%s", "");
    ck_assert(has_line(&place, "Expecting 'decline_inverse_offers' to be "
                       "present\n"));
    stage_close(&s);
    puppet_destroy(other);
    place_close(&place);
}
END_TEST

START_TEST(inverse_offer_ends_with_its_timeout)
{
    struct stage s = stage_create();
    s.flags.offer_timeout = 30 * SECOND;
    open_with_task(&s);
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);

    actor_system_advance(s.system, 31 * SECOND);

    ck_assert_uint_eq(n_inverse_rescinds(s.scheduler), 1);
    const Scheduler__Event *taken_back = event_of(
        s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND_INVERSE_OFFER, 0);
    ck_assert_str_eq(taken_back->rescind_inverse_offer->inverse_offer_id
                     ->value, inverse(s.scheduler, 0)->id->value);
    ck_assert_uint_eq(n_inverse(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(inverse_offer_is_taken_back_when_its_agent_is_lost)
{
    struct stage s = stage_create();
    open_with_task(&s);
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);

    puppet_die(s.agent);

    ck_assert_uint_eq(n_inverse_rescinds(s.scheduler), 1);
    actor_system_advance(s.system, 10 * SECOND);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

/* Its offers are gone as well, with the connection. */
START_TEST(framework_that_is_back_is_asked_again)
{
    struct stage s = stage_create();
    stage_with_task(&s, "\"failover_timeout\":100,");
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);
    answer(&s, 0, "DECLINE", 3600);
    actor_system_advance(s.system, 10 * SECOND);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    puppet_die(s.scheduler);
    puppet_destroy(s.scheduler);
    s.scheduler = puppet_create(s.system, "scheduler-2");

    puppet_say(s.scheduler, &s.master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"framework_id\":{\"value\":\"%s\"},"
               "\"subscribe\":{\"framework_info\":{\"id\":{\"value\":\"%s\"},"
               "\"user\":\"root\",\"name\":\"test\",\"failover_timeout\":100}"
               "}}", s.framework_id, s.framework_id);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

START_TEST(answers_of_a_framework_go_with_it)
{
    struct stage s = stage_create();
    open_with_task(&s);
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);
    answer(&s, 0, "ACCEPT", 3600);
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                                 "statuses"));

    call(&s, "TEARDOWN", "%s", "");

    ck_assert_ptr_null(strstr(show(&s, "GET_MAINTENANCE_STATUS"),
                              "statuses"));
    stage_close(&s);
}
END_TEST

/* --- down and up --- */

START_TEST(machine_goes_down_with_its_agents_and_stays_down)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_create();
    open_with_task(&s);
    schedule(&s);
    actor_system_advance(s.system, 2 * SECOND);

    start_maintenance(&s);

    const Internal__ShutdownAgent *shutdown =
        puppet_heard(s.agent, &msg_shutdown_agent, 0);
    ck_assert_str_eq(shutdown->message, "Operator initiated 'Machine DOWN'");
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_str_eq(status(s.scheduler, 0)->message, "Agent node removed: "
                     "Operator initiated 'Machine DOWN'");
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__FAILURE),
                      1);
    ck_assert_uint_eq(n_inverse_rescinds(s.scheduler), 1);
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS",
                    "{\"down_machines\":[" SHOWN_MACHINE "]}"));
    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", SHOWN_SCHEDULE));

    ck_assert_str_eq(operate(&s, START, agent_ip(&s)),
                     with_ip(&s, "400 Machine '" SHOWN_MACHINE "' is not in "
                             "DRAINING mode and cannot be brought down"));
    ck_assert_str_eq(operate(&s, SCHEDULE("")),
                     with_ip(&s, "400 Machine '" SHOWN_MACHINE "' is "
                             "deactivated and cannot be removed from the "
                             "schedule"));
    puppet_forget(s.agent);
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_registered), 0);
    shutdown = puppet_heard(s.agent, &msg_shutdown_agent, 0);
    ck_assert_str_eq(shutdown->message, "Machine is `DOWN`");
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},") ","
               "\"version\":\"1.12.0\"}", s.agent_id);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_reregistered), 0);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_agent), 2);
    ck_assert(has_line(&place, "Refusing registration of agent at slave(1)"));
    ck_assert(has_line(&place, "Refusing re-registration of agent at slave("
                       "1)"));
    ck_assert(has_line(&place, with_ip(&s, "because the machine 'node (@)' "
                                       "that it is running on is `DOWN`\n")));

    ck_assert_str_eq(operate(&s, STOP, agent_ip(&s)), "200");
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS", "{}"));
    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", "{}"));
    puppet_forget(s.agent);
    register_agent(&s);
    stage_close(&s);
    place_close(&place);
}
END_TEST

START_TEST(machine_that_is_up_leaves_the_others_in_the_schedule)
{
    struct stage s = stage_create();
    stage_open(&s);
    ck_assert_str_eq(
        operate(&s, SCHEDULE("{\"machine_ids\":[" MACHINE ",{\"hostname\":"
                             "\"b\"}],\"unavailability\":{\"start\":{"
                             "\"nanoseconds\":1}}}," WINDOW("c", "2")),
                agent_ip(&s), "10.0.0.3"), "200");
    ck_assert_str_eq(operate(&s, "\"start_maintenance\":{\"machines\":["
                             MACHINE ",{\"hostname\":\"c\",\"ip\":"
                             "\"10.0.0.3\"}]}", agent_ip(&s)), "200");

    ck_assert_str_eq(operate(&s, "\"stop_maintenance\":{\"machines\":["
                             MACHINE ",{\"hostname\":\"c\",\"ip\":"
                             "\"10.0.0.3\"}]}", agent_ip(&s)), "200");

    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE",
                    "{\"windows\":[{\"machine_ids\":[{\"hostname\":\"b\"}],"
                    "\"unavailability\":{\"start\":{\"nanoseconds\":1}}}]}"));
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS",
                    "{\"draining_machines\":[{\"id\":{\"hostname\":\"b\"}}]}"
                    ));
    stage_close(&s);
}
END_TEST

/* While it waits for the registry the machine goes down. */
START_TEST(agent_that_is_just_let_in_goes_down_with_its_machine)
{
    struct stage s = stage_create();
    char *down;
    stage_open(&s);
    schedule(&s);

    operate_later(&s, &down, START, agent_ip(&s));
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    actor_system_run(s.system);

    ck_assert_str_eq(down, "200");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_agent), 1);
    ck_assert_double_eq(metric(&s, "master/slaves_connected"), 0);
    ck_assert_double_eq(metric(&s, "master/slaves_active"), 0);
    free(down);
    stage_close(&s);
}
END_TEST

/* Each is fine by itself. */
START_TEST(machine_does_not_go_down_once_it_is_out_of_the_schedule)
{
    struct stage s = stage_create();
    char *removed, *down;
    stage_open(&s);
    schedule(&s);

    operate_later(&s, &removed, SCHEDULE("%s"), "");
    operate_later(&s, &down, START, agent_ip(&s));
    actor_system_run(s.system);

    ck_assert_str_eq(removed, "200");
    ck_assert_str_eq(down, with_ip(&s, "400 Machine '" SHOWN_MACHINE "' is "
                                   "not part of a maintenance schedule"));
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS", "{}"));
    free(removed);
    free(down);
    stage_close(&s);
}
END_TEST

struct outcome {
    int status;
    char text[256];
};

static void
keep_outcome(void *aux, int status, const char *text)
{
    struct outcome *outcome = aux;

    outcome->status = status;
    snprintf(outcome->text, sizeof outcome->text, "%s", text);
}

START_TEST(agent_in_the_schedule_is_not_drained)
{
    struct stage s = stage_create();
    stage_open(&s);
    schedule(&s);
    register_agent(&s);

    autofree char *machine = maintenance_machine_of(
        agents_find(&master_of(&s)->agents, s.agent_id));
    ck_assert_str_eq(machine, with_ip(&s, "node (@)"));
    struct outcome outcome = { .status = 0 };
    struct agents_answer answer = { keep_outcome, &outcome };
    V1__DrainConfig config = V1__DRAIN_CONFIG__INIT;
    agents_drain(master_of(&s), s.agent_id, &config, &answer);
    actor_system_run(s.system);
    ck_assert_int_eq(outcome.status, 400);
    autofree char *expected = xasprintf(
        "Agent %s is part of a maintenance schedule under Machine %s",
        s.agent_id, machine);
    ck_assert_str_eq(outcome.text, expected);
    stage_close(&s);
}
END_TEST

/* --- the next master --- */

START_TEST(next_master_knows_the_schedule_and_what_is_down)
{
    struct place place;
    char id[128];
    place_open(&place);
    struct stage s = stage_in(&place);
    stage_open(&s);
    register_agent(&s);
    memcpy(id, s.agent_id, sizeof id);
    schedule(&s);
    stage_close(&s);

    s = stage_in(&place);
    stage_open(&s);
    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", SHOWN_SCHEDULE));
    subscribe_first(&s, "");
    puppet_say(s.agent, &s.master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},") ","
               "\"version\":\"1.12.0\",\"agent_capabilities\":[{\"type\":"
               "\"MULTI_ROLE\"}]}", id);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_ptr_nonnull(offer(s.scheduler, 0)->unavailability);
    ck_assert_uint_eq(n_inverse(s.scheduler), 1);
    start_maintenance(&s);
    stage_close(&s);

    s = stage_in(&place);
    stage_open(&s);
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS",
                    "{\"down_machines\":[" SHOWN_MACHINE "]}"));
    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_registered), 0);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_agent), 1);
    ck_assert_str_eq(operate(&s, STOP, agent_ip(&s)), "200");
    stage_close(&s);

    s = stage_in(&place);
    stage_open(&s);
    ck_assert(shows(&s, "GET_MAINTENANCE_STATUS", "{}"));
    ck_assert(shows(&s, "GET_MAINTENANCE_SCHEDULE", "{}"));
    register_agent(&s);
    stage_close(&s);
    place_close(&place);
}
END_TEST

static Suite *
maintenance_suite(void)
{
    Suite *suite = suite_create("master_maintenance");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(schedule_is_checked);
    ADD(schedule_is_shown_and_replaced_as_a_whole);
    ADD(offers_of_an_agent_say_when_it_will_be_away);
    ADD(agent_that_comes_later_is_on_its_machine);
    ADD(schedule_that_says_the_same_bothers_nobody);
    ADD(framework_is_asked_to_leave_and_its_answer_is_shown);
    ADD(nobody_answers_twice_or_for_others);
    ADD(inverse_offer_ends_with_its_timeout);
    ADD(inverse_offer_is_taken_back_when_its_agent_is_lost);
    ADD(framework_that_is_back_is_asked_again);
    ADD(answers_of_a_framework_go_with_it);
    ADD(machine_goes_down_with_its_agents_and_stays_down);
    ADD(machine_that_is_up_leaves_the_others_in_the_schedule);
    ADD(agent_that_is_just_let_in_goes_down_with_its_machine);
    ADD(machine_does_not_go_down_once_it_is_out_of_the_schedule);
    ADD(agent_in_the_schedule_is_not_drained);
    ADD(next_master_knows_the_schedule_and_what_is_down);
#undef ADD
    return suite;
}

TEST_MAIN(maintenance_suite)
