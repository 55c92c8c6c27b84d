/* SPDX-License-Identifier: Apache-2.0
 *
 * test_recordio.c - records in a stream of bytes, whole and in pieces. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include "http/recordio.h"
#include "tests/lib/test.h"

/* Decodes 'data' fed 'step' bytes at a time; each record is written to 'out'
 * as "<record>". */
static struct error *
decode(const char *data, size_t size, size_t step, size_t max,
       struct strbuf *out)
{
    struct recordio_decoder decoder;
    struct error *error = NULL;
    size_t i = 0;

    recordio_decoder_init(&decoder, max);
    while (i < size && !error) {
        size_t used = 0;
        bool is_whole = false;

        error = recordio_decode(&decoder, data + i,
                                size - i < step ? size - i : step, &used,
                                &is_whole);
        i += used;
        if (is_whole) {
            strbuf_append_char(out, '<');
            strbuf_append_bytes(out, decoder.record.data, decoder.record.len);
            strbuf_append_char(out, '>');
            strbuf_clear(&decoder.record);
        }
    }
    if (!error) {
        error = recordio_end(&decoder);
    }
    recordio_decoder_fini(&decoder);
    return error;
}

/* The same whatever the pieces are; 'expected' begins with '!' for an error,
 * whose text follows. */
static void
expect(const char *data, size_t size, size_t max, const char *expected)
{
    for (size_t step = 1; step <= size + 1; step++) {
        autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
        autoerror *error = decode(data, size, step, max, &out);

        if (error) {
            strbuf_clear(&out);
            strbuf_printf(&out, "!%s", error_text(error));
        }
        ck_assert_str_eq(out.data, expected);
    }
}

#define EXPECT(data, expected) \
    expect(data, sizeof(data) - 1, 100, expected)

START_TEST(records_come_out_as_they_were_put_in)
{
    autofini(strbuf) data = STRBUF(STRBUF_UNLIMITED);

    recordio_encode(&data, "hello", 5);
    recordio_encode(&data, "", 0);
    recordio_encode(&data, "12\n3", 4);

    ck_assert_str_eq(data.data, "5\nhello0\n4\n12\n3");
    expect(data.data, data.len, 100, "<hello><><12\n3>");
}
END_TEST

START_TEST(a_stream_may_be_empty)
{
    EXPECT("", "");
}
END_TEST

START_TEST(a_length_has_digits_only)
{
    EXPECT("x", "!byte 0x78 in the length of a record at offset 0");
    EXPECT(" 1\na", "!byte 0x20 in the length of a record at offset 0");
    EXPECT("+1\na", "!byte 0x2b in the length of a record at offset 0");
    EXPECT("1\na-1\n", "!byte 0x2d in the length of a record at offset 3");
    EXPECT("1\r\na", "!byte 0x0d in the length of a record at offset 1");
    EXPECT("1\0\na", "!byte 0x00 in the length of a record at offset 1");
    EXPECT("\n", "!no length of a record at offset 0");
    EXPECT("1\na\n", "!no length of a record at offset 3");
}
END_TEST

START_TEST(a_length_has_no_zeros_before_it)
{
    EXPECT("0\n", "<>");
    EXPECT("1\na00\n",
           "!a zero before the length of a record at offset 3");
    EXPECT("01\na", "!a zero before the length of a record at offset 0");
}
END_TEST

START_TEST(a_record_above_the_limit_is_refused_by_its_length)
{
    EXPECT("1\na101\n",
           "!the record at offset 3 has more than 100 bytes");
    EXPECT("99999999999999999999999999999999\n",
           "!the record at offset 0 has more than 100 bytes");
    expect("3\nabc", 5, 3, "<abc>");
    expect("4\nabcd", 6, 3, "!the record at offset 0 has more than 3 bytes");
}
END_TEST

START_TEST(a_stream_must_not_end_within_a_record)
{
    EXPECT("1", "!the stream ends at offset 1 within the record at offset 0");
    EXPECT("1\na3\nb",
           "!the stream ends at offset 6 within the record at offset 3");
}
END_TEST

START_TEST(a_length_takes_no_memory)
{
    struct recordio_decoder decoder;
    size_t used;
    bool is_whole;

    recordio_decoder_init(&decoder, LIMIT_RECORD);
    ck_assert_ptr_null(recordio_decode(&decoder, "67108864\nabc", 12, &used,
                                       &is_whole));

    ck_assert_uint_eq(used, 12);
    ck_assert(!is_whole);
    ck_assert_uint_lt(decoder.record.capacity, 1024);
    recordio_decoder_fini(&decoder);
}
END_TEST

START_TEST(a_record_for_which_there_is_no_memory_is_an_error)
{
    static const char head[] = "1000000\n";
    autofree char *data = xcalloc(1, 1000000);
    struct recordio_decoder decoder;
    size_t used;
    bool is_whole;

    recordio_decoder_init(&decoder, LIMIT_RECORD);
    ck_assert_ptr_null(recordio_decode(&decoder, head, 8, &used, &is_whole));
    alloc_fail_after(0);
    autoerror *error = recordio_decode(&decoder, data, 1000000, &used,
                                       &is_whole);
    alloc_fail_after(-1);

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_NO_MEMORY);
    recordio_decoder_fini(&decoder);
}
END_TEST

static Suite *
recordio_suite(void)
{
    Suite *suite = suite_create("recordio");

    test_add(suite, "round_trip", records_come_out_as_they_were_put_in);
    test_add(suite, "empty", a_stream_may_be_empty);
    test_add(suite, "digits", a_length_has_digits_only);
    test_add(suite, "zeros", a_length_has_no_zeros_before_it);
    test_add(suite, "limit",
             a_record_above_the_limit_is_refused_by_its_length);
    test_add(suite, "end", a_stream_must_not_end_within_a_record);
    test_add(suite, "memory", a_length_takes_no_memory);
    test_add(suite, "no_memory",
             a_record_for_which_there_is_no_memory_is_an_error);
    return suite;
}

TEST_MAIN(recordio_suite)
