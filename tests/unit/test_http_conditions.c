/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_conditions.c - dates, ranges, conditions and kinds of files. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include "http/conditions.h"
#include "http/date.h"
#include "http/head.h"
#include "http/mime.h"
#include "tests/lib/test.h"

/* --- dates --- */

START_TEST(a_date_is_read_in_its_three_forms)
{
    static const char *const forms[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        int64_t seconds = 0;

        ck_assert_msg(http_date_parse(forms[i], &seconds), "%s", forms[i]);
        ck_assert_int_eq(seconds, 784111777);
    }
}
END_TEST

START_TEST(a_date_is_written_as_it_is_read)
{
    static const int64_t table[] = {
        0, 784111777, 951782400, 4102444800, -1, -62135596800, 253402300799,
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char text[HTTP_DATE_SIZE];
        int64_t seconds = 0;

        http_date_format(table[i], text);
        ck_assert_uint_eq(strlen(text), HTTP_DATE_SIZE - 1);
        ck_assert_msg(http_date_parse(text, &seconds), "%s", text);
        ck_assert_int_eq(seconds, table[i]);
    }
    char text[HTTP_DATE_SIZE];

    http_date_format(INT64_MAX, text);
    ck_assert_str_eq(text, "Fri, 31 Dec 9999 23:59:59 GMT");
    http_date_format(784111777, text);
    ck_assert_str_eq(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}
END_TEST

START_TEST(what_is_no_date_is_told)
{
    static const char *const bad[] = {
        "", ",", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Xov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun Nov  6 08:49:37 1994 ", "Sun Nov 6 08:49:37 1994",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        int64_t seconds = 42;

        ck_assert_msg(!http_date_parse(bad[i], &seconds), "%s", bad[i]);
        ck_assert_int_eq(seconds, 42);
    }
}
END_TEST

/* --- ranges --- */

START_TEST(a_range_is_read)
{
    static const struct {
        const char *text;
        uint64_t size;
        enum http_range outcome;
        uint64_t first, length;
    } table[] = {
        { "bytes=0-0", 10, HTTP_RANGE_ONE, 0, 1 },
        { "bytes=0-9", 10, HTTP_RANGE_ONE, 0, 10 },
        { "Bytes= 3-", 10, HTTP_RANGE_ONE, 3, 7 },
        { "bytes=9-18446744073709551609", 10, HTTP_RANGE_ONE, 9, 1 },
        { "bytes=-4", 10, HTTP_RANGE_ONE, 6, 4 },
        { "bytes=-40", 10, HTTP_RANGE_ONE, 0, 10 },
        { "bytes=10-", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-0", 10, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=0-", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-1", 0, HTTP_RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=5-4", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=0-1,3-4", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=-", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=a-b", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=+1-2", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=1-2x", 10, HTTP_RANGE_NONE, 0, 0 },
        { "bytes=99999999999999999999-", 10, HTTP_RANGE_NONE, 0, 0 },
        { "lines=0-1", 10, HTTP_RANGE_NONE, 0, 0 },
        { "", 10, HTTP_RANGE_NONE, 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        uint64_t first = 0, length = 0;

        ck_assert_msg(http_range_parse(table[i].text, table[i].size, &first,
                                       &length) == table[i].outcome,
                      "'%s'", table[i].text);
        ck_assert_msg(first == table[i].first && length == table[i].length,
                      "'%s'", table[i].text);
    }
}
END_TEST

/* --- conditions --- */

static int
evaluate(const char *method, const char *headers, const char *etag)
{
    autofree char *text = xasprintf("%s /x HTTP/1.1\r\n%s\r\n", method,
                                    headers);
    const struct http_validators v = {
        .etag = etag, .modified_s = 784111777, .size = 10,
    };
    struct http_head head;
    struct http_selection selection;
    const char *reason;

    ck_assert_int_eq(http_head_parse_request(&head, text, strlen(text),
                                             &reason), 0);
    http_conditions_evaluate(&head, &v, &selection);
    http_head_fini(&head);
    return selection.status;
}

#define DATE_SAME "Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define DATE_OLD "Sun, 06 Nov 1994 08:49:36 GMT\r\n"

START_TEST(conditions_are_taken_in_order)
{
    static const struct {
        const char *headers;
        const char *etag;
        int status;
    } table[] = {
        { "", "\"a\"", 200 },
        { "If-None-Match: \"a\"\r\n", "\"a\"", 304 },
        { "If-None-Match: W/\"a\"\r\n", "\"a\"", 304 },
        { "If-None-Match: \"a\"\r\n", "W/\"a\"", 304 },
        { "If-None-Match: \"b\" , \"a\"\r\n", "\"a\"", 304 },
        { "If-None-Match: *\r\n", "\"a\"", 304 },
        { "If-None-Match: \"b\"\r\n", "\"a\"", 200 },
        { "If-None-Match: a\r\n", "\"a\"", 200 },
        { "If-None-Match: \"a\r\n", "\"a\"", 200 },
        { "If-None-Match: \"b\"\r\nIf-Modified-Since: " DATE_SAME, "\"a\"",
          200 },
        { "If-Modified-Since: " DATE_SAME, "\"a\"", 304 },
        { "If-Modified-Since: " DATE_OLD, "\"a\"", 200 },
        { "If-Modified-Since: yesterday\r\n", "\"a\"", 200 },
        { "If-Match: \"a\"\r\n", "\"a\"", 200 },
        { "If-Match: *\r\n", "\"a\"", 200 },
        { "If-Match: \"b\"\r\n", "\"a\"", 412 },
        { "If-Match: W/\"a\"\r\n", "W/\"a\"", 412 },
        { "If-Unmodified-Since: " DATE_SAME, "\"a\"", 200 },
        { "If-Unmodified-Since: " DATE_OLD, "\"a\"", 412 },
        { "If-Match: \"a\"\r\nIf-Unmodified-Since: " DATE_OLD, "\"a\"",
          200 },
        { "Range: bytes=0-1\r\n", "\"a\"", 206 },
        { "Range: bytes=0-1\r\nIf-Range: \"a\"\r\n", "\"a\"", 206 },
        { "Range: bytes=0-1\r\nIf-Range: \"b\"\r\n", "\"a\"", 200 },
        { "Range: bytes=0-1\r\nIf-Range: W/\"a\"\r\n", "W/\"a\"", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " DATE_SAME, "\"a\"", 206 },
        { "Range: bytes=0-1\r\nIf-Range: " DATE_SAME, "W/\"a\"", 200 },
        { "Range: bytes=0-1\r\nIf-Range: " DATE_OLD, "\"a\"", 200 },
        { "Range: bytes=10-\r\n", "\"a\"", 416 },
        { "Range: bytes=10-\r\nIf-Range: \"b\"\r\n", "\"a\"", 200 },
        { "Range: bytes=0-1\r\nIf-None-Match: \"a\"\r\n", "\"a\"", 304 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        int status = evaluate("GET", table[i].headers, table[i].etag);

        ck_assert_msg(status == table[i].status, "%d: %s", status,
                      table[i].headers);
    }
    ck_assert_int_eq(evaluate("HEAD", "Range: bytes=0-1\r\n", "\"a\""), 200);
}
END_TEST

START_TEST(a_file_is_known_by_its_extension)
{
    ck_assert_str_eq(http_mime_type("/a/b.html"), "text/html");
    ck_assert_str_eq(http_mime_type("x.tar.GZ"), "application/gzip");
    ck_assert_str_eq(http_mime_type("avi.avi"), "video/x-msvideo");
    ck_assert_str_eq(http_mime_type("x.zst"), "application/zstd");
    ck_assert_ptr_null(http_mime_type("stdout"));
    ck_assert_ptr_null(http_mime_type("/a.html/b"));
    ck_assert_ptr_null(http_mime_type(".html"));
    ck_assert_ptr_null(http_mime_type("x."));
    ck_assert_ptr_null(http_mime_type("x.nobody"));
}
END_TEST

static Suite *
http_conditions_suite(void)
{
    Suite *suite = suite_create("http_conditions");

    test_add(suite, "date", a_date_is_read_in_its_three_forms);
    test_add(suite, "date_written", a_date_is_written_as_it_is_read);
    test_add(suite, "no_date", what_is_no_date_is_told);
    test_add(suite, "range", a_range_is_read);
    test_add(suite, "conditions", conditions_are_taken_in_order);
    test_add(suite, "mime", a_file_is_known_by_its_extension);
    return suite;
}

TEST_MAIN(http_conditions_suite)
