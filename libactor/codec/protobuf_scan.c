/* SPDX-License-Identifier: Apache-2.0
 *
 * protobuf_scan.c - the first pass over a message in protobuf's form: is it
 * one, and how much memory does it take?
 *
 * Stricter than protobuf's own decoders in two points that no encoder runs
 * into: a message in a field that is not repeated may come once only (they
 * merge what comes again), and an item of the wrong wire type is refused (some
 * take it for an unknown field).  Groups, which proto2 had left behind long
 * ago, are refused too.
 *
 * Enum values that are not known are treated as in msgpack_scan.c. */
#include <config.h>

#include "codec/protobuf.h"

#include <actor/error.h>
#include <actor/limits.h>

#include "codec/arena.h"

struct scanner {
    size_t room;
    unsigned depth;             /* messages around */
    size_t n_elements;          /* of repeated fields of this message */
    struct error *error;        /* owned; set once something returned false */
};

static bool scan_message(struct scanner *, const ProtobufCMessageDescriptor *,
                         const uint8_t *p, const uint8_t *end,
                         const struct walk_path *);

bool
protobuf_varint_read_long(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    const uint8_t *q = *p;
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70 && q < end; shift += 7) {
        uint8_t byte = *q++;

        value |= (uint64_t) (byte & 0x7f) << shift;
        if (byte < 0x80) {
            *p = q;
            *ret = value;
            return true;
        }
    }
    return false;
}

/* Sets the size of a value that is not length-prefixed. */
static const char *
value_size(ProtobufCWireType wire_type, const uint8_t *p, const uint8_t *end,
           size_t *ret_size)
{
    const uint8_t *start = p;
    uint64_t ignored;

    switch ((unsigned) wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        if (!protobuf_varint_read(&p, end, &ignored)) {
            return "integer that is cut off or too long";
        }
        *ret_size = (size_t) (p - start);
        return NULL;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        *ret_size = 8;
        break;
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        *ret_size = 4;
        break;
    default:
        return "wire type that is not supported";
    }
    return (size_t) (end - p) < *ret_size ? "cut off" : NULL;
}

const char *
protobuf_item_read(const uint8_t **p, const uint8_t *end,
                   struct protobuf_item *ret)
{
    uint64_t key, size;

    if (!protobuf_varint_read(p, end, &key) || key > UINT32_MAX
        || key >> 3 == 0) {
        return "expected the number of a field";
    }
    ret->tag = (uint32_t) key >> 3;
    ret->wire_type = (ProtobufCWireType) (key & 7);
    ret->start = *p;
    if (ret->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        if (!protobuf_varint_read(p, end, &size)) {
            return "length that is cut off or too long";
        }
        if (size > (size_t) (end - *p)) {
            return "claims more bytes than there are";
        }
        ret->size = size;
    } else {
        const char *wrong = value_size(ret->wire_type, *p, end, &ret->size);

        if (wrong) {
            return wrong;
        }
    }
    ret->value = *p;
    *p += ret->size;
    return NULL;
}

const char *
protobuf_packed_read(const uint8_t **p, const uint8_t *end,
                     const ProtobufCFieldDescriptor *f,
                     struct protobuf_item *ret)
{
    *ret = (struct protobuf_item) {
        .tag = f->id,
        .wire_type = walk_wire_type(f->type),
        .value = *p,
        .start = *p,
    };
    const char *wrong = value_size(ret->wire_type, *p, end, &ret->size);

    *p += wrong ? 0 : ret->size;
    return wrong;
}

static bool
fail(struct scanner *s, const struct walk_path *path, const char *text)
{
    s->error = walk_error(path, ERROR_PARSE, "%s", text);
    return false;
}

static bool
fail_over_limit(struct scanner *s, const struct walk_path *path,
                const char *text)
{
    s->error = walk_error(path, ERROR_TOO_LARGE, "%s", text);
    return false;
}

/* The content of a string or of bytes. */
static bool
scan_content(struct scanner *s, const ProtobufCFieldDescriptor *f,
             const struct protobuf_item *item, const struct walk_path *path)
{
    bool is_string = f->type == PROTOBUF_C_TYPE_STRING;

    if (item->size > LIMIT_MESSAGE_STRING) {
        return fail_over_limit(s, path, "string too long");
    }
    if (is_string && memchr(item->value, '\0', item->size)) {
        return fail(s, path, "string with a NUL in it");
    }
    s->room += item->size + is_string;
    return true;
}

static bool
scan_value(struct scanner *s, const ProtobufCFieldDescriptor *f,
           const struct protobuf_item *item, const struct walk_path *path)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return scan_message(s, f->descriptor, item->value,
                            item->value + item->size, path);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        return scan_content(s, f, item, path);
    default:
        return true;
    }
}

/* One more element of a repeated field.  All of one message count together,
 * since they need not be neighbours. */
static bool
scan_element(struct scanner *s, const ProtobufCFieldDescriptor *f,
             const struct walk_path *path)
{
    if (UNLIKELY(++s->n_elements > LIMIT_MESSAGE_COUNT)) {
        return fail_over_limit(s, path, "too many elements");
    }
    s->room += ARENA_ROUND(walk_value_size(f->type));
    return true;
}

/* The values of a repeated field that come as one item. */
static bool
scan_packed(struct scanner *s, const ProtobufCFieldDescriptor *f,
            const struct protobuf_item *item, const struct walk_path *path)
{
    const uint8_t *p = item->value;
    const uint8_t *end = p + item->size;
    struct protobuf_item value;

    while (p < end) {
        const char *wrong = protobuf_packed_read(&p, end, f, &value);

        if (wrong) {
            return fail(s, path, wrong);
        }
        if (!scan_element(s, f, path)) {
            return false;
        }
    }
    return true;
}

static bool
scan_field(struct scanner *s, const ProtobufCFieldDescriptor *f,
           const struct protobuf_item *item, const struct walk_path *path)
{
    if (protobuf_is_packed(f, item)) {
        return scan_packed(s, f, item, path);
    }
    if (UNLIKELY(item->wire_type != walk_wire_type(f->type))) {
        return fail(s, path, "of another type");
    }
    if (walk_is_repeated(f) && !scan_element(s, f, path)) {
        return false;
    }
    return scan_value(s, f, item, path);
}

/* A field that is kept as it is. */
static bool
scan_unknown(struct scanner *s, const ProtobufCFieldDescriptor *f,
             const struct protobuf_item *item, const struct walk_path *path,
             unsigned *n_unknown)
{
    if (f && item->wire_type != PROTOBUF_C_WIRE_TYPE_VARINT) {
        return fail(s, path, "of another type");
    }
    if (f && walk_is_required(f)) {
        return fail(s, path, "value that is not known");
    }
    if (++*n_unknown > LIMIT_MESSAGE_UNKNOWN) {
        return fail_over_limit(s, path, "too many unknown fields");
    }
    s->room += sizeof(ProtobufCMessageUnknownField) + item->size
               + (size_t) (item->value - item->start);
    return true;
}

static bool
scan_items(struct scanner *s, const ProtobufCMessageDescriptor *d,
           const uint8_t *p, const uint8_t *end, const struct walk_path *up,
           struct walk_seen *seen)
{
    struct walk_path path = { .up = up };
    unsigned n_unknown = 0;
    unsigned hint = 0;

    while (p < end) {
        struct protobuf_item item;
        const char *wrong = protobuf_item_read(&p, end, &item);

        if (UNLIKELY(wrong != NULL)) {
            return fail(s, up, wrong);
        }
        const ProtobufCFieldDescriptor *f = walk_find(d, item.tag, &hint);

        path.field = f;
        path.index = WALK_NO_INDEX;
        if (UNLIKELY(protobuf_is_unknown(f, &item))) {
            if (!scan_unknown(s, f, &item, f ? &path : up, &n_unknown)) {
                return false;
            }
            continue;
        }
        unsigned i = (unsigned) (f - d->fields);

        if (walk_seen_has(seen, i) && f->type == PROTOBUF_C_TYPE_MESSAGE
            && !walk_is_repeated(f)) {
            return fail(s, &path, "there twice");
        }
        hint -= walk_is_repeated(f);
        walk_seen_add(seen, i);
        if (!scan_field(s, f, &item, &path)) {
            return false;
        }
    }
    return true;
}

static bool
scan_message(struct scanner *s, const ProtobufCMessageDescriptor *d,
             const uint8_t *p, const uint8_t *end,
             const struct walk_path *path)
{
    struct walk_seen seen;

    if (UNLIKELY(s->depth >= LIMIT_MESSAGE_DEPTH)) {
        s->error = walk_error(NULL, ERROR_TOO_LARGE,
                              "nested deeper than %d at '%s'",
                              LIMIT_MESSAGE_DEPTH,
                              path ? path->field->name : "");
        return false;
    }
    s->depth++;
    s->room += ARENA_ROUND(d->sizeof_message);
    if (UNLIKELY(s->room > LIMIT_MESSAGE_MEMORY)) {
        return fail_over_limit(s, path, "would take too much memory");
    }
    size_t n_elements = s->n_elements;

    s->n_elements = 0;
    walk_seen_init(&seen, d);
    if (!scan_items(s, d, p, end, path, &seen)) {
        return false;
    }
    s->n_elements = n_elements;
    s->depth--;

    const ProtobufCFieldDescriptor *missing = walk_missing(d, &seen);

    if (UNLIKELY(missing != NULL)) {
        struct walk_path at = { path, missing, WALK_NO_INDEX };

        return fail(s, &at, "required and not there");
    }
    return true;
}

struct error *
protobuf_scan(const ProtobufCMessageDescriptor *descriptor, const void *data,
              size_t size, size_t *ret_room)
{
    const uint8_t *p = size > 0 ? data : (const uint8_t *) "";
    struct scanner s = { .room = 0 };

    if (size > LIMIT_MESSAGE_SIZE) {
        return error_create(ERROR_TOO_LARGE, "message of %zu bytes", size);
    }
    if (!scan_message(&s, descriptor, p, p + size, NULL)) {
        return s.error;
    }
    if (s.room > LIMIT_MESSAGE_MEMORY) {
        return error_create(ERROR_TOO_LARGE, "would take too much memory");
    }
    *ret_room = s.room;
    return NULL;
}
