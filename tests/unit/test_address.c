/* SPDX-License-Identifier: Apache-2.0
 *
 * test_address.c - addresses as text and as values. */
#include <config.h>

#include <stdint.h>
#include <string.h>

#include <actor/address.h>
#include <actor/error.h>

#include "tests/lib/test.h"

static struct address
address_of(const char *text)
{
    struct address a = { 0 };
    autoerror *e = address_parse(text, &a);

    ck_assert_msg(!e, "%s", text);
    return a;
}

START_TEST(addresses_read_back_from_their_text)
{
    static const char *const texts[] = {
        "10.0.0.1:5050", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:5050",
        "[::]:0", "[2001:db8::8:800:200c:417a]:1", "[::ffff:10.0.0.1]:80",
        "[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct address a = address_of(texts[i]);
        ck_assert_str_eq(ADDRESS_TEXT(&a), texts[i]);
    }
}
END_TEST

START_TEST(ipv4_is_kept_in_network_order_and_the_rest_is_zero)
{
    struct address a = address_of("10.1.2.3:5050");
    static const uint8_t ip[16] = { 10, 1, 2, 3 };

    ck_assert_int_eq(a.family, ADDRESS_IPV4);
    ck_assert_int_eq(a.port, 5050);
    ck_assert_int_eq(a.unused, 0);
    ck_assert_mem_eq(a.ip, ip, sizeof ip);
}
END_TEST

START_TEST(ill_formed_addresses_are_refused)
{
    static const char *const texts[] = {
        "", ":", "10.0.0.1", "10.0.0.1:", ":5050", "10.0.0.1:65536",
        "10.0.0.1:-1", "10.0.0.1:+1", "10.0.0.1: 1", "10.0.0.1:1x",
        "10.0.0.1:000001", "10.0.0:5050", "10.0.0.256:1", "localhost:5050",
        "::1:5050", "[::1]", "[::1]5050", "[::1:5050", "::1]:5050",
        "[10.0.0.1]:5050", "[]:1", "[::1%lo]:1", " 10.0.0.1:1", "[::1] :1",
        "10.0.0.1:5050/x", "010.0.0.1:1",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999]:1",
        "[00000000000000000000000000000000000000000000000000000000::1]:1",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct address a = { .port = 7 };
        autoerror *e = address_parse(texts[i], &a);
        ck_assert_msg(e, "'%s'", texts[i]);
        ck_assert_int_eq(a.port, 7);
    }
}
END_TEST

START_TEST(ip_without_port_takes_the_port_given)
{
    struct address a, b;
    autoerror *e = address_parse_ip("::1", 80, &a);
    autoerror *f = address_parse_ip("10.0.0.1", 81, &b);
    autoerror *g = address_parse_ip("[::1]", 80, &a);
    autoerror *h = address_parse_ip("host", 80, &a);
    char text[ADDRESS_TEXT_SIZE];

    ck_assert_ptr_null(e);
    ck_assert_ptr_null(f);
    ck_assert_ptr_nonnull(g);
    ck_assert_ptr_nonnull(h);
    ck_assert_str_eq(ADDRESS_TEXT(&a), "[::1]:80");
    ck_assert_str_eq(ADDRESS_TEXT(&b), "10.0.0.1:81");
    ck_assert_str_eq(address_format_ip(&a, text), "::1");
}
END_TEST

START_TEST(no_address_has_a_text)
{
    struct address none = { 0 };

    ck_assert_str_eq(ADDRESS_TEXT(&none), "0.0.0.0:0");
}
END_TEST

START_TEST(addresses_compare_by_family_then_ip_then_port)
{
    struct address a = address_of("10.0.0.1:5050");
    struct address b = address_of("10.0.0.1:5051");
    struct address c = address_of("10.0.0.2:1");
    struct address d = address_of("[::1]:1");

    ck_assert(address_equal(&a, &a));
    ck_assert(!address_equal(&a, &b));
    ck_assert_int_eq(address_compare(&a, &a), 0);
    ck_assert_int_lt(address_compare(&a, &b), 0);
    ck_assert_int_lt(address_compare(&b, &c), 0);
    ck_assert_int_lt(address_compare(&c, &d), 0);
    ck_assert_int_gt(address_compare(&d, &a), 0);
}
END_TEST

START_TEST(any_and_loopback_are_known)
{
    static const struct {
        const char *text;
        bool is_any, is_loopback;
    } cases[] = {
        { "0.0.0.0:1", true, false },       { "[::]:1", true, false },
        { "127.0.0.1:1", false, true },     { "127.9.9.9:1", false, true },
        { "[::1]:1", false, true },         { "10.0.0.1:1", false, false },
        { "[::ffff:127.0.0.1]:1", false, true },
        { "[::2]:1", false, false },
    };
    struct address none = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct address a = address_of(cases[i].text);
        ck_assert_msg(address_is_any(&a) == cases[i].is_any, "%s",
                      cases[i].text);
        ck_assert_msg(address_is_loopback(&a) == cases[i].is_loopback, "%s",
                      cases[i].text);
    }
    ck_assert(!address_is_any(&none));
    ck_assert(!address_is_loopback(&none));
}
END_TEST

static Suite *
address_suite(void)
{
    Suite *suite = suite_create("address");

    test_add(suite, "addresses", addresses_read_back_from_their_text);
    test_add(suite, "ipv4",
             ipv4_is_kept_in_network_order_and_the_rest_is_zero);
    test_add(suite, "ill", ill_formed_addresses_are_refused);
    test_add(suite, "ip", ip_without_port_takes_the_port_given);
    test_add(suite, "no", no_address_has_a_text);
    test_add(suite, "addresses",
             addresses_compare_by_family_then_ip_then_port);
    test_add(suite, "any", any_and_loopback_are_known);
    return suite;
}

TEST_MAIN(address_suite)
