/* SPDX-License-Identifier: Apache-2.0
 *
 * test_message_protobuf.c - messages in protobuf's own form, and everything
 * that is to be refused. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "tests/lib/test.h"

static struct message *
decode(const ProtobufCMessageDescriptor *descriptor, const void *data,
       size_t size)
{
    struct message *m = NULL;
    struct error *error = message_decode_protobuf(descriptor, data, size, &m);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return m;
}

#define DECODE(DESCRIPTOR, BYTES) \
    decode(&(DESCRIPTOR), BYTES, sizeof(BYTES) - 1)

/* Refuses without having asked for memory. */
static void
assert_refused(const ProtobufCMessageDescriptor *descriptor, const void *data,
               size_t size, enum error_code code, const char *text)
{
    struct message *m = NULL;
    unsigned long n_tries = alloc_n_tries();
    struct error *error = message_decode_protobuf(descriptor, data, size, &m);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_null(m);
    ck_assert_msg(strstr(error_text(error), text), "%s", error_text(error));
    ck_assert_int_eq(error_code(error), code);
    ck_assert_uint_eq(alloc_n_tries(), n_tries);
    error_destroy(error);
}

#define ASSERT_REFUSED(DESCRIPTOR, BYTES, CODE, TEXT) \
    assert_refused(&(DESCRIPTOR), BYTES, sizeof(BYTES) - 1, ERROR_##CODE, TEXT)

START_TEST(small_message_is_one_allocation)
{
    unsigned long n_tries = alloc_n_tries();

    struct message *m = DECODE(v1__task_id__descriptor, "\x0a\x05web.7");

    V1__TaskID *id = message_root(m);
    ck_assert_str_eq(id->value, "web.7");
    ck_assert_uint_eq(alloc_n_tries(), n_tries + 1);
    message_unref(m);
}
END_TEST

START_TEST(what_is_not_a_message_is_refused)
{
    ASSERT_REFUSED(v1__task_id__descriptor, "", PARSE,
                   "value: required and not there");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x0a", PARSE,
                   "length that is cut off");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x0a\x05web", PARSE,
                   "claims more bytes than there are");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x0a\xff\xff\xff\xff\x0f", PARSE,
                   "claims more bytes than there are");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x08\x05", PARSE,
                   "value: of another type");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x0a\x03" "a\0b", PARSE,
                   "value: string with a NUL");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x02\x01" "a", PARSE,
                   "number of a field");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x0b\x0c", PARSE,
                   "not supported");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x0a\x01x\x1d\x01\x02", PARSE,
                   "cut off");
    ASSERT_REFUSED(v1__duration_info__descriptor,
                   "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", PARSE,
                   "too long");
    ASSERT_REFUSED(v1__container_id__descriptor,
                   "\x0a\x01" "a\x12\x03\x0a\x01" "b\x12\x03\x0a\x01" "c",
                   PARSE, "parent: there twice");
}
END_TEST

START_TEST(error_names_the_path)
{
    ASSERT_REFUSED(scheduler__call__descriptor,
                   "\x10\x01\x1a\x05\x0a\x03\x0a\x01u", PARSE,
                   "subscribe.framework_info.name: required and not there");
}
END_TEST

START_TEST(last_of_two_values_counts)
{
    struct message *m =
        DECODE(v1__task_id__descriptor, "\x0a\x01" "a\x0a\x01" "b");

    ck_assert_str_eq(((V1__TaskID *) message_root(m))->value, "b");
    message_unref(m);
}
END_TEST

START_TEST(elements_need_not_be_neighbours)
{
    /* roles, user, roles, name, roles */
    struct message *m = DECODE(
        v1__framework_info__descriptor,
        "\x62\x01" "a\x0a\x01u\x62\x01" "b\x12\x01n\x62\x01" "c");

    V1__FrameworkInfo *info = message_root(m);
    ck_assert_uint_eq(info->n_roles, 3);
    ck_assert_str_eq(info->roles[0], "a");
    ck_assert_str_eq(info->roles[1], "b");
    ck_assert_str_eq(info->roles[2], "c");
    message_unref(m);
}
END_TEST

START_TEST(unknown_fields_are_forwarded)
{
    static const char bytes[] = "\x0a\x01" "a\xa2\x38\x02xy\x18\x96\x01"
                                "\x25\x01\x02\x03\x04"
                                "\x29\x01\x02\x03\x04\x05\x06\x07\x08";
    autofini(strbuf) out = STRBUF(64);

    struct message *m = DECODE(v1__task_id__descriptor, bytes);
    message_encode_protobuf(message_root(m), &out);

    ck_assert_uint_eq(out.len, sizeof bytes - 1);
    ck_assert_mem_eq(out.data, bytes, out.len);
    message_unref(m);
}
END_TEST

START_TEST(unknown_fields_stay_on_the_wire_they_came_by)
{
    autofini(strbuf) out = STRBUF(64);

    struct message *m =
        DECODE(v1__task_id__descriptor, "\x0a\x01" "a\x18\x01");
    message_encode_msgpack(message_root(m), &out);

    ck_assert_uint_eq(out.len, 4);
    ck_assert_mem_eq(out.data, "\x81\x01\xa1" "a", 4);
    message_unref(m);
}
END_TEST

START_TEST(unknown_enum_value_is_no_value_and_is_forwarded)
{
    static const char bytes[] = "\x10\xe7\x07";     /* type: 999 */
    autofini(strbuf) out = STRBUF(64);

    struct message *m = DECODE(scheduler__call__descriptor, bytes);
    message_encode_protobuf(message_root(m), &out);

    ck_assert(!((Scheduler__Call *) message_root(m))->has_type);
    ck_assert_uint_eq(out.len, sizeof bytes - 1);
    ck_assert_mem_eq(out.data, bytes, out.len);
    message_unref(m);
}
END_TEST

START_TEST(unknown_value_of_a_required_enum_is_refused)
{
    ASSERT_REFUSED(v1__task_status__descriptor,
                   "\x0a\x03\x0a\x01t\x10\xe7\x07", PARSE,
                   "state: value that is not known");
}
END_TEST

START_TEST(packed_values_are_accepted)
{
    /* The last one of the three is not known. */
    struct message *m = DECODE(v1__capability_info__descriptor,
                               "\x0a\x06\xe8\x07\xe9\x07\xf0\x7f");

    V1__CapabilityInfo *info = message_root(m);
    ck_assert_uint_eq(info->n_capabilities, 2);
    ck_assert_int_eq(info->capabilities[0], 1000);
    ck_assert_int_eq(info->capabilities[1], 1001);
    message_unref(m);
}
END_TEST

static void
prepend(char **p, const void *data, size_t size)
{
    *p -= size;
    memcpy(*p, data, size);
}

static void
prepend_varint(char **p, size_t value)
{
    char bytes[10];
    size_t n = 0;

    for (; value >= 0x80; value >>= 7) {
        bytes[n++] = (char) (value | 0x80);
    }
    bytes[n++] = (char) value;
    prepend(p, bytes, n);
}

/* A ContainerID and its parents, 'n' in all, written from the innermost
 * outwards in front of 'end'.  Where it begins. */
static char *
nest(char *end, unsigned n)
{
    char *p = end;

    for (unsigned i = 0; i < n; i++) {
        if (i > 0) {
            prepend_varint(&p, (size_t) (end - p));
            prepend(&p, "\x12", 1);
        }
        prepend(&p, "\x0a\x01" "c", 3);
    }
    return p;
}

START_TEST(deep_nesting_is_refused)
{
    static const unsigned depths[] = { 33, 100, 10000 };
    static char bytes[1 << 17];
    char *end = bytes + sizeof bytes;
    char *p = nest(end, 32);

    message_unref(
        decode(&v1__container_id__descriptor, p, (size_t) (end - p)));
    for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
        p = nest(end, depths[i]);
        assert_refused(&v1__container_id__descriptor, p, (size_t) (end - p),
                       ERROR_TOO_LARGE, "nested deeper than 32");
    }
}
END_TEST

START_TEST(too_many_unknown_fields_are_refused)
{
    autofini(strbuf) bytes = STRBUF(1 << 20);

    strbuf_append_bytes(&bytes, "\x0a\x01" "a", 3);
    for (unsigned i = 0; i < 4097; i++) {
        strbuf_append_bytes(&bytes, "\x18\x01", 2);
    }

    assert_refused(&v1__task_id__descriptor, bytes.data, bytes.len,
                   ERROR_TOO_LARGE, "too many unknown fields");
}
END_TEST

START_TEST(large_message_is_refused)
{
    ck_assert_uint_lt(LIMIT_MESSAGE_SIZE, SIZE_MAX);
    assert_refused(&v1__task_id__descriptor, "\x0a\x01" "a",
                   LIMIT_MESSAGE_SIZE + 1, ERROR_TOO_LARGE, "message of");
}
END_TEST

/* A message that is small on the wire and large in memory: operations without
 * content. */
START_TEST(what_would_take_too_much_memory_is_refused)
{
    autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);
    size_t n = LIMIT_MESSAGE_COUNT;
    char *p = strbuf_reserve(&bytes, 2 * n);

    for (size_t i = 0; i < n; i++) {
        p[2 * i] = '\x12';
        p[2 * i + 1] = 0;
    }
    strbuf_advance(&bytes, 2 * n);

    assert_refused(&scheduler__call__accept__descriptor, bytes.data,
                   bytes.len, ERROR_TOO_LARGE, "would take too much memory");
}
END_TEST

START_TEST(too_many_elements_are_refused)
{
    autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);
    size_t n = LIMIT_MESSAGE_COUNT + 1;
    char *p = strbuf_reserve(&bytes, 2 * n);

    for (size_t i = 0; i < n; i++) {
        p[2 * i] = '\x0a';
        p[2 * i + 1] = 0;
    }
    strbuf_advance(&bytes, 2 * n);

    assert_refused(&v1__value__set__descriptor, bytes.data, bytes.len,
                   ERROR_TOO_LARGE, "item: too many elements");
}
END_TEST

static Suite *
message_protobuf_suite(void)
{
    Suite *suite = suite_create("message_protobuf");

    test_add(suite, "one allocation", small_message_is_one_allocation);
    test_add(suite, "not a message", what_is_not_a_message_is_refused);
    test_add(suite, "path", error_names_the_path);
    test_add(suite, "twice", last_of_two_values_counts);
    test_add(suite, "scattered", elements_need_not_be_neighbours);
    test_add(suite, "unknown fields", unknown_fields_are_forwarded);
    test_add(suite, "unknown fields elsewhere",
             unknown_fields_stay_on_the_wire_they_came_by);
    test_add(suite, "unknown enum",
             unknown_enum_value_is_no_value_and_is_forwarded);
    test_add(suite, "unknown required enum",
             unknown_value_of_a_required_enum_is_refused);
    test_add(suite, "packed", packed_values_are_accepted);
    test_add(suite, "depth", deep_nesting_is_refused);
    test_add(suite, "many unknown", too_many_unknown_fields_are_refused);
    test_add(suite, "size", large_message_is_refused);
    test_add(suite, "elements", too_many_elements_are_refused);
    test_add(suite, "memory", what_would_take_too_much_memory_is_refused);
    return suite;
}

TEST_MAIN(message_protobuf_suite)
