/* SPDX-License-Identifier: Apache-2.0
 *
 * test_allocator_roles.c - roles in the allocator: trees, weights, quotas, and
 * who may have what. */
#include <config.h>

#include <stdio.h>

#include <actor/message.h>

#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "tests/lib/allocator_stage.h"

static void
set_quota(struct stage *s, const char *role, const char *guarantees,
          const char *limits)
{
    struct resource_quantities g = { 0 }, l = { 0 };

    if (guarantees) {
        ck_assert_ptr_null(resource_quantities_parse(guarantees, &g));
    }
    if (limits) {
        ck_assert_ptr_null(resource_quantities_parse(limits, &l));
    }
    allocator_set_quota(s->notes->self, &s->allocator, role, &g, &l);
    resource_quantities_fini(&g);
    resource_quantities_fini(&l);
    actor_system_run(s->system);
}

static void
set_weight(struct stage *s, const char *role, double weight)
{
    allocator_set_weight(s->notes->self, &s->allocator, role, weight);
    actor_system_run(s->system);
}

/* What has been offered to a framework in all. */
static int64_t
cpus_of(const struct stage *s, const char *framework)
{
    int64_t sum = 0;

    vec_foreach (&s->notes->offers, offered) {
        if (!strcmp(offered->framework_id, framework)) {
            sum += resources_cpus(&offered->resources);
        }
    }
    return sum;
}

static void
add_many_agents(struct stage *s, int n, const char *text)
{
    for (int i = 0; i < n; i++) {
        char id[16];

        snprintf(id, sizeof id, "A%d", i);
        add_agent(s, id, text);
    }
}

/* --- the tree --- */

START_TEST(nested_roles_share_what_their_parent_gets)
{
    struct stage s = stage_create();
    add_framework(&s, "A1", "a/x", false);
    add_framework(&s, "A2", "a/y", false);
    add_framework(&s, "B", "b", false);

    add_many_agents(&s, 8, "cpus:1");

    ck_assert_int_eq(cpus_of(&s, "A1"), 2000);
    ck_assert_int_eq(cpus_of(&s, "A2"), 2000);
    ck_assert_int_eq(cpus_of(&s, "B"), 4000);
    stage_close(&s);
}
END_TEST

START_TEST(a_role_with_children_is_one_of_them)
{
    struct stage s = stage_create();
    add_framework(&s, "A", "a", false);
    add_framework(&s, "AX", "a/x", false);
    add_framework(&s, "B", "b", false);

    add_many_agents(&s, 8, "cpus:1");

    ck_assert_int_eq(cpus_of(&s, "A"), 2000);
    ck_assert_int_eq(cpus_of(&s, "AX"), 2000);
    ck_assert_int_eq(cpus_of(&s, "B"), 4000);
    stage_close(&s);
}
END_TEST

START_TEST(weight_is_how_many_shares_a_role_gets)
{
    struct stage s = stage_create();
    set_weight(&s, "a", 3);
    add_framework(&s, "A", "a", false);
    add_framework(&s, "B", "b", false);

    add_many_agents(&s, 8, "cpus:1");

    ck_assert_int_eq(cpus_of(&s, "A"), 6000);
    ck_assert_int_eq(cpus_of(&s, "B"), 2000);
    stage_close(&s);
}
END_TEST

START_TEST(random_order_serves_everybody_sooner_or_later)
{
    struct stage s = stage_create_with(ALLOCATOR_SORTER_RANDOM, 5);
    add_framework(&s, "A", "a", false);
    add_framework(&s, "B", "b/c", false);

    add_many_agents(&s, 40, "cpus:1");

    ck_assert_int_gt(cpus_of(&s, "A"), 8000);
    ck_assert_int_gt(cpus_of(&s, "B"), 8000);
    stage_close(&s);
}
END_TEST

START_TEST(reservations_are_for_roles_below_too)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "a/b", false);

    add_agent(&s, "S1", "cpus(a):2;cpus(a/c):1");

    ck_assert_uint_eq(n_offers(&s), 1);
    check_offer(&s, 0, "F1", "S1", "cpus(a):2");
    stage_close(&s);
}
END_TEST

/* --- quota --- */

START_TEST(limit_cuts_what_is_offered)
{
    struct stage s = stage_create();
    set_quota(&s, "a", NULL, "cpus:3");
    add_framework(&s, "A", "a", false);

    add_agent(&s, "S1", "cpus:2;mem:100");
    add_agent(&s, "S2", "cpus:2;mem:100;ports:[1-5]");
    add_agent(&s, "S3", "cpus:2");

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 0, "A", "S1", "cpus:2;mem:100");
    check_offer(&s, 1, "A", "S2", "cpus:1;mem:100;ports:[1-5]");
    stage_close(&s);
}
END_TEST

START_TEST(limit_counts_what_is_reserved_and_what_is_below)
{
    struct stage s = stage_create();
    set_quota(&s, "a", NULL, "cpus:4");
    add_framework(&s, "A", "a/b", false);

    add_agent(&s, "S1", "cpus(a):1");
    add_agent(&s, "S2", "cpus:8");

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 0, "A", "S1", "cpus(a):1");
    check_offer(&s, 1, "A", "S2", "cpus:3");
    stage_close(&s);
}
END_TEST

START_TEST(what_a_limit_held_back_is_offered_when_it_is_free)
{
    struct stage s = stage_create();
    set_quota(&s, "a", NULL, "cpus:2");
    add_framework(&s, "A", "a", false);
    add_agent(&s, "S1", "cpus:2");
    add_agent(&s, "S2", "cpus:2");
    ck_assert_uint_eq(n_offers(&s), 1);

    recover_part(&s, 0, "cpus:2", 3600);
    actor_system_advance(s.system, SECOND);

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 1, "A", "S2", "cpus:2");
    stage_close(&s);
}
END_TEST

START_TEST(headroom_for_guarantees_is_not_offered_to_others)
{
    struct stage s = stage_create();
    set_quota(&s, "a", "cpus:3", NULL);
    add_framework(&s, "B", "b", false);

    add_agent(&s, "S1", "cpus:2");
    ck_assert_uint_eq(n_offers(&s), 0);
    add_agent(&s, "S2", "cpus:2");
    check_offer(&s, 0, "B", "S2", "cpus:1");
    add_framework(&s, "A", "a", false);

    ck_assert_int_eq(cpus_of(&s, "A"), 3000);
    ck_assert_int_eq(cpus_of(&s, "B"), 1000);
    stage_close(&s);
}
END_TEST

START_TEST(guarantee_comes_before_fair_shares)
{
    struct stage s = stage_create();
    set_quota(&s, "z", "cpus:2", "cpus:2");
    add_framework(&s, "B", "b", false);
    add_framework(&s, "Z", "z/sub", false);

    add_agent(&s, "S1", "cpus:2");

    ck_assert_uint_eq(n_offers(&s), 1);
    check_offer(&s, 0, "Z", "S1", "cpus:2");
    stage_close(&s);
}
END_TEST

START_TEST(quota_that_is_taken_back_holds_nothing_back)
{
    struct stage s = stage_create();
    set_quota(&s, "a", "cpus:4", "cpus:4");
    add_framework(&s, "B", "b", false);
    add_agent(&s, "S1", "cpus:4");
    ck_assert_uint_eq(n_offers(&s), 0);

    set_quota(&s, "a", NULL, NULL);

    check_offer(&s, 0, "B", "S1", "cpus:4");
    stage_close(&s);
}
END_TEST

START_TEST(no_offers_after_a_failover_before_enough_agents_are_back)
{
    struct stage s = stage_create();
    set_quota(&s, "a", "cpus:1", NULL);
    allocator_expect_agents(s.notes->self, &s.allocator, 3);
    add_framework(&s, "B", "b", false);

    add_agent(&s, "S1", "cpus:4");
    ck_assert_uint_eq(n_offers(&s), 0);
    add_agent(&s, "S2", "cpus:4");

    ck_assert_uint_gt(n_offers(&s), 0);
    stage_close(&s);
}
END_TEST

START_TEST(failover_is_over_after_ten_minutes)
{
    struct stage s = stage_create();
    set_quota(&s, "a", "cpus:1", NULL);
    allocator_expect_agents(s.notes->self, &s.allocator, 30);
    add_framework(&s, "B", "b", false);
    add_agent(&s, "S1", "cpus:4");

    actor_system_advance(s.system, 599 * SECOND);
    ck_assert_uint_eq(n_offers(&s), 0);
    actor_system_advance(s.system, 2 * SECOND);

    check_offer(&s, 0, "B", "S1", "cpus:3");
    stage_close(&s);
}
END_TEST

/* --- who may have what --- */

static void
add_able(struct stage *s, const char *id,
         struct allocator_framework_options options)
{
    static const char *const role = "a";

    options.roles = &role;
    options.n_roles = 1;
    allocator_add_framework(s->notes->self, &s->allocator, id, &options);
    actor_system_run(s->system);
}

/* Resources as JSON, with what the text form does not have. */
static struct resources
decode(const char *json)
{
    autofree char *info = xasprintf("{\"hostname\":\"h\",\"resources\":%s}",
                                    json);
    struct message *message;
    const V1__AgentInfo *root;
    struct resources resources;

    ck_assert_ptr_null(message_decode_json(&v1__agent_info__descriptor, info,
                                           strlen(info), &message));
    root = message_root(message);
    ck_assert_ptr_null(resources_decode(root->resources, root->n_resources,
                                        &resources));
    message_unref(message);
    return resources;
}

static void
add_agent_json(struct stage *s, const char *id, const char *json)
{
    struct resources total = decode(json);

    allocator_add_agent(s->notes->self, &s->allocator, id, &an_agent, &total,
                        NULL, 0);
    resources_fini(&total);
    actor_system_run(s->system);
}

static void
check_offer_json(const struct stage *s, size_t i, const char *framework,
                 const char *json)
{
    struct resources wanted = decode(json);

    ck_assert_uint_gt(n_offers(s), i);
    ck_assert_str_eq(s->notes->offers.data[i].framework_id, framework);
    ck_assert(resources_equal(&s->notes->offers.data[i].resources, &wanted));
    resources_fini(&wanted);
}

#define REVOCABLE \
    "[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2}," \
    "\"revocable\":{}}]"
#define REFINED \
    "[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2}," \
    "\"reservations\":[{\"type\":\"STATIC\",\"role\":\"a\"}," \
    "{\"type\":\"DYNAMIC\",\"role\":\"a/b\"}]}]"

START_TEST(revocable_resources_are_for_those_who_want_them)
{
    struct stage s = stage_create();
    add_able(&s, "F1", (struct allocator_framework_options) { 0 });
    add_agent_json(&s, "S1", REVOCABLE);
    ck_assert_uint_eq(n_offers(&s), 0);

    add_able(&s, "F2", (struct allocator_framework_options) {
        .wants_revocable = true });

    ck_assert_uint_eq(n_offers(&s), 1);
    check_offer_json(&s, 0, "F2", REVOCABLE);
    stage_close(&s);
}
END_TEST

START_TEST(refined_reservations_are_for_those_who_know_them)
{
    static const char *const role = "a/b/c";
    struct stage s = stage_create();
    struct allocator_framework_options options = {
        .roles = &role, .n_roles = 1,
    };
    allocator_add_framework(s.notes->self, &s.allocator, "F1", &options);
    add_agent_json(&s, "S1", REFINED);
    ck_assert_uint_eq(n_offers(&s), 0);

    options.is_reservation_refinement = true;
    allocator_add_framework(s.notes->self, &s.allocator, "F2", &options);
    actor_system_run(s.system);

    ck_assert_uint_eq(n_offers(&s), 1);
    check_offer_json(&s, 0, "F2", REFINED);
    stage_close(&s);
}
END_TEST

START_TEST(agents_without_a_capability_are_kept_from_those_who_need_it)
{
    static const struct allocator_agent_options old = { .hostname = "old" };
    struct stage s = stage_create();
    struct resources total = parse("cpus:1");
    add_able(&s, "F1", (struct allocator_framework_options) {
        .is_multi_role = true });
    add_framework(&s, "F2", "x/y", false);

    allocator_add_agent(s.notes->self, &s.allocator, "S1", &old, &total, NULL,
                        0);
    actor_system_run(s.system);
    ck_assert_uint_eq(n_offers(&s), 0);
    add_framework(&s, "F3", "x", false);

    check_offer(&s, 0, "F3", "S1", "cpus:1");
    resources_fini(&total);
    stage_close(&s);
}
END_TEST

#define SHARED \
    "{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":64}," \
    "\"shared\":{},\"disk\":{\"persistence\":{\"id\":\"p\"}," \
    "\"volume\":{\"container_path\":\"p\",\"mode\":\"RW\"}}," \
    "\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"a\"}]}"
#define TWO_CPUS \
    "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2}}"
#define ONE_CPU \
    "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}"

START_TEST(shared_volumes_are_offered_again_while_they_are_held)
{
    struct stage s = stage_create();
    struct resources cpu = decode("[" ONE_CPU "]");
    add_able(&s, "F1", (struct allocator_framework_options) {
        .wants_shared = true });
    add_agent_json(&s, "S1", "[" SHARED "," TWO_CPUS "]");
    check_offer_json(&s, 0, "F1", "[" SHARED "," TWO_CPUS "]");

    allocator_recover(s.notes->self, &s.allocator, "F1", "a", "S1", &cpu,
                      ALLOCATOR_NO_FILTER);
    actor_system_run(s.system);

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer_json(&s, 1, "F1", "[" SHARED "," ONE_CPU "]");
    resources_fini(&cpu);
    stage_close(&s);
}
END_TEST

static void
add_agent_with(struct stage *s, const char *id, const char *hostname,
               const char *info_json)
{
    struct allocator_agent_options options = an_agent;
    struct resources total = parse("cpus:1");
    struct message *message;

    ck_assert_ptr_null(message_decode_json(&v1__agent_info__descriptor,
                                           info_json, strlen(info_json),
                                           &message));
    options.hostname = hostname;
    options.message = message;
    options.info = message_root(message);
    allocator_add_agent(s->notes->self, &s->allocator, id, &options, &total,
                        NULL, 0);
    message_unref(message);
    resources_fini(&total);
    actor_system_run(s->system);
}

START_TEST(agents_of_other_regions_are_for_those_who_know_regions)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "a", false);
    add_agent_with(&s, "S1", "h", "{\"hostname\":\"h\",\"domain\":{"
                   "\"fault_domain\":{\"region\":{\"name\":\"there\"},"
                   "\"zone\":{\"name\":\"z\"}}}}");
    ck_assert_uint_eq(n_offers(&s), 0);

    add_able(&s, "F2", (struct allocator_framework_options) {
        .is_region_aware = true });

    check_offer(&s, 0, "F2", "S1", "cpus:1");
    stage_close(&s);
}
END_TEST

static void
add_constrained(struct stage *s, const char *id, const char *json)
{
    struct message *message;

    ck_assert_ptr_null(message_decode_json(
        &scheduler__offer_constraints__descriptor, json, strlen(json),
        &message));
    add_able(s, id, (struct allocator_framework_options) {
        .constraints = message });
    message_unref(message);
}

START_TEST(constraints_keep_agents_away_until_they_change)
{
    struct stage s = stage_create();
    add_constrained(&s, "F1", "{\"role_constraints\":{\"a\":{\"groups\":[{"
                    "\"attribute_constraints\":[{\"selector\":{"
                    "\"pseudoattribute_type\":\"HOSTNAME\"},\"predicate\":{"
                    "\"text_matches\":{\"regex\":\"web[0-9]+\"}}}]}]}}}");
    add_agent_with(&s, "S1", "db1", "{\"hostname\":\"db1\"}");
    add_agent_with(&s, "S2", "web17", "{\"hostname\":\"web17\"}");

    ck_assert_uint_eq(n_offers(&s), 1);
    check_offer(&s, 0, "F1", "S2", "cpus:1");
    add_able(&s, "F1", (struct allocator_framework_options) { 0 });
    check_offer(&s, 1, "F1", "S1", "cpus:1");
    stage_close(&s);
}
END_TEST

START_TEST(framework_says_what_is_worth_an_offer)
{
    struct stage s = stage_create();
    struct resource_quantities gpu;
    struct allocator_role_minimum none = { .role = "a" };
    struct allocator_role_minimum big = {
        .role = "a", .min_allocatable = &gpu, .n_min_allocatable = 1,
    };
    ck_assert_ptr_null(resource_quantities_parse("cpus:8", &gpu));
    add_able(&s, "F1", (struct allocator_framework_options) {
        .minimums = &big, .n_minimums = 1 });

    add_agent(&s, "S1", "cpus:4");
    ck_assert_uint_eq(n_offers(&s), 0);
    add_able(&s, "F2", (struct allocator_framework_options) {
        .minimums = &none, .n_minimums = 1 });
    add_agent(&s, "S2", "disk:1");

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 0, "F2", "S1", "cpus:4");
    check_offer(&s, 1, "F2", "S2", "disk:1");
    resource_quantities_fini(&gpu);
    stage_close(&s);
}
END_TEST

START_TEST(only_listed_agents_are_offered)
{
    static const char *const nobody[] = { "nobody" };
    struct stage s = stage_create();
    allocator_set_whitelist(s.notes->self, &s.allocator, nobody, 1);
    add_framework(&s, "F1", "a", false);
    add_agent(&s, "S1", "cpus:1");
    ck_assert_uint_eq(n_offers(&s), 0);

    allocator_set_whitelist(s.notes->self, &s.allocator, NULL, 0);
    actor_system_run(s.system);

    check_offer(&s, 0, "F1", "S1", "cpus:1");
    stage_close(&s);
}
END_TEST

static Suite *
allocator_roles_suite(void)
{
    Suite *suite = suite_create("allocator_roles");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(nested_roles_share_what_their_parent_gets);
    ADD(a_role_with_children_is_one_of_them);
    ADD(weight_is_how_many_shares_a_role_gets);
    ADD(random_order_serves_everybody_sooner_or_later);
    ADD(reservations_are_for_roles_below_too);
    ADD(limit_cuts_what_is_offered);
    ADD(limit_counts_what_is_reserved_and_what_is_below);
    ADD(what_a_limit_held_back_is_offered_when_it_is_free);
    ADD(headroom_for_guarantees_is_not_offered_to_others);
    ADD(guarantee_comes_before_fair_shares);
    ADD(quota_that_is_taken_back_holds_nothing_back);
    ADD(no_offers_after_a_failover_before_enough_agents_are_back);
    ADD(failover_is_over_after_ten_minutes);
    ADD(revocable_resources_are_for_those_who_want_them);
    ADD(refined_reservations_are_for_those_who_know_them);
    ADD(shared_volumes_are_offered_again_while_they_are_held);
    ADD(agents_without_a_capability_are_kept_from_those_who_need_it);
    ADD(agents_of_other_regions_are_for_those_who_know_regions);
    ADD(constraints_keep_agents_away_until_they_change);
    ADD(framework_says_what_is_worth_an_offer);
    ADD(only_listed_agents_are_offered);
#undef ADD
    return suite;
}

TEST_MAIN(allocator_roles_suite)
