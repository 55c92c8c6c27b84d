/* SPDX-License-Identifier: Apache-2.0
 *
 * test_allocator_books.c - what the allocator knows to be held: when agents
 * and resources change, and over random histories. */
#include <config.h>

#include <stdio.h>

#include "tests/lib/allocator_stage.h"

static void
update_agent(struct stage *s, const char *id, const char *text)
{
    struct resources total = parse(text);

    allocator_update_agent(s->notes->self, &s->allocator, id, &an_agent,
                           &total);
    resources_fini(&total);
    actor_system_run(s->system);
}

START_TEST(agent_that_grows_offers_what_is_new)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");

    update_agent(&s, "S1", "cpus:6;mem:100");

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 1, "F1", "S1", "cpus:2;mem:100");
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_shrinks_below_what_is_held_offers_what_comes_back_beyond)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");

    update_agent(&s, "S1", "cpus:2");
    recover_part(&s, 0, "cpus:1", ALLOCATOR_NO_FILTER);
    ck_assert_uint_eq(n_offers(&s), 1);
    recover_part(&s, 0, "cpus:2", ALLOCATOR_NO_FILTER);

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 1, "F1", "S1", "cpus:1");
    stage_close(&s);
}
END_TEST

START_TEST(new_attributes_end_filters)
{
    struct stage s = stage_create();
    struct allocator_agent_options other = an_agent;
    struct resources total = parse("cpus:4");
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");
    recover_part(&s, 0, "cpus:4", 3600);
    update_agent(&s, "S1", "cpus:4");
    ck_assert_uint_eq(n_offers(&s), 1);

    other.is_hierarchical_role = false;
    allocator_update_agent(s.notes->self, &s.allocator, "S1", &other, &total);
    actor_system_run(s.system);

    ck_assert_uint_eq(n_offers(&s), 2);
    resources_fini(&total);
    stage_close(&s);
}
END_TEST

START_TEST(what_is_not_held_cannot_be_given_back)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_framework(&s, "F2", "*", false);
    add_agent(&s, "S1", "cpus:4");
    struct resources much = parse("cpus:9;mem:7");

    allocator_recover(s.notes->self, &s.allocator, "F2", "*", "S1", &much,
                      ALLOCATOR_NO_FILTER);
    actor_system_run(s.system);
    ck_assert_uint_eq(n_offers(&s), 1);
    allocator_recover(s.notes->self, &s.allocator, "F1", "*", "S1", &much,
                      ALLOCATOR_NO_FILTER);
    actor_system_run(s.system);

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 1, "F2", "S1", "cpus:4");
    resources_fini(&much);
    stage_close(&s);
}
END_TEST

START_TEST(role_left_while_something_is_held_there_is_charged_for_it)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "a", false);
    add_agent(&s, "S1", "cpus:4");
    add_framework(&s, "F1", "b", false);
    allocator_remove_framework(s.notes->self, &s.allocator, "F1");
    add_framework(&s, "F2", "c", false);

    recover_part(&s, 0, "cpus:4", 60);

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 1, "F2", "S1", "cpus:4");
    stage_close(&s);
}
END_TEST

/* --- conversions --- */

static struct resource_conversion
reserve(const char *from, const char *to)
{
    struct resource_conversion c = {
        .consumed = parse(from), .converted = parse(to),
    };

    return c;
}

START_TEST(what_is_held_becomes_reserved)
{
    struct stage s = stage_create();
    struct resource_conversion c = reserve("cpus:2", "cpus(a):2");
    add_framework(&s, "F1", "a", false);
    add_agent(&s, "S1", "cpus:4");

    allocator_convert_held(s.notes->self, &s.allocator, "F1", "a", "S1", &c,
                           1);
    allocator_suppress(s.notes->self, &s.allocator, "F1", NULL, 0);
    add_framework(&s, "F2", "*", false);
    recover_part(&s, 0, "cpus(a):2;cpus:2", ALLOCATOR_NO_FILTER);

    ck_assert_uint_eq(n_offers(&s), 2);
    check_offer(&s, 1, "F2", "S1", "cpus:2");
    resource_conversion_fini(&c);
    stage_close(&s);
}
END_TEST

START_TEST(what_is_free_becomes_reserved_unless_it_is_held)
{
    struct stage s = stage_create();
    struct resource_conversion c = reserve("cpus:2", "cpus(a):2");
    struct actor_msg *msg;
    add_agent(&s, "S1", "cpus:3");

    msg = allocator_convert_free_create("S1", &c, 1);
    actor_send(s.notes->self, &s.allocator, &msg);
    actor_system_run(s.system);
    ck_assert(s.notes->has_answer);
    ck_assert_ptr_null(s.notes->converted);
    add_framework(&s, "F1", "*", false);
    check_offer(&s, 0, "F1", "S1", "cpus:1");
    msg = allocator_convert_free_create("S1", &c, 1);
    actor_send(s.notes->self, &s.allocator, &msg);
    actor_system_run(s.system);

    ck_assert_ptr_nonnull(s.notes->converted);
    ck_assert_int_eq(error_code(s.notes->converted), ERROR_CONFLICT);
    resource_conversion_fini(&c);
    stage_close(&s);
}
END_TEST

/* --- maintenance --- */

START_TEST(holders_are_asked_once_to_leave_an_agent_that_will_be_away)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");
    add_framework(&s, "F2", "*", false);

    allocator_set_unavailability(s.notes->self, &s.allocator, "S1", 7, 9);
    actor_system_advance(s.system, 5 * SECOND);

    ck_assert_uint_eq(s.notes->inverse.n, 1);
    ck_assert_str_eq(s.notes->inverse.data[0].framework_id, "F1");
    ck_assert_int_eq(s.notes->inverse.data[0].start_ns, 7);
    ck_assert_int_eq(s.notes->inverse.data[0].duration_ns, 9);
    allocator_inverse_offer_ended(s.notes->self, &s.allocator, "F1", "S1", 60);
    actor_system_advance(s.system, 59 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 2);
    stage_close(&s);
}
END_TEST

START_TEST(all_agents_that_a_framework_is_to_leave_are_in_one_message)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");
    add_agent(&s, "S2", "cpus:4");

    allocator_set_unavailability(s.notes->self, &s.allocator, "S1", 7, -1);
    allocator_set_unavailability(s.notes->self, &s.allocator, "S2", 7, -1);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(s.notes->inverse.n, 2);
    ck_assert_uint_eq(s.notes->n_inverse_messages, 1);
    ck_assert_int_eq(s.notes->inverse.data[0].duration_ns, -1);
    stage_close(&s);
}
END_TEST

/* What a framework holds comes and goes; what it was asked stays. */
START_TEST(refusal_outlives_what_the_framework_held)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");
    allocator_set_unavailability(s.notes->self, &s.allocator, "S1", 7, 9);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 1);
    allocator_inverse_offer_ended(s.notes->self, &s.allocator, "F1", "S1",
                                  3600);

    recover_part(&s, 0, "cpus:4", 1);
    actor_system_advance(s.system, 10 * SECOND);

    ck_assert_uint_eq(s.notes->offers.n, 2);
    ck_assert_uint_eq(s.notes->inverse.n, 1);
    allocator_revive(s.notes->self, &s.allocator, "F1", NULL, 0);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 2);

    allocator_set_unavailability(s.notes->self, &s.allocator, "S1", -1, -1);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 2);
    allocator_set_unavailability(s.notes->self, &s.allocator, "S1", 8, 9);
    actor_system_advance(s.system, 2 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 3);
    stage_close(&s);
}
END_TEST

START_TEST(nobody_is_asked_to_leave_an_agent_that_is_inactive)
{
    struct stage s = stage_create();
    add_framework(&s, "F1", "*", false);
    add_agent(&s, "S1", "cpus:4");
    ck_assert_uint_eq(s.notes->offers.n, 1);
    allocator_set_agent_active(s.notes->self, &s.allocator, "S1", false);
    allocator_set_unavailability(s.notes->self, &s.allocator, "S1", 7, 9);
    actor_system_advance(s.system, 5 * SECOND);
    ck_assert_uint_eq(s.notes->inverse.n, 0);

    allocator_set_agent_active(s.notes->self, &s.allocator, "S1", true);
    actor_system_advance(s.system, 2 * SECOND);

    ck_assert_uint_eq(s.notes->inverse.n, 1);
    stage_close(&s);
}
END_TEST

/* --- random histories --- */

#define N_AGENTS 5
#define N_FRAMEWORKS 6

struct model {
    struct stage s;
    uint64_t chance;
    bool has_agent[N_AGENTS];
    bool has_framework[N_FRAMEWORKS];
    int64_t total[N_AGENTS];
    int64_t held[N_AGENTS];     /* of the agent as it is now */
    size_t n_seen;              /* offers */
    VEC(size_t) open;           /* offers that have not been given back */
};

static unsigned
draw(struct model *m, unsigned n)
{
    m->chance = m->chance * UINT64_C(6364136223846793005) + 99991;
    return (unsigned) (m->chance >> 33) % n;
}

static const char *const role_names[] = {
    "a", "a/b", "a/b/c", "b", "*", "c/d",
};

static size_t
index_of(const char *id)
{
    return (size_t) (id[1] - '0');
}

/* New offers are of agents that are there, and fit. */
static void
note_offers(struct model *m)
{
    for (; m->n_seen < m->s.notes->offers.n; m->n_seen++) {
        const struct offered *o = &m->s.notes->offers.data[m->n_seen];
        size_t agent = index_of(o->agent_id);

        ck_assert(m->has_agent[agent]);
        ck_assert(m->has_framework[index_of(o->framework_id)]);
        m->held[agent] += resources_cpus(&o->resources);
        ck_assert_int_le(m->held[agent], m->total[agent]);
        vec_push(&m->open, m->n_seen);
    }
}

static void
settle(struct model *m)
{
    actor_system_run(m->s.system);
    note_offers(m);
}

static void
give_back_one(struct model *m, double seconds)
{
    unsigned i;
    struct offered *o;
    size_t agent;

    if (m->open.n == 0) {
        return;
    }
    i = draw(m, (unsigned) m->open.n);
    o = &m->s.notes->offers.data[m->open.data[i]];
    agent = index_of(o->agent_id);
    m->held[agent] -= resources_cpus(&o->resources);
    allocator_recover(m->s.notes->self, &m->s.allocator, o->framework_id,
                      o->role, o->agent_id, &o->resources, seconds);
    vec_remove_unordered(&m->open, i);
}

static void
remove_agent(struct model *m, size_t agent)
{
    char id[] = { 'S', (char) ('0' + agent), '\0' };

    for (size_t i = m->open.n; i > 0; i--) {
        struct offered *o = &m->s.notes->offers.data[m->open.data[i - 1]];

        if (!strcmp(o->agent_id, id)) {
            vec_remove_unordered(&m->open, i - 1);
        }
    }
    m->held[agent] = 0;
    m->has_agent[agent] = false;
    allocator_remove_agent(m->s.notes->self, &m->s.allocator, id);
}

static void
add_or_remove_agent(struct model *m)
{
    size_t agent = draw(m, N_AGENTS);
    char id[] = { 'S', (char) ('0' + agent), '\0' };
    int cpus = (int) draw(m, 5) + 1;
    int reserved = (int) draw(m, 3);
    char text[64];

    if (m->has_agent[agent]) {
        remove_agent(m, agent);
        return;
    }
    snprintf(text, sizeof text, "cpus:%d;cpus(a):%d", cpus, reserved);
    m->has_agent[agent] = true;
    m->total[agent] = (cpus + reserved) * 1000;
    struct resources total = parse(text);
    allocator_add_agent(m->s.notes->self, &m->s.allocator, id, &an_agent,
                        &total, NULL, 0);
    resources_fini(&total);
}

static void
change_framework(struct model *m)
{
    size_t i = draw(m, N_FRAMEWORKS);
    char id[] = { 'F', (char) ('0' + i), '\0' };
    const char *const *roles = &role_names[draw(m, 5)];
    struct allocator_framework_options options = {
        .roles = roles, .n_roles = 1 + draw(m, 2),
    };

    switch (draw(m, 5)) {
    case 0:
        allocator_remove_framework(m->s.notes->self, &m->s.allocator, id);
        m->has_framework[i] = false;
        break;
    case 1:
        allocator_deactivate_framework(m->s.notes->self, &m->s.allocator, id);
        m->has_framework[i] = false;
        break;
    case 2:
        allocator_suppress(m->s.notes->self, &m->s.allocator, id, NULL, 0);
        break;
    default:
        allocator_add_framework(m->s.notes->self, &m->s.allocator, id,
                                &options);
        m->has_framework[i] = true;
    }
}

static void
change_role(struct model *m)
{
    const char *role = draw(m, 2) ? "a" : "b";
    struct resource_quantities none = { 0 }, some = { 0 };

    resource_quantities_set(&some, "cpus", (int64_t) draw(m, 6) * 1000);
    allocator_set_weight(m->s.notes->self, &m->s.allocator,
                         role_names[draw(m, 6)], 1 + (double) draw(m, 3));
    allocator_set_quota(m->s.notes->self, &m->s.allocator, role,
                        draw(m, 2) ? &some : &none,
                        draw(m, 2) ? &some : &none);
    resource_quantities_fini(&some);
}

static void
random_step(struct model *m)
{
    static const double seconds[] = { ALLOCATOR_NO_FILTER, 0, 0.5, 100 };

    switch (draw(m, 8)) {
    case 0:
        add_or_remove_agent(m);
        break;
    case 1:
    case 2:
        change_framework(m);
        break;
    case 3:
        change_role(m);
        break;
    case 4:
        actor_system_advance(m->s.system, SECOND / 2);
        break;
    default:
        give_back_one(m, seconds[draw(m, 4)]);
    }
}

/* Without quotas, and with somebody who wants everything, nothing stays
 * behind. */
static void
check_all_is_offered(struct model *m)
{
    struct resource_quantities none = { 0 };

    allocator_set_quota(m->s.notes->self, &m->s.allocator, "a", &none, &none);
    allocator_set_quota(m->s.notes->self, &m->s.allocator, "b", &none, &none);
    m->has_framework[0] = true;
    add_framework(&m->s, "F0", "a", false);
    allocator_revive(m->s.notes->self, &m->s.allocator, "F0", NULL, 0);
    settle(m);
    actor_system_advance(m->s.system, 2 * SECOND);
    settle(m);
    for (size_t i = 0; i < N_AGENTS; i++) {
        ck_assert_int_eq(m->held[i], m->has_agent[i] ? m->total[i] : 0);
    }
}

static void
check_history(enum allocator_sorter sorter, uint64_t seed)
{
    struct model m = { .s = stage_create_with(sorter, seed), .chance = seed };

    for (int step = 0; step < 400; step++) {
        random_step(&m);
        settle(&m);
    }
    check_all_is_offered(&m);
    stage_close(&m.s);
    vec_fini(&m.open);
}

START_TEST(nothing_is_offered_twice_and_nothing_is_lost)
{
    check_history(_i % 2 ? ALLOCATOR_SORTER_RANDOM : ALLOCATOR_SORTER_DRF,
                  (uint64_t) _i + 1);
}
END_TEST

static Suite *
allocator_books_suite(void)
{
    Suite *suite = suite_create("allocator_books");
    TCase *random = tcase_create("random");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(agent_that_grows_offers_what_is_new);
    ADD(agent_that_shrinks_below_what_is_held_offers_what_comes_back_beyond);
    ADD(new_attributes_end_filters);
    ADD(what_is_not_held_cannot_be_given_back);
    ADD(role_left_while_something_is_held_there_is_charged_for_it);
    ADD(what_is_held_becomes_reserved);
    ADD(what_is_free_becomes_reserved_unless_it_is_held);
    ADD(holders_are_asked_once_to_leave_an_agent_that_will_be_away);
    ADD(all_agents_that_a_framework_is_to_leave_are_in_one_message);
    ADD(refusal_outlives_what_the_framework_held);
    ADD(nobody_is_asked_to_leave_an_agent_that_is_inactive);
#undef ADD
    tcase_set_timeout(random, 60);
    tcase_add_loop_test(random, nothing_is_offered_twice_and_nothing_is_lost,
                        0, 20);
    suite_add_tcase(suite, random);
    return suite;
}

TEST_MAIN(allocator_books_suite)
