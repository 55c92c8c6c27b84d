/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_http_answer.c - what a server may answer, whole and byte by byte: the
 * outcome is the same.  The first byte says what was asked for. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include "http/response.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BODY 5000

struct outcome {
    struct strbuf body;
    struct error *error;        /* owned */
    unsigned status;
    bool keep_alive;
    size_t used;
};

static void
read_answer(const struct http_response_options *options, const char *data,
            size_t size, size_t step, struct outcome *ret)
{
    struct http_response response;
    struct outcome o = { .body = STRBUF(MAX_BODY) };

    http_response_init(&response, options);
    while (o.used < size && !o.error
           && response.state != HTTP_RESPONSE_DONE) {
        size_t left = size - o.used, used;

        o.error = http_response_feed(&response, data + o.used,
                                     left < step ? left : step, &o.body,
                                     &used);
        o.used += used;
    }
    if (!o.error && response.state != HTTP_RESPONSE_DONE) {
        o.error = http_response_end(&response);
    }
    if (!o.error) {
        o.status = response.answer->head.status;
        o.keep_alive = response.keep_alive;
    }
    http_response_fini(&response);
    *ret = o;
}

/* Chunks are taken apart before what is in them is inflated: of two errors the
 * first one found depends on the pieces then. */
static void
expect_equal(const struct outcome *a, const struct outcome *b, bool inflates)
{
    if (!a->error != !b->error || a->status != b->status
        || (!a->error && a->keep_alive != b->keep_alive)
        || (a->error && !inflates && strcmp(error_text(a->error),
                                            error_text(b->error)) != 0)) {
        abort();
    }
    if (!a->error && (a->used != b->used || a->body.len != b->body.len
                      || memcmp(a->body.data, b->body.data, a->body.len))) {
        abort();
    }
}

static void
outcome_fini(struct outcome *o)
{
    strbuf_fini(&o->body);
    error_destroy(o->error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_response_options options = { .max_body = MAX_BODY };
    autofini(outcome) whole = { .body = STRBUF(0) };
    autofini(outcome) pieces = { .body = STRBUF(0) };

    if (size == 0) {
        return 0;
    }
    options.is_head = data[0] & 1;
    options.inflates = data[0] & 2;
    read_answer(&options, (const char *) data + 1, size - 1, SIZE_MAX,
                &whole);
    read_answer(&options, (const char *) data + 1, size - 1, 1, &pieces);
    expect_equal(&whole, &pieces, options.inflates);
    return 0;
}
