/* SPDX-License-Identifier: Apache-2.0
 *
 * node_metrics.c - what a node counts; see node.h and docs/wire.md.
 * Thread: any. */
#include <config.h>

#include <stdio.h>

#include <actor/metrics.h>
#include <actor/system.h>
#include "link/node.h"
#include "link/peer.h"

static const char *const loss_names[N_PEER_LOSSES] = {
    [PEER_LOSS_CLOSED] = "closed",
    [PEER_LOSS_BROKEN] = "broken",
    [PEER_LOSS_SILENT] = "silent",
    [PEER_LOSS_UNREACHABLE] = "unreachable",
    [PEER_LOSS_OVERRUN] = "overrun",
    [PEER_LOSS_MEMORY] = "memory",
    [PEER_LOSS_PROTOCOL] = "protocol",
    [PEER_LOSS_RESTARTED] = "restarted",
    [PEER_LOSS_REPLACED] = "replaced",
};

static double
read_queued_bytes(void *aux)
{
    struct node *node = aux;
    size_t sum = 0;

    pthread_rwlock_rdlock(&node->lock);
    for (struct peer *peer = node->peers; peer; peer = peer->hh.next) {
        sum += peer_memory(peer);
    }
    pthread_rwlock_unlock(&node->lock);
    return (double) sum;
}

void
node_metrics_init(struct node *node)
{
    struct metrics *metrics = actor_system_metrics(node->system);
    struct node_metrics *m = &node->metrics;

    m->n_sent = metrics_add_counter(metrics, "link/messages_sent");
    m->n_received = metrics_add_counter(metrics, "link/messages_received");
    m->n_dropped = metrics_add_counter(metrics, "link/messages_dropped");
    m->n_connections = metrics_add_gauge(metrics, "link/connections");
    m->n_reconnects = metrics_add_counter(metrics, "link/reconnects");
    m->queued_bytes = metrics_add_function(metrics, "link/queued_bytes",
                                           read_queued_bytes, node);
    for (int i = 0; i < N_PEER_LOSSES; i++) {
        char name[64];

        snprintf(name, sizeof name, "link/losses/%s", loss_names[i]);
        m->n_losses[i] = metrics_add_counter(metrics, name);
    }
}

void
node_metrics_fini(struct node *node)
{
    struct metrics *metrics = actor_system_metrics(node->system);
    struct node_metrics *m = &node->metrics;

    metrics_remove(metrics, &m->n_sent);
    metrics_remove(metrics, &m->n_received);
    metrics_remove(metrics, &m->n_dropped);
    metrics_remove(metrics, &m->n_connections);
    metrics_remove(metrics, &m->n_reconnects);
    metrics_remove(metrics, &m->queued_bytes);
    for (int i = 0; i < N_PEER_LOSSES; i++) {
        metrics_remove(metrics, &m->n_losses[i]);
    }
}
