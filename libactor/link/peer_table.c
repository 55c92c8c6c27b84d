/* SPDX-License-Identifier: Apache-2.0
 *
 * peer_table.c - the peers of a node; see node.h.  Thread: any. */
#include <config.h>

#include <actor/vec.h>
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

/* --- routes --- */

static struct peer *
find_alias(struct node *node, const struct address *remote)
{
    struct peer *peer;

    HASH_FIND(hh_alias, node->aliases, remote, sizeof *remote, peer);
    return peer;
}

/* Whether the peer under our own name may hold what was sent to 'remote'. */
static bool
is_busy(struct node *node, const struct address *remote)
{
    struct peer_key key = { .remote = *remote, .local = node->address };
    struct peer *peer;

    pthread_rwlock_rdlock(&node->lock);
    HASH_FIND(hh, node->peers, &key, sizeof key, peer);
    bool is = peer && (atomic_load(&peer->is_live)
                       || atomic_load(&peer->queued) > 0);
    pthread_rwlock_unlock(&node->lock);
    return is;
}

/* Makes the alias for 'remote' the route, if it may be.  From then on it is
 * until it is lost.  Who pushes holds the lock meanwhile, so that nobody is
 * between choosing the other peer and being seen there by is_busy(). */
static void
choose_alias(struct node *node, const struct address *remote)
{
    pthread_rwlock_wrlock(&node->aliases_lock);
    struct peer *alias = find_alias(node, remote);
    if (alias && !is_busy(node, remote)) {
        atomic_store(&alias->is_route, true);
    }
    pthread_rwlock_unlock(&node->aliases_lock);
}

/* With a reference for the caller; the lock of aliases is held. */
static struct peer *
get_route(struct node *node, const struct address *remote)
{
    struct peer_key key = { .remote = *remote, .local = node->address };
    struct peer *alias = find_alias(node, remote);

    if (alias && atomic_load(&alias->is_route)) {
        atomic_fetch_add_explicit(&alias->refs, 1, memory_order_relaxed);
        return alias;
    }
    return node_get_peer(node, &key, NULL);
}

void
node_push(struct node *node, enum frame_kind kind, const struct upid *to,
          const char *from, struct actor_msg **msg)
{
    pthread_rwlock_rdlock(&node->aliases_lock);
    struct peer *alias = find_alias(node, &to->address);
    if (UNLIKELY(alias && !atomic_load(&alias->is_route))) {
        pthread_rwlock_unlock(&node->aliases_lock);
        choose_alias(node, &to->address);
        pthread_rwlock_rdlock(&node->aliases_lock);
    }
    peer_push(get_route(node, &to->address), kind, to, from, msg);
    pthread_rwlock_unlock(&node->aliases_lock);
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
    atomic_store(&peer->is_route, false);
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

void
node_stop_peers(struct node *node, struct worker *worker)
{
    VEC(struct peer *) peers = { 0 };

    pthread_rwlock_rdlock(&node->lock);
    for (struct peer *peer = node->peers; peer; peer = peer->hh.next) {
        if (peer->worker == worker) {
            atomic_fetch_add(&peer->refs, 1);
            vec_push(&peers, peer);
        }
    }
    pthread_rwlock_unlock(&node->lock);
    vec_foreach (&peers, it) {
        peer_stop(*it);
        peer_unref(*it);
    }
    vec_fini(&peers);
}
