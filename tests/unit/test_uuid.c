/* SPDX-License-Identifier: Apache-2.0
 *
 * test_uuid.c - UUIDs as bytes and as text. */
#include <config.h>

#include <stdint.h>
#include <string.h>

#include <actor/error.h>
#include <actor/uuid.h>

#include "tests/lib/test.h"

START_TEST(version_and_variant_are_set_whatever_the_random_bytes)
{
    uint8_t ones[16], zeros[16] = { 0 };
    struct uuid u;
    memset(ones, 0xff, sizeof ones);

    uuid_make_v4(ones, &u);
    ck_assert_str_eq(UUID_TEXT(&u), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    uuid_make_v4(zeros, &u);

    ck_assert_str_eq(UUID_TEXT(&u), "00000000-0000-4000-8000-000000000000");
}
END_TEST

START_TEST(texts_read_back)
{
    const char *text = "9247d684-07e8-4b97-b46b-0be85eebba90";
    struct uuid u, same;
    autoerror *e = uuid_parse(text, &u);
    autoerror *f = uuid_parse("9247D684-07E8-4B97-B46B-0BE85EEBBA90", &same);

    ck_assert_ptr_null(e);
    ck_assert_ptr_null(f);
    ck_assert_str_eq(UUID_TEXT(&u), text);
    ck_assert(uuid_equal(&u, &same));
    ck_assert_int_eq(u.bytes[0], 0x92);
    ck_assert_int_eq(u.bytes[15], 0x90);
}
END_TEST

START_TEST(ill_formed_texts_are_refused)
{
    static const char *const texts[] = {
        "", "9247d684", "9247d684-07e8-4b97-b46b-0be85eebba9",
        "9247d684-07e8-4b97-b46b-0be85eebba900",
        "9247d68407e8-4b97-b46b-0be85eebba90-",
        "9247d684-07e8-4b97-b46b-0be85eebba9g",
        "9247d684_07e8_4b97_b46b_0be85eebba90",
        "9247d684-07e8-4b97-b46b-0be85eebba9\x1b",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct uuid u = { { 7 } };
        autoerror *e = uuid_parse(texts[i], &u);
        ck_assert_msg(e, "%s", texts[i]);
        ck_assert_int_eq(u.bytes[0], 7);
    }
}
END_TEST

START_TEST(bytes_of_a_wire_must_be_sixteen)
{
    static const uint8_t bytes[17] = { 1, 2, 3 };
    struct uuid u, short_one;
    autoerror *e = uuid_from_bytes(bytes, 16, &u);
    autoerror *f = uuid_from_bytes(bytes, 15, &short_one);
    autoerror *g = uuid_from_bytes(bytes, 17, &short_one);

    ck_assert_ptr_null(e);
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(g);
    ck_assert_mem_eq(u.bytes, bytes, 16);
}
END_TEST

static Suite *
uuid_suite(void)
{
    Suite *suite = suite_create("uuid");

    test_add(suite, "version",
             version_and_variant_are_set_whatever_the_random_bytes);
    test_add(suite, "texts", texts_read_back);
    test_add(suite, "ill", ill_formed_texts_are_refused);
    test_add(suite, "bytes", bytes_of_a_wire_must_be_sixteen);
    return suite;
}

TEST_MAIN(uuid_suite)
