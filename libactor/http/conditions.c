/* SPDX-License-Identifier: Apache-2.0
 *
 * conditions.c - conditional and partial requests; see conditions.h.
 * Thread: any. */
#include <config.h>

#include "http/conditions.h"

#include <string.h>
#include <strings.h>

#include "http/date.h"
#include "http/head.h"

/* --- entity tags --- */

static bool
is_weak(const char *etag)
{
    return strncmp(etag, "W/", 2) == 0;
}

static const char *
skip_blanks(const char *p)
{
    return p + strspn(p, " \t,");
}

/* The length of the entity tag at 'p'; 0: there is none. */
static size_t
etag_len(const char *p)
{
    size_t prefix = is_weak(p) ? 2 : 0;

    if (p[prefix] != '"') {
        return 0;
    }
    const char *end = strchr(p + prefix + 1, '"');

    return end ? (size_t) (end + 1 - p) : 0;
}

static bool
etag_equal(const char *a, size_t len, const char *b, bool strongly)
{
    if (strongly) {
        return !is_weak(a) && len == strlen(b) && memcmp(a, b, len) == 0;
    }
    size_t skip_a = is_weak(a) ? 2 : 0, skip_b = is_weak(b) ? 2 : 0;

    return len - skip_a == strlen(b) - skip_b
        && memcmp(a + skip_a, b + skip_b, len - skip_a) == 0;
}

/* True if 'etag' is in 'list', "*" or one or more tags with commas. */
static bool
list_has(const char *list, const char *etag, bool strongly)
{
    if (strcmp(list, "*") == 0) {
        return true;
    }
    for (const char *p = skip_blanks(list); *p; p = skip_blanks(p)) {
        size_t len = etag_len(p);

        if (len == 0) {
            return false;
        }
        if (etag_equal(p, len, etag, strongly)) {
            return true;
        }
        p += len;
    }
    return false;
}

/* --- ranges --- */

/* A decimal number at '*p', which is moved behind it; false: there is none, or
 * it is larger than any file. */
static bool
take_number(const char **p, uint64_t *ret)
{
    const char *start = *p;
    uint64_t value = 0;

    for (; **p >= '0' && **p <= '9'; (*p)++) {
        if (value > UINT64_MAX / 10 - 1) {
            return false;
        }
        value = value * 10 + (uint64_t) (**p - '0');
    }
    *ret = value;
    return *p > start;
}

static enum http_range
parse_suffix(const char *p, uint64_t size, uint64_t *ret_first,
             uint64_t *ret_length)
{
    uint64_t n;

    if (!take_number(&p, &n) || *p != '\0') {
        return HTTP_RANGE_NONE;
    }
    n = n < size ? n : size;
    if (n == 0) {
        return HTTP_RANGE_UNSATISFIABLE;
    }
    *ret_first = size - n;
    *ret_length = n;
    return HTTP_RANGE_ONE;
}

enum http_range
http_range_parse(const char *text, uint64_t size, uint64_t *ret_first,
                 uint64_t *ret_length)
{
    uint64_t first, last = UINT64_MAX;

    if (strncasecmp(text, "bytes=", 6) != 0) {
        return HTTP_RANGE_NONE;
    }
    const char *p = text + 6 + strspn(text + 6, " \t");
    if (*p == '-') {
        return parse_suffix(p + 1, size, ret_first, ret_length);
    }
    if (!take_number(&p, &first) || *p++ != '-'
        || (*p != '\0' && !take_number(&p, &last)) || *p != '\0'
        || last < first) {
        return HTTP_RANGE_NONE;
    }
    if (first >= size) {
        return HTTP_RANGE_UNSATISFIABLE;
    }
    last = last < size ? last : size - 1;
    *ret_first = first;
    *ret_length = last - first + 1;
    return HTTP_RANGE_ONE;
}

/* --- all together --- */

/* False if the header is absent or no date. */
static bool
find_date(const struct http_head *head, const char *name, int64_t *ret)
{
    const char *text = http_head_find(head, name);

    return text && http_date_parse(text, ret);
}

/* In the order of RFC 9110, 13.2.2; 200: go on. */
static int
precondition(const struct http_head *head, const struct http_validators *v)
{
    const char *match = http_head_find(head, "If-Match");
    const char *none_match = http_head_find(head, "If-None-Match");
    int64_t date_s;

    if (match) {
        if (!list_has(match, v->etag, true)) {
            return 412;
        }
    } else if (find_date(head, "If-Unmodified-Since", &date_s)
               && v->modified_s > date_s) {
        return 412;
    }
    if (none_match) {
        return list_has(none_match, v->etag, false) ? 304 : 200;
    }
    return find_date(head, "If-Modified-Since", &date_s)
           && v->modified_s <= date_s ? 304 : 200;
}

/* True unless If-Range says that the range is of something else. */
static bool
range_applies(const struct http_head *head, const struct http_validators *v)
{
    const char *text = http_head_find(head, "If-Range");
    int64_t date_s;

    if (!text) {
        return true;
    }
    if (etag_len(text) > 0) {
        return etag_equal(text, strlen(text), v->etag, true);
    }
    return http_date_parse(text, &date_s) && date_s == v->modified_s
        && !is_weak(v->etag);
}

void
http_conditions_evaluate(const struct http_head *head,
                         const struct http_validators *v,
                         struct http_selection *ret)
{
    const char *range = http_head_find(head, "Range");
    bool is_get = strcmp(head->method, "GET") == 0;

    *ret = (struct http_selection) {
        .status = precondition(head, v), .length = v->size,
    };
    if (ret->status != 200 || !range || !is_get || !range_applies(head, v)) {
        return;
    }
    switch (http_range_parse(range, v->size, &ret->first, &ret->length)) {
    case HTTP_RANGE_ONE:
        ret->status = 206;
        break;
    case HTTP_RANGE_UNSATISFIABLE:
        ret->status = 416;
        break;
    case HTTP_RANGE_NONE:
        break;
    }
}
