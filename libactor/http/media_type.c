/* SPDX-License-Identifier: Apache-2.0
 *
 * media_type.c - what a body is, and what a client wants one to be.
 *
 * RFC 9110, sections 8.3.1 and 12.5.1. */
#include <config.h>

#include <string.h>
#include <strings.h>

#include <actor/http.h>

/* What a range of an Accept header says of a type. */
enum match { MATCH_NONE, MATCH_ANY, MATCH_TYPE, MATCH_EXACT };

static size_t
skip_blanks(const char *p)
{
    return strspn(p, " \t");
}

/* The length of "type/subtype" at 'p'. */
static size_t
name_length(const char *p)
{
    return strcspn(p, " \t;,");
}

static enum match
match(const char *range, size_t len, const char *type)
{
    size_t main_len = strcspn(type, "/");

    if (len == 3 && strncmp(range, "*/*", 3) == 0) {
        return MATCH_ANY;
    }
    if (len == strlen(type) && strncasecmp(range, type, len) == 0) {
        return MATCH_EXACT;
    }
    if (len == main_len + 2 && strncasecmp(range, type, main_len + 1) == 0
        && range[len - 1] == '*') {
        return MATCH_TYPE;
    }
    return MATCH_NONE;
}

/* Whether the parameters at 'p', up to the next comma, have a weight of 0. */
static bool
is_refused(const char *p)
{
    size_t len = strcspn(p, ",");

    for (const char *end = p + len; p < end; p++) {
        const char *value;

        if (*p != ';') {
            continue;
        }
        value = p + 1 + skip_blanks(p + 1);
        if (end - value > 2 && strncasecmp(value, "q=", 2) == 0
            && value[2] == '0') {
            value += 3;
            if (*value == '.') {
                value++;
            }
            value += strspn(value, "0");
            return !(*value >= '1' && *value <= '9');
        }
    }
    return false;
}

bool
http_media_type_is(const char *value, const char *type)
{
    size_t len;

    value += skip_blanks(value);
    len = name_length(value);
    return len == strlen(type) && strncasecmp(value, type, len) == 0;
}

bool
http_accepts_media_type(const char *accept, const char *type)
{
    enum match best = MATCH_NONE;
    bool is_accepted = false;
    const char *p = accept;

    if (!accept || accept[skip_blanks(accept)] == '\0') {
        return true;
    }
    while (*p) {
        size_t len;
        enum match now;

        p += skip_blanks(p);
        len = name_length(p);
        now = match(p, len, type);
        if (now > best) {
            best = now;
            is_accepted = !is_refused(p + len);
        }
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return is_accepted;
}
