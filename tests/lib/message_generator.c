/* SPDX-License-Identifier: Apache-2.0
 *
 * message_generator.c - see message_generator.h. */
#include <config.h>

#include "tests/lib/message_generator.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <actor/log.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/agent/agent.pb-c.h"
#include "proto/mesos/v1/allocator/allocator.pb-c.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/maintenance/maintenance.pb-c.h"
#include "proto/mesos/v1/master/master.pb-c.h"
#include "proto/mesos/v1/quota/quota.pb-c.h"
#include "proto/mesos/v1/resource_provider/resource_provider.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"

/* Below this depth only what is required is set. */
#define MAX_DEPTH 5

#define MAX_TYPES 1024

struct generator {
    uint64_t state;
    struct message *m;
    unsigned depth;
    const ProtobufCMessageDescriptor *entry;    /* of the map being drawn */
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t
draw(struct generator *g)
{
    uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t
draw_below(struct generator *g, size_t n)
{
    return (size_t) (draw(g) % n);
}

static int64_t
draw_signed(struct generator *g, int64_t min, int64_t max)
{
    const int64_t special[] = { 0, 1, -1, min, max, 127, 128, 255, 65536 };
    size_t i = draw_below(g, ARRAY_SIZE(special) + 3);

    return i < ARRAY_SIZE(special) ? special[i]
                                   : (int32_t) (uint32_t) draw(g);
}

static uint64_t
draw_unsigned(struct generator *g, uint64_t max)
{
    const uint64_t special[] = { 0, 1, max, 127, 128, 255, 256, 65536 };
    size_t i = draw_below(g, ARRAY_SIZE(special) + 3);

    return i < ARRAY_SIZE(special) ? special[i] : draw(g) & max;
}

static double
draw_double(struct generator *g)
{
    static const double special[] = { 0,    0.1,  0.001, 1,     15,
                                      -2.5, 1e21, 1e300, 5e-324 };
    size_t i = draw_below(g, ARRAY_SIZE(special) + 3);

    return i < ARRAY_SIZE(special)
               ? special[i]
               : (double) draw_signed(g, INT32_MIN, INT32_MAX) / 1000;
}

static char *
draw_string(struct generator *g)
{
    static const char *const special[] = {
        "", "*", "web.7", "d\xc3\xbc\xc3\x9f", "\xf0\x9f\x90\x8b \"\\/",
        "a\nb\tc\x01", "0f2e8c0a-1d5e-4c1e-9c1b-0e8e7f6c1a2b-S12",
    };
    size_t i = draw_below(g, ARRAY_SIZE(special) + 3);

    if (i < ARRAY_SIZE(special)) {
        return message_strdup(g->m, special[i]);
    }
    size_t len = draw_below(g, i == ARRAY_SIZE(special) ? 400 : 40);
    char *s = message_alloc(g->m, len + 1);

    for (size_t k = 0; k < len; k++) {
        s[k] = (char) (' ' + draw_below(g, 95));
    }
    return s;
}

static ProtobufCBinaryData
draw_bytes(struct generator *g)
{
    size_t len = draw_below(g, 20);
    uint8_t *data = message_alloc(g->m, len + 1);

    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t) draw(g);
    }
    return (ProtobufCBinaryData) { .len = len, .data = data };
}

static int
draw_enum(struct generator *g, const ProtobufCEnumDescriptor *d)
{
    return d->values[draw_below(g, d->n_values)].value;
}

static void fill_in(struct generator *, ProtobufCMessage *);

static void
draw_value(struct generator *g, const ProtobufCFieldDescriptor *f, void *at)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        *(int32_t *) at = (int32_t) draw_signed(g, INT32_MIN, INT32_MAX);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        *(int64_t *) at = draw_signed(g, INT64_MIN, INT64_MAX);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        *(uint32_t *) at = (uint32_t) draw_unsigned(g, UINT32_MAX);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *(uint64_t *) at = draw_unsigned(g, UINT64_MAX);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *) at = (float) draw_signed(g, -1000, 1000);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *) at = draw_double(g);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *) at = draw_below(g, 2) == 0;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *(int *) at = draw_enum(g, f->descriptor);
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(char **) at = draw_string(g);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *) at = draw_bytes(g);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(void **) at = message_new(g->m, f->descriptor);
        fill_in(g, *(void **) at);
        break;
    }
}

static size_t
element_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

/* Gives the entries of a map keys that differ, if they are strings. */
static void
draw_keys(struct generator *g, ProtobufCMessage **entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const ProtobufCFieldDescriptor *f = &entries[i]->descriptor->fields[0];

        if (f->type == PROTOBUF_C_TYPE_STRING) {
            *(char **) (void *) ((char *) entries[i] + f->offset) =
                message_printf(g->m, "key %zu", i);
        }
    }
}

static void
draw_repeated(struct generator *g, ProtobufCMessage *message,
              const ProtobufCFieldDescriptor *f)
{
    size_t n = g->depth < MAX_DEPTH ? draw_below(g, 4) : 0;
    size_t size = element_size(f->type);
    char *elements = message_array(g->m, n, size);

    for (size_t i = 0; i < n; i++) {
        g->entry = message_field_is_map(f) ? f->descriptor : NULL;
        draw_value(g, f, elements + i * size);
    }
    if (message_field_is_map(f)) {
        draw_keys(g, (ProtobufCMessage **) (void *) elements, n);
    }
    *(size_t *) (void *) ((char *) message + f->quantifier_offset) = n;
    *(void **) (void *) ((char *) message + f->offset) = elements;
}

static void
draw_singular(struct generator *g, ProtobufCMessage *message,
              const ProtobufCFieldDescriptor *f)
{
    void *quantifier = (char *) message + f->quantifier_offset;

    if (f->label != PROTOBUF_C_LABEL_REQUIRED
        && g->entry != message->descriptor
        && (g->depth >= MAX_DEPTH || draw_below(g, 2) == 0)) {
        return;
    }
    draw_value(g, f, (char *) message + f->offset);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        *(uint32_t *) quantifier = f->id;
    } else if (f->label == PROTOBUF_C_LABEL_OPTIONAL
               && f->type != PROTOBUF_C_TYPE_STRING
               && f->type != PROTOBUF_C_TYPE_MESSAGE) {
        *(protobuf_c_boolean *) quantifier = 1;
    }
}

static void
fill_in(struct generator *g, ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *d = message->descriptor;

    g->depth++;
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (d->fields[i].label == PROTOBUF_C_LABEL_REPEATED) {
            draw_repeated(g, message, &d->fields[i]);
        } else {
            draw_singular(g, message, &d->fields[i]);
        }
    }
    g->depth--;
}

struct message *
message_generate(const ProtobufCMessageDescriptor *descriptor, uint64_t seed)
{
    struct generator g = {
        .state = seed,
        .m = message_create(descriptor),
    };

    fill_in(&g, message_root(g.m));
    return g.m;
}

/* --- all types --- */

struct types {
    const ProtobufCMessageDescriptor *list[MAX_TYPES];
    size_t n;
};

static void
add_type(struct types *types, const ProtobufCMessageDescriptor *d)
{
    for (size_t i = 0; i < types->n; i++) {
        if (types->list[i] == d) {
            return;
        }
    }
    CHECK(types->n < MAX_TYPES, "more than %d types", MAX_TYPES);
    types->list[types->n++] = d;
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            add_type(types, d->fields[i].descriptor);
        }
    }
}

size_t
message_types(const ProtobufCMessageDescriptor *const **ret)
{
    static const ProtobufCMessageDescriptor *const roots[] = {
        &agent__call__descriptor,
        &agent__response__descriptor,
        &agent__process_io__descriptor,
        &allocator__inverse_offer_status__descriptor,
        &maintenance__cluster_status__descriptor,
        &maintenance__schedule__descriptor,
        &master__call__descriptor,
        &master__response__descriptor,
        &master__event__descriptor,
        &quota__quota_info__descriptor,
        &quota__quota_request__descriptor,
        &quota__quota_status__descriptor,
        &resource_provider__call__descriptor,
        &resource_provider__event__descriptor,
        &v1__offer__descriptor,
        &v1__request__descriptor,
        &v1__secret__descriptor,
        &v1__credentials__descriptor,
    };
    static struct types types;

    if (types.n == 0) {
        for (size_t i = 0; i < proto_n_messages; i++) {
            add_type(&types, proto_messages[i]->descriptor);
        }
        for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
            add_type(&types, roots[i]);
        }
    }
    *ret = types.list;
    return types.n;
}
