/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_operator.c - bodies of calls to the operator API, in JSON and in
 * protobuf.  What is refused says why; what is not is the same call when it is
 * written and read again, and lacks the same. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/operator/operator.h"
#include "tests/fuzz/fuzz.h"

static void
encode(const Master__Call *call, bool is_json, struct strbuf *out)
{
    if (is_json) {
        message_encode_json(&call->base, out);
    } else {
        message_encode_protobuf(&call->base, out);
    }
}

static void
check_call(const Master__Call *call, bool is_json)
{
    autofini(strbuf) first = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) second = STRBUF(STRBUF_UNLIMITED);
    autodestroy(message) *again = NULL;
    const char *missing = operator_find_missing(call);
    const char *missing_again;

    encode(call, is_json, &first);
    CHECK(!operator_decode(first.data, first.len, is_json, &again));
    missing_again = operator_find_missing(message_root(again));
    CHECK(!missing == !missing_again);
    CHECK(!missing || !strcmp(missing, missing_again));
    encode(message_root(again), is_json, &second);
    CHECK(first.len == second.len
          && !memcmp(first.data, second.data, first.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int is_json = 0; is_json <= 1; is_json++) {
        autodestroy(message) *message = NULL;
        autoerror *error = operator_decode((const char *) data, size,
                                           is_json, &message);

        if (error) {
            CHECK(error_text(error)[0] != '\0');
        } else {
            check_call(message_root(message), is_json);
        }
    }
    return 0;
}
