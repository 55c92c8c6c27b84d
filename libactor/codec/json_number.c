/* SPDX-License-Identifier: Apache-2.0
 *
 * json_number.c - see json_number.h.
 *
 * Integers keep all of their 64 bits; what is not one, or is larger than
 * that, is read as a double, as Mesos does. */
#include <config.h>

#include "codec/json_number.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include <actor/compiler.h>
#include <actor/double.h>

bool
json_number_is_type(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return false;
    default:
        return true;
    }
}

/* The integer in 'digits'; false if it is more than 64 bits or not only
 * digits. */
static bool
parse_magnitude(const char *digits, size_t len, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9'
            || __builtin_mul_overflow(value, 10, &value)
            || __builtin_add_overflow(value, (uint64_t) (digits[i] - '0'),
                                      &value)) {
            return false;
        }
    }
    *ret = value;
    return len > 0;
}

static bool
is_signed(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return false;
    default:
        return true;
    }
}

static bool
is_wide(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return false;
    default:
        return true;
    }
}

/* The largest value of a type; the least is one more, negated, or zero. */
static uint64_t
type_max(ProtobufCType type)
{
    if (is_signed(type)) {
        return is_wide(type) ? INT64_MAX : INT32_MAX;
    }
    return is_wide(type) ? UINT64_MAX : UINT32_MAX;
}

static enum json_number_result
store_integer(bool negative, uint64_t magnitude, ProtobufCType type, void *at)
{
    uint64_t max = type_max(type);
    uint64_t value = negative ? -magnitude : magnitude;

    if (negative && magnitude > 0) {
        max = is_signed(type) ? max + 1 : 0;
    }
    if (magnitude > max) {
        return JSON_NUMBER_RANGE;
    }
    if (is_wide(type)) {
        *(uint64_t *) at = value;
    } else {
        *(uint32_t *) at = (uint32_t) value;
    }
    return JSON_NUMBER_OK;
}

/* What JSON has no numbers for is written as strings. */
static bool
parse_special(const char *text, size_t len, double *ret)
{
    static const struct {
        const char *text;
        double value;
    } specials[] = {
        { "Infinity", INFINITY }, { "-Infinity", -INFINITY }, { "NaN", NAN },
    };

    for (size_t i = 0; i < ARRAY_SIZE(specials); i++) {
        if (len == strlen(specials[i].text)
            && !memcmp(text, specials[i].text, len)) {
            *ret = specials[i].value;
            return true;
        }
    }
    return false;
}

enum json_number_result
json_number_parse(const char *text, size_t len, ProtobufCType type, void *at)
{
    bool negative = len > 0 && text[0] == '-';
    bool is_float = type == PROTOBUF_C_TYPE_FLOAT
                    || type == PROTOBUF_C_TYPE_DOUBLE;
    uint64_t magnitude;
    double d;

    if (!is_float
        && parse_magnitude(text + negative, len - negative, &magnitude)) {
        return store_integer(negative, magnitude, type, at);
    }
    if (len == (size_t) negative
        || !(double_parse(text, len, &d)
             || (is_float && parse_special(text, len, &d)))) {
        return JSON_NUMBER_MALFORMED;
    }
    if (type == PROTOBUF_C_TYPE_DOUBLE) {
        *(double *) at = d;
        return JSON_NUMBER_OK;
    }
    if (type == PROTOBUF_C_TYPE_FLOAT) {
        *(float *) at = (float) d;
        return JSON_NUMBER_OK;
    }
    d = trunc(d);
    if (!(fabs(d) < 0x1p64)) {
        return JSON_NUMBER_RANGE;
    }
    return store_integer(d < 0, (uint64_t) fabs(d), type, at);
}
