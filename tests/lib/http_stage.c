/* SPDX-License-Identifier: Apache-2.0
 *
 * http_stage.c - a system that serves HTTP, and its client; see
 * http_stage.h. */
#include <config.h>

#include "tests/lib/http_stage.h"

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>

struct http_stage
stage_start(const struct actor_type *type,
                 const struct http_options *http)
{
    autofree char *delegate = xasprintf("%s(1)", type->name);
    struct actor_system_options options = {
        .delegate = delegate, .http = http,
    };
    struct http_stage stage = { .multi = multi_system_create() };

    stage.system = multi_system_add(stage.multi, &options);
    autoerror *error = actor_spawn(stage.system, type, NULL, NULL,
                                   &stage.upid);
    CHECK(!error, "%s", error_text(error));
    stage.client = stage_connect(&stage);
    return stage;
}

void
stage_stop(struct http_stage *stage)
{
    memory_client_close(stage->client);
    multi_system_run(stage->multi);
    multi_system_destroy(stage->multi);
}

struct memory_client *
stage_connect(struct http_stage *stage)
{
    return memory_client_connect(multi_system_net(stage->multi),
                                 actor_system_address(stage->system));
}

void
stage_reconnect(struct http_stage *stage)
{
    memory_client_close(stage->client);
    stage->client = stage_connect(stage);
}

void
stage_say_to(struct http_stage *stage, struct memory_client *client,
                  const char *text)
{
    memory_client_write(client, text, strlen(text));
    multi_system_run(stage->multi);
}

const char *
stage_say(struct http_stage *stage, const char *text)
{
    memory_client_clear(stage->client);
    stage_say_to(stage, stage->client, text);
    return memory_client_text(stage->client, NULL);
}

const char *
stage_get(struct http_stage *stage, const char *path)
{
    return stage_ask(stage, "GET", path, "");
}

const char *
stage_ask(struct http_stage *stage, const char *method,
               const char *path, const char *headers)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&text, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path,
                  headers);
    return stage_say(stage, text.data);
}

const char *
body_of(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");

    return end ? end + 4 : "(no body)";
}

unsigned
occurrences(const char *text, const char *part)
{
    unsigned n = 0;

    for (const char *p = text; (p = strstr(p, part)); p++) {
        n++;
    }
    return n;
}
