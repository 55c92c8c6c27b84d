/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_protobuf.c - messages as they come in bodies of HTTP requests. */
#include <config.h>

#include <actor/error.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/round_trip.h"

static struct error *
decode(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
       size_t size, struct message **ret)
{
    return message_decode_protobuf(descriptor, data, size, ret);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct wire wire = { decode, message_encode_protobuf };

    round_trip(&wire, data, size);
    return 0;
}
