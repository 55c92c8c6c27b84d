/* SPDX-License-Identifier: Apache-2.0
 *
 * test_resource_conversion.c - resources that become other ones. */
#include <config.h>

#include <stdlib.h>

#include "model/resource_conversion.h"
#include "tests/lib/test.h"

static struct resources
parse(const char *text)
{
    struct resources resources;

    ck_assert_ptr_null(resources_parse(text, "*", &resources));
    return resources;
}

static struct resource_conversion
convert(const char *consumed, const char *converted)
{
    return (struct resource_conversion) {
        .consumed = parse(consumed), .converted = parse(converted),
    };
}

static void
assert_resources(const struct resources *resources, const char *expected)
{
    struct resources wanted = parse(expected);

    ck_assert(resources_equal(resources, &wanted));
    resources_fini(&wanted);
}

START_TEST(consumed_part_is_replaced)
{
    struct resource_conversion c = convert("cpus:1;ports:[2-3]",
                                           "cpus(web):1;ports(web):[2-3]");
    struct resources have = parse("cpus:4;ports:[1-9]");
    struct resources little = parse("cpus:4;ports:[3-9]");

    ck_assert(resource_conversion_fits(&c, &have));
    ck_assert(!resource_conversion_fits(&c, &little));
    resource_conversion_apply(&c, &have);
    assert_resources(&have, "cpus:3;cpus(web):1;ports:[1-1];ports:[4-9];"
                     "ports(web):[2-3]");
    resource_conversion_fini(&c);
    resources_fini(&have);
    resources_fini(&little);
}
END_TEST

START_TEST(later_conversion_may_use_what_an_earlier_one_made)
{
    struct resource_conversion c[] = {
        convert("cpus:1", "cpus(web):1"), convert("cpus(web):2", "cpus:2"),
    };
    struct resources have = parse("cpus:1;cpus(web):1");

    ck_assert(!resource_conversion_fits(&c[1], &have));
    ck_assert(resource_conversions_apply(c, 2, &have));
    assert_resources(&have, "cpus:2");
    resource_conversion_fini(&c[0]);
    resource_conversion_fini(&c[1]);
    resources_fini(&have);
}
END_TEST

START_TEST(nothing_changes_if_one_does_not_fit)
{
    struct resource_conversion *c = calloc(2, sizeof *c);
    struct resources have = parse("cpus:1");

    ck_assert_ptr_nonnull(c);
    c[0] = convert("cpus:1", "cpus(web):1");
    c[1] = convert("cpus:1", "cpus(db):1");
    ck_assert(!resource_conversions_apply(c, 2, &have));
    assert_resources(&have, "cpus:1");
    resource_conversions_destroy(c, 2);
    resources_fini(&have);
}
END_TEST

START_TEST(copy_is_independent_and_both_sides_get_the_role)
{
    struct resource_conversion c = convert("cpus:1", "cpus(web):1");
    struct resource_conversion copy;
    struct resources have = parse("cpus:1");

    resource_conversion_init_copy(&copy, &c);
    resource_conversion_fini(&c);
    resource_conversion_set_allocation(&copy, "web");
    ck_assert(!resource_conversion_fits(&copy, &have));
    resources_set_allocation(&have, "web");
    resource_conversion_apply(&copy, &have);
    resources_set_allocation(&have, NULL);
    assert_resources(&have, "cpus(web):1");
    resource_conversion_fini(&copy);
    resources_fini(&have);
}
END_TEST

static Suite *
resource_conversion_suite(void)
{
    Suite *suite = suite_create("resource_conversion");

    test_add(suite, "replaced", consumed_part_is_replaced);
    test_add(suite, "chain",
             later_conversion_may_use_what_an_earlier_one_made);
    test_add(suite, "all or nothing", nothing_changes_if_one_does_not_fit);
    test_add(suite, "copy", copy_is_independent_and_both_sides_get_the_role);
    return suite;
}

TEST_MAIN(resource_conversion_suite)
