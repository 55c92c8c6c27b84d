/* SPDX-License-Identifier: Apache-2.0
 *
 * message_impl.h - what a 'struct message' is made of, for the decoders. */
#ifndef CODEC_MESSAGE_IMPL_H
#define CODEC_MESSAGE_IMPL_H 1

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/message.h>

#include "codec/arena.h"

#define MESSAGE_MAGIC 0x6d736721u

/* Keeps another message alive. */
struct message_hold {
    struct message_hold *next;  /* in the arena */
    struct message *message;    /* counted */
};

/* One block of memory: this header, the root, then the arena's first room. */
struct message {
    uint32_t magic;
    atomic_uint n_refs;
    struct arena arena;
    struct message_hold *holds; /* in the arena */
    struct message *next_dead;  /* while a chain of holds is let go */
    _Alignas(8) char root[];    /* a ProtobufCMessage */
};

/* A message whose first block has 'room' bytes for the root and what follows
 * it.  The root is taken and not yet set up.  NULL if there is no memory. */
struct message *message_try_create(const ProtobufCMessageDescriptor *,
                                   size_t room) MUST_CHECK;

#endif /* CODEC_MESSAGE_IMPL_H */
