/* SPDX-License-Identifier: Apache-2.0
 *
 * strbuf.c - a growing string with a maximum.
 *
 * After the first byte that was left out nothing is appended any more until
 * strbuf_clear(): what is there is a prefix of what should have been, without
 * holes.  Large blocks of a bounded strbuf are sized by somebody else, so a
 * lack of memory for them is an overflow too; small ones are ours.
 *
 * Thread: that of the strbuf's owner. */
#include <config.h>

#include <actor/strbuf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/log.h>

/* Blocks up to this size are allocated without asking. */
#define SMALL_CAPACITY ((size_t) 64 << 10)

void
strbuf_init(struct strbuf *s, size_t max_len)
{
    *s = (struct strbuf) STRBUF(max_len);
}

void
strbuf_fini(struct strbuf *s)
{
    if (s->capacity > 0) {
        free(s->data);
    }
    strbuf_init(s, s->max_len);
}

/* The capacity to grow to for 'wanted' bytes (its NUL counted). */
static size_t
grown_capacity(const struct strbuf *s, size_t wanted)
{
    size_t grown = s->capacity < SIZE_MAX / 4 ? s->capacity * 2 : wanted;

    if (grown < 64) {
        grown = 64;
    }
    if (s->max_len < SIZE_MAX && grown > s->max_len + 1) {
        grown = s->max_len + 1;
    }
    return grown < wanted ? wanted : grown;
}

/* Makes the block large enough for 'len' bytes and a NUL. */
static bool
strbuf_grow(struct strbuf *s, size_t len)
{
    size_t capacity = grown_capacity(s, len + 1);
    char *old = s->capacity > 0 ? s->data : NULL;
    char *data;

    if (capacity <= SMALL_CAPACITY || s->max_len == STRBUF_UNLIMITED) {
        data = xrealloc(old, capacity);
    } else {
        data = try_realloc(old, capacity);
        if (!data) {
            s->overflow = true;
            return false;
        }
    }
    s->data = data;
    s->capacity = capacity;
    s->data[s->len] = '\0';
    return true;
}

/* How many of 'size' bytes may be appended; there is room for them. */
static inline size_t
strbuf_admit(struct strbuf *s, size_t size)
{
    if (UNLIKELY(s->overflow)) {
        return 0;
    }
    if (UNLIKELY(size > s->max_len - s->len)) {
        size = s->max_len - s->len;
        s->overflow = true;
    }
    if (UNLIKELY(size >= s->capacity - s->len) && size > 0
        && !strbuf_grow(s, s->len + size)) {
        return 0;
    }
    return size;
}

void
strbuf_append(struct strbuf *s, const char *text)
{
    strbuf_append_bytes(s, text, strlen(text));
}

void
strbuf_append_char(struct strbuf *s, char c)
{
    if (LIKELY(strbuf_admit(s, 1) == 1)) {
        s->data[s->len++] = c;
        s->data[s->len] = '\0';
    }
}

void
strbuf_append_bytes(struct strbuf *s, const void *data, size_t size)
{
    size = strbuf_admit(s, size);
    if (size > 0) {
        memcpy(s->data + s->len, data, size);
        s->len += size;
        s->data[s->len] = '\0';
    }
}

void
strbuf_append_uint(struct strbuf *s, uint64_t value)
{
    char digits[20];
    char *p = digits + sizeof digits;

    do {
        *--p = (char) ('0' + value % 10);
        value /= 10;
    } while (value > 0);
    strbuf_append_bytes(s, p, (size_t) (digits + sizeof digits - p));
}

void
strbuf_append_int(struct strbuf *s, int64_t value)
{
    if (value < 0) {
        strbuf_append_char(s, '-');
        strbuf_append_uint(s, -(uint64_t) value);
    } else {
        strbuf_append_uint(s, (uint64_t) value);
    }
}

void
strbuf_printf(struct strbuf *s, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    strbuf_vprintf(s, fmt, args);
    va_end(args);
}

void
strbuf_vprintf(struct strbuf *s, const char *fmt, va_list args)
{
    char small[256];
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(small, sizeof small, fmt, args);
    if (UNLIKELY(len < 0)) {
        s->overflow = true;
    } else if ((size_t) len < sizeof small) {
        strbuf_append_bytes(s, small, (size_t) len);
    } else {
        autofree char *text = try_malloc((size_t) len + 1);
        if (text) {
            vsnprintf(text, (size_t) len + 1, fmt, again);
            strbuf_append_bytes(s, text, (size_t) len);
        } else {
            s->overflow = true;
        }
    }
    va_end(again);
}

void
strbuf_append_double(struct strbuf *s, double value, bool keep_point)
{
    char text[DOUBLE_TEXT_SIZE];

    strbuf_append(s, double_format(value, keep_point, text));
}

char *
strbuf_reserve(struct strbuf *s, size_t size)
{
    if (s->overflow || size > s->max_len - s->len) {
        s->overflow = true;
        return NULL;
    }
    if (size >= s->capacity - s->len && !strbuf_grow(s, s->len + size)) {
        return NULL;
    }
    return s->data + s->len;
}

void
strbuf_advance(struct strbuf *s, size_t size)
{
    if (size > 0) {
        CHECK(size < s->capacity - s->len, "%zu bytes", size);
        s->len += size;
        s->data[s->len] = '\0';
    }
}

void
strbuf_truncate(struct strbuf *s, size_t len)
{
    if (len < s->len) {
        s->len = len;
        s->data[len] = '\0';
    }
}

void
strbuf_clear(struct strbuf *s)
{
    strbuf_truncate(s, 0);
    s->overflow = false;
}

void
strbuf_consume(struct strbuf *s, size_t size)
{
    CHECK(size <= s->len, "%zu of %zu bytes", size, s->len);
    if (size > 0) {
        memmove(s->data, s->data + size, s->len - size + 1);
        s->len -= size;
    }
}

char *
strbuf_take(struct strbuf *s)
{
    char *text = s->capacity > 0 ? s->data : xstrdup("");

    strbuf_init(s, s->max_len);
    return text;
}
