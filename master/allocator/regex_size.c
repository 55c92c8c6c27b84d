/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_size.c - the syntax of regular expressions, and how many steps one
 * comes to.
 *
 * A scan with a stack of groups and no recursion.  What RE2 does not know, or
 * what its machine cannot do, is refused by name; other mistakes (an unknown
 * class) are left to the compiler.
 *
 * Thread: pure functions. */
#include <config.h>

#include "master/allocator/regex.h"

#include <stdbool.h>
#include <string.h>

#include <actor/error.h>

/* Nested deeper, as in RE2, an expression is refused; and so is a repetition
 * of more than so many times. */
#define NESTING_MAX 100
#define REPEAT_MAX 1000

struct scan {
    const char *pattern;
    const char *at;
    uint64_t max;

    /* Of the open groups, the expression itself first: steps so far, but for
     * the last atom, and that. */
    uint64_t done[NESTING_MAX + 1];
    uint64_t atom[NESTING_MAX + 1];
    size_t depth;
    bool can_repeat;            /* behind an atom */
};

static struct error *
refuse(const struct scan *s, const char *why, const char *part, size_t len)
{
    return error_create(ERROR_INVALID, "Failed to construct regex from "
                        "pattern '%s': %s: %.*s", s->pattern, why, (int) len,
                        part);
}

static uint64_t
sum(const struct scan *s, uint64_t a, uint64_t b)
{
    return a + b > s->max ? s->max + 1 : a + b;
}

static void
add_atom(struct scan *s, uint64_t steps)
{
    s->done[s->depth] = sum(s, s->done[s->depth], s->atom[s->depth]);
    s->atom[s->depth] = steps;
    s->can_repeat = true;
}

/* --- atoms --- */

/* A whole character of UTF-8: continuation bytes belong to it. */
static size_t
character_length(const char *at)
{
    size_t len = 1;

    while (((unsigned char) at[len] & 0xc0) == 0x80) {
        len++;
    }
    return len;
}

static struct error *
scan_escape(struct scan *s)
{
    const char *begin = s->at;
    char c = begin[1];

    if (c == '\0') {
        return refuse(s, "trailing \\ at end of expression", begin, 1);
    }
    if (strchr("123456789GgkKRXHNVZUuLlEXcCohve", c)) {
        return refuse(s, "invalid escape sequence", begin, 2);
    }
    if (c == 'Q') {
        return refuse(s, "quoting is not supported", begin, 2);
    }
    s->at += 1 + character_length(begin + 1);
    if (c == 'p' || c == 'P') {
        const char *end = *s->at == '{' ? strchr(s->at, '}') : s->at;

        if (!end || *end == '\0') {
            return refuse(s, "invalid character class range", begin, 2);
        }
        s->at = end + 1;
    } else if (c == 'x' && *s->at == '{') {
        const char *end = strchr(s->at, '}');

        if (!end) {
            return refuse(s, "invalid escape sequence", begin, 2);
        }
        s->at = end + 1;
    } else if (c == 'x') {
        for (int i = 0; i < 2; i++) {
            if (!*s->at || !strchr("0123456789abcdefABCDEF", *s->at)) {
                return refuse(s, "invalid escape sequence", begin, 2);
            }
            s->at++;
        }
    }
    add_atom(s, 1);
    return NULL;
}

static struct error *
scan_class(struct scan *s)
{
    const char *begin = s->at++;

    s->at += *s->at == '^';
    s->at += *s->at == ']';
    while (*s->at != ']') {
        if (*s->at == '\0') {
            return refuse(s, "missing ]", begin, strlen(begin));
        }
        if (s->at[0] == '[' && s->at[1] == ':') {
            const char *end = strstr(s->at + 2, ":]");

            s->at = end ? end + 2 : s->at + 1;
        } else if (*s->at == '\\' && s->at[1] != '\0') {
            if (strchr("GgkKRXHNVZUuLlEQcCob", s->at[1])) {
                return refuse(s, "invalid escape sequence", s->at, 2);
            }
            s->at += 2;
        } else {
            s->at++;
        }
    }
    s->at++;
    add_atom(s, 1);
    return NULL;
}

/* "(?" and what follows: names, flags and plain groups only. */
static struct error *
scan_group_kind(struct scan *s)
{
    const char *begin = s->at;
    const char *at = begin + 2;

    if (*at == 'P' && at[1] == '<') {
        at = strchr(at, '>');
        if (!at) {
            return refuse(s, "invalid named capture group", begin,
                          strlen(begin));
        }
        s->at = at + 1;
        return NULL;
    }
    at += strspn(at, "imsU-");
    if (*at == ':') {
        s->at = at + 1;
        return NULL;
    }
    if (*at == ')' && at > begin + 2) {
        s->at = at;             /* flags for the rest: an empty group */
        return NULL;
    }
    return refuse(s, "invalid perl operator", begin,
                  *at ? (size_t) (at - begin) + 1 : (size_t) (at - begin));
}

static struct error *
open_group(struct scan *s)
{
    if (s->depth == NESTING_MAX) {
        return refuse(s, "expression nests too deeply", s->at, 1);
    }
    if (s->at[1] == '*') {
        return refuse(s, "no argument for repetition operator", s->at + 1, 1);
    }
    if (s->at[1] == '?') {
        struct error *error = scan_group_kind(s);

        if (error) {
            return error;
        }
    } else {
        s->at++;
    }
    add_atom(s, 0);
    s->depth++;
    s->done[s->depth] = s->atom[s->depth] = 0;
    s->can_repeat = false;
    return NULL;
}

static struct error *
close_group(struct scan *s)
{
    uint64_t inside;

    if (s->depth == 0) {
        return refuse(s, "unexpected )", s->pattern, strlen(s->pattern));
    }
    inside = sum(s, s->done[s->depth], s->atom[s->depth]);
    s->depth--;
    s->at++;
    s->atom[s->depth] = sum(s, inside, 2);      /* what it captures */
    s->can_repeat = true;
    return NULL;
}

/* --- repetitions --- */

/* "{n}", "{n,}" or "{n,m}"; anything else in braces is taken as it is. */
static bool
parse_bounds(const char *at, uint64_t *low, uint64_t *high, const char **end)
{
    uint64_t numbers[2] = { 0, 0 };
    bool has_comma = false;
    size_t digits = 0;

    for (at++; *at && *at != '}'; at++) {
        if (*at == ',' && !has_comma && digits > 0) {
            has_comma = true;
            digits = 0;
        } else if (*at >= '0' && *at <= '9' && digits < 6) {
            numbers[has_comma] = numbers[has_comma] * 10
                                 + (uint64_t) (*at - '0');
            digits++;
        } else {
            return false;
        }
    }
    if (*at != '}' || (digits == 0 && !has_comma)) {
        return false;
    }
    *low = numbers[0];
    *high = !has_comma ? numbers[0] : digits > 0 ? numbers[1] : UINT64_MAX;
    *end = at + 1;
    return true;
}

static struct error *
end_repetition(struct scan *s, const char *begin)
{
    s->at += *s->at == '?';
    if (*s->at == '+' || *s->at == '*' || *s->at == '?') {
        return refuse(s, "bad repetition operator", begin,
                      (size_t) (s->at - begin) + 1);
    }
    s->can_repeat = false;
    return NULL;
}

static struct error *
scan_bounds(struct scan *s)
{
    const char *begin = s->at;
    const char *end;
    uint64_t low, high, times;

    if (!parse_bounds(begin, &low, &high, &end)) {
        s->at++;
        add_atom(s, 1);
        return NULL;
    }
    if (!s->can_repeat) {
        return refuse(s, "no argument for repetition operator", begin,
                      (size_t) (end - begin));
    }
    if (low > REPEAT_MAX || (high != UINT64_MAX && high > REPEAT_MAX)
        || low > high) {
        return refuse(s, "invalid repetition size", begin,
                      (size_t) (end - begin));
    }
    times = high == UINT64_MAX ? low + 1 : high;
    s->atom[s->depth] = s->atom[s->depth] > s->max / (times + 1)
        ? s->max + 1
        : sum(s, s->atom[s->depth] * times,
              high == UINT64_MAX ? 1 : high - low);
    s->at = end;
    return end_repetition(s, begin);
}

static struct error *
scan_operator(struct scan *s)
{
    const char *begin = s->at;

    if (!s->can_repeat) {
        return refuse(s, "no argument for repetition operator", begin, 1);
    }
    s->at++;
    s->atom[s->depth] = sum(s, s->atom[s->depth], 1);
    return end_repetition(s, begin);
}

static struct error *
scan_one(struct scan *s)
{
    switch (*s->at) {
    case '\\':
        return scan_escape(s);
    case '[':
        return scan_class(s);
    case '(':
        return open_group(s);
    case ')':
        return close_group(s);
    case '{':
        return scan_bounds(s);
    case '*':
    case '+':
    case '?':
        return scan_operator(s);
    case '|':
        add_atom(s, 1);
        s->can_repeat = false;
        s->at++;
        return NULL;
    default:
        s->at += character_length(s->at);
        add_atom(s, 1);
        return NULL;
    }
}

struct error *
regex_program_size(const char *pattern, uint64_t max, uint64_t *ret)
{
    struct scan s = { .pattern = pattern, .at = pattern, .max = max };

    while (*s.at != '\0') {
        struct error *error = scan_one(&s);

        if (error) {
            return error;
        }
    }
    if (s.depth > 0) {
        return refuse(&s, "missing )", pattern, strlen(pattern));
    }
    *ret = sum(&s, sum(&s, s.done[0], s.atom[0]), 2);   /* begin and end */
    return NULL;
}
