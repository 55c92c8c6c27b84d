/* SPDX-License-Identifier: Apache-2.0
 *
 * round_trip.h - decodes a message, encodes it, and does both again. */
#ifndef TESTS_FUZZ_ROUND_TRIP_H
#define TESTS_FUZZ_ROUND_TRIP_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/message.h>

struct strbuf;

/* One wire. */
struct wire {
    struct error *(*decode)(const ProtobufCMessageDescriptor *,
                            const uint8_t *data, size_t size,
                            struct message **ret);
    void (*encode)(const ProtobufCMessage *, struct strbuf *out);
};

/* Takes 'data' for messages of several types.  Input that does not decode is
 * refused; what does decode has a form that decodes again and encodes to the
 * same bytes.  Aborts if not. */
void round_trip(const struct wire *, const uint8_t *data, size_t size);

#endif /* TESTS_FUZZ_ROUND_TRIP_H */
