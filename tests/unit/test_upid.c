/* SPDX-License-Identifier: Apache-2.0
 *
 * test_upid.c - names of actors as text and as values. */
#include <config.h>

#include <stdint.h>
#include <string.h>

#include <actor/error.h>
#include <actor/upid.h>

#include "tests/lib/test.h"

#define ID_63 \
    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static struct upid
upid_of(const char *text)
{
    struct upid u;
    autoerror *e = upid_parse(text, &u);

    ck_assert_msg(!e, "%s", text);
    return u;
}

START_TEST(upids_read_back_from_their_text)
{
    static const char *const texts[] = {
        "master@10.0.0.1:5050", "slave(1)@[::1]:5051", "x@0.0.0.0:0",
        "__req_res__(3)@10.0.0.1:5050", ID_63 "@10.0.0.1:5050",
        "scheduler-9247d684-07e8-4b97-b46b-0be85eebba90@10.0.0.1:65535",
        "caf\xc3\xa9@10.0.0.1:1",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct upid u = upid_of(texts[i]);
        ck_assert_str_eq(UPID_TEXT(&u), texts[i]);
    }
}
END_TEST

START_TEST(ill_formed_upids_are_refused)
{
    static const char *const texts[] = {
        "", "@", "master", "@10.0.0.1:5050", "master@", "master@10.0.0.1",
        "master@localhost:5050", "a b@10.0.0.1:1", "a/b@10.0.0.1:1",
        "a@b@10.0.0.1:1", "a\tb@10.0.0.1:1", "a\x7f@10.0.0.1:1",
        "master@10.0.0.1:5050 ", "master@::1:80", "master@10.0.0.1:99999",
        ID_63 "x@10.0.0.1:5050",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct upid u = { .hint_slot = 7 };
        autoerror *e = upid_parse(texts[i], &u);
        ck_assert_msg(e, "'%s'", texts[i]);
        ck_assert_int_eq(u.hint_slot, 7);
    }
}
END_TEST

START_TEST(refusal_names_the_text_and_the_reason)
{
    struct upid u;
    autoerror *e = upid_parse("x@1.2.3.4:99999", &u);

    ck_assert_str_eq(error_text(e), "parsing UPID 'x@1.2.3.4:99999': "
                                    "invalid address '1.2.3.4:99999'");
    ck_assert_int_eq(error_code(e), ERROR_PARSE);
}
END_TEST

START_TEST(making_from_parts_follows_the_same_rules)
{
    struct upid whole = upid_of("log-network(1)@10.0.0.1:5050");
    struct upid u, other;

    autoerror *e = upid_make("log-network(1)", &whole.address, &u);
    autoerror *f = upid_make("a/b", &whole.address, &other);
    autoerror *g = upid_make("", &whole.address, &other);

    ck_assert_ptr_null(e);
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(g);
    ck_assert(upid_equal(&u, &whole));
}
END_TEST

START_TEST(hints_take_no_part_in_comparing)
{
    struct upid a = upid_of("x@10.0.0.1:1");
    struct upid b = a;

    b.hint_slot = 5;
    b.hint_generation = 6;

    ck_assert(upid_equal(&a, &b));
    ck_assert_uint_eq(upid_hash(&a), upid_hash(&b));
}
END_TEST

START_TEST(same_is_whoever_is_not_known_to_be_another_process)
{
    struct upid a = upid_of("x@10.0.0.1:1");
    struct upid b = a, c = a;

    b.incarnation = 5;
    c.incarnation = 6;

    ck_assert(upid_equal(&b, &c));
    ck_assert(!upid_is_same(&b, &c));
    ck_assert(upid_is_same(&a, &b));
    ck_assert(upid_is_same(&c, &a));
    ck_assert(upid_is_same(&b, &b));
    a.id[0] = 'y';
    ck_assert(!upid_is_same(&a, &b));
}
END_TEST

START_TEST(id_and_address_both_count)
{
    struct upid a = upid_of("x@10.0.0.1:1");
    struct upid b = upid_of("y@10.0.0.1:1");
    struct upid c = upid_of("x@10.0.0.1:2");

    ck_assert(!upid_equal(&a, &b));
    ck_assert(!upid_equal(&a, &c));
    ck_assert_uint_ne(upid_hash(&a), upid_hash(&b));
    ck_assert_uint_ne(upid_hash(&a), upid_hash(&c));
}
END_TEST

START_TEST(zeroed_upid_is_empty)
{
    struct upid none = { .hint_slot = 0 };
    struct upid some = upid_of("x@10.0.0.1:1");

    ck_assert(upid_is_empty(&none));
    ck_assert(!upid_is_empty(&some));
    ck_assert_str_eq(UPID_TEXT(&none), "@0.0.0.0:0");
}
END_TEST

static Suite *
upid_suite(void)
{
    Suite *suite = suite_create("upid");

    test_add(suite, "upids", upids_read_back_from_their_text);
    test_add(suite, "ill", ill_formed_upids_are_refused);
    test_add(suite, "refusal", refusal_names_the_text_and_the_reason);
    test_add(suite, "making", making_from_parts_follows_the_same_rules);
    test_add(suite, "hints", hints_take_no_part_in_comparing);
    test_add(suite, "same",
             same_is_whoever_is_not_known_to_be_another_process);
    test_add(suite, "id", id_and_address_both_count);
    test_add(suite, "zeroed", zeroed_upid_is_empty);
    return suite;
}

TEST_MAIN(upid_suite)
