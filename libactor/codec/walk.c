/* SPDX-License-Identifier: Apache-2.0
 *
 * walk.c - the rarer parts of walk.h, and what message.h says of fields and
 * enums. */
#include <config.h>

#include "codec/walk.h"

#include <stdarg.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/strbuf.h>

/* Paths are for people; a longer one is cut. */
#define PATH_MAX_LEN 1024

bool
walk_is_nonzero(const ProtobufCMessage *message,
                const ProtobufCFieldDescriptor *f)
{
    const void *member = walk_member(message, f);

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return **(char *const *) member != '\0';
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(void *const *) member != NULL;
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *) member)->len > 0;
    case PROTOBUF_C_TYPE_FLOAT:
        return *(const float *) member != 0;
    case PROTOBUF_C_TYPE_DOUBLE:
        return *(const double *) member != 0;
    default:
        return walk_value_size(f->type) == 8
                   ? *(const uint64_t *) member != 0
                   : *(const uint32_t *) member != 0;
    }
}

const ProtobufCFieldDescriptor *
walk_find_by_name(const ProtobufCMessageDescriptor *d, const char *name,
                  size_t len)
{
    unsigned low = 0;
    unsigned high = d->n_fields;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const ProtobufCFieldDescriptor *f =
            &d->fields[d->fields_sorted_by_name[middle]];
        size_t name_len = strlen(f->name);
        size_t n = name_len < len ? name_len : len;
        int order = memcmp(f->name, name, n);

        if (order == 0 && name_len == len) {
            return f;
        }
        if (order < 0 || (order == 0 && name_len < len)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

void
walk_path_format(const struct walk_path *path, struct strbuf *out)
{
    if (!path) {
        return;
    }
    walk_path_format(path->up, out);
    if (path->up) {
        strbuf_append_char(out, '.');
    }
    strbuf_append(out, path->field->name);
    if (path->index != WALK_NO_INDEX) {
        strbuf_printf(out, "[%zu]", path->index);
    }
}

struct error *
walk_error(const struct walk_path *path, enum error_code code, const char *fmt,
           ...)
{
    autofini(strbuf) where = STRBUF(PATH_MAX_LEN);
    va_list args;

    va_start(args, fmt);
    struct error *error = error_create_valist(code, fmt, args);
    va_end(args);
    walk_path_format(path, &where);
    return where.len > 0 ? error_wrap(error, "%s", where.data) : error;
}

bool
message_field_is_map(const ProtobufCFieldDescriptor *f)
{
    static const char suffix[] = "Entry";
    const ProtobufCMessageDescriptor *d = f->descriptor;

    if (!walk_is_repeated(f) || f->type != PROTOBUF_C_TYPE_MESSAGE
        || d->n_fields != 2) {
        return false;
    }
    size_t len = strlen(d->short_name);
    size_t suffix_len = sizeof suffix - 1;

    return len > suffix_len
           && !strcmp(d->short_name + len - suffix_len, suffix)
           && d->fields[0].id == 1 && !strcmp(d->fields[0].name, "key")
           && d->fields[1].id == 2 && !strcmp(d->fields[1].name, "value")
           && !walk_is_repeated(&d->fields[0])
           && !walk_is_repeated(&d->fields[1]);
}

const char *
message_enum_name(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value(descriptor, value);

    return v ? v->name : NULL;
}

bool
message_enum_parse(const ProtobufCEnumDescriptor *descriptor, const char *name,
                   int *ret_value)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value_by_name(descriptor, name);

    if (!v) {
        return false;
    }
    *ret_value = v->value;
    return true;
}
