/* SPDX-License-Identifier: Apache-2.0
 *
 * addresses.h - where a program listens and what it tells others, from its
 * flags and the environment.
 *
 * A flag wins over its variable:
 *
 *     --ip, --ip_discovery_command    LIBPROCESS_IP, all addresses
 *     --port                          LIBPROCESS_PORT, any free one
 *     --advertise_ip                  LIBPROCESS_ADVERTISE_IP, where we listen
 *     --advertise_port                LIBPROCESS_ADVERTISE_PORT, the same
 *
 * The rest of a variable's name is read without regard to case, its value may
 * be file://PATH (flags.h), and an empty one is none.  Addresses are literal,
 * of IPv4 or IPv6.  A port may be told without an address: it goes with that
 * of this host.
 *
 * Thread-safety: one thread, at start. */
#ifndef ACTOR_ADDRESSES_H
#define ACTOR_ADDRESSES_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/compiler.h>

struct error;

/* What a program's flags say.  NULL: it was not given, or there is no such
 * flag. */
struct address_flags {
    const char *ip;
    const char *ip_discovery_command;   /* for /bin/sh; prints an address */
    const char *advertise_ip;
    const char *advertise_port;
    bool has_port;
    uint16_t port;
};

/* For the members of that name of 'struct actor_system_options'.  Runs the
 * command, if there is one, and waits for it.  Errors name flag or variable
 * and the value. */
struct error *addresses_choose(const struct address_flags *,
                               struct address *ret_listen,
                               struct address *ret_advertise) MUST_CHECK;

#endif /* ACTOR_ADDRESSES_H */
