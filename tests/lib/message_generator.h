/* SPDX-License-Identifier: Apache-2.0
 *
 * message_generator.h - messages of random content, from a seed, and the list
 * of all kinds of messages there are.
 *
 *     for (size_t i = 0; i < message_types(&types); i++) {
 *         struct message *m = message_generate(types[i], seed);
 *         ...
 *         message_unref(m);
 *     }
 *
 * Required fields are set, others are or are not; entries of maps are whole
 * and no map has a key twice.  Numbers are often those at the ends of their
 * range, strings often empty or not ASCII.  Doubles are finite.  Same seed,
 * same message.
 *
 * Thread-safety: one thread at a time. */
#ifndef TESTS_LIB_MESSAGE_GENERATOR_H
#define TESTS_LIB_MESSAGE_GENERATOR_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/message.h>

struct message *message_generate(const ProtobufCMessageDescriptor *,
                                 uint64_t seed);

/* All messages of proto/, nested ones and entries of maps included; how
 * many. */
size_t message_types(const ProtobufCMessageDescriptor *const **ret);

#endif /* TESTS_LIB_MESSAGE_GENERATOR_H */
