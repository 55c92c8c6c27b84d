/* SPDX-License-Identifier: Apache-2.0
 *
 * walk.h - reading and writing the fields of a protobuf-c message by its
 * descriptor.  All encodings are built on this.
 *
 * Thread-safety: as the messages. */
#ifndef CODEC_WALK_H
#define CODEC_WALK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>
#include <actor/error.h>

/* No message of proto/ has more fields than this; a test says so. */
#define WALK_MAX_FIELDS 256

/* An unknown field that came by msgpack: 'data' is its value, still encoded.
 * Not a wire type of protobuf, where it is left out. */
#define WALK_WIRE_TYPE_MSGPACK ((ProtobufCWireType) 7)

/* --- members --- */

static inline void *
walk_member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f)
{
    return (char *) message + f->offset;
}

/* The has_, the n_ or the case of a oneof that belongs to a field. */
static inline void *
walk_quantifier(const ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *f)
{
    return (char *) message + f->quantifier_offset;
}

static inline bool
walk_is_repeated(const ProtobufCFieldDescriptor *f)
{
    return f->label == PROTOBUF_C_LABEL_REPEATED;
}

static inline bool
walk_is_required(const ProtobufCFieldDescriptor *f)
{
    return f->label == PROTOBUF_C_LABEL_REQUIRED;
}

static inline bool
walk_is_oneof(const ProtobufCFieldDescriptor *f)
{
    return f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

/* Elements of a repeated field. */
static inline size_t
walk_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f)
{
    return *(size_t *) walk_quantifier(message, f);
}

/* Bytes of one value of a field, as an element or as a member. */
static inline size_t
walk_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

/* How protobuf writes values of a type. */
static inline ProtobufCWireType
walk_wire_type(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default:
        return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

/* Element 'i' of a repeated field. */
static inline void *
walk_element(const ProtobufCMessage *message,
             const ProtobufCFieldDescriptor *f, size_t i)
{
    return *(char **) walk_member(message, f) + i * walk_value_size(f->type);
}

/* Whether a proto3 field without presence differs from its zero. */
bool walk_is_nonzero(const ProtobufCMessage *,
                     const ProtobufCFieldDescriptor *);

/* Whether a field has something to be written.  Required scalars always
 * have. */
static inline bool
walk_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *f)
{
    if (walk_is_oneof(f)
        && *(uint32_t *) walk_quantifier(message, f) != f->id) {
        return false;
    }
    if (walk_is_repeated(f)) {
        return walk_count(message, f) > 0;
    }
    if (f->type == PROTOBUF_C_TYPE_STRING
        || f->type == PROTOBUF_C_TYPE_MESSAGE) {
        const void *p = *(void **) walk_member(message, f);

        if (!p || f->label == PROTOBUF_C_LABEL_REQUIRED) {
            return p;
        }
        if (f->label == PROTOBUF_C_LABEL_NONE && !walk_is_oneof(f)) {
            return walk_is_nonzero(message, f);
        }
        return p != f->default_value;
    }
    if (walk_is_oneof(f) || walk_is_required(f)) {
        return true;
    }
    if (f->label == PROTOBUF_C_LABEL_NONE) {
        return walk_is_nonzero(message, f);
    }
    return *(protobuf_c_boolean *) walk_quantifier(message, f);
}

/* Marks a singular field as set.  A oneof forgets its other member. */
static inline void
walk_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *f)
{
    if (walk_is_oneof(f)) {
        *(uint32_t *) walk_quantifier(message, f) = f->id;
    } else if (f->label == PROTOBUF_C_LABEL_OPTIONAL
               && f->type != PROTOBUF_C_TYPE_STRING
               && f->type != PROTOBUF_C_TYPE_MESSAGE) {
        *(protobuf_c_boolean *) walk_quantifier(message, f) = 1;
    }
}

/* --- finding --- */

/* The field with number 'tag', or NULL.  '*hint' is the index of the field
 * after the last one that was found: encoders write in that order. */
static inline const ProtobufCFieldDescriptor *
walk_find(const ProtobufCMessageDescriptor *d, uint32_t tag, unsigned *hint)
{
    const ProtobufCFieldDescriptor *f = NULL;

    for (unsigned i = *hint; i < d->n_fields && d->fields[i].id <= tag; i++) {
        if (d->fields[i].id == tag) {
            f = &d->fields[i];
            break;
        }
    }
    if (!f) {
        f = protobuf_c_message_descriptor_get_field(d, tag);
    }
    if (f) {
        *hint = (unsigned) (f - d->fields) + 1;
    }
    return f;
}

const ProtobufCFieldDescriptor *
walk_find_by_name(const ProtobufCMessageDescriptor *, const char *name,
                  size_t len);

static inline bool
walk_is_known_enum(const ProtobufCFieldDescriptor *f, int value)
{
    return protobuf_c_enum_descriptor_get_value(f->descriptor, value);
}

/* --- sets of fields of one message --- */

struct walk_seen {
    uint64_t words[WALK_MAX_FIELDS / 64];
};

static inline void
walk_seen_init(struct walk_seen *seen, const ProtobufCMessageDescriptor *d)
{
    for (unsigned i = 0; i < d->n_fields; i += 64) {
        seen->words[i / 64] = 0;
    }
}

static inline bool
walk_seen_has(const struct walk_seen *seen, unsigned i)
{
    return seen->words[i / 64] >> (i % 64) & 1;
}

static inline void
walk_seen_add(struct walk_seen *seen, unsigned i)
{
    seen->words[i / 64] |= (uint64_t) 1 << (i % 64);
}

/* --- where a decoder is, for error texts --- */

struct walk_path {
    const struct walk_path *up;         /* NULL: the root */
    const ProtobufCFieldDescriptor *field;
    size_t index;                       /* of the element, or NO_INDEX */
};

#define WALK_NO_INDEX SIZE_MAX

struct strbuf;

/* Appends "task.resources[2].scalar"; nothing for the root. */
void walk_path_format(const struct walk_path *, struct strbuf *out);

/* "PATH: TEXT"; only the text at the root. */
struct error *walk_error(const struct walk_path *, enum error_code,
                         const char *fmt, ...) PRINTF_FORMAT(3, 4) MUST_CHECK;

/* The first required field that is not in 'seen', or NULL. */
static inline const ProtobufCFieldDescriptor *
walk_missing(const ProtobufCMessageDescriptor *d, const struct walk_seen *seen)
{
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (walk_is_required(&d->fields[i]) && !walk_seen_has(seen, i)) {
            return &d->fields[i];
        }
    }
    return NULL;
}

#endif /* CODEC_WALK_H */
