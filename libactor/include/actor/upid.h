/* SPDX-License-Identifier: Apache-2.0
 *
 * upid.h - the name of an actor: "master@10.0.0.1:5050".
 *
 * A UPID is a value: copy it, keep it, compare it.  It names an actor by its
 * id and the address of its system and says nothing about whether the actor
 * lives.  The two members after the address are a hint that makes sending to
 * an actor of one's own system fast; they take no part in comparisons.
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
bool upid_is_empty(const struct upid *);

/* By id and address; for tables (the runtime's hints are left out). */
uint64_t upid_hash(const struct upid *);

#endif /* ACTOR_UPID_H */
