/* SPDX-License-Identifier: Apache-2.0
 *
 * protobuf_encode.c - writes a message in protobuf's own form.
 *
 * protobuf_c_message_pack() would write unknown fields that came by msgpack
 * as if they were protobuf, and computes the size of a nested message once
 * for each level above it.  Here a nested message is written behind one byte
 * for its length, and moved up if the length needs more. */
#include <config.h>

#include <actor/message.h>

#include <endian.h>

#include "codec/sink.h"
#include "codec/walk.h"

static void encode_message(struct sink *, const ProtobufCMessage *);

static unsigned
varint_encode(uint64_t value, uint8_t bytes[10])
{
    unsigned n = 0;

    for (; value >= 0x80; value >>= 7) {
        bytes[n++] = (uint8_t) (value | 0x80);
    }
    bytes[n++] = (uint8_t) value;
    return n;
}

static inline void
put_varint(struct sink *s, uint64_t value)
{
    uint8_t bytes[10];

    sink_put(s, bytes, varint_encode(value, bytes));
}

/* The 4 or 8 bytes of a number, little end first. */
static inline void
put_fixed32(struct sink *s, const void *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    value = htole32(value);
    sink_put(s, &value, sizeof value);
}

static inline void
put_fixed64(struct sink *s, const void *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    value = htole64(value);
    sink_put(s, &value, sizeof value);
}

static inline uint64_t
zigzag(int64_t value)
{
    return (uint64_t) value << 1 ^ (uint64_t) (value >> 63);
}

/* The byte where a length will be. */
static size_t
length_begin(struct sink *s)
{
    sink_put(s, "", 1);
    return sink_offset(s);
}

/* Puts the length of what was written since 'start' in front of it. */
static void
length_end(struct sink *s, size_t start)
{
    uint8_t bytes[10];
    size_t size = sink_offset(s) - start;
    unsigned n = varint_encode(size, bytes);

    if (n > 1) {
        sink_put(s, bytes, n - 1);
    }
    if (s->p) {
        memmove(sink_at(s, start + n - 1), sink_at(s, start), size);
        memcpy(sink_at(s, start - 1), bytes, n);
    }
}

static void
encode_bytes(struct sink *s, const void *data, size_t size)
{
    put_varint(s, size);
    if (size > 0) {
        sink_put(s, data, size);
    }
}

static void
encode_value(struct sink *s, const ProtobufCFieldDescriptor *f, const void *at)
{
    const ProtobufCBinaryData *bytes = at;
    size_t start;

    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        put_varint(s, (uint64_t) (int64_t) *(const int32_t *) at);
        break;
    case PROTOBUF_C_TYPE_SINT32:
        put_varint(s, (uint32_t) zigzag(*(const int32_t *) at));
        break;
    case PROTOBUF_C_TYPE_SINT64:
        put_varint(s, zigzag(*(const int64_t *) at));
        break;
    case PROTOBUF_C_TYPE_UINT32:
        put_varint(s, *(const uint32_t *) at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        put_varint(s, *(const uint64_t *) at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put_varint(s, *(const protobuf_c_boolean *) at != 0);
        break;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        put_fixed32(s, at);
        break;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        put_fixed64(s, at);
        break;
    case PROTOBUF_C_TYPE_STRING:
        encode_bytes(s, *(char *const *) at, strlen(*(char *const *) at));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        encode_bytes(s, bytes->data, bytes->len);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        start = length_begin(s);
        encode_message(s, *(ProtobufCMessage *const *) at);
        length_end(s, start);
        break;
    }
}

static inline void
put_tag(struct sink *s, uint32_t number, ProtobufCWireType wire_type)
{
    put_varint(s, (uint64_t) number << 3 | wire_type);
}

static void
encode_repeated(struct sink *s, const ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *f)
{
    size_t n = walk_count(message, f);
    bool is_packed = f->flags & PROTOBUF_C_FIELD_FLAG_PACKED;
    size_t start = 0;

    if (is_packed) {
        put_tag(s, f->id, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);
        start = length_begin(s);
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_packed) {
            put_tag(s, f->id, walk_wire_type(f->type));
        }
        encode_value(s, f, walk_element(message, f, i));
    }
    if (is_packed) {
        length_end(s, start);
    }
}

static void
encode_message(struct sink *s, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;

    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];

        if (!walk_is_set(message, f)) {
            continue;
        }
        if (walk_is_repeated(f)) {
            encode_repeated(s, message, f);
        } else {
            put_tag(s, f->id, walk_wire_type(f->type));
            encode_value(s, f, walk_member(message, f));
        }
    }
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *u = &message->unknown_fields[i];

        if (u->wire_type != WALK_WIRE_TYPE_MSGPACK) {
            put_tag(s, u->tag, u->wire_type);
            sink_put(s, u->data, u->len);
        }
    }
}

void
message_encode_protobuf(const ProtobufCMessage *message, struct strbuf *out)
{
    struct sink s = SINK(out);

    encode_message(&s, message);
    sink_flush(&s);
}
