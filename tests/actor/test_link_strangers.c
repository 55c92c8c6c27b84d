/* SPDX-License-Identifier: Apache-2.0
 *
 * test_link_strangers.c - what a client may write by hand to a port for links:
 * other versions, old attempts, garbage, too much of anything. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "link/frame.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/talker.h"
#include "tests/lib/test.h"

static void
write_handshake(struct memory_client *client, const struct address *to,
                const char *version, const char *from, uint64_t dial)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&text,
                  "GET / HTTP/1.1\r\n"
                  "Connection: Upgrade\r\nUpgrade: cmesos-link/%s\r\n"
                  "Link-From: %s\r\nLink-To: %s\r\n"
                  "Link-Incarnation: 0123456789abcdef0123456789abcdef\r\n"
                  "Link-Dial: %llu\r\nLink-Seen: 0\r\n\r\n",
                  version, from, ADDRESS_TEXT(to), (unsigned long long) dial);
    memory_client_write(client, text.data, text.len);
}

static struct memory_client *
link_by_hand(struct pair *p, uint64_t dial)
{
    struct memory_client *client = memory_client_connect(
        multi_system_net(p->multi), actor_system_address(p->b));

    write_handshake(client, actor_system_address(p->b), "1",
                    "10.0.0.77:5050", dial);
    multi_system_run(p->multi);
    return client;
}

static void
expect_start(struct memory_client *client, const char *expected)
{
    const char *text = memory_client_text(client, NULL);

    ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0,
                  "got '%.60s'", text);
}

START_TEST(a_handshake_by_hand_is_accepted)
{
    struct pair p = pair_start();
    struct memory_client *client = link_by_hand(&p, 1);

    expect_start(client, "HTTP/1.1 101 Switching Protocols\r\n");
    ck_assert(!memory_client_is_ended(client));
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(another_version_of_the_protocol_is_refused)
{
    struct pair p = pair_start();
    struct memory_client *client = memory_client_connect(
        multi_system_net(p.multi), actor_system_address(p.b));

    write_handshake(client, actor_system_address(p.b), "2",
                    "10.0.0.77:5050", 1);
    multi_system_run(p.multi);

    expect_start(client, "HTTP/1.1 426 ");
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(who_claims_our_own_address_is_refused)
{
    struct pair p = pair_start();
    struct memory_client *client = memory_client_connect(
        multi_system_net(p.multi), actor_system_address(p.b));

    write_handshake(client, actor_system_address(p.b), "1",
                    ADDRESS_TEXT(actor_system_address(p.b)), 1);
    multi_system_run(p.multi);

    expect_start(client, "HTTP/1.1 400 ");
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(an_older_attempt_of_the_same_process_is_refused)
{
    struct pair p = pair_start();
    struct memory_client *newer = link_by_hand(&p, 7);
    struct memory_client *older = link_by_hand(&p, 6);

    expect_start(newer, "HTTP/1.1 101 ");
    expect_start(older, "HTTP/1.1 409 ");
    ck_assert(memory_client_is_ended(older));
    ck_assert(!memory_client_is_ended(newer));
    memory_client_close(newer);
    memory_client_close(older);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(a_newer_attempt_of_the_same_process_takes_over)
{
    struct pair p = pair_start();
    struct memory_client *older = link_by_hand(&p, 6);
    struct memory_client *newer = link_by_hand(&p, 7);

    expect_start(newer, "HTTP/1.1 101 ");
    ck_assert(memory_client_is_ended(older));
    ck_assert(!memory_client_is_ended(newer));
    memory_client_close(newer);
    memory_client_close(older);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

/* Sends 'bytes' over a fresh link; whether the link survives. */
static bool
survives(struct pair *p, const char *bytes, size_t size)
{
    static uint64_t dial = 100;
    struct memory_client *client = link_by_hand(p, ++dial);

    memory_client_write(client, bytes, size);
    multi_system_run(p->multi);
    bool alive = !memory_client_is_ended(client);
    memory_client_close(client);
    multi_system_run(p->multi);
    return alive;
}

#define SURVIVES(p, bytes) survives((p), (bytes), sizeof(bytes) - 1)

START_TEST(frames_that_are_none_end_the_link)
{
    struct pair p = pair_start();

    ck_assert(!SURVIVES(&p, "\0\0\0\0"));
    ck_assert(!SURVIVES(&p, "\xff\xff\xff\xff"));
    ck_assert(!SURVIVES(&p, "GET / HTTP/1.1\r\n"));
    ck_assert(!SURVIVES(&p, "\0\0\0\1\xc0"));
    ck_assert(!SURVIVES(&p, "\0\0\0\4\x92\0\xa1x"));
    ck_assert(!SURVIVES(&p, "\0\0\0\5\x93\1\xa1x\xa1"));
    ck_assert(!SURVIVES(&p, "\0\0\0\5\x93\1\xa1x\xa0"));
    ck_assert(!SURVIVES(&p, "\0\0\0\7\x93\1\xdb\xff\xff\xff\xff"));
    ck_assert(!SURVIVES(&p, "\0\0\0\7\x93\1\xa2x\n\xa1y"));
    ck_assert(!SURVIVES(&p, "\0\0\0\7\x93\1\xa1x\xa2@y"));
    ck_assert(!SURVIVES(&p, "\0\0\0\x10\x97\0\xa3two\xa3you\xa2" "A\n"
                            "\0\0\x80"));
    pair_stop(&p);
}
END_TEST

/* Links of 'n' actors of a stranger to 'to'; whether it is still heard. */
static bool
survives_links(struct pair *p, const char *to, unsigned n)
{
    struct memory_client *client = link_by_hand(p, 1);
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);

    for (unsigned i = 0; i < n && !memory_client_is_ended(client); i++) {
        char from[64];

        snprintf(from, sizeof from, "stranger-with-a-long-name-%u", i);
        frame_encode_notice(&bytes, FRAME_LINK, to, from);
        if (bytes.len > 64 * 1024 || i == n - 1) {
            memory_client_write(client, bytes.data, bytes.len);
            multi_system_run(p->multi);
            strbuf_clear(&bytes);
        }
    }
    bool alive = !memory_client_is_ended(client);
    memory_client_close(client);
    multi_system_run(p->multi);
    return alive;
}

static void
keep_warning(void *aux, const char *line)
{
    if (line[0] == 'W') {
        snprintf(aux, 256, "%s", line);
    }
}

START_TEST(the_end_in_mid_frame_is_told_with_the_place)
{
    struct pair p = pair_start();
    struct memory_client *client = link_by_hand(&p, 1);
    char warning[256] = "";

    log_set_sink(keep_warning, warning);
    memory_client_write(client, "\0\0\1\0abc", 7);
    multi_system_run(p.multi);
    memory_client_close(client);
    multi_system_run(p.multi);
    log_set_sink(NULL, NULL);

    ck_assert_msg(strstr(warning, "Lost the link to 10.0.0.77:5050: closed by "
                                  "the other side in the middle of a frame, 7 "
                                  "bytes in"), "got '%s'", warning);
    pair_stop(&p);
}
END_TEST

START_TEST(half_a_frame_and_then_silence_ends_the_link)
{
    struct pair p = pair_start();
    struct memory_client *client = link_by_hand(&p, 1);

    memory_client_write(client, "\0\0\1\0abc", 7);
    multi_system_advance(p.multi, 20 * SECOND);
    memory_client_write(client, "d", 1);
    multi_system_advance(p.multi, 39 * SECOND);
    ck_assert(!memory_client_is_ended(client));
    multi_system_advance(p.multi, 30 * SECOND);
    ck_assert(memory_client_is_ended(client));
    ck_assert_double_eq(metric_of(p.b, "link/losses/silent"), 1);
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(silence_between_frames_does_not_end_the_link)
{
    struct pair p = pair_start();
    struct memory_client *client = link_by_hand(&p, 1);

    memory_client_write(client, "\0\0\0\6\x93\x63", 6);
    multi_system_advance(p.multi, SECOND);
    memory_client_write(client, "\xa1x\xa1y", 4);
    multi_system_advance(p.multi, 10 * MINUTE);

    ck_assert(!memory_client_is_ended(client));
    memory_client_close(client);
    multi_system_run(p.multi);
    pair_stop(&p);
}
END_TEST

START_TEST(who_asks_and_does_not_read_the_answers_is_given_up)
{
    struct pair p = pair_start();

    ck_assert(survives_links(&p, "nobody", 1000));
    pair_stop(&p);
    p = pair_start();
    ck_assert(!survives_links(&p, "nobody", 100000));
    pair_stop(&p);
}
END_TEST

START_TEST(who_links_too_many_actors_is_given_up)
{
    struct pair p = pair_start();

    ck_assert(!survives_links(&p, "two", LIMIT_LINK_WATCHES + 1));
    pair_stop(&p);
    p = pair_start();
    ck_assert(survives_links(&p, "two", LIMIT_LINK_WATCHES / 16));
    pair_stop(&p);
}
END_TEST

/* A frame of an unknown kind of 'length' bytes; whether the link survives. */
static bool
survives_frame(struct pair *p, size_t length)
{
    autofini(strbuf) frame = STRBUF(STRBUF_UNLIMITED);
    char header[4] = {
        (char) (length >> 24), (char) (length >> 16 & 0xff),
        (char) (length >> 8 & 0xff), (char) (length & 0xff),
    };

    strbuf_append_bytes(&frame, header, sizeof header);
    strbuf_append_bytes(&frame, "\x93\x63\xa1x\xa1y", 6);
    ck_assert_ptr_nonnull(strbuf_reserve(&frame, length - 6));
    memset(frame.data + frame.len, 'z', length - 6);
    strbuf_advance(&frame, length - 6);
    return survives(p, frame.data, frame.len);
}

START_TEST(the_greatest_frame_is_taken_and_a_greater_one_is_not)
{
    struct pair p = pair_start();

    ck_assert(survives_frame(&p, LIMIT_LINK_FRAME - FRAME_HEADER_SIZE));
    ck_assert(!survives_frame(&p, LIMIT_LINK_FRAME - FRAME_HEADER_SIZE + 1));
    pair_stop(&p);
}
END_TEST

static void
count_line(void *aux, const char *line UNUSED)
{
    ++*(unsigned *) aux;
}

START_TEST(a_million_tiny_frames_are_passed_over_with_few_words)
{
    enum { N_FRAMES = 1000000 };
    static const char frame[] = "\0\0\0\6\x93\x63\xa1x\xa1y";
    struct pair p = pair_start();
    autofini(strbuf) frames = STRBUF(STRBUF_UNLIMITED);
    unsigned n_lines = 0;

    for (int i = 0; i < N_FRAMES; i++) {
        strbuf_append_bytes(&frames, frame, sizeof frame - 1);
    }
    log_set_sink(count_line, &n_lines);
    ck_assert(survives(&p, frames.data, frames.len));
    log_set_sink(NULL, NULL);

    ck_assert_uint_lt(n_lines, 20);
    pair_stop(&p);
}
END_TEST

START_TEST(frames_of_an_unknown_kind_are_passed_over)
{
    struct pair p = pair_start();

    ck_assert(SURVIVES(&p, "\0\0\0\6\x93\x63\xa1x\xa1y"));
    pair_stop(&p);
}
END_TEST

START_TEST(an_unknown_message_is_dropped_and_the_next_arrives)
{
    struct pair p = pair_start();
    static const char frames[] =
        "\0\0\0\x12\x97\0\xa3two\xa3you\xa4What\0\0\x80"
        "\0\0\0\x19\x97\0\xa3two\xa3you\xa9PingAgent\0\0\x81\1\xc3";

    ck_assert(survives(&p, frames, sizeof frames - 1));

    ck_assert_uint_eq(p.log_b->n_pings, 1);
    ck_assert(metric_of(p.b, "link/messages_dropped") >= 1);
    pair_stop(&p);
}
END_TEST

START_TEST(a_message_with_a_malformed_body_is_dropped)
{
    struct pair p = pair_start();
    static const char frame[] =
        "\0\0\0\x17\x97\0\xa3two\xa3you\xa9PingAgent\0\0\x81";

    ck_assert(survives(&p, frame, sizeof frame - 1));

    ck_assert_uint_eq(p.log_b->n_pings, 0);
    ck_assert(metric_of(p.b, "link/messages_dropped") == 1);
    pair_stop(&p);
}
END_TEST

static Suite *
link_strangers_suite(void)
{
    Suite *suite = suite_create("link-strangers");

    test_add(suite, "by_hand", a_handshake_by_hand_is_accepted);
    test_add(suite, "version", another_version_of_the_protocol_is_refused);
    test_add(suite, "own_address", who_claims_our_own_address_is_refused);
    test_add(suite, "older",
             an_older_attempt_of_the_same_process_is_refused);
    test_add(suite, "newer", a_newer_attempt_of_the_same_process_takes_over);
    test_add(suite, "garbage", frames_that_are_none_end_the_link);
    test_add(suite, "garbage",
             who_asks_and_does_not_read_the_answers_is_given_up);
    test_add(suite, "garbage", who_links_too_many_actors_is_given_up);
    test_add(suite, "garbage", the_end_in_mid_frame_is_told_with_the_place);
    test_add(suite, "stalled", half_a_frame_and_then_silence_ends_the_link);
    test_add(suite, "stalled", silence_between_frames_does_not_end_the_link);
    test_add(suite, "greatest",
             the_greatest_frame_is_taken_and_a_greater_one_is_not);
    test_add(suite, "tiny",
             a_million_tiny_frames_are_passed_over_with_few_words);
    test_add(suite, "unknown_kind",
             frames_of_an_unknown_kind_are_passed_over);
    test_add(suite, "unknown_name",
             an_unknown_message_is_dropped_and_the_next_arrives);
    test_add(suite, "bad_body", a_message_with_a_malformed_body_is_dropped);
    return suite;
}

TEST_MAIN(link_strangers_suite)
