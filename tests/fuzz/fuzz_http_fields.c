/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_http_fields.c - the target of a request and the values of its headers:
 * whatever they are, what is made of them keeps its bounds. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>
#include "http/coding.h"
#include "http/conditions.h"
#include "http/date.h"
#include "http/head.h"
#include "http/pattern.h"
#include "http/target.h"
#include "tests/fuzz/fuzz.h"

static void
expect(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void
try_pattern(const struct http_target *target, const char *pattern)
{
    const char *at = target->raw + (target->raw[0] == '/');
    const char *rest = http_pattern_match(pattern, at, target->raw_end);

    if (rest) {
        const char *decoded = http_target_rest(target, rest);

        expect(rest >= at && rest <= target->raw_end);
        expect(decoded >= target->path
               && decoded <= target->path + strlen(target->path));
        autofree char *argument = http_pattern_argument(pattern, "x", at,
                                                        target->raw_end);
        expect(!strstr(pattern, "{x}") || argument);
    }
}

static void
try_target(const char *text)
{
    struct http_target target = { 0 };
    const char *reason = NULL;
    int status = http_target_parse(&target, text, &reason);

    expect(status == 0 || reason);
    if (status == 0) {
        expect(target.path[0] == '/' && !strstr(target.path, "/.."));
        http_target_query(&target, "q");
        try_pattern(&target, "");
        try_pattern(&target, "/");
        try_pattern(&target, "/a/{x}");
        try_pattern(&target, "/{x}/b");
    }
    http_target_fini(&target);
}

static void
try_range(const char *text, uint64_t size)
{
    uint64_t first = 0, length = 0;

    if (http_range_parse(text, size, &first, &length) == HTTP_RANGE_ONE) {
        expect(length > 0 && length <= size && first <= size - length);
    }
}

static void
try_date(const char *text)
{
    char formatted[HTTP_DATE_SIZE];
    int64_t seconds, again;

    if (http_date_parse(text, &seconds)) {
        http_date_format(seconds, formatted);
        expect(http_date_parse(formatted, &again));
    }
}

/* As the headers of a request that the head's own parser has passed. */
static void
try_headers(const char *text, size_t size)
{
    static const struct http_validators v = {
        .etag = "\"a\"", .modified_s = 784111777, .size = 100,
    };
    static const char line[] = "GET / HTTP/1.1\r\n";
    autofini(strbuf) head_text = STRBUF(STRBUF_UNLIMITED);
    struct http_selection selection;
    struct http_head head;
    const char *reason;

    strbuf_append(&head_text, line);
    strbuf_append_bytes(&head_text, text, size);
    strbuf_append(&head_text, "\r\n\r\n");
    if (http_head_parse_request(&head, head_text.data, head_text.len,
                                &reason) == 0) {
        http_conditions_evaluate(&head, &v, &selection);
        expect(selection.length <= v.size
               && selection.first <= v.size - selection.length);
        http_accepts_gzip(&head);
    }
    http_head_fini(&head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xmalloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    try_target(text);
    try_range(text, 0);
    try_range(text, 10);
    try_range(text, UINT64_MAX);
    try_date(text);
    http_accept_encoding_has_gzip(text);
    try_headers(text, size);
    return 0;
}
