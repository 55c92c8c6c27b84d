/* SPDX-License-Identifier: Apache-2.0
 *
 * test_allocator.c - the allocator, told what a master would tell it. */
#include <config.h>

#include <math.h>
#include <actor/alloc.h>

#include "tests/lib/allocator_stage.h"

START_TEST(agent_goes_whole_to_the_first_framework)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_framework(&s, "F2", "*", false);

    add_agent(&s, "S1", "cpus:4;mem:100");
    add_agent(&s, "S2", "cpus:4;mem:100");

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 0, "F1", "S1", "cpus:4;mem:100");
    check_offer(&s, 1, "F2", "S2", "cpus:4;mem:100");
    stage_close(&s);
}
END_TEST

START_TEST(smallest_dominant_share_comes_first)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_framework(&s, "F2", "*", false);
    add_agent(&s, "S1", "cpus:4;mem:1000");
    add_agent(&s, "S2", "cpus:4;mem:100");

    recover_part(&s, 1, "cpus:4", ALLOCATOR_NO_FILTER);

    check_offer(&s, 2, "F2", "S2", "cpus:4");
    stage_close(&s);
}
END_TEST

START_TEST(roles_share_before_their_frameworks_do)
{
    struct stage s = stage_create();
    add_framework(&s, "A1", "a", false);
    add_framework(&s, "A2", "a", false);
    add_framework(&s, "B1", "b", false);
    add_agent(&s, "S1", "cpus:4");
    add_agent(&s, "S2", "cpus:4");
    add_agent(&s, "S3", "cpus:4");
    add_agent(&s, "S4", "cpus:4");

    check_offer(&s, 0, "A1", "S1", "cpus:4");
    check_offer(&s, 1, "B1", "S2", "cpus:4");
    check_offer(&s, 2, "A2", "S3", "cpus:4");
    check_offer(&s, 3, "B1", "S4", "cpus:4");
    stage_close(&s);
}
END_TEST

START_TEST(roles_come_and_go_with_what_is_held_in_them)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "a", false);
    add_framework(&s, "F1", "b", false);        /* "a" holds nothing */
    add_agent(&s, "S1", "cpus:4");
    add_framework(&s, "F1", "a", false);        /* "b" holds all */

    ck_assert_uint_eq(n_offers(&s), 1);
    ck_assert_str_eq(s.notes->offers.data[0].role, "b");
    recover_part(&s, 0, "cpus:4", ALLOCATOR_NO_FILTER);
    ck_assert_uint_eq(n_offers(&s), 2);
    ck_assert_str_eq(s.notes->offers.data[1].role, "a");
    recover_part(&s, 1, "cpus:4", 3600);
    add_framework(&s, "F1", "b", false);
    check_offer(&s, 2, "F1", "S1", "cpus:4");
    ck_assert_str_eq(s.notes->offers.data[2].role, "b");
    stage_close(&s);
}
END_TEST

START_TEST(filter_stops_the_same_or_less_but_not_more)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4;mem:64");

    recover_part(&s, 0, "cpus:2", 60);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(&s), 1);
    recover_part(&s, 0, "cpus:1", ALLOCATOR_NO_FILTER);

    check_offer(&s, 1, "F1", "S1", "cpus:3");
    stage_close(&s);
}
END_TEST

START_TEST(short_filter_outlives_the_next_interval)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    actor_system_advance(s.system, SECOND / 2);
    add_agent(&s, "S1", "cpus:4");

    recover_part(&s, 0, "cpus:4", 0.001);
    actor_system_advance(s.system, SECOND * 9 / 10);
    ck_assert_uint_eq(n_offers(&s), 1);
    actor_system_advance(s.system, SECOND);

    ck_assert_uint_eq(n_offers(&s), 2);
    stage_close(&s);
}
END_TEST

START_TEST(what_is_refused_for_no_time_comes_back_with_the_next_interval)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    actor_system_advance(s.system, SECOND / 2);
    add_agent(&s, "S1", "cpus:4");

    recover_part(&s, 0, "cpus:4", 0);
    actor_system_advance(s.system, SECOND * 4 / 10);
    ck_assert_uint_eq(n_offers(&s), 1);
    actor_system_advance(s.system, SECOND * 2 / 10);

    ck_assert_uint_eq(n_offers(&s), 2);
    stage_close(&s);
}
END_TEST

START_TEST(reserved_resources_go_to_their_role_only)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_framework(&s, "W1", "web", false);

    add_agent(&s, "S1", "cpus:1;cpus(web):2;cpus(db):4");

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 0, "F1", "S1", "cpus:1");
    check_offer(&s, 1, "W1", "S1", "cpus(web):2");
    stage_close(&s);
}
END_TEST

START_TEST(agents_with_gpus_are_for_those_who_want_them)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:1;gpus:1");
    ck_assert_uint_eq(n_offers(&s), 0);

    add_framework(&s, "F2", "*", true);

    check_offer(&s, 0, "F2", "S1", "cpus:1;gpus:1");
    stage_close(&s);
}
END_TEST

START_TEST(crumbs_are_not_offered)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);

    add_agent(&s, "S1", "cpus:0.009;mem:31;disk:1000");
    ck_assert_uint_eq(n_offers(&s), 0);
    add_agent(&s, "S2", "cpus:0.01");

    check_offer(&s, 0, "F1", "S2", "cpus:0.01");
    stage_close(&s);
}
END_TEST

START_TEST(inactive_agents_and_frameworks_get_nothing)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:1");
    allocator_set_agent_active(s.notes->self, &s.allocator, "S1", false);
    recover_part(&s, 0, "cpus:1", ALLOCATOR_NO_FILTER);
    ck_assert_uint_eq(n_offers(&s), 1);

    allocator_deactivate_framework(s.notes->self, &s.allocator, "F1");
    allocator_set_agent_active(s.notes->self, &s.allocator, "S1", true);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(&s), 1);
    add_framework(&s, "F1", "*", false);

    ck_assert_uint_eq(n_offers(&s), 2);
    stage_close(&s);
}
END_TEST

START_TEST(what_is_held_at_the_start_is_not_free)
{
    struct stage s = stage_create();
    struct resources total = parse("cpus:4");
    struct allocator_holding holding = {
        .framework_id = xstrdup("F1"), .role = xstrdup("*"),
        .resources = parse("cpus:3"),
    };
    add_framework(&s, "F1", "*", false);
    add_framework(&s, "F2", "*", false);

    allocator_add_agent(s.notes->self, &s.allocator, "S1", &an_agent, &total,
                        &holding, 1);
    actor_system_run(s.system);

    check_offer(&s, 0, "F2", "S1", "cpus:1");
    resources_fini(&total);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_holds_more_than_it_has_is_offered_when_all_is_free)
{
    struct stage s = stage_create();
    struct resources total = parse("cpus:4");
    struct allocator_holding holding = {
        .framework_id = xstrdup("F1"), .role = xstrdup("*"),
        .resources = parse("cpus:5"),
    };
    add_framework(&s, "F1", "*", false);

    allocator_add_agent(s.notes->self, &s.allocator, "S1", &an_agent, &total,
                        &holding, 1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(n_offers(&s), 0);
    resources_fini(&total);
    total = parse("cpus:5");
    allocator_recover(s.notes->self, &s.allocator, "F1", "*", "S1", &total,
                      ALLOCATOR_NO_FILTER);
    actor_system_run(s.system);

    check_offer(&s, 0, "F1", "S1", "cpus:4");
    resources_fini(&total);
    stage_close(&s);
}
END_TEST

START_TEST(what_comes_back_late_is_taken_whoever_is_gone)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");
    add_agent(&s, "S2", "cpus:4");
    allocator_remove_framework(s.notes->self, &s.allocator, "F1");
    allocator_remove_agent(s.notes->self, &s.allocator, "S2");

    recover_part(&s, 0, "cpus:4", 5);
    recover_part(&s, 1, "cpus:4", 5);
    add_framework(&s, "F2", "*", false);

    ck_assert_uint_eq(n_offers(&s), 3);
    check_offer(&s, 2, "F2", "S1", "cpus:4");
    stage_close(&s);
}
END_TEST

START_TEST(burst_of_events_makes_one_message)
{
    struct stage s = stage_create();
    struct resources total = parse("cpus:1");
    add_framework(&s, "F1", "*", false);

    for (int i = 0; i < 3; i++) {
        char id[2] = { (char) ('0' + i), '\0' };

        allocator_add_agent(s.notes->self, &s.allocator, id, &an_agent, &total,
                            NULL, 0);
    }
    ck_assert_uint_eq(n_offers(&s), 0);
    actor_system_run(s.system);

    ck_assert_uint_eq(n_offers(&s), 3);
    resources_fini(&total);
    stage_close(&s);
}
END_TEST

START_TEST(refuse_seconds_are_within_bounds)
{
    ck_assert_double_eq(allocator_filter_seconds(7), 7);
    ck_assert_double_eq(allocator_filter_seconds(-1), 5);
    ck_assert_double_eq(allocator_filter_seconds(1e18), 365.0 * 86400);
    ck_assert_double_eq(allocator_filter_seconds((double) NAN), 5);
}
END_TEST

static Suite *
allocator_suite(void)
{
    Suite *suite = suite_create("allocator");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(agent_goes_whole_to_the_first_framework);
    ADD(smallest_dominant_share_comes_first);
    ADD(roles_share_before_their_frameworks_do);
    ADD(roles_come_and_go_with_what_is_held_in_them);
    ADD(filter_stops_the_same_or_less_but_not_more);
    ADD(short_filter_outlives_the_next_interval);
    ADD(what_is_refused_for_no_time_comes_back_with_the_next_interval);
    ADD(reserved_resources_go_to_their_role_only);
    ADD(agents_with_gpus_are_for_those_who_want_them);
    ADD(crumbs_are_not_offered);
    ADD(inactive_agents_and_frameworks_get_nothing);
    ADD(what_is_held_at_the_start_is_not_free);
    ADD(agent_that_holds_more_than_it_has_is_offered_when_all_is_free);
    ADD(what_comes_back_late_is_taken_whoever_is_gone);
    ADD(burst_of_events_makes_one_message);
    ADD(refuse_seconds_are_within_bounds);
#undef ADD
    return suite;
}

TEST_MAIN(allocator_suite)
