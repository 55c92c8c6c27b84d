/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_subscription.c - frameworks at the master: who may subscribe,
 * who takes a framework over, what of it may change, and when it is forgotten.
 * Everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
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

#define MULTI_ROLE "\"capabilities\":[{\"type\":\"MULTI_ROLE\"}],"

/* SUBSCRIBE with what 'more' adds to the Subscribe message. */
static void
subscribe_with(struct stage *s, const char *info, const char *more)
{
    puppet_say(s->scheduler, &s->master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{"
               "%s\"user\":\"root\",\"name\":\"test\"}%s}}", info, more);
}

/* The framework of the stage subscribes from there. */
static void
take_over(struct stage *s, struct puppet *scheduler, const char *info)
{
    char whole[512];

    snprintf(whole, sizeof whole, "\"id\":{\"value\":\"%s\"},%s",
             s->framework_id, info);
    subscribe(s, scheduler, whole);
}

/* The text of the one error that a scheduler has heard. */
static const char *
error_of(const struct puppet *scheduler)
{
    ck_assert_uint_eq(n_events(scheduler, SCHEDULER__EVENT__TYPE__ERROR), 1);
    return event_of(scheduler, SCHEDULER__EVENT__TYPE__ERROR, 0)
        ->error->message;
}

/* --- who may --- */

struct refusal {
    const char *info;
    const char *more;           /* of the Subscribe message */
    const char *text;
};

START_TEST(framework_that_makes_no_sense_is_refused_in_words)
{
    static const struct refusal refusals[] = {
        { MULTI_ROLE "\"role\":\"a\",", "",
          "'FrameworkInfo.role' must not be set when the framework is "
          "MULTI_ROLE capable" },
        { "\"roles\":[\"a\"],", "",
          "'FrameworkInfo.roles' must not be set when the framework is not "
          "MULTI_ROLE capable" },
        { MULTI_ROLE "\"roles\":[\"a\",\"b\",\"a\"],", "",
          "'FrameworkInfo.roles' contains duplicate items: { a }" },
        { "\"id\":{\"value\":\"..\"},", "",
          "'..' is disallowed" },
        { "\"failover_timeout\":1e300,", "",
          "The framework failover_timeout (1e300) is invalid" },
        { "\"role\":\"other\",", "",
          "Roles { other } are not present in the master's --roles" },
        { MULTI_ROLE "\"roles\":[\"web\",\"x\",\"*\",\"y\"],", "",
          "Roles { x, y } are not present in the master's --roles" },
        { "\"role\":\"web\",", ",\"suppressed_roles\":[\"a\",\"web\",\"b\"]",
          "Suppressed roles { a, b } are not contained in the set of roles" },
        { "\"role\":\"web\",", ",\"offer_constraints\":{\"role_constraints\":"
          "{\"x\":{\"groups\":[]}}}",
          "Offer constraints specify `role_constraints` for a role 'x'not "
          "contained in the set of roles" },
    };
    struct stage s = stage_create();

    s.flags.roles = xstrdup("web,,db");
    stage_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        puppet_forget(s.scheduler);
        subscribe_with(&s, refusals[i].info, refusals[i].more);
        ck_assert_str_eq(error_of(s.scheduler), refusals[i].text);
    }
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 0);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(listed_roles_and_the_default_one_may_be_had)
{
    static const char *const infos[] = {
        "", "\"role\":\"*\",", "\"role\":\"db\",",
        MULTI_ROLE "\"roles\":[\"db\",\"web\"],", MULTI_ROLE,
    };
    struct stage s = stage_create();

    s.flags.roles = xstrdup("web,db");
    stage_open(&s);
    for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
        puppet_forget(s.scheduler);
        subscribe_first(&s, infos[i]);
        call(&s, "TEARDOWN", "%s", "");
    }
    stage_close(&s);
}
END_TEST

START_TEST(root_is_refused_unless_allowed)
{
    struct stage s = stage_create();

    s.flags.root_submissions = false;
    stage_open(&s);
    subscribe(&s, s.scheduler, "");
    ck_assert_str_eq(error_of(s.scheduler), "User 'root' is not allowed to "
                     "run frameworks without --root_submissions set");
    stage_close(&s);
}
END_TEST

START_TEST(id_of_call_and_info_have_to_agree)
{
    struct stage s = stage_create();

    stage_open(&s);
    puppet_say(s.scheduler, &s.master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"framework_id\":{\"value\":\"a\"},"
               "\"subscribe\":{\"framework_info\":{\"id\":{\"value\":\"b\"},"
               "\"user\":\"root\",\"name\":\"test\"}}}");
    ck_assert_str_eq(error_of(s.scheduler), "'framework_id' differs from "
                     "'subscribe.framework_info.id'");
    stage_close(&s);
}
END_TEST

START_TEST(id_of_a_framework_s_own_choice_is_kept)
{
    struct stage s = stage_create();

    stage_open(&s);
    subscribe_first(&s, "\"id\":{\"value\":\"mine\"},");
    ck_assert_str_eq(s.framework_id, "mine");
    register_agent(&s);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

START_TEST(scheduler_of_one_framework_does_not_get_another)
{
    struct stage s = stage_create();

    stage_open(&s);
    subscribe_first(&s, "");
    puppet_forget(s.scheduler);
    subscribe(&s, s.scheduler, "\"id\":{\"value\":\"other\"},");
    ck_assert_uint_eq(puppet_count(s.scheduler, &msg_scheduler_event), 0);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    stage_close(&s);
}
END_TEST

/* --- taking over --- */

START_TEST(scheduler_that_was_replaced_does_not_come_back)
{
    struct stage s = stage_create();
    struct puppet *next;

    stage_with_offer(&s, "\"failover_timeout\":60,");
    next = puppet_create(s.system, "scheduler-2");
    take_over(&s, next, "\"failover_timeout\":60,");
    ck_assert_str_eq(error_of(s.scheduler), "Framework failed over");
    puppet_forget(s.scheduler);
    puppet_forget(next);

    take_over(&s, s.scheduler, "\"failover_timeout\":60,");

    ck_assert_str_eq(error_of(s.scheduler), "Framework failed over");
    ck_assert_uint_eq(puppet_count(next, &msg_scheduler_event), 0);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    stage_close(&s);
    puppet_destroy(next);
}
END_TEST

START_TEST(standby_schedulers_take_over_one_after_the_other)
{
    struct stage s = stage_create();
    struct puppet *standby[40];
    char id[32];

    stage_with_task(&s, "\"failover_timeout\":60,");
    for (size_t i = 0; i < ARRAY_SIZE(standby); i++) {
        snprintf(id, sizeof id, "standby-%zu", i);
        standby[i] = puppet_create(s.system, id);
        if (i % 3 == 0) {
            puppet_die(i > 0 ? standby[i - 1] : s.scheduler);
        }
        take_over(&s, standby[i], "\"failover_timeout\":60,");
        ck_assert_uint_eq(n_offers(standby[i]), 1);
        ck_assert_double_eq(metric(&s, "master/outstanding_offers"), 1);
    }
    actor_system_advance(s.system, 120 * SECOND);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    stage_close(&s);
    for (size_t i = 0; i < ARRAY_SIZE(standby); i++) {
        puppet_destroy(standby[i]);
    }
}
END_TEST

/* Its first subscription may have been answered just before; it must not
 * count on those offers. */
START_TEST(scheduler_that_subscribes_again_hears_that_its_offers_are_void)
{
    struct stage s = stage_create();
    char offer_id[128];

    stage_with_offer(&s, "\"failover_timeout\":60,");
    snprintf(offer_id, sizeof offer_id, "%s",
             offer(s.scheduler, 0)->id->value);
    puppet_forget(s.scheduler);

    take_over(&s, s.scheduler, "\"failover_timeout\":60,");

    ck_assert_str_eq(
        event_of(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND, 0)
            ->rescind->offer_id->value, offer_id);
    ck_assert_uint_eq(n_events(s.scheduler,
                               SCHEDULER__EVENT__TYPE__SUBSCRIBED), 1);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    stage_close(&s);
}
END_TEST

START_TEST(user_and_checkpoint_stay_and_principal_may_not_change)
{
    struct stage s = stage_create();
    struct puppet *next;
    const Internal__UpdateFramework *update;

    stage_with_offer(&s, "\"principal\":\"p\",\"failover_timeout\":60,");
    next = puppet_create(s.system, "scheduler-2");
    puppet_say(next, &s.master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{"
               "\"id\":{\"value\":\"%s\"},\"user\":\"nobody\",\"name\":"
               "\"renamed\",\"checkpoint\":true,\"principal\":\"p\"}}}",
               s.framework_id);
    update = puppet_heard(s.agent, &msg_update_framework, 0);
    ck_assert_str_eq(update->framework->user, "root");
    ck_assert_str_eq(update->framework->name, "renamed");
    ck_assert(!update->framework->checkpoint);

    puppet_forget(next);
    take_over(&s, next, "\"principal\":\"q\",");
    ck_assert_str_eq(error_of(next),
                     "Changing framework's principal is not allowed.");
    stage_close(&s);
    puppet_destroy(next);
}
END_TEST

/* --- UPDATE_FRAMEWORK --- */

static void
update_framework(struct stage *s, const char *info, const char *more)
{
    call(s, "UPDATE_FRAMEWORK", ",\"update_framework\":{\"framework_info\":{"
         "\"id\":{\"value\":\"%s\"},\"user\":\"root\",\"name\":\"test\","
         "%s\"failover_timeout\":60}%s}", s->framework_id, info, more);
}

START_TEST(roles_may_change_and_their_offers_are_taken_back)
{
    struct stage s = stage_create();

    stage_with_offer(&s, MULTI_ROLE "\"roles\":[\"a\"],"
                     "\"failover_timeout\":60,");
    puppet_forget(s.agent);
    update_framework(&s, MULTI_ROLE "\"roles\":[\"b\"],", "");

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    ck_assert_str_eq(offer(s.scheduler, 1)->allocation_info->role, "b");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_update_framework), 1);
    stage_close(&s);
}
END_TEST

START_TEST(update_that_changes_nothing_is_not_told_to_agents)
{
    struct stage s = stage_create();

    stage_with_offer(&s, "");
    update_framework(&s, "", "");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_update_framework), 1);
    update_framework(&s, "", "");
    ck_assert_uint_eq(puppet_count(s.agent, &msg_update_framework), 1);
    stage_close(&s);
}
END_TEST

START_TEST(update_that_may_not_be_changes_nothing)
{
    struct stage s = stage_create();

    s.flags.roles = xstrdup("a");
    stage_with_offer(&s, MULTI_ROLE "\"roles\":[\"a\"],");
    update_framework(&s, MULTI_ROLE "\"roles\":[\"b\"],", "");
    update_framework(&s, MULTI_ROLE "\"roles\":[],\"principal\":\"p\",", "");
    update_framework(&s, MULTI_ROLE "\"roles\":[],\"checkpoint\":true,", "");
    update_framework(&s, MULTI_ROLE "\"roles\":[],",
                     ",\"suppressed_roles\":[\"a\"]");
    call(&s, "UPDATE_FRAMEWORK", ",\"update_framework\":{\"framework_info\":{"
         "\"id\":{\"value\":\"%s\"},\"user\":\"other\",\"name\":\"test\"}}",
         s.framework_id);
    call(&s, "UPDATE_FRAMEWORK", ",\"update_framework\":{\"framework_info\":{"
         "\"user\":\"root\",\"name\":\"test\"}}");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_update_framework), 0);
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      0);
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__ERROR),
                      0);
    stage_close(&s);
}
END_TEST

/* --- being forgotten --- */

#define REPORT \
    "{\"agent\":" AGENT_INFO("\"id\":{\"value\":\"old-S7\"},") \
    ",\"version\":\"1.12.0\",\"frameworks\":[{\"user\":\"root\"," \
    "\"name\":\"test\",\"id\":{\"value\":\"F\"},\"failover_timeout\":%d," \
    "\"checkpoint\":true}],\"tasks\":[{\"name\":\"t\",\"task_id\":{" \
    "\"value\":\"t\"},\"framework_id\":{\"value\":\"F\"},\"agent_id\":{" \
    "\"value\":\"old-S7\"},\"state\":\"TASK_RUNNING\",\"resources\":[]}]}"

/* A framework that only an agent knows, which says it may be away so long. */
static void
stage_with_recovered(struct stage *s, int failover_timeout)
{
    stage_open(s);
    puppet_say(s->agent, &s->master, &msg_reregister_agent, REPORT,
               failover_timeout);
    snprintf(s->framework_id, sizeof s->framework_id, "F");
    ck_assert_double_eq(metric(s, "master/frameworks_disconnected"), 1);
    ck_assert_double_eq(metric(s, "master/tasks_running"), 1);
}

START_TEST(recovered_framework_that_stays_away_is_removed)
{
    struct stage s = stage_create();

    stage_with_recovered(&s, 3600);
    actor_system_advance(s.system, 3599 * SECOND);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 0);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_shutdown_framework), 1);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 0);
    ck_assert_double_eq(metric(&s, "master/tasks_killed"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(recovered_framework_has_the_time_that_agents_have)
{
    struct stage s = stage_create();

    stage_with_recovered(&s, 0);
    actor_system_advance(s.system, 599 * SECOND);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_double_eq(metric(&s, "master/frameworks_disconnected"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(recovered_framework_that_is_back_stays)
{
    struct stage s = stage_create();

    stage_with_recovered(&s, 60);
    actor_system_advance(s.system, 500 * SECOND);
    take_over(&s, s.scheduler, "\"failover_timeout\":60,");
    actor_system_advance(s.system, 3600 * SECOND);
    ck_assert_double_eq(metric(&s, "master/frameworks_connected"), 1);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    stage_close(&s);
}
END_TEST

/* Tears down framework number 'i' and says whether it is still remembered. */
static void
live_and_die(struct stage *s, int i)
{
    char info[64];

    snprintf(info, sizeof info, "\"id\":{\"value\":\"F%d\"},", i);
    puppet_forget(s->scheduler);
    subscribe_first(s, info);
    call(s, "TEARDOWN", "%s", "");
}

static bool
is_remembered(struct stage *s, int i)
{
    char info[64];

    snprintf(info, sizeof info, "\"id\":{\"value\":\"F%d\"},", i);
    puppet_forget(s->scheduler);
    subscribe(s, s->scheduler, info);
    if (n_events(s->scheduler, SCHEDULER__EVENT__TYPE__ERROR) == 1) {
        ck_assert_str_eq(error_of(s->scheduler),
                         "Framework has been removed");
        return true;
    }
    return false;
}

START_TEST(only_so_many_completed_frameworks_are_remembered)
{
    struct stage s = stage_create();

    s.flags.max_completed_frameworks = 2;
    stage_open(&s);
    for (int i = 0; i < 4; i++) {
        live_and_die(&s, i);
    }
    ck_assert(is_remembered(&s, 3));
    ck_assert(is_remembered(&s, 2));
    ck_assert(!is_remembered(&s, 1));
    stage_close(&s);
}
END_TEST

START_TEST(no_completed_framework_need_be_remembered)
{
    struct stage s = stage_create();

    s.flags.max_completed_frameworks = 0;
    stage_open(&s);
    live_and_die(&s, 1);
    ck_assert(!is_remembered(&s, 1));
    stage_close(&s);
}
END_TEST

static Suite *
master_subscription_suite(void)
{
    Suite *suite = suite_create("master_subscription");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(framework_that_makes_no_sense_is_refused_in_words);
    ADD(listed_roles_and_the_default_one_may_be_had);
    ADD(root_is_refused_unless_allowed);
    ADD(id_of_call_and_info_have_to_agree);
    ADD(id_of_a_framework_s_own_choice_is_kept);
    ADD(scheduler_of_one_framework_does_not_get_another);
    ADD(scheduler_that_was_replaced_does_not_come_back);
    ADD(standby_schedulers_take_over_one_after_the_other);
    ADD(scheduler_that_subscribes_again_hears_that_its_offers_are_void);
    ADD(user_and_checkpoint_stay_and_principal_may_not_change);
    ADD(roles_may_change_and_their_offers_are_taken_back);
    ADD(update_that_changes_nothing_is_not_told_to_agents);
    ADD(update_that_may_not_be_changes_nothing);
    ADD(recovered_framework_that_stays_away_is_removed);
    ADD(recovered_framework_has_the_time_that_agents_have);
    ADD(recovered_framework_that_is_back_stays);
    ADD(only_so_many_completed_frameworks_are_remembered);
    ADD(no_completed_framework_need_be_remembered);
#undef ADD
    return suite;
}

TEST_MAIN(master_subscription_suite)
