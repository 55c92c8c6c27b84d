/* SPDX-License-Identifier: Apache-2.0
 *
 * message.h - messages declared in proto/, in memory and on three wires.
 *
 * A 'struct message' is an arena with one protobuf-c message, the root, in it.
 * It is filled in by whoever creates it and never changes after that: it is
 * counted, handed from actor to actor as a pointer, and freed as a whole.
 *
 *     struct message *m = message_create(&cmesos__ping__descriptor);
 *     Cmesos__Ping *ping = message_root(m);
 *
 *     ping->text = message_strdup(m, "hello");
 *     actor_send_message(self, &peer, &msg_ping, &m);
 *
 * A message may point into another one: message_hold() keeps the other alive
 * as long.  That is how a TaskInfo travels from a scheduler's call into the
 * order to the agent without a copy.
 *
 * One walker over protobuf-c's descriptors gives every encoding.  Bounds
 * (limits.h) are checked before anything is reserved or built, with the same
 * rules on all wires.
 *
 * Unknown fields of msgpack and of protobuf are kept, and written again on the
 * wire they came by.  The other two leave them out, since only the declaration
 * says what their bytes mean.  An enum value that this version does not know
 * counts as an unknown field; in a required field it is refused, in a
 * repeated one left out.
 *
 * Messages are for things in flight.  State that outlives the turn is native
 * records.
 *
 * Thread-safety: references may be taken and dropped by any thread; the
 * content is written by its creator only, before it is shared. */
#ifndef ACTOR_MESSAGE_H
#define ACTOR_MESSAGE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>

struct error;
struct json_writer;
struct message;
struct strbuf;

/* --- life --- */

/* A message whose root is an empty message of type 'descriptor' (defaults set,
 * as the generated init function does).  One reference, the caller's. */
struct message *message_create(const ProtobufCMessageDescriptor *descriptor);

struct message *message_ref(struct message *);
void message_unref(struct message *);                   /* NULL is fine */
void message_destroy_indirect(struct message **);       /* for autodestroy */

/* The root, typed by the caller; its 'base.descriptor' says what it is. */
void *message_root(const struct message *);
const ProtobufCMessageDescriptor *message_descriptor(const struct message *);

/* Bytes held, arena blocks included, held messages not. */
size_t message_memory(const struct message *);

/* --- filling in; all of it lives as long as the message --- */

void *message_alloc(struct message *, size_t size);     /* zeroed, aligned */
char *message_strdup(struct message *, const char *);
char *message_strndup(struct message *, const char *, size_t len);
char *message_printf(struct message *, const char *fmt, ...)
    PRINTF_FORMAT(2, 3);

/* An empty sub-message. */
void *message_new(struct message *, const ProtobufCMessageDescriptor *);

/* An array of 'n' pointers or scalars for a repeated field. */
#define message_array(m, n, element_size) \
    message_alloc((m), (size_t) (n) * (element_size))

/* A deep copy of 'source' inside 'm'. */
void *message_copy(struct message *, const ProtobufCMessage *source);

/* Keeps 'other' alive as long as 'm', so that 'm' may point into it. */
void message_hold(struct message *, struct message *other);

/* A message of its own that is a deep copy of 'source'. */
struct message *message_clone(const ProtobufCMessage *source);

/* --- wires --- */

/* Appends the msgpack form: a map keyed by field number. */
void message_encode_msgpack(const ProtobufCMessage *, struct strbuf *out);

/* Appends the protobuf form. */
void message_encode_protobuf(const ProtobufCMessage *, struct strbuf *out);

/* Appends the JSON form of stout's protobuf.hpp: field names as declared and
 * in that order, enum names, base64 for bytes, map<> fields as objects.
 * Written are fields that are set, repeated ones that are not empty, and those
 * not set to which the declaration gives a default, unless deprecated. */
void message_encode_json(const ProtobufCMessage *, struct strbuf *out);
void message_write_json(const ProtobufCMessage *, struct json_writer *);

/* Decoders: a new message, or an error that names the path of the field that
 * is wrong ("task.resources[2].scalar.value: expected a number that fits").
 * Required fields have to be there.
 *
 * JSON also accepts numbers as strings and one value for an array of one, and
 * passes over unknown members and nulls.  Its errors are in Mesos' words:
 * ERROR_PARSE is for text that is not JSON ("syntax error at line 1 near: "),
 * ERROR_INVALID for what is not the message ("Not expecting a JSON number for
 * field 'user'", "Missing required fields: subscribe.framework_info.name"). */
struct error *message_decode_msgpack(const ProtobufCMessageDescriptor *,
                                     const void *data, size_t size,
                                     struct message **ret) MUST_CHECK;
struct error *message_decode_protobuf(const ProtobufCMessageDescriptor *,
                                      const void *data, size_t size,
                                      struct message **ret) MUST_CHECK;
struct error *message_decode_json(const ProtobufCMessageDescriptor *,
                                  const char *text, size_t len,
                                  struct message **ret) MUST_CHECK;

/* --- comparing and showing --- */

/* Same type and same fields, unknown fields included.  Repeated fields in
 * order; map<> fields in any order. */
bool message_equal(const ProtobufCMessage *, const ProtobufCMessage *);

/* JSON for logs, at most 'max_len' bytes of it: values of secrets, credentials
 * and environment variables are replaced by "<redacted>". */
void message_print_redacted(const ProtobufCMessage *, struct strbuf *out,
                            size_t max_len);

/* Whether a field is a map<>: a repeated message whose type is a nested
 * "...Entry" of key = 1, value = 2. */
bool message_field_is_map(const ProtobufCFieldDescriptor *);

/* Enum value -> its declared name ("TASK_RUNNING"), NULL if unknown; and
 * back. */
const char *message_enum_name(const ProtobufCEnumDescriptor *, int value);
bool message_enum_parse(const ProtobufCEnumDescriptor *, const char *name,
                        int *ret_value);

#endif /* ACTOR_MESSAGE_H */
