/* SPDX-License-Identifier: Apache-2.0
 *
 * net.c - the simulated network as processes see it: the back end.
 *
 * What is to be told to the owner of a stream is gathered and told by one job
 * of its worker; a closed stream whose job is on its way is freed by that
 * job. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "sim/net.h"

static void on_stream_job(struct worker_job *);
static void on_accept_job(struct worker_job *);

struct sim_net *
sim_net_create(struct sim *sim)
{
    struct sim_net *net = xcalloc(1, sizeof *net);

    net->sim = sim;
    return net;
}

void
sim_net_destroy(struct sim_net *net)
{
    struct actor_stream *s, *next;

    CHECK(!net->listeners, "a listener was left open");
    DL_FOREACH_SAFE (net->streams, s, next) {
        CHECK(s->is_closed, "a stream was left open");
        tcp_vanish(s);
        tcp_free_if_done(s);
    }
    free(net->paths);
    free(net);
}

void
sim_net_add_host(struct sim_net *net)
{
    size_t n = net->n_hosts + 1;
    struct sim_path *paths = xcalloc(n * n, sizeof *paths);

    for (size_t from = 0; from < net->n_hosts; from++) {
        memcpy(&paths[from * n], &net->paths[from * net->n_hosts],
               net->n_hosts * sizeof *paths);
    }
    free(net->paths);
    net->paths = paths;
    net->n_hosts = n;
}

struct sim_path *
sim_net_path(struct sim_net *net, size_t from, size_t to)
{
    return &net->paths[from * net->n_hosts + to];
}

static bool
is_between(const struct actor_stream *s, size_t from, size_t to)
{
    return s->host->index == from && s->peer && s->peer->host->index == to;
}

void
sim_net_release(struct sim_net *net, size_t from, size_t to)
{
    struct actor_stream *s;

    DL_FOREACH (net->streams, s) {
        if (s->first && is_between(s, from, to)) {
            sim_schedule(net->sim, &s->arrival, 0, s->arrival.fn);
        }
    }
}

void
sim_net_reset(struct sim_net *net, const struct sim_host *a,
              const struct sim_host *b)
{
    VEC(struct actor_stream *) broken = VEC_EMPTY;
    struct actor_stream *s;

    DL_FOREACH (net->streams, s) {
        if (!s->is_closed && (is_between(s, a->index, b->index)
                              || is_between(s, b->index, a->index))) {
            vec_push(&broken, s);
        }
    }
    vec_foreach (&broken, it) {
        tcp_break(*it, ECONNRESET);
    }
    vec_fini(&broken);
}

void
sim_cut(struct sim_host *a, struct sim_host *b, bool cut)
{
    struct sim_net *net = a->sim->net;
    unsigned by = cut ? 1 : -1U;

    sim_net_path(net, a->index, b->index)->n_blocks += by;
    sim_net_path(net, b->index, a->index)->n_blocks += by;
    if (cut) {
        sim_net_reset(net, a, b);
    }
}

/* --- telling --- */

void
net_post(struct actor_stream *s)
{
    if (s->worker && s->process && !s->is_posted && !s->is_closed) {
        s->is_posted = true;
        worker_post(s->worker, &s->job);
        sim_process_touch(s->process);
    }
}

static void
hand_over(struct actor_stream *s)
{
    autofini(strbuf) data = s->inbox;

    strbuf_init(&s->inbox, STRBUF_UNLIMITED);
    tcp_taken(s);
    s->callbacks->on_data(s->aux, data.data, data.len);
}

static void
tell_end(struct actor_stream *s)
{
    autoerror *error = s->state == STREAM_BROKEN
        ? error_errno(s->errnum, "using a connection") : NULL;

    s->told_end = true;
    s->told_break = error != NULL;
    s->is_reading = false;
    s->callbacks->on_closed(s->aux, error);
}

/* Who neither reads nor writes does not hear of the end, as with a socket that
 * is not watched. */
static bool
notices_break(const struct actor_stream *s)
{
    return s->is_reading || s->wants_write || s->has_failed;
}

static void
tell(struct actor_stream *s)
{
    if (s->state == STREAM_CONNECTING) {
        return;                 /* what has come can wait */
    }
    if (s->may_write && s->state == STREAM_OPEN) {
        s->may_write = false;
        s->callbacks->on_writable(s->aux);
    }
    if (!s->is_closed && s->is_reading && s->inbox.len > 0) {
        hand_over(s);
    }
    if (s->is_closed || s->told_break) {
        return;
    }
    if ((s->state == STREAM_BROKEN && notices_break(s))
        || (s->is_reading && s->has_end && s->inbox.len == 0
            && !s->told_end)) {
        tell_end(s);
    }
}

static void
on_stream_job(struct worker_job *job)
{
    struct actor_stream *s = CONTAINER_OF(job, struct actor_stream, job);

    s->is_posted = false;
    s->is_in_job = true;
    if (!s->is_closed && s->process) {
        tell(s);
    }
    s->is_in_job = false;
    tcp_free_if_done(s);
}

/* --- streams --- */

static bool
is_taken(const struct sim_host *host, uint16_t port)
{
    const struct sim_net *net = host->sim->net;
    struct address address = host->address;
    const struct actor_stream *s;

    address.port = port;
    DL_FOREACH (net->streams, s) {
        if (s->host == host && s->local.port == port) {
            return true;
        }
    }
    return net_find_listener(host->sim->net, &address);
}

/* A port that nobody has; the next if all are taken. */
static uint16_t
choose_port(struct sim_host *host)
{
    uint16_t first = sim_host_port(host), port = first;

    while (is_taken(host, port)) {
        port = sim_host_port(host);
        if (port == first) {
            break;
        }
    }
    return port;
}

static struct error *
net_connect(void *p_, void *worker, const struct address *address,
            const struct actor_stream_callbacks *callbacks, void *aux,
            struct actor_stream **ret_stream)
{
    struct sim_process *p = p_;

    if (!p->is_alive) {
        return error_create(ERROR_CLOSED, "connecting to %s: we are dead",
                            ADDRESS_TEXT(address));
    }
    struct actor_stream *s = tcp_create(p->sim->net, p->host);

    s->process = p;
    s->worker = worker;
    s->callbacks = callbacks;
    s->aux = aux;
    s->job.fn = on_stream_job;
    s->local = p->host->address;
    s->local.port = choose_port(p->host);
    s->remote = *address;
    tcp_connect(s);
    *ret_stream = s;
    return NULL;
}

static void
net_attach(void *p UNUSED, struct actor_stream *s, void *worker,
           const struct actor_stream_callbacks *callbacks, void *aux)
{
    s->worker = worker;
    s->callbacks = callbacks;
    s->aux = aux;
    s->job.fn = on_stream_job;
    s->is_reading = false;
}

static ssize_t
net_write(void *p_, struct actor_stream *s, const struct iovec *iov, int n)
{
    struct sim_process *p = p_;
    size_t taken = 0;

    if (s->state == STREAM_CONNECTING && p->is_alive) {
        return 0;
    }
    if (s->state != STREAM_OPEN || s->has_ended || !p->is_alive) {
        if (s->state == STREAM_OPEN && p->is_alive) {
            tcp_break(s, EPIPE);
        }
        s->has_failed = true;
        net_post(s);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        size_t size = iov[i].iov_len;

        if (size > tcp_room(s)) {
            size = tcp_room(s);
            s->wants_write = true;
        }
        if (size > 0) {
            tcp_send(s, iov[i].iov_base, size);
        }
        taken += size;
        if (size < iov[i].iov_len) {
            break;
        }
    }
    return (ssize_t) taken;
}

static void
net_set_reading(void *p UNUSED, struct actor_stream *s, bool on)
{
    s->is_reading = on;
    if (on && (s->inbox.len > 0 || s->has_end
               || s->state == STREAM_BROKEN)) {
        net_post(s);
    }
}

static void
net_close(void *p UNUSED, struct actor_stream *s)
{
    tcp_close(s);
}

static void
net_shutdown(void *p UNUSED, struct actor_stream *s)
{
    tcp_end(s);
}

static void
net_set_keepalive(void *p UNUSED, struct actor_stream *s, int64_t timeout_ns)
{
    tcp_set_keepalive(s, timeout_ns);
}

/* --- listeners --- */

struct sim_host *
net_find_host(struct sim_host *from, const struct address *address)
{
    size_t i = ((size_t) address->ip[2] << 8) + address->ip[3];

    if (address_is_loopback(address)) {
        return from;
    }
    if (i == 0 || i > from->sim->hosts.n) {
        return NULL;
    }
    struct sim_host *host = from->sim->hosts.data[i - 1];
    struct address wanted = *address;

    wanted.port = 0;
    return address_equal(&wanted, &host->address) ? host : NULL;
}

struct actor_listener *
net_find_listener(struct sim_net *net, const struct address *address)
{
    struct actor_listener *l;

    DL_FOREACH (net->listeners, l) {
        if (!l->is_closed && l->process
            && address_equal(&l->address, address)) {
            return l;
        }
    }
    return NULL;
}

void
net_post_listener(struct actor_listener *l)
{
    if (!l->is_posted) {
        l->is_posted = true;
        worker_post(l->worker, &l->job);
        if (l->process) {
            sim_process_touch(l->process);
        }
    }
}

static void
on_accept_job(struct worker_job *job)
{
    struct actor_listener *l = CONTAINER_OF(job, struct actor_listener, job);

    l->is_posted = false;
    while (l->backlog) {
        struct actor_stream *s = l->backlog;

        LL_DELETE2(l->backlog, s, backlog_next);
        if (l->is_closed || !l->process) {
            tcp_close(s);
        } else {
            s->worker = l->worker;
            s->job.fn = on_stream_job;
            l->on_accept(l->aux, s, &s->remote);
        }
    }
    if (l->is_closed) {
        DL_DELETE(l->net->listeners, l);
        free(l);
    }
}

static struct error *
net_listen(void *p_, void *worker, const struct address *address,
           void (*on_accept)(void *aux, struct actor_stream *,
                             const struct address *peer),
           void *aux, struct actor_listener **ret_listener,
           struct address *ret_bound)
{
    struct sim_process *p = p_;
    struct sim_net *net = p->sim->net;
    struct address bound = *address;

    if (bound.port == 0) {
        bound.port = choose_port(p->host);
    }
    if (net_find_listener(net, &bound)) {
        return error_errno(EADDRINUSE, "listening on %s",
                           ADDRESS_TEXT(&bound));
    }
    struct actor_listener *l = xcalloc(1, sizeof *l);

    l->net = net;
    l->process = p;
    l->worker = worker;
    l->address = bound;
    l->on_accept = on_accept;
    l->aux = aux;
    l->job.fn = on_accept_job;
    DL_APPEND(net->listeners, l);
    *ret_listener = l;
    *ret_bound = bound;
    return NULL;
}

static void
net_unlisten(void *p UNUSED, struct actor_listener *l)
{
    l->is_closed = true;
    net_post_listener(l);
}

const struct actor_net_ops sim_net_ops = {
    .listen = net_listen,
    .unlisten = net_unlisten,
    .connect = net_connect,
    .attach = net_attach,
    .write = net_write,
    .set_reading = net_set_reading,
    .close = net_close,
    .shutdown = net_shutdown,
    .set_keepalive = net_set_keepalive,
};

/* --- the end of a process --- */

/* The system that had the stream closes it later, when it is taken down. */
static void
end_stream(struct actor_stream *s, bool silently)
{
    s->process = NULL;
    if (silently) {
        tcp_vanish(s);
    }
}

void
sim_net_process_ended(struct sim_process *p, bool silently)
{
    struct sim_net *net = p->sim->net;
    struct actor_stream *s;
    struct actor_listener *l;

    DL_FOREACH (net->streams, s) {
        if (s->process == p) {
            end_stream(s, silently);
        }
    }
    DL_FOREACH (net->listeners, l) {
        if (l->process == p) {
            l->process = NULL;
        }
    }
}

void
sim_net_host_ended(struct sim_host *host)
{
    struct actor_stream *s, *next;

    DL_FOREACH_SAFE (host->sim->net->streams, s, next) {
        if (s->host == host) {
            CHECK(s->is_closed, "a stream was left open");
            tcp_vanish(s);
            tcp_free_if_done(s);
        }
    }
}
