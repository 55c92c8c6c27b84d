/* SPDX-License-Identifier: Apache-2.0
 *
 * test_resource_quantities.c - how much of what; and taking what is there. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resource_quantities.h"
#include "model/resources.h"
#include "model/resources_part.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

static struct resources
parse(const char *text)
{
    struct resources resources;
    struct error *error = resources_parse(text, "*", &resources);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return resources;
}

static struct resource_quantities
quantities(const char *text)
{
    struct resource_quantities q;

    ck_assert_ptr_null(resource_quantities_parse(text, &q));
    return q;
}

START_TEST(quantities_are_sorted_and_summed_up)
{
    struct resource_quantities q = quantities("mem:32;cpus:0.25;mem:1.001");
    autofini(strbuf) text = STRBUF(256);
    bool is_there = true;

    resource_quantities_format(&q, &text);

    ck_assert_str_eq(text.data, "cpus:0.25; mem:33.001");
    ck_assert_int_eq(resource_quantities_get(&q, "cpus", &is_there), 250);
    ck_assert(is_there);
    ck_assert_int_eq(resource_quantities_get(&q, "gpus", &is_there), 0);
    ck_assert(!is_there);
    resource_quantities_fini(&q);
}
END_TEST

START_TEST(what_is_no_amount_is_refused)
{
    static const char *const texts[] = {
        "cpus", "cpus:x", "cpus:-1", "ports:[1-2]", "disks:{a}", "cpus(a):1",
        "cpus:nan", "cpus:inf",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct resource_quantities q;
        struct error *error = resource_quantities_parse(texts[i], &q);

        ck_assert_msg(error, "'%s' is taken", texts[i]);
        error_destroy(error);
    }
}
END_TEST

START_TEST(ranges_and_sets_count_by_their_elements)
{
    struct resources r = parse("ports:[1-10,20-20];disks:{a,b};cpus:1.5");
    struct resource_quantities q, copy;
    struct resource_quantities ten = { 0 };

    resource_quantities_of(&r, &q);
    resource_quantities_init_copy(&copy, &q);
    ck_assert_int_eq(resource_quantities_get(&q, "ports", NULL), 11000);
    ck_assert_int_eq(resource_quantities_get(&q, "disks", NULL), 2000);
    ck_assert_int_eq(resource_quantities_get(&q, "cpus", NULL), 1500);
    ck_assert(resource_quantities_equal(&q, &copy));
    ck_assert(resource_quantities_fit(&q, &r));
    resource_quantities_set(&ten, "ports", 12000);
    ck_assert(!resource_quantities_fit(&ten, &r));
    resource_quantities_fini(&ten);
    resource_quantities_fini(&copy);
    resource_quantities_fini(&q);
    resources_fini(&r);
}
END_TEST

START_TEST(huge_ranges_do_not_overflow)
{
    struct resources r = parse("ports:[0-18446744073709551615]");
    struct resource_quantities q;

    resource_quantities_of(&r, &q);
    ck_assert_int_eq(resource_quantities_get(&q, "ports", NULL), INT64_MAX);
    resource_quantities_fini(&q);
    resources_fini(&r);
}
END_TEST

static void
check_take(const char *have, const char *want, const char *taken,
           const char *left, bool all)
{
    struct resources a = parse(have), b = parse(want), got;
    struct resources taken_r = parse(taken), left_r = parse(left);

    ck_assert_int_eq(resources_take(&a, &b, &got), all);
    ck_assert(resources_equal(&got, &taken_r));
    ck_assert(resources_equal(&a, &left_r));
    resources_move(&a, &got);
    ck_assert(resources_is_empty(&got));
    resources_fini(&a);
    resources_fini(&b);
    resources_fini(&taken_r);
    resources_fini(&left_r);
}

START_TEST(what_is_there_is_taken_and_no_more)
{
    check_take("cpus:4;mem:10", "cpus:3", "cpus:3", "cpus:1;mem:10", true);
    check_take("cpus:4", "cpus:5;mem:1", "cpus:4", "", false);
    check_take("ports:[1-10]", "ports:[5-15]", "ports:[5-10]", "ports:[1-4]",
               false);
    check_take("disks:{a,b}", "disks:{b,c}", "disks:{b}", "disks:{a}", false);
    check_take("cpus(a):2", "cpus:1", "", "cpus(a):2", false);
}
END_TEST

/* Of an AgentInfo. */
static struct resources
decode(const char *json)
{
    struct resources resources;
    autodestroy(message) *m = NULL;
    const V1__AgentInfo *info;

    ck_assert_ptr_null(message_decode_json(&v1__agent_info__descriptor, json,
                                           strlen(json), &m));
    info = message_root(m);
    ck_assert_ptr_null(resources_decode(info->resources, info->n_resources,
                                        &resources));
    return resources;
}

static void
check_kind(const char *json, enum quantities_kind kind, const char *expected)
{
    struct resources r = decode(json);
    struct resource_quantities q = { 0 };
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resource_quantities_add_scalars(&q, &r, kind, "a");
    resource_quantities_format(&q, &text);
    ck_assert_str_eq(text.data, expected);
    resource_quantities_fini(&q);
    resources_fini(&r);
}

START_TEST(scalars_are_counted_by_whom_they_are_for)
{
    static const char json[] =
        "{\"hostname\":\"h\",\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":8}},"
        "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":16},"
        "\"revocable\":{}},"
        "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1},"
        "\"reservations\":[{\"type\":\"STATIC\",\"role\":\"a\"}]},"
        "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2},"
        "\"reservations\":[{\"type\":\"STATIC\",\"role\":\"a/b\"}]},"
        "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":4},"
        "\"reservations\":[{\"type\":\"STATIC\",\"role\":\"ab\"}]},"
        "{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":["
        "{\"begin\":1,\"end\":2}]}}]}";

    check_kind(json, QUANTITIES_FIRM, "cpus:13; mem:2");
    check_kind(json, QUANTITIES_UNRESERVED, "cpus:8");
    check_kind(json, QUANTITIES_RESERVED, "cpus:1; mem:2");
}
END_TEST

START_TEST(quantities_are_added_taken_and_compared)
{
    struct resource_quantities a = quantities("cpus:4;mem:10");
    struct resource_quantities b = quantities("cpus:5;disk:1");
    struct resource_quantities limits = quantities("cpus:4");

    ck_assert(!resource_quantities_contain(&a, &b));
    ck_assert(resource_quantities_are_within(&a, &limits));
    ck_assert(!resource_quantities_are_within(&b, &limits));
    resource_quantities_add(&a, &b);
    ck_assert(resource_quantities_contain(&a, &b));
    ck_assert_int_eq(resource_quantities_get(&a, "cpus", NULL), 9000);
    resource_quantities_subtract(&a, &b);
    resource_quantities_subtract(&a, &b);
    ck_assert_int_eq(resource_quantities_get(&a, "cpus", NULL), 0);
    ck_assert_int_eq(resource_quantities_get(&a, "mem", NULL), 10000);
    resource_quantities_set(&limits, "mem", 0);
    ck_assert(!resource_quantities_are_within(&a, &limits));
    resource_quantities_fini(&a);
    resource_quantities_fini(&b);
    resource_quantities_fini(&limits);
}
END_TEST

static Suite *
resource_quantities_suite(void)
{
    Suite *suite = suite_create("resource_quantities");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(quantities_are_sorted_and_summed_up);
    ADD(what_is_no_amount_is_refused);
    ADD(ranges_and_sets_count_by_their_elements);
    ADD(huge_ranges_do_not_overflow);
    ADD(scalars_are_counted_by_whom_they_are_for);
    ADD(quantities_are_added_taken_and_compared);
    ADD(what_is_there_is_taken_and_no_more);
#undef ADD
    return suite;
}

TEST_MAIN(resource_quantities_suite)
