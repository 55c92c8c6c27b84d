/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_streams.c - answers that go on, in chunks and records. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/lib/http_stage.h"

#define LARGE (300 * 1024)              /* of an answer that is no stream */

/* --- a server with one stream at a time --- */

struct server {
    struct actor base;
    struct http_stream *stream;         /* owned; NULL: none */
    unsigned n_closed;
};

static void
on_stream_closed(struct actor *self, void *arg)
{
    struct server *s = (struct server *) self;

    ck_assert_ptr_eq(arg, s);
    s->n_closed++;
    http_stream_end(&s->stream);
}

static void
write_stream(struct server *s, size_t size)
{
    autofini(strbuf) data = STRBUF(STRBUF_UNLIMITED);

    memset(strbuf_reserve(&data, size), 'y', size);
    strbuf_advance(&data, size);
    http_stream_write(s->stream, &data);
}

static void
on_stream(struct actor *self, struct http_request *request)
{
    struct server *s = (struct server *) self;

    s->stream = http_respond_stream(self, &request, 200, "text/plain",
                                    on_stream_closed, s);
    write_stream(s, 5);
}

static void
on_more(struct actor *self, struct http_request *request)
{
    struct server *s = (struct server *) self;
    const char *size = http_request_query(request, "size");

    write_stream(s, strtoul(size, NULL, 10));
    http_respond_text(&request, 200, "more");
}

static void
on_end(struct actor *self, struct http_request *request)
{
    http_stream_end(&((struct server *) self)->stream);
    http_respond_text(&request, 200, "ended");
}

static void
on_n_closed(struct actor *self, struct http_request *request)
{
    http_respond_text(&request, 200, "%u",
                      ((struct server *) self)->n_closed);
}

static void
on_record(struct actor *self, struct http_request *request)
{
    struct server *s = (struct server *) self;
    size_t size;
    const char *body = http_request_body(request, &size);

    http_stream_write_record(s->stream, body, size);
    http_respond_text(&request, 200, "written");
}

static void
on_large(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    memset(strbuf_reserve(&body, LARGE), 'x', LARGE);
    strbuf_advance(&body, LARGE);
    http_respond(&request, 200, "text/plain", &body);
}

static const struct http_route routes[] = {
    { "/stream", on_stream },
    { "/large", on_large },
    { "/more", on_more },
    { "/record", on_record },
    { "/end", on_end },
    { "/n_closed", on_n_closed },
};

static struct error *
server_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static void
server_fini(struct actor *self)
{
    struct server *s = (struct server *) self;

    if (s->stream) {
        http_stream_end(&s->stream);
    }
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct server), .init = server_init,
    .fini = server_fini,
};

static struct http_stage
start(void)
{
    return stage_start(&server_type, NULL);
}

/* --- streams --- */

START_TEST(a_stream_goes_on_in_chunks_until_it_is_ended)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);
    const char *text = stage_get(&f, "/stream");

    EXPECT_HAS(text, "\r\nTransfer-Encoding: chunked\r\n");
    EXPECT_BODY(text, "5\r\nyyyyy\r\n");
    memory_client_clear(f.client);
    stage_say_to(&f, other, "GET /more?size=2 HTTP/1.1\r\n\r\n");
    ck_assert_str_eq(memory_client_text(f.client, NULL), "2\r\nyy\r\n");
    memory_client_clear(f.client);
    stage_say_to(&f, other, "GET /end HTTP/1.1\r\n\r\n");
    ck_assert_str_eq(memory_client_text(f.client, NULL), "0\r\n\r\n");
    EXPECT_BODY(stage_get(&f, "/n_closed"), "0");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(for_http_1_0_a_stream_ends_with_its_connection)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);
    const char *text = stage_say(&f, "GET /stream HTTP/1.0\r\n\r\n");

    EXPECT_HAS_NOT(text, "Transfer-Encoding");
    EXPECT_BODY(text, "yyyyy");
    ck_assert(!memory_client_is_ended(f.client));
    stage_say_to(&f, other, "GET /end HTTP/1.1\r\n\r\n");
    ck_assert(memory_client_is_ended(f.client));
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(nothing_follows_a_stream_that_ends_with_its_connection)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    stage_say(&f, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                  "GET /n_closed HTTP/1.1\r\n\r\n");
    stage_say_to(&f, other, "GET /end HTTP/1.1\r\n\r\n");
    EXPECT_BODY(memory_client_text(f.client, NULL), "yyyyy");
    ck_assert(memory_client_is_ended(f.client));
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(who_ends_its_side_still_gets_what_stands_before_a_stream)
{
    static const char text[] = "GET /large HTTP/1.1\r\n\r\n"
                               "GET /stream HTTP/1.1\r\n\r\n";
    struct http_stage f = start();
    struct memory_client *reader;
    size_t total = 0, size;

    memory_net_set_window(multi_system_net(f.multi), 65536);
    reader = stage_connect(&f);
    memory_client_write(reader, text, sizeof text - 1);
    memory_client_shutdown(reader);
    do {
        multi_system_run(f.multi);
        memory_client_text(reader, &size);
        memory_client_clear(reader);
        total += size;
    } while (size > 0);

    ck_assert_uint_gt(total, LARGE);
    ck_assert(memory_client_is_ended(reader));
    EXPECT_BODY(stage_get(&f, "/n_closed"), "1");
    memory_client_close(reader);
    stage_stop(&f);
}
END_TEST

START_TEST(the_end_of_a_reader_is_told_once)
{
    struct http_stage f = start();
    struct memory_client *reader = stage_connect(&f);

    stage_say_to(&f, reader, "GET /stream HTTP/1.1\r\n\r\n");
    memory_client_close(reader);
    multi_system_run(f.multi);

    EXPECT_BODY(stage_get(&f, "/n_closed"), "1");
    stage_stop(&f);
}
END_TEST

START_TEST(a_reader_that_falls_behind_is_dropped)
{
    struct http_stage f = start();
    struct memory_client *reader = stage_connect(&f);

    stage_say_to(&f, reader, "GET /stream HTTP/1.1\r\n\r\n");
    for (int i = 0; i < 9; i++) {
        stage_get(&f, "/more?size=8000000");
        if (strcmp(body_of(stage_get(&f, "/n_closed")), "1") == 0) {
            break;
        }
    }

    EXPECT_BODY(stage_get(&f, "/n_closed"), "1");
    ck_assert(memory_client_is_ended(reader));
    memory_client_close(reader);
    stage_stop(&f);
}
END_TEST

START_TEST(a_record_is_one_chunk)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    stage_get(&f, "/stream");
    memory_client_clear(f.client);
    stage_say_to(&f, other, "POST /record HTTP/1.1\r\n"
                            "Content-Length: 12\r\n\r\n{\"type\": 1}\n");
    ck_assert_str_eq(memory_client_text(f.client, NULL),
                     "f\r\n12\n{\"type\": 1}\n\r\n");
    memory_client_clear(f.client);
    stage_say_to(&f, other, "POST /record HTTP/1.1\r\n"
                            "Content-Length: 0\r\n\r\n");
    ck_assert_str_eq(memory_client_text(f.client, NULL), "2\r\n0\n\r\n");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(head_of_a_stream_ends_at_once)
{
    struct http_stage f = start();
    const char *text = stage_ask(&f, "HEAD", "/stream", "");

    EXPECT_HAS(text, "\r\nTransfer-Encoding: chunked\r\n");
    EXPECT_BODY(text, "");
    EXPECT_BODY(stage_get(&f, "/n_closed"), "1");
    stage_stop(&f);
}
END_TEST

static Suite *
http_streams_suite(void)
{
    Suite *suite = suite_create("http_streams");

    test_add(suite, "stream",
             a_stream_goes_on_in_chunks_until_it_is_ended);
    test_add(suite, "stream_1_0",
             for_http_1_0_a_stream_ends_with_its_connection);
    test_add(suite, "stream_last",
             nothing_follows_a_stream_that_ends_with_its_connection);
    test_add(suite, "stream_half_close",
             who_ends_its_side_still_gets_what_stands_before_a_stream);
    test_add(suite, "stream_reader", the_end_of_a_reader_is_told_once);
    test_add(suite, "stream_slow", a_reader_that_falls_behind_is_dropped);
    test_add(suite, "record", a_record_is_one_chunk);
    test_add(suite, "head", head_of_a_stream_ends_at_once);
    return suite;
}

TEST_MAIN(http_streams_suite)
