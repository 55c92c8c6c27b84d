/* SPDX-License-Identifier: Apache-2.0
 *
 * json_encode.c - writes a message as JSON, as stout's protobuf.hpp does; and
 * the same with secrets left out, for logs.
 *
 * Members come in the order of the declaration.  protobuf-c sorts fields by
 * their numbers, but the struct it makes has them as declared, so offsets
 * tell.  A field that is not set is written all the same if the declaration
 * gives it a default and does not call it deprecated. */
#include <config.h>

#include <actor/message.h>

#include <math.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/strbuf.h>

#include "codec/base64.h"
#include "codec/walk.h"

struct encoder {
    struct json_writer *w;
    bool redact;
};

static void encode_message(const struct encoder *, const ProtobufCMessage *);

/* --- what is not for logs --- */

/* Ends of the full names of messages, and their fields. */
static const struct {
    const char *message;
    const char *field;
} secrets[] = {
    { ".Credential", "secret" },
    { ".Environment.Variable", "value" },
    { ".Secret.Value", "data" },
};

static bool
is_secret(const ProtobufCMessageDescriptor *d,
          const ProtobufCFieldDescriptor *f)
{
    size_t len = strlen(d->name);

    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
        size_t suffix_len = strlen(secrets[i].message);

        if (len >= suffix_len
            && !strcmp(d->name + len - suffix_len, secrets[i].message)
            && !strcmp(f->name, secrets[i].field)) {
            return true;
        }
    }
    return false;
}

/* --- values --- */

static void
encode_bytes(struct json_writer *w, const ProtobufCBinaryData *bytes)
{
    json_raw(w, "\"", 1);
    base64_encode(bytes->data, bytes->len, w->out);
    strbuf_append_char(w->out, '"');
}

/* JSON has no infinities and no NaN; these are the strings that protobuf's
 * own JSON has for them. */
static void
encode_double(struct json_writer *w, double value)
{
    if (isfinite(value)) {
        json_double(w, value);
    } else {
        json_string(w, isnan(value) ? "NaN"
                       : value < 0  ? "-Infinity"
                                    : "Infinity");
    }
}

static void
encode_value(const struct encoder *e, const ProtobufCFieldDescriptor *f,
             const void *at)
{
    const char *string;

    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        json_int(e->w, *(const int32_t *) at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        json_int(e->w, *(const int64_t *) at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        json_uint(e->w, *(const uint32_t *) at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        json_uint(e->w, *(const uint64_t *) at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        encode_double(e->w, (double) *(const float *) at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        encode_double(e->w, *(const double *) at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        json_bool(e->w, *(const protobuf_c_boolean *) at);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        json_string(e->w, message_enum_name(f->descriptor, *(const int *) at));
        break;
    case PROTOBUF_C_TYPE_STRING:
        string = *(char *const *) at;
        json_string(e->w, string ? string : "");
        break;
    case PROTOBUF_C_TYPE_BYTES:
        encode_bytes(e->w, at);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        encode_message(e, *(ProtobufCMessage *const *) at);
        break;
    }
}

/* An enum value without a name cannot be written. */
static bool
has_name(const ProtobufCFieldDescriptor *f, const void *at)
{
    return f->type != PROTOBUF_C_TYPE_ENUM
           || message_enum_name(f->descriptor, *(const int *) at);
}

/* --- fields --- */

static void
encode_map_key(const struct encoder *e, const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *f = &entry->descriptor->fields[0];
    const void *at = walk_member(entry, f);
    const char *string;

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        string = *(char *const *) at;
        json_key(e->w, string ? string : "");
        break;
    case PROTOBUF_C_TYPE_BOOL:
        json_key(e->w, *(const protobuf_c_boolean *) at ? "true" : "false");
        break;
    default: {
        autofini(strbuf) key = STRBUF(32);
        struct json_writer w = JSON_WRITER(&key);

        encode_value(&(struct encoder) { .w = &w }, f, at);
        json_key(e->w, key.data);
        break;
    }
    }
}

static void
encode_map(const struct encoder *e, const ProtobufCMessage *message,
           const ProtobufCFieldDescriptor *f)
{
    size_t n = walk_count(message, f);
    ProtobufCMessage **entries = walk_element(message, f, 0);

    json_object_begin(e->w);
    for (size_t i = 0; i < n; i++) {
        const ProtobufCFieldDescriptor *value =
            &entries[i]->descriptor->fields[1];
        const void *at = walk_member(entries[i], value);

        /* A message that is not there has no default to stand for it. */
        if (value->type != PROTOBUF_C_TYPE_MESSAGE || *(void *const *) at) {
            encode_map_key(e, entries[i]);
            encode_value(e, value, at);
        }
    }
    json_object_end(e->w);
}

static void
encode_repeated(const struct encoder *e, const ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *f)
{
    size_t n = walk_count(message, f);

    json_array_begin(e->w);
    for (size_t i = 0; i < n && !e->w->out->overflow; i++) {
        const void *at = walk_element(message, f, i);

        if (has_name(f, at)) {
            encode_value(e, f, at);
        }
    }
    json_array_end(e->w);
}

/* The default of a field that is not set, as a member would hold it. */
static const void *
default_member(const ProtobufCFieldDescriptor *f)
{
    if (!f->default_value || f->label != PROTOBUF_C_LABEL_OPTIONAL
        || f->flags & PROTOBUF_C_FIELD_FLAG_DEPRECATED || walk_is_oneof(f)) {
        return NULL;
    }
    return f->type == PROTOBUF_C_TYPE_STRING ? &f->default_value
                                             : f->default_value;
}

static void
encode_field(const struct encoder *e, const ProtobufCMessage *message,
             const ProtobufCFieldDescriptor *f)
{
    const void *at = walk_is_set(message, f) ? walk_member(message, f)
                                             : default_member(f);

    if (!at || (!walk_is_repeated(f) && !has_name(f, at))) {
        return;
    }
    json_key(e->w, f->name);
    if (e->redact && is_secret(message->descriptor, f)) {
        json_string(e->w, "<redacted>");
    } else if (!walk_is_repeated(f)) {
        encode_value(e, f, at);
    } else if (message_field_is_map(f)) {
        encode_map(e, message, f);
    } else {
        encode_repeated(e, message, f);
    }
}

/* Indices of the fields as they are declared.  False if that is the order of
 * their numbers, which is so for most messages. */
static bool
order_fields(const ProtobufCMessageDescriptor *d, uint8_t *order)
{
    const ProtobufCFieldDescriptor *f = d->fields;
    bool differs = false;

    for (unsigned i = 1; i < d->n_fields && !differs; i++) {
        differs = f[i].offset < f[i - 1].offset;
    }
    if (!differs) {
        return false;
    }
    for (unsigned i = 0; i < d->n_fields; i++) {
        unsigned at = i;

        for (; at > 0 && f[order[at - 1]].offset > f[i].offset; at--) {
            order[at] = order[at - 1];
        }
        order[at] = (uint8_t) i;
    }
    return true;
}

static void
encode_message(const struct encoder *e, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;
    uint8_t order[WALK_MAX_FIELDS];
    bool ordered = order_fields(d, order);

    json_object_begin(e->w);
    for (unsigned i = 0; i < d->n_fields; i++) {
        encode_field(e, message, &d->fields[ordered ? order[i] : i]);
    }
    json_object_end(e->w);
}

void
message_write_json(const ProtobufCMessage *message, struct json_writer *w)
{
    encode_message(&(struct encoder) { .w = w }, message);
}

void
message_encode_json(const ProtobufCMessage *message, struct strbuf *out)
{
    struct json_writer w = JSON_WRITER(out);

    message_write_json(message, &w);
}

/* The length to cut 'text' to so that no character is cut in two. */
static size_t
whole_characters(const char *text, size_t len)
{
    while (len > 0 && ((unsigned char) text[len] & 0xc0) == 0x80) {
        len--;
    }
    return len;
}

void
message_print_redacted(const ProtobufCMessage *message, struct strbuf *out,
                       size_t max_len)
{
    static const char cut[] = "...";
    autofini(strbuf) text = STRBUF(max_len);
    struct json_writer w = JSON_WRITER(&text);

    encode_message(&(struct encoder) { .w = &w, .redact = true }, message);
    if (text.overflow && text.len >= sizeof cut) {
        size_t len = whole_characters(text.data, text.len - sizeof cut + 1);

        strbuf_append_bytes(out, text.data, len);
        strbuf_append(out, cut);
    } else {
        strbuf_append_bytes(out, text.data, text.len);
    }
}
