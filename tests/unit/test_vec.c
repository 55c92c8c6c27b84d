/* SPDX-License-Identifier: Apache-2.0
 *
 * test_vec.c - vectors: growing, taking out, walking. */
#include <config.h>

#include <stdint.h>

#include <actor/vec.h>

#include "tests/lib/test.h"

START_TEST(empty_vector_has_no_elements)
{
    VEC(int) v = VEC_EMPTY;
    int n = 0;

    vec_foreach (&v, it) {
        n += *it;
    }

    ck_assert_int_eq(n, 0);
    ck_assert_uint_eq(v.n, 0);
    vec_fini(&v);
}
END_TEST

START_TEST(pushed_elements_keep_their_order)
{
    VEC(int) v = VEC_EMPTY;

    for (int i = 0; i < 1000; i++) {
        vec_push(&v, i * 3);
    }

    int expected = 0;
    vec_foreach (&v, it) {
        ck_assert_int_eq(*it, expected);
        expected += 3;
    }
    ck_assert_int_eq(expected, 3000);
    ck_assert_int_eq(vec_last(&v), 2997);
    vec_fini(&v);
}
END_TEST

START_TEST(popped_element_is_the_last)
{
    VEC(char) v = VEC_EMPTY;

    vec_push(&v, 'a');
    vec_push(&v, 'b');

    ck_assert_int_eq(vec_pop(&v), 'b');
    ck_assert_int_eq(vec_pop(&v), 'a');
    ck_assert_uint_eq(v.n, 0);
    vec_fini(&v);
}
END_TEST

START_TEST(removing_keeps_the_order_of_the_others)
{
    VEC(int) v = VEC_EMPTY;

    for (int i = 0; i < 4; i++) {
        vec_push(&v, i);
    }
    vec_remove(&v, 1);
    vec_remove(&v, 2);

    ck_assert_uint_eq(v.n, 2);
    ck_assert_int_eq(v.data[0], 0);
    ck_assert_int_eq(v.data[1], 2);
    vec_fini(&v);
}
END_TEST

START_TEST(unordered_removal_moves_the_last_one_in)
{
    VEC(int) v = VEC_EMPTY;

    for (int i = 0; i < 4; i++) {
        vec_push(&v, i);
    }
    vec_remove_unordered(&v, 1);
    vec_remove_unordered(&v, 2);

    ck_assert_uint_eq(v.n, 2);
    ck_assert_int_eq(v.data[0], 0);
    ck_assert_int_eq(v.data[1], 3);
    vec_fini(&v);
}
END_TEST

START_TEST(reserved_room_does_not_move)
{
    VEC(int64_t) v = VEC_EMPTY;

    vec_reserve(&v, 100);
    const int64_t *data = v.data;
    for (int i = 0; i < 100; i++) {
        vec_push(&v, i);
    }

    ck_assert_ptr_eq(v.data, data);
    vec_fini(&v);
}
END_TEST

START_TEST(cleared_vector_keeps_its_room_and_a_finished_one_does_not)
{
    VEC(int) v = VEC_EMPTY;

    vec_push(&v, 1);
    vec_clear(&v);
    ck_assert_uint_eq(v.n, 0);
    ck_assert_uint_gt(v.capacity, 0);
    vec_fini(&v);

    ck_assert_ptr_null(v.data);
    ck_assert_uint_eq(v.capacity, 0);
}
END_TEST

static Suite *
vec_suite(void)
{
    Suite *suite = suite_create("vec");

    test_add(suite, "empty", empty_vector_has_no_elements);
    test_add(suite, "pushed", pushed_elements_keep_their_order);
    test_add(suite, "popped", popped_element_is_the_last);
    test_add(suite, "removing", removing_keeps_the_order_of_the_others);
    test_add(suite, "unordered", unordered_removal_moves_the_last_one_in);
    test_add(suite, "reserved", reserved_room_does_not_move);
    test_add(suite, "cleared",
             cleared_vector_keeps_its_room_and_a_finished_one_does_not);
    return suite;
}

TEST_MAIN(vec_suite)
