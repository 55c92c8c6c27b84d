/* SPDX-License-Identifier: Apache-2.0
 *
 * duration.c - spans of time and amounts of bytes, as stout writes them
 * (duration.hpp, bytes.hpp).
 *
 * Everything is integer arithmetic, so what is printed with few digits reads
 * back as the same number.
 *
 * Thread: any. */
#include <config.h>

#include <actor/duration.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <actor/error.h>
#include <actor/strbuf.h>

/* stout prints doubles with that many significant digits. */
#define SIGNIFICANT_DIGITS 15

/* Decimals that are read; more make no difference to a week in nanoseconds. */
#define MAX_DECIMALS 18

struct unit {
    const char *name;
    uint64_t size;
};

/* Largest first. */
static const struct unit time_units[] = {
    { "weeks", WEEK },      { "days", DAY },
    { "hrs", HOUR },        { "mins", MINUTE },
    { "secs", SECOND },     { "ms", MILLISECOND },
    { "us", MICROSECOND },  { "ns", NANOSECOND },
};

static const struct unit byte_units[] = {
    { "TB", UINT64_C(1) << 40 }, { "GB", UINT64_C(1) << 30 },
    { "MB", UINT64_C(1) << 20 }, { "KB", UINT64_C(1) << 10 },
    { "B", 1 },
};

/* "whole.fraction" as it stands in the text. */
struct number {
    uint64_t whole;
    uint64_t fraction;          /* in units of 1 / scale */
    uint64_t scale;
    size_t len;                 /* bytes of text */
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits from the start of 's'.  False if there are none or the whole
 * part is too large. */
static bool
number_parse(const char *s, struct number *n)
{
    const char *p = s;
    size_t n_digits = 0;

    *n = (struct number) { .scale = 1 };
    for (; is_digit(*p); p++, n_digits++) {
        if (__builtin_mul_overflow(n->whole, 10, &n->whole)
            || __builtin_add_overflow(n->whole, (uint64_t) (*p - '0'),
                                      &n->whole)) {
            return false;
        }
    }
    if (*p == '.') {
        p++;
        for (int i = 0; is_digit(*p); p++, n_digits++, i++) {
            if (i < MAX_DECIMALS) {
                n->fraction = n->fraction * 10 + (uint64_t) (*p - '0');
                n->scale *= 10;
            }
        }
    }
    n->len = (size_t) (p - s);
    return n_digits > 0;
}

/* The number times 'unit', rounded; false when that is above 'max'. */
static bool
number_scale(const struct number *n, uint64_t unit, uint64_t max,
             uint64_t *ret)
{
    unsigned __int128 total = (unsigned __int128) n->whole * unit;

    total += ((unsigned __int128) n->fraction * unit + n->scale / 2)
             / n->scale;
    if (total > max) {
        return false;
    }
    *ret = (uint64_t) total;
    return true;
}

struct error *
duration_parse(const char *text, int64_t *ret_ns)
{
    struct number n;
    uint64_t ns;

    if (!number_parse(text, &n) || text[n.len] == '\0') {
        return error_create(ERROR_PARSE, "Invalid duration '%.64s'", text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
        if (!strcmp(text + n.len, time_units[i].name)) {
            if (!number_scale(&n, time_units[i].size, INT64_MAX, &ns)) {
                return error_create(ERROR_PARSE,
                                    "Duration '%.64s' is too long", text);
            }
            *ret_ns = (int64_t) ns;
            return NULL;
        }
    }
    return error_create(ERROR_PARSE,
                        "Unknown duration unit '%.64s'; supported units are "
                        "'ns', 'us', 'ms', 'secs', 'mins', 'hrs', 'days', and "
                        "'weeks'", text + n.len);
}

/* stout takes the largest unit that is not above the span, or the next smaller
 * one when only that gives a whole number: 75secs, but 1.25000001mins. */
static const struct unit *
time_unit_for(uint64_t ns)
{
    size_t i = 0;

    while (i + 1 < ARRAY_SIZE(time_units) && ns < time_units[i].size) {
        i++;
    }
    if (i + 1 < ARRAY_SIZE(time_units) && ns % time_units[i].size != 0
        && ns % time_units[i + 1].size == 0) {
        i++;
    }
    return &time_units[i];
}

/* Writes 'amount' / 'unit' in decimal; returns the end. */
static char *
put_quotient(char *p, uint64_t amount, uint64_t unit)
{
    char decimals[SIGNIFICANT_DIGITS + 1];
    uint64_t whole = amount / unit;
    uint64_t scale = 1;
    int n_decimals = SIGNIFICANT_DIGITS;

    for (uint64_t w = whole; w > 0 && n_decimals > 0; w /= 10) {
        n_decimals--;
    }
    for (int i = 0; i < n_decimals; i++) {
        scale *= 10;
    }
    uint64_t fraction = (uint64_t) (((unsigned __int128) (amount % unit)
                                     * scale + unit / 2) / unit);
    if (fraction >= scale) {
        fraction -= scale;
        whole++;
    }
    for (int i = n_decimals - 1; i >= 0; i--, fraction /= 10) {
        decimals[i] = (char) ('0' + fraction % 10);
    }
    while (n_decimals > 0 && decimals[n_decimals - 1] == '0') {
        n_decimals--;
    }
    p += snprintf(p, 21, "%llu", (unsigned long long) whole);
    if (n_decimals > 0) {
        *p++ = '.';
        memcpy(p, decimals, (size_t) n_decimals);
        p += n_decimals;
    }
    return p;
}

const char *
duration_text(int64_t ns, char buffer[DURATION_TEXT_SIZE])
{
    uint64_t amount = ns < 0 ? -(uint64_t) ns : (uint64_t) ns;
    const struct unit *unit = time_unit_for(amount);
    char *p = buffer;

    if (ns < 0) {
        *p++ = '-';
    }
    p = put_quotient(p, amount, unit->size);
    memcpy(p, unit->name, strlen(unit->name) + 1);
    return buffer;
}

void
duration_format(struct strbuf *out, int64_t ns)
{
    strbuf_append(out, DURATION_TEXT(ns));
}

double
duration_to_seconds(int64_t ns)
{
    return (double) ns / (double) SECOND;
}

int64_t
duration_from_seconds(double seconds)
{
    double ns = seconds * (double) SECOND;

    if (isnan(ns)) {
        return 0;
    }
    if (ns >= 0x1p63) {
        return INT64_MAX;
    }
    return ns <= -0x1p63 ? INT64_MIN : (int64_t) llrint(ns);
}

struct error *
bytes_parse(const char *text, uint64_t *ret_bytes)
{
    struct number n;

    if (!number_parse(text, &n) || text[n.len] == '\0') {
        return error_create(ERROR_PARSE, "Invalid bytes '%.64s'", text);
    }
    if (memchr(text, '.', n.len)) {
        return error_create(ERROR_PARSE, "Fractional bytes '%.64s'", text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(byte_units); i++) {
        if (!strcasecmp(text + n.len, byte_units[i].name)) {
            if (!number_scale(&n, byte_units[i].size, UINT64_MAX,
                              ret_bytes)) {
                return error_create(ERROR_PARSE, "'%.64s' are too many bytes",
                                    text);
            }
            return NULL;
        }
    }
    return error_create(ERROR_PARSE, "Unknown bytes unit '%.64s'",
                        text + n.len);
}

void
bytes_format(struct strbuf *out, uint64_t bytes)
{
    size_t i = 0;

    while (i + 1 < ARRAY_SIZE(byte_units)
           && (bytes == 0 || bytes % byte_units[i].size != 0)) {
        i++;
    }
    strbuf_append_uint(out, bytes / byte_units[i].size);
    strbuf_append(out, byte_units[i].name);
}
