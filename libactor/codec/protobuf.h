/* SPDX-License-Identifier: Apache-2.0
 *
 * protobuf.h - what the two passes of the protobuf decoder share.
 *
 * As with msgpack, the first pass (protobuf_scan.c) proves the bytes and adds
 * up the memory, and the second (protobuf_decode.c) builds. */
#ifndef CODEC_PROTOBUF_H
#define CODEC_PROTOBUF_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>

#include "codec/walk.h"

struct error;

/* One field as it is on the wire. */
struct protobuf_item {
    uint32_t tag;               /* its number */
    ProtobufCWireType wire_type;
    const uint8_t *value;       /* a length-prefixed one: behind its length */
    size_t size;                /* bytes at 'value' */
    const uint8_t *start;       /* as 'value', but in front of the length */
};

/* Reads a varint at '*p', which moves behind it.  False if it does not end,
 * or is longer than 64 bits need. */
bool protobuf_varint_read_long(const uint8_t **p, const uint8_t *end,
                               uint64_t *ret);

static inline bool
protobuf_varint_read(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    if (LIKELY(*p < end && **p < 0x80)) {
        *ret = *(*p)++;
        return true;
    }
    return protobuf_varint_read_long(p, end, ret);
}

/* Reads the item at '*p', which moves behind it.  NULL, or what is wrong. */
const char *protobuf_item_read(const uint8_t **p, const uint8_t *end,
                               struct protobuf_item *ret);

/* Whether several values of a repeated field come as one item. */
static inline bool
protobuf_is_packed(const ProtobufCFieldDescriptor *f,
                   const struct protobuf_item *item)
{
    return walk_is_repeated(f)
           && item->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED
           && walk_wire_type(f->type) != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
}

/* Reads the next of several values that come as one item, as an item of its
 * own. */
const char *protobuf_packed_read(const uint8_t **p, const uint8_t *end,
                                 const ProtobufCFieldDescriptor *,
                                 struct protobuf_item *ret);

/* The value of an enum. */
static inline int
protobuf_enum_value(const struct protobuf_item *item)
{
    const uint8_t *p = item->value;
    uint64_t value = 0;

    return protobuf_varint_read(&p, p + item->size, &value)
               ? (int) (uint32_t) value
               : 0;
}

/* Whether an item is kept as an unknown field: 'f' is its field or NULL. */
static inline bool
protobuf_is_unknown(const ProtobufCFieldDescriptor *f,
                    const struct protobuf_item *item)
{
    return !f
           || (f->type == PROTOBUF_C_TYPE_ENUM && !walk_is_repeated(f)
               && !walk_is_known_enum(f, protobuf_enum_value(item)));
}

/* Checks that 'data' is a whole message of type 'descriptor'.  '*ret_room' is
 * at least the memory that it takes when built. */
struct error *protobuf_scan(const ProtobufCMessageDescriptor *descriptor,
                            const void *data, size_t size, size_t *ret_room)
    MUST_CHECK;

#endif /* CODEC_PROTOBUF_H */
