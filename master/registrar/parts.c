/* SPDX-License-Identifier: Apache-2.0
 *
 * parts.c - the bytes of a registry: a version, then parts, each of a kind. */
#include <config.h>

#include "master/registrar/parts.h"

#include <string.h>

#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

/* "RG", the version of the form, and the least version that can read it. */
static const uint8_t head[PARTS_HEAD_SIZE] = { 'R', 'G', 1, 1 };

static void
write_part_head(uint8_t *at, enum part_kind kind, uint32_t size)
{
    at[0] = (uint8_t) kind;
    at[1] = (uint8_t) size;
    at[2] = (uint8_t) (size >> 8);
    at[3] = (uint8_t) (size >> 16);
    at[4] = (uint8_t) (size >> 24);
}

void
parts_start(struct strbuf *out)
{
    strbuf_append_bytes(out, head, sizeof head);
}

void
parts_append(struct strbuf *out, enum part_kind kind, const void *body,
             uint32_t size)
{
    uint8_t part_head[PART_HEAD_SIZE];

    write_part_head(part_head, kind, size);
    strbuf_append_bytes(out, part_head, sizeof part_head);
    strbuf_append_bytes(out, body, size);
}

void
parts_append_message(struct strbuf *out, enum part_kind kind,
                     const ProtobufCMessage *message)
{
    static const uint8_t room[PART_HEAD_SIZE];
    size_t begin = out->len;

    strbuf_append_bytes(out, room, sizeof room);
    message_encode_msgpack(message, out);
    if (!out->overflow) {
        size_t size = out->len - begin - PART_HEAD_SIZE;

        CHECK(size <= UINT32_MAX, "a part of %zu bytes", size);
        write_part_head((uint8_t *) out->data + begin, kind, (uint32_t) size);
    }
}

struct error *
parts_begin(struct parts_reader *r, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    if (size < sizeof head || memcmp(bytes, head, 2) != 0) {
        return error_create(ERROR_PARSE, "these %zu bytes are no registry",
                            size);
    }
    if (bytes[3] > head[2]) {
        return error_create(ERROR_UNSUPPORTED, "the registry has been written "
                            "by a newer version: its form is %u, for readers "
                            "of %u and above, and this one is of %u",
                            bytes[2], bytes[3], head[2]);
    }
    r->at = bytes + sizeof head;
    r->end = bytes + size;
    r->size = size;
    return NULL;
}

bool
parts_next(struct parts_reader *r, struct part *ret, struct error **ret_error)
{
    size_t left = (size_t) (r->end - r->at);
    uint32_t size = 0;

    if (left == 0) {
        return false;
    }
    if (left >= PART_HEAD_SIZE) {
        size = r->at[1] | (uint32_t) r->at[2] << 8
            | (uint32_t) r->at[3] << 16 | (uint32_t) r->at[4] << 24;
    }
    if (left < PART_HEAD_SIZE || size > left - PART_HEAD_SIZE) {
        *ret_error = error_create(ERROR_PARSE, "the part at byte %zu is cut "
                                  "short", r->size - left);
        return false;
    }
    ret->kind = r->at[0];
    ret->body = r->at + PART_HEAD_SIZE;
    ret->size = size;
    r->at += PART_HEAD_SIZE + size;
    return true;
}
