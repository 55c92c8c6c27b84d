/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_msgpack.c - messages as they come over a link. */
#include <config.h>

#include <actor/error.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/round_trip.h"

static struct error *
decode(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
       size_t size, struct message **ret)
{
    return message_decode_msgpack(descriptor, data, size, ret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wire wire = { decode, message_encode_msgpack };

    round_trip(&wire, data, size);
    return 0;
}
