/* SPDX-License-Identifier: Apache-2.0
 *
 * test_checks.c - what checks look at, what their outcomes mean, and where
 * redirections lead. */
#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <actor/duration.h>
#include "executor/checks/health.h"
#include "executor/checks/redirect.h"
#include "executor/checks/spec.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

/* --- health --- */

/* Feeds outcomes, a second apart: '+' good, '-' bad; and writes down what came
 * of each: '.' same, 'i' ignored, 'g' good, 'b' bad, 'K' kill. */
static void
expect_transcript(struct health h, const char *outcomes, const char *verdicts)
{
    static const char letters[] = {
        [HEALTH_SAME] = '.', [HEALTH_IGNORED] = 'i', [HEALTH_GOOD] = 'g',
        [HEALTH_BAD] = 'b', [HEALTH_FATAL] = 'K',
    };
    char said[64] = "";

    for (size_t i = 0; outcomes[i]; i++) {
        int64_t now = h.started + (int64_t) (i + 1) * SECOND;

        said[i] = letters[health_note(&h, now, outcomes[i] == '+')];
    }
    ck_assert_str_eq(said, verdicts);
}

START_TEST(success_is_told_the_first_time_and_after_failures)
{
    struct health h = { .started = 7, .max_failures = 3 };

    expect_transcript(h, "+++-++--+", "g..bg.bbg");
}
END_TEST

START_TEST(failures_in_a_row_kill)
{
    struct health h = { .max_failures = 3 };

    expect_transcript(h, "---", "bbK");
    expect_transcript(h, "--+---", "bbgbbK");
    expect_transcript(h, "----", "bbKK");       /* nobody listened */
    h.max_failures = 1;
    expect_transcript(h, "+-", "gK");
}
END_TEST

START_TEST(failures_in_the_grace_period_do_not_count)
{
    struct health h = { .max_failures = 2, .grace_ns = 3 * SECOND };

    expect_transcript(h, "-----", "iiibK");
}
END_TEST

START_TEST(first_success_ends_the_grace_period)
{
    struct health h = { .max_failures = 2, .grace_ns = 10 * SECOND };

    expect_transcript(h, "-+--", "igbK");
}
END_TEST

/* --- what is looked at --- */

START_TEST(defaults_are_those_of_mesos)
{
    V1__HealthCheck health = V1__HEALTH_CHECK__INIT;
    V1__CheckInfo check = V1__CHECK_INFO__INIT;
    struct check_spec spec;

    check_spec_of_health(&health, &spec);
    ck_assert_int_eq(spec.delay_ns, 15 * SECOND);
    ck_assert_int_eq(spec.interval_ns, 10 * SECOND);
    ck_assert_int_eq(spec.timeout_ns, 20 * SECOND);
    ck_assert_int_eq(spec.grace_ns, 10 * SECOND);
    ck_assert_uint_eq(spec.max_failures, 3);
    check_spec_of_check(&check, &spec);
    ck_assert_int_eq(spec.delay_ns, 15 * SECOND);
    ck_assert_int_eq(spec.interval_ns, 10 * SECOND);
    ck_assert_int_eq(spec.timeout_ns, 20 * SECOND);
}
END_TEST

START_TEST(numbers_without_sense_are_zero_or_as_large_as_can_be)
{
    V1__HealthCheck health = V1__HEALTH_CHECK__INIT;
    struct check_spec spec;

    health.delay_seconds = -1;
    health.interval_seconds = NAN;
    health.timeout_seconds = INFINITY;
    health.grace_period_seconds = -INFINITY;
    health.consecutive_failures = 0;
    check_spec_of_health(&health, &spec);
    ck_assert_int_eq(spec.delay_ns, 0);
    ck_assert_int_eq(spec.interval_ns, 0);
    ck_assert_int_eq(spec.timeout_ns, INT64_MAX);
    ck_assert_int_eq(spec.grace_ns, 0);
    ck_assert_uint_eq(spec.max_failures, 1);
}
END_TEST

START_TEST(health_check_without_a_type_has_that_of_what_is_there)
{
    V1__HealthCheck health = V1__HEALTH_CHECK__INIT;
    V1__CommandInfo command = V1__COMMAND_INFO__INIT;
    V1__HealthCheck__HTTPCheckInfo http =
        V1__HEALTH_CHECK__HTTPCHECK_INFO__INIT;
    struct check_spec spec;

    command.value = (char *) "true";
    http.port = 80;
    health.http = &http;
    check_spec_of_health(&health, &spec);
    ck_assert_int_eq(spec.type, CHECK_TYPE_HTTP);
    ck_assert_ptr_null(spec.why_not);
    health.command = &command;
    check_spec_of_health(&health, &spec);
    ck_assert_int_eq(spec.type, CHECK_TYPE_COMMAND);
    ck_assert_ptr_null(spec.why_not);
}
END_TEST

START_TEST(what_cannot_be_looked_at_says_why)
{
    V1__CheckInfo check = V1__CHECK_INFO__INIT;
    V1__CheckInfo__Http http = V1__CHECK_INFO__HTTP__INIT;
    V1__CheckInfo__Command command = V1__CHECK_INFO__COMMAND__INIT;
    V1__CommandInfo empty = V1__COMMAND_INFO__INIT;
    struct check_spec spec;

    check_spec_of_check(&check, &spec);
    ck_assert_str_eq(spec.why_not, "its type is unknown");
    check.type = V1__CHECK_INFO__TYPE__HTTP;
    check_spec_of_check(&check, &spec);
    ck_assert_str_eq(spec.why_not, "what its type promises is missing");
    check.http = &http;
    http.port = 65536;
    check_spec_of_check(&check, &spec);
    ck_assert_str_eq(spec.why_not, "its port is not within 1 and 65535");
    http.port = 80;
    http.path = (char *) "x";
    check_spec_of_check(&check, &spec);
    ck_assert_str_eq(spec.why_not, "its path does not begin with a slash");
    check.type = V1__CHECK_INFO__TYPE__COMMAND;
    check.command = &command;
    command.command = &empty;
    check_spec_of_check(&check, &spec);
    ck_assert_str_eq(spec.why_not, "its command has no shell command");
}
END_TEST

START_TEST(statuses_that_were_named_are_the_only_healthy_ones)
{
    uint32_t statuses[] = { 503, 204 };
    struct check_spec spec = { .type = CHECK_TYPE_HTTP };

    ck_assert(check_spec_is_healthy(&spec, 200));
    ck_assert(check_spec_is_healthy(&spec, 399));
    ck_assert(!check_spec_is_healthy(&spec, 199));
    ck_assert(!check_spec_is_healthy(&spec, 400));
    spec.statuses = statuses;
    spec.n_statuses = 2;
    ck_assert(check_spec_is_healthy(&spec, 503));
    ck_assert(check_spec_is_healthy(&spec, 204));
    ck_assert(!check_spec_is_healthy(&spec, 200));
}
END_TEST

/* --- redirections --- */

START_TEST(references_are_resolved)
{
    static const struct {
        const char *base, *reference, *url;
    } table[] = {
        { "http://h:1/a/b?q", "http://x/y#f", "http://x/y" },
        { "http://h:1/a/b?q", "//x:2/y", "http://x:2/y" },
        { "http://h:1/a/b?q", "/c", "http://h:1/c" },
        { "http://h:1/a/b?q", "c?d=/e", "http://h:1/a/c?d=/e" },
        { "http://h:1/a/b?q", "?r", "http://h:1/a/b?r" },
        { "http://h:1/a/b?q", "", "http://h:1/a/b" },
        { "http://h:1/a/b", "../c", "http://h:1/c" },
        { "http://h:1/a/b", "../../../c", "http://h:1/c" },
        { "http://h:1/a/b", "./c/./d/..", "http://h:1/a/c/" },
        { "http://h:1/a/b", ".", "http://h:1/a/" },
        { "http://h:1/a/b", "..", "http://h:1/" },
        { "http://h:1", "c", "http://h:1/c" },
        { "http://h:1", "", "http://h:1" },
        { "http://h:1?q", "c:d", "c:d" },
        { "http://[::1]:80/", "c", "http://[::1]:80/c" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char *url = url_resolve(table[i].base, table[i].reference);

        ck_assert_str_eq(url, table[i].url);
        free(url);
    }
}
END_TEST

static Suite *
checks_suite(void)
{
    Suite *suite = suite_create("checks");

    test_add(suite, "success",
             success_is_told_the_first_time_and_after_failures);
    test_add(suite, "failures", failures_in_a_row_kill);
    test_add(suite, "grace", failures_in_the_grace_period_do_not_count);
    test_add(suite, "grace_over", first_success_ends_the_grace_period);
    test_add(suite, "defaults", defaults_are_those_of_mesos);
    test_add(suite, "numbers",
             numbers_without_sense_are_zero_or_as_large_as_can_be);
    test_add(suite, "type",
             health_check_without_a_type_has_that_of_what_is_there);
    test_add(suite, "why_not", what_cannot_be_looked_at_says_why);
    test_add(suite, "statuses",
             statuses_that_were_named_are_the_only_healthy_ones);
    test_add(suite, "redirect", references_are_resolved);
    return suite;
}

TEST_MAIN(checks_suite)
