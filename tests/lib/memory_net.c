/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_net.c - a network in memory; see memory_net.h.
 *
 * A stream has the bytes that were written to it and not yet delivered.  What
 * is to be told to its owner is gathered and told by one job; a closed stream
 * whose job is on its way is freed by that job.  A client made by hand is a
 * stream without a worker, which takes its bytes at once. */
#include <config.h>

#include "tests/lib/memory_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/vec.h>
#include "core/worker.h"

#define FIRST_PORT 49152
#define READ_SIZE ((size_t) 64 * 1024)  /* given to a reader at once */

struct actor_listener {
    struct memory_net *net;
    struct worker *worker;
    struct address address;
    void (*on_accept)(void *aux, struct actor_stream *,
                      const struct address *peer);
    void *aux;
    struct actor_stream *backlog;       /* oldest first, by 'backlog_next' */
    struct worker_job job;
    bool posted;
    bool closed;
    struct actor_listener *prev, *next;
};

struct actor_stream {
    struct memory_net *net;
    struct worker *worker;              /* NULL: not attached, or by hand */
    const struct actor_stream_callbacks *callbacks;
    void *aux;
    struct actor_stream *other;         /* NULL: closed, or connecting */
    struct actor_stream *backlog_next;
    struct address connect_to;
    struct strbuf inbox;
    size_t n_taken;                     /* of its beginning, by the reader */
    struct worker_job job;
    bool posted;
    bool in_job;
    bool closed;
    bool is_client;
    bool connecting;
    bool reading;
    bool wants_write;                   /* to be told when there is room */
    bool may_write;                     /* on_writable() is due */
    bool other_ended;                   /* no more bytes will come */
    bool told_end;
    int broken;                         /* errno; to be told */
    struct actor_stream *prev, *next;
};

struct memory_client {
    struct actor_stream *stream;        /* owned */
};

struct memory_server {
    struct actor_listener *listener;    /* owned; without a worker */
};

/* Two systems that do not reach each other. */
struct cut {
    struct address a, b;
};

struct memory_net {
    struct actor_listener *listeners;
    struct actor_stream *streams;
    VEC(struct address) refused;
    VEC(struct cut) cuts;
    size_t window;
    bool holds;
    uint16_t next_port;
    uint64_t n_events;
};

struct memory_net *
memory_net_create(void)
{
    struct memory_net *net = xcalloc(1, sizeof *net);

    net->window = 1 << 20;
    net->next_port = FIRST_PORT;
    return net;
}

void
memory_net_destroy(struct memory_net *net)
{
    CHECK(!net->streams, "a stream was left open");
    CHECK(!net->listeners, "a listener was left open");
    vec_fini(&net->refused);
    vec_fini(&net->cuts);
    free(net);
}

uint64_t
memory_net_n_events(const struct memory_net *net)
{
    return net->n_events;
}

/* --- streams --- */

static void on_stream_job(struct worker_job *);

static struct actor_stream *
stream_create(struct memory_net *net)
{
    struct actor_stream *s = xcalloc(1, sizeof *s);

    s->net = net;
    s->job.fn = on_stream_job;
    strbuf_init(&s->inbox, STRBUF_UNLIMITED);
    DL_APPEND(net->streams, s);
    return s;
}

static void
free_if_done(struct actor_stream *s)
{
    if (s->closed && !s->posted && !s->in_job) {
        DL_DELETE(s->net->streams, s);
        strbuf_fini(&s->inbox);
        free(s);
    }
}

static void
post(struct actor_stream *s)
{
    s->net->n_events++;
    if (s->worker && !s->posted && !s->closed) {
        s->posted = true;
        worker_post(s->worker, &s->job);
    }
}

static size_t
n_unread(const struct actor_stream *s)
{
    return s->inbox.len - s->n_taken;
}

static size_t
room(const struct actor_stream *s)
{
    return n_unread(s) < s->net->window ? s->net->window - n_unread(s) : 0;
}

/* The reader of 's' took something. */
static void
tell_room(struct actor_stream *s)
{
    struct actor_stream *other = s->other;

    if (other && other->wants_write && room(s) > 0) {
        other->wants_write = false;
        other->may_write = true;
        post(other);
    }
}

/* What is left behind is moved seldom, or much of it would be moved often. */
static void
take_some(struct actor_stream *s, struct strbuf *data)
{
    size_t size = n_unread(s) < READ_SIZE ? n_unread(s) : READ_SIZE;

    strbuf_append_bytes(data, s->inbox.data + s->n_taken, size);
    s->n_taken += size;
    if (s->n_taken >= s->inbox.len / 2) {
        strbuf_consume(&s->inbox, s->n_taken);
        s->n_taken = 0;
    }
    if (n_unread(s) > 0) {
        post(s);
    }
}

static void
deliver(struct actor_stream *s)
{
    autofini(strbuf) data = STRBUF(STRBUF_UNLIMITED);

    if (s->n_taken == 0 && s->inbox.len <= READ_SIZE) {
        data = s->inbox;
        strbuf_init(&s->inbox, STRBUF_UNLIMITED);
    } else {
        take_some(s, &data);
    }
    tell_room(s);
    s->callbacks->on_data(s->aux, data.data, data.len);
}

static void
tell(struct actor_stream *s)
{
    if (s->may_write) {
        s->may_write = false;
        s->callbacks->on_writable(s->aux);
    }
    if (!s->closed && !s->broken && s->reading && n_unread(s) > 0) {
        deliver(s);
    }
    if (s->closed) {
        return;
    }
    if (s->broken) {
        autoerror *error = error_errno(s->broken, "using a connection");

        s->broken = 0;
        s->reading = false;
        s->told_end = true;
        s->callbacks->on_closed(s->aux, error);
    } else if (s->reading && s->other_ended && !s->told_end
               && n_unread(s) == 0) {
        s->told_end = true;
        s->callbacks->on_closed(s->aux, NULL);
    }
}

static void
on_stream_job(struct worker_job *job)
{
    struct actor_stream *s = CONTAINER_OF(job, struct actor_stream, job);

    s->posted = false;
    s->net->n_events++;
    s->in_job = true;
    if (!s->closed) {
        tell(s);
    }
    s->in_job = false;
    free_if_done(s);
}

static void
stream_break(struct actor_stream *s, int errnum)
{
    if (!s->closed && !s->told_end) {
        strbuf_clear(&s->inbox);
        s->n_taken = 0;
        s->broken = errnum;
        s->other_ended = true;
        post(s);
    }
}

static void
end_other(struct actor_stream *s)
{
    if (s->other) {
        s->other->other_ended = true;
        post(s->other);
    }
}

static void
net_close(void *ctx, struct actor_stream *s)
{
    struct memory_net *net = ctx;

    net->n_events++;
    end_other(s);
    if (s->other) {
        s->other->other = NULL;
        s->other = NULL;
    }
    s->closed = true;
    free_if_done(s);
}

static ssize_t
net_write(void *ctx UNUSED, struct actor_stream *s, const struct iovec *iov,
          int n)
{
    size_t taken = 0;

    if (!s->other || s->broken) {
        stream_break(s, EPIPE);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        size_t size = iov[i].iov_len;

        if (size > room(s->other)) {
            size = room(s->other);
            s->wants_write = true;
        }
        strbuf_append_bytes(&s->other->inbox, iov[i].iov_base, size);
        taken += size;
        if (size < iov[i].iov_len) {
            break;
        }
    }
    post(s->other);
    return (ssize_t) taken;
}

static void
net_set_reading(void *ctx UNUSED, struct actor_stream *s, bool on)
{
    s->reading = on;
    if (on && (n_unread(s) > 0 || s->other_ended)) {
        post(s);
    }
}

static void
net_attach(void *ctx UNUSED, struct actor_stream *s, void *worker,
           const struct actor_stream_callbacks *callbacks, void *aux)
{
    s->worker = worker;
    s->callbacks = callbacks;
    s->aux = aux;
    s->reading = false;
}

static void
net_shutdown(void *ctx UNUSED, struct actor_stream *s)
{
    end_other(s);
}

static void
net_set_keepalive(void *ctx UNUSED, struct actor_stream *s UNUSED,
                  int64_t timeout_ns UNUSED)
{
}

/* --- connecting --- */

static struct actor_listener *
find_listener(struct memory_net *net, const struct address *address)
{
    struct actor_listener *l;

    vec_foreach (&net->refused, it) {
        if (address_equal(it, address)) {
            return NULL;
        }
    }
    DL_FOREACH (net->listeners, l) {
        if (!l->closed && address_equal(&l->address, address)) {
            return l;
        }
    }
    return NULL;
}

static void
on_accept_job(struct worker_job *job)
{
    struct actor_listener *l = CONTAINER_OF(job, struct actor_listener, job);
    struct address peer = {
        .family = ADDRESS_IPV4, .ip = { 127, 0, 0, 1 }, .port = 1,
    };

    l->posted = false;
    l->net->n_events++;
    while (l->backlog) {
        struct actor_stream *s = l->backlog;

        LL_DELETE2(l->backlog, s, backlog_next);
        if (l->closed) {
            net_close(l->net, s);
        } else {
            l->on_accept(l->aux, s, &peer);
        }
    }
    if (l->closed) {
        DL_DELETE(l->net->listeners, l);
        free(l);
    }
}

static void
post_listener(struct actor_listener *l)
{
    l->net->n_events++;
    if (l->worker && !l->posted) {
        l->posted = true;
        worker_post(l->worker, &l->job);
    }
}

/* Whether 's', which connects, leads from one of them to the other. */
static bool
is_between(const struct actor_stream *s, const struct cut *cut)
{
    if (!s->worker || s->connect_to.family == ADDRESS_NONE) {
        return false;
    }
    const struct address *from =
        actor_system_address(worker_system(s->worker));

    return (address_equal(from, &cut->a)
            && address_equal(&s->connect_to, &cut->b))
           || (address_equal(from, &cut->b)
               && address_equal(&s->connect_to, &cut->a));
}

static bool
is_cut(const struct actor_stream *s)
{
    vec_foreach (&s->net->cuts, it) {
        if (is_between(s, it)) {
            return true;
        }
    }
    return false;
}

/* Connects 's', or leaves it connecting. */
static void
try_connect(struct actor_stream *s)
{
    if (s->net->holds) {
        return;
    }
    struct actor_listener *l =
        is_cut(s) ? NULL : find_listener(s->net, &s->connect_to);

    s->connecting = false;
    if (!l) {
        stream_break(s, ECONNREFUSED);
        return;
    }
    s->other = stream_create(s->net);
    s->other->other = s;
    s->other->reading = false;
    LL_APPEND2(l->backlog, s->other, backlog_next);
    post_listener(l);
    s->may_write = true;
    post(s);
}

static struct error *
net_connect(void *ctx, void *worker, const struct address *address,
            const struct actor_stream_callbacks *callbacks, void *aux,
            struct actor_stream **ret_stream)
{
    struct actor_stream *s = stream_create(ctx);

    net_attach(ctx, s, worker, callbacks, aux);
    s->connecting = true;
    s->connect_to = *address;
    *ret_stream = s;
    try_connect(s);
    return NULL;
}

static struct error *
net_listen(void *ctx, void *worker, const struct address *address,
           void (*on_accept)(void *aux, struct actor_stream *,
                             const struct address *peer),
           void *aux, struct actor_listener **ret_listener,
           struct address *ret_bound)
{
    struct memory_net *net = ctx;
    struct address bound = *address;

    if (bound.port == 0) {
        bound.port = net->next_port++;
    }
    if (find_listener(net, &bound)) {
        return error_errno(EADDRINUSE, "listening on %s",
                           ADDRESS_TEXT(&bound));
    }
    struct actor_listener *l = xcalloc(1, sizeof *l);

    l->net = net;
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
net_unlisten(void *ctx UNUSED, struct actor_listener *l)
{
    l->closed = true;
    post_listener(l);
}

const struct actor_net_ops memory_net_ops = {
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

/* --- faults --- */

void
memory_net_break_all(struct memory_net *net)
{
    struct actor_stream *s;

    DL_FOREACH (net->streams, s) {
        if (!s->connecting) {
            stream_break(s, ECONNRESET);
            s->other = NULL;
        }
    }
}

static bool
is_connected(const struct actor_stream *s)
{
    return !s->connecting && !s->closed && s->other;
}

void
memory_net_break_one(struct memory_net *net, unsigned n, bool half)
{
    struct actor_stream *s;
    unsigned n_connected = 0;

    DL_FOREACH (net->streams, s) {
        n_connected += is_connected(s);
    }
    if (n_connected == 0) {
        return;
    }
    n %= n_connected;
    DL_FOREACH (net->streams, s) {
        if (is_connected(s) && n-- == 0) {
            break;
        }
    }
    struct actor_stream *other = steal(s->other);

    other->other = NULL;
    stream_break(s, ECONNRESET);
    if (!half) {
        stream_break(other, ECONNRESET);
    }
}

void
memory_net_refuse(struct memory_net *net, const struct address *address,
                  bool refuse)
{
    for (size_t i = 0; i < net->refused.n; i++) {
        if (address_equal(&net->refused.data[i], address)) {
            vec_remove(&net->refused, i);
            break;
        }
    }
    if (refuse) {
        vec_push(&net->refused, *address);
    }
}

static void
break_between(struct memory_net *net, const struct cut *cut)
{
    struct actor_stream *s;

    DL_FOREACH (net->streams, s) {
        if (!s->connecting && !s->closed && is_between(s, cut)) {
            stream_break(s, ECONNRESET);
            if (s->other) {
                stream_break(s->other, ECONNRESET);
                s->other->other = NULL;
                s->other = NULL;
            }
        }
    }
}

void
memory_net_cut(struct memory_net *net, const struct address *a,
               const struct address *b, bool cut)
{
    struct cut wanted = { *a, *b };

    for (size_t i = 0; i < net->cuts.n; i++) {
        if (address_equal(&net->cuts.data[i].a, a)
            && address_equal(&net->cuts.data[i].b, b)) {
            vec_remove(&net->cuts, i);
            break;
        }
    }
    if (cut) {
        vec_push(&net->cuts, wanted);
        break_between(net, &wanted);
    }
}

void
memory_net_hold_connects(struct memory_net *net, bool hold)
{
    struct actor_stream *s;

    net->holds = hold;
    DL_FOREACH (net->streams, s) {
        if (s->connecting && !s->closed) {
            try_connect(s);
        }
    }
}

void
memory_net_set_window(struct memory_net *net, size_t size)
{
    net->window = size;
}

/* --- by hand --- */

struct memory_client *
memory_client_connect(struct memory_net *net, const struct address *address)
{
    if (!find_listener(net, address)) {
        return NULL;
    }
    struct memory_client *client = xcalloc(1, sizeof *client);
    struct actor_stream *s = stream_create(net);

    s->is_client = true;
    s->reading = true;
    s->connect_to = *address;
    s->connecting = true;
    client->stream = s;
    try_connect(s);
    return client;
}

void
memory_client_close(struct memory_client *client)
{
    if (client) {
        net_close(client->stream->net, client->stream);
        free(client);
    }
}

void
memory_client_write(struct memory_client *client, const void *data,
                    size_t size)
{
    struct actor_stream *s = client->stream;

    if (s->other) {
        strbuf_append_bytes(&s->other->inbox, data, size);
        post(s->other);
    }
}

void
memory_client_shutdown(struct memory_client *client)
{
    end_other(client->stream);
}

const char *
memory_client_text(struct memory_client *client, size_t *ret_size)
{
    if (ret_size) {
        *ret_size = client->stream->inbox.len;
    }
    return client->stream->inbox.data;
}

void
memory_client_clear(struct memory_client *client)
{
    strbuf_clear(&client->stream->inbox);
    tell_room(client->stream);
}

bool
memory_client_is_ended(const struct memory_client *client)
{
    return client->stream->other_ended;
}

size_t
memory_client_n_unread(const struct memory_client *client)
{
    return client->stream->other ? n_unread(client->stream->other) : 0;
}

struct memory_server *
memory_server_create(struct memory_net *net, const struct address *address)
{
    struct memory_server *server = xcalloc(1, sizeof *server);
    struct address bound;
    autoerror *error = net_listen(net, NULL, address, NULL, NULL,
                                  &server->listener, &bound);

    CHECK(!error, "%s", error_text(error));
    return server;
}

void
memory_server_destroy(struct memory_server *server)
{
    struct actor_listener *l = server->listener;
    struct memory_client *client;

    while ((client = memory_server_accept(server))) {
        memory_client_close(client);
    }
    DL_DELETE(l->net->listeners, l);
    free(l);
    free(server);
}

struct memory_client *
memory_server_accept(struct memory_server *server)
{
    struct actor_stream *s = server->listener->backlog;

    if (!s) {
        return NULL;
    }
    struct memory_client *client = xcalloc(1, sizeof *client);

    LL_DELETE2(server->listener->backlog, s, backlog_next);
    s->is_client = true;
    s->reading = true;
    client->stream = s;
    return client;
}
