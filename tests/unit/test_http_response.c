/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_response.c - answers over HTTP, good and evil, in pieces of
 * several sizes. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include "http/response.h"
#include "tests/lib/test.h"

#define MAX_BODY 1000

static const struct http_response_options plain = { .max_body = MAX_BODY };
static const struct http_response_options to_head = {
    .max_body = MAX_BODY, .is_head = true,
};
static const struct http_response_options gzip = {
    .max_body = MAX_BODY, .inflates = true,
};

/* Reads one answer out of 'data', 'step' bytes at a time, and then the end of
 * the connection if it is not whole.  '*ret_used' bytes were its own. */
static struct error *
read_answer(const struct http_response_options *options, const char *data,
            size_t size, size_t step, struct strbuf *body, size_t *ret_used,
            bool *ret_keep_alive)
{
    struct http_response response;
    struct error *error = NULL;
    size_t i = 0;

    http_response_init(&response, options);
    while (i < size && !error && response.state != HTTP_RESPONSE_DONE) {
        size_t used;

        error = http_response_feed(&response, data + i,
                                   size - i < step ? size - i : step, body,
                                   &used);
        i += used;
    }
    if (!error && response.state != HTTP_RESPONSE_DONE) {
        error = http_response_end(&response);
    }
    *ret_used = i;
    *ret_keep_alive = response.keep_alive;
    http_response_fini(&response);
    return error;
}

/* The outcome is the same whatever the pieces are: the body, then "|" and how
 * many bytes are left over, "+" if the connection may be used again; or "!"
 * and the text of the error. */
static void
outcome(const struct http_response_options *options, const char *data,
        size_t size, struct strbuf *out)
{
    static const size_t steps[] = { SIZE_MAX, 1, 7 };

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
        autofini(strbuf) body = STRBUF(options->max_body);
        size_t used;
        bool keep_alive;
        autoerror *error = read_answer(options, data, size, steps[i], &body,
                                       &used, &keep_alive);

        if (error) {
            strbuf_printf(&text, "!%s", error_text(error));
        } else {
            strbuf_append_bytes(&text, body.data, body.len);
            strbuf_printf(&text, "|%zu%s", size - used,
                          keep_alive ? "+" : "");
        }
        if (i == 0) {
            strbuf_append_bytes(out, text.data, text.len);
        }
        ck_assert_str_eq(text.data, out->data);
    }
}

#define EXPECT(options, input, expected) \
    do { \
        autofini(strbuf) out_ = STRBUF(STRBUF_UNLIMITED); \
        outcome((options), (input), sizeof(input) - 1, &out_); \
        ck_assert_str_eq(out_.data, (expected)); \
    } while (0)

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define HEAD_ERROR "!the head of the answer: "
#define BODY_ERROR "!the body of the answer: "

START_TEST(a_body_ends_by_its_length)
{
    EXPECT(&plain, OK "Content-Length: 3\r\n\r\nabcHTTP", "abc|4+");
    EXPECT(&plain, OK "Content-Length: 0\r\n\r\n", "|0+");
    EXPECT(&plain, OK "Connection: close\r\nContent-Length: 1\r\n\r\na",
           "a|0");
    EXPECT(&plain, "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "a|0");
    EXPECT(&plain, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
           "Content-Length: 1\r\n\r\na", "a|0+");
    EXPECT(&plain, "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", "a|0+");
}
END_TEST

START_TEST(a_body_ends_with_its_last_chunk)
{
    EXPECT(&plain, CHUNKED "3\r\nabc\r\n0\r\n\r\nH", "abc|1+");
    EXPECT(&plain, CHUNKED "1;x=y\r\na\r\n1\r\nb\r\n0\r\nT: t\r\n\r\n",
           "ab|0+");
    EXPECT(&plain, CHUNKED "0\r\n\r\n", "|0+");
}
END_TEST

START_TEST(a_body_without_a_length_ends_with_the_connection)
{
    EXPECT(&plain, "HTTP/1.0 200 OK\r\n\r\nabc", "abc|0");
    EXPECT(&plain, OK "\r\nabc", "abc|0");
    EXPECT(&plain, OK "\r\n", "|0");
}
END_TEST

START_TEST(some_answers_have_no_body)
{
    EXPECT(&to_head, OK "Content-Length: 99999\r\n\r\nH", "|1+");
    EXPECT(&to_head, CHUNKED "H", "|1+");
    EXPECT(&plain, "HTTP/1.1 204 No Content\r\n\r\nH", "|1+");
    EXPECT(&plain, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nH",
           "|1+");
    EXPECT(&plain, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nH",
           "|1");
}
END_TEST

START_TEST(interim_answers_are_passed_over)
{
    autofini(strbuf) many = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    EXPECT(&plain, "HTTP/1.1 100 Continue\r\n\r\n"
           "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
           OK "Content-Length: 1\r\n\r\na", "a|0+");
    EXPECT(&plain, "HTTP/1.1 101 Switching Protocols\r\n"
           "Connection: upgrade\r\nUpgrade: x\r\n\r\n",
           "!the answer changes the protocol, unasked");
    for (int i = 0; i < 17; i++) {
        strbuf_append(&many, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    outcome(&plain, many.data, many.len, &out);
    ck_assert_str_eq(out.data, "!more than 16 interim answers");
}
END_TEST

START_TEST(what_is_no_answer_is_refused_at_its_first_wrong_byte)
{
    EXPECT(&plain, "SSH-2.0-x", "!the answer does not begin with 'HTTP/1.': "
           "byte 0 is 0x53");
    EXPECT(&plain, "\r\n" OK, "!the answer does not begin with 'HTTP/1.': "
           "byte 0 is 0x0d");
    EXPECT(&plain, "HTTP/2", "!the answer does not begin with 'HTTP/1.': "
           "byte 5 is 0x32");
    EXPECT(&plain, "HTTP/1.1 999 X\r\n\r\n", "!the answer has status 999");
    EXPECT(&plain, "HTTP/1.7 200 OK\r\n\r\n",
           HEAD_ERROR "unsupported HTTP version");
}
END_TEST

START_TEST(a_head_is_read_as_strictly_as_a_requests)
{
    EXPECT(&plain, "HTTP/1.1 200 OK\n\n",
           HEAD_ERROR "line feed without carriage return");
    EXPECT(&plain, OK "A: b\r\n c\r\n\r\n", HEAD_ERROR "folded header");
    EXPECT(&plain, OK "A : b\r\n\r\n", HEAD_ERROR "malformed header name");
    EXPECT(&plain, OK "A: \0\r\n\r\n", HEAD_ERROR "control character");
}
END_TEST

START_TEST(a_body_ends_by_one_rule_only)
{
    static const char *const both[] = {
        OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK "Content-Length: +1\r\n\r\n",
        OK "Content-Length: -1\r\n\r\n",
        OK "Content-Length: 99999999999999999999\r\n\r\n",
        OK "Transfer-Encoding: gzip\r\n\r\n",
        OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

        outcome(&plain, both[i], strlen(both[i]), &out);
        ck_assert_msg(out.data[0] == '!', "%s: got '%s'", both[i], out.data);
    }
}
END_TEST

START_TEST(a_body_that_is_too_large_is_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    EXPECT(&plain, OK "Content-Length: 1001\r\n\r\n",
           "!the answer: the body is too large");
    EXPECT(&plain, CHUNKED "3e9\r\n",
           BODY_ERROR "the body is too large");
    EXPECT(&plain, CHUNKED "ffffffffffffffff\r\n",
           BODY_ERROR "the body is too large");
    EXPECT(&plain, CHUNKED "10000000000000000\r\n",
           BODY_ERROR "the body is too large");
    strbuf_append(&text, OK "\r\n");
    for (int i = 0; i < 1001; i++) {
        strbuf_append_char(&text, 'x');
    }
    outcome(&plain, text.data, text.len, &out);
    ck_assert_str_eq(out.data, BODY_ERROR "the body is too large");
}
END_TEST

START_TEST(an_answer_that_ends_early_says_where)
{
    EXPECT(&plain, "",
           "!the connection was closed before the answer");
    EXPECT(&plain, "HTTP/1.1 20",
           "!the connection was closed within the head of the answer");
    EXPECT(&plain, OK "Content-Length: 3\r\n\r\nab",
           "!the connection was closed within the body of the answer");
    EXPECT(&plain, CHUNKED "3\r\nabc\r\n0\r\n",
           "!the connection was closed within the body of the answer");
    EXPECT(&plain, CHUNKED "x\r\n", BODY_ERROR "malformed chunk size");
}
END_TEST

/* --- gzip --- */

/* A whole answer with 'size' bytes 'c', compressed. */
static void
append_gzip_answer(struct strbuf *out, char c, size_t size)
{
    autofree char *content = xmalloc(size);
    z_stream z = { .next_in = (unsigned char *) content,
                   .avail_in = (unsigned) size };
    unsigned char compressed[4096];

    memset(content, c, size);
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8,
                                  Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = compressed;
    z.avail_out = sizeof compressed;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    strbuf_printf(out, OK "Content-Encoding: gzip\r\n"
                  "Content-Length: %lu\r\n\r\n", z.total_out);
    strbuf_append_bytes(out, compressed, z.total_out);
    deflateEnd(&z);
}

START_TEST(gzip_is_inflated_if_it_was_asked_for)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) raw = STRBUF(STRBUF_UNLIMITED);

    append_gzip_answer(&text, 'x', 10);
    outcome(&gzip, text.data, text.len, &out);
    ck_assert_str_eq(out.data, "xxxxxxxxxx|0+");

    outcome(&plain, text.data, text.len, &raw);
    ck_assert_int_eq(raw.data[0], 0x1f);
    EXPECT(&gzip, OK "Content-Encoding: identity\r\n"
           "Content-Length: 1\r\n\r\na", "a|0+");
    EXPECT(&gzip, OK "Content-Encoding: br\r\nContent-Length: 1\r\n\r\na",
           "!the answer has Content-Encoding 'br'");
}
END_TEST

START_TEST(what_inflates_beyond_the_limit_is_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    append_gzip_answer(&text, 'x', 100000);
    ck_assert_uint_lt(text.len, MAX_BODY);
    outcome(&gzip, text.data, text.len, &out);
    ck_assert_str_eq(out.data,
                     BODY_ERROR "the content has more than 1000 bytes");
}
END_TEST

START_TEST(broken_gzip_is_refused)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    EXPECT(&gzip, OK "Content-Encoding: gzip\r\n"
           "Content-Length: 3\r\n\r\nabc",
           BODY_ERROR "malformed gzip after 2 bytes: "
           "incorrect header check");
    EXPECT(&gzip, OK "Content-Encoding: gzip\r\n"
           "Content-Length: 3\r\n\r\n\x1f\x8b\x08",
           BODY_ERROR "gzip ends early, after 3 bytes");
    append_gzip_answer(&text, 'x', 10);
    text.data[text.len - 5] ^= 1;       /* its checksum */
    outcome(&gzip, text.data, text.len, &out);
    ck_assert_ptr_nonnull(strstr(out.data, "incorrect data check"));
}
END_TEST

static Suite *
response_suite(void)
{
    Suite *suite = suite_create("http_response");

    test_add(suite, "length", a_body_ends_by_its_length);
    test_add(suite, "chunks", a_body_ends_with_its_last_chunk);
    test_add(suite, "to_end",
             a_body_without_a_length_ends_with_the_connection);
    test_add(suite, "none", some_answers_have_no_body);
    test_add(suite, "interim", interim_answers_are_passed_over);
    test_add(suite, "no_answer",
             what_is_no_answer_is_refused_at_its_first_wrong_byte);
    test_add(suite, "strict", a_head_is_read_as_strictly_as_a_requests);
    test_add(suite, "one_rule", a_body_ends_by_one_rule_only);
    test_add(suite, "large", a_body_that_is_too_large_is_refused);
    test_add(suite, "early", an_answer_that_ends_early_says_where);
    test_add(suite, "gzip", gzip_is_inflated_if_it_was_asked_for);
    test_add(suite, "gzip_bomb", what_inflates_beyond_the_limit_is_refused);
    test_add(suite, "gzip_broken", broken_gzip_is_refused);
    return suite;
}

TEST_MAIN(response_suite)
