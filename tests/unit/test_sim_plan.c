/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim_plan.c - plans of faults are drawn, written, read, put into effect
 * and cut down. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/sim.h>
#include <actor/sim_plan.h>
#include <actor/strbuf.h>

#include "sim/private.h"
#include "tests/lib/test.h"

#define N_HOSTS 4

static struct sim *
create_world(void)
{
    struct sim *sim = sim_create(&(struct sim_options) { .seed = 1 });

    for (int i = 0; i < N_HOSTS; i++) {
        char name[32];

        snprintf(name, sizeof name, "host-%d", i);
        sim_add_host(sim, name);
    }
    return sim;
}

static struct sim_plan_options
every_kind(uint64_t seed)
{
    struct sim_plan_options options = {
        .seed = seed, .from_ns = 2 * SECOND, .until_ns = 100 * SECOND,
        .pause_ns = SECOND, .longest_ns = 10 * SECOND, .swizzle_weight = 1,
        .n_hosts = N_HOSTS,
    };

    for (int i = 0; i < SIM_N_FAULT_KINDS; i++) {
        options.weights[i] = 1;
    }
    return options;
}

static void
assert_equal_plans(const struct sim_plan *a, const struct sim_plan *b)
{
    ck_assert_uint_eq(a->faults.n, b->faults.n);
    for (size_t i = 0; i < a->faults.n; i++) {
        const struct sim_fault *x = &a->faults.data[i];
        const struct sim_fault *y = &b->faults.data[i];

        ck_assert_int_eq(x->at_ns, y->at_ns);
        ck_assert_int_eq(x->for_ns, y->for_ns);
        ck_assert_int_eq((int) x->kind, (int) y->kind);
        ck_assert_uint_eq(x->hosts[0], y->hosts[0]);
        ck_assert_uint_eq(x->hosts[1], y->hosts[1]);
        ck_assert_int_eq(x->amount, y->amount);
    }
}

/* --- drawing --- */

START_TEST(a_seed_draws_the_same_plan_again_and_another_seed_another)
{
    struct sim_plan_options options = every_kind(7);
    struct sim_plan a = { VEC_EMPTY }, b = { VEC_EMPTY }, c = { VEC_EMPTY };

    sim_plan_draw(&a, &options);
    sim_plan_draw(&b, &options);
    assert_equal_plans(&a, &b);
    options.seed = 8;
    sim_plan_draw(&c, &options);
    ck_assert(c.faults.n != a.faults.n
              || memcmp(c.faults.data, a.faults.data,
                        a.faults.n * sizeof *a.faults.data) != 0);
    sim_plan_fini(&a);
    sim_plan_fini(&b);
    sim_plan_fini(&c);
}
END_TEST

static bool
has_two_hosts(enum sim_fault_kind kind)
{
    return kind <= SIM_FAULT_ONE_WAY || kind == SIM_FAULT_RESET;
}

START_TEST(what_is_drawn_keeps_to_the_options)
{
    unsigned n_of_kind[SIM_N_FAULT_KINDS] = { 0 };

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sim_plan_options options = every_kind(seed);
        struct sim_plan plan = { VEC_EMPTY };
        int64_t before = 0;

        options.weights[SIM_FAULT_BIT_FLIP] = 0;
        sim_plan_draw(&plan, &options);
        vec_foreach (&plan.faults, it) {
            ck_assert_int_ge(it->at_ns, options.from_ns);
            ck_assert_int_ge(it->at_ns, before);
            before = it->at_ns;
            ck_assert_int_lt(it->at_ns, options.until_ns + SECOND);
            ck_assert_int_ge(it->for_ns, 0);
            ck_assert_int_lt(it->for_ns, options.longest_ns + SECOND);
            ck_assert_uint_lt(it->hosts[0], N_HOSTS);
            ck_assert_uint_lt(it->hosts[1], N_HOSTS);
            ck_assert(!has_two_hosts(it->kind)
                      || it->hosts[0] != it->hosts[1]);
            n_of_kind[it->kind]++;
        }
        sim_plan_fini(&plan);
    }
    for (int i = 0; i < SIM_N_FAULT_KINDS; i++) {
        ck_assert_msg((n_of_kind[i] > 0) == (i != SIM_FAULT_BIT_FLIP), "%s",
                      sim_fault_name((enum sim_fault_kind) i));
    }
}
END_TEST

START_TEST(without_weights_nothing_is_drawn)
{
    struct sim_plan_options options = {
        .until_ns = 100 * SECOND, .pause_ns = SECOND, .n_hosts = N_HOSTS,
    };
    struct sim_plan plan = { VEC_EMPTY };

    sim_plan_draw(&plan, &options);
    ck_assert_uint_eq(plan.faults.n, 0);
    sim_plan_fini(&plan);
}
END_TEST

/* --- text --- */

START_TEST(what_is_written_is_read_again)
{
    struct sim *sim = create_world();

    for (uint64_t seed = 0; seed < 1000; seed++) {
        const struct sim_plan_options options = every_kind(seed);
        struct sim_plan plan = { VEC_EMPTY }, again = { VEC_EMPTY };
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        sim_plan_draw(&plan, &options);
        sim_plan_format(&plan, sim, &text);
        autoerror *error = sim_plan_parse(text.data, sim, &again);

        ck_assert_msg(!error, "seed %d: %s", (int) seed,
                      error ? error_text(error) : "");
        assert_equal_plans(&plan, &again);
        sim_plan_fini(&plan);
        sim_plan_fini(&again);
    }
    sim_destroy(sim);
}
END_TEST

START_TEST(people_may_write_plans_as_they_like)
{
    struct sim *sim = create_world();
    struct sim_plan plan = { VEC_EMPTY };
    autoerror *error = sim_plan_parse(
        "# later\n"
        "\n"
        " \t\n"
        "  # what comes first\n"
        "7s for 1.5s: crash host-2\n"
        "\t2.000000001s  for 0s:\tloss host-0   host-1 300000\n"
        "2.5s for 3s: clock host-3 -1000", sim, &plan);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    ck_assert_uint_eq(plan.faults.n, 3);
    ck_assert_int_eq(plan.faults.data[0].at_ns, 2 * SECOND + 1);
    ck_assert_int_eq((int) plan.faults.data[0].kind, SIM_FAULT_LOSS);
    ck_assert_uint_eq(plan.faults.data[0].hosts[1], 1);
    ck_assert_int_eq(plan.faults.data[0].amount, 300000);
    ck_assert_int_eq(plan.faults.data[1].amount, -1000);
    ck_assert_int_eq(plan.faults.data[2].for_ns, 1500 * MILLISECOND);
    ck_assert_uint_eq(plan.faults.data[2].hosts[0], 2);
    sim_plan_fini(&plan);
    sim_destroy(sim);
}
END_TEST

/* Each text, and what the error about it says. */
static const struct {
    const char *text;
    const char *error;
} mistakes[] = {
    { "x", "line 1: 'x' is not a time such as 1.5s" },
    { "1s for 1s: crash host-0\n\n5 for", "line 3: '5' is not a time" },
    { "s for 1s: crash host-0", "line 1: 's' is not a time" },
    { "-1s for 1s: crash host-0", "line 1: Invalid duration '-1secs'" },
    { "1e3s for 1s: crash host-0", "line 1: Unknown duration unit 'e3secs'" },
    { "nans for 1s: crash host-0", "line 1: Invalid duration 'nansecs'" },
    { "40000000s for 1s: crash host-0",
      "line 1: '40000000s' is more than a year" },
    { "99999999999999999999s for 1s: crash host-0",
      "line 1: Invalid duration '99999999999999999999secs'" },
    { "9999999999999999999s for 1s: crash host-0",
      "line 1: Duration '9999999999999999999secs' is too long" },
    { "1s", "line 1: '' instead of 'for'" },
    { "1s during", "line 1: 'during' instead of 'for'" },
    { "1s for", "line 1: '' is not a time such as 1.5s:" },
    { "1s for 1s", "line 1: '1s' is not a time such as 1.5s:" },
    { "1s for -1s: crash host-0", "line 1: Invalid duration '-1secs'" },
    { "1s for 1s:", "line 1: '' is not a fault" },
    { "1s for 1s: crush host-0", "line 1: 'crush' is not a fault" },
    { "1s for 1s: crash", "line 1: '' is not a host" },
    { "1s for 1s: crash host-9", "line 1: 'host-9' is not a host" },
    { "1s for 1s: reset host-0", "line 1: '' is not a host" },
    { "1s for 1s: reset host-1 host-1",
      "line 1: 'host-1' twice: two hosts are needed" },
    { "1s for 1s: loss host-0 host-1", "line 1: the amount is missing" },
    { "1s for 1s: loss host-0 host-1 many",
      "line 1: 'many' is not a number from 0 to 1000000" },
    { "1s for 1s: loss host-0 host-1 -1",
      "line 1: '-1' is not a number from 0 to 1000000" },
    { "1s for 1s: disk-error host-0 1000001",
      "line 1: '1000001' is not a number from 0 to 1000000" },
    { "1s for 1s: delay host-0 host-1 -5",
      "line 1: '-5' is not a number from 0 to 3600000000000" },
    { "1s for 1s: delay host-0 host-1 99999999999999999999",
      "line 1: '99999999999999999999' is not a number" },
    { "1s for 1s: clock host-0 -9223372036854775808",
      "line 1: '-9223372036854775808' is not a number from -" },
    { "1s for 1s: crash host-0 7", "line 1: '7' is too much" },
};

START_TEST(every_mistake_is_told_with_its_line_and_word)
{
    struct sim *sim = create_world();

    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        struct sim_plan plan = { VEC_EMPTY };
        autoerror *error = sim_plan_parse(mistakes[i].text, sim, &plan);

        ck_assert_msg(error, "%s", mistakes[i].text);
        ck_assert_msg(strstr(error_text(error), mistakes[i].error)
                          == error_text(error),
                      "%s: %s", mistakes[i].text, error_text(error));
        ck_assert_uint_eq(plan.faults.n, 0);
        sim_plan_fini(&plan);
    }
    sim_destroy(sim);
}
END_TEST

/* --- doing --- */

START_TEST(when_all_faults_have_ended_nothing_is_left_of_them)
{
    static const struct sim_path nothing;

    for (uint64_t seed = 0; seed < 100; seed++) {
        struct sim_plan_options options = every_kind(seed);
        struct sim_plan plan = { VEC_EMPTY };
        struct sim *sim = create_world();

        options.pause_ns = SECOND / 10;
        sim_plan_draw(&plan, &options);
        sim_plan_apply(&plan, sim);
        sim_plan_fini(&plan);
        sim_run(sim, 200 * SECOND);
        ck_assert_ptr_null(sim->faults);
        for (size_t i = 0; i < N_HOSTS; i++) {
            const struct sim_disk_faults *disk =
                sim_disk_faults(sim->hosts.data[i]->disk);

            ck_assert(sim_host_is_up(sim->hosts.data[i]));
            ck_assert_uint_eq(disk->n_lost_syncs + disk->n_full
                                  + disk->n_slow + disk->error_ppm, 0);
            for (size_t j = 0; j < N_HOSTS; j++) {
                ck_assert_mem_eq(sim_net_path(sim->net, i, j), &nothing,
                                 sizeof nothing);
            }
        }
        sim_destroy(sim);
    }
}
END_TEST

START_TEST(a_world_may_end_in_the_midst_of_its_faults)
{
    const struct sim_plan_options options = every_kind(3);
    struct sim_plan plan = { VEC_EMPTY };
    struct sim *sim = create_world();

    sim_plan_draw(&plan, &options);
    sim_plan_apply(&plan, sim);
    sim_run(sim, 50 * SECOND);
    ck_assert_ptr_nonnull(sim->faults);
    sim_destroy(sim);
    sim_plan_fini(&plan);
}
END_TEST

/* --- shrinking --- */

/* Fails if all faults are there that end at the instants in 'needed'. */
struct predicate {
    const int64_t *needed;
    size_t n;
    unsigned n_asked;
};

static bool
has(const struct sim_plan *plan, int64_t at_ns)
{
    vec_foreach (&plan->faults, it) {
        if (it->at_ns == at_ns) {
            return true;
        }
    }
    return false;
}

static bool
fails(void *predicate_, const struct sim_plan *plan)
{
    struct predicate *p = predicate_;
    size_t n = 0;

    p->n_asked++;
    while (n < p->n && has(plan, p->needed[n])) {
        n++;
    }
    return n == p->n;
}

/* A plan of 'n' faults, at 0, 1, 2.. ns. */
static struct sim_plan
plan_of(size_t n)
{
    struct sim_plan plan = { VEC_EMPTY };

    for (size_t i = 0; i < n; i++) {
        struct sim_fault fault = { .at_ns = (int64_t) i };

        vec_push(&plan.faults, fault);
    }
    return plan;
}

static void
assert_shrinks(size_t size, const int64_t *needed, size_t n)
{
    struct predicate p = { needed, n, 0 };
    struct sim_plan plan = plan_of(size);
    unsigned n_runs = sim_plan_shrink(&plan, fails, &p, 100000);

    ck_assert_uint_eq(n_runs, p.n_asked);
    ck_assert_uint_eq(plan.faults.n, n);
    ck_assert(fails(&p, &plan));
    sim_plan_fini(&plan);
}

START_TEST(a_plan_is_cut_down_to_the_single_fault_that_matters)
{
    for (size_t size = 1; size < 40; size++) {
        for (int64_t i = 0; i < (int64_t) size; i++) {
            assert_shrinks(size, &i, 1);
        }
    }
}
END_TEST

START_TEST(a_plan_is_cut_down_to_the_pair_that_matters)
{
    for (int64_t i = 0; i < 20; i++) {
        for (int64_t j = i + 1; j < 20; j++) {
            assert_shrinks(20, (int64_t[]) { i, j }, 2);
        }
    }
}
END_TEST

START_TEST(a_plan_that_is_needed_whole_stays_whole)
{
    int64_t all[30];

    for (int64_t i = 0; i < 30; i++) {
        all[i] = i;
    }
    assert_shrinks(30, all, 30);
    assert_shrinks(30, NULL, 0);
    assert_shrinks(0, NULL, 0);
}
END_TEST

START_TEST(shrinking_asks_no_more_often_than_it_may)
{
    const int64_t needed[] = { 3, 50, 97 };

    for (unsigned max = 0; max < 60; max++) {
        struct predicate p = { needed, ARRAY_SIZE(needed), 0 };
        struct sim_plan plan = plan_of(100);
        unsigned n_runs = sim_plan_shrink(&plan, fails, &p, max);

        ck_assert_uint_le(n_runs, max);
        ck_assert_uint_eq(n_runs, p.n_asked);
        ck_assert(fails(&p, &plan));
        sim_plan_fini(&plan);
    }
}
END_TEST

static Suite *
sim_plan_suite(void)
{
    Suite *suite = suite_create("sim_plan");

    test_add(suite, "seed",
             a_seed_draws_the_same_plan_again_and_another_seed_another);
    test_add(suite, "options", what_is_drawn_keeps_to_the_options);
    test_add(suite, "weights", without_weights_nothing_is_drawn);
    test_add(suite, "text", what_is_written_is_read_again);
    test_add(suite, "people", people_may_write_plans_as_they_like);
    test_add(suite, "mistakes", every_mistake_is_told_with_its_line_and_word);
    test_add(suite, "ends",
             when_all_faults_have_ended_nothing_is_left_of_them);
    test_add(suite, "midst", a_world_may_end_in_the_midst_of_its_faults);
    test_add(suite, "single",
             a_plan_is_cut_down_to_the_single_fault_that_matters);
    test_add(suite, "pair", a_plan_is_cut_down_to_the_pair_that_matters);
    test_add(suite, "whole", a_plan_that_is_needed_whole_stays_whole);
    test_add(suite, "bound", shrinking_asks_no_more_often_than_it_may);
    return suite;
}

TEST_MAIN(sim_plan_suite)
