/* SPDX-License-Identifier: Apache-2.0
 *
 * test_attributes.c - the attributes of an agent. */
#include <config.h>

#include "agent/attributes.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

static struct attributes
parse(const char *text)
{
    struct attributes attributes = { .data = NULL };
    struct error *error = attributes_parse(text, &attributes);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return attributes;
}

static void
check_json(const char *text, const char *json)
{
    autofini(attributes) attributes = parse(text);
    autofini(strbuf) out = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&out);

    attributes_write_json(&attributes, &w);
    ck_assert_str_eq(out.data, json);
}

static void
check_refused(const char *text)
{
    struct attributes attributes = { .data = NULL };
    struct error *error = attributes_parse(text, &attributes);

    ck_assert_msg(error, "'%s' was taken", text);
    ck_assert_ptr_nonnull(strstr(error_text(error), "attribute"));
    error_destroy(error);
}

START_TEST(values_are_text_numbers_and_ranges)
{
    check_json("rack:abc;zone:[1-2];level:3",
               "{\"rack\":\"abc\",\"zone\":\"[1-2]\",\"level\":3.0}");
}
END_TEST

START_TEST(entries_may_stand_on_lines)
{
    check_json("rack:a\nlevel:0.5\n", "{\"rack\":\"a\",\"level\":0.5}");
}
END_TEST

START_TEST(only_the_first_colon_splits)
{
    check_json("url:http://x:80", "{\"url\":\"http://x:80\"}");
}
END_TEST

START_TEST(ranges_are_sorted_and_merged)
{
    check_json("p:[5-6,1-2,3-4,10-12,11-20]", "{\"p\":\"[1-6,10-20]\"}");
}
END_TEST

START_TEST(range_may_reach_the_largest_number)
{
    check_json("p:[1-2,5-18446744073709551614]",
               "{\"p\":\"[1-2,5-18446744073709551614]\"}");
}
END_TEST

START_TEST(numbers_keep_three_decimals)
{
    check_json("a:1.2345;b:2.0009", "{\"a\":1.235,\"b\":2.001}");
}
END_TEST

START_TEST(what_is_no_number_is_text)
{
    check_json("a:-1;b:1x;c:nan;d:.",
               "{\"a\":\"-1\",\"b\":\"1x\",\"c\":\"nan\",\"d\":\".\"}");
}
END_TEST

START_TEST(huge_number_is_text_instead_of_overflowing)
{
    check_json("a:99999999999999999999999",
               "{\"a\":\"99999999999999999999999\"}");
}
END_TEST

START_TEST(empty_text_has_no_attributes)
{
    check_json("", "{}");
    check_json(";;\n", "{}");
}
END_TEST

START_TEST(sets_and_broken_entries_are_refused)
{
    check_refused("a:{x,y}");
    check_refused("rack");
    check_refused(":x");
    check_refused("rack:");
    check_refused("a:1;p:[2-1]");
    check_refused("p:[1-2");
    check_refused("p:[1-2]x");
    check_refused("p:[]");
    check_refused("p:[99999999999999999999-1]");
}
END_TEST

START_TEST(log_form_joins_with_commas)
{
    autofini(attributes) attributes = parse("rack:rack1;n:2;p:[1-3]");
    autofini(strbuf) out = STRBUF(4096);

    attributes_format(&attributes, &out);

    ck_assert_str_eq(out.data, "rack=rack1, n=2, p=[1-3]");
}
END_TEST

START_TEST(messages_carry_type_and_value)
{
    autofini(attributes) attributes = parse("rack:r;level:1.5;p:[1-2,4-4]");
    struct message *m = message_create(&v1__agent_info__descriptor);
    V1__Attribute **array;
    size_t n;

    attributes_encode(&attributes, m, &array, &n);

    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(array[0]->type, V1__VALUE__TYPE__TEXT);
    ck_assert_str_eq(array[0]->text->value, "r");
    ck_assert_int_eq(array[1]->type, V1__VALUE__TYPE__SCALAR);
    ck_assert_double_eq(array[1]->scalar->value, 1.5);
    ck_assert_int_eq(array[2]->type, V1__VALUE__TYPE__RANGES);
    ck_assert_uint_eq(array[2]->ranges->n_range, 2);
    ck_assert_uint_eq(array[2]->ranges->range[1]->begin, 4);
    message_unref(m);
}
END_TEST

static Suite *
attributes_suite(void)
{
    Suite *suite = suite_create("attributes");

    test_add(suite, "values", values_are_text_numbers_and_ranges);
    test_add(suite, "lines", entries_may_stand_on_lines);
    test_add(suite, "colons", only_the_first_colon_splits);
    test_add(suite, "ranges", ranges_are_sorted_and_merged);
    test_add(suite, "largest", range_may_reach_the_largest_number);
    test_add(suite, "decimals", numbers_keep_three_decimals);
    test_add(suite, "text", what_is_no_number_is_text);
    test_add(suite, "huge", huge_number_is_text_instead_of_overflowing);
    test_add(suite, "empty", empty_text_has_no_attributes);
    test_add(suite, "refused", sets_and_broken_entries_are_refused);
    test_add(suite, "log", log_form_joins_with_commas);
    test_add(suite, "messages", messages_carry_type_and_value);
    return suite;
}

TEST_MAIN(attributes_suite)
