/* SPDX-License-Identifier: Apache-2.0
 *
 * scramble_net.h - real connections with something between them and their
 * owners, as TLS will be: a handshake, bytes that are others on the wire, and
 * a rhythm of its own.
 *
 *     struct actor_backend backend = { .net = &scramble_net_ops };
 *
 * Each side begins with SCRAMBLE_HELLO as it is; what follows is scrambled by
 * its place.  A connection is made, or accepted, when the hello of the other
 * side has come.  What is read is handed on in odd pieces, and of what is
 * offered to be written only a part is taken, now and then.
 *
 * Thread-safety: as struct actor_net_ops. */
#ifndef TESTS_LIB_SCRAMBLE_NET_H
#define TESTS_LIB_SCRAMBLE_NET_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/backend.h>

#define SCRAMBLE_HELLO "hello\n"

extern const struct actor_net_ops scramble_net_ops;     /* ctx: NULL */

/* Scrambles 'size' bytes, the first of which is the 'at'th behind the hello;
 * doing it twice undoes it. */
void scramble(void *data, size_t size, uint64_t at);

#endif /* TESTS_LIB_SCRAMBLE_NET_H */
