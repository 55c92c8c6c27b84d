/* SPDX-License-Identifier: Apache-2.0
 *
 * test_reservations.c - the parts of resources by whom they are reserved
 * to. */
#include <config.h>

#include "model/reservations.h"
#include "model/resources.h"
#include "tests/lib/test.h"

static const char mixed[] =
    "cpus:1;cpus(web):2;mem(web/blue):64;cpus(db):4;ports:[1-9]";

static struct resources
parse(const char *text)
{
    struct resources resources;

    ck_assert_ptr_null(resources_parse(text, "*", &resources));
    return resources;
}

START_TEST(unreserved_part_is_what_belongs_to_nobody)
{
    struct resources all = parse(mixed);
    struct resources wanted = parse("cpus:1;ports:[1-9]");
    struct resources part;

    resources_unreserved(&all, &part);

    ck_assert(resources_equal(&part, &wanted));
    resources_fini(&all);
    resources_fini(&wanted);
    resources_fini(&part);
}
END_TEST

START_TEST(role_has_its_own_and_those_of_roles_above)
{
    struct resources all = parse(mixed);
    struct resources web = parse("cpus:1;cpus(web):2;ports:[1-9]");
    struct resources blue =
        parse("cpus:1;cpus(web):2;mem(web/blue):64;ports:[1-9]");
    struct resources own = parse("cpus(web):2");
    struct resources part;

    resources_allocatable_to(&all, "web", &part);
    ck_assert(resources_equal(&part, &web));
    resources_fini(&part);
    resources_allocatable_to(&all, "web/blue", &part);
    ck_assert(resources_equal(&part, &blue));
    resources_fini(&part);
    resources_reserved_to(&all, "web", &part);
    ck_assert(resources_equal(&part, &own));
    resources_fini(&part);

    resources_fini(&all);
    resources_fini(&web);
    resources_fini(&blue);
    resources_fini(&own);
}
END_TEST

START_TEST(roles_are_named_once_each)
{
    struct resources all = parse(mixed);
    struct resources none = parse("cpus:1");

    ck_assert_str_eq(resources_reservation_role(&all, 0), "web");
    ck_assert_str_eq(resources_reservation_role(&all, 1), "web/blue");
    ck_assert_str_eq(resources_reservation_role(&all, 2), "db");
    ck_assert_ptr_null(resources_reservation_role(&all, 3));
    ck_assert(resources_has_reservations(&all));
    ck_assert(!resources_has_reservations(&none));
    resources_fini(&all);
    resources_fini(&none);
}
END_TEST

static Suite *
reservations_suite(void)
{
    Suite *suite = suite_create("reservations");

    test_add(suite, "unreserved", unreserved_part_is_what_belongs_to_nobody);
    test_add(suite, "allocatable", role_has_its_own_and_those_of_roles_above);
    test_add(suite, "roles", roles_are_named_once_each);
    return suite;
}

TEST_MAIN(reservations_suite)
