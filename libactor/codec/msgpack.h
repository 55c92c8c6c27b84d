/* SPDX-License-Identifier: Apache-2.0
 *
 * msgpack.h - what the two passes of the msgpack decoder share: reading the
 * head of a value, and the pass that checks.
 *
 * The first pass (msgpack_scan.c) proves that the bytes are a message of the
 * type that is wanted and counts the memory it takes.  The second
 * (msgpack_decode.c) then builds it in one allocation and cannot fail. */
#ifndef CODEC_MSGPACK_H
#define CODEC_MSGPACK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>

struct error;

enum msgpack_kind {
    MSGPACK_NIL,
    MSGPACK_BOOL,               /* u */
    MSGPACK_UINT,               /* u */
    MSGPACK_INT,                /* i, negative */
    MSGPACK_FLOAT,              /* d */
    MSGPACK_STR,                /* u bytes follow, likewise the next two */
    MSGPACK_BIN,
    MSGPACK_EXT,
    MSGPACK_ARRAY,              /* u values follow */
    MSGPACK_MAP,                /* u pairs of values follow */
};

struct msgpack_head {
    enum msgpack_kind kind;
    union {
        uint64_t u;
        int64_t i;
        double d;
    };
};

/* Reads a head whose first byte is not one of the short forms.  What follows
 * it, or NULL if the bytes end within it or it is the one that msgpack leaves
 * undefined. */
const uint8_t *msgpack_head_read_long(const uint8_t *p, const uint8_t *end,
                                      struct msgpack_head *ret);

/* Reads the head at 'p'; as above. */
static inline const uint8_t *
msgpack_head_read(const uint8_t *p, const uint8_t *end,
                  struct msgpack_head *ret)
{
    if (UNLIKELY(p >= end)) {
        return NULL;
    }
    uint8_t first = *p;

    if (first <= 0x7f) {
        ret->kind = MSGPACK_UINT;
        ret->u = first;
    } else if (first <= 0x8f) {
        ret->kind = MSGPACK_MAP;
        ret->u = first & 0x0f;
    } else if (first <= 0x9f) {
        ret->kind = MSGPACK_ARRAY;
        ret->u = first & 0x0f;
    } else if (first <= 0xbf) {
        ret->kind = MSGPACK_STR;
        ret->u = first & 0x1f;
    } else if (first >= 0xe0) {
        ret->kind = MSGPACK_INT;
        ret->i = (int8_t) first;
    } else {
        return msgpack_head_read_long(p, end, ret);
    }
    return p + 1;
}

/* The number of a field, which is the key of a map's entry; 0 if it is none.
 * Moves '*p' behind it. */
static inline uint32_t
msgpack_key_read(const uint8_t **p, const uint8_t *end)
{
    struct msgpack_head head;
    const uint8_t *next = msgpack_head_read(*p, end, &head);

    if (!next || head.kind != MSGPACK_UINT || head.u > UINT32_MAX) {
        return 0;
    }
    *p = next;
    return (uint32_t) head.u;
}

/* The value of an enum as it is on the wire, if it fits an int. */
static inline bool
msgpack_enum_value(const struct msgpack_head *head, int *ret)
{
    if (head->kind == MSGPACK_UINT && head->u <= INT32_MAX) {
        *ret = (int) head->u;
    } else if (head->kind == MSGPACK_INT && head->i >= INT32_MIN) {
        *ret = (int) head->i;
    } else {
        return false;
    }
    return true;
}

/* Checks that 'data' is a whole message of type 'descriptor'.  '*ret_room' is
 * the memory that it takes when built: aligned pieces rounded up, and
 * bytes. */
struct error *msgpack_scan(const ProtobufCMessageDescriptor *descriptor,
                           const void *data, size_t size, size_t *ret_room)
    MUST_CHECK;

/* Behind the value at 'p', which has been scanned. */
const uint8_t *msgpack_skip(const uint8_t *p, const uint8_t *end);

#endif /* CODEC_MSGPACK_H */
