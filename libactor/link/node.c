/* SPDX-License-Identifier: Apache-2.0
 *
 * node.c - a system among others: creates it, opens its port, carries its
 * messages to other systems.
 *
 * HTTP and links share the port: every connection begins as one of HTTP, and
 * an Upgrade hands it over to the peer that it names.  A stream cannot change
 * its worker in one of its own callbacks, so an inbound link goes through a
 * job of its worker first and then through one of the peer's.
 *
 * Thread: said for each part. */
#include <config.h>

#include <string.h>
#include <strings.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_server.h>
#include <actor/limits.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include "core/transport.h"
#include "http/builtin/builtin.h"
#include "http/head.h"
#include "http/server.h"
#include "link/node.h"
#include "link/peer.h"
#include "net/net.h"

/* From dialling to the answer. */
#define DIAL_TIMEOUT (10 * SECOND)

/* A peer that is silent for so long is taken for dead. */
#define SILENCE_TIMEOUT (30 * SECOND)

/* --- sending: any thread --- */

static void
node_send(void *transport, const struct upid *from, const struct upid *to,
          struct actor_msg **msg)
{
    struct node *node = transport;

    if (!actor_msg_type(*msg)->descriptor) {
        log_error("Dropping '%s' from '%s' to '%s': it is not declared",
                  actor_msg_type(*msg)->name, from->id, UPID_TEXT(to));
        metric_increment(node->metrics.n_dropped, 1);
        actor_msg_destroy(steal(*msg));
        return;
    }
    node_push(node, FRAME_MESSAGE, to, from->id, msg);
}

static void
node_link(void *transport, const struct upid *from, const struct upid *to)
{
    node_push(transport, FRAME_LINK, to, from->id, NULL);
}

static void
node_unlink(void *transport, const struct upid *from, const struct upid *to)
{
    node_push(transport, FRAME_UNLINK, to, from->id, NULL);
}

/* --- inbound links --- */

static void
ignore_data(void *aux UNUSED, const void *data UNUSED, size_t size UNUSED)
{
}

static void
ignore_writable(void *aux UNUSED)
{
}

static void
ignore_closed(void *aux UNUSED, const struct error *error UNUSED)
{
}

/* Of a stream on its way to its peer. */
static const struct actor_stream_callbacks travelling = {
    .on_data = ignore_data,
    .on_writable = ignore_writable,
    .on_closed = ignore_closed,
};

/* The peer's worker. */
static void
on_arrival(struct worker_job *job)
{
    struct inbound *inbound = CONTAINER_OF(job, struct inbound, job);

    peer_judge(inbound->peer, inbound);
}

/* The worker that had the connection, out of the stream's callbacks. */
static void
on_departure(struct worker_job *job)
{
    struct inbound *inbound = CONTAINER_OF(job, struct inbound, job);
    struct node *node = inbound->node;
    struct peer_key key = {
        .remote = inbound->handshake.from, .local = inbound->handshake.to,
    };

    inbound->peer = node_get_peer(node, &key, inbound->worker);
    node->net->attach(node->net_ctx, inbound->stream, inbound->peer->worker,
                      &travelling, NULL);
    inbound->job.fn = on_arrival;
    worker_post(inbound->peer->worker, &inbound->job);
}

/* The connection's worker. */
static int
on_upgrade(void *aux, const struct http_head *head, struct worker *worker,
           struct actor_stream *stream, const void *rest, size_t rest_size,
           const char **ret_reason)
{
    struct node *node = aux;
    const char *upgrade = http_head_find(head, "Upgrade");
    struct handshake handshake;

    if (!upgrade || strncasecmp(upgrade, "cmesos-link/", 12) != 0
        || strcmp(head->method, "GET") != 0) {
        return -1;
    }
    autoerror *error = handshake_parse(head, &handshake);
    if (error) {
        log_warn_every(10 * SECOND, "Refusing a link: %s", error_text(error));
        *ret_reason = error_code(error) == ERROR_UNSUPPORTED
            ? "unknown version of the link protocol" : "malformed handshake";
        return error_code(error) == ERROR_UNSUPPORTED ? 426 : 400;
    }
    if (address_equal(&handshake.from, &node->address)) {
        *ret_reason = "that is our own address";
        return 400;
    }
    struct inbound *inbound = xcalloc(1, sizeof *inbound);

    inbound->node = node;
    inbound->worker = worker;
    inbound->stream = stream;
    inbound->handshake = handshake;
    strbuf_init(&inbound->rest, STRBUF_UNLIMITED);
    strbuf_append_bytes(&inbound->rest, rest, rest_size);
    inbound->job.fn = on_departure;
    worker_post(worker, &inbound->job);
    return 0;
}

/* --- the end --- */

static void
close_port(void *node_, unsigned index UNUSED)
{
    struct node *node = node_;

    node->net->unlisten(node->net_ctx, steal(node->listener));
}

static void
close_connections(void *node_, unsigned index)
{
    struct node *node = node_;

    node_stop_peers(node, system_worker(node->system, index));
    http_server_close_all(node->http, index);
}

static void
node_stop(void *transport)
{
    struct node *node = transport;

    atomic_store(&node->is_stopping, true);
    system_call_worker(node->system, 0, close_port, node);
    for (unsigned i = 0; i < system_n_workers(node->system); i++) {
        system_call_worker(node->system, i, close_connections, node);
    }
}

static void
node_destroy(void *transport)
{
    struct node *node = transport;

    while (node->peers) {
        CHECK(node_forget(node, node->peers), "a peer is still in use");
    }
    node_metrics_fini(node);
    http_server_destroy(node->http);
    pthread_rwlock_destroy(&node->lock);
    pthread_rwlock_destroy(&node->aliases_lock);
    free(node);
}

static const struct transport_ops transport = {
    .send = node_send,
    .link = node_link,
    .unlink = node_unlink,
    .stop = node_stop,
    .destroy = node_destroy,
};

/* --- the port: worker 0 --- */

static void
on_accept(void *aux, struct actor_stream *stream, const struct address *peer)
{
    struct node *node = aux;
    unsigned n = system_n_workers(node->system);

    http_server_accept(node->http,
                       atomic_fetch_add(&node->next_worker, 1) % n, stream,
                       peer);
}

static struct error *
listen_there(struct node *node, const struct actor_system_options *options)
{
    struct error *error = node->net->listen(
        node->net_ctx, system_worker(node->system, 0), &options->listen,
        on_accept, node, &node->listener, &node->address);
    if (error) {
        return error;
    }
    uint16_t port = node->address.port;

    if (options->advertise.family != ADDRESS_NONE) {
        node->address = options->advertise;
    }
    if (node->address.port == 0) {
        node->address.port = port;
    }
    if (address_is_any(&node->address)) {
        port = node->address.port;
        socket_host_address(node->address.family, &node->address);
        node->address.port = port;
    }
    return NULL;
}

struct opening {
    struct node *node;
    const struct actor_system_options *options;
    struct error *error;
};

static void
open_port(void *opening_, unsigned index UNUSED)
{
    struct opening *opening = opening_;
    struct node *node = opening->node;

    opening->error = listen_there(node, opening->options);
    if (!opening->error) {
        system_set_address(node->system, &node->address);
        system_set_transport(node->system, &transport, node);
    }
}

/* --- the beginning --- */

static void
choose_incarnation(struct node *node)
{
    const struct actor_backend *backend = system_backend(node->system);
    autofini(strbuf) text = STRBUF(INCARNATION_SIZE);
    uint8_t bytes[16];

    backend->random->fill(backend->random_ctx, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        strbuf_printf(&text, "%02x", bytes[i]);
    }
    memcpy(node->incarnation, text.data, INCARNATION_SIZE);
}

static struct actor_link_bounds
complete(const struct actor_link_bounds *given)
{
    struct actor_link_bounds bounds = *given;

    if (bounds.queue_size == 0) {
        bounds.queue_size = LIMIT_LINK_QUEUE;
    }
    if (bounds.n_watches == 0) {
        bounds.n_watches = LIMIT_LINK_WATCHES;
    }
    if (bounds.dial_timeout_ns == 0) {
        bounds.dial_timeout_ns = DIAL_TIMEOUT;
    }
    if (bounds.silence_ns == 0) {
        bounds.silence_ns = SILENCE_TIMEOUT;
    }
    return bounds;
}

static struct node *
node_create(struct actor_system *system,
            const struct actor_system_options *options)
{
    const struct actor_backend *backend = system_backend(system);
    struct node *node = xcalloc(1, sizeof *node);

    node->system = system;
    node->net = backend->net ? backend->net : &net_real;
    node->net_ctx = backend->net_ctx;
    pthread_rwlock_init(&node->lock, NULL);
    pthread_rwlock_init(&node->aliases_lock, NULL);
    choose_incarnation(node);
    node->bounds = complete(&options->link);
    node_metrics_init(node);
    node->http = http_server_create(system, node->net, node->net_ctx,
                                    options->delegate, options->http);
    http_server_set_upgrade(node->http, on_upgrade, node);
    return node;
}

struct error *
actor_system_create(const struct actor_system_options *options,
                    struct actor_system **ret)
{
    struct actor_system *system;
    bool has_port = options->listen.family != ADDRESS_NONE;

    struct error *error = http_options_check(options->http);
    if (!error) {
        error = system_create(options, &poller_libev, &system);
    }
    if (error) {
        return error;
    }
    if (!has_port) {
        *ret = system;
        return NULL;
    }
    struct node *node = node_create(system, options);
    struct opening opening = { .node = node, .options = options };

    /* By the worker that accepts: it will not before all is settled. */
    system_call_worker(system, 0, open_port, &opening);
    if (opening.error) {
        node_destroy(node);
        actor_system_destroy(system);
        return opening.error;
    }
    error = builtin_start(system);
    if (error) {
        actor_system_destroy(system);
        return error;
    }
    *ret = system;
    return NULL;
}
