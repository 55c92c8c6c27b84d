/* SPDX-License-Identifier: Apache-2.0
 *
 * double.c - the shortest decimal text of a double, and back.
 *
 * Two decimals of at most 15 significant digits never read back as the same
 * double, so a text of that length that does read back is the shortest one
 * (with its trailing zeros off).  Whole numbers and thousandths, which is what
 * resources and metrics are, need no conversion by the C library; it does the
 * others, at 15, 16 and 17 digits, under the "C" locale.
 *
 * Thread: any. */
#include <config.h>

#include <actor/double.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/log.h>

#define MAX_DIGITS 17
#define EXACT_DIGITS 15         /* that many always survive a round trip */

/* 0.d1d2d3... times ten to the power of 'point'. */
struct decimal {
    char digits[24];            /* not NUL-terminated */
    int n_digits;               /* no trailing zeros; 0: the value is zero */
    int point;
};

static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static locale_t c_locale;

static void
c_locale_create(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
    CHECK(c_locale, "no \"C\" locale");
}

static locale_t
c_locale_get(void)
{
    pthread_once(&c_locale_once, c_locale_create);
    return c_locale;
}

/* Drops the zeros at the end. */
static void
decimal_trim(struct decimal *d)
{
    while (d->n_digits > 0 && d->digits[d->n_digits - 1] == '0') {
        d->n_digits--;
    }
}

/* The decimal number 'n' / 10^'n_decimals'. */
static void
decimal_from_uint(struct decimal *d, uint64_t n, int n_decimals)
{
    char reversed[20];
    int len = 0;

    for (; n > 0; n /= 10) {
        reversed[len++] = (char) ('0' + n % 10);
    }
    for (int i = 0; i < len; i++) {
        d->digits[i] = reversed[len - 1 - i];
    }
    d->n_digits = len;
    d->point = len - n_decimals;
    decimal_trim(d);
}

/* Whether 'value' (finite, >= 0) is a whole number of units of 10^-n_decimals
 * with no more digits than always survive. */
static bool
decimal_from_small(struct decimal *d, double value)
{
    static const struct {
        double scale;
        int n_decimals;
    } tries[] = { { 1, 0 }, { 1e3, 3 }, { 1e6, 6 } };

    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        double scaled = value * tries[i].scale;
        if (scaled >= 1e15) {
            return false;
        }
        uint64_t n = (uint64_t) (scaled + 0.5);
        /* Division rounds correctly: equal means that it reads back. */
        if ((double) n / tries[i].scale == value) {
            decimal_from_uint(d, n, tries[i].n_decimals);
            return true;
        }
    }
    return false;
}

/* Rounds 'value' to 'n_digits' significant digits. */
static void
decimal_round(struct decimal *d, double value, int n_digits)
{
    char text[40];
    char *p = text;
    locale_t old = uselocale(c_locale_get());

    snprintf(text, sizeof text, "%.*e", n_digits - 1, value);
    uselocale(old);
    for (d->n_digits = 0; *p != 'e'; p++) {
        if (*p != '.') {
            d->digits[d->n_digits++] = *p;
        }
    }
    d->point = (int) strtol(p + 1, NULL, 10) + 1;
    decimal_trim(d);
}

static double
decimal_value(const struct decimal *d)
{
    char text[40];

    snprintf(text, sizeof text, "0.%.*se%d", d->n_digits, d->digits, d->point);
    return strtod_l(text, NULL, c_locale_get());
}

/* The next decimal up of 'n_digits' digits. */
static void
decimal_step_up(struct decimal *d, int n_digits)
{
    while (d->n_digits < n_digits) {
        d->digits[d->n_digits++] = '0';
    }
    while (d->n_digits > 0 && d->digits[d->n_digits - 1] == '9') {
        d->n_digits--;
    }
    if (d->n_digits == 0) {
        d->digits[d->n_digits++] = '1';
        d->point++;
    } else {
        d->digits[d->n_digits - 1]++;
    }
}

/* 'value' is finite and above zero. */
static void
decimal_shortest(struct decimal *d, double value)
{
    /* Below the normal range there are fewer digits to keep. */
    int n_digits = value < DBL_MIN ? 1 : EXACT_DIGITS;

    for (; n_digits < MAX_DIGITS; n_digits++) {
        decimal_round(d, value, n_digits);
        if (decimal_value(d) == value) {
            return;
        }
        /* At a power of two the neighbour below is nearer than the one above:
         * the decimal above may read back where the nearest, below, does
         * not. */
        if (n_digits > EXACT_DIGITS) {
            decimal_step_up(d, n_digits);
            if (decimal_value(d) == value) {
                return;
            }
        }
    }
    decimal_round(d, value, MAX_DIGITS);
}

static char *
put_digits(char *p, const struct decimal *d, int from, int to)
{
    for (int i = from; i < to; i++) {
        *p++ = i < d->n_digits ? d->digits[i] : '0';
    }
    return p;
}

static char *
put_plain(char *p, const struct decimal *d, bool keep_point)
{
    if (d->point > 0) {
        p = put_digits(p, d, 0, d->point);
    } else {
        *p++ = '0';
    }
    if (d->n_digits > d->point) {
        *p++ = '.';
        for (int i = d->point; i < 0; i++) {
            *p++ = '0';
        }
        p = put_digits(p, d, d->point > 0 ? d->point : 0, d->n_digits);
    } else if (keep_point) {
        *p++ = '.';
        *p++ = '0';
    }
    return p;
}

static char *
put_scientific(char *p, const struct decimal *d)
{
    *p++ = d->digits[0];
    if (d->n_digits > 1) {
        *p++ = '.';
        p = put_digits(p, d, 1, d->n_digits);
    }
    return p + snprintf(p, 8, "e%d", d->point - 1);
}

const char *
double_format(double value, bool keep_point, char buffer[DOUBLE_TEXT_SIZE])
{
    char *p = buffer;
    struct decimal d = { .point = 1 };

    if (isnan(value)) {
        return memcpy(buffer, "nan", sizeof "nan");
    }
    if (signbit(value)) {
        *p++ = '-';
        value = -value;
    }
    if (isinf(value)) {
        memcpy(p, "inf", sizeof "inf");
        return buffer;
    }
    if (value > 0 && !decimal_from_small(&d, value)) {
        decimal_shortest(&d, value);
    }
    if (value == 0) {
        d.point = 0;
    }
    p = d.point > 21 || d.point < -5 ? put_scientific(p, &d)
                                     : put_plain(p, &d, keep_point);
    *p = '\0';
    return buffer;
}

/* Passes over decimal digits; returns how many. */
static size_t
skip_digits(const char *s, size_t len, size_t *i)
{
    size_t start = *i;

    while (*i < len && s[*i] >= '0' && s[*i] <= '9') {
        ++*i;
    }
    return *i - start;
}

static bool
is_number(const char *s, size_t len)
{
    size_t i = len > 0 && (s[0] == '-' || s[0] == '+');
    size_t n_digits = skip_digits(s, len, &i);

    if (i < len && s[i] == '.') {
        i++;
        n_digits += skip_digits(s, len, &i);
    }
    if (n_digits > 0 && i < len && (s[i] == 'e' || s[i] == 'E')) {
        i++;
        i += i < len && (s[i] == '-' || s[i] == '+');
        n_digits = skip_digits(s, len, &i);
    }
    return n_digits > 0 && i == len;
}

bool
double_parse(const char *s, size_t len, double *ret)
{
    char small[64];

    if (!is_number(s, len)) {
        return false;
    }
    char *text = len < sizeof small ? small : malloc(len + 1);
    if (!text) {
        return false;
    }
    memcpy(text, s, len);
    text[len] = '\0';
    double value = strtod_l(text, NULL, c_locale_get());
    if (text != small) {
        free(text);
    }
    if (isinf(value)) {
        return false;
    }
    *ret = value;
    return true;
}
