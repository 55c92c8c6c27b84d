/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_regex.c - regular expressions of offer constraints: what the scan takes
 * PCRE2 compiles or refuses, and matching ends.  The input is the pattern, and
 * behind a line's end the text. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>

#include "master/allocator/regex.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *pattern = xstrndup((const char *) data, size);
    char *text = strchr(pattern, '\n');
    struct regex *regex = NULL;
    uint64_t program_size = 0;
    autoerror *error = NULL;
    autoerror *size_error = NULL;

    if (text) {
        *text++ = '\0';
    }
    size_error = regex_program_size(pattern, 1000, &program_size);
    if (!size_error && program_size > 1001) {
        abort();
    }
    error = regex_compile(pattern, 4096, 100, &regex);
    if (error) {
        return 0;
    }
    if (size_error || program_size > 100) {
        abort();
    }
    regex_match(regex, text ? text : pattern);
    regex_destroy(regex);
    return 0;
}
