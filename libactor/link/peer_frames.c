/* SPDX-License-Identifier: Apache-2.0
 *
 * peer_frames.c - what a peer sends us.
 *
 * Frames are read out of the received bytes where they are; only an unfinished
 * one is kept.  Where the framing cannot be trusted any more the link is given
 * up; a message that we do not know or cannot decode is passed over.  Thread:
 * the peer's worker. */
#include <config.h>

#include <inttypes.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include "core/transport.h"
#include "link/node.h"
#include "link/peer_private.h"

/* Notices that answer those of the peer and wait to be written, in bytes. */
#define ANSWERS_MAX ((size_t) 1 << 20)

/* --- messages --- */

static void
drop(struct peer *peer, struct actor_msg *msg)
{
    metric_increment(peer->node->metrics.n_dropped, 1);
    actor_msg_destroy(msg);
}

static const struct actor_msg_type *
find_type(struct peer *peer, const struct frame *frame)
{
    const struct actor_msg_type *type =
        system_find_message(peer->node->system, frame->name,
                            frame->name_len);

    if (type && type->descriptor) {
        return type;
    }
    log_warn_every(10 * SECOND, "Dropping a message from '%s@%s': unknown "
                   "name '%.*s'", frame->from, ADDRESS_TEXT(&peer->key.remote),
                   (int) (frame->name_len < 64 ? frame->name_len : 64),
                   frame->name);
    return NULL;
}

static void
on_message(struct peer *peer, const struct frame *frame, size_t size)
{
    const struct actor_msg_type *type = find_type(peer, frame);
    struct message *message;
    struct upid from = { .id = "" };

    if (!type) {
        drop(peer, NULL);
        return;
    }
    autoerror *error = message_decode_msgpack(type->descriptor, frame->body,
                                              frame->body_size, &message);
    if (error) {
        log_warn_every(SECOND, "Dropping '%s' from '%s@%s': %s", type->name,
                       frame->from, ADDRESS_TEXT(&peer->key.remote),
                       error_text(error));
        drop(peer, NULL);
        return;
    }
    struct actor_msg *msg = actor_msg_create_message(type, &message);

    if (frame->from[0] != '\0') {
        memcpy(from.id, frame->from, sizeof from.id);
        from.address = peer->key.remote;
        from.incarnation = peer->token;
    }
    actor_msg_set_correlation(msg, frame->call, frame->reply_to);
    metric_increment(peer->node->metrics.n_received, 1);
    if (!system_deliver(peer->node->system, &from, frame->to, &msg, size,
                        &peer->pressure)) {
        vlog(1, "Dropping '%s' from '%s': there is no '%s'", type->name,
             UPID_TEXT(&from), frame->to);
        drop(peer, msg);
    }
}

/* --- watches --- */

/* A local actor has ended that somebody there had linked. */
static void
on_local_exit(struct exit_watch *watch)
{
    struct remote_entry *entry = CONTAINER_OF(watch, struct remote_entry,
                                              watch);
    struct peer *peer = entry->owner;
    struct upid to = { .id = "" };

    memcpy(to.id, entry->key.remote, sizeof to.id);
    atomic_fetch_add(&peer->refs, 1);
    peer_push(peer, FRAME_EXITED, &to, entry->key.local, NULL);
}

/* Nobody is there to be linked.  False if the link was given up: who asks and
 * asks without reading what we answer would make us hold all the answers. */
static bool
answer_exited(struct peer *peer, const struct frame *frame)
{
    size_t before = peer->out.len;

    frame_encode_notice(&peer->out, FRAME_EXITED, frame->from, frame->to);
    if (peer->out.overflow) {
        peer_fail(peer, PEER_LOSS_MEMORY, "no memory for a frame");
        return false;
    }
    peer->answered += peer->out.len - before;
    if (peer->answered > ANSWERS_MAX) {
        peer_fail(peer, PEER_LOSS_OVERRUN,
                  "it does not read what it asks for");
        return false;
    }
    return true;
}

/* False if the link was given up. */
static bool
on_link(struct peer *peer, const struct frame *frame)
{
    if (remote_table_find(peer->watches, frame->to, frame->from)) {
        return true;
    }
    if (remote_table_count(peer->watches) >= peer->node->bounds.n_watches) {
        peer_fail(peer, PEER_LOSS_PROTOCOL, "it links too many actors");
        return false;
    }
    struct remote_entry *entry = remote_table_add(&peer->watches, frame->to,
                                                  frame->from);

    entry->owner = peer;
    entry->watch.fn = on_local_exit;
    if (!system_watch_exit(peer->node->system, frame->to, &entry->watch)) {
        remote_table_remove(&peer->watches, entry);
        return answer_exited(peer, frame);
    }
    return true;
}

static void
remove_watch(struct peer *peer, struct remote_entry *entry)
{
    system_unwatch_exit(peer->node->system, &entry->watch);
    remote_table_remove(&peer->watches, entry);
}

static void
on_unlink(struct peer *peer, const struct frame *frame)
{
    struct remote_entry *entry = remote_table_find(peer->watches, frame->to,
                                                   frame->from);

    if (entry) {
        remove_watch(peer, entry);
    }
}

void
peer_clear_watches(struct peer *peer)
{
    while (peer->watches) {
        remove_watch(peer, peer->watches);
    }
}

static void
on_exited(struct peer *peer, const struct frame *frame)
{
    struct remote_entry *entry = remote_table_find(peer->links, frame->to,
                                                   frame->from);

    if (entry) {
        remote_table_remove(&peer->links, entry);
        peer_tell_exited(peer, frame->to, frame->from, peer->token);
    }
}

/* --- frames --- */

static bool
on_frame(struct peer *peer, const void *data, size_t size)
{
    struct frame frame;
    autoerror *error = frame_decode(&frame, data, size);

    if (error) {
        peer_fail(peer, PEER_LOSS_PROTOCOL, error_text(error));
        return false;
    }
    if (frame.to[0] == '\0'
        || (frame.from[0] == '\0' && frame.kind != FRAME_MESSAGE)) {
        peer_fail(peer, PEER_LOSS_PROTOCOL, "a frame for nobody");
        return false;
    }
    switch (frame.kind) {
    case FRAME_MESSAGE:
        on_message(peer, &frame, size);
        break;
    case FRAME_LINK:
        return on_link(peer, &frame);
    case FRAME_UNLINK:
        on_unlink(peer, &frame);
        break;
    case FRAME_EXITED:
        on_exited(peer, &frame);
        break;
    default:
        log_warn_every(10 * SECOND, "Passing over a frame of kind %" PRIu64
                       " from %s", frame.kind,
                       ADDRESS_TEXT(&peer->key.remote));
        break;
    }
    return true;
}

/* Reads whole frames; '*ret_used' bytes of them. */
static bool
read_frames(struct peer *peer, const char *data, size_t size,
            size_t *ret_used)
{
    size_t i = 0;

    while (size - i >= FRAME_HEADER_SIZE) {
        uint32_t length = frame_length(data + i);

        if (length == 0 || length > LIMIT_LINK_FRAME - FRAME_HEADER_SIZE) {
            autofree char *reason =
                xasprintf("a frame of %" PRIu32 " bytes", length);

            peer_fail(peer, PEER_LOSS_PROTOCOL, reason);
            return false;
        }
        if (size - i - FRAME_HEADER_SIZE < length) {
            break;
        }
        if (!on_frame(peer, data + i + FRAME_HEADER_SIZE, length)) {
            return false;
        }
        i += FRAME_HEADER_SIZE + length;
    }
    *ret_used = i;
    return true;
}

/* Keeps what is no whole frame yet. */
static bool
keep(struct peer *peer, const void *data, size_t size)
{
    strbuf_append_bytes(&peer->in, data, size);
    if (peer->in.overflow) {
        peer_fail(peer, PEER_LOSS_MEMORY, "no memory for what it sends");
        return false;
    }
    return true;
}

bool
peer_read(struct peer *peer, const void *data, size_t size)
{
    size_t used;

    if (peer->in.len == 0) {
        if (!read_frames(peer, data, size, &used)) {
            return false;
        }
        return keep(peer, (const char *) data + used, size - used);
    }
    if (!keep(peer, data, size)
        || !read_frames(peer, peer->in.data, peer->in.len, &used)) {
        return false;
    }
    if (used == peer->in.len) {
        strbuf_fini(&peer->in);
        strbuf_init(&peer->in, PEER_BUFFER_MAX);
    } else {
        strbuf_consume(&peer->in, used);
    }
    return true;
}
