/* SPDX-License-Identifier: Apache-2.0
 *
 * memory_net.h - a network in memory, for manual systems of one thread.
 *
 *     struct memory_net *net = memory_net_create();
 *     struct actor_backend backend = { .net = &memory_net_ops,
 *                                      .net_ctx = net };
 *
 * Bytes are delivered by jobs of the receiver's worker, so everything happens
 * within actor_system_run(), in an order that depends on nothing else.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_LIB_MEMORY_NET_H
#define TESTS_LIB_MEMORY_NET_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/backend.h>

struct memory_net;

extern const struct actor_net_ops memory_net_ops;   /* ctx: the net */

struct memory_net *memory_net_create(void);

/* After the systems that use it. */
void memory_net_destroy(struct memory_net *);

/* How much has happened; the same after as before: nothing. */
uint64_t memory_net_n_events(const struct memory_net *);

/* --- faults --- */

/* Every connection breaks, as by a reset. */
void memory_net_break_all(struct memory_net *);

/* One of the connections breaks, chosen by 'n'.  'half': only one end hears of
 * it, the other when it writes. */
void memory_net_break_one(struct memory_net *, unsigned n, bool half);

/* New connections to 'address' are refused, or not any more. */
void memory_net_refuse(struct memory_net *, const struct address *,
                       bool refuse);

/* Cuts two systems off from each other: what is between them breaks, and
 * neither reaches the other until this is undone. */
void memory_net_cut(struct memory_net *, const struct address *,
                    const struct address *, bool cut);

/* While held, new connections are neither made nor refused. */
void memory_net_hold_connects(struct memory_net *, bool hold);

/* What fits between a writer and its reader; 1 MB at first. */
void memory_net_set_window(struct memory_net *, size_t size);

/* --- by hand: a client that is no system --- */

struct memory_client;

/* Connects to 'address'; NULL if nobody listens. */
struct memory_client *memory_client_connect(struct memory_net *,
                                            const struct address *);
void memory_client_close(struct memory_client *);       /* NULL is fine */

void memory_client_write(struct memory_client *, const void *, size_t size);

/* No more is written; reading goes on. */
void memory_client_shutdown(struct memory_client *);

/* All that has come so far, NUL-terminated; valid until the next call.  It
 * fills the window until it is cleared. */
const char *memory_client_text(struct memory_client *, size_t *ret_size);
void memory_client_clear(struct memory_client *);

/* The other side has ended or broken the connection. */
bool memory_client_is_ended(const struct memory_client *);

/* Bytes that were written and that the other side has not read yet. */
size_t memory_client_n_unread(const struct memory_client *);

/* --- by hand: a server that is no system --- */

struct memory_server;

/* Listens at 'address', which has a port and is free. */
struct memory_server *memory_server_create(struct memory_net *,
                                           const struct address *);

/* Connections that were not taken are closed. */
void memory_server_destroy(struct memory_server *);

/* The server's end of the oldest connection that nobody has taken; NULL: there
 * is none. */
struct memory_client *memory_server_accept(struct memory_server *);

#endif /* TESTS_LIB_MEMORY_NET_H */
