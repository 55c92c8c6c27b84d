/* SPDX-License-Identifier: Apache-2.0
 *
 * peer_dial.c - how a peer gets its connection: dialling and being dialled.
 *
 * What is sent is held until it is settled which connection carries it, so
 * that nothing is lost or overtaken when both sides dial at once.  Of two
 * connections that cross, the one dialled by the lower address wins: the lower
 * side refuses the other's, the higher side gives its own up.  A side that has
 * only begun to connect has said nothing yet and always takes what comes in,
 * which is how a peer is reached that cannot be dialled.
 *
 * Thread: the peer's worker. */
#include <config.h>

#include <string.h>
#include <sys/uio.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include "core/transport.h"
#include "http/head.h"
#include "link/node.h"
#include "link/peer_private.h"

/* What the other side's connection gets to arrive when both had dialled, and
 * how often we wait for it. */
#define CROSSED_REST (200 * MILLISECOND)
#define CROSSED_MAX 25

/* --- dialling --- */

static void
on_dial_timeout(struct worker_timer *timer)
{
    peer_fail(CONTAINER_OF(timer, struct peer, timer), PEER_LOSS_UNREACHABLE,
              "connect: timed out");
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
    peer_write_out(peer);
}

static void
on_dial_writable(void *aux)
{
    struct peer *peer = aux;

    if (peer->state == PEER_DIALLING) {
        ask(peer);
    } else {
        peer_write_out(peer);
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
        peer_fail(peer, PEER_LOSS_UNREACHABLE, "refused again and again");
        return;
    }
    peer->n_failures++;
    peer_close_stream(peer);
    peer_rest(peer, CROSSED_REST);
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
        peer_fail(peer, PEER_LOSS_UNREACHABLE, error_text(error));
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
    peer_go_live(peer, h.incarnation, rest_data, rest_size);
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
        peer_fail(peer, PEER_LOSS_PROTOCOL, "malformed answer");
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
    peer_fail(aux, PEER_LOSS_UNREACHABLE,
              error ? error_text(error) : "closed by the other side");
}

static const struct actor_stream_callbacks dial_callbacks = {
    .on_data = on_dial_data,
    .on_writable = on_dial_writable,
    .on_closed = on_dial_closed,
};

void
peer_dial(struct peer *peer)
{
    struct node *node = peer->node;

    if (!address_equal(&peer->key.local, &node->address)) {
        peer_fail(peer, PEER_LOSS_UNREACHABLE, "no way back");
        return;
    }
    peer->is_dialled = true;
    peer->dial = atomic_fetch_add(&node->last_dial, 1) + 1;
    peer->state = PEER_DIALLING;
    worker_timer_start(peer->worker, &peer->timer,
                       node->bounds.dial_timeout_ns, on_dial_timeout);
    autoerror *error = node->net->connect(node->net_ctx, peer->worker,
                                          &peer->key.remote, &dial_callbacks,
                                          peer, &peer->stream);
    if (error) {
        peer->stream = NULL;
        peer_fail(peer, PEER_LOSS_UNREACHABLE, error_text(error));
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
        bool same = strcmp(peer->incarnation,
                           inbound->handshake.incarnation) == 0;

        peer_fail(peer, same ? PEER_LOSS_REPLACED : PEER_LOSS_RESTARTED,
                  same ? "dialled anew by the other side"
                       : "the other side has restarted");
    }
    peer_close_stream(peer);
    memcpy(h.incarnation, peer->node->incarnation, sizeof h.incarnation);
    peer->stream = steal(inbound->stream);
    peer->is_dialled = false;
    peer->seen = inbound->handshake.dial;
    handshake_write_accept(&peer->out, &h);
    peer_go_live(peer, inbound->handshake.incarnation, inbound->rest.data,
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
            peer_forget_later(peer);
        }
    } else {
        accept_inbound(peer, inbound);
    }
    strbuf_fini(&inbound->rest);
    free(inbound);
    peer_unref(peer);
}
