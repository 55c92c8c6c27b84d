/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_registry.c - what a disk may hold in place of a registry, and in place
 * of changes to it.  What is read is the same when it is written and read
 * again. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/registrar/registry.h"
#include "tests/fuzz/fuzz.h"

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void
check_same(const struct registry *a, const struct registry *b)
{
    autofini(strbuf) bytes_a = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) bytes_b = STRBUF(STRBUF_UNLIMITED);

    registry_encode(a, &bytes_a);
    registry_encode(b, &bytes_b);
    require(bytes_a.len == bytes_b.len
            && !memcmp(bytes_a.data, bytes_b.data, bytes_a.len)
            && bytes_a.len == registry_size(a));
}

static void
check_registry(const struct registry *r)
{
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    struct registry *again = NULL;
    struct message *message = NULL;

    registry_encode(r, &bytes);
    require(!registry_decode(bytes.data, bytes.len, &again));
    check_same(r, again);
    registry_destroy(again);
    require(!registry_to_message(r, &message));
    message_unref(message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry *r = NULL;
    struct registry *changed = registry_create();
    autoerror *error = registry_decode(data, size, &r);

    /* What was good up to an error is a registry all the same. */
    error_drop(registry_replay(changed, data, size));
    if (!error) {
        check_registry(r);
        registry_destroy(r);
    }
    check_registry(changed);
    registry_destroy(changed);
    return 0;
}
