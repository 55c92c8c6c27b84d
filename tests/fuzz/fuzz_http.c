/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_http.c - what strangers write to the port, in two pieces cut where the
 * first byte says: the server answers or refuses, and goes on living. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "tests/fuzz/fuzz.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"

static void
on_echo(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    const char *q = http_request_query(request, "q");
    size_t size;
    const char *body = http_request_body(request, &size);

    strbuf_append(&text, http_request_rest(request));
    strbuf_append(&text, q ? q : "");
    strbuf_append_bytes(&text, body, size);
    http_respond(&request, 200, NULL, &text);
}

static void
on_item(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    while (text.len < 2000) {
        strbuf_printf(&text, "item %s, ",
                      http_request_argument(request, "item"));
    }
    http_respond(&request, 200, NULL, &text);
}

static const struct http_route routes[] = {
    { "/echo", on_echo, "Says it again.", NULL },
    { "/items/{item}", on_item, .methods = "GET, POST" },
};

static struct error *
echo_init(struct actor *self, void *arg UNUSED)
{
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static const struct actor_type echo_type = {
    .name = "echo", .size = sizeof(struct actor), .init = echo_init,
};

/* The server still does what it is for. */
static void
check_alive(struct multi_system *m, struct actor_system *system)
{
    static const char request[] = "GET /echo/alive HTTP/1.1\r\n\r\n";
    struct memory_client *client = memory_client_connect(
        multi_system_net(m), actor_system_address(system));
    size_t size;

    memory_client_write(client, request, sizeof request - 1);
    multi_system_run(m);
    const char *text = memory_client_text(client, &size);
    if (size < 5 || strcmp(text + size - 5, "alive") != 0) {
        abort();
    }
    memory_client_close(client);
    multi_system_run(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct actor_system_options options = { .delegate = "server" };
    struct multi_system *m = multi_system_create();
    struct actor_system *system = multi_system_add(m, &options);
    struct memory_client *client;

    if (actor_spawn(system, &echo_type, "server", NULL, NULL)) {
        abort();
    }
    client = memory_client_connect(multi_system_net(m),
                                   actor_system_address(system));
    if (size > 0) {
        size_t cut = data[0] < size - 1 ? data[0] : size - 1;

        memory_client_write(client, data + 1, cut);
        multi_system_run(m);
        memory_client_write(client, data + 1 + cut, size - 1 - cut);
        multi_system_run(m);
    }
    memory_client_shutdown(client);
    multi_system_run(m);
    memory_client_close(client);
    check_alive(m, system);
    multi_system_destroy(m);
    return 0;
}
