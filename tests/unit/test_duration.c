/* SPDX-License-Identifier: Apache-2.0
 *
 * test_duration.c - durations and amounts of bytes, as stout has them. */
#include <config.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/strbuf.h>

#include "tests/lib/test.h"

static const struct {
    const char *text;
    int64_t ns;
} durations[] = {
    { "0ns", 0 },
    { "1ns", 1 },
    { "999ns", 999 },
    { "1us", MICROSECOND },
    { "1500ns", 1500 },
    { "999999ns", 999999 },
    { "5.957888ms", 5957888 },
    { "626341ns", 626341 },
    { "1500us", 1500 * MICROSECOND },
    { "100ms", 100 * MILLISECOND },
    { "1secs", SECOND },
    { "1500ms", 1500 * MILLISECOND },
    { "1.000001secs", SECOND + MICROSECOND },
    { "15secs", 15 * SECOND },
    { "1mins", MINUTE },
    { "75secs", 75 * SECOND },
    { "10mins", 10 * MINUTE },
    { "90mins", 90 * MINUTE },
    { "1hrs", HOUR },
    { "1days", DAY },
    { "10days", 10 * DAY },
    { "2weeks", 2 * WEEK },
};

static void
assert_bytes(const char *text, uint64_t expected)
{
    autofini(strbuf) s = STRBUF(100);
    uint64_t bytes = 0;
    autoerror *e = bytes_parse(text, &bytes);

    ck_assert_msg(!e, "%s", text);
    ck_assert_uint_eq(bytes, expected);
    bytes_format(&s, bytes);
    ck_assert_str_eq(s.data, text);
}

START_TEST(durations_have_the_text_of_stout)
{
    for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
        ck_assert_str_eq(DURATION_TEXT(durations[i].ns), durations[i].text);
    }
}
END_TEST

START_TEST(durations_read_back)
{
    for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
        int64_t ns = -1;
        autoerror *e = duration_parse(durations[i].text, &ns);
        ck_assert_msg(!e, "%s", durations[i].text);
        ck_assert_int_eq(ns, durations[i].ns);
    }
}
END_TEST

START_TEST(uneven_durations_have_fifteen_digits)
{
    ck_assert_str_eq(DURATION_TEXT(DAY + 1), "1.00000000000001days");
    ck_assert_str_eq(DURATION_TEXT(INT64_C(250450530000000)),
                     "2.89873298611111days");
    ck_assert_str_eq(DURATION_TEXT(DURATION_FOREVER),
                     "15250.2844524715weeks");
    ck_assert_str_eq(DURATION_TEXT(INT64_MIN), "-15250.2844524715weeks");
    ck_assert_str_eq(DURATION_TEXT(2 * WEEK - 1), "2weeks");
}
END_TEST

START_TEST(negative_durations_have_a_sign)
{
    ck_assert_str_eq(DURATION_TEXT(-SECOND), "-1secs");
    ck_assert_str_eq(DURATION_TEXT(-1), "-1ns");
}
END_TEST

START_TEST(formatting_appends)
{
    autofini(strbuf) s = STRBUF(100);

    strbuf_append(&s, "in ");
    duration_format(&s, 5 * SECOND);

    ck_assert_str_eq(s.data, "in 5secs");
}
END_TEST

START_TEST(fractions_are_read_exactly)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        { "0.3ms", 300 * MICROSECOND }, { "4.35us", 4350 },
        { ".5secs", 500 * MILLISECOND }, { "1.5weeks", 3 * WEEK / 2 },
        { "1.secs", SECOND }, { "0.1ns", 0 }, { "0.5ns", 1 },
        { "0.000000000000000000000001weeks", 0 },
        { "9223372036854775807ns", INT64_MAX },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t ns = -1;
        autoerror *e = duration_parse(cases[i].text, &ns);
        ck_assert_msg(!e, "%s", cases[i].text);
        ck_assert_msg(ns == cases[i].ns, "%s", cases[i].text);
    }
}
END_TEST

START_TEST(ill_formed_durations_are_refused)
{
    static const char *const texts[] = {
        "", "5", "secs", "-5secs", "5 secs", "5sec", "5Secs", "1.2.3secs",
        ".secs", "5secs ", "1e3secs", "9223372036854775808ns", "15251weeks",
        "18446744073709551616ns", "99999999999999999999999weeks", "5s", "inf",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t ns = -7;
        autoerror *e = duration_parse(texts[i], &ns);
        ck_assert_msg(e, "%s", texts[i]);
        ck_assert_int_eq(ns, -7);
    }
}
END_TEST

START_TEST(refusals_have_the_text_of_stout)
{
    int64_t ns;
    autoerror *none = duration_parse("5", &ns);
    autoerror *other = duration_parse("5parsecs", &ns);

    ck_assert_str_eq(error_text(none), "Invalid duration '5'");
    ck_assert_str_eq(error_text(other),
                     "Unknown duration unit 'parsecs'; supported units are "
                     "'ns', 'us', 'ms', 'secs', 'mins', 'hrs', 'days', and "
                     "'weeks'");
}
END_TEST

START_TEST(seconds_convert_and_saturate)
{
    ck_assert_int_eq(duration_from_seconds(1.5), 1500 * MILLISECOND);
    ck_assert_int_eq(duration_from_seconds(0.1), 100 * MILLISECOND);
    ck_assert_int_eq(duration_from_seconds(-2), -2 * SECOND);
    ck_assert_int_eq(duration_from_seconds(1e30), INT64_MAX);
    ck_assert_int_eq(duration_from_seconds(-1e30), INT64_MIN);
    ck_assert_int_eq(duration_from_seconds(INFINITY), INT64_MAX);
    ck_assert_int_eq(duration_from_seconds(NAN), 0);
    ck_assert_double_eq(duration_to_seconds(1500 * MILLISECOND), 1.5);
}
END_TEST

START_TEST(bytes_take_the_largest_unit_that_divides_them)
{
    assert_bytes("0B", 0);
    assert_bytes("512B", 512);
    assert_bytes("1025B", 1025);
    assert_bytes("10KB", 10240);
    assert_bytes("8GB", UINT64_C(8) << 30);
    assert_bytes("2TB", UINT64_C(2) << 40);
    assert_bytes("4096TB", UINT64_C(4096) << 40);
    assert_bytes("18446744073709551615B", UINT64_MAX);
}
END_TEST

START_TEST(units_of_bytes_may_be_in_lower_case)
{
    uint64_t bytes = 0;
    autoerror *e = bytes_parse("3mb", &bytes);

    ck_assert_ptr_null(e);
    ck_assert_uint_eq(bytes, UINT64_C(3) << 20);
}
END_TEST

START_TEST(ill_formed_bytes_are_refused)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        { "", "Invalid bytes ''" },
        { "5", "Invalid bytes '5'" },
        { "MB", "Invalid bytes 'MB'" },
        { "1.5GB", "Fractional bytes '1.5GB'" },
        { "5PB", "Unknown bytes unit 'PB'" },
        { "-5MB", "Invalid bytes '-5MB'" },
        { "5 MB", "Unknown bytes unit ' MB'" },
        { "16777216TB", "'16777216TB' are too many bytes" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t bytes = 7;
        autoerror *e = bytes_parse(cases[i].text, &bytes);
        ck_assert_msg(e, "%s", cases[i].text);
        ck_assert_str_eq(error_text(e), cases[i].why);
        ck_assert_uint_eq(bytes, 7);
    }
}
END_TEST

static Suite *
duration_suite(void)
{
    Suite *suite = suite_create("duration");

    test_add(suite, "durations", durations_have_the_text_of_stout);
    test_add(suite, "durations", durations_read_back);
    test_add(suite, "uneven", uneven_durations_have_fifteen_digits);
    test_add(suite, "negative", negative_durations_have_a_sign);
    test_add(suite, "formatting", formatting_appends);
    test_add(suite, "fractions", fractions_are_read_exactly);
    test_add(suite, "ill", ill_formed_durations_are_refused);
    test_add(suite, "refusals", refusals_have_the_text_of_stout);
    test_add(suite, "seconds", seconds_convert_and_saturate);
    test_add(suite, "bytes", bytes_take_the_largest_unit_that_divides_them);
    test_add(suite, "units", units_of_bytes_may_be_in_lower_case);
    test_add(suite, "ill", ill_formed_bytes_are_refused);
    return suite;
}

TEST_MAIN(duration_suite)
