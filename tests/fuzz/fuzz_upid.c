/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_upid.c - names of actors and addresses as peers write them. */
#include <config.h>

#include <string.h>

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/upid.h>

#include "tests/fuzz/fuzz.h"

/* What parses has a text that parses to the same. */
static void
check_upid(const char *text)
{
    struct upid u, again;
    struct error *error = upid_parse(text, &u);

    if (error) {
        error_destroy(error);
        return;
    }
    error = upid_parse(UPID_TEXT(&u), &again);
    CHECK(!error, "'%s'", text);
    CHECK(upid_equal(&u, &again), "'%s'", text);
    CHECK(upid_hash(&u) == upid_hash(&again), "'%s'", text);
    CHECK(strlen(UPID_TEXT(&u)) < UPID_TEXT_SIZE, "'%s'", text);
}

static void
check_address(const char *text)
{
    struct address a, again;
    struct error *error = address_parse(text, &a);

    if (error) {
        error_destroy(error);
        return;
    }
    error = address_parse(ADDRESS_TEXT(&a), &again);
    CHECK(!error, "'%s'", text);
    CHECK(address_equal(&a, &again), "'%s'", text);
    CHECK(address_compare(&a, &again) == 0, "'%s'", text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);

    check_upid(text);
    check_address(text);
    return 0;
}
