/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_limits.c - clients that are too slow, and too many of them. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/http_server.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/lib/http_stage.h"

/* --- a server --- */

struct server {
    struct actor base;
    struct http_request *kept;          /* owned; NULL: none */
};

static void
on_hello(struct actor *self UNUSED, struct http_request *request)
{
    http_respond_text(&request, 200, "hello");
}

static void
on_size(struct actor *self UNUSED, struct http_request *request)
{
    size_t size;

    http_request_body(request, &size);
    http_respond_text(&request, 200, "%zu", size);
}

static void
on_big(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);

    memset(strbuf_reserve(&body, 1 << 20), 'x', 1 << 20);
    strbuf_advance(&body, 1 << 20);
    http_respond(&request, 200, "text/plain", &body);
}

static void
on_keep(struct actor *self, struct http_request *request)
{
    ((struct server *) self)->kept = request;
}

static void
on_release(struct actor *self, struct http_request *request)
{
    http_respond_text(&((struct server *) self)->kept, 200, "kept");
    http_respond_text(&request, 200, "released");
}

static const struct http_route routes[] = {
    { "/hello", on_hello },
    { "/size", on_size },
    { "/big", on_big },
    { "/keep", on_keep },
    { "/release", on_release },
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

/* Says 'size' bytes of body every 'step_ns', 'n' times. */
static void
drip(struct http_stage *f, size_t size, int64_t step_ns, unsigned n)
{
    autofree char *bytes = xcalloc(1, size + 1);

    memset(bytes, 'x', size);
    for (unsigned i = 0; i < n && !memory_client_is_ended(f->client); i++) {
        multi_system_advance(f->multi, step_ns);
        stage_say_to(f, f->client, bytes);
    }
}

/* --- slow writers --- */

START_TEST(a_head_that_comes_byte_by_byte_is_timed_as_a_whole)
{
    struct http_stage f = start();

    stage_say(&f, "GET /hello HTTP/1.1\r\nX: ");
    drip(&f, 1, 10 * SECOND, 5);
    ck_assert_str_eq(memory_client_text(f.client, NULL), "");
    drip(&f, 1, 10 * SECOND, 1);
    EXPECT_STATUS(memory_client_text(f.client, NULL), "408 ");
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(a_body_has_to_make_progress)
{
    struct http_stage f = start();

    stage_say(&f, "POST /size HTTP/1.1\r\nContent-Length: 200000\r\n\r\n");
    drip(&f, 100, 10 * SECOND, 5);
    ck_assert_str_eq(memory_client_text(f.client, NULL), "");
    drip(&f, 100, 10 * SECOND, 5);
    EXPECT_STATUS(memory_client_text(f.client, NULL), "408 ");
    stage_stop(&f);
}
END_TEST

START_TEST(a_body_that_does_may_take_its_time)
{
    struct http_stage f = start();

    stage_say(&f, "POST /size HTTP/1.1\r\nContent-Length: 200000\r\n\r\n");
    drip(&f, 10000, 15 * SECOND, 20);
    EXPECT_BODY(memory_client_text(f.client, NULL), "200000");
    stage_stop(&f);
}
END_TEST

START_TEST(time_does_not_run_while_we_do_not_read)
{
    struct http_stage f = start();
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    struct memory_client *other = stage_connect(&f);

    strbuf_append(&text, "GET /keep HTTP/1.1\r\n\r\n");
    for (int i = 1; i < LIMIT_HTTP_PIPELINE - 1; i++) {
        strbuf_append(&text, "GET /hello HTTP/1.1\r\n\r\n");
    }
    strbuf_append(&text, "GET /hello HTTP/1.1\r\n\r\nGET /hello HT");
    stage_say(&f, text.data);
    multi_system_advance(f.multi, 10 * MINUTE);
    ck_assert_str_eq(memory_client_text(f.client, NULL), "");
    stage_say_to(&f, f.client, "TP/1.1\r\n\r\n");
    stage_say_to(&f, other, "GET /release HTTP/1.1\r\n\r\n");
    ck_assert_uint_eq(occurrences(memory_client_text(f.client, NULL),
                                  "HTTP/1.1 200 OK"),
                      1 + LIMIT_HTTP_PIPELINE);
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(an_idle_connection_has_no_timeout)
{
    struct http_stage f = start();

    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    multi_system_advance(f.multi, 24 * HOUR);
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    stage_stop(&f);
}
END_TEST

/* --- slow readers --- */

/* Takes what has come every 'step_ns', 'n' times. */
static size_t
sip(struct http_stage *f, int64_t step_ns, unsigned n)
{
    size_t total = 0;

    for (unsigned i = 0; i < n && !memory_client_is_ended(f->client); i++) {
        size_t size;

        memory_client_text(f->client, &size);
        total += size;
        memory_client_clear(f->client);
        multi_system_advance(f->multi, step_ns);
    }
    return total;
}

START_TEST(a_peer_that_never_reads_is_closed)
{
    struct http_stage f = start();

    memory_net_set_window(multi_system_net(f.multi), 10000);
    stage_get(&f, "/big");
    multi_system_advance(f.multi, 59 * SECOND);
    ck_assert(!memory_client_is_ended(f.client));
    multi_system_advance(f.multi, 2 * SECOND);
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(a_peer_that_hardly_reads_is_closed)
{
    struct http_stage f = start();

    memory_net_set_window(multi_system_net(f.multi), 1000);
    stage_get(&f, "/big");
    ck_assert_uint_lt(sip(&f, 10 * SECOND, 1000), 20000);
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(a_peer_that_reads_slowly_gets_all)
{
    struct http_stage f = start();

    memory_net_set_window(multi_system_net(f.multi), 16384);
    stage_get(&f, "/big");
    ck_assert_uint_gt(sip(&f, 20 * SECOND, 66), 1 << 20);
    ck_assert(!memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

/* --- many --- */

START_TEST(one_connection_too_many_is_told_so)
{
    static const struct http_options options = { .max_connections = 2 };
    struct http_stage f = stage_start(&server_type, &options);
    struct memory_client *second = stage_connect(&f);
    struct memory_client *third = stage_connect(&f);

    multi_system_run(f.multi);
    const char *text = memory_client_text(third, NULL);
    EXPECT_STATUS(text, "503 Service Unavailable\r\n");
    EXPECT_HAS(text, "\r\nConnection: close\r\n");
    EXPECT_BODY(text, "503 Service Unavailable. Too many connections.");
    ck_assert(memory_client_is_ended(third));
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    memory_client_close(second);
    memory_client_close(third);
    multi_system_run(f.multi);

    second = stage_connect(&f);
    stage_say_to(&f, second, "GET /hello HTTP/1.1\r\n\r\n");
    EXPECT_BODY(memory_client_text(second, NULL), "hello");
    memory_client_close(second);
    stage_stop(&f);
}
END_TEST

/* The beginning of a body of 80,000 bytes. */
static void
say_most(struct http_stage *f, struct memory_client *client)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&text, "POST /size HTTP/1.1\r\n"
                  "Content-Length: 80000\r\n\r\n");
    memset(strbuf_reserve(&text, 60000), 'x', 60000);
    strbuf_advance(&text, 60000);
    stage_say_to(f, client, text.data);
}

START_TEST(all_bodies_together_have_a_bound)
{
    const struct http_options options = { .max_bodies = 100000 };
    struct http_stage f = stage_start(&server_type, &options);
    struct memory_client *other = stage_connect(&f);
    autofree char *rest = xcalloc(1, 20001);

    memset(rest, 'x', 20000);
    say_most(&f, f.client);
    say_most(&f, other);
    EXPECT_STATUS(memory_client_text(other, NULL), "503 ");
    ck_assert(memory_client_is_ended(other));
    stage_say_to(&f, f.client, rest);
    EXPECT_BODY(memory_client_text(f.client, NULL), "80000");

    stage_reconnect(&f);
    say_most(&f, f.client);
    stage_say_to(&f, f.client, rest);
    EXPECT_BODY(memory_client_text(f.client, NULL), "80000");
    memory_client_close(other);
    stage_stop(&f);
}
END_TEST

START_TEST(far_too_many_connections_are_closed)
{
    static const struct http_options options = { .max_connections = 1 };
    struct http_stage f = stage_start(&server_type, &options);
    struct memory_client *clients[300];
    size_t n_told = 0;

    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        clients[i] = stage_connect(&f);
    }
    multi_system_run(f.multi);
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
        n_told += memory_client_text(clients[i], NULL)[0] != '\0';
        ck_assert(memory_client_is_ended(clients[i]));
        memory_client_close(clients[i]);
    }
    ck_assert_uint_eq(n_told, 256);
    EXPECT_BODY(stage_get(&f, "/hello"), "hello");
    multi_system_advance(f.multi, 10 * SECOND);
    stage_stop(&f);
}
END_TEST

/* --- options --- */

START_TEST(timeouts_are_as_the_options_say)
{
    static const struct http_options options = {
        .request_timeout_ns = SECOND, .write_timeout_ns = 2 * SECOND,
    };
    struct http_stage f = stage_start(&server_type, &options);

    stage_say(&f, "GET");
    multi_system_advance(f.multi, SECOND);
    EXPECT_STATUS(memory_client_text(f.client, NULL), "408 ");
    stage_reconnect(&f);
    memory_net_set_window(multi_system_net(f.multi), 10000);
    stage_get(&f, "/big");
    multi_system_advance(f.multi, 2 * SECOND);
    ck_assert(memory_client_is_ended(f.client));
    stage_stop(&f);
}
END_TEST

START_TEST(a_timeout_is_not_negative)
{
    static const struct http_options bad[] = {
        { .request_timeout_ns = -1 }, { .write_timeout_ns = -1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        autoerror *error = http_options_check(&bad[i]);

        ck_assert_ptr_nonnull(error);
    }
    ck_assert_ptr_null(http_options_check(NULL));
}
END_TEST

static Suite *
http_limits_suite(void)
{
    Suite *suite = suite_create("http_limits");

    test_add(suite, "slow_head",
             a_head_that_comes_byte_by_byte_is_timed_as_a_whole);
    test_add(suite, "slow_body", a_body_has_to_make_progress);
    test_add(suite, "body", a_body_that_does_may_take_its_time);
    test_add(suite, "not_reading", time_does_not_run_while_we_do_not_read);
    test_add(suite, "idle", an_idle_connection_has_no_timeout);
    test_add(suite, "never_reads", a_peer_that_never_reads_is_closed);
    test_add(suite, "hardly_reads", a_peer_that_hardly_reads_is_closed);
    test_add(suite, "reads", a_peer_that_reads_slowly_gets_all);
    test_add(suite, "too_many", one_connection_too_many_is_told_so);
    test_add(suite, "bodies", all_bodies_together_have_a_bound);
    test_add(suite, "far_too_many", far_too_many_connections_are_closed);
    test_add(suite, "options", timeouts_are_as_the_options_say);
    test_add(suite, "negative", a_timeout_is_not_negative);
    return suite;
}

TEST_MAIN(http_limits_suite)
