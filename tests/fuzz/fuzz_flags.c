/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_flags.c - command lines, one word a line. */
#include <config.h>

#include <stddef.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "tests/fuzz/fuzz.h"

#define MAX_WORDS 64

struct values {
    char *text;
    char *path;
    bool strict;
    int64_t port;
    uint64_t quorum;
    double factor;
    int64_t delay;
    uint64_t size;
};

#define MEMBER(NAME) .name = #NAME, .offset = offsetof(struct values, NAME)

static const struct flag flags[] = {
    { MEMBER(text), .type = FLAG_STRING, .default_value = "x" },
    { MEMBER(path), .type = FLAG_PATH },
    { MEMBER(strict), .type = FLAG_BOOL, .default_value = "true" },
    { MEMBER(port), .type = FLAG_INT },
    { MEMBER(quorum), .type = FLAG_UINT },
    { MEMBER(factor), .type = FLAG_DOUBLE },
    { MEMBER(delay), .type = FLAG_DURATION, .alias = "old_delay" },
    { MEMBER(size), .type = FLAG_BYTES },
};

/* Cuts 'text' at its newlines. */
static int
split(char *text, char *argv[MAX_WORDS])
{
    int argc = 0;

    for (char *p = text; p && argc < MAX_WORDS;) {
        char *end = strchr(p, '\n');
        if (end) {
            *end++ = '\0';
        }
        argv[argc++] = p;
        p = end;
    }
    return argc;
}

static void
check_words(int argc, char *argv[])
{
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&out);
    struct values values = { .text = NULL };
    int rest = -1;
    struct error *error = flags_load(flags, ARRAY_SIZE(flags), &values, argc,
                                     argv, NULL, &rest);

    CHECK(rest >= 1 && rest <= argc, "%d of %d", rest, argc);
    flags_write_json(&w, flags, ARRAY_SIZE(flags), &values);
    flags_format(&out, flags, ARRAY_SIZE(flags), &values);
    flags_fini(flags, ARRAY_SIZE(flags), &values);
    error_destroy(error);
}

static void
drop_line(void *aux UNUSED, const char *line UNUSED)
{
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct log_options quiet = { .program = "fuzz_flags",
                                       .quiet = true };
    static bool started;
    char *argv[MAX_WORDS];
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);

    if (!started) {
        error_destroy(log_init(&quiet));
        log_set_sink(drop_line, NULL);
        started = true;
    }
    /* Files of this machine are not for the fuzzer to read. */
    if (!strstr(text, "file://")) {
        check_words(split(text, argv), argv);
    }
    return 0;
}
