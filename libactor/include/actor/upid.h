/* SPDX-License-Identifier: Apache-2.0
 *
 * upid.h - the name of an actor: "master@10.0.0.1:5050".
 *
 * A UPID is a value: copy it, keep it, compare it.  It names an actor by its
 * id and the address of its system and says nothing about whether the actor
 * lives.
 *
 * The members after the address are the runtime's, and take no part in
 * comparisons.  Two are a hint that makes sending to an actor of one's own
 * system fast.  The third says of an actor of another system which process it
 * was that had the address when the UPID was learnt, as the sender of a
 * message.  What is sent by such a UPID, or linked, never reaches a process
 * that has the address later: a message is dropped and counted, a link is told
 * to be over.  A UPID that was parsed or made from parts means whoever has the
 * address now: that is how well-known actors are found, "master@10.0.0.1:5050"
 * for example.
 *
 * (libprocess: pid.hpp.  Unlike there, parsing never asks DNS, an ill-formed
 * text is an error, and IPv6 addresses stand in brackets.)
 *
 * Thread-safety: pure functions on values. */
#ifndef ACTOR_UPID_H
#define ACTOR_UPID_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/compiler.h>

struct error;

/* Longest id, without NUL.  "scheduler-<uuid>" has 46 bytes. */
#define UPID_ID_MAX 63

struct upid {
    char id[UPID_ID_MAX + 1];   /* NUL-terminated; "" : no actor */
    struct address address;
    uint32_t hint_slot;         /* private to the runtime */
    uint32_t hint_generation;   /* private to the runtime; 0: no hint */
    uint32_t incarnation;       /* private to the runtime; 0: whoever it is */
};

#define UPID_TEXT_SIZE (UPID_ID_MAX + 1 + ADDRESS_TEXT_SIZE)

/* "id@ip:port" or "id@[ipv6]:port".  The id may not be empty, longer than
 * UPID_ID_MAX, or have spaces, control characters, '/' or '@'. */
struct error *upid_parse(const char *, struct upid *ret) MUST_CHECK;

/* From parts; the same rules. */
struct error *upid_make(const char *id, const struct address *,
                        struct upid *ret) MUST_CHECK;

const char *upid_format(const struct upid *, char buffer[UPID_TEXT_SIZE]);
#define UPID_TEXT(u) upid_format((u), (char[UPID_TEXT_SIZE]) {0})

bool upid_equal(const struct upid *, const struct upid *);

/* The same: equal, and not known to be of different processes. */
bool upid_is_same(const struct upid *, const struct upid *);
bool upid_is_empty(const struct upid *);

/* By id and address; for tables (the runtime's hints are left out). */
uint64_t upid_hash(const struct upid *);

#endif /* ACTOR_UPID_H */
