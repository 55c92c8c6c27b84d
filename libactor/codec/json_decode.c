/* SPDX-License-Identifier: Apache-2.0
 *
 * json_decode.c - reads a message from JSON, as stout's protobuf.hpp does.
 *
 * yajl reads the text and calls us for each token; a stack of frames says
 * what is being read.  Texts of errors are Mesos' own, since clients see
 * them.  What is malformed is ERROR_PARSE; what is JSON but not the message
 * is ERROR_INVALID: HTTP handlers put different words in front of the two.
 *
 * Elements of a repeated field are collected in a list that grows and are
 * copied when the array ends; for a member that comes twice the last one
 * counts. */
#include <config.h>

#include <actor/message.h>

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/strbuf.h>
#include <yajl/yajl_parse.h>

#include "codec/base64.h"
#include "codec/json_memory.h"
#include "codec/json_number.h"
#include "codec/message_impl.h"
#include "codec/walk.h"

/* Between two messages there may be an array. */
#define MAX_FRAMES (2 * LIMIT_MESSAGE_DEPTH + 1)

/* How much is told of missing fields, and of the text near an error. */
#define MISSING_MAX_LEN 2048
#define MISSING_MAX_N 32
#define NEAR_MAX_LEN 128

enum frame_kind {
    FRAME_MESSAGE,
    FRAME_ARRAY,                /* of a repeated field */
    FRAME_MAP,                  /* an object that is a map<> field */
};

struct frame {
    enum frame_kind kind;
    ProtobufCMessage *message;  /* in the arena; of a map: the last entry */

    /* Of a message: that of the last key, NULL if it has none.  Of others:
     * the repeated field. */
    const ProtobufCFieldDescriptor *field;

    /* Of a message. */
    struct walk_seen seen;
    size_t missing_at;          /* where its missing fields are told */

    /* Of an array or map: what it has so far. */
    char *elements;             /* owned */
    size_t n;
    size_t capacity;
};

struct reader {
    const ProtobufCMessageDescriptor *descriptor;
    struct message *m;
    unsigned depth;             /* messages, maps, and what is passed over */
    unsigned skip_depth;        /* containers that are passed over */
    bool is_done;
    struct error *error;        /* owned; set when a callback returned 0 */
    unsigned n_missing;         /* required fields */
    struct strbuf missing;      /* the paths of the first ones */
    struct json_memory memory;
    unsigned n_frames;
    struct frame frames[MAX_FRAMES];
};

/* --- errors --- */

static int
fail(struct reader *r, enum error_code code, const char *fmt, ...)
    PRINTF_FORMAT(3, 4);

/* Always 0, which ends the parse. */
static int
fail(struct reader *r, enum error_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    r->error = error_create_valist(code, fmt, args);
    va_end(args);
    return 0;
}

static int
fail_not_expecting(struct reader *r, const char *what,
                   const ProtobufCFieldDescriptor *f)
{
    return fail(r, ERROR_INVALID, "Not expecting a JSON %s for field '%s'",
                what, f->name);
}

/* Appends the path of the top frame's message: "task.resources[2]". */
static void
format_path(const struct reader *r, struct strbuf *out)
{
    for (unsigned i = 0; i + 1 < r->n_frames; i++) {
        const struct frame *frame = &r->frames[i];

        if (frame->kind == FRAME_MESSAGE) {
            strbuf_append(out, i > 0 ? "." : "");
            strbuf_append(out, frame->field->name);
        } else {
            strbuf_printf(out, "[%zu]", frame->n - 1);
        }
        if (frame->kind == FRAME_MAP) {
            strbuf_append(out, ".value");
        }
    }
}

/* Tells the required fields that the top frame's message has not got.  They
 * come before those of the messages in it, whose paths are there already. */
static void
note_missing(struct reader *r)
{
    struct frame *frame = &r->frames[r->n_frames - 1];
    const ProtobufCMessageDescriptor *d = frame->message->descriptor;
    autofini(strbuf) own = STRBUF(MISSING_MAX_LEN);

    for (unsigned i = 0; i < d->n_fields; i++) {
        if (walk_is_required(&d->fields[i]) && !walk_seen_has(&frame->seen, i)
            && r->n_missing++ < MISSING_MAX_N) {
            size_t start = own.len;

            format_path(r, &own);
            strbuf_append(&own, own.len > start ? "." : "");
            strbuf_append(&own, d->fields[i].name);
            strbuf_append(&own, ", ");
        }
    }
    if (own.len > 0) {
        strbuf_append(&own, r->missing.data + frame->missing_at);
        strbuf_truncate(&r->missing, frame->missing_at);
        strbuf_append(&r->missing, own.data);
    }
}

/* --- memory --- */

static void *
reader_alloc(struct reader *r, size_t size, bool aligned)
{
    struct arena *arena = &r->m->arena;
    void *p = NULL;

    if (arena->memory + size > LIMIT_MESSAGE_MEMORY) {
        fail(r, ERROR_TOO_LARGE, "would take too much memory");
        return NULL;
    }
    p = aligned ? arena_try_alloc(arena, size)
                : (void *) arena_try_alloc_bytes(arena, size);
    if (!p) {
        fail(r, ERROR_NO_MEMORY, "out of memory");
    }
    return p;
}

/* Room for one more element at the end of an array's list. */
static void *
frame_add(struct reader *r, struct frame *frame)
{
    size_t size = walk_value_size(frame->field->type);

    if (frame->n >= LIMIT_MESSAGE_COUNT) {
        fail(r, ERROR_TOO_LARGE, "too many elements in field '%s'",
             frame->field->name);
        return NULL;
    }
    if (frame->n == frame->capacity) {
        size_t capacity = frame->capacity * 2 + 8;
        char *elements = try_realloc(frame->elements, capacity * size);

        if (!elements) {
            fail(r, ERROR_NO_MEMORY, "out of memory");
            return NULL;
        }
        frame->elements = elements;
        frame->capacity = capacity;
    }
    return frame->elements + frame->n++ * size;
}

/* --- frames --- */

/* There is one but in front of the first object. */
static struct frame *
top(struct reader *r)
{
    return &r->frames[r->n_frames - 1];
}

static int
descend(struct reader *r)
{
    if (r->depth >= LIMIT_MESSAGE_DEPTH) {
        return fail(r, ERROR_TOO_LARGE, "nested deeper than %d",
                    LIMIT_MESSAGE_DEPTH);
    }
    r->depth++;
    return 1;
}

static struct frame *
push(struct reader *r, enum frame_kind kind,
     const ProtobufCFieldDescriptor *f, ProtobufCMessage *message)
{
    struct frame *frame = &r->frames[r->n_frames++];

    frame->kind = kind;
    frame->field = f;
    frame->message = message;
    frame->missing_at = r->missing.len;
    frame->elements = NULL;
    frame->n = 0;
    frame->capacity = 0;
    if (kind == FRAME_MESSAGE) {
        walk_seen_init(&frame->seen, message->descriptor);
    }
    return frame;
}

/* The field that the next value is for; NULL if it is passed over. */
static const ProtobufCFieldDescriptor *
value_field(struct reader *r)
{
    struct frame *frame = top(r);

    if (frame->kind == FRAME_MAP) {
        return &frame->message->descriptor->fields[1];
    }
    return frame->field;
}

/* A single value where there may be several counts as one of them. */
static void *
make_only_element(struct reader *r, ProtobufCMessage *message,
                  const ProtobufCFieldDescriptor *f)
{
    void *at = reader_alloc(r, walk_value_size(f->type), true);

    if (at) {
        *(void **) walk_member(message, f) = at;
        *(size_t *) walk_quantifier(message, f) = 1;
    }
    return at;
}

/* Where the value of value_field() goes, which is set from now on.  NULL if
 * there was an error. */
static void *
value_place(struct reader *r)
{
    struct frame *frame = top(r);
    const ProtobufCFieldDescriptor *f = value_field(r);

    if (frame->kind == FRAME_ARRAY) {
        return frame_add(r, frame);
    }
    if (frame->kind == FRAME_MESSAGE) {
        walk_seen_add(&frame->seen,
                      (unsigned) (f - frame->message->descriptor->fields));
        if (walk_is_repeated(f)) {
            return make_only_element(r, frame->message, f);
        }
    }
    walk_set(frame->message, f);
    return walk_member(frame->message, f);
}

/* --- values --- */

/* How much of a text that is wrong an error shows. */
static int
near_len(size_t len)
{
    return (int) (len < NEAR_MAX_LEN ? len : NEAR_MAX_LEN);
}

/* The field that a value without parts is for.  NULL: it is not stored, and
 * '*ret_result' is what the callback returns. */
static const ProtobufCFieldDescriptor *
begin_value(struct reader *r, int *ret_result)
{
    *ret_result = 1;
    if (r->skip_depth > 0) {
        return NULL;
    }
    if (r->n_frames == 0) {
        *ret_result = fail(r, ERROR_INVALID, "Expecting a JSON object");
        return NULL;
    }
    return value_field(r);
}

/* Leaves a field unset and an element out; likewise an entry of a map if its
 * value would be a message, which has no default. */
static int
on_null(void *context)
{
    struct reader *r = context;
    int result;
    const ProtobufCFieldDescriptor *f = begin_value(r, &result);

    if (f && top(r)->kind == FRAME_MAP
        && f->type == PROTOBUF_C_TYPE_MESSAGE) {
        top(r)->n--;
    }
    return result;
}

static int
store_bool(struct reader *r, bool value)
{
    protobuf_c_boolean *at = value_place(r);

    if (!at) {
        return 0;
    }
    *at = value;
    return 1;
}

static int
on_bool(void *context, int value)
{
    struct reader *r = context;
    int result;
    const ProtobufCFieldDescriptor *f = begin_value(r, &result);

    if (!f) {
        return result;
    }
    if (f->type != PROTOBUF_C_TYPE_BOOL) {
        return fail_not_expecting(r, "boolean", f);
    }
    return store_bool(r, value);
}

static int
store_number(struct reader *r, const ProtobufCFieldDescriptor *f,
             const char *text, size_t len)
{
    uint64_t value;

    switch (json_number_parse(text, len, f->type, &value)) {
    case JSON_NUMBER_OK:
        break;
    case JSON_NUMBER_MALFORMED:
        return fail(r, ERROR_INVALID,
                    "Failed to parse '%.*s' as a JSON number for field '%s':"
                    " not a number", near_len(len), text, f->name);
    case JSON_NUMBER_RANGE:
        return fail(r, ERROR_INVALID, "Number %.*s does not fit field '%s'",
                    near_len(len), text, f->name);
    }
    void *at = value_place(r);

    if (!at) {
        return 0;
    }
    memcpy(at, &value, walk_value_size(f->type));
    return 1;
}

static int
on_number(void *context, const char *text, size_t len)
{
    struct reader *r = context;
    int result;
    const ProtobufCFieldDescriptor *f = begin_value(r, &result);

    if (!f) {
        return result;
    }
    if (!json_number_is_type(f->type)) {
        return fail_not_expecting(r, "number", f);
    }
    return store_number(r, f, text, len);
}

/* A string of the message, in the arena; NULL if there was an error. */
static char *
copy_string(struct reader *r, const ProtobufCFieldDescriptor *f,
            const char *text, size_t len)
{
    if (len > LIMIT_MESSAGE_STRING) {
        fail(r, ERROR_TOO_LARGE, "string too long for field '%s'", f->name);
        return NULL;
    }
    if (len > 0 && memchr(text, '\0', len)) {
        fail(r, ERROR_INVALID, "String with a NUL in it for field '%s'",
             f->name);
        return NULL;
    }
    char *copy = reader_alloc(r, len + 1, false);

    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

static int
store_string(struct reader *r, const ProtobufCFieldDescriptor *f,
             const char *text, size_t len)
{
    char *copy = copy_string(r, f, text, len);
    char **at = copy ? value_place(r) : NULL;

    if (!at) {
        return 0;
    }
    *at = copy;
    return 1;
}

static int
store_bytes(struct reader *r, const ProtobufCFieldDescriptor *f,
            const char *text, size_t len)
{
    ProtobufCBinaryData bytes = {
        .data = reader_alloc(r, BASE64_DECODED_MAX(len), false),
    };

    if (!bytes.data) {
        return 0;
    }
    const char *wrong = base64_decode(text, len, bytes.data, &bytes.len);

    if (wrong) {
        return fail(r, ERROR_INVALID,
                    "Failed to base64 decode bytes field '%s': %s", f->name,
                    wrong);
    }
    ProtobufCBinaryData *at = value_place(r);

    if (!at) {
        return 0;
    }
    *at = bytes;
    return 1;
}

static const ProtobufCEnumValue *
find_enum_value(const ProtobufCEnumDescriptor *d, const char *name, size_t len)
{
    char buffer[128];

    if (len >= sizeof buffer || (len > 0 && memchr(name, '\0', len))) {
        return NULL;
    }
    memcpy(buffer, name, len);
    buffer[len] = '\0';
    return protobuf_c_enum_descriptor_get_value_by_name(d, buffer);
}

/* A name that is not known leaves the field unset. */
static int
store_enum(struct reader *r, const ProtobufCFieldDescriptor *f,
           const char *text, size_t len)
{
    const ProtobufCEnumValue *value =
        find_enum_value(f->descriptor, text, len);

    if (!value) {
        return walk_is_required(f)
                   ? fail(r, ERROR_INVALID, "Failed to find enum for '%.*s'",
                          near_len(len), text)
                   : 1;
    }
    int *at = value_place(r);

    if (!at) {
        return 0;
    }
    *at = value->value;
    return 1;
}

static int
store_bool_text(struct reader *r, const ProtobufCFieldDescriptor *f,
                const char *text, size_t len)
{
    bool is_true = len == 4 && !memcmp(text, "true", 4);

    if (!is_true && !(len == 5 && !memcmp(text, "false", 5))) {
        return fail(r, ERROR_INVALID,
                    "Failed to parse '%.*s' as a JSON boolean for field '%s':"
                    " not a boolean", near_len(len), text, f->name);
    }
    return store_bool(r, is_true);
}

static int
on_string(void *context, const unsigned char *bytes, size_t len)
{
    struct reader *r = context;
    const char *text = (const char *) bytes;
    int result;
    const ProtobufCFieldDescriptor *f = begin_value(r, &result);

    if (!f) {
        return result;
    }
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        return store_string(r, f, text, len);
    case PROTOBUF_C_TYPE_BYTES:
        return store_bytes(r, f, text, len);
    case PROTOBUF_C_TYPE_ENUM:
        return store_enum(r, f, text, len);
    case PROTOBUF_C_TYPE_BOOL:
        return store_bool_text(r, f, text, len);
    case PROTOBUF_C_TYPE_MESSAGE:
        return fail_not_expecting(r, "string", f);
    default:
        return store_number(r, f, text, len);
    }
}

/* --- objects and arrays --- */

/* A container that belongs to no field. */
static int
begin_skipped(struct reader *r)
{
    r->skip_depth++;
    return descend(r);
}

static void
end_skipped(struct reader *r)
{
    r->skip_depth--;
    r->depth--;
}

static int
begin_root(struct reader *r)
{
    ProtobufCMessage *root = message_root(r->m);

    r->descriptor->message_init(root);
    push(r, FRAME_MESSAGE, NULL, root);
    return descend(r);
}

static int
begin_message(struct reader *r, const ProtobufCFieldDescriptor *f)
{
    const ProtobufCMessageDescriptor *d = f->descriptor;
    ProtobufCMessage *message = reader_alloc(r, d->sizeof_message, true);
    ProtobufCMessage **at = message ? value_place(r) : NULL;

    if (!at || !descend(r)) {
        return 0;
    }
    d->message_init(message);
    *at = message;
    push(r, FRAME_MESSAGE, NULL, message);
    return 1;
}

static int
on_object_begin(void *context)
{
    struct reader *r = context;

    if (r->skip_depth > 0) {
        return begin_skipped(r);
    }
    if (r->n_frames == 0) {
        return begin_root(r);
    }
    struct frame *frame = top(r);
    const ProtobufCFieldDescriptor *f = value_field(r);

    if (!f) {
        return begin_skipped(r);
    }
    if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
        return fail_not_expecting(r, "object", f);
    }
    if (frame->kind == FRAME_MESSAGE && message_field_is_map(f)) {
        push(r, FRAME_MAP, f, NULL);
        return descend(r);
    }
    return begin_message(r, f);
}

/* A new entry of a map. */
static int
on_map_key(struct reader *r, struct frame *frame, const char *key, size_t len)
{
    const ProtobufCMessageDescriptor *d = frame->field->descriptor;
    const ProtobufCFieldDescriptor *f = &d->fields[0];
    ProtobufCMessage *entry = reader_alloc(r, d->sizeof_message, true);
    ProtobufCMessage **at = entry ? frame_add(r, frame) : NULL;
    uint64_t number;

    if (!at) {
        return 0;
    }
    d->message_init(entry);
    *at = entry;
    frame->message = entry;
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        char *copy = copy_string(r, f, key, len);

        *(char **) walk_member(entry, f) = copy;
        return copy != NULL;
    }
    if (!json_number_is_type(f->type)
        || json_number_parse(key, len, f->type, &number) != JSON_NUMBER_OK) {
        return fail_not_expecting(r, "string", f);
    }
    memcpy(walk_member(entry, f), &number, walk_value_size(f->type));
    walk_set(entry, f);
    return 1;
}

static int
on_key(void *context, const unsigned char *bytes, size_t len)
{
    struct reader *r = context;
    struct frame *frame = top(r);
    const char *key = (const char *) bytes;

    if (r->skip_depth > 0) {
        return 1;
    }
    if (frame->kind == FRAME_MAP) {
        return on_map_key(r, frame, key, len);
    }
    frame->field = walk_find_by_name(frame->message->descriptor, key, len);
    return 1;
}

/* Gives the elements of an array or map to the message around it. */
static int
end_repeated(struct reader *r)
{
    struct frame *frame = top(r);
    struct frame *up = frame - 1;
    const ProtobufCFieldDescriptor *f = frame->field;
    size_t size = frame->n * walk_value_size(f->type);
    void *array = NULL;

    if (frame->n > 0) {
        array = reader_alloc(r, size, true);
        if (!array) {
            return 0;
        }
        memcpy(array, frame->elements, size);
    }
    *(void **) walk_member(up->message, f) = array;
    *(size_t *) walk_quantifier(up->message, f) = frame->n;
    free(frame->elements);
    r->n_frames--;
    return 1;
}

static int
on_object_end(void *context)
{
    struct reader *r = context;

    if (r->skip_depth > 0) {
        end_skipped(r);
        return 1;
    }
    r->depth--;
    if (top(r)->kind == FRAME_MAP) {
        return end_repeated(r);
    }
    note_missing(r);
    r->n_frames--;
    r->is_done = r->n_frames == 0;
    return 1;
}

static int
on_array_begin(void *context)
{
    struct reader *r = context;

    if (r->skip_depth > 0) {
        return begin_skipped(r);
    }
    if (r->n_frames == 0) {
        return fail(r, ERROR_INVALID, "Expecting a JSON object");
    }
    struct frame *frame = top(r);
    const ProtobufCFieldDescriptor *f = value_field(r);

    if (!f) {
        return begin_skipped(r);
    }
    if (frame->kind != FRAME_MESSAGE || !walk_is_repeated(f)
        || message_field_is_map(f)) {
        return fail_not_expecting(r, "array", f);
    }
    push(r, FRAME_ARRAY, f, NULL);
    return 1;
}

static int
on_array_end(void *context)
{
    struct reader *r = context;

    if (r->skip_depth > 0) {
        end_skipped(r);
        return 1;
    }
    return end_repeated(r);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object_begin,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array_begin,
    .yajl_end_array = on_array_end,
};

/* --- the whole --- */

/* What is wrong with a text whose token before 'offset' yajl could not take:
 * in which line, and what is there. */
static struct error *
syntax_error(const struct reader *r, const char *text, size_t len,
             size_t offset)
{
    autofini(strbuf) near = STRBUF(NEAR_MAX_LEN);
    size_t line = 1;

    for (size_t i = 0; i < offset && i < len; i++) {
        line += text[i] == '\n';
    }
    for (size_t i = offset; i < len && text[i] != '\n'; i++) {
        if ((unsigned char) text[i] >= ' ') {
            strbuf_append_char(&near, text[i]);
        }
    }
    if (r->is_done) {
        return error_create(ERROR_PARSE,
                            "Parsed JSON included non-whitespace trailing"
                            " characters: %s",
                            near.data);
    }
    return error_create(ERROR_PARSE, "syntax error at line %zu near: %s", line,
                        near.data);
}

static struct error *
read_text(struct reader *r, yajl_handle yajl, const char *text, size_t len)
{
    yajl_status status =
        yajl_parse(yajl, (const unsigned char *) text, len);

    size_t n_read = yajl_get_bytes_consumed(yajl);

    if (r->error) {
        return steal(r->error);
    }
    if (status != yajl_status_ok) {
        return syntax_error(r, text, len, n_read > 0 ? n_read - 1 : 0);
    }
    if (yajl_complete_parse(yajl) != yajl_status_ok) {
        return r->error ? steal(r->error) : syntax_error(r, text, len, len);
    }
    if (r->n_missing > 0) {
        return error_create(ERROR_INVALID, "Missing required fields: %.*s",
                            (int) r->missing.len - 2, r->missing.data);
    }
    return NULL;
}

static struct error *
parse(struct reader *r, const char *text, size_t len)
{
    jmp_buf out_of_memory;
    yajl_alloc_funcs funcs = json_memory_funcs(&r->memory);
    struct error *error;

    r->memory.out_of_memory = &out_of_memory;
    if (setjmp(out_of_memory)) {
        error = error_create(ERROR_NO_MEMORY, "out of memory");
    } else {
        error = read_text(r, yajl_alloc(&callbacks, &funcs, r), text, len);
    }
    json_memory_fini(&r->memory);
    while (r->n_frames > 0) {
        free(r->frames[--r->n_frames].elements);
    }
    return error;
}

/* Room for the first block: about as much as the text. */
static size_t
first_room(const ProtobufCMessageDescriptor *d, size_t len)
{
    return ARENA_ROUND(d->sizeof_message) + 256
           + (len < (64 << 10) ? len : (64 << 10));
}

struct error *
message_decode_json(const ProtobufCMessageDescriptor *descriptor,
                    const char *text, size_t len, struct message **ret)
{
    if (len > LIMIT_MESSAGE_SIZE) {
        return error_create(ERROR_TOO_LARGE, "message of %zu bytes", len);
    }
    struct message *m =
        message_try_create(descriptor, first_room(descriptor, len));

    if (!m) {
        return error_create(ERROR_NO_MEMORY, "out of memory");
    }
    struct reader r = {
        .descriptor = descriptor,
        .m = m,
        .missing = STRBUF(MISSING_MAX_LEN),
    };
    struct error *error = parse(&r, len > 0 ? text : "", len);

    strbuf_fini(&r.missing);
    if (error) {
        message_unref(m);
    } else {
        *ret = m;
    }
    return error;
}
