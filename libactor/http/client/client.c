/* SPDX-License-Identifier: Apache-2.0
 *
 * client.c - the HTTP client of a system, which is made when an actor first
 * calls somebody: most systems never do, and a program that does not call has
 * none of this linked in. */
#include <config.h>

#include <actor/alloc.h>
#include "http/client/pool.h"
#include "net/net.h"

static void
client_stop(struct system_part *part, unsigned index)
{
    struct http_client *client = CONTAINER_OF(part, struct http_client, part);

    pool_stop(&client->workers[index]);
}

static void
client_destroy(struct system_part *part)
{
    free(CONTAINER_OF(part, struct http_client, part));
}

static struct http_client *
create(struct actor_system *system)
{
    const struct actor_backend *backend = system_backend(system);
    unsigned n = system_n_workers(system);
    struct http_client *client =
        xcalloc(1, sizeof *client + n * sizeof client->workers[0]);

    client->part.stop = client_stop;
    client->part.destroy = client_destroy;
    client->system = system;
    client->net = backend->net ? backend->net : &net_real;
    client->net_ctx = backend->net_ctx;
    client->resolve = backend->resolve;
    client->n_workers = n;
    for (unsigned i = 0; i < n; i++) {
        client->workers[i].client = client;
        client->workers[i].worker = system_worker(system, i);
    }
    return client;
}

struct http_client *
http_client_of(struct actor_system *system)
{
    struct system_part *part = system_http_client(system);

    if (!part) {
        struct http_client *client = create(system);

        part = system_offer_http_client(system, &client->part);
        if (part != &client->part) {
            free(client);       /* another actor was faster */
        }
    }
    return CONTAINER_OF(part, struct http_client, part);
}

struct client_worker *
http_client_worker(struct http_client *client, const struct address *address)
{
    uint64_t hash = table_hash(address, sizeof *address);

    return &client->workers[hash % client->n_workers];
}

bool
http_client_is_owner(const struct actor *self, const struct upid *owner)
{
    const struct upid *upid = actor_upid(self);

    return upid->hint_slot == owner->hint_slot
        && upid->hint_generation == owner->hint_generation;
}
