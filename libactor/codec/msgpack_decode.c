/* SPDX-License-Identifier: Apache-2.0
 *
 * msgpack_decode.c - the second pass over a message in msgpack: builds it.
 *
 * The bytes have been scanned, so nothing here can go wrong, and the one
 * block of memory is as large as the scan said. */
#include <config.h>

#include <actor/message.h>

#include <actor/error.h>
#include <actor/log.h>

#include "codec/message_impl.h"
#include "codec/msgpack.h"
#include "codec/walk.h"

struct builder {
    const uint8_t *p;
    const uint8_t *end;
    struct arena *arena;
};

static void build_message(struct builder *, const ProtobufCMessageDescriptor *,
                          ProtobufCMessage *);

static inline struct msgpack_head
build_head(struct builder *b)
{
    struct msgpack_head head = { MSGPACK_NIL, { 0 } };

    b->p = msgpack_head_read(b->p, b->end, &head);
    return head;
}

static inline char *
build_bytes(struct builder *b, size_t size, size_t room)
{
    char *bytes = arena_take_bytes(b->arena, room);

    memcpy(bytes, b->p, size);
    b->p += size;
    return bytes;
}

static inline void
build_scalar(struct builder *b, const ProtobufCFieldDescriptor *f, void *at)
{
    struct msgpack_head head = build_head(b);

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: {
        char *s = build_bytes(b, head.u, head.u + 1);

        s[head.u] = '\0';
        *(char **) at = s;
        break;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *data = at;

        data->len = head.u;
        data->data = (uint8_t *) build_bytes(b, head.u, head.u);
        break;
    }
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *) at = (float) head.d;
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *) at = head.d;
        break;
    default:
        /* Two's complement: the low half of a 64-bit integer is the 32-bit
         * one. */
        if (walk_value_size(f->type) == 8) {
            *(uint64_t *) at = head.u;
        } else {
            *(uint32_t *) at = (uint32_t) head.u;
        }
        break;
    }
}

static inline ProtobufCMessage *
build_sub_message(struct builder *b, const ProtobufCMessageDescriptor *d)
{
    ProtobufCMessage *message = arena_take(b->arena, d->sizeof_message);

    build_message(b, d, message);
    return message;
}

static inline void
build_value(struct builder *b, const ProtobufCFieldDescriptor *f, void *at)
{
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        *(ProtobufCMessage **) at = build_sub_message(b, f->descriptor);
    } else {
        build_scalar(b, f, at);
    }
}

static void
build_repeated(struct builder *b, ProtobufCMessage *message,
               const ProtobufCFieldDescriptor *f)
{
    struct msgpack_head head = build_head(b);
    size_t size = walk_value_size(f->type);
    char *array = arena_take(b->arena, head.u * size);
    size_t n = 0;

    for (uint64_t i = 0; i < head.u; i++) {
        char *at = array + n * size;

        build_value(b, f, at);
        if (f->type != PROTOBUF_C_TYPE_ENUM
            || walk_is_known_enum(f, *(int *) (void *) at)) {
            n++;
        }
    }
    *(size_t *) walk_quantifier(message, f) = n;
    *(void **) walk_member(message, f) = n > 0 ? array : NULL;
}

/* Keeps the value at 'b->p' as it is; the first one makes room for 'n_left',
 * as many as may come. */
static void
build_unknown(struct builder *b, ProtobufCMessage *message, uint32_t tag,
              uint64_t n_left)
{
    const uint8_t *behind = msgpack_skip(b->p, b->end);
    size_t size = (size_t) (behind - b->p);

    if (message->n_unknown_fields == 0) {
        message->unknown_fields = arena_take(
            b->arena, n_left * sizeof *message->unknown_fields);
    }
    message->unknown_fields[message->n_unknown_fields++] =
        (ProtobufCMessageUnknownField) {
            .tag = tag,
            .wire_type = WALK_WIRE_TYPE_MSGPACK,
            .len = size,
            .data = (uint8_t *) build_bytes(b, size, size),
        };
}

/* An enum whose value is not known stays unset.  False if it is so. */
static bool
build_enum(struct builder *b, ProtobufCMessage *message,
           const ProtobufCFieldDescriptor *f)
{
    const uint8_t *start = b->p;
    int value;

    build_scalar(b, f, &value);
    if (UNLIKELY(!walk_is_known_enum(f, value))) {
        b->p = start;
        return false;
    }
    *(int *) walk_member(message, f) = value;
    walk_set(message, f);
    return true;
}

static inline bool
build_field(struct builder *b, ProtobufCMessage *message,
            const ProtobufCFieldDescriptor *f)
{
    if (walk_is_repeated(f)) {
        build_repeated(b, message, f);
    } else if (f->type == PROTOBUF_C_TYPE_ENUM) {
        return build_enum(b, message, f);
    } else {
        build_value(b, f, walk_member(message, f));
        walk_set(message, f);
    }
    return true;
}

static void
build_message(struct builder *b, const ProtobufCMessageDescriptor *d,
              ProtobufCMessage *message)
{
    struct msgpack_head head = build_head(b);
    unsigned hint = 0;

    d->message_init(message);
    for (uint64_t n = head.u; n > 0; n--) {
        uint32_t tag = msgpack_key_read(&b->p, b->end);
        const ProtobufCFieldDescriptor *f = walk_find(d, tag, &hint);

        if (UNLIKELY(!f || !build_field(b, message, f))) {
            build_unknown(b, message, tag, n);
        }
    }
}

struct error *
message_decode_msgpack(const ProtobufCMessageDescriptor *descriptor,
                       const void *data, size_t size, struct message **ret)
{
    size_t room = 0;
    struct error *error = msgpack_scan(descriptor, data, size, &room);

    if (error) {
        return error_wrap(error, "decoding %s", descriptor->name);
    }
    struct message *m = message_try_create(descriptor, room);

    if (!m) {
        return error_create(ERROR_NO_MEMORY, "decoding %s of %zu bytes",
                            descriptor->name, size);
    }
    struct builder b = {
        .p = data,
        .end = (const uint8_t *) data + size,
        .arena = &m->arena,
    };

    build_message(&b, descriptor, message_root(m));
    DCHECK(b.p == b.end && m->arena.front <= m->arena.back,
           "the passes over %s disagree", descriptor->name);
    *ret = m;
    return NULL;
}
