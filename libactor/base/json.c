/* SPDX-License-Identifier: Apache-2.0
 *
 * json.c - JSON text, written straight into a strbuf.
 *
 * Strings are copied in runs of bytes that stand for themselves; eight at a
 * time are looked at, since most of what we print are ids.  What is whole and
 * short takes a path without calls, as long as there is room.
 *
 * Thread: that of the writer's owner. */
#include <config.h>

#include <actor/json.h>

#include <math.h>
#include <string.h>

#include <actor/strbuf.h>

#include "base/utf8.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGH_BITS (ONES * 0x80)

/* Where 'size' bytes can be written at once, or NULL.  (There is never more
 * room than the maximum allows.) */
static inline char *
room(const struct strbuf *out, size_t size)
{
    return out->capacity - out->len > size && !out->overflow
           ? out->data + out->len : NULL;
}

/* The bytes up to 'end' have been written there. */
static inline void
claim(struct strbuf *out, char *end)
{
    *end = '\0';
    out->len = (size_t) (end - out->data);
}

static inline void
put_char(struct strbuf *out, char c)
{
    char *p = room(out, 1);

    if (p) {
        *p = c;
        claim(out, p + 1);
    } else {
        strbuf_append_char(out, c);
    }
}

/* A comma, if something came before at this level. */
static inline void
separate(struct json_writer *w)
{
    if (w->needs_comma) {
        put_char(w->out, ',');
    }
    w->needs_comma = true;
}

static void
begin(struct json_writer *w, char c)
{
    separate(w);
    put_char(w->out, c);
    w->needs_comma = false;
}

static void
end(struct json_writer *w, char c)
{
    put_char(w->out, c);
    w->needs_comma = true;
}

void
json_object_begin(struct json_writer *w)
{
    begin(w, '{');
}

void
json_object_end(struct json_writer *w)
{
    end(w, '}');
}

void
json_array_begin(struct json_writer *w)
{
    begin(w, '[');
}

void
json_array_end(struct json_writer *w)
{
    end(w, ']');
}

/* --- strings --- */

/* Whether a byte of 'word' is below 0x20, above 0x7f, a quote or a
 * backslash. */
static inline bool
word_is_special(uint64_t word)
{
    uint64_t quote = word ^ (ONES * '"');
    uint64_t backslash = word ^ (ONES * '\\');

    return ((word - ONES * 0x20) | (quote - ONES) | (backslash - ONES) | word)
           & HIGH_BITS;
}

static inline bool
byte_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* How many bytes from 's' on need no escape. */
static size_t
plain_run(const char *s, size_t len)
{
    size_t i = 0;

    for (uint64_t word; i + sizeof word <= len; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        if (word_is_special(word)) {
            break;
        }
    }
    while (i < len && byte_is_plain((unsigned char) s[i])) {
        i++;
    }
    return i;
}

static void
put_escape(struct strbuf *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 0x0f] };

    for (size_t i = 0; i + 1 < sizeof names; i += 2) {
        if (c == (unsigned char) names[i]) {
            text[1] = names[i + 1];
            strbuf_append_bytes(out, text, 2);
            return;
        }
    }
    strbuf_append_bytes(out, text, sizeof text);
}

/* Bytes that do not stand for themselves, or only together; how many. */
static size_t
put_special(struct strbuf *out, const char *s, size_t len)
{
    bool valid;

    if ((unsigned char) s[0] < 0x80) {
        put_escape(out, (unsigned char) s[0]);
        return 1;
    }
    size_t n = utf8_sequence(s, len, &valid);
    if (valid) {
        strbuf_append_bytes(out, s, n);
    } else {
        strbuf_append(out, UTF8_REPLACEMENT);
    }
    return n;
}

static void
put_string(struct strbuf *out, const char *s, size_t len)
{
    size_t n = plain_run(s, len);
    char *p = room(out, n + 2);

    if (n == len && p) {
        *p = '"';
        memcpy(p + 1, s, len);
        p[len + 1] = '"';
        claim(out, p + len + 2);
        return;
    }
    put_char(out, '"');
    while (len > 0) {
        n = plain_run(s, len);
        strbuf_append_bytes(out, s, n);
        if (n < len) {
            n += put_special(out, s + n, len - n);
        }
        s += n;
        len -= n;
    }
    put_char(out, '"');
}

void
json_key(struct json_writer *w, const char *key)
{
    separate(w);
    put_string(w->out, key, strlen(key));
    put_char(w->out, ':');
    w->needs_comma = false;
}

void
json_string(struct json_writer *w, const char *s)
{
    if (s) {
        json_string_n(w, s, strlen(s));
    } else {
        json_null(w);
    }
}

void
json_string_n(struct json_writer *w, const char *s, size_t len)
{
    separate(w);
    put_string(w->out, s, len);
}

/* --- the rest --- */

void
json_int(struct json_writer *w, int64_t value)
{
    separate(w);
    strbuf_append_int(w->out, value);
}

void
json_uint(struct json_writer *w, uint64_t value)
{
    separate(w);
    strbuf_append_uint(w->out, value);
}

void
json_double(struct json_writer *w, double value)
{
    if (!isfinite(value)) {
        json_null(w);
        return;
    }
    separate(w);
    strbuf_append_double(w->out, value, true);
}

void
json_bool(struct json_writer *w, bool value)
{
    separate(w);
    strbuf_append(w->out, value ? "true" : "false");
}

void
json_null(struct json_writer *w)
{
    separate(w);
    strbuf_append(w->out, "null");
}

void
json_raw(struct json_writer *w, const char *text, size_t len)
{
    separate(w);
    strbuf_append_bytes(w->out, text, len);
}

void
json_member_string(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_string(w, value);
}

void
json_member_int(struct json_writer *w, const char *key, int64_t value)
{
    json_key(w, key);
    json_int(w, value);
}

void
json_member_uint(struct json_writer *w, const char *key, uint64_t value)
{
    json_key(w, key);
    json_uint(w, value);
}

void
json_member_double(struct json_writer *w, const char *key, double value)
{
    json_key(w, key);
    json_double(w, value);
}

void
json_member_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_bool(w, value);
}

void
json_member_empty_array(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_array_begin(w);
    json_array_end(w);
}
