/* SPDX-License-Identifier: Apache-2.0
 *
 * test_rate_limiter.c - at most so many in a time, evenly spread. */
#include <config.h>

#include <actor/duration.h>
#include <actor/error.h>

#include "master/rate_limiter.h"
#include "tests/lib/test.h"

static struct rate_limiter
parse(const char *text)
{
    struct rate_limiter l;

    ck_assert_ptr_null(rate_limiter_parse(text, &l));
    return l;
}

START_TEST(rate_is_spread_over_its_time)
{
    struct rate_limiter l = parse("10/1mins");

    ck_assert(rate_limiter_take(&l, 5 * SECOND));
    ck_assert(!rate_limiter_take(&l, 5 * SECOND));
    ck_assert_int_eq(rate_limiter_wait_ns(&l, 7 * SECOND), 4 * SECOND);
    ck_assert(!rate_limiter_take(&l, 11 * SECOND - 1));

    ck_assert(rate_limiter_take(&l, 11 * SECOND));
    ck_assert(!rate_limiter_take(&l, 16 * SECOND));
}
END_TEST

START_TEST(idle_time_is_not_saved_up)
{
    struct rate_limiter l = parse("1/10mins");

    ck_assert(rate_limiter_take(&l, 0));
    ck_assert_int_eq(rate_limiter_wait_ns(&l, HOUR), 0);

    ck_assert(rate_limiter_take(&l, HOUR));
    ck_assert(!rate_limiter_take(&l, HOUR));
}
END_TEST

START_TEST(without_a_limit_everything_goes)
{
    struct rate_limiter l = parse(NULL);

    for (int i = 0; i < 1000; i++) {
        ck_assert(rate_limiter_take(&l, 0));
    }
    ck_assert_int_eq(rate_limiter_wait_ns(&l, 0), 0);
}
END_TEST

START_TEST(bad_rate_is_refused)
{
    static const char *const bad[] = {
        "", "1", "1/", "/1secs", "0/1secs", "-1/1secs", "x/1secs", "1/x",
        "1/0secs", "1/1secs/1secs", "99999999999999999999/1secs", "1.5/1secs",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct rate_limiter l;
        struct error *error = rate_limiter_parse(bad[i], &l);

        ck_assert_msg(error != NULL, "'%s' was taken", bad[i]);
        error_destroy(error);
    }
}
END_TEST

static Suite *
rate_limiter_suite(void)
{
    Suite *suite = suite_create("rate_limiter");

    test_add(suite, "spread", rate_is_spread_over_its_time);
    test_add(suite, "idle", idle_time_is_not_saved_up);
    test_add(suite, "none", without_a_limit_everything_goes);
    test_add(suite, "bad", bad_rate_is_refused);
    return suite;
}

TEST_MAIN(rate_limiter_suite)
