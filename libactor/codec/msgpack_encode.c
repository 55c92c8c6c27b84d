/* SPDX-License-Identifier: Apache-2.0
 *
 * msgpack_encode.c - writes a message as msgpack.
 *
 * The emitters are msgpack-c's own packer templates, made for a sink that
 * writes straight into the strbuf.  How many entries a map has is not known
 * when it begins: its head is filled in at the end. */
#include <config.h>

#include <actor/message.h>

#include <msgpack/sysdep.h>
#include <msgpack/timestamp.h>

#include "codec/sink.h"
#include "codec/walk.h"

/* emit_uint32(), emit_str(), ... */
#define msgpack_pack_inline_func(name) static inline int emit##name
#define msgpack_pack_user struct sink *
#define msgpack_pack_append_buffer(user, buf, len) \
    return sink_put(user, buf, len)
#include <msgpack/pack_template.h>

static void encode_message(struct sink *, const ProtobufCMessage *);

static inline void
encode_string(struct sink *s, const char *string)
{
    size_t len = strlen(string);

    emit_str(s, len);
    emit_str_body(s, string, len);
}

static inline void
encode_bytes(struct sink *s, const ProtobufCBinaryData *bytes)
{
    emit_bin(s, bytes->len);
    if (bytes->len > 0) {
        emit_bin_body(s, bytes->data, bytes->len);
    }
}

static inline void
encode_value(struct sink *s, const ProtobufCFieldDescriptor *f, const void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        emit_int32(s, *(const int32_t *) at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        emit_int64(s, *(const int64_t *) at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        emit_uint32(s, *(const uint32_t *) at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        emit_uint64(s, *(const uint64_t *) at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        emit_float(s, *(const float *) at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        emit_double(s, *(const double *) at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        if (*(const protobuf_c_boolean *) at) {
            emit_true(s);
        } else {
            emit_false(s);
        }
        break;
    case PROTOBUF_C_TYPE_STRING:
        encode_string(s, *(char *const *) at);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        encode_bytes(s, at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        encode_message(s, *(ProtobufCMessage *const *) at);
        break;
    }
}

static void
encode_repeated(struct sink *s, const ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *f)
{
    size_t n = walk_count(message, f);

    emit_array(s, n);
    for (size_t i = 0; i < n; i++) {
        encode_value(s, f, walk_element(message, f, i));
    }
}

/* Those that came by msgpack.  How many. */
static unsigned
encode_unknown(struct sink *s, const ProtobufCMessage *message)
{
    unsigned n = 0;

    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *u = &message->unknown_fields[i];

        if (u->wire_type == WALK_WIRE_TYPE_MSGPACK) {
            emit_uint32(s, u->tag);
            sink_put(s, u->data, u->len);
            n++;
        }
    }
    return n;
}

/* The head of a map is one byte if it cannot have more than 15 entries, else
 * three, which do for WALK_MAX_FIELDS and LIMIT_MESSAGE_UNKNOWN: it is written
 * in its final size and filled in later. */
static inline bool
is_short_map(const ProtobufCMessage *message)
{
    return message->descriptor->n_fields + message->n_unknown_fields <= 15;
}

static inline void
fill_in_map_head(struct sink *s, const ProtobufCMessage *message,
                 size_t offset, unsigned n)
{
    uint8_t *head = sink_at(s, offset);

    if (!s->p) {
        return;
    }
    if (is_short_map(message)) {
        head[0] = (uint8_t) (0x80 | n);
    } else {
        head[0] = 0xde;
        head[1] = (uint8_t) (n >> 8);
        head[2] = (uint8_t) n;
    }
}

static void
encode_message(struct sink *s, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    unsigned n = 0;

    if (sink_put(s, "\0\0\0", is_short_map(message) ? 1 : 3)) {
        return;
    }
    size_t offset = sink_offset(s) - (is_short_map(message) ? 1 : 3);

    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];

        if (!walk_is_set(message, f)) {
            continue;
        }
        emit_uint32(s, f->id);
        if (walk_is_repeated(f)) {
            encode_repeated(s, message, f);
        } else {
            encode_value(s, f, walk_member(message, f));
        }
        n++;
    }
    n += encode_unknown(s, message);
    fill_in_map_head(s, message, offset, n);
}

void
message_encode_msgpack(const ProtobufCMessage *message, struct strbuf *out)
{
    struct sink s = SINK(out);

    encode_message(&s, message);
    sink_flush(&s);
}
