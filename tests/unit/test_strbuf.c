/* SPDX-License-Identifier: Apache-2.0
 *
 * test_strbuf.c - growing strings: appending, maxima, handing over. */
#include <config.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>

#include "tests/lib/test.h"

START_TEST(new_string_is_empty_and_ends)
{
    autofini(strbuf) s = STRBUF(10);

    ck_assert_str_eq(s.data, "");
    ck_assert_uint_eq(s.len, 0);
    ck_assert(!s.overflow);
}
END_TEST

START_TEST(appended_pieces_follow_each_other)
{
    autofini(strbuf) s = STRBUF(100);

    strbuf_append(&s, "ab");
    strbuf_append_char(&s, 'c');
    strbuf_append_bytes(&s, "d\0e", 3);
    strbuf_printf(&s, "-%d-", 42);

    ck_assert_uint_eq(s.len, 10);
    ck_assert_mem_eq(s.data, "abcd\0e-42-", 11);
}
END_TEST

START_TEST(long_formatted_text_is_whole)
{
    autofini(strbuf) s = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&s, "%01000d", 7);

    ck_assert_uint_eq(s.len, 1000);
    ck_assert_int_eq(s.data[999], '7');
}
END_TEST

START_TEST(what_goes_past_the_maximum_is_left_out)
{
    autofini(strbuf) s = STRBUF(5);

    strbuf_append(&s, "abc");
    strbuf_append(&s, "defg");
    strbuf_append(&s, "");

    ck_assert_str_eq(s.data, "abcde");
    ck_assert(s.overflow);
}
END_TEST

START_TEST(exactly_the_maximum_fits)
{
    autofini(strbuf) s = STRBUF(5);

    strbuf_append(&s, "abcde");

    ck_assert_str_eq(s.data, "abcde");
    ck_assert(!s.overflow);
}
END_TEST

START_TEST(after_an_overflow_nothing_is_appended_until_cleared)
{
    autofini(strbuf) s = STRBUF(3);

    strbuf_append(&s, "abcd");
    strbuf_truncate(&s, 1);
    strbuf_append(&s, "x");
    ck_assert_str_eq(s.data, "a");
    ck_assert_ptr_null(strbuf_reserve(&s, 1));
    strbuf_clear(&s);
    strbuf_append(&s, "x");

    ck_assert_str_eq(s.data, "x");
    ck_assert(!s.overflow);
}
END_TEST

START_TEST(block_is_never_larger_than_the_maximum_needs)
{
    autofini(strbuf) s = STRBUF(100);

    for (int i = 0; i < 100; i++) {
        strbuf_append_char(&s, 'x');
    }

    ck_assert_uint_le(s.capacity, 101);
    ck_assert_uint_eq(strlen(s.data), 100);
}
END_TEST

START_TEST(no_memory_for_a_large_block_is_an_overflow)
{
    autofini(strbuf) s = STRBUF((size_t) 1 << 20);
    autofree char *large = xcalloc(1, (size_t) 100 << 10);

    strbuf_append(&s, "abc");
    alloc_fail_after(0);
    strbuf_append_bytes(&s, large, (size_t) 100 << 10);

    ck_assert(s.overflow);
    ck_assert_str_eq(s.data, "abc");
}
END_TEST

START_TEST(reserved_room_is_filled_by_the_caller)
{
    autofini(strbuf) s = STRBUF(8);
    char *room = strbuf_reserve(&s, 8);

    ck_assert_ptr_nonnull(room);
    memcpy(room, "abcdefgh", 8);
    strbuf_advance(&s, 3);

    ck_assert_str_eq(s.data, "abc");
    ck_assert_ptr_null(strbuf_reserve(&s, 6));
    ck_assert(s.overflow);
}
END_TEST

START_TEST(consumed_bytes_go_from_the_front)
{
    autofini(strbuf) s = STRBUF(20);

    strbuf_append(&s, "headbody");
    strbuf_consume(&s, 4);
    ck_assert_str_eq(s.data, "body");
    strbuf_consume(&s, 4);
    strbuf_consume(&s, 0);

    ck_assert_uint_eq(s.len, 0);
    ck_assert_str_eq(s.data, "");
}
END_TEST

START_TEST(truncating_never_makes_longer)
{
    autofini(strbuf) s = STRBUF(20);

    strbuf_append(&s, "abc");
    strbuf_truncate(&s, 10);
    ck_assert_uint_eq(s.len, 3);
    strbuf_truncate(&s, 2);

    ck_assert_str_eq(s.data, "ab");
}
END_TEST

START_TEST(taken_string_belongs_to_the_caller)
{
    autofini(strbuf) s = STRBUF(20);

    strbuf_append(&s, "abc");
    autofree char *taken = strbuf_take(&s);
    autofree char *empty = strbuf_take(&s);

    ck_assert_str_eq(taken, "abc");
    ck_assert_str_eq(empty, "");
    ck_assert_uint_eq(s.len, 0);
    ck_assert_uint_eq(s.max_len, 20);
}
END_TEST

START_TEST(whole_numbers_are_decimal_up_to_their_limits)
{
    autofini(strbuf) s = STRBUF(200);

    strbuf_append_int(&s, INT64_MIN);
    strbuf_append_char(&s, ' ');
    strbuf_append_int(&s, INT64_MAX);
    strbuf_append_char(&s, ' ');
    strbuf_append_uint(&s, UINT64_MAX);
    strbuf_append_char(&s, ' ');
    strbuf_append_int(&s, 0);

    ck_assert_str_eq(s.data, "-9223372036854775808 9223372036854775807 "
                             "18446744073709551615 0");
}
END_TEST

START_TEST(doubles_keep_their_point_on_request)
{
    autofini(strbuf) s = STRBUF(200);

    strbuf_append_double(&s, 4, true);
    strbuf_append_char(&s, ' ');
    strbuf_append_double(&s, 4, false);
    strbuf_append_char(&s, ' ');
    strbuf_append_double(&s, -INFINITY, true);

    ck_assert_str_eq(s.data, "4.0 4 -inf");
}
END_TEST

static Suite *
strbuf_suite(void)
{
    Suite *suite = suite_create("strbuf");

    test_add(suite, "new", new_string_is_empty_and_ends);
    test_add(suite, "appended", appended_pieces_follow_each_other);
    test_add(suite, "long", long_formatted_text_is_whole);
    test_add(suite, "what", what_goes_past_the_maximum_is_left_out);
    test_add(suite, "exactly", exactly_the_maximum_fits);
    test_add(suite, "after",
             after_an_overflow_nothing_is_appended_until_cleared);
    test_add(suite, "block", block_is_never_larger_than_the_maximum_needs);
    test_add(suite, "no", no_memory_for_a_large_block_is_an_overflow);
    test_add(suite, "reserved", reserved_room_is_filled_by_the_caller);
    test_add(suite, "consumed", consumed_bytes_go_from_the_front);
    test_add(suite, "truncating", truncating_never_makes_longer);
    test_add(suite, "taken", taken_string_belongs_to_the_caller);
    test_add(suite, "whole", whole_numbers_are_decimal_up_to_their_limits);
    test_add(suite, "doubles", doubles_keep_their_point_on_request);
    return suite;
}

TEST_MAIN(strbuf_suite)
