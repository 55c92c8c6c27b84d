/* SPDX-License-Identifier: Apache-2.0
 *
 * parts.h - the bytes of a registry: a version, then parts, each of a kind.
 *
 * Both what the log has for snapshots and what it has for changes is such a
 * sequence (docs/registry-format.md).  A registry of very many agents is no
 * message of its own on a wire, so the limits for messages, and what it takes
 * to decode one, are those of a part.
 *
 *     struct parts_reader r;
 *
 *     error = parts_begin(&r, data, size);
 *     while (!error && parts_next(&r, &part, &error)) {
 *         ...
 *     }
 *
 * Thread-safety: pure functions. */
#ifndef MASTER_REGISTRAR_PARTS_H
#define MASTER_REGISTRAR_PARTS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>

struct error;
struct strbuf;

/* What a part is.  Written to disk: values are never used again. */
enum part_kind {
    PART_MASTER = 1,            /* Registry.Master */
    PART_AGENT = 2,             /* Registry.Slave */
    PART_UNREACHABLE = 3,       /* Registry.UnreachableSlave */
    PART_GONE = 4,              /* Registry.GoneSlave */
    PART_MACHINE = 5,           /* Registry.Machine */
    PART_SCHEDULE = 6,          /* maintenance.Schedule */
    PART_WEIGHT = 7,            /* Registry.Weight */
    PART_QUOTA = 8,             /* quota.QuotaConfig */
    PART_CAPABILITY = 9,        /* Registry.MinimumCapability */
    PART_CHANGE = 32,           /* RegistryChange */
};

/* Bytes before the first part, and before the body of each. */
#define PARTS_HEAD_SIZE 4u
#define PART_HEAD_SIZE 5u

/* --- writing --- */

void parts_start(struct strbuf *out);
void parts_append(struct strbuf *out, enum part_kind, const void *body,
                  uint32_t size);
void parts_append_message(struct strbuf *out, enum part_kind,
                          const ProtobufCMessage *);

/* --- reading --- */

struct part {
    unsigned kind;              /* may be none of the above */
    const void *body;           /* inside what is read */
    uint32_t size;
};

struct parts_reader {
    const uint8_t *at, *end;
    size_t size;                /* of all */
};

/* Checks the version.  'data' is borrowed as long as the reader is used. */
struct error *parts_begin(struct parts_reader *, const void *data, size_t size)
    MUST_CHECK;

/* The next part; false at the end, and if it is cut short, which is an error
 * that says where. */
bool parts_next(struct parts_reader *, struct part *ret,
                struct error **ret_error);

#endif /* MASTER_REGISTRAR_PARTS_H */
