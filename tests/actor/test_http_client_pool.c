/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_client_pool.c - connections that calls over HTTP keep and share,
 * and the end of calls and of those who made them. */
#include <config.h>

#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/limits.h>
#include <actor/system.h>
#include "tests/lib/asker.h"
#include "tests/lib/client_stage.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

/* --- connections that are kept --- */

START_TEST(a_thousand_requests_share_one_connection)
{
    struct client_stage s = client_stage_start();
    struct memory_client *peer = NULL;

    for (int i = 0; i < 1000; i++) {
        struct asked *asked = get(&s, "/");

        peer = peer ? peer : accept_one(&s);
        expect_heard(peer, "GET / HTTP/1.1\r\nHost: 10.9.9.9\r\n\r\n");
        say(&s, peer, HELLO);
        expect_body(asked, 200, "hello");
    }
    ck_assert_ptr_null(memory_server_accept(s.server));

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_kept_connection_is_closed_after_a_while)
{
    struct client_stage s = client_stage_start();

    get(&s, "/");
    struct memory_client *peer = accept_one(&s);
    say(&s, peer, HELLO);
    multi_system_advance(s.multi, 29 * SECOND);
    ck_assert(!memory_client_is_ended(peer));
    multi_system_advance(s.multi, SECOND);
    ck_assert(memory_client_is_ended(peer));
    memory_client_close(peer);

    struct asked *asked = get(&s, "/");
    peer = accept_one(&s);
    say(&s, peer, OK "Connection: close\r\nContent-Length: 1\r\n\r\na");
    expect_body(asked, 200, "a");
    ck_assert(memory_client_is_ended(peer));
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_kept_connection_that_the_server_closes_is_not_used)
{
    struct client_stage s = client_stage_start();
    struct asked *one = get(&s, "/");
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, HELLO);
    expect_body(one, 200, "hello");
    hang_up(&s, peer);
    struct asked *two = ASK(&s, .url = HOST, .method = "POST");
    peer = accept_one(&s);
    say(&s, peer, HELLO);
    expect_body(two, 200, "hello");

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

/* The server closes its kept connection at the moment it is used. */
static struct asked *
lose_kept(struct client_stage *s, const struct http_call_options *options)
{
    get(s, "/first");
    struct memory_client *peer = accept_one(s);

    say(s, peer, HELLO);
    memory_client_clear(peer);
    struct asked *asked = ask(s, options);
    ck_assert_uint_gt(strlen(memory_client_text(peer, NULL)), 0);
    hang_up(s, peer);
    return asked;
}

START_TEST(what_may_be_repeated_is_repeated_once)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = lose_kept(&s, &(struct http_call_options) {
        .url = HOST, .method = "PUT", .body = "abc", .body_size = 3,
    });

    ck_assert_uint_eq(asked->n_done, 0);
    struct memory_client *peer = accept_one(&s);
    expect_heard(peer, "PUT / HTTP/1.1\r\nHost: 10.9.9.9\r\n"
                 "Content-Length: 3\r\n\r\nabc");
    say(&s, peer, HELLO);
    expect_body(asked, 200, "hello");
    hang_up(&s, peer);

    asked = lose_kept(&s, &(struct http_call_options) { .url = HOST });
    ck_assert_uint_eq(asked->n_done, 0);
    hang_up(&s, accept_one(&s));
    expect_error(asked, ERROR_CLOSED, "GET " HOST ": the connection was "
                 "closed before the answer");
    ck_assert_ptr_null(memory_server_accept(s.server));
    client_stage_stop(&s);
}
END_TEST

START_TEST(what_may_not_be_repeated_is_not)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = lose_kept(&s, &(struct http_call_options) {
        .url = HOST, .method = "POST", .body = "abc", .body_size = 3,
    });

    expect_error(asked, ERROR_CLOSED, "POST " HOST ": the connection was "
                 "closed before the answer");

    /* Nor is what has begun to be answered. */
    get(&s, "/first");
    struct memory_client *peer = accept_one(&s);
    say(&s, peer, HELLO);
    asked = get(&s, "/second");
    say(&s, peer, "HTTP");
    hang_up(&s, peer);
    expect_error(asked, ERROR_CLOSED, "GET " HOST "/second: the connection "
                 "was closed within the head of the answer");
    ck_assert_ptr_null(memory_server_accept(s.server));
    client_stage_stop(&s);
}
END_TEST

START_TEST(calls_beyond_the_limit_wait_for_a_connection)
{
    struct memory_client *peers[LIMIT_HTTP_CLIENT_CONNECTIONS];
    struct asked *asked[LIMIT_HTTP_CLIENT_CONNECTIONS + 3];
    struct client_stage s = client_stage_start();
    size_t n = ARRAY_SIZE(peers);

    for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
        asked[i] = get(&s, "/");
    }
    for (size_t i = 0; i < n; i++) {
        peers[i] = accept_one(&s);
    }
    ck_assert_ptr_null(memory_server_accept(s.server));
    say(&s, peers[3], HELLO);           /* goes on with the first to wait */
    say(&s, peers[3], HELLO);
    expect_body(asked[3], 200, "hello");
    expect_body(asked[n], 200, "hello");
    hang_up(&s, peers[5]);              /* makes room for another one */
    peers[5] = accept_one(&s);
    say(&s, peers[5], HELLO);
    expect_body(asked[n + 2], 200, "hello");
    ck_assert_uint_eq(asked[n + 1]->n_done, 0);     /* peers[3] has it */

    for (size_t i = 0; i < n; i++) {
        memory_client_close(peers[i]);
    }
    client_stage_stop(&s);
}
END_TEST

START_TEST(streams_do_not_keep_other_calls_waiting)
{
    struct memory_client *peers[LIMIT_HTTP_CLIENT_CONNECTIONS + 2];
    struct client_stage s = client_stage_start();
    size_t n = ARRAY_SIZE(peers);

    for (size_t i = 0; i < n; i++) {
        struct asked *asked = i < n - 1 ? ASK(&s, STREAM) : get(&s, "/");

        peers[i] = accept_one(&s);
        say(&s, peers[i], i < n - 1 ? CHUNKED : HELLO);
        ck_assert_uint_eq(asked->n_heads + asked->n_done, 1);
    }

    for (size_t i = 0; i < n; i++) {
        memory_client_close(peers[i]);
    }
    client_stage_stop(&s);
}
END_TEST

START_TEST(idle_connections_are_bounded)
{
    static struct memory_client *peers[LIMIT_HTTP_CLIENT_IDLE + 1];
    static struct memory_server *servers[LIMIT_HTTP_CLIENT_IDLE + 1];
    struct client_stage s = client_stage_start();
    size_t n = ARRAY_SIZE(peers);

    for (size_t i = 0; i < n; i++) {
        struct address address = {
            .family = ADDRESS_IPV4, .port = 80,
            .ip = { 10, 8, (uint8_t) (i >> 8), (uint8_t) i },
        };

        servers[i] = memory_server_create(multi_system_net(s.multi),
                                          &address);
        struct asked *asked = ASK(&s, .address = &address, .url = "/");
        peers[i] = memory_server_accept(servers[i]);
        say(&s, peers[i], HELLO);
        expect_body(asked, 200, "hello");
    }
    ck_assert(memory_client_is_ended(peers[0]));
    for (size_t i = 1; i < n; i++) {
        ck_assert(!memory_client_is_ended(peers[i]));
    }

    for (size_t i = 0; i < n; i++) {
        memory_client_close(peers[i]);
        memory_server_destroy(servers[i]);
    }
    client_stage_stop(&s);
}
END_TEST

/* --- cancelling, and the end of actors --- */

START_TEST(a_cancelled_call_closes_its_connection_and_calls_nothing)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = get(&s, "/");
    struct memory_client *peer = accept_one(&s);

    asker_cancel(s.asker, asked);
    multi_system_run(s.multi);
    ck_assert(memory_client_is_ended(peer));
    ck_assert_uint_eq(asked->n_destroyed, 1);
    memory_client_close(peer);

    /* The answer is on its way, and the call is cancelled before it. */
    asked = get(&s, "/");
    peer = accept_one(&s);
    memory_client_write(peer, HELLO, strlen(HELLO));
    asker_cancel(s.asker, asked);
    multi_system_run(s.multi);
    ck_assert_uint_eq(asked->n_done, 0);
    ck_assert_uint_eq(asked->n_destroyed, 1);
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_call_may_be_cancelled_before_it_has_begun)
{
    struct client_stage s = client_stage_start();

    memory_net_hold_connects(multi_system_net(s.multi), true);
    struct asked *connecting = get(&s, "/");

    asker_cancel(s.asker, connecting);
    struct asked *fresh =
        asker_ask_in_vain(s.asker, &(struct http_call_options) {
            .url = HOST,
        });

    multi_system_run(s.multi);
    memory_net_hold_connects(multi_system_net(s.multi), false);
    multi_system_run(s.multi);

    ck_assert_uint_eq(connecting->n_destroyed, 1);
    ck_assert_uint_eq(fresh->n_destroyed, 1);
    ck_assert_uint_eq(connecting->n_done + fresh->n_done, 0);
    ck_assert_ptr_null(memory_server_accept(s.server));
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_waiting_call_may_be_cancelled)
{
    struct memory_client *peers[LIMIT_HTTP_CLIENT_CONNECTIONS];
    struct client_stage s = client_stage_start();

    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        get(&s, "/");
        peers[i] = accept_one(&s);
    }
    struct asked *waiting = get(&s, "/");
    struct asked *late = ASK(&s, .url = HOST, .timeout_ns = SECOND);

    asker_cancel(s.asker, waiting);
    multi_system_advance(s.multi, SECOND);
    ck_assert_uint_eq(waiting->n_destroyed, 1);
    expect_error(late, ERROR_TIMEOUT,
                 "GET " HOST ": no whole answer within 1secs");
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        ck_assert(!memory_client_is_ended(peers[i]));
        memory_client_close(peers[i]);
    }
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_call_ends_with_its_actor)
{
    struct client_stage s = client_stage_start();
    struct asked *call = get(&s, "/");
    struct asked *stream = ASK(&s, STREAM);
    struct memory_client *one = accept_one(&s);
    struct memory_client *two = accept_one(&s);

    say(&s, two, CHUNKED "1\r\nx\r\n");
    ck_assert_uint_eq(stream->n_pieces, 1);
    actor_terminate(s.system, asker_upid(s.asker));
    multi_system_run(s.multi);

    ck_assert(memory_client_is_ended(one));
    ck_assert(memory_client_is_ended(two));
    ck_assert_uint_eq(call->n_destroyed, 1);
    ck_assert_uint_eq(stream->n_destroyed, 1);
    ck_assert_uint_eq(call->n_done + stream->n_done, 0);
    memory_client_close(one);
    memory_client_close(two);
    client_stage_stop(&s);
}
END_TEST

START_TEST(an_answer_is_not_for_a_successor)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = get(&s, "/");
    struct memory_client *peer = accept_one(&s);

    memory_client_write(peer, HELLO, strlen(HELLO));
    actor_terminate(s.system, asker_upid(s.asker));
    actor_system_run(s.system);
    struct asker *successor = asker_create(s.system, "asker");

    multi_system_run(s.multi);
    ck_assert_uint_eq(asked->n_done, 0);
    ck_assert_uint_eq(asked->n_destroyed, 1);
    memory_client_close(peer);
    client_stage_stop(&s);
    asker_destroy(successor);
}
END_TEST

START_TEST(a_system_may_end_with_calls_under_way)
{
    struct client_stage s = client_stage_start();
    struct memory_client *peers[LIMIT_HTTP_CLIENT_CONNECTIONS];

    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        get(&s, "/");
        peers[i] = accept_one(&s);
    }
    get(&s, "/waits");
    say(&s, peers[0], HELLO);
    say(&s, peers[0], HELLO);           /* kept */
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        memory_client_close(peers[i]);
    }
    client_stage_stop(&s);
}
END_TEST

static Suite *
http_client_pool_suite(void)
{
    Suite *suite = suite_create("http_client_pool");

    test_add(suite, "thousand", a_thousand_requests_share_one_connection);
    test_add(suite, "kept", a_kept_connection_is_closed_after_a_while);
    test_add(suite, "kept_closed",
             a_kept_connection_that_the_server_closes_is_not_used);
    test_add(suite, "repeat", what_may_be_repeated_is_repeated_once);
    test_add(suite, "no_repeat", what_may_not_be_repeated_is_not);
    test_add(suite, "limit", calls_beyond_the_limit_wait_for_a_connection);
    test_add(suite, "limit_streams", streams_do_not_keep_other_calls_waiting);
    test_add(suite, "idle_limit", idle_connections_are_bounded);
    test_add(suite, "cancel",
             a_cancelled_call_closes_its_connection_and_calls_nothing);
    test_add(suite, "cancel_early",
             a_call_may_be_cancelled_before_it_has_begun);
    test_add(suite, "cancel_waiting", a_waiting_call_may_be_cancelled);
    test_add(suite, "actor_ends", a_call_ends_with_its_actor);
    test_add(suite, "successor", an_answer_is_not_for_a_successor);
    test_add(suite, "system_ends", a_system_may_end_with_calls_under_way);
    return suite;
}

TEST_MAIN(http_client_pool_suite)
