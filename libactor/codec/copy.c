/* SPDX-License-Identifier: Apache-2.0
 *
 * copy.c - deep copies of messages. */
#include <config.h>

#include <actor/message.h>

#include <string.h>

#include "codec/message_impl.h"
#include "codec/walk.h"

static void copy_into(struct message *, const ProtobufCMessage *source,
                      ProtobufCMessage *target);

static char *
copy_bytes(struct message *m, const void *bytes, size_t size)
{
    char *copy = arena_alloc_bytes(&m->arena, size);

    return size > 0 ? memcpy(copy, bytes, size) : copy;
}

static void
copy_value(struct message *m, const ProtobufCFieldDescriptor *f,
           const void *from, void *to)
{
    const ProtobufCBinaryData *bytes = from;
    const char *string;

    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        *(void **) to = message_copy(m, *(ProtobufCMessage *const *) from);
        break;
    case PROTOBUF_C_TYPE_STRING:
        string = *(char *const *) from;
        *(char **) to = copy_bytes(m, string, strlen(string) + 1);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *) to = (ProtobufCBinaryData) {
            .len = bytes->len,
            .data = (uint8_t *) copy_bytes(m, bytes->data, bytes->len),
        };
        break;
    default:
        memcpy(to, from, walk_value_size(f->type));
        break;
    }
}

static void
copy_repeated(struct message *m, const ProtobufCFieldDescriptor *f,
              const ProtobufCMessage *source, ProtobufCMessage *target)
{
    size_t n = walk_count(source, f);

    *(void **) walk_member(target, f) =
        arena_alloc(&m->arena, n * walk_value_size(f->type));
    *(size_t *) walk_quantifier(target, f) = n;
    for (size_t i = 0; i < n; i++) {
        copy_value(m, f, walk_element(source, f, i),
                   walk_element(target, f, i));
    }
}

static void
copy_unknown(struct message *m, const ProtobufCMessage *source,
             ProtobufCMessage *target)
{
    unsigned n = source->n_unknown_fields;

    if (n == 0) {
        return;
    }
    target->n_unknown_fields = n;
    target->unknown_fields =
        arena_alloc(&m->arena, n * sizeof *target->unknown_fields);
    for (unsigned i = 0; i < n; i++) {
        ProtobufCMessageUnknownField *u = &target->unknown_fields[i];

        *u = source->unknown_fields[i];
        u->data = (uint8_t *) copy_bytes(m, u->data, u->len);
    }
}

/* Fields that are not set get their defaults and not whatever happens to be
 * in their members, which may point anywhere. */
static void
copy_into(struct message *m, const ProtobufCMessage *source,
          ProtobufCMessage *target)
{
    const ProtobufCMessageDescriptor *d = source->descriptor;

    d->message_init(target);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];

        if (!walk_is_set(source, f)) {
            continue;
        }
        if (walk_is_repeated(f)) {
            copy_repeated(m, f, source, target);
        } else {
            copy_value(m, f, walk_member(source, f), walk_member(target, f));
            walk_set(target, f);
        }
    }
    copy_unknown(m, source, target);
}

void *
message_copy(struct message *m, const ProtobufCMessage *source)
{
    ProtobufCMessage *target =
        arena_alloc(&m->arena, source->descriptor->sizeof_message);

    copy_into(m, source, target);
    return target;
}

struct message *
message_clone(const ProtobufCMessage *source)
{
    struct message *m = message_create(source->descriptor);

    copy_into(m, source, message_root(m));
    return m;
}
