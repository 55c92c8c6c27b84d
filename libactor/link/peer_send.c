/* SPDX-License-Identifier: Apache-2.0
 *
 * peer_send.c - what is sent to a peer: from its inbox, over what waits for a
 * connection, to the bytes that its stream takes.
 *
 * Thread: the peer's worker, but for peer_push(). */
#include <config.h>

#include <string.h>
#include <sys/uio.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include "core/transport.h"
#include "link/node.h"
#include "link/peer_private.h"

/* Encoded ahead of what the socket takes; and what a turn gathers before it
 * writes. */
#define OUT_MAX (256 * 1024)
#define OUT_BATCH (64 * 1024)

/* --- items --- */

static struct item *
item_create(enum frame_kind kind, const struct upid *to, const char *from,
            struct actor_msg **msg)
{
    size_t to_size = strlen(to->id) + 1;
    size_t from_size = strlen(from) + 1;
    struct item *item = xmalloc(sizeof *item + to_size + from_size);

    item->next = NULL;
    item->kind = kind;
    item->incarnation = to->incarnation;
    item->msg = msg ? steal(*msg) : NULL;
    item->size = sizeof *item + to_size + from_size;
    if (item->msg) {
        item->size += message_memory(actor_msg_message(item->msg));
    }
    item->from = (uint8_t) to_size;
    memcpy(item->ids, to->id, to_size);
    memcpy(item->ids + to_size, from, from_size);
    return item;
}

static void
item_destroy(struct peer *peer, struct item *item)
{
    atomic_fetch_sub_explicit(&peer->queued, item->size,
                              memory_order_relaxed);
    actor_msg_destroy(item->msg);
    free(item);
}

/* Everything in the inbox, oldest first. */
static struct item *
take_inbox(struct peer *peer)
{
    /* Acquire: the items, from peer_push().  Release: whoever finds the inbox
     * empty posts the job anew, and we have read the job. */
    struct item *item = atomic_exchange_explicit(&peer->inbox, NULL,
                                                 memory_order_acq_rel);
    struct item *oldest = NULL;

    while (item) {
        struct item *next = item->next;

        item->next = oldest;
        oldest = item;
        item = next;
    }
    return oldest;
}

static void
wait_for_connection(struct peer *peer, struct item *item)
{
    item->next = NULL;
    if (peer->waiting_last) {
        peer->waiting_last->next = item;
    } else {
        peer->waiting = item;
    }
    peer->waiting_last = item;
}

void
peer_drop_waiting(struct peer *peer)
{
    int64_t n = 0;

    while (peer->waiting) {
        struct item *item = peer->waiting;

        peer->waiting = item->next;
        n += item->msg != NULL;
        item_destroy(peer, item);
    }
    peer->waiting_last = NULL;
    metric_increment(peer->node->metrics.n_dropped, n);
}

/* --- writing --- */

/* Takes back what has not found memory; the link is given up then, at this
 * place. */
static bool
has_overflown(struct peer *peer, size_t len_before)
{
    if (LIKELY(!peer->out.overflow)) {
        return false;
    }
    peer->out.overflow = false;
    strbuf_truncate(&peer->out, len_before);
    peer->lacks_memory = true;
    return true;
}

static void
encode_message(struct peer *peer, const char *to, const char *from,
               const struct actor_msg *msg)
{
    size_t before = peer->out.len;

    frame_encode_message(&peer->out, to, from, msg);
    if (has_overflown(peer, before)) {
        metric_increment(peer->node->metrics.n_dropped, 1);
        return;
    }
    if (peer->out.len - before > LIMIT_LINK_FRAME) {
        log_error("Dropping '%s' from '%s' to '%s@%s': %zu bytes are too many",
                  actor_msg_type(msg)->name, from, to,
                  ADDRESS_TEXT(&peer->key.remote), peer->out.len - before);
        strbuf_truncate(&peer->out, before);
        metric_increment(peer->node->metrics.n_dropped, 1);
        return;
    }
    metric_increment(peer->node->metrics.n_sent, 1);
}

/* It is for a process that had the address before this one. */
static void
drop_late(struct peer *peer, enum frame_kind kind, const char *to,
          const char *from, uint32_t incarnation)
{
    vlog(1, "Dropping what '%s' has for '%s@%s': that process is gone", from,
         to, ADDRESS_TEXT(&peer->key.remote));
    if (kind == FRAME_LINK) {
        struct remote_entry *entry = remote_table_find(peer->links, from, to);

        /* It may be the entry of a link to the successor that came after. */
        if (entry && entry->incarnation == incarnation) {
            remote_table_remove(&peer->links, entry);
        }
        peer_tell_exited(peer, from, to, incarnation);
    } else if (kind == FRAME_MESSAGE) {
        metric_increment(peer->node->metrics.n_dropped, 1);
    }
}

static bool
is_late(const struct peer *peer, uint32_t incarnation)
{
    return incarnation != 0 && incarnation != peer->token;
}

static void
encode(struct peer *peer, struct item *item)
{
    const char *from = item->ids + item->from;
    size_t before = peer->out.len;

    if (is_late(peer, item->incarnation)) {
        drop_late(peer, item->kind, item->ids, from, item->incarnation);
    } else if (item->kind != FRAME_MESSAGE) {
        frame_encode_notice(&peer->out, item->kind, item->ids, from);
        has_overflown(peer, before);
    } else {
        encode_message(peer, item->ids, from, item->msg);
    }
}

static void
encode_waiting(struct peer *peer)
{
    while (peer->waiting && !peer->lacks_memory
           && peer->out.len - peer->out_offset < peer->out_max) {
        struct item *item = peer->waiting;

        peer->waiting = item->next;
        if (!peer->waiting) {
            peer->waiting_last = NULL;
        }
        encode(peer, item);
        item_destroy(peer, item);
    }
}

/* False when the stream takes no more now, or is broken. */
bool
peer_write_out(struct peer *peer)
{
    struct node *node = peer->node;
    struct iovec iov = {
        .iov_base = peer->out.data + peer->out_offset,
        .iov_len = peer->out.len - peer->out_offset,
    };
    ssize_t taken;

    if (iov.iov_len == 0) {
        return true;
    }
    taken = node->net->write(node->net_ctx, peer->stream, &iov, 1);
    if (taken < 0) {
        return false;                   /* on_closed() tells */
    }
    peer->out_offset += (size_t) taken;
    if (peer->out_offset < peer->out.len) {
        return false;
    }
    if (peer->out.capacity > 4 * OUT_MAX) {
        strbuf_fini(&peer->out);
        strbuf_init(&peer->out, PEER_BUFFER_MAX);
    }
    strbuf_clear(&peer->out);
    peer->out_offset = 0;
    peer->answered = 0;
    return true;
}

static void
note_encoded(struct peer *peer)
{
    atomic_store_explicit(&peer->encoded, peer->out.len - peer->out_offset,
                          memory_order_relaxed);
}

void
peer_write_all(struct peer *peer)
{
    do {
        encode_waiting(peer);
    } while (peer_write_out(peer) && peer->waiting && !peer->lacks_memory);
    if (peer->out_offset > OUT_MAX) {
        strbuf_consume(&peer->out, peer->out_offset);
        peer->out_offset = 0;
    }
    note_encoded(peer);
}

/* --- sending --- */

/* Encodes a message at once, when the sender runs on the peer's worker and
 * nothing of earlier sends is still to be encoded.  (What the same actor sent
 * from other workers before is in the inbox, and seen there.) */
static bool
send_at_once(struct peer *peer, const struct upid *to, const char *from,
             struct actor_msg **msg)
{
    if (worker_current() != peer->worker || peer->state != PEER_LIVE
        || peer->waiting || peer->lacks_memory
        || atomic_load_explicit(&peer->inbox, memory_order_relaxed)
        || peer->out.len - peer->out_offset >= peer->out_max
        || is_late(peer, to->incarnation)) {
        return false;
    }
    encode_message(peer, to->id, from, *msg);
    actor_msg_destroy(steal(*msg));
    if (peer->out.len - peer->out_offset >= OUT_BATCH) {
        peer_write_out(peer);
    }
    note_encoded(peer);
    if (!peer->flushes) {
        peer->flushes = true;
        atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
        worker_post(peer->worker, &peer->flush);
    }
    return true;
}

static void
on_flush(struct worker_job *job)
{
    struct peer *peer = CONTAINER_OF(job, struct peer, flush);

    peer->flushes = false;
    peer_pump(peer);
    peer_unref(peer);
}

static void
push_item(struct peer *peer, enum frame_kind kind, const struct upid *to,
          const char *from, struct actor_msg **msg)
{
    struct item *item = item_create(kind, to, from, msg);
    size_t limit = peer->node->bounds.queue_size;

    atomic_fetch_add_explicit(&peer->queued, item->size,
                              memory_order_relaxed);
    if (item->msg && peer_memory(peer) > limit) {
        /* Somebody reads too slowly.  This message goes, and so does the
         * link, in on_message_item(): a gap has to be heard of. */
        metric_increment(peer->node->metrics.n_dropped, 1);
        actor_msg_destroy(steal(item->msg));
    }
    struct item *newest = atomic_load_explicit(&peer->inbox,
                                               memory_order_relaxed);
    do {
        item->next = newest;
        /* Pairs with the exchange in take_inbox(). */
    } while (!atomic_compare_exchange_weak_explicit(
                 &peer->inbox, &newest, item, memory_order_acq_rel,
                 memory_order_relaxed));
    if (newest) {
        peer_unref(peer);               /* the job is on its way */
    } else {
        worker_post(peer->worker, &peer->job);
    }
}

void
peer_push(struct peer *peer, enum frame_kind kind, const struct upid *to,
          const char *from, struct actor_msg **msg)
{
    if (msg && send_at_once(peer, to, from, msg)) {
        peer_unref(peer);
    } else {
        push_item(peer, kind, to, from, msg);
    }
}

/* --- the inbox --- */

static void
on_link_item(struct peer *peer, struct item *item)
{
    const char *local = item->ids + item->from;

    if (remote_table_find(peer->links, local, item->ids)) {
        item_destroy(peer, item);
        return;
    }
    remote_table_add(&peer->links, local, item->ids)->incarnation =
        item->incarnation;
    wait_for_connection(peer, item);
}

static void
on_unlink_item(struct peer *peer, struct item *item)
{
    struct remote_entry *entry = remote_table_find(
        peer->links, item->ids + item->from, item->ids);

    if (!entry) {
        item_destroy(peer, item);
        return;
    }
    remote_table_remove(&peer->links, entry);
    wait_for_connection(peer, item);
}

static void
on_message_item(struct peer *peer, struct item *item)
{
    if (item->msg) {
        wait_for_connection(peer, item);
        return;
    }
    item_destroy(peer, item);
    if (peer->state != PEER_RESTING || peer->waiting || peer->links) {
        peer_fail(peer, PEER_LOSS_OVERRUN, "too much waits to be written");
    }
}

/* A watched local actor has ended. */
static void
on_exited_item(struct peer *peer, struct item *item)
{
    struct remote_entry *entry = remote_table_find(
        peer->watches, item->ids + item->from, item->ids);

    if (!entry || peer->state != PEER_LIVE) {
        item_destroy(peer, item);       /* the lost connection has told it */
        return;
    }
    system_unwatch_exit(peer->node->system, &entry->watch);
    remote_table_remove(&peer->watches, entry);
    wait_for_connection(peer, item);
}

void
peer_take_items(struct peer *peer)
{
    struct item *item = take_inbox(peer);

    while (item) {
        struct item *next = item->next;

        switch (item->kind) {
        case FRAME_LINK:
            on_link_item(peer, item);
            break;
        case FRAME_UNLINK:
            on_unlink_item(peer, item);
            break;
        case FRAME_EXITED:
            on_exited_item(peer, item);
            break;
        default:
            on_message_item(peer, item);
            break;
        }
        item = next;
    }
}

static void
on_job(struct worker_job *job)
{
    struct peer *peer = CONTAINER_OF(job, struct peer, job);

    peer_take_items(peer);
    peer_pump(peer);
    peer_unref(peer);
}

void
peer_send_init(struct peer *peer)
{
    size_t half = peer->node->bounds.queue_size / 2;

    peer->out_max = half < OUT_MAX ? half : OUT_MAX;
    peer->job.fn = on_job;
    peer->flush.fn = on_flush;
}

void
peer_send_fini(struct peer *peer)
{
    peer->waiting = take_inbox(peer);
    peer_drop_waiting(peer);
}
