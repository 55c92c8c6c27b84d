/* SPDX-License-Identifier: Apache-2.0
 *
 * round_trip.c - decodes a message, encodes it, and does both again.
 *
 * Forms are compared, not messages: a NaN is not equal to itself. */
#include <config.h>

#include "tests/fuzz/round_trip.h"

#include <stdlib.h>
#include <string.h>

#include <actor/error.h>
#include <actor/limits.h>
#include <actor/strbuf.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/master/master.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

/* Between them they contain nearly all that there is. */
static const ProtobufCMessageDescriptor *const descriptors[] = {
    &scheduler__call__descriptor,
    &executor__event__descriptor,
    &internal__reregister_agent__descriptor,
    &master__response__descriptor,
};

static void
check_copy(const ProtobufCMessage *message)
{
    struct message *clone = message_clone(message);

    if (!message_equal(message, message_root(clone))) {
        abort();
    }
    message_unref(clone);
}

static void
round_trip_as(const struct wire *wire,
              const ProtobufCMessageDescriptor *descriptor,
              const uint8_t *data, size_t size)
{
    struct strbuf first = STRBUF(LIMIT_MESSAGE_SIZE);
    struct strbuf second = STRBUF(LIMIT_MESSAGE_SIZE);
    struct message *m;
    struct message *again;
    struct error *error = wire->decode(descriptor, data, size, &m);

    if (error) {
        error_drop(error);
        return;
    }
    check_copy(message_root(m));
    wire->encode(message_root(m), &first);
    error = wire->decode(descriptor, (const uint8_t *) first.data, first.len,
                         &again);
    if (error) {
        abort();
    }
    wire->encode(message_root(again), &second);
    if (first.len != second.len
        || memcmp(first.data, second.data, first.len) != 0) {
        abort();
    }
    message_unref(again);
    message_unref(m);
    strbuf_fini(&first);
    strbuf_fini(&second);
}

void
round_trip(const struct wire *wire, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(descriptors); i++) {
        round_trip_as(wire, descriptors[i], data, size);
    }
}
