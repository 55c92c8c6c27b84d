/* SPDX-License-Identifier: Apache-2.0
 *
 * sink.h - writing many small pieces straight into a strbuf.
 *
 * The strbuf lends room, which is filled without asking it for each piece,
 * and gets it back at the end.  Once the strbuf is full nothing is written
 * any more.
 *
 * Thread-safety: as the strbuf. */
#ifndef CODEC_SINK_H
#define CODEC_SINK_H 1

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <actor/compiler.h>
#include <actor/strbuf.h>

struct sink {
    struct strbuf *out;         /* borrowed */
    char *p;                    /* next byte; NULL: no room */
    char *end;                  /* of the room */
};

#define SINK(OUT) { .out = (OUT) }

/* Room that is borrowed at a time, if the strbuf's maximum permits. */
#define SINK_ROOM ((size_t) 512)

/* Hands what was written to the strbuf. */
static inline void
sink_flush(struct sink *s)
{
    if (s->p) {
        strbuf_advance(s->out,
                       (size_t) (s->p - s->out->data) - s->out->len);
    }
}

/* Borrows room for 'size' more bytes at least. */
static inline bool
sink_borrow(struct sink *s, size_t size)
{
    sink_flush(s);

    size_t room = s->out->max_len - s->out->len;

    if (room > SINK_ROOM) {
        room = SINK_ROOM;
    }
    if (room < size) {
        room = size;
    }
    s->p = strbuf_reserve(s->out, room);
    s->end = s->p ? s->p + room : NULL;
    return s->p;
}

/* Appends; -1 if there is no more room. */
static inline int
sink_put(struct sink *s, const void *data, size_t size)
{
    if (UNLIKELY(!s->p || (size_t) (s->end - s->p) < size)
        && !sink_borrow(s, size)) {
        return -1;
    }
    memcpy(s->p, data, size);
    s->p += size;
    return 0;
}

/* Bytes written so far; what is at an offset may be changed. */
static inline size_t
sink_offset(const struct sink *s)
{
    return s->p ? (size_t) (s->p - s->out->data) : s->out->len;
}

static inline uint8_t *
sink_at(const struct sink *s, size_t offset)
{
    return (uint8_t *) s->out->data + offset;
}

#endif /* CODEC_SINK_H */
