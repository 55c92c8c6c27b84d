/* SPDX-License-Identifier: Apache-2.0
 *
 * peer_table.c - the peers of a node; see node.h.  Thread: any. */
#include <config.h>

#include "core/transport.h"
#include "link/node.h"
#include "link/peer.h"

static struct peer *
find(struct node *node, const struct peer_key *key)
{
    struct peer *peer;

    HASH_FIND(hh, node->peers, key, sizeof *key, peer);
    if (peer) {
        atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
    }
    return peer;
}

/* The worker that asks is the best one: what it sends stays with it. */
static struct worker *
choose_worker(struct node *node)
{
    struct worker *current = worker_current();

    if (current && worker_system(current) == node->system) {
        return current;
    }
    unsigned n = system_n_workers(node->system);

    return system_worker(node->system,
                         atomic_fetch_add(&node->next_worker, 1) % n);
}

struct peer *
node_get_peer(struct node *node, const struct peer_key *key,
              struct worker *worker)
{
    pthread_rwlock_rdlock(&node->lock);
    struct peer *peer = find(node, key);
    pthread_rwlock_unlock(&node->lock);
    if (peer) {
        return peer;
    }
    pthread_rwlock_wrlock(&node->lock);
    peer = find(node, key);
    if (!peer) {
        struct peer *added = peer_create(node, key,
                                         worker ? worker
                                                : choose_worker(node));

        HASH_ADD(hh, node->peers, key, sizeof added->key, added);
        atomic_fetch_add(&added->refs, 1);
        peer = added;
    }
    pthread_rwlock_unlock(&node->lock);
    return peer;
}

struct peer *
node_get_route(struct node *node, const struct address *remote)
{
    struct peer_key key = { .remote = *remote, .local = node->address };
    struct peer *peer;

    pthread_rwlock_rdlock(&node->aliases_lock);
    HASH_FIND(hh_alias, node->aliases, remote, sizeof *remote, peer);
    if (peer) {
        atomic_fetch_add_explicit(&peer->refs, 1, memory_order_relaxed);
    }
    pthread_rwlock_unlock(&node->aliases_lock);
    return peer ? peer : node_get_peer(node, &key, NULL);
}

void
node_add_alias(struct node *node, struct peer *peer)
{
    struct peer *other;

    pthread_rwlock_wrlock(&node->aliases_lock);
    HASH_FIND(hh_alias, node->aliases, &peer->key.remote,
              sizeof peer->key.remote, other);
    if (!other) {
        HASH_ADD(hh_alias, node->aliases, key.remote,
                 sizeof peer->key.remote, peer);
        peer->is_alias = true;
    }
    pthread_rwlock_unlock(&node->aliases_lock);
}

void
node_remove_alias(struct node *node, struct peer *peer)
{
    if (!peer->is_alias) {
        return;
    }
    pthread_rwlock_wrlock(&node->aliases_lock);
    HASH_DELETE(hh_alias, node->aliases, peer);
    pthread_rwlock_unlock(&node->aliases_lock);
    peer->is_alias = false;
}

bool
node_forget(struct node *node, struct peer *peer)
{
    pthread_rwlock_wrlock(&node->lock);
    /* References are taken under the lock: 1 stays 1. */
    bool unknown = atomic_load(&peer->refs) == 1;

    if (unknown) {
        HASH_DELETE(hh, node->peers, peer);
    }
    pthread_rwlock_unlock(&node->lock);
    if (unknown) {
        peer_unref(peer);
    }
    return unknown;
}
