/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_quota.c - quotas and weights that operators lay down: what is
 * refused, what they change, and that the next master holds them.  Everybody
 * else is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "master/private.h"
#include "master/registrar/registrar.h"
#include "tests/lib/master_place.h"
#include "tests/lib/policy_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define QUOTA(MORE) "\"update_quota\":{" MORE "}"
#define CONFIG(ROLE, GUARANTEES, LIMITS) \
    "{\"role\":\"" ROLE "\",\"guarantees\":{" GUARANTEES "},\"limits\":{" \
    LIMITS "}}"
#define CPUS(N) "\"cpus\":{\"value\":" #N "}"
#define MEM(N) "\"mem\":{\"value\":" #N "}"

/* One agent with cpus:4;mem:1024. */
/* In place: the master has the flags on loan. */
static void
open_with_agent(struct stage *s)
{
    *s = stage_create();
    stage_open(s);
    register_agent(s);
}

/* The call with one quota in it. */
#define SET(ROLE, GUARANTEES, LIMITS) \
    QUOTA("\"quota_configs\":[" CONFIG(ROLE, GUARANTEES, LIMITS) "]")
#define FORCE(ROLE, GUARANTEES, LIMITS) \
    QUOTA("\"force\":true,\"quota_configs\":[" \
          CONFIG(ROLE, GUARANTEES, LIMITS) "]")

static bool
has_metric(struct stage *s, const char *name)
{
    double value;

    return metrics_get(actor_system_metrics(s->system), name, &value);
}

/* --- quotas --- */

START_TEST(quota_is_shown_until_it_is_taken_away)
{
    struct stage s;

    open_with_agent(&s);
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{}");
    ck_assert_str_eq(operate(&s, SET("ops", CPUS(1), CPUS(2))), "200");
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{\"infos\":[{\"role\":\"ops\","
                     "\"guarantee\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
                     "\"scalar\":{\"value\":1.0}}]}],\"configs\":[{\"role\":"
                     "\"ops\",\"guarantees\":{\"cpus\":{\"value\":1.0}},"
                     "\"limits\":{\"cpus\":{\"value\":2.0}}}]}");
    ck_assert_double_eq(metric(&s, "allocator/mesos/quota/roles/ops/"
                               "resources/cpus/guarantee"), 1);
    ck_assert_double_eq(metric(&s, "allocator/mesos/quota/roles/ops/"
                               "resources/cpus/limit"), 2);

    ck_assert_str_eq(operate(&s, SET("ops", "", "")), "200");
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{}");
    ck_assert(!has_metric(&s, "allocator/mesos/quota/roles/ops/resources/"
                          "cpus/limit"));
    ck_assert_str_eq(operate(&s, SET("*", CPUS(0), "")), "200");
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{}");
    stage_close(&s);
}
END_TEST

START_TEST(quota_that_makes_no_sense_is_refused)
{
    struct stage s;

    open_with_agent(&s);
    ck_assert_str_eq(operate(&s, SET("a/b", CPUS(1), "")),
                     "400 Updating quota on nested role 'a/b' is not "
                     "supported yet");
    ck_assert_str_eq(operate(&s, SET("-a", CPUS(1), "")),
                     "400 Invalid QuotaConfig: Invalid 'QuotaConfig.role': "
                     "Role component '-a' is invalid because it begins with "
                     "a dash");
    ck_assert_str_eq(operate(&s, SET("a", CPUS(-1), "")),
                     "400 Invalid QuotaConfig: Invalid guarantee "
                     "configuration {'cpus': -1}: Negative values not "
                     "supported");
    ck_assert_str_eq(operate(&s, SET("a", "", CPUS(1e-310))),
                     "400 Invalid QuotaConfig: Invalid limit configuration "
                     "{'cpus': 1e-310}: Subnormal values not supported");
    ck_assert_str_eq(operate(&s, SET("a", MEM(1e13), "")),
                     "400 Invalid QuotaConfig: Invalid "
                     "'QuotaConfig.guarantees': {'mem': 10000000000000} is "
                     "invalid: values greater than 1 exabyte "
                     "(1099511627776) are not supported");
    ck_assert_str_eq(operate(&s, SET("a", "", CPUS(1e13))),
                     "400 Invalid QuotaConfig: Invalid 'QuotaConfig.limits': "
                     "{'cpus': 10000000000000} is invalid: values greater "
                     "than 1 trillion (1000000000000) are not supported");
    ck_assert_str_eq(operate(&s, SET("a", CPUS(2), CPUS(1))),
                     "400 Invalid QuotaConfig: 'QuotaConfig.guarantees' "
                     "cpus:2 is not contained within the "
                     "'QuotaConfig.limits' cpus:1");
    ck_assert_str_eq(operate(&s, SET("a", "\"\":{\"value\":1}", "")),
                     "400 Invalid QuotaConfig: Invalid guarantee "
                     "configuration {'': 1}: The resource has no name");
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{}");
    stage_close(&s);
}
END_TEST

START_TEST(quotas_for_very_many_kinds_of_resources_are_refused)
{
    struct stage s;

    open_with_agent(&s);
    ck_assert_str_eq(
        operate(&s, SET("a", "", "\"r0\":{\"value\":1},\"r1\":{\"value\":1},"
                        "\"r2\":{\"value\":1},\"r3\":{\"value\":1},"
                        "\"r4\":{\"value\":1},\"r5\":{\"value\":1},"
                        "\"r6\":{\"value\":1},\"r7\":{\"value\":1},"
                        "\"r8\":{\"value\":1},\"r9\":{\"value\":1},"
                        "\"r10\":{\"value\":1},\"r11\":{\"value\":1}")),
        "200");
    ck_assert_str_eq(operate(&s, SET("b", "", "\"r12\":{\"value\":1}")),
                     "400 Invalid QuotaConfig: quotas for more than 12 "
                     "different resources");
    ck_assert_str_eq(operate(&s, SET("b", "", "\"r1\":{\"value\":1}")),
                     "200");
    stage_close(&s);
}
END_TEST

START_TEST(guarantees_must_not_exceed_the_cluster_unless_forced)
{
    struct stage s;

    open_with_agent(&s);
    ck_assert_str_eq(operate(&s, SET("a", CPUS(3), "")), "200");
    ck_assert_str_eq(operate(&s, SET("b", CPUS(2) "," MEM(1), "")),
                     "400 Invalid QuotaConfig: total quota guarantees "
                     "'cpus:5; mem:1' exceed cluster capacity "
                     "'cpus:4; mem:1024' (use 'force' flag to bypass this "
                     "check)");
    ck_assert_str_eq(operate(&s, SET("a", CPUS(4), "")), "200");
    ck_assert_str_eq(operate(&s, FORCE("b", CPUS(2), "")), "200");
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_QUOTA"), "\"role\":\"b\""));
    stage_close(&s);
}
END_TEST

/* Both are fine by themselves: the one that comes second is not. */
START_TEST(quotas_at_the_same_time_are_checked_one_after_the_other)
{
    struct stage s;
    char *first, *second, *third;

    open_with_agent(&s);
    operate_later(&s, &first, SET("a", CPUS(3), ""));
    operate_later(&s, &second, SET("b", CPUS(3), ""));
    operate_later(&s, &third, SET("c", CPUS(1), ""));
    actor_system_run(s.system);

    ck_assert_str_eq(first, "200");
    ck_assert_int_eq(strncmp(second, "400 Invalid QuotaConfig: total", 30),
                     0);
    ck_assert_str_eq(third, "200");
    free(first);
    free(second);
    free(third);
    stage_close(&s);
}
END_TEST

START_TEST(changes_that_wait_when_the_master_ends_are_answered)
{
    struct stage s;
    char *first, *second;

    open_with_agent(&s);
    operate_later(&s, &first, SET("a", CPUS(3), ""));
    operate_later(&s, &second, SET("b", CPUS(1), ""));
    actor_terminate(s.system, &s.master);
    actor_system_run(s.system);

    ck_assert_str_eq(first, "503 Service Unavailable");
    ck_assert_str_eq(second, "503 Service Unavailable");
    free(first);
    free(second);
    stage_close(&s);
}
END_TEST

START_TEST(limit_below_what_is_used_needs_force)
{
    struct stage s = stage_create();

    stage_with_task(&s, "");

    ck_assert_str_eq(operate(&s, SET("*", "", CPUS(0.5))),
                     "400 Invalid QuotaConfig: Role '*' is already consuming "
                     "'cpus:1; mem:64'; this is more than the requested "
                     "limits 'cpus:0.5' (use 'force' flag to bypass this "
                     "check)");
    ck_assert_str_eq(operate(&s, SET("*", "", CPUS(1))), "200");
    ck_assert_str_eq(operate(&s, FORCE("*", "", CPUS(0.5))), "200");
    stage_close(&s);
}
END_TEST

START_TEST(roles_below_and_reservations_are_consumed)
{
    struct stage s = stage_create();
    struct puppet *agent;

    stage_with_task(&s, "\"role\":\"eng/web\",");
    agent = puppet_create(s.system, "slave(2)");
    puppet_say(agent, &s.master, &msg_register_agent,
               "{\"agent\":{\"hostname\":\"node\",\"resources\":[{\"name\":"
               "\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2},"
               "\"reservations\":[{\"type\":\"STATIC\",\"role\":\"eng/db\"}]"
               "}]},\"version\":\"1.12.0\"}");

    ck_assert_str_eq(operate(&s, SET("eng", "", CPUS(2))),
                     "400 Invalid QuotaConfig: Role 'eng' is already "
                     "consuming 'cpus:3; mem:64'; this is more than the "
                     "requested limits 'cpus:2' (use 'force' flag to bypass "
                     "this check)");
    ck_assert_str_eq(operate(&s, SET("engine", "", CPUS(0))), "200");
    ck_assert_str_eq(operate(&s, SET("eng", "", CPUS(3))), "200");
    ck_assert_double_eq(metric(&s, "allocator/mesos/quota/roles/eng/"
                               "resources/cpus/consumed"), 3);
    ck_assert_double_eq(metric(&s, "allocator/mesos/quota/roles/eng/"
                               "resources/cpus/offered_or_allocated"), 1);
    stage_close(&s);
    puppet_destroy(agent);
}
END_TEST

START_TEST(last_quota_of_a_role_in_a_call_counts)
{
    struct stage s = stage_create();

    stage_with_offer(&s, "");
    puppet_forget(s.scheduler);

    ck_assert_str_eq(operate(&s, QUOTA("\"quota_configs\":["
                                       CONFIG("*", "", CPUS(0)) ","
                                       CONFIG("*", CPUS(1), CPUS(4)) "]")),
                     "200");

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      0);
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_QUOTA"), "\"limits\":{\"cpus\""
                                 ":{\"value\":4.0}}"));
    stage_close(&s);
}
END_TEST

START_TEST(offers_above_a_new_limit_are_taken_back)
{
    struct stage s = stage_create();

    stage_with_offer(&s, "");
    puppet_forget(s.scheduler);
    ck_assert_str_eq(operate(&s, SET("*", "", CPUS(4))), "200");
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      0);

    ck_assert_str_eq(operate(&s, SET("*", "", CPUS(2))), "200");

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_double_eq(scalar(offer(s.scheduler, 0), "cpus"), 2);
    stage_close(&s);
}
END_TEST

START_TEST(offers_of_others_are_taken_back_for_a_guarantee)
{
    struct stage s = stage_create();
    struct puppet *other;

    stage_with_offer(&s, "");
    other = puppet_create(s.system, "scheduler-2");
    puppet_forget(s.scheduler);
    ck_assert_str_eq(operate(&s, SET("ops", CPUS(3), "")), "200");

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_double_eq(scalar(offer(s.scheduler, 0), "cpus"), 1);
    subscribe(&s, other, "\"role\":\"ops\",");
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(other), 1);
    ck_assert_double_eq(scalar(offer(other, 0), "cpus"), 3);
    puppet_destroy(other);
    stage_close(&s);
}
END_TEST

START_TEST(old_form_sets_guarantee_and_limit_once)
{
#define OLD(MORE) \
    "\"set_quota\":{\"quota_request\":{" MORE "\"role\":\"ops\"," \
    "\"guarantee\":["
#define OLD_CPUS(N) \
    "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":" #N "}}"
    struct stage s;

    open_with_agent(&s);
    ck_assert_str_eq(operate(&s, OLD("") "]}}"),
                     "400 Failed to validate set quota request: QuotaInfo "
                     "with empty 'guarantee'");
    ck_assert_str_eq(operate(&s, OLD("") OLD_CPUS(1) "," OLD_CPUS(1) "]}}"),
                     "400 Failed to validate set quota request: QuotaInfo "
                     "contains duplicate resource name 'cpus'");
    ck_assert_str_eq(operate(&s, OLD("") "{\"name\":\"ports\",\"type\":"
                             "\"RANGES\",\"ranges\":{\"range\":[{\"begin\":1,"
                             "\"end\":2}]}}]}}"),
                     "400 Failed to validate set quota request: QuotaInfo "
                     "must not include non-scalar resources");
    ck_assert_str_eq(operate(&s, OLD("") OLD_CPUS(5) "]}}"),
                     "409 Quota guarantees overcommit the cluster (use "
                     "'force' to bypass this check): Total quota guarantees "
                     "'cpus:5' exceed cluster capacity 'cpus:4; mem:1024'");
    ck_assert_str_eq(operate(&s, "\"remove_quota\":{\"role\":\"ops\"}"),
                     "400 Failed to remove quota: Role 'ops' has no quota "
                     "set");
    ck_assert_str_eq(operate(&s, OLD("\"force\":true,") OLD_CPUS(5) "]}}"),
                     "200");
    ck_assert_str_eq(operate(&s, OLD("") OLD_CPUS(1) "]}}"),
                     "400 Failed to validate set quota request: Cannot set "
                     "quota for role 'ops' which already has quota");
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_QUOTA"), "\"limits\":{\"cpus\""
                                 ":{\"value\":5.0}}"));
    ck_assert_str_eq(operate(&s, "\"remove_quota\":{\"role\":\"ops\"}"),
                     "200");
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{}");
    stage_close(&s);
}
END_TEST

/* --- weights --- */

#define WEIGHT(ROLE, N) \
    "\"update_weights\":{\"weight_infos\":[{\"role\":\"" ROLE "\"," \
    "\"weight\":" #N "}]}"

START_TEST(weight_is_checked_and_shown)
{
    struct stage s;

    open_with_agent(&s);
    ck_assert_str_eq(show(&s, "GET_WEIGHTS"), "{}");
    ck_assert_str_eq(operate(&s, WEIGHT(" ops ", 2.5)), "200");
    ck_assert_str_eq(show(&s, "GET_WEIGHTS"), "{\"weight_infos\":[{"
                     "\"weight\":2.5,\"role\":\"ops\"}]}");
    ck_assert_str_eq(operate(&s, WEIGHT("ops", -1)),
                     "400 Failed to validate update weights request JSON for "
                     "role 'ops': Invalid weight '-1': Weights must be "
                     "positive");
    ck_assert_str_eq(operate(&s, WEIGHT("a b", 1)),
                     "400 Failed to validate update weights request JSON: "
                     "Invalid role 'a b': Role component 'a b' is invalid "
                     "because it contains backspace or whitespace");
    ck_assert_str_eq(show(&s, "GET_WEIGHTS"), "{\"weight_infos\":[{"
                     "\"weight\":2.5,\"role\":\"ops\"}]}");
    stage_close(&s);
}
END_TEST

START_TEST(new_weight_of_a_role_in_use_takes_offers_back)
{
    struct stage s = stage_create();

    stage_with_offer(&s, "\"role\":\"eng/web\",");
    puppet_forget(s.scheduler);
    ck_assert_str_eq(operate(&s, WEIGHT("ops", 2)), "200");
    ck_assert_str_eq(operate(&s, WEIGHT("eng", 1)), "200");
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      0);

    ck_assert_str_eq(operate(&s, WEIGHT("eng", 2)), "200");

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

START_TEST(weights_of_the_flag_go_into_an_empty_registry_and_no_other)
{
    struct place place;
    place_open(&place);
    struct stage s = stage_in(&place);
    s.flags.weights = xstrdup("ops=2,dev=3");
    stage_open(&s);
    ck_assert_str_eq(show(&s, "GET_WEIGHTS"), "{\"weight_infos\":[{"
                     "\"weight\":2.0,\"role\":\"ops\"},{\"weight\":3.0,"
                     "\"role\":\"dev\"}]}");
    ck_assert_str_eq(operate(&s, WEIGHT("dev", 4)), "200");
    stage_close(&s);

    strbuf_clear(&place.lines);
    s = stage_in(&place);
    s.flags.weights = xstrdup("ops=7,new=8");
    stage_open(&s);

    ck_assert_str_eq(show(&s, "GET_WEIGHTS"), "{\"weight_infos\":[{"
                     "\"weight\":2.0,\"role\":\"ops\"},{\"weight\":4.0,"
                     "\"role\":\"dev\"}]}");
    ck_assert(has_line(&place, "Ignoring --weights flag 'ops=7,new=8' and "
                       "recovering the weights from registry\n"));
    stage_close(&s);
    place_close(&place);
}
END_TEST

/* --- after a failover --- */

static void
come_back(struct stage *s, struct puppet *agent, const char *id)
{
    puppet_say(agent, &s->master, &msg_reregister_agent,
               "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"%s\"},") ","
               "\"version\":\"1.12.0\",\"agent_capabilities\":[{\"type\":"
               "\"MULTI_ROLE\"}]}", id);
}

#define N_AGENTS 3

/* Agents of one master, and then of the next. */
struct agents_of {
    struct puppet *puppets[N_AGENTS];
    char ids[N_AGENTS][128];
};

static void
create_agents(struct stage *s, struct agents_of *agents)
{
    for (int i = 0; i < N_AGENTS; i++) {
        char name[32];

        snprintf(name, sizeof name, "slave(%d)", i + 2);
        agents->puppets[i] = puppet_create(s->system, name);
    }
}

static void
destroy_agents(struct agents_of *agents)
{
    for (int i = 0; i < N_AGENTS; i++) {
        puppet_destroy(agents->puppets[i]);
    }
}

/* A master with a quota and some agents, and one after it. */
static struct stage
stage_after_failover(struct place *place, struct agents_of *agents,
                     const char *quota)
{
    struct stage s = stage_in(place);

    stage_open(&s);
    create_agents(&s, agents);
    for (int i = 0; i < N_AGENTS; i++) {
        const Internal__AgentRegistered *registered;

        puppet_say(agents->puppets[i], &s.master, &msg_register_agent,
                   "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\"}");
        registered = puppet_heard(agents->puppets[i], &msg_agent_registered,
                                  0);
        snprintf(agents->ids[i], sizeof agents->ids[i], "%s",
                 registered->agent_id->value);
    }
    if (quota) {
        ck_assert_str_eq(operate(&s, "%s", quota), "200");
    }
    stage_close(&s);
    destroy_agents(agents);
    return stage_in(place);
}

static double
offered_cpus(const struct puppet *scheduler)
{
    double sum = 0;

    for (size_t i = 0; i < n_offers(scheduler); i++) {
        const Scheduler__Event__Offers *offers =
            event_of(scheduler, SCHEDULER__EVENT__TYPE__OFFERS, i)->offers;

        for (size_t k = 0; k < offers->n_offers; k++) {
            sum += scalar(offers->offers[k], "cpus");
        }
    }
    return sum;
}

START_TEST(next_master_holds_quotas_and_waits_for_agents_with_offers)
{
    struct place place;
    struct agents_of agents;
    place_open(&place);
    struct stage s = stage_after_failover(&place, &agents,
                                          SET("*", "", CPUS(6)));

    stage_open(&s);
    create_agents(&s, &agents);
    ck_assert_ptr_nonnull(strstr(show(&s, "GET_QUOTA"), "\"limits\":{\"cpus\""
                                 ":{\"value\":6.0}}"));
    ck_assert_double_eq(metric(&s, "allocator/mesos/quota/roles/*/resources/"
                               "cpus/limit"), 6);
    subscribe_first(&s, "");
    come_back(&s, agents.puppets[0], agents.ids[0]);
    actor_system_advance(s.system, MINUTE);
    ck_assert_uint_eq(n_offers(s.scheduler), 0);

    /* Of three, 0.8 are two. */
    come_back(&s, agents.puppets[1], agents.ids[1]);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_double_eq(offered_cpus(s.scheduler), 6);
    stage_close(&s);
    destroy_agents(&agents);
    place_close(&place);
}
END_TEST

START_TEST(offers_wait_ten_minutes_at_most_after_a_failover)
{
    struct place place;
    struct agents_of agents;
    place_open(&place);
    struct stage s = stage_after_failover(&place, &agents,
                                          SET("a", CPUS(1), ""));

    stage_open(&s);
    create_agents(&s, &agents);
    subscribe_first(&s, "");
    come_back(&s, agents.puppets[0], agents.ids[0]);
    actor_system_advance(s.system, 9 * MINUTE + 50 * SECOND);
    ck_assert_uint_eq(n_offers(s.scheduler), 0);
    actor_system_advance(s.system, 12 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
    destroy_agents(&agents);
    place_close(&place);
}
END_TEST

START_TEST(offers_do_not_wait_without_a_quota)
{
    struct place place;
    struct agents_of agents;
    place_open(&place);
    struct stage s = stage_after_failover(&place, &agents, NULL);

    stage_open(&s);
    create_agents(&s, &agents);
    subscribe_first(&s, "");
    come_back(&s, agents.puppets[0], agents.ids[0]);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
    destroy_agents(&agents);
    place_close(&place);
}
END_TEST

START_TEST(agents_that_are_not_back_yet_count_as_capacity)
{
    struct place place;
    struct agents_of agents;
    place_open(&place);
    struct stage s = stage_after_failover(&place, &agents, NULL);

    stage_open(&s);

    ck_assert_str_eq(operate(&s, SET("a", CPUS(12), "")), "200");
    ck_assert_str_eq(operate(&s, SET("a", CPUS(13), "")),
                     "400 Invalid QuotaConfig: total quota guarantees "
                     "'cpus:13' exceed cluster capacity 'cpus:12; mem:3072' "
                     "(use 'force' flag to bypass this check)");
    stage_close(&s);
    place_close(&place);
}
END_TEST

/* Behind the back of what operators may ask for. */
START_TEST(quota_of_a_nested_role_in_the_registry_is_passed_over)
{
    static const char json[] =
        "{\"update_quota\":{\"configs\":[{\"role\":\"a/b\",\"limits\":{"
        "\"cpus\":{\"value\":0}}}]}}";
    struct place place;
    struct message *change = NULL;
    place_open(&place);
    struct stage s = stage_in(&place);
    stage_open(&s);
    ck_assert_ptr_null(message_decode_json(
        &internal__registry_change__descriptor, json, sizeof json - 1,
        &change));
    struct master *m = master_of(&s);
    struct actor_msg *msg = registrar_apply_create(&change);
    actor_send(&m->base, &m->registrar, &msg);
    actor_system_run(s.system);
    stage_close(&s);

    s = stage_in(&place);
    stage_open(&s);

    ck_assert(has_line(&place, "Ignoring the quota of nested role 'a/b', "
                       "which is not supported yet\n"));
    ck_assert_str_eq(show(&s, "GET_QUOTA"), "{}");
    register_agent(&s);
    subscribe_first(&s, "\"role\":\"a\",");
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
    place_close(&place);
}
END_TEST

static Suite *
quota_suite(void)
{
    Suite *suite = suite_create("master_quota");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(quota_is_shown_until_it_is_taken_away);
    ADD(quota_that_makes_no_sense_is_refused);
    ADD(quotas_for_very_many_kinds_of_resources_are_refused);
    ADD(guarantees_must_not_exceed_the_cluster_unless_forced);
    ADD(quotas_at_the_same_time_are_checked_one_after_the_other);
    ADD(changes_that_wait_when_the_master_ends_are_answered);
    ADD(limit_below_what_is_used_needs_force);
    ADD(roles_below_and_reservations_are_consumed);
    ADD(last_quota_of_a_role_in_a_call_counts);
    ADD(offers_above_a_new_limit_are_taken_back);
    ADD(offers_of_others_are_taken_back_for_a_guarantee);
    ADD(old_form_sets_guarantee_and_limit_once);
    ADD(weight_is_checked_and_shown);
    ADD(new_weight_of_a_role_in_use_takes_offers_back);
    ADD(weights_of_the_flag_go_into_an_empty_registry_and_no_other);
    ADD(next_master_holds_quotas_and_waits_for_agents_with_offers);
    ADD(offers_wait_ten_minutes_at_most_after_a_failover);
    ADD(offers_do_not_wait_without_a_quota);
    ADD(agents_that_are_not_back_yet_count_as_capacity);
    ADD(quota_of_a_nested_role_in_the_registry_is_passed_over);
#undef ADD
    return suite;
}

TEST_MAIN(quota_suite)
