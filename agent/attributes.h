/* SPDX-License-Identifier: Apache-2.0
 *
 * attributes.h - the attributes of an agent: "rack:abc;zone:[1-2];level:3".
 *
 * Entries are separated by ';' or newline and split at their first ':'.  A
 * value is a number, ranges in brackets, or any other text; sets are refused,
 * as in Mesos (src/common/attributes.cpp).
 *
 * Thread-safety: one thread at a time; pure functions otherwise. */
#ifndef AGENT_ATTRIBUTES_H
#define AGENT_ATTRIBUTES_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "model/ranges.h"

struct error;
struct json_writer;
struct message;
struct strbuf;
struct V1__Attribute;

enum attribute_type {
    ATTRIBUTE_TEXT,
    ATTRIBUTE_SCALAR,
    ATTRIBUTE_RANGES,
};

struct attribute {
    char *name;                 /* owned */
    enum attribute_type type;
    char *text;                 /* owned; TEXT only */
    int64_t scalar;             /* in thousandths; SCALAR only */
    struct ranges ranges;       /* RANGES only */
};

/* Zeroed: no attributes. */
struct attributes {
    struct attribute *data;     /* owned */
    size_t n;
};

void attributes_fini(struct attributes *);

/* The text of --attributes; names the entry that is wrong. */
struct error *attributes_parse(const char *text, struct attributes *ret)
    MUST_CHECK;

/* An array of Attribute messages, made in 'm'. */
void attributes_encode(const struct attributes *, struct message *m,
                       struct V1__Attribute ***ret, size_t *ret_n);

/* "rack=rack1, zone=[1-2]", as the agent logs them. */
void attributes_format(const struct attributes *, struct strbuf *);

/* The object of /state: scalars are numbers, everything else text. */
void attributes_write_json(const struct attributes *, struct json_writer *);

#endif /* AGENT_ATTRIBUTES_H */
