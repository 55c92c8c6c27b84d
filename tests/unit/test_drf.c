/* SPDX-License-Identifier: Apache-2.0
 *
 * test_drf.c - dominant shares and their order. */
#include <config.h>

#include "master/allocator/drf.h"
#include "model/resources.h"
#include "tests/lib/test.h"

static struct drf_amounts
amounts(const char *text)
{
    struct resources resources;
    struct drf_amounts result;

    ck_assert_ptr_null(resources_parse(text, "*", &resources));
    result = drf_amounts_of(&resources);
    resources_fini(&resources);
    return result;
}

START_TEST(share_is_that_of_the_scarcest_resource)
{
    struct drf_amounts total = amounts("cpus:10;mem:1000");
    struct drf_amounts few = amounts("cpus:1;mem:500");
    struct drf_amounts none = { { 0 } };

    ck_assert_double_eq(drf_share(&few, &total), 0.5);
    ck_assert_double_eq(drf_share(&none, &total), 0);
    ck_assert_double_eq(drf_share(&few, &none), 0);
}
END_TEST

START_TEST(what_is_added_can_be_subtracted_and_no_more)
{
    struct drf_amounts sum = amounts("cpus:1;gpus:1");
    struct drf_amounts more = amounts("cpus:2;disk:7");

    drf_add(&sum, &more);
    ck_assert_int_eq(sum.v[DRF_CPUS], 3000);
    ck_assert_int_eq(sum.v[DRF_DISK], 7000);
    drf_subtract(&sum, &more);
    drf_subtract(&sum, &more);

    ck_assert_int_eq(sum.v[DRF_CPUS], 0);
    ck_assert_int_eq(sum.v[DRF_DISK], 0);
    ck_assert_int_eq(sum.v[DRF_GPUS], 1000);
}
END_TEST

START_TEST(order_is_by_share_then_count_then_name)
{
    struct drf_key poor = { 0.1, 9, "z" };
    struct drf_key rich = { 0.2, 0, "a" };
    struct drf_key often = { 0.1, 10, "a" };
    struct drf_key named = { 0.1, 9, "a" };

    ck_assert_int_lt(drf_compare(&poor, &rich), 0);
    ck_assert_int_gt(drf_compare(&rich, &poor), 0);
    ck_assert_int_lt(drf_compare(&poor, &often), 0);
    ck_assert_int_lt(drf_compare(&named, &poor), 0);
    ck_assert_int_eq(drf_compare(&poor, &poor), 0);
}
END_TEST

static Suite *
drf_suite(void)
{
    Suite *suite = suite_create("drf");

    test_add(suite, "share", share_is_that_of_the_scarcest_resource);
    test_add(suite, "sum", what_is_added_can_be_subtracted_and_no_more);
    test_add(suite, "order", order_is_by_share_then_count_then_name);
    return suite;
}

TEST_MAIN(drf_suite)
