/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern.c - the paths of routes; see pattern.h.  Thread: any. */
#include <config.h>

#include "http/pattern.h"

#include <string.h>

#include <actor/alloc.h>
#include "http/target.h"

/* --- of patterns --- */

static bool
segment_is_valid(const char *segment, size_t len)
{
    if (len == 0) {
        return false;
    }
    bool is_parameter = segment[0] == '{';

    if (is_parameter && (len < 3 || segment[len - 1] != '}')) {
        return false;
    }
    for (size_t i = is_parameter; i < len - is_parameter; i++) {
        if (segment[i] == '{' || segment[i] == '}') {
            return false;
        }
    }
    return true;
}

bool
http_pattern_is_valid(const char *pattern)
{
    if (strcmp(pattern, "") == 0 || strcmp(pattern, "/") == 0) {
        return true;
    }
    while (*pattern == '/') {
        size_t len = strcspn(pattern + 1, "/");

        if (!segment_is_valid(pattern + 1, len)) {
            return false;
        }
        pattern += 1 + len;
    }
    return *pattern == '\0';
}

static size_t
n_segments(const char *pattern)
{
    size_t n = 0;

    for (const char *p = pattern; *p; p++) {
        n += p[0] == '/' && p[1] != '\0';
    }
    return n;
}

int
http_pattern_compare(const char *a, const char *b)
{
    size_t n_a = n_segments(a), n_b = n_segments(b);

    if (n_a != n_b) {
        return n_a > n_b ? -1 : 1;
    }
    while (*a == '/' && *b == '/') {
        size_t len_a = strcspn(++a, "/"), len_b = strcspn(++b, "/");
        bool any_a = *a == '{', any_b = *b == '{';

        if (any_a != any_b) {
            return any_a ? 1 : -1;
        }
        if (!any_a && (len_a != len_b || memcmp(a, b, len_a) != 0)) {
            return strcmp(a, b);
        }
        a += len_a;
        b += len_b;
    }
    return strcmp(a, b);        /* "" and "/" */
}

/* --- of paths --- */

static size_t
segment_len(const char *at, const char *end)
{
    const char *slash = memchr(at, '/', (size_t) (end - at));

    return (size_t) ((slash ? slash : end) - at);
}

/* The segment after the one of 'len' bytes at 'at'; NULL: that was the
 * last. */
static const char *
next_segment(const char *at, size_t len, const char *end)
{
    return at + len < end ? at + len + 1 : NULL;
}

static bool
segment_matches(const char *pattern, size_t pattern_len, const char *at,
                size_t len)
{
    const char *end = at + len;

    if (pattern[0] == '{') {
        return len > 0;
    }
    for (size_t i = 0; i < pattern_len; i++) {
        if (at == end
            || http_decode_char(&at) != (unsigned char) pattern[i]) {
            return false;
        }
    }
    return at == end;
}

const char *
http_pattern_match(const char *pattern, const char *at, const char *end)
{
    if (at == end) {
        return *pattern == '\0' ? end : NULL;
    }
    if (*pattern == '\0') {
        return NULL;
    }
    while (pattern[0] == '/' && pattern[1] != '\0') {
        size_t pattern_len = strcspn(++pattern, "/");
        size_t len = at ? segment_len(at, end) : 0;

        if (!at || !segment_matches(pattern, pattern_len, at, len)) {
            return NULL;
        }
        at = next_segment(at, len, end);
        pattern += pattern_len;
    }
    return at ? at : end;
}

static char *
decode_segment(const char *at, size_t len)
{
    char *text = xstrndup(at, len);

    http_decode(text, false);
    return text;
}

char *
http_pattern_argument(const char *pattern, const char *name, const char *at,
                      const char *end)
{
    size_t name_len = strlen(name);

    while (*pattern == '/' && at) {
        size_t pattern_len = strcspn(++pattern, "/");
        size_t len = segment_len(at, end);

        if (pattern[0] == '{' && pattern_len == name_len + 2
            && memcmp(pattern + 1, name, name_len) == 0) {
            return decode_segment(at, len);
        }
        at = next_segment(at, len, end);
        pattern += pattern_len;
    }
    return NULL;
}
