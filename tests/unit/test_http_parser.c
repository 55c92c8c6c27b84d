/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_parser.c - heads and bodies of HTTP requests, good and evil. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include "http/body.h"
#include "http/head.h"
#include "tests/lib/test.h"

/* Reads one request from 'data', 'step' bytes at a time.  Returns 0 when it
 * is whole, -1 when bytes are missing, or the status that refuses it. */
static int
read_request(const char *data, size_t size, size_t step,
             struct http_head *head, struct strbuf *body, size_t *ret_used)
{
    struct http_scan scan = { 0 };
    struct http_body framing;
    const char *reason = NULL;
    size_t i = 0;
    size_t used;

    while (i < size && scan.state != HTTP_SCAN_DONE) {
        int status = http_scan(&scan, data + i,
                               size - i < step ? size - i : step, &used);
        if (status) {
            ck_assert_ptr_nonnull(scan.reason);
            return status;
        }
        i += used;
    }
    if (scan.state != HTTP_SCAN_DONE) {
        return -1;
    }
    int status = http_head_parse_request(head, data, i, &reason);
    if (status) {
        ck_assert_ptr_nonnull(reason);
        return status;
    }
    status = http_body_begin(&framing, head);
    while (status == 0 && i < size && framing.state != HTTP_BODY_DONE) {
        status = http_body_feed(&framing, data + i,
                                size - i < step ? size - i : step, body,
                                &used);
        i += used;
    }
    *ret_used = i;
    return status ? status : framing.state == HTTP_BODY_DONE ? 0 : -1;
}

/* The same in one piece and byte by byte. */
static int
outcome(const char *data, size_t size)
{
    static const size_t steps[] = { 1, 7, SIZE_MAX };
    int result = 0;

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        struct http_head head = { 0 };
        autofini(strbuf) body = STRBUF(LIMIT_HTTP_BODY);
        size_t used;
        int one = read_request(data, size, steps[i], &head, &body, &used);

        http_head_fini(&head);
        ck_assert(i == 0 || one == result);
        result = one;
    }
    return result;
}

static const struct {
    const char *text;
    size_t size;
    int outcome;
} table[] = {
#define REQUEST(OUTCOME, TEXT) { TEXT, sizeof(TEXT) - 1, OUTCOME }
    REQUEST(0, "GET / HTTP/1.1\r\n\r\n"),
    REQUEST(0, "GET / HTTP/1.0\r\n\r\n"),
    REQUEST(0, "\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
    REQUEST(0, "GET /a?b=c HTTP/1.1\r\nHost: x\r\nEmpty:\r\n\r\n"),
    REQUEST(0, "GET / HTTP/1.1\r\nA: \xc3\xa4\tb \r\n\r\n"),
    REQUEST(0, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"),
    REQUEST(0, "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"),
    REQUEST(0, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n0\r\n\r\n"),
    REQUEST(0, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
               "A;x=y\r\n0123456789\r\n00\r\nTrailer: t\r\n\r\n"),
    /* unfinished */
    REQUEST(-1, ""),
    REQUEST(-1, "GET"),
    REQUEST(-1, "GET / HTTP/1.1\r\n"),
    REQUEST(-1, "GET / HTTP/1.1\r\n\r"),
    REQUEST(-1, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"),
    REQUEST(-1, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3\r\nabc\r\n0\r\n"),
    /* lines */
    REQUEST(400, "GET / HTTP/1.1\n\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: b\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: b\r\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\rX\r\n\r\n"),
    REQUEST(400, "\nGET / HTTP/1.1\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
    /* names and values */
    REQUEST(400, "GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nHost\t: x\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nHost\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\n: x\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA\0B: x\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: x\0y\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: x\x01y\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nA: x\x7fy\r\n\r\n"),
    REQUEST(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    /* first lines */
    REQUEST(400, "\0\0\0\0\0\0\0\0"),
    REQUEST(400, "\x16\x03\x01\x02\x00\x01\x00"),
    REQUEST(400, "GET\r\n\r\n"),
    REQUEST(400, "FOO / HTTP/1.1\r\n\r\n"),
    REQUEST(400, "GET / HTTP/x.1\r\n\r\n"),
    REQUEST(400, "GET / FTP/1.1\r\n\r\n"),
    REQUEST(505, "GET / HTTP/2.0\r\n\r\n"),
    REQUEST(505, "GET / HTTP/1.9\r\n\r\n"),
    REQUEST(505, "GET /\r\n\r\n"),
    /* framing */
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 1\r\n"
                 "Content-Length: 2\r\n\r\nab"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 3\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                 "Content-Length: 3\r\n\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: \t\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length:\r\n"
                 "Content-Length: 3\r\n\r\nabc"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 3, 3\r\n\r\nabc"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 1 2\r\n\r\na"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 1x\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: "
                 "99999999999999999999999\r\n\r\n"),
    REQUEST(413, "POST / HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\n\r\n"),
    REQUEST(501, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "x\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "-1\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\nabc\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3 \r\nabc\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabcd\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\n0\r\n\r\n"),
    REQUEST(413, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "FFFFFFFFFFFFFFFF\r\n"),
    REQUEST(413, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "10000000000000000\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\nA : b\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\nA: b\r\n c\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\nA: b\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0\r\nA: \0b\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "1;a=b\nx\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "0x1\r\nx\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 1\r\n"
                 "Content-Length: 1\r\n\r\na"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\na"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\na"),
    REQUEST(400, "POST / HTTP/1.1\r\nContent-Length:\r\n\r\na"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REQUEST(400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
                 "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    REQUEST(501, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n"
                 "\r\n0\r\n\r\n"),
    REQUEST(501, "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"
                 "0\r\n\r\n"),
    REQUEST(501, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, x\r\n\r\n"
                 "0\r\n\r\n"),
    REQUEST(0, "POST / HTTP/1.1\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
               "0\r\n\r\n"),
#undef REQUEST
};

START_TEST(requests_are_taken_or_refused_as_the_table_says)
{
    int actual = outcome(table[_i].text, table[_i].size);

    ck_assert_msg(actual == table[_i].outcome, "%d instead of %d for '%s'",
                  actual, table[_i].outcome, table[_i].text);
}
END_TEST

START_TEST(a_request_is_taken_apart)
{
    static const char text[] =
        "POST /a/b?c=d HTTP/1.1\r\nHost:  x \r\nX-Empty: \r\n"
        "Content-Length: 3\r\n\r\nabcGET";
    struct http_head head;
    autofini(strbuf) body = STRBUF(LIMIT_HTTP_BODY);
    size_t used;

    ck_assert_int_eq(read_request(text, sizeof text - 1, SIZE_MAX, &head,
                                  &body, &used), 0);

    ck_assert_str_eq(head.method, "POST");
    ck_assert_str_eq(head.target, "/a/b?c=d");
    ck_assert_uint_eq(head.n_headers, 3);
    ck_assert_str_eq(http_head_find(&head, "host"), "x");
    ck_assert_str_eq(http_head_find(&head, "X-EMPTY"), "");
    ck_assert_ptr_null(http_head_find(&head, "Date"));
    ck_assert_str_eq(body.data, "abc");
    ck_assert_uint_eq(used, sizeof text - 1 - 3);
    http_head_fini(&head);
}
END_TEST

static bool
keeps_alive(const char *text)
{
    struct http_head head;
    const char *reason;

    ck_assert_int_eq(http_head_parse_request(&head, text, strlen(text),
                                             &reason), 0);
    bool keeps = head.keep_alive;
    http_head_fini(&head);
    return keeps;
}

START_TEST(keep_alive_is_as_version_and_headers_say)
{
    ck_assert(keeps_alive("GET / HTTP/1.1\r\n\r\n"));
    ck_assert(!keeps_alive("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
    ck_assert(!keeps_alive("GET / HTTP/1.0\r\n\r\n"));
    ck_assert(keeps_alive("GET / HTTP/1.0\r\n"
                          "Connection: keep-alive\r\n\r\n"));
}
END_TEST

START_TEST(an_answer_to_an_upgrade_is_parsed)
{
    static const char text[] =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
        "Upgrade: x\r\n\r\n";
    struct http_head head;
    const char *reason;

    ck_assert_int_eq(http_head_parse_answer(&head, text, sizeof text - 1,
                                            &reason), 0);

    ck_assert_uint_eq(head.status, 101);
    ck_assert_str_eq(http_head_find(&head, "upgrade"), "x");
    http_head_fini(&head);
}
END_TEST

START_TEST(a_head_over_the_limit_is_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "GET / HTTP/1.1\r\nA: ");
    while (text.len <= LIMIT_HTTP_HEAD) {
        strbuf_append(&text, "0123456789");
    }

    ck_assert_int_eq(outcome(text.data, text.len), 431);
}
END_TEST

START_TEST(too_many_headers_are_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < LIMIT_HTTP_HEADERS; i++) {
        strbuf_append(&text, "A: b\r\n");
    }
    size_t len = text.len;
    strbuf_append(&text, "\r\n");
    ck_assert_int_eq(outcome(text.data, text.len), 0);
    strbuf_truncate(&text, len);
    strbuf_append(&text, "A: b\r\n\r\n");

    ck_assert_int_eq(outcome(text.data, text.len), 431);
}
END_TEST

START_TEST(endless_trailers_are_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "POST / HTTP/1.1\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    for (int i = 0; i <= LIMIT_HTTP_HEADERS; i++) {
        strbuf_append(&text, "A: b\r\n");
    }

    ck_assert_int_eq(outcome(text.data, text.len), 431);
}
END_TEST

START_TEST(an_endless_chunk_extension_is_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "POST / HTTP/1.1\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n1;");
    for (int i = 0; i < 200; i++) {
        strbuf_append(&text, "0123456789");
    }

    ck_assert_int_eq(outcome(text.data, text.len), 400);
}
END_TEST

static Suite *
http_parser_suite(void)
{
    Suite *suite = suite_create("http_parser");
    TCase *requests = tcase_create("table");

    tcase_add_loop_test(requests,
                        requests_are_taken_or_refused_as_the_table_says, 0,
                        (int) ARRAY_SIZE(table));
    suite_add_tcase(suite, requests);
    test_add(suite, "apart", a_request_is_taken_apart);
    test_add(suite, "keep_alive", keep_alive_is_as_version_and_headers_say);
    test_add(suite, "answer", an_answer_to_an_upgrade_is_parsed);
    test_add(suite, "large_head", a_head_over_the_limit_is_refused);
    test_add(suite, "many_headers", too_many_headers_are_refused);
    test_add(suite, "trailers", endless_trailers_are_refused);
    test_add(suite, "extension", an_endless_chunk_extension_is_refused);
    return suite;
}

TEST_MAIN(http_parser_suite)
