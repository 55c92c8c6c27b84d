/* SPDX-License-Identifier: Apache-2.0
 *
 * strbuf.h - a growing string that is born with its greatest length.
 *
 * Appending past the maximum does not fail at once: the bytes that do not fit
 * are left out, so is all that is appended afterwards, and 'overflow' stays
 * set until strbuf_clear(): a writer checks once, at the end.  The same
 * happens when there is no memory for a large block.  'data' is always
 * NUL-terminated.
 *
 * Thread-safety: one thread at a time. */
#ifndef ACTOR_STRBUF_H
#define ACTOR_STRBUF_H 1

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct strbuf {
    char *data;                 /* owned; NUL-terminated, "" when empty */
    size_t len;                 /* bytes without the NUL */
    size_t capacity;            /* bytes allocated; 0: 'data' is a literal */
    size_t max_len;             /* never longer than this */
    bool overflow;              /* something was left out */
};

/* Use as 'autofini(strbuf) s = STRBUF(1024);'. */
#define STRBUF(MAX_LEN) \
    { .data = (char *) "", .max_len = (MAX_LEN) }

/* No limit but memory itself; for text made of our own data only. */
#define STRBUF_UNLIMITED SIZE_MAX

void strbuf_init(struct strbuf *, size_t max_len);
void strbuf_fini(struct strbuf *);

void strbuf_append(struct strbuf *, const char *);
void strbuf_append_char(struct strbuf *, char);
void strbuf_append_bytes(struct strbuf *, const void *, size_t size);
void strbuf_printf(struct strbuf *, const char *fmt, ...) PRINTF_FORMAT(2, 3);
void strbuf_vprintf(struct strbuf *, const char *fmt, va_list)
    PRINTF_FORMAT(2, 0);

/* In decimal. */
void strbuf_append_int(struct strbuf *, int64_t);
void strbuf_append_uint(struct strbuf *, uint64_t);

/* The shortest decimal text that reads back as 'value', whatever the locale;
 * never with an exponent between 1e-6 and 1e21.  A whole number has ".0" only
 * if 'keep_point'.  Infinities and NaN: "inf", "-inf", "nan". */
void strbuf_append_double(struct strbuf *, double value, bool keep_point);

/* Room for 'size' more bytes, for the caller to fill and then to claim with
 * strbuf_advance().  NULL (and 'overflow') when the maximum forbids it. */
char *strbuf_reserve(struct strbuf *, size_t size);
void strbuf_advance(struct strbuf *, size_t size);

void strbuf_truncate(struct strbuf *, size_t len);
void strbuf_clear(struct strbuf *);

/* Drops the first 'size' bytes. */
void strbuf_consume(struct strbuf *, size_t size);

/* The string, now the caller's to free(); the strbuf is empty afterwards. */
char *strbuf_take(struct strbuf *);

#endif /* ACTOR_STRBUF_H */
