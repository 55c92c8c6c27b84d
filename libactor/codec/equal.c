/* SPDX-License-Identifier: Apache-2.0
 *
 * equal.c - whether two messages say the same.
 *
 * A field that is set to its default differs from one that is not set.
 * Entries of a map<> may come in any order: when they do not come in the
 * same, both sides are sorted by key first, so that a large map chosen by a
 * stranger does not cost the square of its size. */
#include <config.h>

#include <actor/message.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>

#include "codec/walk.h"

static bool
equal_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len
           && (a->len == 0 || !memcmp(a->data, b->data, a->len));
}

/* The two zeros are equal, and so are two NaNs of the same bits. */
static bool
equal_doubles(const double *a, const double *b)
{
    return !memcmp(a, b, sizeof *a) || *a == *b;
}

static bool
equal_values(const ProtobufCFieldDescriptor *f, const void *a, const void *b)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_equal(*(ProtobufCMessage *const *) a,
                             *(ProtobufCMessage *const *) b);
    case PROTOBUF_C_TYPE_STRING:
        return !strcmp(*(char *const *) a, *(char *const *) b);
    case PROTOBUF_C_TYPE_BYTES:
        return equal_bytes(a, b);
    case PROTOBUF_C_TYPE_DOUBLE:
        return equal_doubles(a, b);
    case PROTOBUF_C_TYPE_BOOL:
        return !*(const protobuf_c_boolean *) a
               == !*(const protobuf_c_boolean *) b;
    default:
        return !memcmp(a, b, walk_value_size(f->type));
    }
}

/* The key of a map's entry, which counts as zero when it is not set. */
static int
compare_keys(const void *a, const void *b)
{
    const ProtobufCMessage *left = *(ProtobufCMessage *const *) a;
    const ProtobufCMessage *right = *(ProtobufCMessage *const *) b;
    const ProtobufCFieldDescriptor *f = &left->descriptor->fields[0];
    const void *l = walk_member(left, f);
    const void *r = walk_member(right, f);

    if (f->type == PROTOBUF_C_TYPE_STRING) {
        l = *(char *const *) l;
        r = *(char *const *) r;
        return strcmp(l ? l : "", r ? r : "");
    }
    return memcmp(l, r, walk_value_size(f->type));
}

static bool
equal_sorted(ProtobufCMessage **a, ProtobufCMessage **b, size_t n)
{
    autofree ProtobufCMessage **left = alloc_array(n, sizeof(*left));
    autofree ProtobufCMessage **right = alloc_array(n, sizeof(*right));
    bool equal = true;

    memcpy(left, a, n * sizeof(*left));
    memcpy(right, b, n * sizeof(*right));
    qsort(left, n, sizeof(*left), compare_keys);
    qsort(right, n, sizeof(*right), compare_keys);
    for (size_t i = 0; i < n && equal; i++) {
        equal = message_equal(left[i], right[i]);
    }
    return equal;
}

static bool
equal_repeated(const ProtobufCFieldDescriptor *f, const ProtobufCMessage *a,
               const ProtobufCMessage *b)
{
    size_t n = walk_count(a, f);

    if (n != walk_count(b, f)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!equal_values(f, walk_element(a, f, i), walk_element(b, f, i))) {
            return message_field_is_map(f)
                   && equal_sorted(walk_element(a, f, 0),
                                   walk_element(b, f, 0), n);
        }
    }
    return true;
}

static bool
equal_unknown(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    if (a->n_unknown_fields != b->n_unknown_fields) {
        return false;
    }
    for (unsigned i = 0; i < a->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *l = &a->unknown_fields[i];
        const ProtobufCMessageUnknownField *r = &b->unknown_fields[i];

        if (l->tag != r->tag || l->wire_type != r->wire_type
            || l->len != r->len || memcmp(l->data, r->data, l->len)) {
            return false;
        }
    }
    return true;
}

bool
message_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    const ProtobufCMessageDescriptor *d = a->descriptor;

    if (a == b) {
        return true;
    }
    if (d != b->descriptor) {
        return false;
    }
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];

        if (walk_is_set(a, f) != walk_is_set(b, f)) {
            return false;
        }
        if (!walk_is_set(a, f)) {
            continue;
        }
        if (walk_is_repeated(f)
                ? !equal_repeated(f, a, b)
                : !equal_values(f, walk_member(a, f), walk_member(b, f))) {
            return false;
        }
    }
    return equal_unknown(a, b);
}
