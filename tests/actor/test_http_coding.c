/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_coding.c - bodies as gzip, of answers and of requests. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "http/coding.h"
#include "http/inflate.h"
#include "tests/lib/http_stage.h"

#define GZIP "Accept-Encoding: gzip\r\n"

/* --- a server of text --- */

static void
fill(struct strbuf *out, size_t size)
{
    while (out->len < size) {
        strbuf_printf(out, "%zu bottles, ", out->len);
    }
    strbuf_truncate(out, size);
}

static void
on_text(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    fill(&body, strtoul(http_request_query(request, "size"), NULL, 10));
    http_respond(&request, 200, "text/plain", &body);
}

static void
on_coded(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    fill(&body, 2000);
    http_response_header(request, "content-encoding", "br");
    http_respond(&request, 200, "text/plain", &body);
}

static void
on_stream(struct actor *self, struct http_request *request)
{
    autofini(strbuf) data = STRBUF(STRBUF_UNLIMITED);
    struct http_stream *stream = http_respond_stream(
        self, &request, 200, "text/plain", NULL, NULL);

    fill(&data, 2000);
    http_stream_write(stream, &data);
    http_stream_end(&stream);
}

static void
on_size(struct actor *self UNUSED, struct http_request *request)
{
    size_t size;
    const char *body = http_request_body(request, &size);

    http_respond_text(&request, 200, "%zu: %.*s", size, 10, body);
}

static const struct http_route routes[] = {
    { "/text", on_text },
    { "/coded", on_coded },
    { "/stream", on_stream },
    { "/size", on_size },
};

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct actor), .init = server_init,
};

static struct http_stage
start(void)
{
    return stage_start(&server_type, NULL);
}

static size_t
content_length(const char *text)
{
    const char *header = strstr(text, "\r\nContent-Length: ");

    ck_assert_ptr_nonnull(header);
    return strtoul(header + 18, NULL, 10);
}

/* Inflates the body of what the client has got, which is all of one answer,
 * and compares it with 'size' bytes of text. */
static void
expect_gzip(struct http_stage *f, size_t size)
{
    size_t n;
    const char *text = memory_client_text(f->client, &n);
    const char *body = body_of(text);
    autofini(strbuf) plain = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);
    struct http_inflate *inflate = http_inflate_create();

    EXPECT_HAS(text, "\r\nContent-Encoding: gzip\r\n");
    EXPECT_HAS(text, "\r\nVary: Accept-Encoding\r\n");
    n -= (size_t) (body - text);
    ck_assert_uint_eq(n, content_length(text));
    ck_assert_ptr_null(http_inflate(inflate, body, n, &plain));
    ck_assert_ptr_null(http_inflate_end(inflate));
    http_inflate_destroy(inflate);
    fill(&wanted, size);
    ck_assert_str_eq(plain.data, wanted.data);
}

/* --- answers --- */

START_TEST(an_answer_is_coded_for_who_takes_it)
{
    struct http_stage f = start();

    stage_ask(&f, "GET", "/text?size=2000", GZIP);
    expect_gzip(&f, 2000);
    stage_stop(&f);
}
END_TEST

START_TEST(a_large_answer_is_coded_in_the_pool_and_keeps_its_place)
{
    struct http_stage f = start();

    stage_ask(&f, "GET", "/text?size=3000000", GZIP);
    expect_gzip(&f, 3000000);

    const char *text = stage_say(&f, "GET /text?size=100000 HTTP/1.1\r\n" GZIP
                                     "\r\nGET /text?size=5 HTTP/1.1\r\n\r\n");
    size_t size;

    memory_client_text(f.client, &size);
    const char *next = body_of(text) + content_length(text);
    EXPECT_STATUS(next, "200 OK\r\n");
    EXPECT_BODY(next, "0 bot");
    stage_stop(&f);
}
END_TEST

START_TEST(who_does_not_take_it_gets_it_plain)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/text?size=2000");

    EXPECT_HAS(text, "\r\nVary: Accept-Encoding\r\n");
    EXPECT_HAS_NOT(text, "Content-Encoding");
    EXPECT_HAS(text, "\r\nContent-Length: 2000\r\n");
    EXPECT_HAS_NOT(stage_ask(&f, "GET", "/text?size=2000",
                             "Accept-Encoding: gzip;q=0\r\n"),
                   "Content-Encoding");
    stage_stop(&f);
}
END_TEST

START_TEST(what_is_small_coded_or_a_stream_stays_as_it_is)
{
    struct http_stage f = start();
    const char *text = stage_ask(&f, "GET", "/text?size=1023", GZIP);

    EXPECT_HAS_NOT(text, "Content-Encoding");
    EXPECT_HAS_NOT(text, "Vary");
    text = stage_ask(&f, "GET", "/coded", GZIP);
    EXPECT_HAS(text, "\r\ncontent-encoding: br\r\n");
    EXPECT_HAS_NOT(text, "gzip");
    text = stage_ask(&f, "GET", "/stream", GZIP);
    EXPECT_HAS_NOT(text, "gzip");
    stage_stop(&f);
}
END_TEST

START_TEST(head_has_the_length_of_the_coded_body)
{
    struct http_stage f = start();
    const char *text = stage_ask(&f, "GET", "/text?size=50000", GZIP);
    size_t size = content_length(text);

    text = stage_ask(&f, "HEAD", "/text?size=50000", GZIP);
    EXPECT_HAS(text, "\r\nContent-Encoding: gzip\r\n");
    ck_assert_uint_eq(content_length(text), size);
    EXPECT_BODY(text, "");
    stage_stop(&f);
}
END_TEST

START_TEST(accept_encoding_is_weighed)
{
    static const struct { const char *value; bool outcome; } table[] = {
        { "gzip", true }, { "GZIP", true }, { "x-gzip", true },
        { "deflate, gzip;q=0.5", true }, { "gzip ; q=1.000 , br", true },
        { "gzip;q=0.001", true }, { "*", true }, { "br, *;q=0.1", true },
        { ",, gzip", true }, { "identity;q=0.2, gzip;q=0.2", true },
        { "", false }, { "br", false }, { "gzip;q=0", false },
        { "gzip;q=0.000", false }, { "*;q=0", false },
        { "gzip;q=0, *", false }, { "identity", false },
        { "identity, gzip;q=0.5", false }, { "gzipped", false },
        { "gzip;q=2", false }, { "gzip;q=1.5", false },
        { "gzip;q=0.1234", false }, { "gzip;q=", false },
        { "gzip;x", false }, { "gzip;q=0.5x", false }, { "gzip;", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        ck_assert_msg(http_accept_encoding_has_gzip(table[i].value)
                      == table[i].outcome, "'%s'", table[i].value);
    }
}
END_TEST

START_TEST(what_gets_no_smaller_is_not_coded)
{
    autofini(strbuf) data = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) coded = STRBUF(STRBUF_UNLIMITED);
    uint64_t state = 1;

    for (int i = 0; i < 100000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        strbuf_append_char(&data, (char) (state >> 56));
    }
    ck_assert(!http_gzip(&data, &coded));
    ck_assert_uint_le(coded.len, data.len + 65536);
}
END_TEST

/* --- requests --- */

/* A POST of 'size' times 'c' as gzip, cut short by 'missing' bytes. */
static void
post_gzip(struct http_stage *f, char c, size_t size, size_t missing)
{
    autofini(strbuf) plain = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) coded = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    memset(strbuf_reserve(&plain, size), c, size);
    strbuf_advance(&plain, size);
    ck_assert(http_gzip(&plain, &coded));
    strbuf_printf(&text, "POST /size HTTP/1.1\r\nContent-Encoding: gzip\r\n"
                  "Content-Length: %zu\r\n\r\n", coded.len - missing);
    strbuf_append_bytes(&text, coded.data, coded.len - missing);
    memory_client_clear(f->client);
    memory_client_write(f->client, text.data, text.len);
    multi_system_run(f->multi);
}

START_TEST(a_coded_body_arrives_plain)
{
    struct http_stage f = start();

    post_gzip(&f, 'x', 500000, 0);
    EXPECT_BODY(memory_client_text(f.client, NULL), "500000: xxxxxxxxxx");
    EXPECT_BODY(stage_ask(&f, "POST", "/size",
                          "Content-Encoding: identity\r\n"
                          "Content-Length: 0\r\n"), "0: ");
    EXPECT_BODY(stage_ask(&f, "POST", "/size",
                          "Content-Encoding: gzip\r\n"
                          "Content-Length: 0\r\n"), "0: ");
    EXPECT_BODY(stage_say(&f, "POST /size HTTP/1.1\r\n"
                              "Content-Encoding: gzip\r\n"
                              "Transfer-Encoding: chunked\r\n\r\n"
                              "0\r\n\r\n"), "0: ");
    stage_stop(&f);
}
END_TEST

START_TEST(a_bomb_is_too_large)
{
    struct http_stage f = start();

    post_gzip(&f, '\0', LIMIT_HTTP_BODY + 1, 0);
    EXPECT_STATUS(memory_client_text(f.client, NULL), "413 ");
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(a_coded_body_that_is_none_is_refused)
{
    struct http_stage f = start();

    post_gzip(&f, 'x', 5000, 3);
    EXPECT_STATUS(memory_client_text(f.client, NULL), "400 ");
    stage_reconnect(&f);
    EXPECT_STATUS(stage_say(&f, "POST /size HTTP/1.1\r\n"
                                "Content-Encoding: gzip\r\n"
                                "Content-Length: 5\r\n\r\nhello"), "400 ");
    stage_stop(&f);
}
END_TEST

START_TEST(an_unknown_coding_is_not_supported)
{
    static const char *const codings[] = { "br", "gzip, gzip", "" };

    for (size_t i = 0; i < ARRAY_SIZE(codings); i++) {
        struct http_stage f = start();
        autofree char *headers = xasprintf("Content-Encoding: %s\r\n"
                                           "Content-Length: 5\r\n",
                                           codings[i]);
        const char *text = stage_ask(&f, "POST", "/size", headers);

        EXPECT_STATUS(text, "415 Unsupported Media Type\r\n");
        EXPECT_HAS(text, "\r\nAccept-Encoding: gzip\r\n");
        ck_assert(memory_client_is_ended(f.client));
        stage_stop(&f);
    }
}
END_TEST

static Suite *
http_coding_suite(void)
{
    Suite *suite = suite_create("http_coding");

    test_add(suite, "answer", an_answer_is_coded_for_who_takes_it);
    test_add(suite, "large",
             a_large_answer_is_coded_in_the_pool_and_keeps_its_place);
    test_add(suite, "plain", who_does_not_take_it_gets_it_plain);
    test_add(suite, "as_it_is",
             what_is_small_coded_or_a_stream_stays_as_it_is);
    test_add(suite, "head", head_has_the_length_of_the_coded_body);
    test_add(suite, "weights", accept_encoding_is_weighed);
    test_add(suite, "no_smaller", what_gets_no_smaller_is_not_coded);
    test_add(suite, "request", a_coded_body_arrives_plain);
    test_add(suite, "bomb", a_bomb_is_too_large);
    test_add(suite, "broken", a_coded_body_that_is_none_is_refused);
    test_add(suite, "unknown", an_unknown_coding_is_not_supported);
    return suite;
}

TEST_MAIN(http_coding_suite)
