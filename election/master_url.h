/* SPDX-License-Identifier: Apache-2.0
 *
 * master_url.h - where a master is, as users write it in --master.
 *
 *     host:port               of an actor "master" there
 *     master@host:port        the same, as in logs
 *     file://path             whatever of these the file contains
 *     zk://...                refused: not available yet
 *
 * A host is a name or a number; IPv6 numbers stand in brackets.
 *
 * Thread-safety: pure functions on values, but for those that say that they
 * block. */
#ifndef ELECTION_MASTER_URL_H
#define ELECTION_MASTER_URL_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/compiler.h>
#include <actor/upid.h>

struct error;
struct strbuf;

/* Longest name of a host, as in the name system. */
#define MASTER_HOST_MAX 253

struct master_url {
    char id[UPID_ID_MAX + 1];           /* of the actor: "master" */
    char host[MASTER_HOST_MAX + 1];     /* a number is without brackets */
    uint16_t port;
};

/* All forms but file://; space around it is passed over.  Says what is wrong
 * with it, or which form of Mesos is not available. */
struct error *master_url_parse(const char *,
                               struct master_url *ret) MUST_CHECK;

/* The same, and file:// as well: reads the file, so it blocks. */
struct error *master_url_load(const char *,
                              struct master_url *ret) MUST_CHECK;

/* For logs: '*text' without user and password of a zk://.  The caller frees
 * it. */
char *master_url_redact(const char *text) MUST_CHECK;

/* "master@host:port", which parses to the same. */
void master_url_format(const struct master_url *, struct strbuf *out);

/* The address, if the host is a number; false if it is a name. */
bool master_url_number(const struct master_url *, struct address *ret);

/* How many addresses of a host are looked at. */
#define MASTER_ADDRESSES_MAX 16

struct master_addresses {
    struct address list[MASTER_ADDRESSES_MAX];
    size_t n;
};

/* Asks the name service for the addresses of the host, in its order; at least
 * one if it succeeds.  Blocks. */
struct error *master_url_resolve(const struct master_url *,
                                 struct master_addresses *ret) MUST_CHECK;

/* Leaves out what is not of that family, if there is any that is: a system
 * that listens on IPv4 should not speak with a peer that it knows by IPv6. */
void master_addresses_prefer(struct master_addresses *, enum address_family);

#endif /* ELECTION_MASTER_URL_H */
