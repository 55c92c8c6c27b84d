/* SPDX-License-Identifier: Apache-2.0
 *
 * msgpack_scan.c - the first pass over a message in msgpack: is it one, and
 * how much memory does it take?
 *
 * Nothing is allocated here, whatever the bytes claim.  A count is believed
 * only as far as the bytes that are left could hold it; nesting is bounded,
 * so the recursion is too.
 *
 * An enum value that this version does not know is not an error in an
 * optional field: the second pass keeps it as an unknown field, and the field
 * counts as not set.  Elements of a repeated field that are not known are
 * left out. */
#include <config.h>

#include "codec/msgpack.h"

#include <actor/error.h>
#include <actor/limits.h>
#include <msgpack/sysdep.h>

#include "codec/arena.h"
#include "codec/walk.h"

struct scanner {
    const uint8_t *p;
    const uint8_t *end;
    size_t room;
    unsigned depth;             /* messages and containers around 'p' */
    struct error *error;        /* owned; set once something returned false */
};

static bool scan_message(struct scanner *, const ProtobufCMessageDescriptor *,
                         const struct walk_path *);
static bool scan_skip(struct scanner *, const struct walk_path *);

static uint64_t
load_big_endian(const uint8_t *p, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

static void
set_int(struct msgpack_head *head, int64_t value)
{
    if (value < 0) {
        head->kind = MSGPACK_INT;
        head->i = value;
    } else {
        head->kind = MSGPACK_UINT;
        head->u = (uint64_t) value;
    }
}

static void
set_float(struct msgpack_head *head, uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    head->kind = MSGPACK_FLOAT;
    head->d = (double) f;
}

/* How many bytes of head follow each first byte from 0xc0 to 0xdf. */
static const uint8_t head_sizes[32] = {
    0, 0, 0, 0,                 /* nil, undefined, false, true */
    1, 2, 4,                    /* bin */
    2, 3, 5,                    /* ext: length and type */
    4, 8,                       /* float */
    1, 2, 4, 8,                 /* unsigned */
    1, 2, 4, 8,                 /* signed */
    1, 1, 1, 1, 1,              /* fixed ext: type */
    1, 2, 4,                    /* str */
    2, 4,                       /* array */
    2, 4,                       /* map */
};

const uint8_t *
msgpack_head_read_long(const uint8_t *p, const uint8_t *end,
                       struct msgpack_head *ret)
{
    uint8_t first = *p++;
    unsigned size = head_sizes[first - 0xc0];

    if ((size_t) (end - p) < size) {
        return NULL;
    }
    uint64_t value = load_big_endian(p, size);

    ret->u = value;
    switch (first) {
    case 0xc0:
        ret->kind = MSGPACK_NIL;
        break;
    case 0xc2:
    case 0xc3:
        ret->kind = MSGPACK_BOOL;
        ret->u = first & 1;
        break;
    case 0xc4 ... 0xc6:
        ret->kind = MSGPACK_BIN;
        break;
    case 0xc7 ... 0xc9:
        ret->kind = MSGPACK_EXT;
        ret->u = value >> 8;
        break;
    case 0xca:
        set_float(ret, (uint32_t) value);
        break;
    case 0xcb:
        ret->kind = MSGPACK_FLOAT;
        memcpy(&ret->d, &value, sizeof ret->d);
        break;
    case 0xcc ... 0xcf:
        ret->kind = MSGPACK_UINT;
        break;
    case 0xd0:
        set_int(ret, (int8_t) value);
        break;
    case 0xd1:
        set_int(ret, (int16_t) value);
        break;
    case 0xd2:
        set_int(ret, (int32_t) value);
        break;
    case 0xd3:
        set_int(ret, (int64_t) value);
        break;
    case 0xd4 ... 0xd8:
        ret->kind = MSGPACK_EXT;
        ret->u = (uint64_t) 1 << (first - 0xd4);
        break;
    case 0xd9 ... 0xdb:
        ret->kind = MSGPACK_STR;
        break;
    case 0xdc:
    case 0xdd:
        ret->kind = MSGPACK_ARRAY;
        break;
    case 0xde:
    case 0xdf:
        ret->kind = MSGPACK_MAP;
        break;
    default:                    /* 0xc1 is undefined */
        return NULL;
    }
    return p + size;
}

const uint8_t *
msgpack_skip(const uint8_t *p, const uint8_t *end)
{
    struct scanner s = { .p = p, .end = end };

    return scan_skip(&s, NULL) ? s.p : end;
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

static inline bool
scan_head(struct scanner *s, const struct walk_path *path,
          struct msgpack_head *head)
{
    const uint8_t *next = msgpack_head_read(s->p, s->end, head);

    if (UNLIKELY(!next)) {
        return fail(s, path, "not msgpack, or cut off");
    }
    s->p = next;
    return true;
}

/* The content of a string, which is 'size' bytes. */
static inline bool
scan_content(struct scanner *s, const struct walk_path *path, uint64_t size)
{
    if (UNLIKELY(size > (size_t) (s->end - s->p))) {
        return fail(s, path, "claims more bytes than there are");
    }
    if (UNLIKELY(size > LIMIT_MESSAGE_STRING)) {
        return fail_over_limit(s, path, "string too long");
    }
    s->p += size;
    return true;
}

/* Whether 'n' values (of a byte at least each) may follow. */
static inline bool
scan_count(struct scanner *s, const struct walk_path *path, uint64_t n,
           unsigned values_per_element)
{
    if (UNLIKELY(n > (size_t) (s->end - s->p) / values_per_element)) {
        return fail(s, path, "claims more elements than there are bytes");
    }
    if (UNLIKELY(n > LIMIT_MESSAGE_COUNT)) {
        return fail_over_limit(s, path, "too many elements");
    }
    return true;
}

static inline bool
scan_descend(struct scanner *s, const struct walk_path *path)
{
    if (UNLIKELY(s->depth >= LIMIT_MESSAGE_DEPTH)) {
        s->error = walk_error(NULL, ERROR_TOO_LARGE,
                              "nested deeper than %d at '%s'",
                              LIMIT_MESSAGE_DEPTH,
                              path ? path->field->name : "");
        return false;
    }
    s->depth++;
    return true;
}

/* Any value, of which only the bounds are checked. */
static bool
scan_skip(struct scanner *s, const struct walk_path *path)
{
    struct msgpack_head head;
    uint64_t n;

    if (!scan_head(s, path, &head)) {
        return false;
    }
    switch (head.kind) {
    case MSGPACK_STR:
    case MSGPACK_BIN:
    case MSGPACK_EXT:
        return scan_content(s, path, head.u);
    case MSGPACK_ARRAY:
    case MSGPACK_MAP:
        if (!scan_count(s, path, head.u, head.kind == MSGPACK_MAP ? 2 : 1)
            || !scan_descend(s, path)) {
            return false;
        }
        n = head.kind == MSGPACK_MAP ? head.u * 2 : head.u;
        while (n-- > 0) {
            if (!scan_skip(s, path)) {
                return false;
            }
        }
        s->depth--;
        return true;
    default:
        return true;
    }
}

static bool
fits_signed(const struct msgpack_head *head, int64_t min, int64_t max)
{
    return head->kind == MSGPACK_INT
               ? head->i >= min
               : head->kind == MSGPACK_UINT && head->u <= (uint64_t) max;
}

static bool
scan_number(struct scanner *s, const ProtobufCFieldDescriptor *f,
            const struct walk_path *path, const struct msgpack_head *head)
{
    bool fits = false;
    int value;

    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        fits = fits_signed(head, INT32_MIN, INT32_MAX);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        fits = fits_signed(head, INT64_MIN, INT64_MAX);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        fits = head->kind == MSGPACK_UINT && head->u <= UINT32_MAX;
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        fits = head->kind == MSGPACK_UINT;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        fits = head->kind == MSGPACK_FLOAT;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        fits = msgpack_enum_value(head, &value);
        break;
    default:
        break;
    }
    return fits ? true : fail(s, path, "expected a number that fits");
}

/* One value of a field that is not a message. */
static inline bool
scan_scalar(struct scanner *s, const ProtobufCFieldDescriptor *f,
            const struct walk_path *path)
{
    struct msgpack_head head;
    const uint8_t *content;

    if (!scan_head(s, path, &head)) {
        return false;
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        content = s->p;
        if (UNLIKELY(head.kind != MSGPACK_STR)) {
            return fail(s, path, "expected a string");
        }
        if (!scan_content(s, path, head.u)) {
            return false;
        }
        if (UNLIKELY(memchr(content, '\0', head.u))) {
            return fail(s, path, "string with a NUL in it");
        }
        s->room += head.u + 1;
        return true;
    case PROTOBUF_C_TYPE_BYTES:
        if (UNLIKELY(head.kind != MSGPACK_BIN)) {
            return fail(s, path, "expected bytes");
        }
        s->room += head.u;
        return scan_content(s, path, head.u);
    case PROTOBUF_C_TYPE_BOOL:
        return head.kind == MSGPACK_BOOL
                   ? true
                   : fail(s, path, "expected true or false");
    default:
        return scan_number(s, f, path, &head);
    }
}

static inline bool
scan_value(struct scanner *s, const ProtobufCFieldDescriptor *f,
           const struct walk_path *path)
{
    return f->type == PROTOBUF_C_TYPE_MESSAGE
               ? scan_message(s, f->descriptor, path)
               : scan_scalar(s, f, path);
}

static bool
scan_repeated(struct scanner *s, const ProtobufCFieldDescriptor *f,
              struct walk_path *path)
{
    struct msgpack_head head;

    if (!scan_head(s, path, &head)) {
        return false;
    }
    if (head.kind != MSGPACK_ARRAY) {
        return fail(s, path, "expected an array");
    }
    if (!scan_count(s, path, head.u, 1)) {
        return false;
    }
    s->room += ARENA_ROUND(head.u * walk_value_size(f->type));
    for (path->index = 0; path->index < head.u; path->index++) {
        if (!scan_value(s, f, path)) {
            return false;
        }
    }
    return true;
}

/* Whether the optional enum at 's->p' has a value that is not known. */
static bool
is_unknown_enum(const struct scanner *s, const ProtobufCFieldDescriptor *f)
{
    struct msgpack_head head;
    int value;

    return msgpack_head_read(s->p, s->end, &head)
           && msgpack_enum_value(&head, &value)
           && !walk_is_known_enum(f, value);
}

/* A field that is kept as it is; 'n_left' entries of the map may be so. */
static bool
scan_unknown(struct scanner *s, const struct walk_path *path, uint64_t n_left,
             bool *has_unknown)
{
    const uint8_t *start = s->p;

    if (!scan_skip(s, path)) {
        return false;
    }
    if (!*has_unknown) {
        *has_unknown = true;
        s->room +=
            ARENA_ROUND(n_left * sizeof(ProtobufCMessageUnknownField));
    }
    s->room += (size_t) (s->p - start);
    return true;
}

static bool
scan_field(struct scanner *s, const ProtobufCFieldDescriptor *f,
           struct walk_path *path, bool *is_unknown)
{
    if (walk_is_repeated(f)) {
        return scan_repeated(s, f, path);
    }
    if (UNLIKELY(f->type == PROTOBUF_C_TYPE_ENUM && is_unknown_enum(s, f))) {
        if (walk_is_required(f)) {
            return fail(s, path, "value that is not known");
        }
        *is_unknown = true;
        return true;
    }
    return scan_value(s, f, path);
}

static bool
scan_entries(struct scanner *s, const ProtobufCMessageDescriptor *d,
             const struct walk_path *up, uint64_t n, struct walk_seen *seen)
{
    struct walk_path path = { .up = up };
    bool has_unknown = false;
    unsigned hint = 0;

    for (; n > 0; n--) {
        uint32_t tag = msgpack_key_read(&s->p, s->end);

        if (UNLIKELY(tag == 0)) {
            return fail(s, up, "expected the number of a field");
        }
        const ProtobufCFieldDescriptor *f = walk_find(d, tag, &hint);
        bool is_unknown = !f;

        if (LIKELY(f != NULL)) {
            unsigned i = (unsigned) (f - d->fields);

            path.field = f;
            path.index = WALK_NO_INDEX;
            if (UNLIKELY(walk_seen_has(seen, i))) {
                return fail(s, &path, "there twice");
            }
            walk_seen_add(seen, i);
            if (!scan_field(s, f, &path, &is_unknown)) {
                return false;
            }
        }
        if (UNLIKELY(is_unknown) && !scan_unknown(s, up, n, &has_unknown)) {
            return false;
        }
    }
    return true;
}

static bool
scan_message(struct scanner *s, const ProtobufCMessageDescriptor *d,
             const struct walk_path *path)
{
    struct msgpack_head head;
    struct walk_seen seen;

    if (!scan_head(s, path, &head)) {
        return false;
    }
    if (UNLIKELY(head.kind != MSGPACK_MAP)) {
        return fail(s, path, "expected a map");
    }
    if (!scan_count(s, path, head.u, 2) || !scan_descend(s, path)) {
        return false;
    }
    if (UNLIKELY(head.u > d->n_fields + LIMIT_MESSAGE_UNKNOWN)) {
        return fail_over_limit(s, path, "too many fields");
    }
    s->room += ARENA_ROUND(d->sizeof_message);
    if (UNLIKELY(s->room > LIMIT_MESSAGE_MEMORY)) {
        return fail_over_limit(s, path, "would take too much memory");
    }
    walk_seen_init(&seen, d);
    if (!scan_entries(s, d, path, head.u, &seen)) {
        return false;
    }
    s->depth--;

    const ProtobufCFieldDescriptor *missing = walk_missing(d, &seen);

    if (UNLIKELY(missing != NULL)) {
        struct walk_path at = { path, missing, WALK_NO_INDEX };

        return fail(s, &at, "required and not there");
    }
    return true;
}

struct error *
msgpack_scan(const ProtobufCMessageDescriptor *descriptor, const void *data,
             size_t size, size_t *ret_room)
{
    const uint8_t *p = size > 0 ? data : (const uint8_t *) "";
    struct scanner s = { .p = p, .end = p + size };

    if (size > LIMIT_MESSAGE_SIZE) {
        return error_create(ERROR_TOO_LARGE, "message of %zu bytes", size);
    }
    if (!scan_message(&s, descriptor, NULL)) {
        return s.error;
    }
    if (s.p != s.end) {
        return error_create(ERROR_PARSE, "%zu bytes after the message",
                            (size_t) (s.end - s.p));
    }
    if (s.room > LIMIT_MESSAGE_MEMORY) {
        return error_create(ERROR_TOO_LARGE, "would take too much memory");
    }
    *ret_room = s.room;
    return NULL;
}
