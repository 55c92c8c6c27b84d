/* SPDX-License-Identifier: Apache-2.0
 *
 * frame.c - the frames of a link; see frame.h.
 *
 * The few scalars around the body are read by hand, without an unpacker:
 * nothing is reserved by what a header claims.  Bodies are message.h's, which
 * has its own bounds.  Thread: any. */
#include <config.h>

#include <msgpack.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include "core/transport.h"
#include "link/frame.h"

/* --- writing --- */

static int
pack_write(void *out, const char *data, size_t size)
{
    strbuf_append_bytes(out, data, size);
    return 0;
}

static void
pack_text(msgpack_packer *packer, const char *text)
{
    size_t len = strlen(text);

    msgpack_pack_str(packer, len);
    msgpack_pack_str_body(packer, text, len);
}

static size_t
frame_begin(struct strbuf *out)
{
    size_t start = out->len;

    strbuf_append_bytes(out, "\0\0\0\0", FRAME_HEADER_SIZE);
    return start;
}

static void
frame_end(struct strbuf *out, size_t start)
{
    size_t size = out->len - start - FRAME_HEADER_SIZE;

    if (!out->overflow) {
        out->data[start] = (char) (size >> 24 & 0xff);
        out->data[start + 1] = (char) (size >> 16 & 0xff);
        out->data[start + 2] = (char) (size >> 8 & 0xff);
        out->data[start + 3] = (char) (size & 0xff);
    }
}

void
frame_encode_message(struct strbuf *out, const char *to, const char *from,
                     const struct actor_msg *msg)
{
    msgpack_packer packer;
    size_t start = frame_begin(out);

    msgpack_packer_init(&packer, out, pack_write);
    msgpack_pack_array(&packer, 7);
    msgpack_pack_uint8(&packer, FRAME_MESSAGE);
    pack_text(&packer, to);
    pack_text(&packer, from);
    pack_text(&packer, actor_msg_type(msg)->name);
    msgpack_pack_uint64(&packer, actor_msg_call(msg));
    msgpack_pack_uint64(&packer, actor_msg_reply_to(msg));
    message_encode_msgpack(message_root(actor_msg_message(msg)), out);
    frame_end(out, start);
}

void
frame_encode_notice(struct strbuf *out, enum frame_kind kind, const char *to,
                    const char *from)
{
    msgpack_packer packer;
    size_t start = frame_begin(out);

    msgpack_packer_init(&packer, out, pack_write);
    msgpack_pack_array(&packer, 3);
    msgpack_pack_uint8(&packer, (uint8_t) kind);
    pack_text(&packer, to);
    pack_text(&packer, from);
    frame_end(out, start);
}

/* --- reading --- */

struct reader {
    const uint8_t *p;
    const uint8_t *end;
};

uint32_t
frame_length(const void *header)
{
    const uint8_t *p = header;

    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
        | (uint32_t) p[2] << 8 | p[3];
}

/* A number of 'n' bytes. */
static bool
read_big_endian(struct reader *r, unsigned n, uint64_t *ret)
{
    uint64_t value = 0;

    if ((size_t) (r->end - r->p) < n) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        value = value << 8 | *r->p++;
    }
    *ret = value;
    return true;
}

static bool
read_uint(struct reader *r, uint64_t *ret)
{
    uint64_t type;

    if (!read_big_endian(r, 1, &type)) {
        return false;
    }
    if (type < 0x80) {
        *ret = type;
        return true;
    }
    return type >= 0xcc && type <= 0xcf
        && read_big_endian(r, 1u << (type - 0xcc), ret);
}

static bool
read_text(struct reader *r, const char **ret_text, size_t *ret_len)
{
    uint64_t type, len;

    if (!read_big_endian(r, 1, &type)) {
        return false;
    }
    if (type >= 0xa0 && type <= 0xbf) {
        len = type & 0x1f;
    } else if (type < 0xd9 || type > 0xdb
               || !read_big_endian(r, 1u << (type - 0xd9), &len)) {
        return false;
    }
    if (len > (uint64_t) (r->end - r->p)) {
        return false;
    }
    *ret_text = (const char *) r->p;
    *ret_len = (size_t) len;
    r->p += len;
    return true;
}

static bool
read_array(struct reader *r, uint64_t *ret_n)
{
    uint64_t type;

    if (!read_big_endian(r, 1, &type)) {
        return false;
    }
    if (type >= 0x90 && type <= 0x9f) {
        *ret_n = type & 0xf;
        return true;
    }
    return (type == 0xdc || type == 0xdd)
        && read_big_endian(r, type == 0xdc ? 2 : 4, ret_n);
}

/* Names go into log lines and UPIDs: none of them may begin a line anew, or
 * have a part that looks like an address. */
static bool
is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char) text[i];

        if (c <= ' ' || c == 0x7f || c == '/' || c == '@') {
            return false;
        }
    }
    return true;
}

/* An actor's id, which may be empty where nobody sent. */
static bool
read_id(struct reader *r, char ret_id[UPID_ID_MAX + 1])
{
    const char *text;
    size_t len;

    if (!read_text(r, &text, &len) || len > UPID_ID_MAX
        || !is_clean(text, len)) {
        return false;
    }
    memcpy(ret_id, text, len);
    ret_id[len] = '\0';
    return true;
}

static struct error *
decode_message(struct frame *frame, struct reader *r, uint64_t n)
{
    if (n != 7) {
        return error_create(ERROR_PARSE, "a message of %llu elements",
                            (unsigned long long) n);
    }
    if (!read_text(r, &frame->name, &frame->name_len)
        || !is_clean(frame->name, frame->name_len)
        || !read_uint(r, &frame->call) || !read_uint(r, &frame->reply_to)) {
        return error_create(ERROR_PARSE, "malformed head of a message");
    }
    if (r->p == r->end) {
        return error_create(ERROR_PARSE, "a message without a body");
    }
    frame->body = r->p;
    frame->body_size = (size_t) (r->end - r->p);
    return NULL;
}

struct error *
frame_decode(struct frame *frame, const void *data, size_t size)
{
    struct reader r = { .p = data, .end = (const uint8_t *) data + size };
    uint64_t n;

    memset(frame, 0, sizeof *frame);
    if (!read_array(&r, &n) || n < 3 || !read_uint(&r, &frame->kind)) {
        return error_create(ERROR_PARSE, "not a frame");
    }
    if (!read_id(&r, frame->to) || !read_id(&r, frame->from)) {
        return error_create(ERROR_PARSE, "malformed id of an actor");
    }
    return frame->kind == FRAME_MESSAGE ? decode_message(frame, &r, n) : NULL;
}
