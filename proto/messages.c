/* SPDX-License-Identifier: Apache-2.0
 *
 * messages.c - the table of wire messages, made from the list in messages.h.
 *
 * Thread: constants only. */
#include <config.h>

#include "proto/messages.h"

#include <actor/compiler.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

#define MESSAGE_DEFINE(NAME, WIRE_NAME, C_NAME) \
    const struct actor_msg_type msg_##NAME = { \
        .name = WIRE_NAME, \
        .descriptor = &C_NAME##__descriptor, \
    };
PROTO_MESSAGES(MESSAGE_DEFINE)

const struct actor_msg_type *const proto_messages[] = {
#define MESSAGE_ELEMENT(NAME, WIRE_NAME, C_NAME) &msg_##NAME,
    PROTO_MESSAGES(MESSAGE_ELEMENT)
};

const size_t proto_n_messages = ARRAY_SIZE(proto_messages);
