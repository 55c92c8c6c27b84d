/* SPDX-License-Identifier: Apache-2.0
 *
 * peer.c - the connection to another system; see peer.h.
 *
 * What is sent is held until it is settled which connection carries it, so
 * that nothing is lost or overtaken when both sides dial at once.  Of two
 * connections that cross, the one dialled by the lower address wins: the lower
 * side refuses the other's, the higher side gives its own up.  A side that has
 * only begun to connect has said nothing yet and always takes what comes in,
 * which is how a peer is reached that cannot be dialled.
 *
 * Thread: the peer's worker, but for peer_push(). */
#include <config.h>

#include <string.h>
#include <sys/uio.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include "core/transport.h"
#include "http/head.h"
#include "link/node.h"
#include "link/peer.h"

/* From connecting to the answer. */
#define DIAL_TIMEOUT (10 * SECOND)

/* A peer that is silent for so long is taken for dead. */
#define KEEPALIVE_TIMEOUT (30 * SECOND)

#define BACKOFF_MIN (50 * MILLISECOND)
#define BACKOFF_MAX (5 * SECOND)

/* What the other side's connection gets to arrive when both had dialled, and
 * how often we wait for it. */
#define CROSSED_REST (200 * MILLISECOND)
#define CROSSED_MAX 25

/* Peers with which there is nothing to do are forgotten after this. */
#define FORGET_AFTER (30 * SECOND)

/* Encoded ahead of what the socket takes; and what a turn gathers before it
 * writes. */
#define OUT_MAX (256 * 1024)
#define OUT_BATCH (64 * 1024)

static void pump(struct peer *);
static void on_resting_over(struct worker_timer *);

/* --- items --- */

static struct item *
item_create(enum frame_kind kind, const char *to, const char *from,
            struct actor_msg **msg)
{
    size_t to_size = strlen(to) + 1;
    size_t from_size = strlen(from) + 1;
    struct item *item = xmalloc(sizeof *item + to_size + from_size);

    item->next = NULL;
    item->kind = kind;
    item->msg = msg ? steal(*msg) : NULL;
    item->size = sizeof *item + to_size + from_size;
    if (item->msg) {
        item->size += message_memory(actor_msg_message(item->msg));
    }
    item->from = (uint8_t) to_size;
    memcpy(item->ids, to, to_size);
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

static void
drop_waiting(struct peer *peer)
{
    int64_t n = 0;

    while (peer->waiting) {
        struct item *item = peer->waiting;

        peer->waiting = item->next;
        n += item->msg != NULL;
        item_destroy(peer, item);
    }
    peer->waiting_last = NULL;
    metric_increment(peer->node->n_dropped, n);
}

/* --- life --- */

static void on_job(struct worker_job *);
static void on_flush(struct worker_job *);

struct peer *
peer_create(struct node *node, const struct peer_key *key,
            struct worker *worker)
{
    struct peer *peer = xcalloc(1, sizeof *peer);

    peer->key = *key;
    peer->node = node;
    peer->worker = worker;
    atomic_init(&peer->refs, 1);
    peer->job.fn = on_job;
    peer->flush.fn = on_flush;
    strbuf_init(&peer->in, STRBUF_UNLIMITED);
    strbuf_init(&peer->out, STRBUF_UNLIMITED);
    return peer;
}

void
peer_unref(struct peer *peer)
{
    if (atomic_fetch_sub(&peer->refs, 1) > 1) {
        return;
    }
    peer->waiting = take_inbox(peer);
    drop_waiting(peer);
    strbuf_fini(&peer->in);
    strbuf_fini(&peer->out);
    free(peer);
}

/* --- the end of a connection --- */

static void
close_stream(struct peer *peer)
{
    struct node *node = peer->node;

    worker_timer_stop(peer->worker, &peer->timer);
    node_remove_alias(node, peer);
    if (peer->stream) {
        node->net->close(node->net_ctx, steal(peer->stream));
    }
    strbuf_fini(&peer->in);
    strbuf_init(&peer->in, STRBUF_UNLIMITED);
    strbuf_fini(&peer->out);
    strbuf_init(&peer->out, STRBUF_UNLIMITED);
    peer->out_offset = 0;
    peer->answered = 0;
}

static void
announce_exits(struct peer *peer)
{
    struct remote_entry *links = steal(peer->links);

    while (links) {
        struct upid to = { .id = "" };
        struct upid who = { .id = "" };

        memcpy(to.id, links->key.local, sizeof to.id);
        to.address = peer->node->address;
        memcpy(who.id, links->key.remote, sizeof who.id);
        who.address = peer->key.remote;
        remote_table_remove(&links, links);
        system_deliver_exited(peer->node->system, &to, &who);
    }
}

/* How long to keep away from a peer that failed us: twice as long each time,
 * and never the same as others. */
static int64_t
backoff(struct peer *peer)
{
    const struct actor_backend *backend = system_backend(peer->node->system);
    unsigned shift = peer->n_failures < 16 ? peer->n_failures : 16;
    int64_t longest = BACKOFF_MIN << shift;
    uint32_t random;

    if (longest > BACKOFF_MAX) {
        longest = BACKOFF_MAX;
    }
    backend->random->fill(backend->random_ctx, &random, sizeof random);
    return longest / 2 + longest / 2 * (int64_t) (random >> 16) / 65536;
}

static void
rest(struct peer *peer, int64_t duration)
{
    peer->state = PEER_RESTING;
    worker_timer_start(peer->worker, &peer->timer, duration,
                       on_resting_over);
}

static void
give_up(struct peer *peer)
{
    close_stream(peer);
    peer_clear_watches(peer);
    drop_waiting(peer);
    atomic_store(&peer->is_overrun, false);
    announce_exits(peer);
    rest(peer, backoff(peer));
    peer->n_failures++;
}

void
peer_fail(struct peer *peer, const char *reason)
{
    if (peer->state == PEER_LIVE) {
        log_warn("Lost the link to %s: %s", ADDRESS_TEXT(&peer->key.remote),
                 reason);
    } else {
        log_warn("Failed to link to %s: %s", ADDRESS_TEXT(&peer->key.remote),
                 reason);
    }
    give_up(peer);
}

static void
on_forget(struct worker_timer *timer)
{
    struct peer *peer = CONTAINER_OF(timer, struct peer, timer);

    if (peer->state == PEER_IDLE && !peer->waiting && !peer->links
        && !peer->watches) {
        node_forget(peer->node, peer);
    }
}

static void
on_resting_over(struct worker_timer *timer)
{
    struct peer *peer = CONTAINER_OF(timer, struct peer, timer);

    peer->state = PEER_IDLE;
    worker_timer_start(peer->worker, &peer->timer, FORGET_AFTER, on_forget);
    pump(peer);
}

/* --- writing --- */

static void
encode_message(struct peer *peer, const char *to, const char *from,
               const struct actor_msg *msg)
{
    size_t before = peer->out.len;

    frame_encode_message(&peer->out, to, from, msg);
    if (peer->out.len - before > LIMIT_LINK_FRAME) {
        log_error("Dropping '%s' from '%s' to '%s@%s': %zu bytes are too many",
                  actor_msg_type(msg)->name, from, to,
                  ADDRESS_TEXT(&peer->key.remote), peer->out.len - before);
        strbuf_truncate(&peer->out, before);
        metric_increment(peer->node->n_dropped, 1);
        return;
    }
    metric_increment(peer->node->n_sent, 1);
}

static void
encode(struct peer *peer, struct item *item)
{
    const char *from = item->ids + item->from;

    if (item->kind != FRAME_MESSAGE) {
        frame_encode_notice(&peer->out, item->kind, item->ids, from);
    } else if (item->msg) {             /* else dropped when it was sent */
        encode_message(peer, item->ids, from, item->msg);
    }
}

static void
encode_waiting(struct peer *peer)
{
    while (peer->waiting
           && peer->out.len - peer->out_offset < OUT_MAX) {
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
static bool
write_out(struct peer *peer)
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
        strbuf_init(&peer->out, STRBUF_UNLIMITED);
    }
    strbuf_clear(&peer->out);
    peer->out_offset = 0;
    peer->answered = 0;
    return true;
}

static void
write_all(struct peer *peer)
{
    do {
        encode_waiting(peer);
    } while (write_out(peer) && peer->waiting);
    if (peer->out_offset > OUT_MAX) {
        strbuf_consume(&peer->out, peer->out_offset);
        peer->out_offset = 0;
    }
}

static void dial(struct peer *);

/* Sends what waits, or sees to it that there will be a connection. */
static void
pump(struct peer *peer)
{
    if (atomic_load_explicit(&peer->is_overrun, memory_order_relaxed)) {
        peer_fail(peer, "too much waits to be written");
        return;
    }
    if (peer->state == PEER_LIVE) {
        write_all(peer);
    } else if (peer->state == PEER_IDLE && peer->waiting
               && !atomic_load(&peer->node->is_stopping)) {
        dial(peer);
    }
}

/* --- sending --- */

/* Encodes a message at once, when the sender runs on the peer's worker and
 * nothing of earlier sends is still to be encoded.  (What the same actor sent
 * from other workers before is in the inbox, and seen there.) */
static bool
send_at_once(struct peer *peer, const char *to, const char *from,
             struct actor_msg **msg)
{
    if (worker_current() != peer->worker || peer->state != PEER_LIVE
        || peer->waiting
        || atomic_load_explicit(&peer->inbox, memory_order_relaxed)
        || peer->out.len - peer->out_offset >= OUT_MAX) {
        return false;
    }
    encode_message(peer, to, from, *msg);
    actor_msg_destroy(steal(*msg));
    if (peer->out.len - peer->out_offset >= OUT_BATCH) {
        write_out(peer);
    }
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
    pump(peer);
    peer_unref(peer);
}

static void
push_item(struct peer *peer, enum frame_kind kind, const char *to,
          const char *from, struct actor_msg **msg)
{
    struct item *item = item_create(kind, to, from, msg);
    size_t before = atomic_fetch_add_explicit(&peer->queued, item->size,
                                              memory_order_relaxed);

    if (before + item->size > LIMIT_LINK_QUEUE && item->msg) {
        /* Somebody reads too slowly.  This message goes, and so does the
         * link: a gap has to be heard of. */
        atomic_store(&peer->is_overrun, true);
        metric_increment(peer->node->n_dropped, 1);
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
peer_push(struct peer *peer, enum frame_kind kind, const char *to,
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
    remote_table_add(&peer->links, local, item->ids);
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

static void
take_items(struct peer *peer)
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
            wait_for_connection(peer, item);
            break;
        }
        item = next;
    }
}

static void
on_job(struct worker_job *job)
{
    struct peer *peer = CONTAINER_OF(job, struct peer, job);

    take_items(peer);
    pump(peer);
    peer_unref(peer);
}

void
peer_stop(struct peer *peer)
{
    take_items(peer);
    if (peer->state == PEER_LIVE) {
        write_all(peer);
        peer->node->net->shutdown(peer->node->net_ctx, peer->stream);
    }
    close_stream(peer);
    peer->state = PEER_IDLE;
    peer_clear_watches(peer);
    drop_waiting(peer);
    while (peer->links) {
        remote_table_remove(&peer->links, peer->links);
    }
}

/* --- live --- */

static void
on_live_data(void *aux, const void *data, size_t size)
{
    struct peer *peer = aux;

    if (peer_read(peer, data, size) && peer->out.len > 0) {
        pump(peer);
    }
}

static void
on_live_writable(void *aux)
{
    pump(aux);
}

static void
on_live_closed(void *aux, const struct error *error)
{
    struct peer *peer = aux;

    if (error) {
        peer_fail(peer, error_text(error));
        return;
    }
    if (peer->in.len > 0) {
        autofree char *reason = xasprintf("closed by the other side in the "
                                          "middle of a frame, %zu bytes in",
                                          peer->in.len);

        peer_fail(peer, reason);
        return;
    }
    log_info("%s has closed the link", ADDRESS_TEXT(&peer->key.remote));
    give_up(peer);
}

static const struct actor_stream_callbacks live_callbacks = {
    .on_data = on_live_data,
    .on_writable = on_live_writable,
    .on_closed = on_live_closed,
};

/* The connection is settled; 'rest' came with the handshake. */
static void
go_live(struct peer *peer, const char *incarnation, const void *rest_data,
        size_t rest_size)
{
    struct node *node = peer->node;

    vlog(1, "Linked to %s (%s)", ADDRESS_TEXT(&peer->key.remote),
         peer->is_dialled ? "dialled by us" : "dialled by them");
    worker_timer_stop(peer->worker, &peer->timer);
    memcpy(peer->incarnation, incarnation, INCARNATION_SIZE);
    peer->state = PEER_LIVE;
    peer->n_failures = 0;
    if (!address_equal(&peer->key.local, &node->address)) {
        node_add_alias(node, peer);
    }
    node->net->attach(node->net_ctx, peer->stream, peer->worker,
                      &live_callbacks, peer);
    node->net->set_keepalive(node->net_ctx, peer->stream, KEEPALIVE_TIMEOUT);
    node->net->set_reading(node->net_ctx, peer->stream, true);
    if (peer_read(peer, rest_data, rest_size)) {
        pump(peer);
    }
}

/* --- dialling --- */

static void
on_dial_timeout(struct worker_timer *timer)
{
    peer_fail(CONTAINER_OF(timer, struct peer, timer), "connect: timed out");
}

static void
ask(struct peer *peer)
{
    struct handshake h = {
        .from = peer->node->address, .to = peer->key.remote,
        .dial = peer->dial, .seen = peer->seen,
    };

    memcpy(h.incarnation, peer->node->incarnation, sizeof h.incarnation);
    handshake_write_request(&peer->out, &h);
    peer->state = PEER_ASKING;
    peer->node->net->set_reading(peer->node->net_ctx, peer->stream, true);
    write_out(peer);
}

static void
on_dial_writable(void *aux)
{
    struct peer *peer = aux;

    if (peer->state == PEER_DIALLING) {
        ask(peer);
    } else {
        write_out(peer);
    }
}

/* Refused since the other side has dialled as well, and its connection is the
 * one that counts: it should be here soon. */
static void
on_crossed(struct peer *peer)
{
    vlog(1, "The links between us and %s have crossed",
         ADDRESS_TEXT(&peer->key.remote));
    if (peer->n_failures >= CROSSED_MAX) {
        peer_fail(peer, "refused again and again");
        return;
    }
    peer->n_failures++;
    close_stream(peer);
    rest(peer, CROSSED_REST);
}

static void
on_answer(struct peer *peer, const char *rest_data, size_t rest_size)
{
    struct http_head head;
    struct handshake h;
    const char *reason = "";
    autoerror *error = NULL;

    if (http_head_parse_answer(&head, peer->in.data, peer->in.len, &reason)) {
        error = error_create(ERROR_PARSE, "malformed answer: %s", reason);
    } else if (head.status == 409) {
        http_head_fini(&head);
        on_crossed(peer);
        return;
    } else if (head.status != 101) {
        error = error_create(ERROR_UNAVAILABLE, "refused with status %u",
                             head.status);
    } else {
        error = handshake_parse(&head, &h);
    }
    http_head_fini(&head);
    if (error) {
        peer_fail(peer, error_text(error));
        return;
    }
    if (!address_equal(&h.from, &peer->key.remote)) {
        vlog(1, "%s says it is %s", ADDRESS_TEXT(&peer->key.remote),
             ADDRESS_TEXT(&h.from));
    }
    if (strcmp(peer->incarnation, h.incarnation) != 0) {
        peer->seen = 0;                 /* that was another process' */
    }
    strbuf_clear(&peer->in);
    peer->node->net->set_reading(peer->node->net_ctx, peer->stream, false);
    go_live(peer, h.incarnation, rest_data, rest_size);
}

static void
on_dial_data(void *aux, const void *data, size_t size)
{
    struct peer *peer = aux;
    struct http_scan scan = { 0 };
    size_t before = peer->in.len;
    size_t used;

    /* Answers are short: scanning from the start costs nothing. */
    strbuf_append_bytes(&peer->in, data, size);
    if (http_scan(&scan, peer->in.data, peer->in.len, &used)) {
        peer_fail(peer, "malformed answer");
        return;
    }
    if (scan.state == HTTP_SCAN_DONE) {
        strbuf_truncate(&peer->in, used);
        on_answer(peer, (const char *) data + (used - before),
                  size - (used - before));
    }
}

static void
on_dial_closed(void *aux, const struct error *error)
{
    peer_fail(aux, error ? error_text(error) : "closed by the other side");
}

static const struct actor_stream_callbacks dial_callbacks = {
    .on_data = on_dial_data,
    .on_writable = on_dial_writable,
    .on_closed = on_dial_closed,
};

static void
dial(struct peer *peer)
{
    struct node *node = peer->node;

    if (!address_equal(&peer->key.local, &node->address)) {
        peer_fail(peer, "no way back");
        return;
    }
    peer->is_dialled = true;
    peer->dial = atomic_fetch_add(&node->last_dial, 1) + 1;
    peer->state = PEER_DIALLING;
    worker_timer_start(peer->worker, &peer->timer, DIAL_TIMEOUT,
                       on_dial_timeout);
    autoerror *error = node->net->connect(node->net_ctx, peer->worker,
                                          &peer->key.remote, &dial_callbacks,
                                          peer, &peer->stream);
    if (error) {
        peer->stream = NULL;
        peer_fail(peer, error_text(error));
    }
}

/* --- being dialled --- */

/* Why 'inbound' may not become the link; NULL: it may. */
static const char *
judge(const struct peer *peer, const struct inbound *inbound)
{
    const struct handshake *h = &inbound->handshake;
    bool same = strcmp(peer->incarnation, h->incarnation) == 0;

    if (atomic_load(&peer->node->is_stopping)) {
        return "shutting down";
    }
    if (same && h->dial <= peer->seen) {
        return "an older attempt";
    }
    if (peer->state == PEER_ASKING
        && address_compare(&peer->node->address, &peer->key.remote) < 0) {
        return "crossed";
    }
    if (same && peer->state == PEER_LIVE && peer->is_dialled
        && h->seen < peer->dial) {
        return "crossed";               /* sent before they had ours */
    }
    return NULL;
}

static void
accept_inbound(struct peer *peer, struct inbound *inbound)
{
    struct handshake h = {
        .from = peer->node->address, .to = peer->key.remote,
        .dial = inbound->handshake.dial, .seen = inbound->handshake.dial,
    };

    if (peer->state == PEER_LIVE) {
        peer_fail(peer, strcmp(peer->incarnation,
                               inbound->handshake.incarnation) == 0
                        ? "dialled anew by the other side"
                        : "the other side has restarted");
    }
    close_stream(peer);
    memcpy(h.incarnation, peer->node->incarnation, sizeof h.incarnation);
    peer->stream = steal(inbound->stream);
    peer->is_dialled = false;
    peer->seen = inbound->handshake.dial;
    handshake_write_accept(&peer->out, &h);
    go_live(peer, inbound->handshake.incarnation, inbound->rest.data,
            inbound->rest.len);
}

static void
refuse_inbound(struct peer *peer, struct inbound *inbound, const char *reason)
{
    struct node *node = peer->node;
    autofini(strbuf) text = STRBUF(4096);

    vlog(1, "Refusing a link from %s: %s", ADDRESS_TEXT(&peer->key.remote),
         reason);
    handshake_write_refuse(&text, 409, reason);
    struct iovec iov = { .iov_base = text.data, .iov_len = text.len };

    (void) !node->net->write(node->net_ctx, inbound->stream, &iov, 1);
    node->net->shutdown(node->net_ctx, inbound->stream);
    node->net->close(node->net_ctx, inbound->stream);
}

void
peer_judge(struct peer *peer, struct inbound *inbound)
{
    const char *reason = judge(peer, inbound);

    if (reason) {
        refuse_inbound(peer, inbound, reason);
        if (peer->state == PEER_IDLE) {
            worker_timer_start(peer->worker, &peer->timer, FORGET_AFTER,
                               on_forget);
        }
    } else {
        accept_inbound(peer, inbound);
    }
    strbuf_fini(&inbound->rest);
    free(inbound);
    peer_unref(peer);
}
