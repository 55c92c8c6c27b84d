/* SPDX-License-Identifier: Apache-2.0
 *
 * test_message_msgpack.c - messages in msgpack: round trips, and everything
 * that is to be refused. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "tests/lib/test.h"

/* Decodes 'size' bytes at 'data', which must be a message. */
static struct message *
decode(const ProtobufCMessageDescriptor *descriptor, const void *data,
       size_t size)
{
    struct message *m = NULL;
    struct error *error = message_decode_msgpack(descriptor, data, size, &m);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return m;
}

/* Decodes what must not be a message, and for the reason given. */
static void
assert_refused(const ProtobufCMessageDescriptor *descriptor, const void *data,
               size_t size, enum error_code code, const char *text)
{
    struct message *m = NULL;
    unsigned long n_tries = alloc_n_tries();
    struct error *error = message_decode_msgpack(descriptor, data, size, &m);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_null(m);
    ck_assert_msg(strstr(error_text(error), text), "%s", error_text(error));
    ck_assert_int_eq(error_code(error), code);
    ck_assert_uint_eq(alloc_n_tries(), n_tries);
    error_destroy(error);
}

#define ASSERT_REFUSED(DESCRIPTOR, BYTES, CODE, TEXT) \
    assert_refused(&(DESCRIPTOR), BYTES, sizeof(BYTES) - 1, ERROR_##CODE, TEXT)

START_TEST(fields_are_written_under_their_numbers)
{
    V1__TaskID id = V1__TASK_ID__INIT;
    autofini(strbuf) out = STRBUF(64);

    id.value = (char *) "web.7";
    message_encode_msgpack(&id.base, &out);

    ck_assert_uint_eq(out.len, 8);
    ck_assert_mem_eq(out.data, "\x81\x01\xa5web.7", 8);
}
END_TEST

START_TEST(small_message_is_one_allocation)
{
    static const char bytes[] = "\x81\x01\xa5web.7";
    unsigned long n_tries = alloc_n_tries();

    struct message *m = decode(&v1__task_id__descriptor, bytes, 8);

    V1__TaskID *id = message_root(m);
    ck_assert_str_eq(id->value, "web.7");
    ck_assert_uint_eq(alloc_n_tries(), n_tries + 1);
    ck_assert_uint_lt(message_memory(m), 200);
    message_unref(m);
}
END_TEST

START_TEST(unknown_fields_are_forwarded)
{
    /* 1: "web.7", 900: [1, {2: nil}] */
    static const char bytes[] =
        "\x82\x01\xa5web.7\xcd\x03\x84\x92\x01\x81\x02\xc0";
    autofini(strbuf) out = STRBUF(64);

    struct message *m = decode(&v1__task_id__descriptor, bytes,
                               sizeof bytes - 1);
    message_encode_msgpack(message_root(m), &out);

    ck_assert_uint_eq(out.len, sizeof bytes - 1);
    ck_assert_mem_eq(out.data, bytes, out.len);
    message_unref(m);
}
END_TEST

START_TEST(what_is_not_a_message_is_refused)
{
    ASSERT_REFUSED(v1__task_id__descriptor, "", PARSE, "cut off");
    ASSERT_REFUSED(v1__task_id__descriptor, "\xc1", PARSE, "not msgpack");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x91\x01", PARSE,
                   "expected a map");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x80", PARSE,
                   "value: required and not there");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x81\x01\x02", PARSE,
                   "value: expected a string");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x81\x01\xa3" "a\0b", PARSE,
                   "value: string with a NUL");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x82\x01\xa1" "a\x01\xa1" "b",
                   PARSE, "value: there twice");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x81\xa1" "a\xa1" "b", PARSE,
                   "number of a field");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x81\x01\xa1" "a\xc0", PARSE,
                   "1 bytes after");
}
END_TEST

START_TEST(error_names_the_path)
{
    /* subscribe: {framework_info: {user: "u"}} */
    ASSERT_REFUSED(scheduler__call__descriptor,
                   "\x82\x02\x01\x03\x81\x01\x81\x01\xa1u", PARSE,
                   "subscribe.framework_info.name: required and not there");
    /* accept: {offer_ids: [{value: "a"}, {}]} */
    ASSERT_REFUSED(scheduler__call__descriptor,
                   "\x81\x04\x81\x01\x92\x81\x01\xa1" "a\x80", PARSE,
                   "accept.offer_ids[1].value: required and not there");
}
END_TEST

START_TEST(integers_have_to_fit)
{
    ASSERT_REFUSED(v1__value__range__descriptor, "\x82\x01\xff\x02\x01",
                   PARSE, "begin: expected a number that fits");
    ASSERT_REFUSED(v1__duration_info__descriptor,
                   "\x81\x01\xcf\x80\0\0\0\0\0\0\0", PARSE,
                   "nanoseconds: expected a number that fits");
    ASSERT_REFUSED(v1__address__descriptor,
                   "\x81\x03\xce\x80\0\0\0", PARSE,
                   "port: expected a number that fits");
    ASSERT_REFUSED(v1__address__descriptor,
                   "\x81\x03\xcb\x3f\xf0\0\0\0\0\0\0", PARSE,
                   "port: expected a number that fits");
}
END_TEST

START_TEST(integers_of_any_size_are_accepted)
{
    static const struct {
        const char *bytes;
        size_t size;
        int32_t value;
    } forms[] = {
        { "\x81\x03\x7f", 3, 127 },
        { "\x81\x03\xe0", 3, -32 },
        { "\x81\x03\xcc\xff", 4, 255 },
        { "\x81\x03\xcd\xff\xff", 5, 65535 },
        { "\x81\x03\xce\x7f\xff\xff\xff", 7, INT32_MAX },
        { "\x81\x03\xcf\0\0\0\0\0\0\0\x05", 11, 5 },
        { "\x81\x03\xd0\x80", 4, -128 },
        { "\x81\x03\xd1\x80\0", 5, -32768 },
        { "\x81\x03\xd2\x80\0\0\0", 7, INT32_MIN },
        { "\x81\x03\xd3\xff\xff\xff\xff\xff\xff\xff\xfe", 11, -2 },
        { "\x81\x03\xd3\0\0\0\0\0\0\0\x02", 11, 2 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct message *m =
            decode(&v1__address__descriptor, forms[i].bytes, forms[i].size);

        ck_assert_int_eq(((V1__Address *) message_root(m))->port,
                         forms[i].value);
        message_unref(m);
    }
}
END_TEST

START_TEST(unknown_enum_value_is_no_value_and_is_forwarded)
{
    static const char bytes[] = "\x81\x02\xcd\x03\xe7";    /* type: 999 */
    autofini(strbuf) out = STRBUF(64);

    struct message *m =
        decode(&scheduler__call__descriptor, bytes, sizeof bytes - 1);
    message_encode_msgpack(message_root(m), &out);

    ck_assert(!((Scheduler__Call *) message_root(m))->has_type);
    ck_assert_uint_eq(((Scheduler__Call *) message_root(m))
                          ->base.n_unknown_fields, 1);
    struct message *again =
        decode(&scheduler__call__descriptor, out.data, out.len);
    ck_assert(message_equal(message_root(m), message_root(again)));
    message_unref(again);
    message_unref(m);
}
END_TEST

START_TEST(unknown_value_of_a_required_enum_is_refused)
{
    ASSERT_REFUSED(v1__task_status__descriptor,
                   "\x82\x01\x81\x01\xa1t\x02\xcd\x03\xe7", PARSE,
                   "state: value that is not known");
}
END_TEST

START_TEST(unknown_fields_stay_on_the_wire_they_came_by)
{
    autofini(strbuf) out = STRBUF(64);

    struct message *m =
        decode(&v1__task_id__descriptor, "\x82\x01\xa1" "a\x05\x01", 6);
    message_encode_protobuf(message_root(m), &out);
    ck_assert_uint_eq(out.len, 3);
    ck_assert_mem_eq(out.data, "\x0a\x01" "a", 3);
    strbuf_clear(&out);
    message_encode_json(message_root(m), &out);

    ck_assert_str_eq(out.data, "{\"value\":\"a\"}");
    message_unref(m);
}
END_TEST

START_TEST(claims_are_not_believed)
{
    ASSERT_REFUSED(v1__task_id__descriptor, "\xdf\xff\xff\xff\xff", PARSE,
                   "claims more elements");
    ASSERT_REFUSED(v1__task_id__descriptor, "\x81\x01\xdb\xff\xff\xff\xff",
                   PARSE, "value: claims more bytes");
    ASSERT_REFUSED(v1__value__set__descriptor,
                   "\x81\x01\xdd\xff\xff\xff\xff", PARSE,
                   "item: claims more elements");
    ASSERT_REFUSED(v1__secret__value__descriptor,
                   "\x81\x01\xc6\xff\xff\xff\xff", PARSE,
                   "data: claims more bytes");
    ASSERT_REFUSED(v1__task_id__descriptor,
                   "\x81\x63\xdd\xff\xff\xff\xff", PARSE,
                   "claims more elements");
    ASSERT_REFUSED(v1__task_id__descriptor,
                   "\x81\x63\xc9\xff\xff\xff\xff\x01", PARSE,
                   "claims more bytes");
}
END_TEST

/* A ContainerID within 'n' others. */
static void
nest(struct strbuf *out, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        strbuf_append_bytes(out, "\x82\x01\xa1" "c\x02", 5);
    }
    strbuf_append_bytes(out, "\x81\x01\xa1" "c", 4);
}

START_TEST(deep_nesting_is_refused)
{
    static const unsigned depths[] = { 33, 100, 10000 };
    autofini(strbuf) allowed = STRBUF(1 << 20);

    nest(&allowed, 32);
    message_unref(decode(&v1__container_id__descriptor, allowed.data,
                         allowed.len));
    for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
        autofini(strbuf) bytes = STRBUF(1 << 20);

        nest(&bytes, depths[i]);
        assert_refused(&v1__container_id__descriptor, bytes.data, bytes.len,
                       ERROR_TOO_LARGE, "nested deeper than 32");
    }
}
END_TEST

START_TEST(deep_nesting_of_unknown_values_is_refused)
{
    autofini(strbuf) bytes = STRBUF(1 << 20);

    strbuf_append_bytes(&bytes, "\x82\x01\xa1" "c\x63", 5);
    for (unsigned i = 0; i < 10000; i++) {
        strbuf_append_char(&bytes, '\x91');
    }
    strbuf_append_char(&bytes, '\xc0');

    assert_refused(&v1__container_id__descriptor, bytes.data, bytes.len,
                   ERROR_TOO_LARGE, "nested deeper than 32");
}
END_TEST

START_TEST(too_many_fields_are_refused)
{
    autofini(strbuf) bytes = STRBUF(1 << 20);

    strbuf_append_bytes(&bytes, "\xde\x20\0", 3);
    for (unsigned i = 0; i < 0x2000; i++) {
        strbuf_append_bytes(&bytes, "\x63\xc0", 2);
    }

    assert_refused(&v1__task_id__descriptor, bytes.data, bytes.len,
                   ERROR_TOO_LARGE, "too many fields");
}
END_TEST

START_TEST(large_message_is_refused)
{
    assert_refused(&v1__task_id__descriptor, "\x81\x01\xa1" "a",
                   LIMIT_MESSAGE_SIZE + 1, ERROR_TOO_LARGE, "message of");
}
END_TEST

/* 'n' elements of a byte each in field 'tag'. */
static void
append_elements(struct strbuf *out, char tag, size_t n, char element)
{
    char head[7] = {
        '\x81', tag, '\xdd', (char) (n >> 24), (char) (n >> 16),
        (char) (n >> 8), (char) n,
    };

    strbuf_append_bytes(out, head, sizeof head);
    memset(strbuf_reserve(out, n), element, n);
    strbuf_advance(out, n);
}

START_TEST(too_many_elements_are_refused)
{
    autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);

    append_elements(&bytes, 1, LIMIT_MESSAGE_COUNT + 1, '\xa0');

    assert_refused(&v1__value__set__descriptor, bytes.data, bytes.len,
                   ERROR_TOO_LARGE, "item: too many elements");
}
END_TEST

/* Operations without content are small on the wire and large in memory. */
START_TEST(what_would_take_too_much_memory_is_refused)
{
    autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);

    append_elements(&bytes, 2, LIMIT_MESSAGE_COUNT, '\x80');

    assert_refused(&scheduler__call__accept__descriptor, bytes.data,
                   bytes.len, ERROR_TOO_LARGE, "would take too much memory");
}
END_TEST

static Suite *
message_msgpack_suite(void)
{
    Suite *suite = suite_create("message_msgpack");

    test_add(suite, "numbers", fields_are_written_under_their_numbers);
    test_add(suite, "one allocation", small_message_is_one_allocation);
    test_add(suite, "unknown fields", unknown_fields_are_forwarded);
    test_add(suite, "not a message", what_is_not_a_message_is_refused);
    test_add(suite, "path", error_names_the_path);
    test_add(suite, "integers", integers_have_to_fit);
    test_add(suite, "integer forms", integers_of_any_size_are_accepted);
    test_add(suite, "unknown enum",
             unknown_enum_value_is_no_value_and_is_forwarded);
    test_add(suite, "unknown required enum",
             unknown_value_of_a_required_enum_is_refused);
    test_add(suite, "unknown fields elsewhere",
             unknown_fields_stay_on_the_wire_they_came_by);
    test_add(suite, "claims", claims_are_not_believed);
    test_add(suite, "depth", deep_nesting_is_refused);
    test_add(suite, "depth of unknown",
             deep_nesting_of_unknown_values_is_refused);
    test_add(suite, "many fields", too_many_fields_are_refused);
    test_add(suite, "size", large_message_is_refused);
    test_add(suite, "elements", too_many_elements_are_refused);
    test_add(suite, "memory", what_would_take_too_much_memory_is_refused);
    return suite;
}

TEST_MAIN(message_msgpack_suite)
