/* SPDX-License-Identifier: Apache-2.0
 *
 * peer.c - the life of a peer and of its connection; see peer.h.
 *
 * Thread: the peer's worker. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include "core/transport.h"
#include "link/node.h"
#include "link/peer_private.h"

#define BACKOFF_MIN (50 * MILLISECOND)
#define BACKOFF_MAX (5 * SECOND)

/* Peers with which there is nothing to do are forgotten after this. */
#define FORGET_AFTER (30 * SECOND)

/* A link that is not read, because a receiver is behind, is read a little now
 * and then.  A window that stays closed for as long as a peer may be silent
 * would be a dead peer to the other side's kernel, although it is told that we
 * are there.  In all it is so much, then the other side may give the link
 * up. */
#define SIPS_IN_SILENCE 3
#define SIP_SIZE ((size_t) 1 << 20)
#define SIPS_MAX 16u

static void on_resting_over(struct worker_timer *);

/* --- life --- */

static void on_resume(struct worker_job *);
static void on_caught_up(struct pressure_watch *);

struct peer *
peer_create(struct node *node, const struct peer_key *key,
            struct worker *worker)
{
    struct peer *peer = xcalloc(1, sizeof *peer);

    peer->key = *key;
    peer->node = node;
    peer->worker = worker;
    atomic_init(&peer->refs, 1);
    peer->resume.fn = on_resume;
    peer->pressure.fn = on_caught_up;
    peer_send_init(peer);
    strbuf_init(&peer->in, PEER_BUFFER_MAX);
    strbuf_init(&peer->out, PEER_BUFFER_MAX);
    return peer;
}

void
peer_unref(struct peer *peer)
{
    if (atomic_fetch_sub(&peer->refs, 1) > 1) {
        return;
    }
    peer_send_fini(peer);
    strbuf_fini(&peer->in);
    strbuf_fini(&peer->out);
    free(peer);
}

/* --- the end of a connection --- */

void
peer_close_stream(struct peer *peer)
{
    struct node *node = peer->node;

    worker_timer_stop(peer->worker, &peer->timer);
    system_pressure_cancel(&peer->pressure);
    peer->is_stopped = false;
    node_remove_alias(node, peer);
    if (peer->stream) {
        node->net->close(node->net_ctx, steal(peer->stream));
    }
    if (peer->state == PEER_LIVE) {
        metric_add(node->metrics.n_connections, -1);
        atomic_store(&peer->is_live, false);
    }
    strbuf_fini(&peer->in);
    strbuf_init(&peer->in, PEER_BUFFER_MAX);
    strbuf_fini(&peer->out);
    strbuf_init(&peer->out, PEER_BUFFER_MAX);
    peer->out_offset = 0;
    peer->answered = 0;
    peer->is_timed = peer->lacks_memory = false;
    atomic_store_explicit(&peer->encoded, 0, memory_order_relaxed);
}

void
peer_tell_exited(struct peer *peer, const char *local, const char *remote,
                 uint32_t incarnation)
{
    struct upid to = { .address = peer->node->address };
    struct upid who = {
        .address = peer->key.remote, .incarnation = incarnation,
    };

    memcpy(to.id, local, strlen(local));
    memcpy(who.id, remote, strlen(remote));
    system_deliver_exited(peer->node->system, &to, &who);
}

/* Tells those that had linked somebody of the process that is lost, or that
 * was not reached; 0: whoever it was.  Who meant another process, and whose
 * link had still to be sent, hears of that one. */
static void
announce_exits(struct peer *peer, uint32_t lost)
{
    struct remote_entry *links = steal(peer->links);

    while (links) {
        struct remote_key key = links->key;
        uint32_t incarnation = links->incarnation ? links->incarnation : lost;

        remote_table_remove(&links, links);
        peer_tell_exited(peer, key.local, key.remote, incarnation);
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

void
peer_rest(struct peer *peer, int64_t duration)
{
    peer->state = PEER_RESTING;
    worker_timer_start(peer->worker, &peer->timer, duration,
                       on_resting_over);
}

static void
give_up(struct peer *peer, enum peer_loss loss)
{
    uint32_t lost = peer->state == PEER_LIVE ? peer->token : 0;

    metric_increment(peer->node->metrics.n_losses[loss], 1);
    peer_close_stream(peer);
    peer_clear_watches(peer);
    peer_drop_waiting(peer);
    announce_exits(peer, lost);
    peer_rest(peer, backoff(peer));
    peer->n_failures++;
}

void
peer_fail(struct peer *peer, enum peer_loss loss, const char *reason)
{
    if (peer->state == PEER_LIVE) {
        log_warn("Lost the link to %s: %s", ADDRESS_TEXT(&peer->key.remote),
                 reason);
    } else {
        log_warn("Failed to link to %s: %s", ADDRESS_TEXT(&peer->key.remote),
                 reason);
    }
    give_up(peer, loss);
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

void
peer_forget_later(struct peer *peer)
{
    worker_timer_start(peer->worker, &peer->timer, FORGET_AFTER, on_forget);
}

static void
on_resting_over(struct worker_timer *timer)
{
    struct peer *peer = CONTAINER_OF(timer, struct peer, timer);

    peer->state = PEER_IDLE;
    peer_forget_later(peer);
    peer_pump(peer);
}

void
peer_pump(struct peer *peer)
{
    if (peer->state == PEER_LIVE) {
        peer_write_all(peer);
        if (peer->lacks_memory) {
            peer_fail(peer, PEER_LOSS_MEMORY, "no memory for a frame");
        }
    } else if (peer->state == PEER_IDLE && peer->waiting
               && !atomic_load(&peer->node->is_stopping)) {
        peer_dial(peer);
    }
}

void
peer_stop(struct peer *peer)
{
    peer_take_items(peer);
    if (peer->state == PEER_LIVE) {
        peer_write_all(peer);
        peer->node->net->shutdown(peer->node->net_ctx, peer->stream);
    }
    peer_close_stream(peer);
    peer->state = PEER_IDLE;
    peer_clear_watches(peer);
    peer_drop_waiting(peer);
    while (peer->links) {
        remote_table_remove(&peer->links, peer->links);
    }
}

/* --- live --- */

static void wait_for_rest(struct peer *);

/* A frame has been unfinished for a while. */
static void
on_wait_over(struct worker_timer *timer)
{
    struct peer *peer = CONTAINER_OF(timer, struct peer, timer);

    peer->is_timed = false;
    if (peer->in.len > 0 && !peer->has_come) {
        autofree char *reason = xasprintf("a frame that does not go on after "
                                          "%zu bytes", peer->in.len);

        peer_fail(peer, PEER_LOSS_SILENT, reason);
        return;
    }
    wait_for_rest(peer);
}

/* Limits how long an unfinished frame may make no progress.  The timer is not
 * set anew for each piece: that would cost more than the pieces. */
static void
wait_for_rest(struct peer *peer)
{
    if (peer->is_timed) {
        peer->has_come = true;
    } else if (peer->in.len > 0) {
        peer->is_timed = true;
        peer->has_come = false;
        worker_timer_start(peer->worker, &peer->timer,
                           peer->node->bounds.silence_ns, on_wait_over);
    }
}

static void
set_reading(struct peer *peer, bool on)
{
    peer->node->net->set_reading(peer->node->net_ctx, peer->stream, on);
}

static void start_sip_timer(struct peer *);

static void
on_sip(struct worker_timer *timer)
{
    struct peer *peer = CONTAINER_OF(timer, struct peer, timer);

    peer->sip_left = SIP_SIZE;
    set_reading(peer, true);
    if (++peer->n_sips < SIPS_MAX) {
        start_sip_timer(peer);
    }
}

static void
start_sip_timer(struct peer *peer)
{
    worker_timer_start(peer->worker, &peer->timer,
                       peer->node->bounds.silence_ns / SIPS_IN_SILENCE,
                       on_sip);
}

/* The others that the peer talks to wait as well: their order is the
 * connection's. */
static void
stop_reading(struct peer *peer)
{
    vlog(1, "Not reading from %s for a while: an actor is behind",
         ADDRESS_TEXT(&peer->key.remote));
    peer->is_stopped = true;
    peer->sip_left = 0;
    peer->n_sips = 0;
    set_reading(peer, false);

    /* An unfinished frame is not the peer's silence then. */
    peer->is_timed = false;
    start_sip_timer(peer);
}

/* Somebody has caught up for whom we did not read. */
static void
on_resume(struct worker_job *job)
{
    struct peer *peer = CONTAINER_OF(job, struct peer, resume);

    peer->pressure.is_armed = false;
    if (peer->is_stopped) {
        peer->is_stopped = false;
        worker_timer_stop(peer->worker, &peer->timer);
        set_reading(peer, true);
        wait_for_rest(peer);
    }
    peer_unref(peer);
}

static void
on_caught_up(struct pressure_watch *watch)
{
    struct peer *peer = CONTAINER_OF(watch, struct peer, pressure);

    atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
    worker_post(peer->worker, &peer->resume);
}

/* Reads what came, and no more for now if a receiver is behind. */
static bool
read_live(struct peer *peer, const void *data, size_t size)
{
    if (!peer_read(peer, data, size)) {
        return false;
    }
    if (peer->is_stopped) {
        peer->sip_left -= size < peer->sip_left ? size : peer->sip_left;
        set_reading(peer, peer->sip_left > 0);
    } else if (peer->pressure.is_armed) {
        stop_reading(peer);
    } else {
        wait_for_rest(peer);
    }
    return true;
}

static void
on_live_data(void *aux, const void *data, size_t size)
{
    struct peer *peer = aux;

    if (read_live(peer, data, size) && peer->out.len > 0) {
        peer_pump(peer);
    }
}

static void
on_live_writable(void *aux)
{
    peer_pump(aux);
}

static void
on_live_closed(void *aux, const struct error *error)
{
    struct peer *peer = aux;

    if (error) {
        peer_fail(peer, error_code(error) == ERROR_TIMEOUT
                            || error_code(error) == ERROR_UNAVAILABLE
                        ? PEER_LOSS_SILENT : PEER_LOSS_BROKEN,
                  error_text(error));
        return;
    }
    if (peer->in.len > 0) {
        autofree char *reason = xasprintf("closed by the other side in the "
                                          "middle of a frame, %zu bytes in",
                                          peer->in.len);

        peer_fail(peer, PEER_LOSS_BROKEN, reason);
        return;
    }
    log_info("%s has closed the link", ADDRESS_TEXT(&peer->key.remote));
    give_up(peer, PEER_LOSS_CLOSED);
}

static const struct actor_stream_callbacks live_callbacks = {
    .on_data = on_live_data,
    .on_writable = on_live_writable,
    .on_closed = on_live_closed,
};

void
peer_go_live(struct peer *peer, const char *incarnation,
             const void *rest_data, size_t rest_size)
{
    struct node *node = peer->node;

    vlog(1, "Linked to %s (%s)", ADDRESS_TEXT(&peer->key.remote),
         peer->is_dialled ? "dialled by us" : "dialled by them");
    worker_timer_stop(peer->worker, &peer->timer);
    metric_add(node->metrics.n_connections, 1);
    metric_increment(node->metrics.n_reconnects, peer->token != 0);
    memcpy(peer->incarnation, incarnation, INCARNATION_SIZE);
    peer->token = incarnation_token(incarnation);
    peer->state = PEER_LIVE;
    atomic_store(&peer->is_live, true);
    peer->n_failures = 0;
    if (!address_equal(&peer->key.local, &node->address)) {
        node_add_alias(node, peer);
    }
    node->net->attach(node->net_ctx, peer->stream, peer->worker,
                      &live_callbacks, peer);
    node->net->set_keepalive(node->net_ctx, peer->stream,
                             node->bounds.silence_ns);
    node->net->set_reading(node->net_ctx, peer->stream, true);
    if (read_live(peer, rest_data, rest_size)) {
        peer_pump(peer);
    }
}
