/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_client_stream.c - streamed answers, and channels. */
#include <config.h>

#include <stdlib.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "http/recordio.h"
#include "tests/lib/asker.h"
#include "tests/lib/client_stage.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

/* --- streams --- */

START_TEST(a_stream_comes_as_head_pieces_and_end)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = ASK(&s, STREAM);
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, OK "Transfer-Encoding: chunked\r\nX-Test: yes\r\n\r\n");
    ck_assert_uint_eq(asked->n_heads, 1);
    say(&s, peer, "2\r\nab\r\n");
    say(&s, peer, "1\r\nc");
    ck_assert_str_eq(asked->pieces.data, "<ab><c>");
    ck_assert_uint_eq(asked->n_done, 0);
    multi_system_advance(s.multi, HOUR);        /* no limit by default */
    say(&s, peer, "\r\n0\r\n\r\n");
    expect_body(asked, 200, "");
    ck_assert_str_eq(asked->header, "yes");
    ck_assert_str_eq(asked->pieces.data, "<ab><c>");

    struct asked *next = get(&s, "/");          /* the same connection */
    say(&s, peer, HELLO);
    expect_body(next, 200, "hello");
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(records_come_one_by_one_and_whole)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = ASK(&s, STREAM, .has_records = true);
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, CHUNKED "7\r\n3\nabc1\n\r\n");
    ck_assert_str_eq(asked->pieces.data, "<abc>");
    say(&s, peer, "7\r\nd0\n10\n1\r\n");
    say(&s, peer, "9\r\n234567890\r\n");
    ck_assert_str_eq(asked->pieces.data, "<abc><d><><1234567890>");
    say(&s, peer, "0\r\n\r\n");
    expect_body(asked, 200, "");

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_malformed_record_ends_the_stream_after_the_good_ones)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = EXCHANGE(&s, CHUNKED "8\r\n1\na2\nbcx\r\n", false,
                                   STREAM, .has_records = true);

    ck_assert_str_eq(asked->pieces.data, "<a><bc>");
    expect_error(asked, ERROR_PARSE, "GET " HOST "/: byte 0x78 in the "
                 "length of a record at offset 7");
    asked = EXCHANGE(&s, CHUNKED "5\r\n11\na\x62\r\n", false, STREAM,
                     .has_records = true, .max_record = 10);
    expect_error(asked, ERROR_TOO_LARGE, "GET " HOST "/: the record at "
                 "offset 0 has more than 10 bytes");
    asked = EXCHANGE(&s, CHUNKED "3\r\n2\na\r\n0\r\n\r\n", false, STREAM,
                     .has_records = true);
    expect_error(asked, ERROR_CLOSED, "GET " HOST "/: the stream ends at "
                 "offset 3 within the record at offset 0");
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_refused_stream_has_its_answer_whole)
{
    struct client_stage s = client_stage_start();
    struct asked *asked =
        EXCHANGE(&s, "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlate",
                 false, STREAM, .has_records = true);

    expect_body(asked, 503, "late");
    ck_assert_uint_eq(asked->n_heads + asked->n_pieces, 0);
    asked = EXCHANGE(&s, "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlate",
                     false, STREAM, .max_body = 3);
    expect_error(asked, ERROR_TOO_LARGE,
                 "GET " HOST "/: the answer: the body is too large");
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_stream_that_breaks_gives_what_had_come)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = EXCHANGE(&s, CHUNKED "5\r\nhello\r\n", true,
                                   STREAM);

    ck_assert_str_eq(asked->pieces.data, "<hello>");
    expect_error(asked, ERROR_CLOSED, "GET " HOST "/: the connection was "
                 "closed within the body of the answer");
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_stream_may_be_cancelled_in_its_own_turn)
{
    struct client_stage s = client_stage_start();
    struct asked *asked = ASK(&s, STREAM, .has_records = true);
    struct memory_client *peer = accept_one(&s);

    asked->cancel_at = 2;
    say(&s, peer, CHUNKED "c\r\n1\na1\nb1\nc1\nd\r\n");
    ck_assert_uint_eq(asked->n_pieces, 2);
    ck_assert_uint_eq(asked->n_done, 0);
    ck_assert_uint_eq(asked->n_destroyed, 1);
    ck_assert(memory_client_is_ended(peer));

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

#define N_RECORDS 10000
#define RECORD_SIZE 1000

/* The server writes all its records at once; what is read of them is bounded
 * while the actor is behind. */
START_TEST(ten_thousand_records_wait_in_the_network_for_a_slow_reader)
{
    struct client_stage s = client_stage_start();
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    autofree char *record = xcalloc(1, RECORD_SIZE);
    struct asked *asked = ASK(&s, STREAM, .has_records = true,
                              .idle_timeout_ns = SECOND);
    struct memory_client *peer = accept_one(&s);

    for (int i = 0; i < N_RECORDS; i++) {
        recordio_encode(&body, record, RECORD_SIZE);
    }
    size_t n_unread_min = body.len - LIMIT_HTTP_READ_AHEAD - 3 * 65536;

    asked->pause_at = 100;
    say(&s, peer, "HTTP/1.1 200 OK\r\n\r\n");
    memory_client_write(peer, body.data, body.len);
    multi_system_run(s.multi);
    ck_assert_uint_eq(asked->n_pieces, 100);
    ck_assert_uint_ge(memory_client_n_unread(peer), n_unread_min);
    multi_system_advance(s.multi, HOUR);        /* no silence of the server */
    ck_assert_uint_eq(asked->n_pieces, 100);
    ck_assert_uint_ge(memory_client_n_unread(peer), n_unread_min);

    memory_client_shutdown(peer);
    asker_resume(s.asker, asked);
    multi_system_run(s.multi);
    ck_assert_uint_eq(asked->n_pieces, N_RECORDS);
    ck_assert_uint_eq(memory_client_n_unread(peer), 0);
    expect_body(asked, 200, "");
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(what_had_come_before_a_break_is_still_given)
{
    struct client_stage s = client_stage_start();
    autofree char *record = xcalloc(1, 2000000);
    struct asked *asked = ASK(&s, STREAM);
    struct memory_client *peer = accept_one(&s);

    asked->pause_at = 1;
    say(&s, peer, OK "Content-Length: 2000001\r\n\r\n");
    memory_client_write(peer, record, 2000000);
    multi_system_run(s.multi);
    ck_assert_uint_eq(asked->n_pieces, 1);
    memory_client_shutdown(peer);
    multi_system_run(s.multi);
    ck_assert_uint_eq(asked->n_done, 0);
    asker_resume(s.asker, asked);
    multi_system_run(s.multi);
    ck_assert_uint_eq(memory_client_n_unread(peer), 0);
    expect_error(asked, ERROR_CLOSED, "GET " HOST "/: the connection was "
                 "closed within the body of the answer");

    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

/* --- channels --- */

START_TEST(calls_of_a_channel_are_written_at_once_and_answered_in_order)
{
    struct client_stage s = client_stage_start();
    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *asked[3];

    ck_assert_ptr_null(memory_server_accept(s.server));
    for (int i = 0; i < 3; i++) {
        asked[i] = asker_ask(s.asker, &(struct http_call_options) {
            .url = i == 0 ? "/0" : i == 1 ? "/1" : "/2",
            .channel = channel, .method = "POST",
        });
    }
    multi_system_run(s.multi);
    struct memory_client *peer = accept_one(&s);

    expect_heard(peer,
                 "POST /0 HTTP/1.1\r\nHost: 10.9.9.9:80\r\n"
                 "Content-Length: 0\r\n\r\n"
                 "POST /1 HTTP/1.1\r\nHost: 10.9.9.9:80\r\n"
                 "Content-Length: 0\r\n\r\n"
                 "POST /2 HTTP/1.1\r\nHost: 10.9.9.9:80\r\n"
                 "Content-Length: 0\r\n\r\n");
    say(&s, peer, OK "Content-Length: 1\r\n\r\na"
        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n" CHUNKED);
    expect_body(asked[0], 200, "a");
    expect_body(asked[1], 202, "");
    ck_assert_uint_eq(asked[2]->n_done, 0);
    say(&s, peer, "1\r\nc\r\n0\r\n\r\n");
    expect_body(asked[2], 200, "c");
    ck_assert_uint_lt(asked[0]->order, asked[1]->order);
    ck_assert_uint_lt(asked[1]->order, asked[2]->order);
    ck_assert_ptr_null(memory_server_accept(s.server));

    multi_system_advance(s.multi, HOUR);        /* it may be idle */
    ck_assert(!memory_client_is_ended(peer));
    asker_close_channel(s.asker);
    multi_system_run(s.multi);
    ck_assert(memory_client_is_ended(peer));
    ck_assert_uint_eq(asker_n_closed(s.asker, NULL), 0);
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_channel_may_just_be_connected)
{
    static const struct address nowhere = {
        .family = ADDRESS_IPV4, .ip = { 10, 9, 9, 8 }, .port = 80,
    };
    struct client_stage s = client_stage_start();

    expect_error(ASK(&s, .connect_only = true), ERROR_INVALID, "a call of "
                 "'asker': only a channel can be just connected");
    struct asked *refused = ASK(
        &s, .connect_only = true,
        .channel = asker_open_channel(s.asker, &nowhere));
    ck_assert_uint_eq(refused->n_done, 1);
    ck_assert_int_eq(refused->code, ERROR_UNAVAILABLE);
    asker_close_channel(s.asker);

    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *connected = ASK(&s, .connect_only = true,
                                  .channel = channel);
    struct memory_client *peer = accept_one(&s);
    ck_assert_uint_eq(connected->n_done, 1);
    ck_assert_ptr_null(connected->error);
    expect_heard(peer, "");

    struct asked *again = ASK(&s, .connect_only = true, .channel = channel);
    ck_assert_uint_eq(again->n_done, 1);
    struct asked *real = ASK(&s, .url = "/x", .channel = channel);
    struct asked *last = ASK(&s, .connect_only = true, .channel = channel);
    ck_assert_uint_eq(last->n_done, 0);         /* it waits for its turn */
    expect_heard(peer, "GET /x HTTP/1.1\r\nHost: 10.9.9.9:80\r\n\r\n");
    say(&s, peer, HELLO);
    expect_body(real, 200, "hello");
    ck_assert_uint_eq(last->n_done, 1);
    ck_assert_ptr_null(last->error);
    asker_close_channel(s.asker);
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_channel_that_breaks_ends_its_calls_and_is_told_once)
{
    struct client_stage s = client_stage_start();
    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *one = ASK(&s, .url = "/1", .channel = channel);
    struct asked *two = ASK(&s, .url = "/2", .channel = channel);
    struct memory_client *peer = accept_one(&s);
    const char *error;

    say(&s, peer, "HTTP/1.1 2");
    hang_up(&s, peer);
    expect_error(one, ERROR_CLOSED, "GET http://10.9.9.9:80/1: the "
                 "connection was closed within the head of the answer");
    expect_error(two, ERROR_CLOSED, "GET http://10.9.9.9:80/2: the "
                 "connection was closed before the answer");
    ck_assert_uint_eq(asker_n_closed(s.asker, &error), 1);
    ck_assert_str_eq(error, "the channel to 10.9.9.9:80: the connection was "
                     "closed within the head of the answer");
    expect_error(ASK(&s, .url = "/3", .channel = channel), ERROR_CLOSED,
                 "GET http://10.9.9.9:80/3: the channel is closed");
    ck_assert_ptr_null(memory_server_accept(s.server));
    ck_assert_uint_eq(asker_n_closed(s.asker, NULL), 1);
    asker_close_channel(s.asker);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_channel_ends_when_it_is_idle_and_the_server_goes)
{
    struct client_stage s = client_stage_start();
    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *asked = ASK(&s, .url = "/", .channel = channel);
    struct memory_client *peer = accept_one(&s);
    const char *error;

    say(&s, peer, HELLO);
    expect_body(asked, 200, "hello");
    hang_up(&s, peer);
    ck_assert_uint_eq(asker_n_closed(s.asker, &error), 1);
    ck_assert_str_eq(error, "the channel to 10.9.9.9:80: the server closed "
                     "the connection");
    asker_close_channel(s.asker);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_refused_channel_is_told)
{
    struct client_stage s = client_stage_start();
    struct address nobody = server_address;
    const char *error;

    nobody.port = 81;
    struct http_channel *channel = asker_open_channel(s.asker, &nobody);

    expect_error(ASK(&s, .url = "/", .channel = channel), ERROR_UNAVAILABLE,
                 "GET http://10.9.9.9:81/: using a connection: "
                 "Connection refused");
    ck_assert_uint_eq(asker_n_closed(s.asker, &error), 1);
    ck_assert_str_eq(error, "the channel to 10.9.9.9:81: using a connection: "
                     "Connection refused");
    asker_close_channel(s.asker);
    client_stage_stop(&s);
}
END_TEST

START_TEST(closing_a_channel_ends_its_calls)
{
    struct client_stage s = client_stage_start();
    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *asked = ASK(&s, .url = "/", .channel = channel);
    struct memory_client *peer = accept_one(&s);

    asker_close_channel(s.asker);
    multi_system_run(s.multi);
    ck_assert(memory_client_is_ended(peer));
    expect_error(asked, ERROR_CLOSED, "GET http://10.9.9.9:80/: the "
                 "connection was closed before the answer");
    ck_assert_uint_eq(asker_n_closed(s.asker, NULL), 0);
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_cancelled_call_takes_its_channel_along)
{
    struct client_stage s = client_stage_start();
    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *one = ASK(&s, .url = "/1", .channel = channel);
    struct asked *two = ASK(&s, .url = "/2", .channel = channel);
    struct memory_client *peer = accept_one(&s);

    asker_cancel(s.asker, two);
    multi_system_run(s.multi);
    expect_error(one, ERROR_CLOSED, "GET http://10.9.9.9:80/1: the "
                 "connection was closed before the answer");
    ck_assert_uint_eq(two->n_done, 0);
    ck_assert_uint_eq(asker_n_closed(s.asker, NULL), 1);
    memory_client_close(peer);
    asker_close_channel(s.asker);
    client_stage_stop(&s);
}
END_TEST

START_TEST(a_channel_ends_with_its_actor)
{
    struct client_stage s = client_stage_start();
    struct http_channel *channel = asker_open_channel(s.asker,
                                                      &server_address);
    struct asked *asked = ASK(&s, .url = "/", .channel = channel);
    struct memory_client *peer = accept_one(&s);

    say(&s, peer, HELLO);
    expect_body(asked, 200, "hello");
    actor_terminate(s.system, asker_upid(s.asker));
    multi_system_run(s.multi);
    ck_assert(memory_client_is_ended(peer));
    memory_client_close(peer);
    client_stage_stop(&s);
}
END_TEST

static Suite *
http_client_stream_suite(void)
{
    Suite *suite = suite_create("http_client_stream");

    test_add(suite, "stream", a_stream_comes_as_head_pieces_and_end);
    test_add(suite, "records", records_come_one_by_one_and_whole);
    test_add(suite, "records_bad",
             a_malformed_record_ends_the_stream_after_the_good_ones);
    test_add(suite, "stream_refused", a_refused_stream_has_its_answer_whole);
    test_add(suite, "stream_breaks", a_stream_that_breaks_gives_what_had_come);
    test_add(suite, "stream_cancel",
             a_stream_may_be_cancelled_in_its_own_turn);
    test_add(suite, "slow_reader",
             ten_thousand_records_wait_in_the_network_for_a_slow_reader);
    test_add(suite, "held_break", what_had_come_before_a_break_is_still_given);
    test_add(suite, "channel",
             calls_of_a_channel_are_written_at_once_and_answered_in_order);
    test_add(suite, "connect_only", a_channel_may_just_be_connected);
    test_add(suite, "channel_breaks",
             a_channel_that_breaks_ends_its_calls_and_is_told_once);
    test_add(suite, "channel_idle",
             a_channel_ends_when_it_is_idle_and_the_server_goes);
    test_add(suite, "channel_refused", a_refused_channel_is_told);
    test_add(suite, "channel_close", closing_a_channel_ends_its_calls);
    test_add(suite, "channel_cancel",
             a_cancelled_call_takes_its_channel_along);
    test_add(suite, "channel_actor", a_channel_ends_with_its_actor);
    return suite;
}

TEST_MAIN(http_client_stream_suite)
