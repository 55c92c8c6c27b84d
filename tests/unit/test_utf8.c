/* SPDX-License-Identifier: Apache-2.0
 *
 * test_utf8.c - where characters end. */
#include <config.h>

#include <string.h>

#include "base/utf8.h"
#include "tests/lib/test.h"

static void
expect_sequence(const char *text, size_t n, bool is_valid)
{
    bool valid;

    ck_assert_uint_eq(utf8_sequence(text, strlen(text), &valid), n);
    ck_assert_int_eq(valid, is_valid);
}

START_TEST(sequences_are_whole_or_as_long_as_they_begin_one)
{
    expect_sequence("\xc3\xa4x", 2, true);
    expect_sequence("\xe2\x82\xacx", 3, true);
    expect_sequence("\xf0\x9f\x98\x80x", 4, true);
    expect_sequence("\xe2\x82", 2, false);
    expect_sequence("\xe2\x82x", 2, false);
    expect_sequence("\x80", 1, false);
    expect_sequence("\xff\xff", 1, false);
    expect_sequence("\xc0\x80", 1, false);          /* overlong */
    expect_sequence("\xe0\x80\x80", 1, false);
    expect_sequence("\xed\xa0\x80", 1, false);      /* a surrogate */
    expect_sequence("\xf4\x90\x80\x80", 1, false);  /* above U+10FFFF */
}
END_TEST

static size_t
truncated(const char *text)
{
    return utf8_truncated(text, strlen(text));
}

START_TEST(what_is_cut_off_at_the_end_is_counted)
{
    ck_assert_uint_eq(truncated(""), 0);
    ck_assert_uint_eq(truncated("abc"), 0);
    ck_assert_uint_eq(truncated("ab\xc3"), 1);
    ck_assert_uint_eq(truncated("ab\xc3\xa4"), 0);
    ck_assert_uint_eq(truncated("\xe2\x82"), 2);
    ck_assert_uint_eq(truncated("a\xf0\x9f\x98"), 3);
    ck_assert_uint_eq(truncated("a\xf0\x9f\x98\x80"), 0);
    ck_assert_uint_eq(truncated("\xe2" "a"), 0);
    ck_assert_uint_eq(truncated("\x80\x80\x80\x80"), 0);
    ck_assert_uint_eq(truncated("\xff"), 0);
    ck_assert_uint_eq(truncated("\xc0"), 0);
}
END_TEST

static Suite *
utf8_suite(void)
{
    Suite *suite = suite_create("utf8");

    test_add(suite, "sequence",
             sequences_are_whole_or_as_long_as_they_begin_one);
    test_add(suite, "truncated", what_is_cut_off_at_the_end_is_counted);
    return suite;
}

TEST_MAIN(utf8_suite)
