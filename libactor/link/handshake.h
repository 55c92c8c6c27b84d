/* SPDX-License-Identifier: Apache-2.0
 *
 * handshake.h - how a link begins: an HTTP Upgrade; docs/wire.md.
 *
 * The dialler asks "GET / HTTP/1.1" with "Upgrade: cmesos-link/1" and tells
 * who it is; the other side answers 101 and tells who it is, or refuses.
 *
 * Thread-safety: pure functions on values. */
#ifndef LINK_HANDSHAKE_H
#define LINK_HANDSHAKE_H 1

#include <stdint.h>

#include <actor/address.h>
#include <actor/compiler.h>

struct error;
struct http_head;
struct strbuf;

#define LINK_PROTOCOL "cmesos-link/1"

/* 128 random bits in hexadecimal, and a NUL. */
#define INCARNATION_SIZE 33

/* What UPIDs keep of an incarnation; never 0. */
uint32_t incarnation_token(const char incarnation[INCARNATION_SIZE]);

struct handshake {
    struct address from;        /* what the teller's UPIDs say */
    struct address to;          /* who it means to talk to */
    char incarnation[INCARNATION_SIZE];

    /* The dialler's number of this attempt, growing with each one; and the
     * highest number that it has accepted from the other side, 0: none. */
    uint64_t dial;
    uint64_t seen;
};

void handshake_write_request(struct strbuf *out, const struct handshake *);
void handshake_write_accept(struct strbuf *out, const struct handshake *);
void handshake_write_refuse(struct strbuf *out, int status,
                            const char *reason);

/* From the head of a request or of an answer 101. */
struct error *handshake_parse(const struct http_head *, struct handshake *ret)
    MUST_CHECK;

#endif /* LINK_HANDSHAKE_H */
