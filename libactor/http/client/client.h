/* SPDX-License-Identifier: Apache-2.0
 *
 * client.h - the HTTP client of a system, as who makes systems sees it; actors
 * see <actor/http_client.h>.
 *
 * Thread-safety: the thread that creates the system. */
#ifndef HTTP_CLIENT_CLIENT_H
#define HTTP_CLIENT_CLIENT_H 1

struct actor_net_ops;
struct actor_system;

/* Gives the system a client, which ends with it.  Before there are actors;
 * 'net' outlives the system. */
void http_client_create(struct actor_system *,
                        const struct actor_net_ops *net, void *net_ctx);

#endif /* HTTP_CLIENT_CLIENT_H */
