/* SPDX-License-Identifier: Apache-2.0
 *
 * double.c - the shortest decimal text of a double, and back.
 *
 * Two decimals of at most 15 significant digits never read back as the same
 * double, so a text of that length that does read back is the shortest one
 * (with its trailing zeros off); otherwise 16 digits may do, and 17 always do.
 * Whole numbers and thousandths, which is what resources are, are found by a
 * division.  Other numbers of everyday size fit 128-bit integers, where the
 * decimals that read back as a given double are an interval.  The C library
 * does the rest, under the "C" locale.
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

/* Whether 'value' (finite, >= 0) is a whole number, or one of thousandths,
 * with no more digits than always survive. */
static bool
decimal_from_small(struct decimal *d, double value)
{
    static const struct {
        double scale;
        int n_decimals;
    } tries[] = { { 1, 0 }, { 1e3, 3 } };

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

/* A double times a power of ten, as a fraction; decimals that read back as the
 * double lie between 'low' and 'high', these included if 'is_closed'. */
struct scaled {
    unsigned __int128 value;    /* over 2^shift, as the two that follow */
    unsigned __int128 low;
    unsigned __int128 high;
    int shift;
    bool is_closed;
};

/* 'value' times 10^k; 0 <= k <= 21 and 2^-69 <= ulp(value) <= 1. */
static struct scaled
scale_up(double value, int k)
{
    uint64_t power[2] = { 1, 1 };
    int exponent;
    uint64_t mantissa = (uint64_t) ldexp(frexp(value, &exponent), 53);

    for (int i = 0; i < k; i++) {
        power[i % 2] *= 10;
    }
    unsigned __int128 ten_k = (unsigned __int128) power[0] * power[1];
    /* In quarters of the last bit; below a power of two it is half as far to
     * the next double. */
    bool is_power = mantissa == UINT64_C(1) << 52;
    return (struct scaled) {
        .value = ten_k * (4 * mantissa),
        .low = ten_k * (4 * mantissa - (is_power ? 1 : 2)),
        .high = ten_k * (4 * mantissa + 2),
        .shift = 53 + 2 - exponent,
        .is_closed = mantissa % 2 == 0,     /* ties go to even */
    };
}

static bool
scaled_has(const struct scaled *s, uint64_t n)
{
    unsigned __int128 x = (unsigned __int128) n << s->shift;

    return s->is_closed ? x >= s->low && x <= s->high
                        : x > s->low && x < s->high;
}

/* The multiple of 'unit' that is nearest to the value, whose whole part is
 * 'n', if it reads back; else the one on the other side; else 0. */
static uint64_t
scaled_round(const struct scaled *s, uint64_t n, uint64_t unit)
{
    uint64_t down = n - n % unit;
    uint64_t up = down + unit;
    unsigned __int128 twice
        = 2 * (s->value - ((unsigned __int128) down << s->shift));
    unsigned __int128 whole = (unsigned __int128) unit << s->shift;
    bool is_up = twice > whole || (twice == whole && down / unit % 2 == 1);
    uint64_t near = is_up ? up : down;
    uint64_t far = is_up ? down : up;

    return scaled_has(s, near) ? near : scaled_has(s, far) ? far : 0;
}

/* As decimal_shortest(), for numbers that fit; false for others. */
static bool
decimal_from_scaled(struct decimal *d, double value)
{
    static const uint64_t units[] = { 100, 10, 1 };
    int exponent;

    if (!(value >= 1e-4 && value < 0x1p52)) {
        return false;
    }
    /* 16 + 1 digits before the point; one too many or too few by estimate. */
    frexp(value, &exponent);
    int k = 16 - (int) floor((exponent - 1) * 0.30102999566398120);
    struct scaled s = scale_up(value, k);
    uint64_t n = (uint64_t) (s.value >> s.shift);
    if (n >= UINT64_C(100000000000000000)) {
        s = scale_up(value, --k);
        n = (uint64_t) (s.value >> s.shift);
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        uint64_t rounded = scaled_round(&s, n, units[i]);
        if (rounded > 0) {
            decimal_from_uint(d, rounded, k);
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
    if (value > 0 && !decimal_from_small(&d, value)
        && !decimal_from_scaled(&d, value)) {
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
