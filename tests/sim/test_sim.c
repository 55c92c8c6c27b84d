/* SPDX-License-Identifier: Apache-2.0
 *
 * test_sim.c - the suites of the simulator: the same seed is the same run,
 * some seeds are clean, and bugs that were planted are found, again, and with
 * few faults.
 *
 * scripts/sim runs many more seeds. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/sim_plan.h>

#include "tests/lib/test.h"
#include "tests/sim/suite.h"

#define N_PLANTED 1000u
#define N_SHRINK 200u
#define FEW 5u

/* Seeds from 1 on that are run, so that all of it takes half a minute under
 * AddressSanitizer. */
static const struct {
    const struct suite *suite;
    unsigned n_seeds;
} clean[] = {
    { &suite_cluster, 40 }, { &suite_large, 1 }, { &suite_failover, 5 },
    { &suite_link, 20 }, { &suite_disk, 40 }, { &suite_log, 16 },
};

/* --- one run --- */

/* What is told of a run before it begins; text owned. */
struct notes {
    struct sim_plan plan;
    char *text;
    size_t n_lines;             /* of the trace */
};

static void
on_planned(void *notes_, const struct sim_plan *plan, const char *text)
{
    struct notes *notes = notes_;

    sim_plan_copy(&notes->plan, plan);
    free(notes->text);
    notes->text = xstrdup(text);
}

static void
on_trace(void *notes_, const char *line)
{
    struct notes *notes = notes_;

    notes->n_lines += line[0] != '\0';
}

static void
notes_fini(struct notes *notes)
{
    sim_plan_fini(&notes->plan);
    free(notes->text);
}

/* The hash; all has to hold. */
static uint64_t
run(const struct suite *suite, const struct suite_options *options)
{
    struct suite_result result = { .error = NULL };

    suite->run(options, &result);
    ck_assert_msg(!result.error, "%s, seed %" PRIu64 ": %s", suite->name,
                  options->seed, error_text(result.error));
    uint64_t hash = result.hash;

    suite_result_fini(&result);
    return hash;
}

static uint64_t
run_seed(const struct suite *suite, uint64_t seed)
{
    return run(suite, &(struct suite_options) { .seed = seed });
}

/* --- the same again --- */

static void
check_same(const struct suite *suite)
{
    uint64_t first = run_seed(suite, 1);

    /* What depends on addresses or surroundings shows. */
    autofree void *in_the_way = xmalloc(12345);

    setenv("CMESOS_TEST_SURROUNDINGS", "others", 1);
    ck_assert_uint_eq(run_seed(suite, 1), first);
    ck_assert_uint_ne(run_seed(suite, 2), first);
    ck_assert_ptr_nonnull(in_the_way);
}

/* That somebody looks on, and how the plan is given, changes nothing. */
static void
check_replay(const struct suite *suite)
{
    struct notes notes = { .text = NULL };
    const struct suite_options watched = {
        .seed = 1, .planned = on_planned, .trace = on_trace, .aux = &notes,
    };
    uint64_t hash = run(suite, &watched);

    ck_assert_uint_gt(notes.n_lines, 100);
    ck_assert_uint_gt(notes.plan.faults.n, 0);
    ck_assert_uint_eq(hash, run(suite, &(struct suite_options) {
        .seed = 1, .plan_text = notes.text }));
    ck_assert_uint_eq(hash, run(suite, &(struct suite_options) {
        .seed = 1, .plan = &notes.plan }));
    ck_assert_uint_ne(hash, run(suite, &(struct suite_options) {
        .seed = 1, .plan_text = "" }));
    notes_fini(&notes);
}

START_TEST(a_seed_of_cluster_is_the_same_run_again)
{
    check_same(&suite_cluster);
}
END_TEST

START_TEST(a_seed_of_large_is_the_same_run_again)
{
    check_same(&suite_large);
}
END_TEST

START_TEST(a_seed_of_link_is_the_same_run_again)
{
    check_same(&suite_link);
}
END_TEST

START_TEST(a_seed_of_disk_is_the_same_run_again)
{
    check_same(&suite_disk);
}
END_TEST

START_TEST(a_seed_of_log_is_the_same_run_again)
{
    check_same(&suite_log);
}
END_TEST

START_TEST(a_plan_of_cluster_may_be_given_as_text)
{
    check_replay(&suite_cluster);
}
END_TEST

START_TEST(a_plan_of_link_may_be_given_as_text)
{
    check_replay(&suite_link);
}
END_TEST

START_TEST(a_plan_of_disk_may_be_given_as_text)
{
    check_replay(&suite_disk);
}
END_TEST

START_TEST(a_plan_that_cannot_be_read_fails_the_run)
{
    const struct suite_options options = {
        .seed = 1, .plan_text = "1s for 1s: flood host-0",
    };
    struct suite_result result = { .error = NULL };

    suite_disk.run(&options, &result);
    ck_assert_ptr_nonnull(result.error);
    ck_assert_str_eq(error_text(result.error),
                     "line 1: 'flood' is not a fault");
    suite_result_fini(&result);
}
END_TEST

START_TEST(suites_are_found_by_their_names)
{
    for (size_t i = 0; suites[i]; i++) {
        ck_assert_ptr_eq(suite_find(suites[i]->name), suites[i]);
    }
    ck_assert_ptr_null(suite_find("none"));
}
END_TEST

/* --- clean --- */

START_TEST(nothing_goes_wrong_in_some_seeds)
{
    for (unsigned seed = 1; seed <= clean[_i].n_seeds; seed++) {
        run_seed(clean[_i].suite, seed);
    }
}
END_TEST

/* --- planted --- */

/* A plan of a seed with the planted bug; the error, or NULL. */
static struct error *
run_planted(const struct suite *suite, uint64_t seed,
            const struct sim_plan *plan, struct notes *notes,
            uint64_t *ret_hash)
{
    const struct suite_options options = {
        .seed = seed, .plan = plan, .planted = true,
        .planned = notes ? on_planned : NULL, .aux = notes,
    };
    struct suite_result result = { .error = NULL };

    suite->run(&options, &result);
    if (ret_hash) {
        *ret_hash = result.hash;
    }
    return result.error;
}

struct found {
    const struct suite *suite;
    uint64_t seed;
};

static bool
still_fails(void *found_, const struct sim_plan *plan)
{
    const struct found *found = found_;
    struct error *error = run_planted(found->suite, found->seed, plan, NULL,
                                      NULL);

    error_destroy(error);
    return error;
}

static void
check_planted(const struct suite *suite)
{
    struct notes notes = { .text = NULL };
    struct found found = { suite, 0 };
    autoerror *error = NULL;
    uint64_t hash = 0, again_hash = 0;

    while (!error && found.seed < N_PLANTED) {
        found.seed++;
        error = run_planted(suite, found.seed, NULL, &notes, &hash);
    }
    ck_assert_msg(error, "%s: not found in %u seeds", suite->name, N_PLANTED);

    /* Again, from the seed alone. */
    autoerror *again = run_planted(suite, found.seed, NULL, NULL,
                                   &again_hash);

    ck_assert_ptr_nonnull(again);
    ck_assert_str_eq(error_text(again), error_text(error));
    ck_assert_uint_eq(again_hash, hash);

    /* With few faults, and it is they that do it. */
    sim_plan_shrink(&notes.plan, still_fails, &found, N_SHRINK);
    ck_assert_uint_le(notes.plan.faults.n, FEW);
    ck_assert(still_fails(&found, &notes.plan));
    run(suite, &(struct suite_options) {
        .seed = found.seed, .plan = &notes.plan });
    notes_fini(&notes);
}

START_TEST(the_bug_planted_in_cluster_is_found)
{
    check_planted(&suite_cluster);
}
END_TEST

START_TEST(the_bug_planted_in_disk_is_found)
{
    check_planted(&suite_disk);
}
END_TEST

static Suite *
sim_suite(void)
{
    Suite *suite = suite_create("sim");
    TCase *tcase = tcase_create("clean");

    test_add(suite, "same-cluster", a_seed_of_cluster_is_the_same_run_again);
    test_add(suite, "same-large", a_seed_of_large_is_the_same_run_again);
    test_add(suite, "same-link", a_seed_of_link_is_the_same_run_again);
    test_add(suite, "same-disk", a_seed_of_disk_is_the_same_run_again);
    test_add(suite, "same-log", a_seed_of_log_is_the_same_run_again);
    test_add(suite, "text-cluster", a_plan_of_cluster_may_be_given_as_text);
    test_add(suite, "text-link", a_plan_of_link_may_be_given_as_text);
    test_add(suite, "text-disk", a_plan_of_disk_may_be_given_as_text);
    test_add(suite, "text-wrong", a_plan_that_cannot_be_read_fails_the_run);
    test_add(suite, "names", suites_are_found_by_their_names);
    tcase_add_loop_test(tcase, nothing_goes_wrong_in_some_seeds, 0,
                        (int) ARRAY_SIZE(clean));
    suite_add_tcase(suite, tcase);
    test_add(suite, "planted-cluster", the_bug_planted_in_cluster_is_found);
    test_add(suite, "planted-disk", the_bug_planted_in_disk_is_found);
    return suite;
}

TEST_MAIN(sim_suite)
