/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http.c - routes, requests and answers of actors, by a client that
 * writes its bytes by hand. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

/* --- a server of many habits --- */

struct server {
    struct actor base;
    struct http_request *kept;          /* owned; answered by /release */
    struct http_stream *stream;         /* owned; NULL: none */
    unsigned n_closed;
};

static void
on_hello(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "hello");
}

static void
on_echo(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    const char *q = http_request_query(request, "q");
    size_t size;
    const char *body = http_request_body(request, &size);

    strbuf_printf(&text, "%s|%s|%s|%s|", http_request_method(request),
                  http_request_path(request), http_request_rest(request),
                  q ? q : "-");
    strbuf_append_bytes(&text, body, size);
    http_respond(&request, 200, "text/plain", &text);
}

static void
on_keep(struct actor *self, struct http_request *request)
{
    ((struct server *) self)->kept = request;
}

static void
on_release(struct actor *self, struct http_request *request)
{
    struct server *s = (struct server *) self;

    http_respond_text(&s->kept, 200, "kept");
    http_respond_text(&request, 200, "released");
}

static void
on_stop(struct actor *self, struct http_request *request)
{
    http_respond_text(&request, 200, "stopping");
    actor_stop(self);
}

static void
on_post_only(struct actor *self UNUSED, struct http_request *request)
{
    static const char *const methods[] = { "POST", "PUT" };

    http_respond_method_not_allowed(&request, methods, 2);
}

static void
on_failure(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_error(&request, error_create(ERROR_NOT_FOUND, "no cake"));
}

static void
on_header(struct actor *self UNUSED, struct http_request *request)
{
    http_response_header(request, "X-One", "1");
    http_response_header(request, "X-Two", "2\r\nX-Evil: 3");
    http_respond(&request, 204, NULL, NULL);
}

static void
on_big(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    memset(strbuf_reserve(&body, 5 << 20), 'x', 5 << 20);
    strbuf_advance(&body, 5 << 20);
    http_respond(&request, 200, "text/plain", &body);
}

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

static const struct http_route routes[] = {
    { "", on_hello, "The bare id.", NULL },
    { "/hello", on_hello, "Says hello.", "At length." },
    { "/echo", on_echo, "Says it again.", NULL },
    { "/echo/long", on_hello, NULL, NULL },
    { "/keep", on_keep, NULL, NULL },
    { "/release", on_release, NULL, NULL },
    { "/stop", on_stop, NULL, NULL },
    { "/post", on_post_only, NULL, NULL },
    { "/failure", on_failure, NULL, NULL },
    { "/header", on_header, NULL, NULL },
    { "/big", on_big, NULL, NULL },
    { "/stream", on_stream, NULL, NULL },
    { "/more", on_more, NULL, NULL },
    { "/end", on_end, NULL, NULL },
    { "/n_closed", on_n_closed, NULL, NULL },
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

    if (s->kept) {
        http_respond_text(&s->kept, 503, "ending");
    }
    if (s->stream) {
        http_stream_end(&s->stream);
    }
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct server), .init = server_init,
    .fini = server_fini,
};

/* --- fixture --- */

struct fixture {
    struct multi_system *multi;
    struct actor_system *system;
    struct memory_client *client;
    struct upid upid;
};

static struct memory_client *
connect_to(struct fixture *f)
{
    return memory_client_connect(multi_system_net(f->multi),
                                 actor_system_address(f->system));
}

static struct fixture
start(void)
{
    struct actor_system_options options = { .delegate = "server(1)" };
    struct fixture f = { .multi = multi_system_create() };

    f.system = multi_system_add(f.multi, &options);
    ck_assert_ptr_null(actor_spawn(f.system, &server_type, NULL, NULL,
                                   &f.upid));
    f.client = connect_to(&f);
    return f;
}

static void
stop(struct fixture *f)
{
    memory_client_close(f->client);
    multi_system_run(f->multi);
    multi_system_destroy(f->multi);
}

static void
say_to(struct fixture *f, struct memory_client *client, const char *text)
{
    memory_client_write(client, text, strlen(text));
    multi_system_run(f->multi);
}

static const char *
say(struct fixture *f, const char *text)
{
    memory_client_clear(f->client);
    say_to(f, f->client, text);
    return memory_client_text(f->client, NULL);
}

static const char *
get(struct fixture *f, const char *path)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    return say(f, text.data);
}

/* After the headers. */
static const char *
body_of(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");

    return end ? end + 4 : "(no body)";
}

#define EXPECT_STATUS(text, status) \
    ck_assert_msg(strncmp((text), "HTTP/1.1 " status, \
                          strlen("HTTP/1.1 " status)) == 0, \
                  "got '%.80s'", (text))
#define EXPECT_HAS(text, part) \
    ck_assert_msg(strstr((text), (part)) != NULL, "got '%.400s'", (text))
#define EXPECT_HAS_NOT(text, part) \
    ck_assert_msg(strstr((text), (part)) == NULL, "got '%.400s'", (text))

static unsigned
occurrences(const char *text, const char *part)
{
    unsigned n = 0;

    for (const char *p = text; (p = strstr(p, part)); p++) {
        n++;
    }
    return n;
}

/* --- routes --- */

START_TEST(a_route_answers_under_its_actor_and_for_the_delegate)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(get(&f, "/server(1)/hello")), "hello");
    ck_assert_str_eq(body_of(get(&f, "/server%281%29/hello")), "hello");
    ck_assert_str_eq(body_of(get(&f, "/hello")), "hello");
    ck_assert_str_eq(body_of(get(&f, "/hello/")), "hello");
    ck_assert_str_eq(body_of(get(&f, "/")), "hello");
    ck_assert_str_eq(body_of(get(&f, "/server(1)")), "hello");
    stop(&f);
}
END_TEST

START_TEST(the_longest_route_wins_and_the_rest_is_given)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(get(&f, "/echo")), "GET|/echo||-|");
    ck_assert_str_eq(body_of(get(&f, "/echo/a/b?q=1+2%26")),
                     "GET|/echo/a/b|a/b|1 2&|");
    ck_assert_str_eq(body_of(get(&f, "/echo/long")), "hello");
    ck_assert_str_eq(body_of(get(&f, "/echo/longer")),
                     "GET|/echo/longer|longer|-|");
    ck_assert_str_eq(body_of(get(&f, "/echo?q=1&q=2;q=3")),
                     "GET|/echo||3|");
    ck_assert_str_eq(body_of(get(&f, "http://host:1/echo?q=x")),
                     "GET|/echo||x|");
    stop(&f);
}
END_TEST

START_TEST(what_has_no_route_is_not_found)
{
    struct fixture f = start();

    EXPECT_STATUS(get(&f, "/nope"), "404 Not Found");
    EXPECT_STATUS(get(&f, "/hell"), "404 ");
    EXPECT_STATUS(get(&f, "/help/../hello"), "404 ");
    EXPECT_STATUS(get(&f, "/%2e%2e/hello"), "404 ");
    ck_assert_str_eq(body_of(get(&f, "/nope")), "404 Not Found.");
    stop(&f);
}
END_TEST

START_TEST(a_malformed_target_is_refused)
{
    struct fixture f = start();

    EXPECT_STATUS(get(&f, "/echo%"), "400 ");
    EXPECT_STATUS(get(&f, "/echo%4"), "400 ");
    EXPECT_STATUS(get(&f, "/echo%00"), "400 ");
    EXPECT_STATUS(get(&f, "/echo?q=%zz"), "400 ");
    EXPECT_STATUS(say(&f, "OPTIONS * HTTP/1.1\r\n\r\n"), "400 ");
    stop(&f);
}
END_TEST

START_TEST(routes_go_with_their_actor_and_come_with_its_successor)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(get(&f, "/stop")), "stopping");
    EXPECT_STATUS(get(&f, "/hello"), "404 ");
    ck_assert_ptr_null(actor_spawn(f.system, &server_type, "server(1)", NULL,
                                   NULL));
    ck_assert_str_eq(body_of(get(&f, "/hello")), "hello");
    stop(&f);
}
END_TEST

/* --- answers --- */

START_TEST(answers_have_the_headers_of_http)
{
    struct fixture f = start();
    const char *text = get(&f, "/hello");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 5\r\n");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    EXPECT_HAS(text, " GMT\r\n");
    EXPECT_HAS_NOT(text, "Connection:");
    stop(&f);
}
END_TEST

START_TEST(head_gets_headers_without_a_body)
{
    struct fixture f = start();
    const char *text = say(&f, "HEAD /hello HTTP/1.1\r\n\r\n");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 5\r\n");
    ck_assert_str_eq(body_of(text), "");
    ck_assert_str_eq(body_of(get(&f, "/hello")), "hello");
    stop(&f);
}
END_TEST

START_TEST(errors_and_methods_are_worded_as_in_mesos)
{
    struct fixture f = start();
    const char *text = get(&f, "/failure");

    EXPECT_STATUS(text, "404 ");
    ck_assert_str_eq(body_of(text), "no cake");
    text = get(&f, "/post");
    EXPECT_STATUS(text, "405 Method Not Allowed\r\n");
    EXPECT_HAS(text, "\r\nAllow: POST, PUT\r\n");
    ck_assert_str_eq(body_of(text), "405 Method Not Allowed. Expecting one "
                     "of { 'POST', 'PUT' }, but received 'GET'.");
    stop(&f);
}
END_TEST

START_TEST(a_header_cannot_smuggle_another)
{
    struct fixture f = start();
    const char *text = get(&f, "/header");

    EXPECT_STATUS(text, "204 No Content\r\n");
    EXPECT_HAS(text, "\r\nX-One: 1\r\n");
    EXPECT_HAS_NOT(text, "X-Evil");
    EXPECT_HAS_NOT(text, "Content-Length");
    stop(&f);
}
END_TEST

START_TEST(jsonp_wraps_json)
{
    struct fixture f = start();

    EXPECT_HAS(get(&f, "/version"), "Content-Type: application/json\r\n");
    EXPECT_HAS(get(&f, "/version"), "\"version\":\"1.12.0\"");
    EXPECT_HAS(get(&f, "/version?jsonp=f"),
               "Content-Type: text/javascript\r\n");
    EXPECT_HAS(get(&f, "/version?jsonp=f"), "\r\n\r\nf({");
    stop(&f);
}
END_TEST

START_TEST(a_large_answer_comes_whole_through_a_small_window)
{
    struct fixture f = start();
    size_t total = 0;

    memory_net_set_window(multi_system_net(f.multi), 65536);
    get(&f, "/big");
    for (int i = 0; i < 200; i++) {
        size_t size;

        memory_client_text(f.client, &size);
        total += size;
        memory_client_clear(f.client);
        multi_system_run(f.multi);
    }

    ck_assert_uint_gt(total, 5 << 20);
    ck_assert_uint_lt(total, (5 << 20) + 300);
    stop(&f);
}
END_TEST

/* --- order, lives --- */

START_TEST(pipelined_requests_are_answered_in_order)
{
    struct fixture f = start();
    const char *text = say(&f, "GET /keep HTTP/1.1\r\n\r\n"
                               "GET /hello HTTP/1.1\r\n\r\n");

    ck_assert_str_eq(text, "");
    text = say(&f, "GET /release HTTP/1.1\r\n\r\n");

    const char *kept = strstr(text, "\r\n\r\nkept");
    const char *hello = strstr(text, "\r\n\r\nhello");
    const char *released = strstr(text, "\r\n\r\nreleased");

    ck_assert(kept && hello && released);
    ck_assert(kept < hello && hello < released);
    stop(&f);
}
END_TEST

START_TEST(a_pipeline_beyond_the_limit_waits)
{
    struct fixture f = start();
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct memory_client *other = connect_to(&f);

    strbuf_append(&text, "GET /keep HTTP/1.1\r\n\r\n");
    for (int i = 0; i < 3 * LIMIT_HTTP_PIPELINE; i++) {
        strbuf_append(&text, "GET /hello HTTP/1.1\r\n\r\n");
    }
    ck_assert_str_eq(say(&f, text.data), "");
    say_to(&f, other, "GET /release HTTP/1.1\r\n\r\n");

    ck_assert_uint_eq(occurrences(memory_client_text(f.client, NULL),
                                  "HTTP/1.1 200 OK"),
                      1 + 3 * LIMIT_HTTP_PIPELINE);
    memory_client_close(other);
    stop(&f);
}
END_TEST

START_TEST(a_client_may_die_before_its_answer)
{
    struct fixture f = start();
    struct memory_client *other = connect_to(&f);

    say_to(&f, other, "GET /keep HTTP/1.1\r\n\r\n");
    memory_client_close(other);
    memory_net_break_all(multi_system_net(f.multi));
    multi_system_run(f.multi);
    memory_client_close(f.client);
    f.client = connect_to(&f);

    ck_assert_str_eq(body_of(get(&f, "/release")), "released");
    stop(&f);
}
END_TEST

START_TEST(a_client_that_ends_its_side_still_gets_its_answer)
{
    struct fixture f = start();

    memory_client_write(f.client, "GET /hello HTTP/1.1\r\n\r\n", 23);
    memory_client_shutdown(f.client);
    multi_system_run(f.multi);

    ck_assert_str_eq(body_of(memory_client_text(f.client, NULL)), "hello");
    ck_assert(memory_client_is_ended(f.client));
    stop(&f);
}
END_TEST

START_TEST(what_waits_for_an_actor_that_ends_gets_500)
{
    struct fixture f = start();
    const char *text = say(&f, "GET /stop HTTP/1.1\r\n\r\n"
                               "GET /hello HTTP/1.1\r\n\r\n");

    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\n\r\nstoppingHTTP/1.1 500 Internal Server Error");
    stop(&f);
}
END_TEST

START_TEST(connections_close_when_they_should)
{
    struct fixture f = start();
    const char *text = say(&f, "GET /hello HTTP/1.1\r\n"
                               "Connection: close\r\n\r\n");

    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    ck_assert(memory_client_is_ended(f.client));
    memory_client_close(f.client);
    f.client = connect_to(&f);
    text = say(&f, "GET /hello HTTP/1.0\r\n\r\n");
    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    ck_assert(memory_client_is_ended(f.client));
    memory_client_close(f.client);
    f.client = connect_to(&f);
    text = say(&f, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_HAS(text, "\r\nConnection: keep-alive\r\n");
    ck_assert(!memory_client_is_ended(f.client));
    stop(&f);
}
END_TEST

START_TEST(an_idle_connection_stays_and_a_stalled_request_does_not)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(get(&f, "/hello")), "hello");
    say(&f, "\r\n");                    /* as some do after a body */
    multi_system_advance(f.multi, HOUR);
    ck_assert(!memory_client_is_ended(f.client));
    say(&f, "GET /hel");
    multi_system_advance(f.multi, 2 * MINUTE);

    EXPECT_STATUS(memory_client_text(f.client, NULL), "408 ");
    ck_assert(memory_client_is_ended(f.client));
    stop(&f);
}
END_TEST

/* --- what is refused --- */

START_TEST(garbage_is_answered_and_the_connection_ends)
{
    struct fixture f = start();
    const char *text = say(&f, "GET /hello HTTP/1.1\n\n");

    EXPECT_STATUS(text, "400 Bad Request\r\n");
    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    ck_assert(memory_client_is_ended(f.client));
    stop(&f);
}
END_TEST

START_TEST(what_came_before_garbage_is_answered_first)
{
    struct fixture f = start();
    const char *text = say(&f, "GET /hello HTTP/1.1\r\n\r\n"
                               "GET / HTTP/1.1\r\nA : b\r\n\r\n"
                               "GET /hello HTTP/1.1\r\n\r\n");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\n\r\nhelloHTTP/1.1 400 ");
    ck_assert_uint_eq(occurrences(text, "HTTP/1.1 "), 2);
    stop(&f);
}
END_TEST

START_TEST(limits_are_answered)
{
    struct fixture f = start();
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 200; i++) {
        strbuf_append(&text, "A: b\r\n");
    }
    EXPECT_STATUS(say(&f, text.data), "431 ");
    memory_client_close(f.client);
    f.client = connect_to(&f);
    EXPECT_STATUS(say(&f, "POST /echo HTTP/1.1\r\n"
                          "Content-Length: 99999999999\r\n\r\n"), "413 ");
    memory_client_close(f.client);
    f.client = connect_to(&f);
    EXPECT_STATUS(say(&f, "POST /echo HTTP/1.1\r\nExpect: tea\r\n"
                          "Content-Length: 1\r\n\r\n"), "417 ");
    stop(&f);
}
END_TEST

/* --- bodies --- */

START_TEST(a_body_arrives_by_length_and_in_chunks)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(say(&f, "POST /echo HTTP/1.1\r\n"
                                     "Content-Length: 3\r\n\r\nabc")),
                     "POST|/echo||-|abc");
    ck_assert_str_eq(body_of(say(&f, "POST /echo HTTP/1.1\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n"
                                     "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")),
                     "POST|/echo||-|abc");
    stop(&f);
}
END_TEST

START_TEST(who_expects_100_continue_gets_it)
{
    struct fixture f = start();

    ck_assert_str_eq(say(&f, "POST /echo HTTP/1.1\r\n"
                             "Expect: 100-continue\r\n"
                             "Content-Length: 3\r\n\r\n"),
                     "HTTP/1.1 100 Continue\r\n\r\n");
    ck_assert_str_eq(body_of(say(&f, "abc")), "POST|/echo||-|abc");
    stop(&f);
}
END_TEST

START_TEST(an_upgrade_that_is_not_ours_is_an_ordinary_request)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(say(&f, "GET /hello HTTP/1.1\r\n"
                                     "Connection: Upgrade\r\n"
                                     "Upgrade: h2c\r\n\r\n")), "hello");
    stop(&f);
}
END_TEST

/* --- streams --- */

START_TEST(a_stream_goes_on_in_chunks_until_it_is_ended)
{
    struct fixture f = start();
    struct memory_client *other = connect_to(&f);
    const char *text = get(&f, "/stream");

    EXPECT_HAS(text, "\r\nTransfer-Encoding: chunked\r\n");
    ck_assert_str_eq(body_of(text), "5\r\nyyyyy\r\n");
    memory_client_clear(f.client);
    say_to(&f, other, "GET /more?size=2 HTTP/1.1\r\n\r\n");
    ck_assert_str_eq(memory_client_text(f.client, NULL), "2\r\nyy\r\n");
    memory_client_clear(f.client);
    say_to(&f, other, "GET /end HTTP/1.1\r\n\r\n");
    ck_assert_str_eq(memory_client_text(f.client, NULL), "0\r\n\r\n");
    ck_assert_str_eq(body_of(get(&f, "/n_closed")), "0");
    memory_client_close(other);
    stop(&f);
}
END_TEST

START_TEST(for_http_1_0_a_stream_ends_with_its_connection)
{
    struct fixture f = start();
    struct memory_client *other = connect_to(&f);
    const char *text = say(&f, "GET /stream HTTP/1.0\r\n\r\n");

    EXPECT_HAS_NOT(text, "Transfer-Encoding");
    ck_assert_str_eq(body_of(text), "yyyyy");
    ck_assert(!memory_client_is_ended(f.client));
    say_to(&f, other, "GET /end HTTP/1.1\r\n\r\n");
    ck_assert(memory_client_is_ended(f.client));
    memory_client_close(other);
    stop(&f);
}
END_TEST

START_TEST(the_end_of_a_reader_is_told_once)
{
    struct fixture f = start();
    struct memory_client *reader = connect_to(&f);

    say_to(&f, reader, "GET /stream HTTP/1.1\r\n\r\n");
    memory_client_close(reader);
    multi_system_run(f.multi);

    ck_assert_str_eq(body_of(get(&f, "/n_closed")), "1");
    stop(&f);
}
END_TEST

START_TEST(a_reader_that_falls_behind_is_dropped)
{
    struct fixture f = start();
    struct memory_client *reader = connect_to(&f);

    say_to(&f, reader, "GET /stream HTTP/1.1\r\n\r\n");
    for (int i = 0; i < 9; i++) {
        get(&f, "/more?size=8000000");
        if (strcmp(body_of(get(&f, "/n_closed")), "1") == 0) {
            break;
        }
    }

    ck_assert_str_eq(body_of(get(&f, "/n_closed")), "1");
    ck_assert(memory_client_is_ended(reader));
    memory_client_close(reader);
    stop(&f);
}
END_TEST

/* --- built-in actors --- */

START_TEST(help_lists_actors_routes_and_pages)
{
    struct fixture f = start();
    const char *text = say(&f, "GET /help HTTP/1.1\r\n"
                               "User-Agent: curl/7\r\n\r\n");

    EXPECT_HAS(text, "Content-Type: text/x-markdown\r\n");
    EXPECT_HAS(text, "> [/server(1)][server(1)]\n");
    EXPECT_HAS(text, "> [/metrics][metrics]\n");
    EXPECT_HAS_NOT(text, "__processes__");
    EXPECT_HAS(get(&f, "/help/server(1)/hello"), "Says hello.");
    EXPECT_HAS(get(&f, "/help?format=json"), "\"name\":\"/hello\"");
    EXPECT_STATUS(get(&f, "/help/nobody"), "400 ");
    stop(&f);
}
END_TEST

START_TEST(verbosity_is_raised_for_a_while)
{
    struct fixture f = start();

    ck_assert_str_eq(body_of(get(&f, "/logging/toggle")), "0\n");
    EXPECT_STATUS(get(&f, "/logging/toggle?level=1"), "400 ");
    EXPECT_STATUS(get(&f, "/logging/toggle?level=x&duration=1secs"), "400 ");
    EXPECT_STATUS(get(&f, "/logging/toggle?level=1&duration=x"), "400 ");
    EXPECT_STATUS(get(&f, "/logging/toggle?level=1&duration=10secs"),
                  "200 ");
    ck_assert_int_eq(log_verbosity(), 1);
    multi_system_advance(f.multi, 11 * SECOND);
    ck_assert_str_eq(body_of(get(&f, "/logging/toggle")), "0\n");
    stop(&f);
}
END_TEST

START_TEST(metrics_stats_and_actors_are_shown)
{
    struct fixture f = start();

    EXPECT_HAS(get(&f, "/metrics/snapshot"), "\"system/cpus_total\":");
    EXPECT_STATUS(get(&f, "/metrics/snapshot?timeout=1secs"), "200 ");
    EXPECT_HAS(get(&f, "/metrics/snapshot?timeout=x"),
               "Invalid timeout 'x': ");
    EXPECT_HAS(get(&f, "/system/stats.json"), "\"mem_total_bytes\":");
    EXPECT_HAS(get(&f, "/__processes__"), "\"id\":\"server(1)\"");
    stop(&f);
}
END_TEST

static Suite *
http_suite(void)
{
    Suite *suite = suite_create("http");

    test_add(suite, "delegate",
             a_route_answers_under_its_actor_and_for_the_delegate);
    test_add(suite, "longest", the_longest_route_wins_and_the_rest_is_given);
    test_add(suite, "not_found", what_has_no_route_is_not_found);
    test_add(suite, "target", a_malformed_target_is_refused);
    test_add(suite, "successor",
             routes_go_with_their_actor_and_come_with_its_successor);
    test_add(suite, "headers", answers_have_the_headers_of_http);
    test_add(suite, "head", head_gets_headers_without_a_body);
    test_add(suite, "errors", errors_and_methods_are_worded_as_in_mesos);
    test_add(suite, "smuggle", a_header_cannot_smuggle_another);
    test_add(suite, "jsonp", jsonp_wraps_json);
    test_add(suite, "big",
             a_large_answer_comes_whole_through_a_small_window);
    test_add(suite, "order", pipelined_requests_are_answered_in_order);
    test_add(suite, "pipeline", a_pipeline_beyond_the_limit_waits);
    test_add(suite, "client_dies", a_client_may_die_before_its_answer);
    test_add(suite, "half_close",
             a_client_that_ends_its_side_still_gets_its_answer);
    test_add(suite, "actor_ends", what_waits_for_an_actor_that_ends_gets_500);
    test_add(suite, "close", connections_close_when_they_should);
    test_add(suite, "idle",
             an_idle_connection_stays_and_a_stalled_request_does_not);
    test_add(suite, "garbage",
             garbage_is_answered_and_the_connection_ends);
    test_add(suite, "before_garbage",
             what_came_before_garbage_is_answered_first);
    test_add(suite, "limits", limits_are_answered);
    test_add(suite, "body", a_body_arrives_by_length_and_in_chunks);
    test_add(suite, "continue", who_expects_100_continue_gets_it);
    test_add(suite, "upgrade",
             an_upgrade_that_is_not_ours_is_an_ordinary_request);
    test_add(suite, "stream",
             a_stream_goes_on_in_chunks_until_it_is_ended);
    test_add(suite, "stream_1_0",
             for_http_1_0_a_stream_ends_with_its_connection);
    test_add(suite, "stream_reader", the_end_of_a_reader_is_told_once);
    test_add(suite, "stream_slow", a_reader_that_falls_behind_is_dropped);
    test_add(suite, "help", help_lists_actors_routes_and_pages);
    test_add(suite, "logging", verbosity_is_raised_for_a_while);
    test_add(suite, "metrics", metrics_stats_and_actors_are_shown);
    return suite;
}

TEST_MAIN(http_suite)
