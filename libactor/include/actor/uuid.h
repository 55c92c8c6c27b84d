/* SPDX-License-Identifier: Apache-2.0
 *
 * uuid.h - universally unique identifiers (RFC 9562), version 4.
 *
 * The random bytes are the caller's: they come from its system's randomness,
 * so that a simulation repeats.  Thread-safety: pure functions on values. */
#ifndef ACTOR_UUID_H
#define ACTOR_UUID_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

struct uuid {
    uint8_t bytes[16];
};

/* "9247d684-07e8-4b97-b46b-0be85eebba90" with its NUL. */
#define UUID_TEXT_SIZE 37

/* A version 4 UUID out of 16 random bytes. */
void uuid_make_v4(const uint8_t random[16], struct uuid *ret);

/* Lower-case text in 'buffer', which is returned. */
const char *uuid_format(const struct uuid *, char buffer[UUID_TEXT_SIZE]);
#define UUID_TEXT(u) uuid_format((u), (char[UUID_TEXT_SIZE]) {0})

/* The 36 bytes of the text form, of any version, in either case. */
struct error *uuid_parse(const char *, struct uuid *ret) MUST_CHECK;

/* From the 16 bytes that wires carry. */
struct error *uuid_from_bytes(const void *, size_t size, struct uuid *ret)
    MUST_CHECK;

bool uuid_equal(const struct uuid *, const struct uuid *);

#endif /* ACTOR_UUID_H */
