/* SPDX-License-Identifier: Apache-2.0
 *
 * regex.c - regular expressions that strangers give us, in bounded time.
 *
 * Thread: pure functions. */
#include <config.h>

#include "master/allocator/regex.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

/* Of one match: some milliseconds at most, and kilobytes. */
#define MATCH_LIMIT 100000
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT 512          /* kibibytes */

#define PATTERN_MAX ((size_t) 64 * 1024)

struct regex {
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
};

static struct error *
make_error(const char *pattern, const char *why)
{
    return error_create(ERROR_INVALID, "Failed to construct regex from "
                        "pattern '%s': %s", pattern, why);
}

static struct error *
compile_code(const char *pattern, uint64_t max_memory, pcre2_code **ret)
{
    uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF
                       | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY
                       | PCRE2_NO_AUTO_CAPTURE;
    pcre2_code *code;
    PCRE2_SIZE offset;
    size_t size = 0;
    int number;

    code = pcre2_compile((PCRE2_SPTR) pattern, strlen(pattern), options,
                         &number, &offset, NULL);
    if (!code) {
        PCRE2_UCHAR text[256];

        pcre2_get_error_message(number, text, sizeof text);
        return make_error(pattern, (const char *) text);
    }
    pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
    if (size > max_memory) {
        pcre2_code_free(code);
        return make_error(pattern, "pattern too large - compile failed");
    }
    *ret = code;
    return NULL;
}

struct error *
regex_compile(const char *pattern, uint64_t max_memory,
              uint64_t max_program_size, struct regex **ret)
{
    uint64_t size = 0;
    pcre2_code *code = NULL;
    struct regex *regex;
    struct error *error;

    if (strlen(pattern) > PATTERN_MAX) {
        return error_create(ERROR_INVALID, "Failed to construct regex: the "
                            "pattern is longer than %zu bytes", PATTERN_MAX);
    }
    error = regex_program_size(pattern, UINT32_MAX, &size);
    if (error) {
        return error;
    }
    if (size > max_program_size) {
        return error_create(ERROR_INVALID, "Regex '%s' is too complex: "
                            "program size of %llu is larger than maximum of "
                            "%llu allowed", pattern,
                            (unsigned long long) size,
                            (unsigned long long) max_program_size);
    }
    error = compile_code(pattern, max_memory, &code);
    if (error) {
        return error;
    }
    regex = xcalloc(1, sizeof *regex);
    regex->code = code;
    regex->context = pcre2_match_context_create(NULL);
    regex->data = pcre2_match_data_create(1, NULL);
    CHECK(regex->context && regex->data, "out of memory");
    pcre2_set_match_limit(regex->context, MATCH_LIMIT);
    pcre2_set_depth_limit(regex->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(regex->context, HEAP_LIMIT);
    *ret = regex;
    return NULL;
}

void
regex_destroy(struct regex *regex)
{
    if (regex) {
        pcre2_match_data_free(regex->data);
        pcre2_match_context_free(regex->context);
        pcre2_code_free(regex->code);
        free(regex);
    }
}

enum regex_answer
regex_match(const struct regex *regex, const char *text)
{
    int result = pcre2_match(regex->code, (PCRE2_SPTR) text, strlen(text), 0,
                             0, regex->data, regex->context);

    if (result >= 0) {
        return REGEX_YES;
    }
    /* Text that is no UTF-8 matches nothing. */
    if (result == PCRE2_ERROR_NOMATCH
        || (result <= PCRE2_ERROR_UTF8_ERR1
            && result >= PCRE2_ERROR_UTF8_ERR21)) {
        return REGEX_NO;
    }
    return REGEX_UNKNOWN;
}
