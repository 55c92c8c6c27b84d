/* SPDX-License-Identifier: Apache-2.0
 *
 * node.h - a system among others: its port, its peers.
 *
 * Thread-safety: said for each member and function. */
#ifndef LINK_NODE_H
#define LINK_NODE_H 1

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/backend.h>
#include <actor/system.h>
#include "core/worker.h"
#include "link/frame.h"
#include "link/handshake.h"

struct actor_msg;
struct address;
struct http_server;
struct metric;
struct peer;
struct peer_key;

/* Why a connection to a peer was lost, or not made. */
enum peer_loss {
    PEER_LOSS_CLOSED,           /* by the other side, between two frames */
    PEER_LOSS_BROKEN,           /* reset, or ended in mid-frame */
    PEER_LOSS_SILENT,           /* nothing was acknowledged for too long */
    PEER_LOSS_UNREACHABLE,      /* it could not be dialled, or refused us */
    PEER_LOSS_OVERRUN,          /* too much waited to be written */
    PEER_LOSS_MEMORY,           /* there was none for a frame */
    PEER_LOSS_PROTOCOL,         /* it sent what it must not */
    PEER_LOSS_RESTARTED,        /* another process dialled from its address */
    PEER_LOSS_REPLACED,         /* it dialled anew */
    N_PEER_LOSSES
};

struct node_metrics {
    struct metric *n_sent, *n_received, *n_dropped;
    struct metric *n_connections, *n_reconnects, *queued_bytes;
    struct metric *n_losses[N_PEER_LOSSES];
};

struct node {
    /* Fixed once the port is open. */
    struct actor_system *system;        /* borrowed */
    const struct actor_net_ops *net;
    void *net_ctx;
    struct http_server *http;           /* owned */
    struct actor_listener *listener;    /* owned; worker 0 */
    struct address address;             /* as in our UPIDs */
    char incarnation[INCARNATION_SIZE];
    struct actor_link_bounds bounds;    /* complete */
    struct node_metrics metrics;

    /* Any thread. */
    atomic_uint next_worker;
    _Atomic uint64_t last_dial;
    atomic_bool is_stopping;
    pthread_rwlock_t aliases_lock;      /* guards 'aliases'; the outer one */
    struct peer *aliases;               /* live, and dialled under another
                                         * name of ours; by remote address */
    pthread_rwlock_t lock;              /* guards 'peers' */
    struct peer *peers;
};

/* Adds and removes the metrics of a node. */
void node_metrics_init(struct node *);
void node_metrics_fini(struct node *);

/* The peer of that key, with a reference for the caller.  It is created on
 * 'worker', or on one of our choice if that is NULL, if there is none.  Any
 * thread. */
struct peer *node_get_peer(struct node *, const struct peer_key *,
                           struct worker *worker);

/* Gives peer_push() what is for 'to'.  If they have dialled us under another
 * name, and that link is live, it takes that one, so that they hear us under
 * the name they know; but not as long as the link under our own name may hold
 * something that was sent before.  Any thread. */
void node_push(struct node *, enum frame_kind, const struct upid *to,
               const char *from, struct actor_msg **msg);

/* Calls peer_stop() for the peers of 'worker', whose thread it is. */
void node_stop_peers(struct node *, struct worker *worker);

/* A peer under another name of ours has become live, or is not any more.  The
 * peer's worker. */
void node_add_alias(struct node *, struct peer *);
void node_remove_alias(struct node *, struct peer *);

/* Takes 'peer' out of the table if nothing but the table knows of it; it is
 * gone then.  The peer's worker. */
bool node_forget(struct node *, struct peer *peer);

#endif /* LINK_NODE_H */
