/* SPDX-License-Identifier: Apache-2.0
 *
 * client_stage.c - a client of ours and a server by hand; see
 * client_stage.h. */
#include <config.h>

#include "tests/lib/client_stage.h"

#include <check.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"

const struct address server_address = {
    .family = ADDRESS_IPV4, .ip = { 10, 9, 9, 9 }, .port = 80,
};

struct client_stage
client_stage_start(void)
{
    struct client_stage s = { .multi = multi_system_create() };

    s.system = multi_system_add(s.multi, NULL);
    s.server = memory_server_create(multi_system_net(s.multi),
                                    &server_address);
    s.asker = asker_create(s.system, "asker");
    return s;
}

void
client_stage_stop(struct client_stage *s)
{
    multi_system_remove(s->multi, s->system);
    memory_server_destroy(s->server);
    multi_system_destroy(s->multi);
    asker_destroy(s->asker);
}

struct asked *
ask(struct client_stage *s, const struct http_call_options *options)
{
    struct asked *asked = asker_ask(s->asker, options);

    multi_system_run(s->multi);
    return asked;
}

struct asked *
get(struct client_stage *s, const char *path)
{
    autofini(strbuf) url = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&url, HOST "%s", path);
    return ask(s, &(struct http_call_options) { .url = url.data });
}

struct memory_client *
accept_one(struct client_stage *s)
{
    struct memory_client *peer = memory_server_accept(s->server);

    ck_assert_ptr_nonnull(peer);
    return peer;
}

void
say(struct client_stage *s, struct memory_client *peer, const char *text)
{
    memory_client_write(peer, text, strlen(text));
    multi_system_run(s->multi);
}

void
expect_heard(struct memory_client *peer, const char *expected)
{
    ck_assert_str_eq(memory_client_text(peer, NULL), expected);
    memory_client_clear(peer);
}

void
hang_up(struct client_stage *s, struct memory_client *peer)
{
    memory_client_close(peer);
    multi_system_run(s->multi);
}

void
expect_body(const struct asked *asked, int status, const char *body)
{
    ck_assert_msg(!asked->error, "got '%s'", asked->error);
    ck_assert_uint_eq(asked->n_done, 1);
    ck_assert_int_eq(asked->status, status);
    ck_assert_str_eq(asked->body.data, body);
    ck_assert_uint_eq(asked->n_destroyed, 1);
}

void
expect_error(const struct asked *asked, enum error_code code,
             const char *text)
{
    ck_assert_uint_eq(asked->n_done, 1);
    ck_assert_ptr_nonnull(asked->error);
    ck_assert_str_eq(asked->error, text);
    ck_assert_int_eq(asked->code, code);
    ck_assert_uint_eq(asked->n_destroyed, 1);
}

struct asked *
exchange(struct client_stage *s, const struct http_call_options *options,
         const char *text, bool ends)
{
    struct asked *asked = ask(s, options);
    struct memory_client *peer = accept_one(s);

    say(s, peer, text);
    if (ends) {
        memory_client_shutdown(peer);
        multi_system_run(s->multi);
    }
    hang_up(s, peer);
    return asked;
}
