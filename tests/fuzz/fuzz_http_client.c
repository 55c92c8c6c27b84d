/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_http_client.c - what a server may write to our client, in two pieces
 * cut where the second byte says: every call ends exactly once, and the client
 * goes on living.  The first byte says what is asked for. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http_client.h>
#include <actor/strbuf.h>
#include "tests/fuzz/fuzz.h"
#include "tests/lib/asker.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"

#define N_CALLS 3

enum {
    IS_HEAD = 1,
    IS_STREAM = 2,
    HAS_RECORDS = 4,
    ACCEPTS_GZIP = 8,
    ON_CHANNEL = 16,
    IS_PAUSED = 32,
    IS_CANCELLED = 64,
};

static const struct address address = {
    .family = ADDRESS_IPV4, .ip = { 10, 9, 9, 9 }, .port = 80,
};

struct stage {
    struct multi_system *multi;
    struct actor_system *system;
    struct memory_server *server;
    struct asker *asker;
    struct asked *asked[N_CALLS];
};

static void
ask(struct stage *s, unsigned flags)
{
    struct http_call_options options = {
        .url = "/", .address = &address,
        .method = flags & IS_HEAD ? "HEAD" : "GET",
        .on_data = flags & IS_STREAM ? asker_on_data : NULL,
        .has_records = flags & HAS_RECORDS,
        .accepts_gzip = flags & ACCEPTS_GZIP,
        .max_body = 10000, .max_record = 1000,
        .channel = flags & ON_CHANNEL
            ? asker_open_channel(s->asker, &address) : NULL,
    };

    for (size_t i = 0; i < N_CALLS; i++) {
        s->asked[i] = asker_ask(s->asker, &options);
        s->asked[i]->pause_at = flags & IS_PAUSED ? 1 : 0;
        s->asked[i]->cancel_at = flags & IS_CANCELLED ? 2 : 0;
    }
    multi_system_run(s->multi);
}

/* To each connection the same; then they end. */
static void
answer(struct stage *s, const uint8_t *data, size_t size, size_t cut)
{
    struct memory_client *peer;

    while ((peer = memory_server_accept(s->server))) {
        memory_client_write(peer, data, cut);
        multi_system_run(s->multi);
        memory_client_write(peer, data + cut, size - cut);
        multi_system_run(s->multi);
        memory_client_shutdown(peer);
        multi_system_run(s->multi);
        memory_client_close(peer);
        multi_system_run(s->multi);
    }
}

static void
check_ended(struct stage *s)
{
    for (size_t i = 0; i < N_CALLS; i++) {
        struct asked *asked = s->asked[i];

        if (asked->call && asked->pause_at) {
            asker_resume(s->asker, asked);
            multi_system_run(s->multi);
        }
        if (asked->n_destroyed != 1 || asked->n_done > 1
            || (asked->n_done == 0 && !asked->cancel_at)) {
            abort();
        }
    }
}

/* The client still does what it is for. */
static void
check_alive(struct stage *s)
{
    static const char text[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive";
    struct asked *asked = asker_get(s->asker, "http://10.9.9.9/");

    multi_system_run(s->multi);
    struct memory_client *peer = memory_server_accept(s->server);
    if (!peer) {
        abort();
    }
    memory_client_write(peer, text, sizeof text - 1);
    multi_system_run(s->multi);
    if (strcmp(asked->body.data, "alive") != 0) {
        abort();
    }
    memory_client_close(peer);
    multi_system_run(s->multi);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stage s = { .multi = multi_system_create() };

    if (size < 2) {
        multi_system_destroy(s.multi);
        return 0;
    }
    s.system = multi_system_add(s.multi, NULL);
    s.server = memory_server_create(multi_system_net(s.multi), &address);
    s.asker = asker_create(s.system, "asker");
    ask(&s, data[0]);
    answer(&s, data + 2, size - 2, data[1] < size - 2 ? data[1] : size - 2);
    check_ended(&s);
    if (data[0] & ON_CHANNEL) {
        asker_close_channel(s.asker);
    }
    check_alive(&s);
    multi_system_remove(s.multi, s.system);
    memory_server_destroy(s.server);
    multi_system_destroy(s.multi);
    asker_destroy(s.asker);
    return 0;
}
