/* SPDX-License-Identifier: Apache-2.0
 *
 * test_json.c - JSON text: commas, escapes, numbers. */
#include <config.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/strbuf.h>

#include "tests/lib/test.h"

static void
assert_string(const char *s, size_t len, const char *expected)
{
    autofini(strbuf) out = STRBUF(1000);
    struct json_writer w = JSON_WRITER(&out);

    json_string_n(&w, s, len);

    ck_assert_str_eq(out.data, expected);
}

#define ASSERT_STRING(s, expected) \
    assert_string((s), sizeof(s) - 1, (expected))

START_TEST(commas_stand_between_members_and_elements)
{
    autofini(strbuf) out = STRBUF(1000);
    struct json_writer w = JSON_WRITER(&out);

    json_object_begin(&w);
    json_key(&w, "a");
    json_array_begin(&w);
    json_int(&w, 1);
    json_object_begin(&w);
    json_object_end(&w);
    json_array_begin(&w);
    json_array_end(&w);
    json_null(&w);
    json_array_end(&w);
    json_member_bool(&w, "b", true);
    json_key(&w, "c");
    json_object_begin(&w);
    json_member_string(&w, "d", NULL);
    json_object_end(&w);
    json_object_end(&w);

    ck_assert_str_eq(out.data,
                     "{\"a\":[1,{},[],null],\"b\":true,\"c\":{\"d\":null}}");
}
END_TEST

START_TEST(numbers_look_as_in_mesos)
{
    autofini(strbuf) out = STRBUF(1000);
    struct json_writer w = JSON_WRITER(&out);

    json_array_begin(&w);
    json_int(&w, INT64_MIN);
    json_uint(&w, UINT64_MAX);
    json_double(&w, 1);
    json_double(&w, 0.1);
    json_double(&w, -2.5);
    json_double(&w, 1e300);
    json_double(&w, NAN);
    json_double(&w, INFINITY);
    json_bool(&w, false);
    json_array_end(&w);

    ck_assert_str_eq(out.data,
                     "[-9223372036854775808,18446744073709551615,1.0,0.1,"
                     "-2.5,1e300,null,null,false]");
}
END_TEST

START_TEST(members_write_key_and_value)
{
    autofini(strbuf) out = STRBUF(1000);
    struct json_writer w = JSON_WRITER(&out);

    json_object_begin(&w);
    json_member_int(&w, "i", -1);
    json_member_uint(&w, "u", 2);
    json_member_double(&w, "d", 0.5);
    json_member_string(&w, "k\"", "v\n");
    json_key(&w, "raw");
    json_raw(&w, "[1, 2]", 6);
    json_object_end(&w);

    ck_assert_str_eq(out.data, "{\"i\":-1,\"u\":2,\"d\":0.5,"
                               "\"k\\\"\":\"v\\n\",\"raw\":[1, 2]}");
}
END_TEST

START_TEST(control_characters_and_quotes_are_escaped)
{
    ASSERT_STRING("\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    ASSERT_STRING("\x01\x1f\x7f/", "\"\\u0001\\u001F\x7f/\"");
    ASSERT_STRING("a\0b", "\"a\\u0000b\"");
}
END_TEST

START_TEST(escapes_are_found_wherever_they_stand)
{
    for (size_t len = 1; len < 40; len++) {
        for (size_t at = 0; at < len; at++) {
            char s[40], expected[64];
            memset(s, 'x', sizeof s);
            s[at] = '"';
            expected[0] = '"';
            memset(expected + 1, 'x', at);
            memcpy(expected + 1 + at, "\\\"", 2);
            memset(expected + 3 + at, 'x', len - at - 1);
            memcpy(expected + 2 + len, "\"", 2);
            assert_string(s, len, expected);
        }
    }
}
END_TEST

START_TEST(utf8_passes)
{
    ASSERT_STRING("caf\xc3\xa9", "\"caf\xc3\xa9\"");
    ASSERT_STRING("\xe2\x82\xac", "\"\xe2\x82\xac\"");
    ASSERT_STRING("\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
    ASSERT_STRING("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
    ASSERT_STRING("\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\"");
}
END_TEST

START_TEST(what_is_not_utf8_is_replaced)
{
#define R "\xef\xbf\xbd"
    ASSERT_STRING("a\x80" "b", "\"a" R "b\"");
    ASSERT_STRING("\xff\xfe", "\"" R R "\"");
    ASSERT_STRING("\xc0\xaf", "\"" R R "\"");               /* overlong */
    ASSERT_STRING("\xe0\x80\x80", "\"" R R R "\"");
    ASSERT_STRING("\xed\xa0\x80", "\"" R R R "\"");         /* surrogate */
    ASSERT_STRING("\xf4\x90\x80\x80", "\"" R R R R "\"");   /* too high */
    ASSERT_STRING("\xe2\x82", "\"" R "\"");                 /* cut off */
    ASSERT_STRING("\xe2\x82" "a", "\"" R "a\"");
    ASSERT_STRING("\xc3", "\"" R "\"");
    ASSERT_STRING("\xf0\x9f\x98\"", "\"" R "\\\"\"");
#undef R
}
END_TEST

static Suite *
json_suite(void)
{
    Suite *suite = suite_create("json");

    test_add(suite, "commas", commas_stand_between_members_and_elements);
    test_add(suite, "numbers", numbers_look_as_in_mesos);
    test_add(suite, "members", members_write_key_and_value);
    test_add(suite, "control", control_characters_and_quotes_are_escaped);
    test_add(suite, "escapes", escapes_are_found_wherever_they_stand);
    test_add(suite, "utf8", utf8_passes);
    test_add(suite, "what", what_is_not_utf8_is_replaced);
    return suite;
}

TEST_MAIN(json_suite)
