/* SPDX-License-Identifier: Apache-2.0
 *
 * attributes.c - parsing, encoding and showing an agent's attributes.
 *
 * Values follow the grammar of Mesos' src/common/values.cpp: blanks do not
 * count, except inside of text.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/attributes.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "proto/mesos/v1/mesos.pb-c.h"

/* Largest scalar, in whole units, that fits into thousandths. */
#define SCALAR_MAX (INT64_MAX / 1000)

static struct error *parse_entry(const char *, size_t len,
                                 struct attribute *);
static struct error *parse_value(const char *, struct attribute *);
static bool parse_scalar(const char *, int64_t *ret);
static struct error *parse_ranges(const char *, struct attribute *);
static void attribute_fini(struct attribute *);
static void encode_value(const struct attribute *, struct message *,
                         V1__Attribute *);
static void format_value(const struct attribute *, struct strbuf *);

void
attributes_fini(struct attributes *attributes)
{
    for (size_t i = 0; i < attributes->n; i++) {
        attribute_fini(&attributes->data[i]);
    }
    free(attributes->data);
    attributes->data = NULL;
    attributes->n = 0;
}

struct error *
attributes_parse(const char *text, struct attributes *ret)
{
    VEC(struct attribute) entries = VEC_EMPTY;
    struct error *error = NULL;

    while (*text && !error) {
        size_t len = strcspn(text, ";\n");

        if (len > 0) {
            struct attribute attribute = { .name = NULL };

            error = parse_entry(text, len, &attribute);
            if (!error) {
                vec_push(&entries, attribute);
            }
        }
        text += len + (text[len] != '\0');
    }

    struct attributes result = { .data = entries.data, .n = entries.n };
    if (error) {
        attributes_fini(&result);
        return error;
    }
    *ret = result;
    return NULL;
}

void
attributes_encode(const struct attributes *attributes, struct message *m,
                  V1__Attribute ***ret, size_t *ret_n)
{
    V1__Attribute **array = message_array(m, attributes->n, sizeof *array);

    for (size_t i = 0; i < attributes->n; i++) {
        const struct attribute *a = &attributes->data[i];

        array[i] = message_new(m, &v1__attribute__descriptor);
        array[i]->name = message_strdup(m, a->name);
        encode_value(a, m, array[i]);
    }
    *ret = array;
    *ret_n = attributes->n;
}

void
attributes_format(const struct attributes *attributes, struct strbuf *out)
{
    for (size_t i = 0; i < attributes->n; i++) {
        strbuf_printf(out, "%s%s=", i ? ", " : "", attributes->data[i].name);
        format_value(&attributes->data[i], out);
    }
}

void
attributes_write_json(const struct attributes *attributes,
                      struct json_writer *w)
{
    json_object_begin(w);
    for (size_t i = 0; i < attributes->n; i++) {
        const struct attribute *a = &attributes->data[i];

        json_key(w, a->name);
        if (a->type == ATTRIBUTE_SCALAR) {
            json_double(w, (double) a->scalar / 1000);
        } else {
            autofini(strbuf) value = STRBUF(STRBUF_UNLIMITED);

            format_value(a, &value);
            json_string(w, value.data);
        }
    }
    json_object_end(w);
}

/* --- parsing --- */

static struct error *
parse_entry(const char *text, size_t len, struct attribute *attribute)
{
    const char *colon = memchr(text, ':', len);
    autofree char *value = NULL;

    if (!colon || colon == text || colon + 1 == text + len) {
        return error_create(ERROR_PARSE, "invalid attribute key:value pair "
                            "'%.*s'", (int) len, text);
    }
    value = xstrndup(colon + 1, (size_t) (text + len - colon - 1));

    struct error *error = parse_value(value, attribute);
    if (error) {
        attribute_fini(attribute);
        return error_wrap(error, "attribute '%.*s'", (int) len, text);
    }
    attribute->name = xstrndup(text, (size_t) (colon - text));
    return NULL;
}

static struct error *
parse_value(const char *text, struct attribute *attribute)
{
    const char *start = text + strspn(text, " \t\r");

    if (*start == '[') {
        attribute->type = ATTRIBUTE_RANGES;
        return parse_ranges(start, attribute);
    }
    if (*start == '{') {
        return error_create(ERROR_PARSE, "sets are not allowed as values of "
                            "attributes");
    }
    if (parse_scalar(start, &attribute->scalar)) {
        attribute->type = ATTRIBUTE_SCALAR;
        return NULL;
    }
    attribute->type = ATTRIBUTE_TEXT;
    attribute->text = xstrdup(text);
    return NULL;
}

/* Decimal digits with an optional fraction, rounded to thousandths.  What is
 * not a number, a negative one included, is text. */
static bool
parse_scalar(const char *s, int64_t *ret)
{
    int64_t units = 0;
    int64_t thousandths = 0;
    int n_digits = 0;

    for (; isdigit((unsigned char) *s); s++, n_digits++) {
        units = units * 10 + (*s - '0');
        if (units > SCALAR_MAX / 2) {
            return false;
        }
    }
    if (*s == '.') {
        int64_t place = 100;

        for (s++; isdigit((unsigned char) *s); s++, n_digits++) {
            if (place == 0 && *s >= '5') {
                thousandths++;
            }
            thousandths += place * (*s - '0');
            place = place > 0 ? place / 10 : -1;
        }
    }
    s += strspn(s, " \t\r");
    if (*s != '\0' || n_digits == 0) {
        return false;
    }
    *ret = units * 1000 + thousandths;
    return true;
}

static bool
parse_number(const char **s, uint64_t *ret)
{
    char *end;

    *s += strspn(*s, " \t\r");
    if (!isdigit((unsigned char) **s)) {
        return false;
    }
    unsigned long long value = strtoull(*s, &end, 10);
    *ret = (uint64_t) value;
    *s = end + strspn(end, " \t\r");
    return value != ULLONG_MAX;
}

static struct error *
parse_ranges(const char *s, struct attribute *attribute)
{
    VEC(struct range) ranges = VEC_EMPTY;
    struct range range;

    do {
        s++;                            /* '[' or ',' */
        bool is_valid = parse_number(&s, &range.begin) && *s++ == '-' &&
                        parse_number(&s, &range.end) &&
                        range.begin <= range.end;
        if (!is_valid) {
            goto invalid;
        }
        vec_push(&ranges, range);
    } while (*s == ',');
    if (*s != ']' || s[1 + strspn(s + 1, " \t\r")] != '\0') {
        goto invalid;
    }
    ranges_init_take(&attribute->ranges, ranges.data, ranges.n);
    return NULL;

invalid:
    vec_fini(&ranges);
    return error_create(ERROR_PARSE, "expected ranges as in '[1-2,5-8]'");
}

static void
attribute_fini(struct attribute *attribute)
{
    free(attribute->name);
    free(attribute->text);
    ranges_fini(&attribute->ranges);
}

/* --- encoding and showing --- */

static void
encode_ranges(const struct attribute *a, struct message *m,
              V1__Attribute *message)
{
    V1__Value__Ranges *ranges = message_new(m, &v1__value__ranges__descriptor);

    ranges->range = message_array(m, a->ranges.n, sizeof *ranges->range);
    ranges->n_range = a->ranges.n;
    for (size_t i = 0; i < a->ranges.n; i++) {
        ranges->range[i] = message_new(m, &v1__value__range__descriptor);
        ranges->range[i]->begin = a->ranges.data[i].begin;
        ranges->range[i]->end = a->ranges.data[i].end;
    }
    message->type = V1__VALUE__TYPE__RANGES;
    message->ranges = ranges;
}

static void
encode_value(const struct attribute *a, struct message *m,
             V1__Attribute *message)
{
    switch (a->type) {
    case ATTRIBUTE_TEXT:
        message->type = V1__VALUE__TYPE__TEXT;
        message->text = message_new(m, &v1__value__text__descriptor);
        message->text->value = message_strdup(m, a->text);
        break;
    case ATTRIBUTE_SCALAR:
        message->type = V1__VALUE__TYPE__SCALAR;
        message->scalar = message_new(m, &v1__value__scalar__descriptor);
        message->scalar->value = (double) a->scalar / 1000;
        break;
    case ATTRIBUTE_RANGES:
        encode_ranges(a, m, message);
        break;
    }
}

static void
format_value(const struct attribute *a, struct strbuf *out)
{
    switch (a->type) {
    case ATTRIBUTE_TEXT:
        strbuf_append(out, a->text);
        break;
    case ATTRIBUTE_SCALAR:
        strbuf_append_double(out, (double) a->scalar / 1000, false);
        break;
    case ATTRIBUTE_RANGES:
        strbuf_append_char(out, '[');
        for (size_t i = 0; i < a->ranges.n; i++) {
            strbuf_printf(out, "%s%" PRIu64 "-%" PRIu64, i ? "," : "",
                          a->ranges.data[i].begin, a->ranges.data[i].end);
        }
        strbuf_append_char(out, ']');
        break;
    }
}
