/* SPDX-License-Identifier: Apache-2.0
 *
 * test_message_wires.c - what holds for messages of every type on every wire,
 * tried with random content; and that msgpack-c and protobuf-c, which we do
 * not decode with, read what we write. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <msgpack.h>

#include "proto/cmesos/internal.pb-c.h"
#include "tests/lib/message_generator.h"
#include "tests/lib/test.h"

#define N_SEEDS 12

struct wire {
    const char *name;
    void (*encode)(const ProtobufCMessage *, struct strbuf *out);
    struct error *(*decode)(const ProtobufCMessageDescriptor *,
                            const void *data, size_t size,
                            struct message **ret);
};

static struct error *
decode_json(const ProtobufCMessageDescriptor *descriptor, const void *data,
            size_t size, struct message **ret)
{
    return message_decode_json(descriptor, data, size, ret);
}

static const struct wire msgpack_wire = {
    "msgpack", message_encode_msgpack, message_decode_msgpack
};
static const struct wire protobuf_wire = {
    "protobuf", message_encode_protobuf, message_decode_protobuf
};
static const struct wire json_wire = {
    "json", message_encode_json, decode_json
};
static const struct wire *const wires[] = {
    &msgpack_wire, &protobuf_wire, &json_wire,
};

/* Calls 'check' with messages of all types. */
static void
for_all_types(void (*check)(const ProtobufCMessage *, uint64_t seed),
              unsigned n_seeds)
{
    const ProtobufCMessageDescriptor *const *types;
    size_t n = message_types(&types);

    for (size_t i = 0; i < n; i++) {
        for (uint64_t seed = 1; seed <= n_seeds; seed++) {
            struct message *m = message_generate(types[i], seed);

            check(message_root(m), seed);
            message_unref(m);
        }
    }
}

static struct message *
decode(const struct wire *wire, const ProtobufCMessageDescriptor *descriptor,
       const struct strbuf *bytes, uint64_t seed)
{
    struct message *m = NULL;
    struct error *error =
        wire->decode(descriptor, bytes->data, bytes->len, &m);

    ck_assert_msg(!error, "%s of %s, seed %ju: %s", wire->name,
                  descriptor->name, (uintmax_t) seed,
                  error ? error_text(error) : "");
    return m;
}

static void
check_round_trip(const struct wire *wire, const ProtobufCMessage *message,
                 uint64_t seed)
{
    autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);

    wire->encode(message, &bytes);
    struct message *m = decode(wire, message->descriptor, &bytes, seed);
    ck_assert_msg(message_equal(message, message_root(m)),
                  "%s of %s, seed %ju", wire->name, message->descriptor->name,
                  (uintmax_t) seed);
    message_unref(m);
}

static void
check_msgpack(const ProtobufCMessage *message, uint64_t seed)
{
    check_round_trip(&msgpack_wire, message, seed);
}

START_TEST(every_message_survives_msgpack)
{
    for_all_types(check_msgpack, N_SEEDS);
}
END_TEST

static void
check_protobuf(const ProtobufCMessage *message, uint64_t seed)
{
    check_round_trip(&protobuf_wire, message, seed);
}

START_TEST(every_message_survives_protobuf)
{
    for_all_types(check_protobuf, N_SEEDS);
}
END_TEST

/* JSON writes defaults as if they were set, so it is its second form that is
 * compared. */
static void
check_json(const ProtobufCMessage *message, uint64_t seed)
{
    autofini(strbuf) first = STRBUF(LIMIT_MESSAGE_SIZE);
    autofini(strbuf) second = STRBUF(LIMIT_MESSAGE_SIZE);

    message_encode_json(message, &first);
    struct message *m = decode(&json_wire, message->descriptor, &first, seed);
    message_encode_json(message_root(m), &second);
    ck_assert_str_eq(first.data, second.data);
    check_round_trip(&json_wire, message_root(m), seed);
    message_unref(m);
}

START_TEST(every_message_survives_json)
{
    for_all_types(check_json, N_SEEDS);
}
END_TEST

static void
check_clone(const ProtobufCMessage *message, uint64_t seed)
{
    autofini(strbuf) before = STRBUF(LIMIT_MESSAGE_SIZE);
    autofini(strbuf) after = STRBUF(LIMIT_MESSAGE_SIZE);
    struct message *original = message_clone(message);
    struct message *clone = message_clone(message_root(original));

    message_encode_msgpack(message_root(original), &before);
    message_unref(original);
    message_encode_msgpack(message_root(clone), &after);
    ck_assert_msg(before.len == after.len
                      && !memcmp(before.data, after.data, after.len),
                  "%s, seed %ju", message->descriptor->name,
                  (uintmax_t) seed);
    ck_assert(message_equal(message, message_root(clone)));
    message_unref(clone);
}

START_TEST(clones_do_not_need_their_original)
{
    for_all_types(check_clone, 2);
}
END_TEST

static void
check_protobuf_c(const ProtobufCMessage *message, uint64_t seed)
{
    autofini(strbuf) ours = STRBUF(LIMIT_MESSAGE_SIZE);
    size_t size = protobuf_c_message_get_packed_size(message);
    autofree uint8_t *theirs = xmalloc(size + 1);

    message_encode_protobuf(message, &ours);
    ck_assert_uint_eq(protobuf_c_message_pack(message, theirs), ours.len);
    ck_assert_msg(!memcmp(ours.data, theirs, size), "%s, seed %ju",
                  message->descriptor->name, (uintmax_t) seed);

    ProtobufCMessage *read = protobuf_c_message_unpack(
        message->descriptor, NULL, ours.len, (uint8_t *) ours.data);

    ck_assert_ptr_nonnull(read);
    ck_assert(message_equal(message, read));
    protobuf_c_message_free_unpacked(read, NULL);
}

START_TEST(protobuf_is_written_and_read_as_by_protobuf_c)
{
    for_all_types(check_protobuf_c, N_SEEDS);
}
END_TEST

static void
check_msgpack_c(const ProtobufCMessage *message, uint64_t seed)
{
    autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);
    msgpack_unpacked unpacked;
    size_t offset = 0;

    msgpack_unpacked_init(&unpacked);
    message_encode_msgpack(message, &bytes);
    ck_assert_msg(msgpack_unpack_next(&unpacked, bytes.data, bytes.len,
                                      &offset)
                      == MSGPACK_UNPACK_SUCCESS,
                  "%s, seed %ju", message->descriptor->name,
                  (uintmax_t) seed);
    ck_assert_uint_eq(offset, bytes.len);
    ck_assert_int_eq(unpacked.data.type, MSGPACK_OBJECT_MAP);
    msgpack_unpacked_destroy(&unpacked);
}

START_TEST(msgpack_c_reads_our_msgpack)
{
    for_all_types(check_msgpack_c, N_SEEDS);
}
END_TEST

/* Every beginning of a message is refused, or is a message too (protobuf may
 * end after any field). */
static void
check_beginnings(const ProtobufCMessage *message, uint64_t seed)
{
    for (size_t w = 0; w < ARRAY_SIZE(wires); w++) {
        autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);

        wires[w]->encode(message, &bytes);
        for (size_t len = 0; len < bytes.len && len < 300; len++) {
            autofree char *beginning = xmemdup(bytes.data, len);
            struct message *m = NULL;
            struct error *error = wires[w]->decode(message->descriptor,
                                                   beginning, len, &m);

            ck_assert_msg(error || wires[w] == &protobuf_wire,
                          "%s of %s, seed %ju, %zu bytes", wires[w]->name,
                          message->descriptor->name, (uintmax_t) seed, len);
            error_destroy(error);
            message_unref(m);
        }
    }
}

START_TEST(half_a_message_is_no_message)
{
    for_all_types(check_beginnings, 1);
}
END_TEST

/* Flips bits; whatever comes of it, it is a message or an error. */
static void
check_damage(const ProtobufCMessage *message, uint64_t seed)
{
    for (size_t w = 0; w < ARRAY_SIZE(wires); w++) {
        autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);

        wires[w]->encode(message, &bytes);
        for (size_t i = 0; i < bytes.len && i < 200; i++) {
            autofree char *damaged = xmemdup(bytes.data, bytes.len);
            struct message *m = NULL;

            damaged[i] = (char) (damaged[i] ^ (1 << ((i + seed) % 8)));
            struct error *error = wires[w]->decode(message->descriptor,
                                                   damaged, bytes.len, &m);
            ck_assert((error == NULL) == (m != NULL));
            error_destroy(error);
            message_unref(m);
        }
    }
}

START_TEST(damage_is_survived)
{
    for_all_types(check_damage, 2);
}
END_TEST

/* Lets each of the allocations fail in turn. */
static unsigned
decode_without_memory(const struct wire *wire,
                      const ProtobufCMessageDescriptor *descriptor,
                      const struct strbuf *bytes)
{
    for (unsigned n = 0;; n++) {
        struct message *m = NULL;

        alloc_fail_after((long) n);
        struct error *error =
            wire->decode(descriptor, bytes->data, bytes->len, &m);
        alloc_fail_after(-1);
        if (!error) {
            message_unref(m);
            return n;
        }
        ck_assert_ptr_null(m);
        ck_assert_int_eq(error_code(error), ERROR_NO_MEMORY);
        error_destroy(error);
    }
}

START_TEST(lack_of_memory_is_an_error)
{
    const ProtobufCMessageDescriptor *d =
        &internal__reregister_agent__descriptor;
    struct message *m = message_generate(d, 7);

    for (size_t w = 0; w < ARRAY_SIZE(wires); w++) {
        autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);

        wires[w]->encode(message_root(m), &bytes);
        ck_assert_uint_gt(decode_without_memory(wires[w], d, &bytes), 0);
    }
    message_unref(m);
}
END_TEST

START_TEST(full_strbuf_gets_no_more)
{
    struct message *m =
        message_generate(&internal__reregister_agent__descriptor, 7);

    for (size_t w = 0; w < ARRAY_SIZE(wires); w++) {
        for (size_t max_len = 0; max_len < 1000; max_len += 7) {
            autofini(strbuf) bytes = STRBUF(max_len);

            wires[w]->encode(message_root(m), &bytes);
            ck_assert(bytes.overflow);
            ck_assert_uint_le(bytes.len, max_len);
        }
    }
    message_unref(m);
}
END_TEST

static Suite *
message_wires_suite(void)
{
    Suite *suite = suite_create("message_wires");

    test_add(suite, "msgpack", every_message_survives_msgpack);
    test_add(suite, "protobuf", every_message_survives_protobuf);
    test_add(suite, "json", every_message_survives_json);
    test_add(suite, "clone", clones_do_not_need_their_original);
    test_add(suite, "protobuf-c",
             protobuf_is_written_and_read_as_by_protobuf_c);
    test_add(suite, "msgpack-c", msgpack_c_reads_our_msgpack);
    test_add(suite, "beginnings", half_a_message_is_no_message);
    test_add(suite, "damage", damage_is_survived);
    test_add(suite, "no memory", lack_of_memory_is_an_error);
    test_add(suite, "full", full_strbuf_gets_no_more);
    return suite;
}

TEST_MAIN(message_wires_suite)
