/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http.c - connections, requests and answers, by a client that writes its
 * bytes by hand. */
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
#include "tests/lib/http_stage.h"

/* --- a server of many habits --- */

struct server {
    struct actor base;
    struct http_request *kept;          /* owned; answered by /release */
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

/* The second one has no room behind the first. */
static void
on_much_header(struct actor *self UNUSED, struct http_request *request)
{
    enum { SIZE = 40 * 1024 };
    autofree char *value = xmalloc(SIZE + 1);

    memset(value, 'x', SIZE);
    value[SIZE] = '\0';
    http_response_header(request, "X-One", value);
    http_response_header(request, "X-Two", value);
    http_response_header(request, "X-Three", "3");
    http_respond(&request, 200, "text/plain\r\nX-Evil: 3", NULL);
}

static void
on_big(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    memset(strbuf_reserve(&body, 5 << 20), 'x', 5 << 20);
    strbuf_advance(&body, 5 << 20);
    http_respond(&request, 200, "text/plain", &body);
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
    { "/much_header", on_much_header, NULL, NULL },
    { "/big", on_big, NULL, NULL },
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

/* --- answers --- */

START_TEST(answers_have_the_headers_of_http)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/hello");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 5\r\n");
    EXPECT_HAS(text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    EXPECT_HAS(text, " GMT\r\n");
    EXPECT_HAS_NOT(text, "Connection:");
    stage_stop(&f);
}
END_TEST

START_TEST(head_gets_headers_without_a_body)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "HEAD /hello HTTP/1.1\r\n\r\n");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\nContent-Length: 5\r\n");
    EXPECT_BODY(text, "");
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    stage_stop(&f);
}
END_TEST

START_TEST(errors_and_methods_are_worded_as_in_mesos)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/failure");

    EXPECT_STATUS(text, "404 ");
    EXPECT_BODY(text, "no cake");
    text = stage_get(&f, "/post");
    EXPECT_STATUS(text, "405 Method Not Allowed\r\n");
    EXPECT_HAS(text, "\r\nAllow: POST, PUT\r\n");
    EXPECT_BODY(text, "405 Method Not Allowed. Expecting one "
                     "of { 'POST', 'PUT' }, but received 'GET'.");
    stage_stop(&f);
}
END_TEST

START_TEST(a_header_cannot_smuggle_another)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/header");

    EXPECT_STATUS(text, "204 No Content\r\n");
    EXPECT_HAS(text, "\r\nX-One: 1\r\n");
    EXPECT_HAS_NOT(text, "X-Evil");
    EXPECT_HAS_NOT(text, "Content-Length");
    stage_stop(&f);
}
END_TEST

START_TEST(a_header_without_room_is_left_out_whole)
{
    struct http_stage f = start();
    const char *text = stage_get(&f, "/much_header");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "x\r\nX-Three: 3\r\nContent-Length: 0\r\n\r\n");
    EXPECT_HAS_NOT(text, "X-Two");
    EXPECT_HAS_NOT(text, "X-Evil");
    stage_stop(&f);
}
END_TEST

START_TEST(jsonp_wraps_json)
{
    struct http_stage f = start();

    EXPECT_HAS(stage_get(&f, "/version"),
               "Content-Type: application/json\r\n");
    EXPECT_HAS(stage_get(&f, "/version"), "\"version\":\"1.12.0\"");
    EXPECT_HAS(stage_get(&f, "/version?jsonp=f"),
               "Content-Type: text/javascript\r\n");
    EXPECT_HAS(stage_get(&f, "/version?jsonp=f"), "\r\n\r\nf({");
    stage_stop(&f);
}
END_TEST

START_TEST(a_large_answer_comes_whole_through_a_small_window)
{
    struct http_stage f = start();
    size_t total = 0;

    memory_net_set_window(multi_system_net(f.multi), 65536);
    stage_get(&f, "/big");
    for (int i = 0; i < 200; i++) {
        size_t size;

        memory_client_text(f.client, &size);
        total += size;
        memory_client_clear(f.client);
        multi_system_run(f.multi);
    }

    ck_assert_uint_gt(total, 5 << 20);
    ck_assert_uint_lt(total, (5 << 20) + 300);
    stage_stop(&f);
}
END_TEST

/* --- order, lives --- */

START_TEST(pipelined_requests_are_answered_in_order)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "GET /keep HTTP/1.1\r\n\r\n"
                               "GET /hello HTTP/1.1\r\n\r\n");

    ck_assert_str_eq(text, "");
    text = stage_say(&f, "GET /release HTTP/1.1\r\n\r\n");

    const char *kept = strstr(text, "\r\n\r\nkept");
    const char *hello = strstr(text, "\r\n\r\nhello");
    const char *released = strstr(text, "\r\n\r\nreleased");

    ck_assert(kept && hello && released);
    ck_assert(kept < hello && hello < released);
    stage_stop(&f);
}
END_TEST

/* What happens on the network when 'n' requests come at once. */
static uint64_t
events_of_pipeline(struct http_stage *f, unsigned n)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct memory_net *net = multi_system_net(f->multi);
    uint64_t before = memory_net_n_events(net);

    for (unsigned i = 0; i < n; i++) {
        strbuf_append(&text, "GET /hello HTTP/1.1\r\n\r\n");
    }
    ck_assert_uint_eq(occurrences(stage_say(f, text.data), "hello"), n);
    return memory_net_n_events(net) - before;
}

START_TEST(answers_of_a_pipeline_are_written_together)
{
    struct http_stage f = start();

    stage_get(&f, "/hello");            /* the connection is there */
    uint64_t of_one = events_of_pipeline(&f, 1);
    ck_assert_uint_eq(events_of_pipeline(&f, 10), of_one);
    stage_stop(&f);
}
END_TEST

START_TEST(a_pipeline_beyond_the_limit_waits)
{
    struct http_stage f = start();
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct memory_client *other = stage_connect(&f);

    strbuf_append(&text, "GET /keep HTTP/1.1\r\n\r\n");
    for (int i = 0; i < 3 * LIMIT_HTTP_PIPELINE; i++) {
        strbuf_append(&text, "GET /hello HTTP/1.1\r\n\r\n");
    }
    ck_assert_str_eq(stage_say(&f, text.data), "");
    stage_say_to(&f, other, "GET /release HTTP/1.1\r\n\r\n");

    ck_assert_uint_eq(occurrences(memory_client_text(f.client, NULL),
                                  "HTTP/1.1 200 OK"),
                      1 + 3 * LIMIT_HTTP_PIPELINE);
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(a_client_may_die_before_its_answer)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    stage_say_to(&f, other, "GET /keep HTTP/1.1\r\n\r\n");
    memory_client_close(other);
    memory_net_break_all(multi_system_net(f.multi));
    multi_system_run(f.multi);
    stage_reconnect(&f);

    EXPECT_BODY(stage_get(&f, "/release"), "released");
    stage_stop(&f);
}
END_TEST

START_TEST(a_client_that_ends_its_side_still_gets_its_answer)
{
    struct http_stage f = start();

    memory_client_write(f.client, "GET /hello HTTP/1.1\r\n\r\n", 23);
    memory_client_shutdown(f.client);
    multi_system_run(f.multi);

    EXPECT_BODY(memory_client_text(f.client, NULL), "hello");
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(what_waits_for_an_actor_that_ends_gets_500)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "GET /stop HTTP/1.1\r\n\r\n"
                               "GET /hello HTTP/1.1\r\n\r\n");

    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\n\r\nstoppingHTTP/1.1 500 Internal Server Error");
    stage_stop(&f);
}
END_TEST

START_TEST(connections_close_when_they_should)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "GET /hello HTTP/1.1\r\n"
                               "Connection: close\r\n\r\n");

    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    ck_assert(memory_client_is_ended(f.client));
    stage_reconnect(&f);
    text = stage_say(&f, "GET /hello HTTP/1.0\r\n\r\n");
    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    ck_assert(memory_client_is_ended(f.client));
    stage_reconnect(&f);
    text = stage_say(&f, "GET /hello HTTP/1.0\r\n"
                         "Connection: keep-alive\r\n\r\n");
    EXPECT_HAS(text, "\r\nConnection: keep-alive\r\n");
    ck_assert(!memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(an_idle_connection_stays_and_a_stalled_request_does_not)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    stage_say(&f, "\r\n");                    /* as some do after a body */
    multi_system_advance(f.multi, HOUR);
    ck_assert(!memory_client_is_ended(f.client));
    stage_say(&f, "GET /hel");
    multi_system_advance(f.multi, 2 * MINUTE);

    EXPECT_STATUS(memory_client_text(f.client, NULL), "408 ");
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

/* --- what is refused --- */

START_TEST(garbage_is_answered_and_the_connection_ends)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "GET /hello HTTP/1.1\n\n");

    EXPECT_STATUS(text, "400 Bad Request\r\n");
    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(what_came_before_garbage_is_answered_first)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "GET /hello HTTP/1.1\r\n\r\n"
                               "GET / HTTP/1.1\r\nA : b\r\n\r\n"
                               "GET /hello HTTP/1.1\r\n\r\n");

    EXPECT_STATUS(text, "200 OK\r\n");
    EXPECT_HAS(text, "\r\n\r\nhelloHTTP/1.1 400 ");
    ck_assert_uint_eq(occurrences(text, "HTTP/1.1 "), 2);
    stage_stop(&f);
}
END_TEST

START_TEST(limits_are_answered)
{
    struct http_stage f = start();
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "GET / HTTP/1.1\r\n");
    for (int i = 0; i < 200; i++) {
        strbuf_append(&text, "A: b\r\n");
    }
    EXPECT_STATUS(stage_say(&f, text.data), "431 ");
    stage_reconnect(&f);
    EXPECT_STATUS(stage_say(&f, "POST /echo HTTP/1.1\r\n"
                          "Content-Length: 99999999999\r\n\r\n"), "413 ");
    stage_reconnect(&f);
    EXPECT_STATUS(stage_say(&f, "POST /echo HTTP/1.1\r\nExpect: tea\r\n"
                          "Content-Length: 1\r\n\r\n"), "417 ");
    stage_stop(&f);
}
END_TEST

/* --- bodies --- */

START_TEST(a_body_arrives_by_length_and_in_chunks)
{
    struct http_stage f = start();

    ck_assert_str_eq(body_of(stage_say(&f, "POST /echo HTTP/1.1\r\n"
                                     "Content-Length: 3\r\n\r\nabc")),
                     "POST|/echo||-|abc");
    ck_assert_str_eq(body_of(stage_say(&f, "POST /echo HTTP/1.1\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n"
                                     "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")),
                     "POST|/echo||-|abc");
    stage_stop(&f);
}
END_TEST

START_TEST(who_expects_100_continue_gets_it)
{
    struct http_stage f = start();

    ck_assert_str_eq(stage_say(&f, "POST /echo HTTP/1.1\r\n"
                             "Expect: 100-continue\r\n"
                             "Content-Length: 3\r\n\r\n"),
                     "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_BODY(stage_say(&f, "abc"), "POST|/echo||-|abc");
    stage_stop(&f);
}
END_TEST

START_TEST(who_expects_100_continue_gets_it_after_the_answers_before)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    ck_assert_str_eq(stage_say(&f, "GET /keep HTTP/1.1\r\n\r\n"
                                   "POST /echo HTTP/1.1\r\n"
                                   "Expect: 100-continue\r\n"
                                   "Content-Length: 3\r\n\r\n"), "");
    multi_system_advance(f.multi, 2 * MINUTE);
    stage_say_to(&f, other, "GET /release HTTP/1.1\r\n\r\n");
    EXPECT_BODY(memory_client_text(f.client, NULL),
                "keptHTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_BODY(stage_say(&f, "abc"), "POST|/echo||-|abc");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(an_upgrade_that_is_not_ours_is_an_ordinary_request)
{
    struct http_stage f = start();

    ck_assert_str_eq(body_of(stage_say(&f, "GET /hello HTTP/1.1\r\n"
                                     "Connection: Upgrade\r\n"
                                     "Upgrade: h2c\r\n\r\n")), "hello");
    stage_stop(&f);
}
END_TEST

START_TEST(an_upgrade_behind_other_requests_is_an_ordinary_request)
{
    struct http_stage f = start();
    struct memory_client *other = stage_connect(&f);

    ck_assert_str_eq(stage_say(&f, "GET /keep HTTP/1.1\r\n\r\n"
                                   "GET /hello HTTP/1.1\r\n"
                                   "Connection: Upgrade\r\n"
                                   "Upgrade: h2c\r\n\r\n"), "");
    stage_say_to(&f, other, "GET /release HTTP/1.1\r\n\r\n");
    EXPECT_HAS(memory_client_text(f.client, NULL),
               "\r\n\r\nkeptHTTP/1.1 200 ");
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

/* --- built-in actors --- */

START_TEST(help_lists_actors_routes_and_pages)
{
    struct http_stage f = start();
    const char *text = stage_say(&f, "GET /help HTTP/1.1\r\n"
                               "User-Agent: curl/7\r\n\r\n");

    EXPECT_HAS(text, "Content-Type: text/x-markdown\r\n");
    EXPECT_HAS(text, "> [/server(1)][server(1)]\n");
    EXPECT_HAS(text, "> [/metrics][metrics]\n");
    EXPECT_HAS_NOT(text, "__processes__");
    EXPECT_HAS(stage_get(&f, "/help/server(1)/hello"), "Says hello.");
    EXPECT_HAS(stage_get(&f, "/help?format=json"), "\"name\":\"/hello\"");
    EXPECT_STATUS(stage_get(&f, "/help/nobody"), "400 ");
    stage_stop(&f);
}
END_TEST

START_TEST(verbosity_is_raised_for_a_while)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/logging/toggle"), "0\n");
    EXPECT_BODY(stage_get(&f, "/logging/toggle?level=1"),
                "Expecting 'duration=value' in query.\n");
    EXPECT_BODY(stage_get(&f, "/logging/toggle?duration=1secs"),
                "Expecting 'level=value' in query.\n");
    EXPECT_BODY(stage_get(&f, "/logging/toggle?level=x&duration=1secs"),
                "Failed to convert 'x' to number.\n");
    EXPECT_BODY(stage_get(&f, "/logging/toggle?level=-1&duration=1secs"),
                "Invalid level '-1'.\n");
    EXPECT_BODY(stage_get(&f, "/logging/toggle?level=1&duration=x"),
                "Invalid duration 'x'.\n");
    EXPECT_STATUS(stage_get(&f, "/logging/toggle?level=1&duration=x"), "400 ");
    EXPECT_STATUS(stage_get(&f, "/logging/toggle?level=1&duration=10secs"),
                  "200 ");
    ck_assert_int_eq(log_verbosity(), 1);
    multi_system_advance(f.multi, 11 * SECOND);
    EXPECT_BODY(stage_get(&f, "/logging/toggle"), "0\n");
    stage_stop(&f);
}
END_TEST

START_TEST(metrics_stats_and_actors_are_shown)
{
    struct http_stage f = start();

    EXPECT_HAS(stage_get(&f, "/metrics/snapshot"), "\"system/cpus_total\":");
    EXPECT_STATUS(stage_get(&f, "/metrics/snapshot?timeout=1secs"), "200 ");
    EXPECT_HAS(stage_get(&f, "/metrics/snapshot?timeout=x"),
               "Invalid timeout 'x': ");
    EXPECT_HAS(stage_get(&f, "/system/stats.json"), "\"mem_total_bytes\":");
    EXPECT_HAS(stage_get(&f, "/__processes__"), "\"id\":\"server(1)\"");
    stage_stop(&f);
}
END_TEST

static Suite *
http_suite(void)
{
    Suite *suite = suite_create("http");

    test_add(suite, "headers", answers_have_the_headers_of_http);
    test_add(suite, "much_header", a_header_without_room_is_left_out_whole);
    test_add(suite, "head", head_gets_headers_without_a_body);
    test_add(suite, "errors", errors_and_methods_are_worded_as_in_mesos);
    test_add(suite, "smuggle", a_header_cannot_smuggle_another);
    test_add(suite, "jsonp", jsonp_wraps_json);
    test_add(suite, "big",
             a_large_answer_comes_whole_through_a_small_window);
    test_add(suite, "order", pipelined_requests_are_answered_in_order);
    test_add(suite, "together", answers_of_a_pipeline_are_written_together);
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
    test_add(suite, "continue_later",
             who_expects_100_continue_gets_it_after_the_answers_before);
    test_add(suite, "upgrade",
             an_upgrade_that_is_not_ours_is_an_ordinary_request);
    test_add(suite, "upgrade_later",
             an_upgrade_behind_other_requests_is_an_ordinary_request);
    test_add(suite, "help", help_lists_actors_routes_and_pages);
    test_add(suite, "logging", verbosity_is_raised_for_a_while);
    test_add(suite, "metrics", metrics_stats_and_actors_are_shown);
    return suite;
}

TEST_MAIN(http_suite)
