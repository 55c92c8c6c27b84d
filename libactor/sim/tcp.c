/* SPDX-License-Identifier: Apache-2.0
 *
 * tcp.c - what simulated kernels do for connections.
 *
 * Segments of one direction arrive one after the other; the first of those on
 * their way has an event.  One that does not get through is sent again after
 * a pause that doubles, as in RFC 6298, until the sender gives up.  A segment
 * that overtakes another waits for it in the receiving kernel, so disorder is
 * delay, and one that arrives twice is dropped there: only the hash knows.
 *
 * A kernel that gets a segment for a connection that it does not know, because
 * the process has closed it with something unread or the host was rebooted,
 * answers with a reset.  A reset that is lost comes again when the segment
 * does. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>

#include "sim/net.h"

#define LOOPBACK_MIN (10 * MICROSECOND)
#define LOOPBACK_SPREAD (40 * MICROSECOND)
#define LATENCY_MIN (50 * MICROSECOND)
#define LATENCY_SPREAD (500 * MICROSECOND)

/* Now and then a switch is busy. */
#define SLOW_PPM 10000
#define SLOW_SPREAD (30 * MILLISECOND)

#define RETRY_MIN (200 * MILLISECOND)
#define RETRY_MAX (60 * SECOND)
#define GIVE_UP (900 * SECOND)
#define CONNECT_PAUSE (1 * SECOND)
#define CONNECT_TRIES 6
#define DISORDER_SPREAD (5 * MILLISECOND)

/* How often what is held looks whether it may go on, if nobody tells it. */
#define CLOG_PERIOD (1 * MILLISECOND)

/* How many writes are cut in two on their way. */
#define SPLIT_PPM 100000

static void on_arrival(struct sim_event *);
static void on_connect(struct sim_event *);
static void on_connected(struct sim_event *);
static void on_probe(struct sim_event *);

static struct sim_path *
path(const struct actor_stream *s, const struct sim_host *to)
{
    return sim_net_path(s->net, s->host->index, to->index);
}

/* How long something takes from one host to another. */
static int64_t
latency(struct sim_net *net, const struct sim_host *from,
        const struct sim_host *to)
{
    struct sim *sim = net->sim;
    const struct sim_path *way = sim_net_path(net, from->index, to->index);

    if (from == to) {
        return LOOPBACK_MIN
            + (int64_t) sim_below(sim, SIM_STREAM_NET, LOOPBACK_SPREAD);
    }
    int64_t ns = LATENCY_MIN + way->delay_ns
        + (int64_t) sim_below(sim, SIM_STREAM_NET, LATENCY_SPREAD);

    if (sim_chance(sim, SIM_STREAM_NET, SLOW_PPM)) {
        ns += (int64_t) sim_below(sim, SIM_STREAM_NET, SLOW_SPREAD);
    }
    if (sim_chance(sim, SIM_STREAM_NET, way->disorder_ppm)) {
        ns += (int64_t) sim_below(sim, SIM_STREAM_NET, DISORDER_SPREAD);
    }
    return ns;
}

/* Whether something sent now gets there. */
static bool
gets_through(struct sim_net *net, const struct sim_host *from,
             const struct sim_host *to)
{
    const struct sim_path *way = sim_net_path(net, from->index, to->index);

    return to->is_up && way->n_blocks == 0
        && !sim_chance(net->sim, SIM_STREAM_NET, way->loss_ppm);
}

/* Whether what is sent now is held. */
static bool
is_clogged(struct sim_net *net, const struct sim_host *from,
           const struct sim_host *to)
{
    return sim_net_path(net, from->index, to->index)->n_clogs > 0;
}

static struct sim_host *
other_host(const struct actor_stream *s)
{
    return net_find_host(s->host, &s->remote);
}

/* --- life --- */

struct actor_stream *
tcp_create(struct sim_net *net, struct sim_host *host)
{
    struct actor_stream *s = xcalloc(1, sizeof *s);

    s->net = net;
    s->host = host;
    s->silent_since = -1;
    strbuf_init(&s->inbox, STRBUF_UNLIMITED);
    DL_APPEND(net->streams, s);
    return s;
}

static void
drop_segments(struct actor_stream *s)
{
    sim_cancel(s->net->sim, &s->arrival);
    while (s->first) {
        struct segment *next = s->first->next;

        free(s->first);
        s->first = next;
    }
    s->last = NULL;
    s->in_flight = 0;
}

static void
cancel_events(struct actor_stream *s)
{
    struct sim *sim = s->net->sim;

    sim_cancel(sim, &s->room);
    sim_cancel(sim, &s->refusal);
    sim_cancel(sim, &s->connect);
    sim_cancel(sim, &s->probe);
}

/* The other side's segments find nobody from now on. */
static void
leave_peer(struct actor_stream *s)
{
    if (s->peer) {
        s->peer->peer = NULL;
        s->peer->is_lost = true;
        s->peer = NULL;
    }
}

static void
destroy(struct actor_stream *s)
{
    drop_segments(s);
    cancel_events(s);
    leave_peer(s);
    DL_DELETE(s->net->streams, s);
    strbuf_fini(&s->inbox);
    free(s);
}

/* The kernel has to see what it was given through to the other side. */
static bool
is_needed(const struct actor_stream *s)
{
    return !s->is_closed || s->is_posted || s->is_in_job
        || (s->state == STREAM_OPEN && s->first);
}

void
tcp_free_if_done(struct actor_stream *s)
{
    if (!is_needed(s)) {
        destroy(s);
    }
}

void
tcp_break(struct actor_stream *s, int errnum)
{
    if (s->state == STREAM_BROKEN) {
        return;
    }
    sim_note_host(s->host, "connection breaks", s->local.port,
                  (uint64_t) errnum);
    s->has_failed = s->state == STREAM_CONNECTING;
    s->state = STREAM_BROKEN;
    s->errnum = errnum;
    drop_segments(s);
    cancel_events(s);
    leave_peer(s);
    strbuf_clear(&s->inbox);
    if (s->is_closed) {
        tcp_free_if_done(s);
    } else {
        net_post(s);
    }
}

void
tcp_vanish(struct actor_stream *s)
{
    drop_segments(s);
    cancel_events(s);
    leave_peer(s);
    s->state = STREAM_BROKEN;
    s->errnum = ECONNRESET;
}

/* --- resets --- */

static void
on_refusal(struct sim_event *event)
{
    struct actor_stream *s = CONTAINER_OF(event, struct actor_stream,
                                          refusal);
    struct sim_host *from = other_host(s);

    if (from && is_clogged(s->net, from, s->host)) {
        sim_schedule(s->net->sim, event, CLOG_PERIOD, on_refusal);
        return;
    }
    tcp_break(s, s->state == STREAM_CONNECTING ? ECONNREFUSED : ECONNRESET);
}

/* 's' is told by 'from' that there is no such connection; false if that gets
 * lost. */
static bool
refuse(struct actor_stream *s, const struct sim_host *from)
{
    if (sim_is_scheduled(&s->refusal)) {
        return true;
    }
    if (!gets_through(s->net, from, s->host)) {
        return false;
    }
    sim_schedule(s->net->sim, &s->refusal, latency(s->net, from, s->host),
                 on_refusal);
    return true;
}

/* --- connecting --- */

static void
accept_from(struct actor_listener *l, struct actor_stream *s)
{
    struct sim_net *net = s->net;
    struct actor_stream *t = tcp_create(net, l->process->host);

    t->process = l->process;
    t->state = STREAM_OPEN;
    t->local = l->address;
    t->remote = s->local;
    t->peer = s;
    s->peer = t;
    t->last_ready_at = net->sim->now + latency(net, t->host, s->host);
    LL_APPEND2(l->backlog, t, backlog_next);
    sim_schedule(net->sim, &s->connect, t->last_ready_at - net->sim->now,
                 on_connected);
    net_post_listener(l);
}

static void
try_again(struct actor_stream *s)
{
    if (++s->n_connects >= CONNECT_TRIES) {
        tcp_break(s, ETIMEDOUT);
        return;
    }
    sim_schedule(s->net->sim, &s->connect, CONNECT_PAUSE << s->n_connects,
                 on_connect);
}

/* The first segment is there, or should be. */
static void
on_connect(struct sim_event *event)
{
    struct actor_stream *s = CONTAINER_OF(event, struct actor_stream,
                                          connect);
    struct sim_host *to = other_host(s);

    if (!to || !gets_through(s->net, s->host, to)) {
        try_again(s);
        return;
    }
    if (is_clogged(s->net, s->host, to)) {
        sim_schedule(s->net->sim, event, CLOG_PERIOD, on_connect);
        return;
    }
    struct actor_listener *l = net_find_listener(s->net, &s->remote);

    if (l) {
        accept_from(l, s);
    } else if (!refuse(s, to)) {
        try_again(s);
    }
}

/* The answer is there, or should be.  If it is lost the other side repeats
 * it, as it would data. */
static void
on_connected(struct sim_event *event)
{
    struct actor_stream *s = CONTAINER_OF(event, struct actor_stream,
                                          connect);
    struct sim_host *from = other_host(s);

    if (!s->peer) {
        if (!from || !from->is_up || !refuse(s, from)) {
            try_again(s);
        }
        return;
    }
    if (is_clogged(s->net, from, s->host)) {
        sim_schedule(s->net->sim, event, CLOG_PERIOD, on_connected);
        return;
    }
    if (!gets_through(s->net, from, s->host)) {
        if (++s->n_connects >= CONNECT_TRIES) {
            tcp_break(s, ETIMEDOUT);
        } else {
            sim_schedule(s->net->sim, event, CONNECT_PAUSE << s->n_connects,
                         on_connected);
        }
        return;
    }
    s->state = STREAM_OPEN;
    s->may_write = true;
    s->last_ready_at = s->net->sim->now;
    net_post(s);
}

void
tcp_connect(struct actor_stream *s)
{
    struct sim_host *to = other_host(s);
    int64_t delay = to ? latency(s->net, s->host, to) : LATENCY_MIN;

    s->state = STREAM_CONNECTING;
    sim_schedule(s->net->sim, &s->connect, delay, on_connect);
}

/* --- sending --- */

size_t
tcp_room(const struct actor_stream *s)
{
    size_t used = s->in_flight + (s->peer ? s->peer->inbox.len : 0);

    return used < SIM_NET_WINDOW ? SIM_NET_WINDOW - used : 0;
}

static void
schedule_first(struct actor_stream *s)
{
    int64_t now = s->net->sim->now;

    s->first_tried_at = -1;
    s->pause = RETRY_MIN;
    sim_schedule(s->net->sim, &s->arrival,
                 s->first->ready_at > now ? s->first->ready_at - now : 0,
                 on_arrival);
}

static void
append(struct actor_stream *s, const void *data, size_t size, bool is_end)
{
    struct segment *segment = xmalloc(sizeof *segment + size);
    struct sim_host *to = other_host(s);
    int64_t ready_at = s->net->sim->now
        + (to ? latency(s->net, s->host, to) : LATENCY_MIN);

    if (ready_at <= s->last_ready_at) {
        ready_at = s->last_ready_at + 1;
    }
    s->last_ready_at = ready_at;
    *segment = (struct segment) {
        .ready_at = ready_at, .is_end = is_end, .size = size,
    };
    if (size > 0) {
        memcpy(segment->data, data, size);
    }
    s->in_flight += size;
    if (s->last) {
        s->last->next = segment;
        s->last = segment;
    } else {
        s->first = s->last = segment;
        schedule_first(s);
    }
}

void
tcp_send(struct actor_stream *s, const void *data, size_t size)
{
    struct sim *sim = s->net->sim;
    size_t cut = 0;

    if (size > 1 && sim_chance(sim, SIM_STREAM_NET, SPLIT_PPM)) {
        cut = 1 + sim_below(sim, SIM_STREAM_NET, size - 1);
        append(s, data, cut, false);
    }
    append(s, (const char *) data + cut, size - cut, false);
}

void
tcp_end(struct actor_stream *s)
{
    if (s->state == STREAM_OPEN && !s->has_ended) {
        s->has_ended = true;
        append(s, NULL, 0, true);
    }
}

/* --- arriving --- */

static void
take_first(struct actor_stream *s)
{
    struct segment *segment = s->first;

    s->first = segment->next;
    if (!s->first) {
        s->last = NULL;
    }
    s->in_flight -= segment->size;
    free(segment);
}

/* The kernel at the other side puts it to what is there already. */
static void
receive(struct actor_stream *s, const struct segment *segment)
{
    sim_note_host(s->host, segment->is_end ? "end arrives" : "bytes arrive",
                  s->remote.port, segment->size);
    sim_hash_bytes(s->net->sim, segment->data, segment->size);
    s->silent_since = -1;
    if (segment->is_end) {
        s->has_end = true;
    } else {
        strbuf_append_bytes(&s->inbox, segment->data, segment->size);
    }
}

static void
resend_later(struct actor_stream *s)
{
    int64_t now = s->net->sim->now;
    int64_t limit = s->keepalive_ns > 0 ? s->keepalive_ns : GIVE_UP;

    if (s->first_tried_at < 0) {
        s->first_tried_at = now;
    }
    if (now - s->first_tried_at >= limit) {
        tcp_break(s, ETIMEDOUT);
        return;
    }
    sim_schedule(s->net->sim, &s->arrival, s->pause, on_arrival);
    s->pause = s->pause < RETRY_MAX / 2 ? 2 * s->pause : RETRY_MAX;
}

static void
deliver(struct actor_stream *s)
{
    struct actor_stream *t = s->peer;
    bool is_wanted = !t->is_closed;

    if (!is_wanted && !s->first->is_end && !refuse(s, t->host)) {
        resend_later(s);
        return;
    }
    if (sim_chance(s->net->sim, SIM_STREAM_NET,
                   path(s, t->host)->repeat_ppm)) {
        sim_note_host(t->host, "repetition arrives", t->remote.port, 0);
    }
    if (is_wanted) {
        receive(t, s->first);
    }
    take_first(s);
    if (s->first) {
        schedule_first(s);
    }
    if (is_wanted) {
        net_post(t);
    }
    if (s->is_closed) {
        tcp_free_if_done(s);
    }
}

/* There is nobody who waits for it.  Who has closed in order still takes our
 * end; anything else is answered with a reset. */
static void
deliver_to_nobody(struct actor_stream *s, const struct sim_host *to)
{
    bool is_expected = s->first->is_end && s->has_end;

    if (!s->is_closed && !is_expected && !refuse(s, to)) {
        resend_later(s);
        return;
    }
    take_first(s);
    if (s->first) {
        schedule_first(s);
    }
    if (s->is_closed) {
        tcp_free_if_done(s);
    }
}

static void
on_arrival(struct sim_event *event)
{
    struct actor_stream *s = CONTAINER_OF(event, struct actor_stream,
                                          arrival);
    struct sim_host *to = other_host(s);

    if (!to || !gets_through(s->net, s->host, to)) {
        resend_later(s);
    } else if (is_clogged(s->net, s->host, to)) {
        /* Until sim_net_release(); this is only to be sure. */
        sim_schedule(s->net->sim, event, 10 * SECOND, on_arrival);
    } else if (!s->peer) {
        deliver_to_nobody(s, to);
    } else {
        deliver(s);
    }
}

static void
on_room(struct sim_event *event)
{
    struct actor_stream *s = CONTAINER_OF(event, struct actor_stream, room);

    if (s->wants_write && tcp_room(s) > 0) {
        s->wants_write = false;
        s->may_write = true;
        net_post(s);
    }
}

void
tcp_taken(struct actor_stream *s)
{
    struct actor_stream *peer = s->peer;

    if (peer && peer->wants_write && !sim_is_scheduled(&peer->room)) {
        sim_schedule(s->net->sim, &peer->room,
                     latency(s->net, s->host, peer->host), on_room);
    }
}

/* --- closing --- */

/* Lets go of the other side, which is told by a reset, now or when it sends
 * something. */
static void
abandon(struct actor_stream *s)
{
    struct actor_stream *peer = s->peer;

    drop_segments(s);
    leave_peer(s);
    if (peer) {
        refuse(peer, s->host);
    }
}

void
tcp_close(struct actor_stream *s)
{
    bool was_accepted = s->worker;

    s->is_closed = true;
    s->process = NULL;
    if (s->state == STREAM_CONNECTING
        || (s->state == STREAM_OPEN && s->peer
            && (s->inbox.len > 0 || !was_accepted))) {
        abandon(s);
    } else if (s->state == STREAM_OPEN) {
        tcp_end(s);
    }
    sim_cancel(s->net->sim, &s->connect);
    sim_cancel(s->net->sim, &s->probe);
    tcp_free_if_done(s);
}

/* --- silence --- */

static bool
is_reachable(const struct actor_stream *s, const struct sim_host *to)
{
    return to && to->is_up && path(s, to)->n_blocks == 0
        && sim_net_path(s->net, to->index, s->host->index)->n_blocks == 0;
}

/* Asks whether the other side is still there. */
static void
on_probe(struct sim_event *event)
{
    struct actor_stream *s = CONTAINER_OF(event, struct actor_stream, probe);
    struct sim_host *to = other_host(s);
    int64_t now = s->net->sim->now;

    if (s->state == STREAM_OPEN && is_reachable(s, to)) {
        s->silent_since = -1;
        if (!s->peer && s->is_lost && !s->has_end) {
            tcp_break(s, ECONNRESET);
            return;
        }
    } else if (s->silent_since < 0) {
        s->silent_since = now;
    } else if (now - s->silent_since >= s->keepalive_ns) {
        tcp_break(s, ETIMEDOUT);
        return;
    }
    sim_schedule(s->net->sim, event, s->keepalive_ns / 4, on_probe);
}

void
tcp_set_keepalive(struct actor_stream *s, int64_t timeout_ns)
{
    s->keepalive_ns = timeout_ns;
    if (timeout_ns > 0) {
        sim_schedule(s->net->sim, &s->probe, timeout_ns / 4, on_probe);
    } else {
        sim_cancel(s->net->sim, &s->probe);
    }
}
