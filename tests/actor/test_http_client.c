/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_client.c - calls over HTTP to a server by hand, and to a system of
 * our own. */
#include <config.h>

#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/http_client.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "http/recordio.h"
#include "tests/lib/asker.h"
#include "tests/lib/client_stage.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/poller.h"
#include "tests/lib/test.h"

/* --- requests --- */

START_TEST(a_request_says_what_http_wants)
{
    struct client_stage s = client_stage_start();

    get(&s, "/a?b=c#d");
    struct memory_client *one = accept_one(&s);
    expect_heard(one, "GET /a?b=c HTTP/1.1\r\nHost: 10.9.9.9\r\n\r\n");
    get(&s, "");
    struct memory_client *two = accept_one(&s);
    expect_heard(two, "GET / HTTP/1.1\r\nHost: 10.9.9.9\r\n\r\n");
    get(&s, "?q");
    struct memory_client *three = accept_one(&s);
    expect_heard(three, "GET /?q HTTP/1.1\r\nHost: 10.9.9.9\r\n\r\n");

    memory_client_close(one);
    memory_client_close(two);
    memory_client_close(three);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_request_has_headers_and_a_body)
{
    static const char *const headers[] = {
        "Accept", "application/json", "Host", "other", NULL,
    };
    struct client_stage s = client_stage_start();
    struct strbuf body = STRBUF(STRBUF_UNLIMITED);

    ASK(&s, .method = "POST", .url = "/x", .address = &server_address,
        .headers = headers, .body = "abc", .body_size = 3);
    struct memory_client *one = accept_one(&s);
    expect_heard(one, "POST /x HTTP/1.1\r\nHost: other\r\n"
                 "Accept: application/json\r\nContent-Length: 3\r\n\r\nabc");
    strbuf_append(&body, "taken");
    ASK(&s, .method = "PUT", .url = "http://elsewhere:1/",
        .address = &server_address, .take_body = &body,
        .accepts_gzip = true);
    struct memory_client *two = accept_one(&s);
    ck_assert_uint_eq(body.len, 0);
    expect_heard(two, "PUT / HTTP/1.1\r\nHost: elsewhere:1\r\n"
                 "Accept-Encoding: gzip\r\nContent-Length: 5\r\n\r\ntaken");
    ASK(&s, .method = "POST", .url = "/", .address = &server_address);
    struct memory_client *three = accept_one(&s);
    expect_heard(three, "POST / HTTP/1.1\r\nHost: 10.9.9.9:80\r\n"
                 "Content-Length: 0\r\n\r\n");

    memory_client_close(one);
    memory_client_close(two);
    memory_client_close(three);
    strbuf_fini(&body);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_malformed_call_is_an_error_that_is_told_later)
{
    static const struct {
        const char *url;
        enum error_code code;
        const char *text;
    } table[] = {
        { "", ERROR_INVALID, "a URL is neither 'http://...' nor '/...'" },
        { "ftp://x/", ERROR_INVALID,
          "a URL is neither 'http://...' nor '/...'" },
        { "https://x/", ERROR_UNSUPPORTED, "a URL asks for TLS" },
        { "/x", ERROR_INVALID, "a URL names no host" },
        { "http://", ERROR_INVALID, "the host of a URL has 0 characters" },
        { "http://:80/", ERROR_INVALID,
          "the host of a URL has 0 characters" },
        { "http://u@x/", ERROR_INVALID, "a URL names a user" },
        { "http://x:0/", ERROR_INVALID, "the port of a URL is '0'" },
        { "http://x:65536/", ERROR_INVALID, "the port of a URL is '65536'" },
        { "http://x:/", ERROR_INVALID, "the port of a URL is ''" },
        { "http://x:8 /", ERROR_INVALID, "byte 10 of a URL is 0x20" },
        { "http://x/\r\nA: b", ERROR_INVALID, "byte 9 of a URL is 0x0d" },
        { "http://[::1/", ERROR_INVALID, "the host of a URL is malformed" },
        { "http://[::1]x/", ERROR_INVALID,
          "the host of a URL is malformed" },
    };
    struct client_stage s = client_stage_start();

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        strbuf_printf(&text, "a call of 'asker': %s", table[i].text);
        expect_error(ASK(&s, .url = table[i].url), table[i].code,
                     text.data);
    }
    client_stage_stop(&s);
}
END_TEST

START_TEST(nothing_is_smuggled_into_a_head)
{
    static const char *const evil_value[] = { "A", "b\r\nC: d", NULL };
    static const char *const evil_name[] = { "A: b\r\nC", "d", NULL };
    static const char *const no_value[] = { "A", NULL };
    static const char *const ours[] = { "content-length", "7", NULL };
    struct client_stage s = client_stage_start();

    expect_error(ASK(&s, .url = HOST, .headers = evil_value), ERROR_INVALID,
                 "GET " HOST ": header 'A' has a malformed value");
    expect_error(ASK(&s, .url = HOST, .headers = evil_name), ERROR_INVALID,
                 "GET " HOST ": header 'A: b\r\nC' is no name");
    expect_error(ASK(&s, .url = HOST, .headers = no_value), ERROR_INVALID,
                 "GET " HOST ": header 'A' has a malformed value");
    expect_error(ASK(&s, .url = HOST, .headers = ours), ERROR_INVALID,
                 "GET " HOST ": header 'content-length' is not the "
                 "caller's to set");
    expect_error(ASK(&s, .url = HOST, .method = "GET /\r\n"), ERROR_INVALID,
                 "a call of 'asker': the method is 'GET /\r\n'");
    expect_error(ASK(&s, .url = HOST, .method = "CONNECT"), ERROR_INVALID,
                 "a call of 'asker': the method is 'CONNECT'");
    ck_assert_ptr_null(memory_server_accept(s.server));
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_network_in_memory_has_no_names)
{
    struct client_stage s = client_stage_start();

    expect_error(ASK(&s, .url = "http://example/"), ERROR_UNSUPPORTED,
                 "GET http://example/: host 'example' has a name, and the "
                 "network knows addresses only");
    client_stage_stop(&s);
}
END_TEST

/* --- answers --- */

START_TEST(an_answer_has_status_headers_and_body)
{
    struct client_stage s = client_stage_start();
    struct asked *asked =
        EXCHANGE(&s, "HTTP/1.1 404 Not Found\r\nX-Test: yes\r\n"
                 "Content-Length: 4\r\n\r\nnone", false, .url = HOST);

    expect_body(asked, 404, "none");
    ck_assert_str_eq(asked->header, "yes");
    client_stage_stop(&s);
}
END_TEST

START_TEST(an_answer_may_end_with_its_connection)
{
    struct client_stage s = client_stage_start();

    expect_body(EXCHANGE(&s, "HTTP/1.0 200 OK\r\n\r\nabc", true,
                         .url = HOST), 200, "abc");
    expect_body(EXCHANGE(&s, "HTTP/1.1 100 Continue\r\n\r\n"
                         CHUNKED "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false,
                         .url = HOST), 200, "abc");
    client_stage_stop(&s);
}
END_TEST

START_TEST(answers_without_a_body_leave_the_connection_usable)
{
    struct client_stage s = client_stage_start();
    struct asked *head = ASK(&s, .url = HOST, .method = "HEAD");
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, OK "Content-Length: 5\r\n\r\n");
    expect_body(head, 200, "");
    struct asked *none = get(&s, "/");
    say(&s, peer, "HTTP/1.1 204 No Content\r\n\r\n");
    expect_body(none, 204, "");
    struct asked *hello = get(&s, "/");
    say(&s, peer, HELLO);
    expect_body(hello, 200, "hello");
    ck_assert_ptr_null(memory_server_accept(s.server));

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(garbage_is_an_error)
{
    struct client_stage s = client_stage_start();

    expect_error(EXCHANGE(&s, "SSH-2.0-x\r\n", false, .url = HOST "/a?b"),
                 ERROR_PARSE, "GET " HOST "/a: the answer does not begin "
                 "with 'HTTP/1.': byte 0 is 0x53");
    expect_error(EXCHANGE(&s, OK "A : b\r\n\r\n", false, .url = HOST),
                 ERROR_PARSE, "GET " HOST ": the head of the answer: "
                 "malformed header name");
    expect_error(EXCHANGE(&s, OK "Content-Length: 1\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n", false,
                          .url = HOST), ERROR_PARSE,
                 "GET " HOST ": the head of the answer: "
                 "unexpected content-length header");
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_huge_answer_is_refused_before_it_comes)
{
    struct client_stage s = client_stage_start();

    expect_error(EXCHANGE(&s, OK "Content-Length: 101\r\n\r\n", false,
                          .url = HOST, .max_body = 100), ERROR_TOO_LARGE,
                 "GET " HOST ": the answer: the body is too large");
    expect_error(EXCHANGE(&s, OK "Content-Length: 99999999999\r\n\r\n",
                          false, .url = HOST), ERROR_TOO_LARGE,
                 "GET " HOST ": the answer: the body is too large");
    expect_error(EXCHANGE(&s, CHUNKED "65\r\n", false, .url = HOST,
                          .max_body = 100), ERROR_TOO_LARGE,
                 "GET " HOST ": the body of the answer: "
                 "the body is too large");
    expect_error(EXCHANGE(&s, "HTTP/1.0 200 OK\r\n\r\n12345", false,
                          .url = HOST, .max_body = 4), ERROR_TOO_LARGE,
                 "GET " HOST ": the body of the answer: "
                 "the body is too large");
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_server_that_closes_early_is_an_error)
{
    struct client_stage s = client_stage_start();

    expect_error(EXCHANGE(&s, "", true, .url = HOST), ERROR_CLOSED,
                 "GET " HOST ": the connection was closed before the answer");
    expect_error(EXCHANGE(&s, "HTTP/1.1 2", true, .url = HOST), ERROR_CLOSED,
                 "GET " HOST ": the connection was closed within the head of "
                 "the answer");
    expect_error(EXCHANGE(&s, OK "Content-Length: 5\r\n\r\nhell", true,
                          .url = HOST), ERROR_CLOSED,
                 "GET " HOST ": the connection was closed within the body of "
                 "the answer");
    struct asked *asked = get(&s, "");
    struct memory_client *peer = accept_one(&s);

    memory_net_break_all(multi_system_net(s.multi));
    multi_system_run(s.multi);
    expect_error(asked, ERROR_CLOSED, "GET " HOST ": using a connection: "
                 "Connection reset by peer");
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(bytes_behind_an_answer_are_nobodys)
{
    struct client_stage s = client_stage_start();
    struct asked *one = get(&s, "/one");
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, OK "Content-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n"
        "Content-Length: 4\r\n\r\nevil");
    expect_body(one, 200, "a");
    ck_assert(memory_client_is_ended(peer));
    memory_client_close(peer);
    struct asked *two = get(&s, "/two");
    peer = accept_one(&s);
    say(&s, peer, HELLO);
    expect_body(two, 200, "hello");
    say(&s, peer, HELLO);               /* unasked */
    ck_assert(memory_client_is_ended(peer));

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

/* --- errors of connecting, and time --- */

START_TEST(a_refused_connection_is_an_error)
{
    struct client_stage s = client_stage_start();

    expect_error(ASK(&s, .url = "http://10.9.9.9:81/x"), ERROR_UNAVAILABLE,
                 "GET http://10.9.9.9:81/x: using a connection: "
                 "Connection refused");
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_connection_that_is_not_made_times_out)
{
    struct client_stage s = client_stage_start();

    memory_net_hold_connects(multi_system_net(s.multi), true);
    struct asked *asked = ASK(&s, .url = HOST,
                              .connect_timeout_ns = 3 * SECOND);
    multi_system_advance(s.multi, 3 * SECOND - 1);
    ck_assert_uint_eq(asked->n_done, 0);
    multi_system_advance(s.multi, 1);
    expect_error(asked, ERROR_TIMEOUT,
                 "GET " HOST ": no connection within 3secs");

    asked = get(&s, "");
    multi_system_advance(s.multi, 10 * SECOND);
    expect_error(asked, ERROR_TIMEOUT,
                 "GET " HOST ": no connection within 10secs");
    client_stage_stop(&s);
}
END_TEST

START_TEST(an_answer_has_to_be_whole_in_time)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = get(&s, "");
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, OK "Content-Length: 9\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        multi_system_advance(s.multi, 11 * SECOND);
        say(&s, peer, "x");
    }
    ck_assert_uint_eq(asked->n_done, 0);
    multi_system_advance(s.multi, 5 * SECOND);
    expect_error(asked, ERROR_TIMEOUT,
                 "GET " HOST ": no whole answer within 1mins");
    ck_assert(memory_client_is_ended(peer));

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(silence_is_bounded_if_the_caller_wants)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = ASK(&s, .url = HOST, .idle_timeout_ns = SECOND);
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, OK "Content-Length: 9\r\n\r\n");
    for (int i = 0; i < 5; i++) {
        multi_system_advance(s.multi, SECOND - 1);
        say(&s, peer, "x");
    }
    ck_assert_uint_eq(asked->n_done, 0);
    multi_system_advance(s.multi, SECOND);
    expect_error(asked, ERROR_TIMEOUT, "GET " HOST ": nothing came for "
                 "1secs");

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

/* --- memory --- */

/* A call on a kept connection, then a stream that is held. */
static void
ask_for_much(struct client_stage *s, const struct strbuf *body)
{
    static const char ok[] = OK "Content-Length: 2000000\r\n\r\n";
    struct asked *asked[] = {
        ASK(s, .url = HOST, .method = "PUT", .body = body->data,
            .body_size = body->len),
        ASK(s, STREAM, .has_records = true),
    };
    struct memory_client *peer;

    asked[1]->pause_at = 1;
    while ((peer = memory_server_accept(s->server))) {
        memory_client_write(peer, ok, sizeof ok - 1);
        memory_client_write(peer, body->data, body->len);
        multi_system_run(s->multi);
        if (asked[1]->call) {
            asker_resume(s->asker, asked[1]);
            multi_system_run(s->multi);
        }
        hang_up(s, peer);
    }
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        ck_assert_uint_eq(asked[i]->n_done, 1);
        ck_assert_uint_eq(asked[i]->n_destroyed, 1);
    }
}

START_TEST(a_call_for_which_there_is_no_memory_ends)
{
    struct client_stage s = client_stage_start();
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    autofree char *record = xcalloc(1, 200000);
    unsigned long n_tries;
    long n = 0;

    while (body.len < 1800000) {
        recordio_encode(&body, record, 200000);
    }
    do {
        n_tries = alloc_n_tries();
        alloc_fail_after(n++);
        ask_for_much(&s, &body);
        alloc_fail_after(-1);
    } while (alloc_n_tries() - n_tries >= (unsigned long) n);
    ck_assert_int_gt(n, 10);
    client_stage_stop(&s);
}
END_TEST

/* --- our own server --- */

static void
on_echo(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    size_t size;
    const char *body = http_request_body(request, &size);

    strbuf_append_bytes(&text, body, size);
    http_respond(&request, 200, "text/plain", &text);
}

static const struct http_route routes[] = {
    { "/echo", on_echo, NULL, NULL },
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

START_TEST(a_system_asks_another_and_itself)
{
    struct client_stage s = client_stage_start();
    struct actor_system *other = multi_system_add(s.multi, NULL);

    ck_assert_ptr_null(actor_spawn(s.system, &server_type, "server", NULL,
                                   NULL));
    ck_assert_ptr_null(actor_spawn(other, &server_type, "server", NULL,
                                   NULL));
    struct actor_system *systems[] = { s.system, other };
    for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
        struct asked *asked =
            ASK(&s, .address = actor_system_address(systems[i]),
                .url = "/server/echo", .method = "POST", .body = "abc",
                .body_size = 3);

        expect_body(asked, 200, "abc");
        asked = ASK(&s, .address = actor_system_address(systems[i]),
                    .url = "/nope");
        expect_body(asked, 404, "404 Not Found.");
    }
    client_stage_stop(&s);
}
END_TEST

static Suite *
http_client_suite(void)
{
    Suite *suite = suite_create("http_client");

    test_add(suite, "request", a_request_says_what_http_wants);
    test_add(suite, "headers", a_request_has_headers_and_a_body);
    test_add(suite, "malformed",
             a_malformed_call_is_an_error_that_is_told_later);
    test_add(suite, "smuggle", nothing_is_smuggled_into_a_head);
    test_add(suite, "names", a_network_in_memory_has_no_names);
    test_add(suite, "answer", an_answer_has_status_headers_and_body);
    test_add(suite, "to_end", an_answer_may_end_with_its_connection);
    test_add(suite, "no_body",
             answers_without_a_body_leave_the_connection_usable);
    test_add(suite, "garbage", garbage_is_an_error);
    test_add(suite, "huge", a_huge_answer_is_refused_before_it_comes);
    test_add(suite, "early", a_server_that_closes_early_is_an_error);
    test_add(suite, "behind", bytes_behind_an_answer_are_nobodys);
    test_add(suite, "refused", a_refused_connection_is_an_error);
    test_add(suite, "connect_timeout",
             a_connection_that_is_not_made_times_out);
    test_add(suite, "timeout", an_answer_has_to_be_whole_in_time);
    test_add(suite, "idle_timeout", silence_is_bounded_if_the_caller_wants);
    test_add(suite, "no_memory", a_call_for_which_there_is_no_memory_ends);
    test_add(suite, "systems", a_system_asks_another_and_itself);
    return suite;
}

TEST_MAIN(http_client_suite)
