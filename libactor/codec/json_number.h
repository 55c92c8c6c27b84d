/* SPDX-License-Identifier: Apache-2.0
 *
 * json_number.h - numbers of JSON as values of fields.
 *
 * Thread-safety: pure functions. */
#ifndef CODEC_JSON_NUMBER_H
#define CODEC_JSON_NUMBER_H 1

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/* Whether values of a type are numbers in JSON. */
bool json_number_is_type(ProtobufCType);

enum json_number_result {
    JSON_NUMBER_OK,
    JSON_NUMBER_MALFORMED,
    JSON_NUMBER_RANGE,          /* does not fit the type */
};

/* Stores the number that 'text' says as one of 'type' at 'at'.  A fraction is
 * cut off if the type has none. */
enum json_number_result json_number_parse(const char *text, size_t len,
                                          ProtobufCType, void *at);

#endif /* CODEC_JSON_NUMBER_H */
