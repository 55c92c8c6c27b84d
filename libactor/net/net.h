/* SPDX-License-Identifier: Apache-2.0
 *
 * net.h - the real network: nonblocking TCP over the workers' pollers.
 *
 * 'worker' in the functions of net_real is a 'struct worker'.  A listener and
 * a stream belong to one worker.
 *
 * Thread-safety: as actor/backend.h says; sockets are for any thread. */
#ifndef NET_NET_H
#define NET_NET_H 1

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <actor/address.h>
#include <actor/backend.h>

struct error;

extern const struct actor_net_ops net_real;

/* A stream around connected socket 'fd', which it takes over. */
struct actor_stream *stream_create(int fd);

/* --- sockets --- */

/* The system's form of 'address'; returns its length. */
socklen_t socket_address_to(const struct address *,
                            struct sockaddr_storage *ret);

/* IPv4 addresses mapped into IPv6 come out as IPv4. */
void socket_address_from(const struct sockaddr_storage *,
                         struct address *ret);

/* A TCP socket of that family: nonblocking, closed on exec. */
struct error *socket_open(const struct address *, int *ret_fd) MUST_CHECK;

/* The any-address of either family takes connections of both, if the host has
 * both. */
struct error *socket_listen(const struct address *, int *ret_fd,
                            struct address *ret_bound) MUST_CHECK;

/* Small writes leave at once. */
void socket_set_nodelay(int fd);

/* An established connection is broken (ETIMEDOUT, or what the network said
 * meanwhile) 'timeout_ns', in whole seconds and at least 3, after the other
 * host stopped to answer, whether there was something to be sent or not; or
 * after it has had no room for what we send for that long. */
void socket_set_keepalive(int fd, int64_t timeout_ns);

/* The first address of this host that is not a loopback one, of 'family'; the
 * loopback address if there is none.  Port 0. */
void socket_host_address(uint8_t family, struct address *ret);

/* --- listeners; used through net_real --- */

struct error *listener_open(void *ctx, void *worker, const struct address *,
                            void (*on_accept)(void *aux,
                                              struct actor_stream *,
                                              const struct address *peer),
                            void *aux, struct actor_listener **ret_listener,
                            struct address *ret_bound) MUST_CHECK;
void listener_close(void *ctx, struct actor_listener *);

#endif /* NET_NET_H */
