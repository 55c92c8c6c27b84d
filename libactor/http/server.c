/* SPDX-License-Identifier: Apache-2.0
 *
 * server.c - the parts of a system's HTTP server; see server.h. */
#include <config.h>

#include "http/server.h"

#include <actor/alloc.h>
#include "core/transport.h"
#include "http/access.h"
#include "http/internal.h"
#include "http/settings.h"
#include "net/net.h"

void
http_server_close_all(struct http_server *server, unsigned index)
{
    struct http_worker *worker = &server->workers[index];

    while (worker->connections) {
        http_connection_close(worker->connections);
    }
}

struct http_server *
http_server_create(struct actor_system *system,
                   const struct actor_net_ops *net, void *net_ctx,
                   const char *delegate, const struct http_options *options)
{
    unsigned n = system_n_workers(system);
    struct http_server *server =
        xcalloc(1, sizeof *server + n * sizeof server->workers[0]);

    server->system = system;
    server->net = net;
    server->net_ctx = net_ctx;
    server->routes = http_routes_create(delegate);
    server->settings = http_settings_create(options, net == &net_real);
    server->access = http_access_create(options ? options->realm_prefix
                                                : NULL);
    server->n_workers = n;
    for (unsigned i = 0; i < n; i++) {
        server->workers[i].worker = system_worker(system, i);
    }
    system_set_http(system, server);
    return server;
}

void
http_server_destroy(struct http_server *server)
{
    if (server) {
        http_routes_destroy(server->routes);
        http_settings_destroy(server->settings);
        http_access_destroy(server->access);
        free(server);
    }
}

void
http_server_set_upgrade(struct http_server *server, http_upgrade_fn *upgrade,
                        void *aux)
{
    server->upgrade = upgrade;
    server->upgrade_aux = aux;
}
