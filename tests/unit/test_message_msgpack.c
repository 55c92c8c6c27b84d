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

static Suite *
message_msgpack_suite(void)
{
    Suite *suite = suite_create("message_msgpack");

    test_add(suite, "numbers", fields_are_written_under_their_numbers);
    test_add(suite, "one allocation", small_message_is_one_allocation);
    test_add(suite, "unknown fields", unknown_fields_are_forwarded);
    test_add(suite, "not a message", what_is_not_a_message_is_refused);
    return suite;
}

TEST_MAIN(message_msgpack_suite)
