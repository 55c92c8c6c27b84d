/* SPDX-License-Identifier: Apache-2.0
 *
 * http_talk.c - a system and a client of it. */
#include <config.h>

#include "tests/lib/http_talk.h"

#include <stdbool.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/system.h>
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"

struct http_talk {
    struct multi_system *multi;
    struct actor_system *system;
    struct memory_client *client;
    bool keeps_text;            /* it came since the last answer */
};

struct http_talk *
http_talk_start(const struct actor_system_options *options)
{
    struct http_talk *t = xcalloc(1, sizeof *t);

    t->multi = multi_system_create();
    t->system = multi_system_add(t->multi, options);
    t->client = memory_client_connect(multi_system_net(t->multi),
                                      actor_system_address(t->system));
    return t;
}

void
http_talk_stop(struct http_talk **talk)
{
    struct http_talk *t = steal(*talk);

    memory_client_close(t->client);
    multi_system_run(t->multi);
    multi_system_destroy(t->multi);
    free(t);
}

struct actor_system *
http_talk_system(struct http_talk *t)
{
    return t->system;
}

const char *
http_talk_say(struct http_talk *t, const char *text)
{
    if (!t->keeps_text) {
        memory_client_clear(t->client);
    }
    t->keeps_text = false;
    if (text[0] != '\0') {
        memory_client_write(t->client, text, strlen(text));
    }
    multi_system_run(t->multi);
    return memory_client_text(t->client, NULL);
}

const char *
http_talk_get(struct http_talk *t, const char *path)
{
    autofree char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
                                    path);

    return http_talk_say(t, text);
}

void
http_talk_advance(struct http_talk *t, int64_t ns)
{
    memory_client_clear(t->client);
    t->keeps_text = true;
    multi_system_advance(t->multi, ns);
}
