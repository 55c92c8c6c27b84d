/* SPDX-License-Identifier: Apache-2.0
 *
 * protobuf_decode.c - the second pass over a message in protobuf's form:
 * builds it.
 *
 * Elements of a repeated field need not be neighbours on the wire, so the
 * items of a message are counted before its arrays are made.  The bytes have
 * been scanned: nothing here can go wrong. */
#include <config.h>

#include <actor/message.h>

#include <endian.h>

#include <actor/error.h>
#include <actor/log.h>

#include "codec/message_impl.h"
#include "codec/protobuf.h"

static void build_message(struct arena *, const ProtobufCMessageDescriptor *,
                          ProtobufCMessage *, const uint8_t *p,
                          const uint8_t *end);

static uint64_t
varint(const struct protobuf_item *item)
{
    const uint8_t *p = item->value;
    uint64_t value = 0;

    return protobuf_varint_read(&p, p + item->size, &value) ? value : 0;
}

static int64_t
unzigzag(uint64_t value)
{
    return (int64_t) (value >> 1 ^ -(value & 1));
}

static uint32_t
fixed32(const struct protobuf_item *item)
{
    uint32_t value;

    memcpy(&value, item->value, sizeof value);
    return le32toh(value);
}

static uint64_t
fixed64(const struct protobuf_item *item)
{
    uint64_t value;

    memcpy(&value, item->value, sizeof value);
    return le64toh(value);
}

static char *
build_bytes(struct arena *a, const uint8_t *bytes, size_t size, size_t room)
{
    char *copy = arena_take_bytes(a, room);

    return memcpy(copy, bytes, size);
}

static char *
build_string(struct arena *a, const struct protobuf_item *item)
{
    char *s = build_bytes(a, item->value, item->size, item->size + 1);

    s[item->size] = '\0';
    return s;
}

static ProtobufCMessage *
build_sub_message(struct arena *a, const ProtobufCMessageDescriptor *d,
                  const struct protobuf_item *item)
{
    ProtobufCMessage *message = arena_take(a, d->sizeof_message);

    build_message(a, d, message, item->value, item->value + item->size);
    return message;
}

static void
build_value(struct arena *a, const ProtobufCFieldDescriptor *f,
            const struct protobuf_item *item, void *at)
{
    uint64_t u64;
    uint32_t u32;

    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *) at = (uint32_t) varint(item);
        break;
    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *) at = (int32_t) unzigzag((uint32_t) varint(item));
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *) at = varint(item);
        break;
    case PROTOBUF_C_TYPE_SINT64:
        *(int64_t *) at = unzigzag(varint(item));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *) at = varint(item) != 0;
        break;
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        u32 = fixed32(item);
        memcpy(at, &u32, sizeof u32);
        break;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        u64 = fixed64(item);
        memcpy(at, &u64, sizeof u64);
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **) at = build_string(a, item);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *) at = (ProtobufCBinaryData) {
            .len = item->size,
            .data = (uint8_t *) build_bytes(a, item->value, item->size,
                                            item->size),
        };
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **) at = build_sub_message(a, f->descriptor, item);
        break;
    }
}

/* --- first over the items of a message: counting --- */

static size_t
count_packed(const ProtobufCFieldDescriptor *f,
             const struct protobuf_item *item)
{
    const uint8_t *p = item->value;
    const uint8_t *end = p + item->size;
    struct protobuf_item value;
    size_t n = 0;

    while (p < end && !protobuf_packed_read(&p, end, f, &value)) {
        n++;
    }
    return n;
}

/* Sets the n_ of repeated fields, and the number of unknown fields.  Whether
 * there are any of either. */
static bool
count_items(const ProtobufCMessageDescriptor *d, ProtobufCMessage *message,
            const uint8_t *p, const uint8_t *end)
{
    struct protobuf_item item;
    unsigned hint = 0;
    bool any = false;

    while (p < end && !protobuf_item_read(&p, end, &item)) {
        const ProtobufCFieldDescriptor *f = walk_find(d, item.tag, &hint);

        if (protobuf_is_unknown(f, &item)) {
            message->n_unknown_fields++;
            any = true;
        } else if (walk_is_repeated(f)) {
            *(size_t *) walk_quantifier(message, f) +=
                protobuf_is_packed(f, &item) ? count_packed(f, &item) : 1;
            hint--;
            any = true;
        }
    }
    return any;
}

/* Makes the arrays that were counted, and sets the counts back to zero. */
static void
make_arrays(struct arena *a, const ProtobufCMessageDescriptor *d,
            ProtobufCMessage *message)
{
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];

        if (walk_is_repeated(f) && walk_count(message, f) > 0) {
            *(void **) walk_member(message, f) = arena_take(
                a, walk_count(message, f) * walk_value_size(f->type));
            *(size_t *) walk_quantifier(message, f) = 0;
        }
    }
    if (message->n_unknown_fields > 0) {
        message->unknown_fields = arena_take(
            a, message->n_unknown_fields * sizeof *message->unknown_fields);
        message->n_unknown_fields = 0;
    }
}

/* --- then again: building --- */

static void
build_element(struct arena *a, ProtobufCMessage *message,
              const ProtobufCFieldDescriptor *f,
              const struct protobuf_item *item)
{
    size_t *n = walk_quantifier(message, f);

    if (f->type != PROTOBUF_C_TYPE_ENUM
        || walk_is_known_enum(f, protobuf_enum_value(item))) {
        build_value(a, f, item, walk_element(message, f, *n));
        ++*n;
    }
}

static void
build_packed(struct arena *a, ProtobufCMessage *message,
             const ProtobufCFieldDescriptor *f,
             const struct protobuf_item *item)
{
    const uint8_t *p = item->value;
    const uint8_t *end = p + item->size;
    struct protobuf_item value;

    while (p < end && !protobuf_packed_read(&p, end, f, &value)) {
        build_element(a, message, f, &value);
    }
}

static void
build_unknown(struct arena *a, ProtobufCMessage *message,
              const struct protobuf_item *item)
{
    size_t size = item->size + (size_t) (item->value - item->start);

    message->unknown_fields[message->n_unknown_fields++] =
        (ProtobufCMessageUnknownField) {
            .tag = item->tag,
            .wire_type = item->wire_type,
            .len = size,
            .data = (uint8_t *) build_bytes(a, item->start, size, size),
        };
}

static void
build_message(struct arena *a, const ProtobufCMessageDescriptor *d,
              ProtobufCMessage *message, const uint8_t *p, const uint8_t *end)
{
    struct protobuf_item item;
    unsigned hint = 0;

    d->message_init(message);
    if (count_items(d, message, p, end)) {
        make_arrays(a, d, message);
    }
    while (p < end && !protobuf_item_read(&p, end, &item)) {
        const ProtobufCFieldDescriptor *f = walk_find(d, item.tag, &hint);

        if (UNLIKELY(protobuf_is_unknown(f, &item))) {
            build_unknown(a, message, &item);
        } else if (protobuf_is_packed(f, &item)) {
            build_packed(a, message, f, &item);
        } else if (walk_is_repeated(f)) {
            build_element(a, message, f, &item);
            hint--;
        } else {
            build_value(a, f, &item, walk_member(message, f));
            walk_set(message, f);
        }
    }
}

struct error *
message_decode_protobuf(const ProtobufCMessageDescriptor *descriptor,
                        const void *data, size_t size, struct message **ret)
{
    const uint8_t *p = size > 0 ? data : (const uint8_t *) "";
    size_t room = 0;
    struct error *error = protobuf_scan(descriptor, data, size, &room);

    if (error) {
        return error_wrap(error, "decoding %s", descriptor->name);
    }
    struct message *m = message_try_create(descriptor, room);

    if (!m) {
        return error_create(ERROR_NO_MEMORY, "decoding %s of %zu bytes",
                            descriptor->name, size);
    }
    build_message(&m->arena, descriptor, message_root(m), p, p + size);
    DCHECK(m->arena.front <= m->arena.back, "the passes over %s disagree",
           descriptor->name);
    *ret = m;
    return NULL;
}
