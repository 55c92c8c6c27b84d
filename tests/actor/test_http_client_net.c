/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_client_net.c - calls over the loopback device, between systems of
 * threads. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>
#include <actor/http_client.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "http/recordio.h"
#include "net/net.h"
#include "tests/lib/asker.h"
#include "tests/lib/test.h"

#define N_CALLS 1000
#define N_RECORDS 10000

/* --- a server --- */

struct server {
    struct actor base;
    struct http_request *kept;          /* owned; never answered */
};

static void
on_echo(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    size_t size;
    const char *body = http_request_body(request, &size);

    strbuf_append_bytes(&text, body, size);
    http_respond(&request, 200, "text/plain", &text);
}

/* One record a chunk, as the v1 API has it. */
static void
on_records(struct actor *self, struct http_request *request)
{
    struct http_stream *stream = http_respond_stream(
        self, &request, 200, "application/json", NULL, NULL);

    for (int i = 0; i < N_RECORDS; i++) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
        autofini(strbuf) record = STRBUF(STRBUF_UNLIMITED);

        strbuf_printf(&text, "record %d", i);
        recordio_encode(&record, text.data, text.len);
        http_stream_write(stream, &record);
    }
    http_stream_end(&stream);
}

static void
on_never(struct actor *self, struct http_request *request)
{
    struct server *server = (struct server *) self;

    if (server->kept) {
        http_respond_text(&server->kept, 200, "late");
    }
    server->kept = request;
}

static const struct http_route routes[] = {
    { "/echo", on_echo, NULL, NULL },
    { "/records", on_records, NULL, NULL },
    { "/never", on_never, NULL, NULL },
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
    struct server *server = (struct server *) self;

    if (server->kept) {
        http_respond_text(&server->kept, 503, "ending");
    }
}

static const struct actor_type server_type = {
    .name = "server", .size = sizeof(struct server), .init = server_init,
    .fini = server_fini,
};

/* --- fixture: a server, and a system without a port that asks it --- */

struct fixture {
    struct actor_system *there;
    struct actor_system *here;
    struct asker *asker;
};

static struct fixture
start(void)
{
    struct actor_system_options listening = { .n_workers = 2 };
    const struct actor_backend backend = { .resolve = actor_resolve_host };
    struct actor_system_options portless = {
        .n_workers = 3, .backend = &backend,
    };
    struct fixture f;

    ck_assert_ptr_null(address_parse("127.0.0.1:0", &listening.listen));
    ck_assert_ptr_null(actor_system_create(&listening, &f.there));
    ck_assert_ptr_null(actor_system_create(&portless, &f.here));
    ck_assert_ptr_null(actor_spawn(f.there, &server_type, "server", NULL,
                                   NULL));
    f.asker = asker_create(f.here, "asker");
    return f;
}

static void
stop(struct fixture *f)
{
    actor_system_destroy(f->here);
    actor_system_destroy(f->there);
    asker_destroy(f->asker);
}

static void
expect_body(struct asked *asked, int status, const char *body)
{
    asked_wait(asked);
    ck_assert_msg(!asked->error, "got '%s'", asked->error);
    ck_assert_int_eq(asked->status, status);
    ck_assert_str_eq(asked->body.data, body);
}

/* --- tests --- */

START_TEST(a_thousand_calls_at_once_are_answered)
{
    static struct asked *asked[N_CALLS];
    static char bodies[N_CALLS][32];
    struct fixture f = start();

    for (int i = 0; i < N_CALLS; i++) {
        snprintf(bodies[i], sizeof bodies[i], "body %d", i);
        asked[i] = asker_ask(f.asker, &(struct http_call_options) {
            .address = actor_system_address(f.there),
            .url = "/server/echo", .method = "POST",
            .body = bodies[i], .body_size = strlen(bodies[i]),
        });
    }

    for (int i = 0; i < N_CALLS; i++) {
        expect_body(asked[i], 200, bodies[i]);
    }
    stop(&f);
}
END_TEST

START_TEST(actors_of_all_workers_share_the_connections)
{
    static struct asked *asked[8][50];
    struct fixture f = start();
    struct asker *askers[8];

    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        askers[i] = asker_create(f.here, NULL);
    }
    for (size_t j = 0; j < 50; j++) {
        for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
            asked[i][j] = asker_ask(askers[i], &(struct http_call_options) {
                .address = actor_system_address(f.there),
                .url = "/server/echo", .method = "POST",
                .body = "x", .body_size = 1,
            });
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        for (size_t j = 0; j < 50; j++) {
            expect_body(asked[i][j], 200, "x");
        }
    }
    stop(&f);
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        asker_destroy(askers[i]);
    }
}
END_TEST

START_TEST(ten_thousand_records_arrive_in_order)
{
    struct fixture f = start();
    struct asked *asked = asker_ask(f.asker, &(struct http_call_options) {
        .address = actor_system_address(f.there), .url = "/server/records",
        .on_data = asker_on_data, .has_records = true,
    });

    expect_body(asked, 200, "");
    ck_assert_uint_eq(asked->n_pieces, N_RECORDS);
    ck_assert_ptr_nonnull(strstr(asked->pieces.data,
                                 "<record 9998><record 9999>"));
    stop(&f);
}
END_TEST

START_TEST(a_large_body_goes_both_ways)
{
    struct fixture f = start();
    struct strbuf body = STRBUF(STRBUF_UNLIMITED);
    size_t size = 8 << 20;

    memset(strbuf_reserve(&body, size), 'x', size);
    strbuf_advance(&body, size);
    struct asked *asked = asker_ask(f.asker, &(struct http_call_options) {
        .address = actor_system_address(f.there), .url = "/server/echo",
        .method = "PUT", .take_body = &body,
    });

    asked_wait(asked);
    ck_assert_int_eq(asked->status, 200);
    ck_assert_uint_eq(asked->body.len, size);
    strbuf_fini(&body);
    stop(&f);
}
END_TEST

START_TEST(a_host_name_is_looked_up)
{
    struct fixture f = start();
    autofini(strbuf) url = STRBUF(STRBUF_UNLIMITED);

    /* Resolvers know this one without /etc/hosts, and we do not. */
    strbuf_printf(&url, "http://127.1:%u/server/echo",
                  actor_system_address(f.there)->port);
    expect_body(asker_get(f.asker, url.data), 200, "");

    struct asked *asked = asker_get(f.asker, "http://no..such..host/");
    asked_wait(asked);
    ck_assert_uint_eq(asked->n_done, 1);
    ck_assert_ptr_nonnull(strstr(asked->error, "looking up host "
                                 "'no..such..host': "));
    stop(&f);
}
END_TEST

START_TEST(a_call_may_be_cancelled_while_its_host_is_looked_up)
{
    struct fixture f = start();
    struct asked *asked =
        asker_ask_in_vain(f.asker, &(struct http_call_options) {
            .url = "http://127.1:1/",
        });

    asked_wait(asked);
    ck_assert_uint_eq(asked->n_done, 0);
    stop(&f);
}
END_TEST

/* A port that is bound and does not listen. */
static int
bind_one(struct address *ret)
{
    struct sockaddr_storage storage;
    socklen_t len;
    int fd;

    ck_assert_ptr_null(address_parse("127.0.0.1:0", ret));
    ck_assert_ptr_null(socket_open(ret, &fd));
    len = socket_address_to(ret, &storage);
    ck_assert_int_eq(bind(fd, (struct sockaddr *) &storage, len), 0);
    len = sizeof storage;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &storage, &len), 0);
    socket_address_from(&storage, ret);
    return fd;
}

START_TEST(a_refused_connection_is_an_error)
{
    struct fixture f = start();
    struct address address;
    int fd = bind_one(&address);
    struct asked *asked = asker_ask(f.asker, &(struct http_call_options) {
        .address = &address, .url = "/",
    });

    asked_wait(asked);
    ck_assert_int_eq(asked->code, ERROR_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(asked->error, "Connection refused"));
    close(fd);
    stop(&f);
}
END_TEST

START_TEST(a_slow_server_is_given_up)
{
    struct fixture f = start();
    struct asked *asked = asker_ask(f.asker, &(struct http_call_options) {
        .address = actor_system_address(f.there), .url = "/server/never",
        .timeout_ns = 10 * MILLISECOND,
    });

    asked_wait(asked);
    ck_assert_int_eq(asked->code, ERROR_TIMEOUT);
    stop(&f);
}
END_TEST

START_TEST(actors_and_systems_may_end_with_calls_under_way)
{
    struct fixture f = start();
    struct asker *other = asker_create(f.here, NULL);
    struct http_call_options never = {
        .address = actor_system_address(f.there), .url = "/server/never",
    };
    struct http_call_options records = {
        .address = actor_system_address(f.there), .url = "/server/records",
        .on_data = asker_on_data, .has_records = true,
    };
    struct asked *asked = asker_ask(other, &never);

    asker_ask(other, &records);
    actor_terminate(f.here, asker_upid(other));
    asked_wait(asked);
    ck_assert_uint_eq(asked->n_done, 0);
    for (int i = 0; i < 20; i++) {
        asker_ask(f.asker, &never);
        asker_ask(f.asker, &records);
        asker_get(f.asker, "http://127.1:1/");
    }
    stop(&f);
    asker_destroy(other);
}
END_TEST

static Suite *
http_client_net_suite(void)
{
    Suite *suite = suite_create("http_client_net");

    test_add(suite, "thousand", a_thousand_calls_at_once_are_answered);
    test_add(suite, "share", actors_of_all_workers_share_the_connections);
    test_add(suite, "records", ten_thousand_records_arrive_in_order);
    test_add(suite, "large", a_large_body_goes_both_ways);
    test_add(suite, "name", a_host_name_is_looked_up);
    test_add(suite, "name_cancel",
             a_call_may_be_cancelled_while_its_host_is_looked_up);
    test_add(suite, "refused", a_refused_connection_is_an_error);
    test_add(suite, "slow", a_slow_server_is_given_up);
    test_add(suite, "end", actors_and_systems_may_end_with_calls_under_way);
    return suite;
}

TEST_MAIN(http_client_net_suite)
