/* SPDX-License-Identifier: Apache-2.0
 *
 * server.h - HTTP for one actor system: its routes and its connections.
 *
 * The listener (link/node.c) hands over accepted streams; each becomes a
 * connection that lives on one worker.  A request is turned into a message for
 * the actor that has the route, runs as a turn of it, and its answer is posted
 * back to the connection's worker, which writes answers in the order of
 * requests.  Whichever of the two dies first, the other notices: connections
 * are counted, and a request knows its own.
 *
 * Thread-safety: said for each function. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/address.h>
#include <actor/backend.h>

struct actor_system;
struct http_head;
struct http_options;
struct http_server;
struct json_writer;
struct strbuf;
struct worker;

/* A request with an Upgrade, on a connection with no other request under way.
 * Takes the stream, which then is the callee's, with its reading off, and
 * returns 0; or returns the status to answer with and '*ret_reason', a
 * literal; or -1: not for us, a request like others.  'rest' is what had come
 * after the head, on loan.  On the connection's worker, in a callback of the
 * stream: to move it to another worker the callee posts itself a job first. */
typedef int http_upgrade_fn(void *aux, const struct http_head *head,
                            struct worker *, struct actor_stream *,
                            const void *rest, size_t rest_size,
                            const char **ret_reason);

/* Registers itself with system_set_http().  'delegate' and the options (both
 * may be NULL), which have been checked, are copied; 'net' outlives the
 * server. */
struct http_server *http_server_create(struct actor_system *,
                                       const struct actor_net_ops *net,
                                       void *net_ctx, const char *delegate,
                                       const struct http_options *);

/* After the workers have ended. */
void http_server_destroy(struct http_server *);

/* Before the port is open. */
void http_server_set_upgrade(struct http_server *, http_upgrade_fn *,
                             void *aux);

/* Takes an accepted stream for worker 'index'.  On the listener's worker. */
void http_server_accept(struct http_server *, unsigned index,
                        struct actor_stream *, const struct address *peer);

/* Closes the connections of worker 'index', on its thread. */
void http_server_close_all(struct http_server *, unsigned index);

#endif /* HTTP_SERVER_H */
