/* SPDX-License-Identifier: Apache-2.0
 *
 * frame.h - the frames of a link; docs/wire.md is the whole story.
 *
 * A frame is a length of four bytes, most significant first, and that many
 * bytes of msgpack: an array that begins with its kind, the id of the actor it
 * is for and the id of the actor it is from.
 *
 * Thread-safety: pure functions on values. */
#ifndef LINK_FRAME_H
#define LINK_FRAME_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/upid.h>

struct actor_msg;
struct error;
struct strbuf;

enum frame_kind {
    FRAME_MESSAGE = 0,
    FRAME_LINK = 1,             /* 'from' wants to know of the end of 'to' */
    FRAME_UNLINK = 2,
    FRAME_EXITED = 3,           /* 'from', which 'to' linked, is gone */
};

#define FRAME_HEADER_SIZE 4

/* A frame as it was read; texts point into it. */
struct frame {
    uint64_t kind;              /* others than those above are passed over */
    char to[UPID_ID_MAX + 1];
    char from[UPID_ID_MAX + 1];

    /* FRAME_MESSAGE. */
    const char *name;
    size_t name_len;
    uint64_t call;
    uint64_t reply_to;
    const void *body;
    size_t body_size;
};

/* Appends a whole frame.  'msg' is declared (it has a descriptor). */
void frame_encode_message(struct strbuf *out, const char *to,
                          const char *from, const struct actor_msg *msg);
void frame_encode_notice(struct strbuf *out, enum frame_kind,
                         const char *to, const char *from);

/* The length in a header. */
uint32_t frame_length(const void *header);

/* Reads what follows the header. */
struct error *frame_decode(struct frame *, const void *data, size_t size)
    MUST_CHECK;

#endif /* LINK_FRAME_H */
