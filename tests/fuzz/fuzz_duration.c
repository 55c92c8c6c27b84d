/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_duration.c - durations, amounts of bytes and doubles as text. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/double.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "tests/fuzz/fuzz.h"

/* Fifteen digits are printed: below some days they are all there are. */
#define EXACT_BELOW (DAY)

static void
check_duration(const char *text)
{
    int64_t ns = 0;
    int64_t again = 0;
    struct error *error = duration_parse(text, &ns);

    if (error) {
        error_destroy(error);
        return;
    }
    CHECK(ns >= 0, "'%s'", text);
    if (ns < EXACT_BELOW) {
        error = duration_parse(DURATION_TEXT(ns), &again);
        CHECK(!error && ns == again, "'%s'", text);
    }
}

static void
check_bytes(const char *text)
{
    autofini(strbuf) out = STRBUF(100);
    uint64_t bytes = 0;
    uint64_t again = 0;
    struct error *error = bytes_parse(text, &bytes);

    if (error) {
        error_destroy(error);
        return;
    }
    bytes_format(&out, bytes);
    error = bytes_parse(out.data, &again);
    CHECK(!error && bytes == again, "'%s'", text);
}

static void
check_double(const char *text, size_t len)
{
    char shortest[DOUBLE_TEXT_SIZE];
    double value = 0;
    double again = 0;

    if (!double_parse(text, len, &value)) {
        return;
    }
    double_format(value, len % 2, shortest);
    CHECK(double_parse(shortest, strlen(shortest), &again), "'%s'", shortest);
    CHECK(memcmp(&value, &again, sizeof value) == 0, "'%s'", shortest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);

    check_duration(text);
    check_bytes(text);
    check_double(text, strlen(text));
    return 0;
}
