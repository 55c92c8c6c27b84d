/* SPDX-License-Identifier: Apache-2.0
 *
 * scramble_net.c - real connections with something in between; see
 * scramble_net.h.
 *
 * A 'struct actor_stream' of this net is a struct middle.  What was read and
 * cannot be handed on yet, as its owner does not read, stays in 'in', and the
 * real stream is not read meanwhile, so that nothing overtakes it. */
#include <config.h>

#include "tests/lib/scramble_net.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include "core/worker.h"
#include "net/net.h"

#define HELLO_SIZE (sizeof SCRAMBLE_HELLO - 1)
#define WRITE_MAX 5000

struct door;

struct middle {
    struct actor_stream *inner;         /* owned */
    struct worker *worker;
    const struct actor_stream_callbacks *callbacks;
    void *aux;
    struct door *door;                  /* it waits at; NULL: none */
    struct address address;             /* of the other side, at a door */
    struct strbuf in;                   /* unscrambled; or of the hello */
    size_t hello_sent;
    bool has_hello;
    uint64_t n_read, n_written;
    bool reads;                         /* wanted by the owner */
    bool has_room;                      /* the owner is to be told */
    bool closed;
    unsigned busy;                      /* callbacks under way */
    unsigned beat;
    struct delivery *delivery;          /* posted; NULL: none */
    struct middle *prev, *next;         /* at the same door */
};

/* A listener. */
struct door {
    struct actor_listener *inner;       /* owned */
    struct worker *worker;
    void (*on_accept)(void *aux, struct actor_stream *,
                      const struct address *peer);
    void *aux;
    struct middle *waiting;             /* for the hello of the other side */
};

/* What is left is handed on by a job of the worker that has the stream, and so
 * is a stream that has been accepted, since its new owner may move it; who
 * moves or closes the stream takes the job away from it. */
struct delivery {
    struct worker_job job;
    struct middle *middle;              /* NULL: not any more */
};

void
scramble(void *data_, size_t size, uint64_t at)
{
    uint8_t *data = data_;

    for (size_t i = 0; i < size; i++) {
        data[i] ^= (uint8_t) ((at + i) * 37 + 11);
    }
}

static struct middle *
middle_of(struct actor_stream *stream)
{
    return (struct middle *) (void *) stream;
}

static struct actor_stream *
stream_of(struct middle *m)
{
    return (struct actor_stream *) (void *) m;
}

static struct middle *
middle_create(void *worker)
{
    struct middle *m = xcalloc(1, sizeof *m);

    m->worker = worker;
    strbuf_init(&m->in, STRBUF_UNLIMITED);
    return m;
}

static void
free_if_closed(struct middle *m)
{
    if (m->closed && m->busy == 0) {
        strbuf_fini(&m->in);
        free(m);
    }
}

static void
forget_delivery(struct middle *m)
{
    if (m->delivery) {
        m->delivery->middle = NULL;
        m->delivery = NULL;
    }
}

/* --- reading --- */

static void
update_reading(struct middle *m)
{
    net_real.set_reading(NULL, m->inner, m->reads && m->in.len == 0);
}

/* Hands on what there is, in pieces of 1, 2, 3, ... bytes that begin anew now
 * and then, as long as the owner reads. */
static void
deliver(struct middle *m)
{
    m->busy++;
    while (!m->closed && m->reads && m->in.len > 0) {
        size_t size = 1 + m->beat++ % 97 * 5;
        char piece[512];

        size = size < m->in.len ? size : m->in.len;
        memcpy(piece, m->in.data, size);
        strbuf_consume(&m->in, size);
        m->callbacks->on_data(m->aux, piece, size);
    }
    if (!m->closed) {
        update_reading(m);
    }
    m->busy--;
    free_if_closed(m);
}

/* 'm' may be with another worker afterwards. */
static void
admit(struct middle *m)
{
    struct door *door = steal(m->door);

    DL_DELETE(door->waiting, m);
    door->on_accept(door->aux, stream_of(m), &m->address);
}

static void
on_delivery(struct worker_job *job)
{
    struct delivery *delivery = CONTAINER_OF(job, struct delivery, job);
    struct middle *m = delivery->middle;

    free(delivery);
    if (!m) {
        return;
    }
    m->delivery = NULL;
    if (m->door) {
        admit(m);
        return;
    }
    m->busy++;
    if (m->has_room) {
        m->has_room = false;
        m->callbacks->on_writable(m->aux);
    }
    if (!m->closed) {
        deliver(m);
    }
    m->busy--;
    free_if_closed(m);
}

static void
deliver_later(struct middle *m)
{
    if (!m->delivery) {
        m->delivery = xcalloc(1, sizeof *m->delivery);
        m->delivery->middle = m;
        m->delivery->job.fn = on_delivery;
        worker_post(m->worker, &m->delivery->job);
    }
}

/* --- the handshake --- */

static void
end_handshake(struct middle *m)
{
    net_real.set_reading(NULL, m->inner, false);
    m->has_hello = true;
    if (m->door) {
        deliver_later(m);
    } else {
        m->callbacks->on_writable(m->aux);
    }
}

static void
fail_handshake(struct middle *m, const struct error *error)
{
    if (m->door) {
        DL_DELETE(m->door->waiting, m);
        forget_delivery(m);
        net_real.close(NULL, m->inner);
        m->closed = true;
    } else {
        m->callbacks->on_closed(m->aux, error);
    }
}

static void
send_hello(struct middle *m)
{
    struct iovec iov = {
        .iov_base = (char *) SCRAMBLE_HELLO + m->hello_sent,
        .iov_len = HELLO_SIZE - m->hello_sent,
    };
    ssize_t n = net_real.write(NULL, m->inner, &iov, 1);

    m->hello_sent += n > 0 ? (size_t) n : 0;
}

/* --- callbacks of the real stream --- */

static void
on_data(void *aux, const void *data, size_t size)
{
    struct middle *m = aux;
    size_t before = m->in.len;

    strbuf_append_bytes(&m->in, data, size);
    m->busy++;
    if (!m->has_hello && m->in.len >= HELLO_SIZE) {
        CHECK(memcmp(m->in.data, SCRAMBLE_HELLO, HELLO_SIZE) == 0);
        strbuf_consume(&m->in, HELLO_SIZE);
        scramble(m->in.data, m->in.len, 0);
        m->n_read = m->in.len;
        end_handshake(m);
    } else if (m->has_hello) {
        scramble(m->in.data + before, size, m->n_read);
        m->n_read += size;
    }
    if (m->has_hello && !m->door && !m->closed) {
        deliver(m);
    }
    m->busy--;
    free_if_closed(m);
}

static void
on_writable(void *aux)
{
    struct middle *m = aux;

    m->busy++;
    if (m->has_hello && !m->door) {
        m->callbacks->on_writable(m->aux);
    } else if (m->hello_sent < HELLO_SIZE) {
        send_hello(m);
        net_real.set_reading(NULL, m->inner, true);
    }
    m->busy--;
    free_if_closed(m);
}

static void
on_closed(void *aux, const struct error *error)
{
    struct middle *m = aux;

    m->busy++;
    if (m->has_hello && !m->door) {
        m->callbacks->on_closed(m->aux, error);
    } else {
        fail_handshake(m, error);
    }
    m->busy--;
    free_if_closed(m);
}

static const struct actor_stream_callbacks callbacks = {
    .on_data = on_data, .on_writable = on_writable, .on_closed = on_closed,
};

/* --- operations --- */

static struct error *
net_connect(void *ctx UNUSED, void *worker, const struct address *address,
            const struct actor_stream_callbacks *owner, void *aux,
            struct actor_stream **ret_stream)
{
    struct middle *m = middle_create(worker);
    struct error *error = net_real.connect(NULL, worker, address, &callbacks,
                                           m, &m->inner);

    if (error) {
        free(m);
        return error;
    }
    m->callbacks = owner;
    m->aux = aux;
    *ret_stream = stream_of(m);
    return NULL;
}

static void
net_attach(void *ctx UNUSED, struct actor_stream *stream, void *worker,
           const struct actor_stream_callbacks *owner, void *aux)
{
    struct middle *m = middle_of(stream);

    forget_delivery(m);
    net_real.attach(NULL, m->inner, worker, &callbacks, m);
    m->worker = worker;
    m->callbacks = owner;
    m->aux = aux;
    m->reads = m->has_room = false;
}

/* Takes at most WRITE_MAX bytes at a time; who offered more is told by a job
 * that there is room. */
static ssize_t
net_write(void *ctx UNUSED, struct actor_stream *stream,
          const struct iovec *iov, int n)
{
    struct middle *m = middle_of(stream);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    for (int i = 0; i < n; i++) {
        strbuf_append_bytes(&out, iov[i].iov_base, iov[i].iov_len);
    }
    size_t size = out.len < WRITE_MAX ? out.len : WRITE_MAX;
    struct iovec scrambled = { .iov_base = out.data, .iov_len = size };

    scramble(out.data, size, m->n_written);
    ssize_t taken = net_real.write(NULL, m->inner, &scrambled, 1);
    m->n_written += taken > 0 ? (uint64_t) taken : 0;
    m->has_room = taken == (ssize_t) size && size < out.len;
    if (m->has_room) {
        deliver_later(m);
    }
    return taken;
}

static void
net_set_reading(void *ctx UNUSED, struct actor_stream *stream, bool on)
{
    struct middle *m = middle_of(stream);

    m->reads = on;
    update_reading(m);
    if (on && m->in.len > 0) {
        deliver_later(m);
    }
}

static void
net_close(void *ctx UNUSED, struct actor_stream *stream)
{
    struct middle *m = middle_of(stream);

    forget_delivery(m);
    net_real.close(NULL, m->inner);
    m->closed = true;
    free_if_closed(m);
}

static void
net_shutdown(void *ctx UNUSED, struct actor_stream *stream)
{
    net_real.shutdown(NULL, middle_of(stream)->inner);
}

static void
net_set_keepalive(void *ctx UNUSED, struct actor_stream *stream,
                  int64_t timeout_ns)
{
    net_real.set_keepalive(NULL, middle_of(stream)->inner, timeout_ns);
}

/* --- doors --- */

static void
on_knock(void *aux, struct actor_stream *inner, const struct address *peer)
{
    struct door *door = aux;
    struct middle *m = middle_create(door->worker);

    m->inner = inner;
    m->door = door;
    m->address = *peer;
    DL_APPEND(door->waiting, m);
    net_real.attach(NULL, inner, door->worker, &callbacks, m);
    send_hello(m);
    net_real.set_reading(NULL, inner, true);
}

static struct error *
net_listen(void *ctx UNUSED, void *worker, const struct address *address,
           void (*on_accept)(void *aux, struct actor_stream *,
                             const struct address *peer),
           void *aux, struct actor_listener **ret_listener,
           struct address *ret_bound)
{
    struct door *door = xcalloc(1, sizeof *door);

    door->worker = worker;
    door->on_accept = on_accept;
    door->aux = aux;
    *ret_listener = (struct actor_listener *) (void *) door;
    struct error *error = net_real.listen(NULL, worker, address, on_knock,
                                          door, &door->inner, ret_bound);

    if (error) {
        free(door);
    }
    return error;
}

static void
net_unlisten(void *ctx UNUSED, struct actor_listener *listener)
{
    struct door *door = (struct door *) (void *) listener;
    struct middle *m, *next;

    net_real.unlisten(NULL, door->inner);
    DL_FOREACH_SAFE (door->waiting, m, next) {
        net_close(NULL, stream_of(m));
    }
    free(door);
}

const struct actor_net_ops scramble_net_ops = {
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
