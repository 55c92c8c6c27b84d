/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_link_frame.c - what comes over a link that has been made by the book:
 * frames are taken, passed over, or end the link.  A frame that is taken
 * apart and is no message is the same when it is put together again. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include "link/frame.h"
#include "proto/messages.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"

static const struct actor_type nobody_type = {
    .name = "two", .size = sizeof(struct actor),
};

static void
check_round_trip(const uint8_t *data, size_t size)
{
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    struct frame frame, again;
    autoerror *error = frame_decode(&frame, data, size);
    autoerror *error_again = NULL;

    if (error || frame.kind == FRAME_MESSAGE || frame.kind > FRAME_EXITED) {
        return;
    }
    frame_encode_notice(&out, (enum frame_kind) frame.kind, frame.to,
                        frame.from);
    error_again = frame_decode(&again, out.data + FRAME_HEADER_SIZE,
                               frame_length(out.data));
    if (error_again || again.kind != frame.kind
        || strcmp(again.to, frame.to) != 0
        || strcmp(again.from, frame.from) != 0) {
        abort();
    }
}

static struct memory_client *
link_by_hand(struct multi_system *m, const struct address *address)
{
    static const char handshake[] =
        "GET / HTTP/1.1\r\n"
        "Connection: Upgrade\r\nUpgrade: cmesos-link/1\r\n"
        "Link-From: 10.0.0.77:5050\r\nLink-To: 10.0.0.1:5050\r\n"
        "Link-Incarnation: 0123456789abcdef0123456789abcdef\r\n"
        "Link-Dial: 1\r\nLink-Seen: 0\r\n\r\n";
    struct memory_client *client =
        memory_client_connect(multi_system_net(m), address);

    memory_client_write(client, handshake, sizeof handshake - 1);
    multi_system_run(m);
    if (strncmp(memory_client_text(client, NULL), "HTTP/1.1 101 ", 13)) {
        abort();
    }
    return client;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct multi_system *m = multi_system_create();
    struct actor_system *system = multi_system_add(m, &options);

    if (size > FRAME_HEADER_SIZE) {
        check_round_trip(data + FRAME_HEADER_SIZE, size - FRAME_HEADER_SIZE);
    }
    if (actor_spawn(system, &nobody_type, "two", NULL, NULL)) {
        abort();
    }
    struct memory_client *client =
        link_by_hand(m, actor_system_address(system));

    memory_client_write(client, data, size / 2);
    multi_system_run(m);
    memory_client_write(client, data + size / 2, size - size / 2);
    multi_system_run(m);
    memory_client_close(client);
    multi_system_run(m);
    multi_system_destroy(m);
    return 0;
}
