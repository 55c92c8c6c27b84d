/* SPDX-License-Identifier: Apache-2.0
 *
 * address.h - network addresses by number: IPv4 and IPv6 with a port.
 *
 * Text form "10.0.0.1:5050", "[::1]:5050".  Nothing here asks DNS.
 * Thread-safety: pure functions on values. */
#ifndef ACTOR_ADDRESS_H
#define ACTOR_ADDRESS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

enum address_family {
    ADDRESS_NONE,               /* all zero: no address */
    ADDRESS_IPV4,
    ADDRESS_IPV6,
};

/* Compared as bytes: unused bytes are zero. */
struct address {
    uint8_t family;             /* enum address_family */
    uint8_t unused;
    uint16_t port;              /* host byte order */
    uint8_t ip[16];             /* network byte order; IPv4: the first four */
};

/* Longest text, with its NUL: "[" 45 "]:65535". */
#define ADDRESS_TEXT_SIZE 56

/* "ip:port". */
struct error *address_parse(const char *, struct address *ret) MUST_CHECK;

/* An IP literal without a port; 'port' is given. */
struct error *address_parse_ip(const char *ip, uint16_t port,
                               struct address *ret) MUST_CHECK;

/* Text in 'buffer', which is returned. */
const char *address_format(const struct address *,
                           char buffer[ADDRESS_TEXT_SIZE]);
const char *address_format_ip(const struct address *,
                              char buffer[ADDRESS_TEXT_SIZE]);
#define ADDRESS_TEXT(a) address_format((a), (char[ADDRESS_TEXT_SIZE]) {0})

bool address_equal(const struct address *, const struct address *);
int address_compare(const struct address *, const struct address *);
bool address_is_any(const struct address *);            /* 0.0.0.0 or :: */
bool address_is_loopback(const struct address *);

#endif /* ACTOR_ADDRESS_H */
