/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_resources.c - the text of --resources, which also frameworks' own
 * tools write. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/fuzz/fuzz.h"

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void
check_message(const struct resources *r)
{
    autofini(resources) back = { 0 };
    struct message *m = message_create(&v1__offer__descriptor);
    V1__Resource **array;
    size_t n;

    resources_encode(r, m, &array, &n);
    require(!resources_decode(array, n, &back));
    require(resources_equal(r, &back));
    message_unref(m);
}

static void
check_arithmetic(const struct resources *r)
{
    autofini(resources) sum = { 0 };

    resources_init_copy(&sum, r);
    resources_add(&sum, r);
    require(resources_contain(&sum, r));
    resources_subtract(&sum, r);
    require(resources_contain(r, &sum));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup((const char *) data, size);
    autofini(resources) r = { 0 };
    autofini(strbuf) printed = STRBUF(STRBUF_UNLIMITED);
    autoerror *error = resources_parse(text, "*", &r);

    if (!error) {
        resources_format(&r, &printed);
        check_message(&r);
        check_arithmetic(&r);
    }
    return 0;
}
