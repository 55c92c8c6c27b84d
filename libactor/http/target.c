/* SPDX-License-Identifier: Apache-2.0
 *
 * target.c - targets of requests; see target.h.  Thread: any. */
#include <config.h>

#include "http/target.h"

#include <http_parser.h>
#include <string.h>

#include <actor/alloc.h>

/* --- percent-encoding --- */

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
http_decode_char(const char **at)
{
    const char *p = *at;

    if (*p != '%') {
        (*at)++;
        return (unsigned char) *p;
    }
    int high = hex_digit(p[1]);
    int low = high < 0 ? -1 : hex_digit(p[2]);
    if (low < 0 || (high == 0 && low == 0)) {
        return -1;
    }
    *at += 3;
    return high << 4 | low;
}

bool
http_decode(char *text, bool plus_is_blank)
{
    const char *from = text;
    char *to = text;

    while (*from) {
        bool is_blank = *from == '+' && plus_is_blank;
        int c = http_decode_char(&from);

        if (c < 0) {
            return false;
        }
        *to++ = is_blank ? ' ' : (char) c;
    }
    *to = '\0';
    return true;
}

/* --- the parts --- */

static bool
parse_parameter(struct http_target *target, char *text)
{
    char *value = strchr(text, '=');
    struct http_parameter parameter = { .name = text, .value = "" };

    if (value) {
        *value++ = '\0';
        if (!http_decode(value, true)) {
            return false;
        }
        parameter.value = value;
    }
    if (!http_decode(text, true)) {
        return false;
    }
    vec_push(&target->parameters, parameter);
    return true;
}

static bool
parse_query(struct http_target *target)
{
    char *p = target->query;

    while (p && *p) {
        char *end = strpbrk(p, "&;");

        if (end) {
            *end++ = '\0';
        }
        if (*p && !parse_parameter(target, p)) {
            return false;
        }
        p = end;
    }
    return true;
}

/* Cuts "http://host" off an absolute target; NULL: it is neither that nor a
 * path. */
static const char *
skip_authority(const char *text)
{
    struct http_parser_url url;

    if (text[0] == '/') {
        return text;
    }
    http_parser_url_init(&url);
    if (http_parser_parse_url(text, strlen(text), 0, &url) != 0
        || !(url.field_set & 1 << UF_HOST)) {
        return NULL;
    }
    if (!(url.field_set & 1 << UF_PATH)) {
        return "/";
    }
    return text + url.field_data[UF_PATH].off;
}

int
http_target_parse(struct http_target *target, const char *text,
                  const char **ret_reason)
{
    const char *raw = skip_authority(text);

    if (!raw) {
        *ret_reason = "Request URL path must start with '/'";
        return 400;
    }
    size_t len = strcspn(raw, "?#");
    if (raw[len] == '?') {
        const char *query = raw + len + 1;

        target->query = xstrndup(query, strcspn(query, "#"));
    }
    /* "/state/" is "/state". */
    while (len > 1 && raw[len - 1] == '/') {
        len--;
    }
    target->raw = raw;
    target->raw_end = raw + len;
    target->path = xstrndup(raw, len);
    if (!http_decode(target->path, false) || !parse_query(target)) {
        *ret_reason = "Malformed percent-encoding in the URL";
        return 400;
    }
    if (strstr(target->path, "/..")) {
        *ret_reason = "404 Not Found.";
        return 404;
    }
    return 0;
}

void
http_target_fini(struct http_target *target)
{
    free(target->path);
    free(target->query);
    vec_fini(&target->parameters);
}

/* --- looking at it --- */

const char *
http_target_query(const struct http_target *target, const char *name)
{
    for (size_t i = target->parameters.n; i > 0; i--) {
        const struct http_parameter *p = &target->parameters.data[i - 1];

        if (strcmp(p->name, name) == 0) {
            return p->value;
        }
    }
    return NULL;
}

const char *
http_target_rest(const struct http_target *target, const char *at)
{
    const char *rest = target->path;
    const char *raw = target->raw;

    while (raw < at && http_decode_char(&raw) >= 0) {
        rest++;
    }
    return rest;
}
