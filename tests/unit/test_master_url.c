/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_url.c - where masters are, as users write it. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "election/master_url.h"
#include "tests/lib/test.h"

#define NAME_50 "abcdefghijklmnopqrstuvwxyz.0123456789-abcdefghijk."
#define LONG_ID \
    "0123456789012345678901234567890123456789012345678901234567890123"
#define NAME_250 NAME_50 NAME_50 NAME_50 NAME_50 NAME_50

START_TEST(addresses_are_read)
{
    static const char *const texts[][2] = {
        { "127.0.0.1:5050", "master@127.0.0.1:5050" },
        { "master@10.1.2.3:1", "master@10.1.2.3:1" },
        { "other@10.1.2.3:65535", "other@10.1.2.3:65535" },
        { "[::1]:5050", "master@[::1]:5050" },
        { "master@[fe80::1]:5050", "master@[fe80::1]:5050" },
        { "localhost:5050", "master@localhost:5050" },
        { "m1.example_a-b.org:5050", "master@m1.example_a-b.org:5050" },
        { " 10.0.0.1:5050\r\n", "master@10.0.0.1:5050" },
        { "local:5050", "master@local:5050" },
        { NAME_250 "xyz:1", "master@" NAME_250 "xyz:1" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        autofini(strbuf) text = STRBUF(1024);
        struct master_url url, again;
        autoerror *e = master_url_parse(texts[i][0], &url);

        ck_assert_msg(!e, "'%s': %s", texts[i][0], e ? error_text(e) : "");
        master_url_format(&url, &text);
        ck_assert_str_eq(text.data, texts[i][1]);
        ck_assert_ptr_null(master_url_parse(text.data, &again));
        ck_assert_str_eq(again.id, url.id);
        ck_assert_str_eq(again.host, url.host);
        ck_assert_uint_eq(again.port, url.port);
    }
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
    static const char *const texts[] = {
        "", " ", "nonsense", "host:", ":5050", "host:0", "host:65536",
        "host:99999999999999999999", "host:-1", "host:+1", "host:50 50",
        "::1:5050", "[::1]", "[10.0.0.1]:5050", "[]:5050", "[host]:5050",
        "[::1:5050", "@host:5050", "a b@host:5050", "a@b@host:5050",
        "a/b@host:5050", "host name:5050", "ho\tst:5050", "host/:5050",
        "http://host:5050", "://", "caf\xc3\xa9:5050", NAME_250 "wxyz:1",
        LONG_ID "@host:5050",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct master_url url = { .port = 7 };
        autoerror *e = master_url_parse(texts[i], &url);

        ck_assert_msg(e, "'%s'", texts[i]);
        ck_assert_int_ne(error_code(e), ERROR_UNSUPPORTED);
        ck_assert_uint_eq(url.port, 7);
    }
}
END_TEST

START_TEST(text_without_end_is_refused)
{
    autofree char *text = xcalloc(1, 100001);
    struct master_url url;
    autoerror *e = NULL;

    memset(text, 'a', 100000);
    e = master_url_parse(text, &url);

    ck_assert_int_eq(error_code(e), ERROR_PARSE);
}
END_TEST

static void
check_unsupported(const char *text, const char *word)
{
    struct master_url url;
    autoerror *e = master_url_parse(text, &url);

    ck_assert_msg(e, "'%s'", text);
    ck_assert_int_eq(error_code(e), ERROR_UNSUPPORTED);
    ck_assert_msg(strstr(error_text(e), word), "%s", error_text(e));
}

START_TEST(other_forms_of_mesos_are_named)
{
    check_unsupported("zk://a:2181,b:2181/mesos", "ZooKeeper");
    check_unsupported(" zk://user:secret@a:2181/mesos\n", "ZooKeeper");
    check_unsupported("local", "mesos-local");
    check_unsupported("localquiet", "mesos-local");
}
END_TEST

static void
check_redacted(const char *text, const char *expected)
{
    autofree char *shown = master_url_redact(text);

    ck_assert_str_eq(shown, expected);
}

START_TEST(passwords_are_not_shown)
{
    check_redacted("zk://u:secret@a:2181/mesos", "zk://...@a:2181/mesos");
    check_redacted("zk://u:se@cret@a:1,b:1/", "zk://...@a:1,b:1/");
    check_redacted("zk://u:sec/ret@a:2181", "zk://...@a:2181");
    check_redacted("zk://a:2181/mesos", "zk://a:2181/mesos");
    check_redacted("master@a:5050", "master@a:5050");
}
END_TEST

static struct error *
load_content(const char *content, struct master_url *ret)
{
    autofree char *dir = test_temp_dir();
    autofree char *path = xasprintf("%s/master", dir);
    autofree char *text = xasprintf("file://%s", path);
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
    return master_url_load(text, ret);
}

START_TEST(file_contains_the_address)
{
    struct master_url url;
    struct error *e;

    ck_assert_ptr_null(load_content("  master@10.0.0.7:5051\n", &url));
    ck_assert_str_eq(url.host, "10.0.0.7");
    ck_assert_uint_eq(url.port, 5051);

    e = load_content("zk://a:2181/mesos\n", &url);
    ck_assert_int_eq(error_code(e), ERROR_UNSUPPORTED);
    error_destroy(e);
    e = load_content("file:///etc/hosts\n", &url);
    ck_assert_int_eq(error_code(e), ERROR_PARSE);
    error_destroy(e);
    e = load_content("", &url);
    ck_assert_int_eq(error_code(e), ERROR_PARSE);
    error_destroy(e);
}
END_TEST

START_TEST(file_that_is_not_there_is_named)
{
    struct master_url url;
    autoerror *e = master_url_load("file:///nowhere/master", &url);

    ck_assert_int_eq(error_code(e), ERROR_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error_text(e), "/nowhere/master"));
}
END_TEST

static struct master_url
url_of(const char *text)
{
    struct master_url url;

    ck_assert_ptr_null(master_url_parse(text, &url));
    return url;
}

START_TEST(numbers_need_no_name_service)
{
    struct master_url url = url_of("10.0.0.1:5050");
    struct address address;

    ck_assert(master_url_number(&url, &address));
    ck_assert_str_eq(ADDRESS_TEXT(&address), "10.0.0.1:5050");
    url = url_of("[::1]:1");
    ck_assert(master_url_number(&url, &address));
    ck_assert_str_eq(ADDRESS_TEXT(&address), "[::1]:1");
    url = url_of("localhost:5050");
    ck_assert(!master_url_number(&url, &address));
}
END_TEST

START_TEST(names_have_addresses)
{
    struct master_url url = url_of("localhost:5050");
    struct master_addresses addresses;

    ck_assert_ptr_null(master_url_resolve(&url, &addresses));

    ck_assert_uint_ge(addresses.n, 1);
    for (size_t i = 0; i < addresses.n; i++) {
        ck_assert(address_is_loopback(&addresses.list[i]));
        ck_assert_uint_eq(addresses.list[i].port, 5050);
    }
}
END_TEST

START_TEST(name_without_address_is_named)
{
    struct master_url url = url_of("no-such-host.invalid:5050");
    struct master_addresses addresses;
    autoerror *e = master_url_resolve(&url, &addresses);

    ck_assert_ptr_nonnull(e);
    ck_assert_ptr_nonnull(strstr(error_text(e), "no-such-host.invalid"));
}
END_TEST

START_TEST(addresses_of_the_own_family_come_first)
{
    struct master_addresses addresses = { .n = 3 };

    ck_assert_ptr_null(address_parse("[::1]:1", &addresses.list[0]));
    ck_assert_ptr_null(address_parse("10.0.0.1:1", &addresses.list[1]));
    ck_assert_ptr_null(address_parse("10.0.0.2:1", &addresses.list[2]));

    master_addresses_prefer(&addresses, ADDRESS_IPV4);
    ck_assert_uint_eq(addresses.n, 2);
    ck_assert_str_eq(ADDRESS_TEXT(&addresses.list[0]), "10.0.0.1:1");

    /* Better another family than none. */
    master_addresses_prefer(&addresses, ADDRESS_IPV6);
    ck_assert_uint_eq(addresses.n, 2);
}
END_TEST

static Suite *
master_url_suite(void)
{
    static const struct log_options quiet = {
        .program = "test_master_url", .quiet = true,
    };
    Suite *suite = suite_create("master_url");

    error_drop(log_init(&quiet));
    test_add(suite, "addresses", addresses_are_read);
    test_add(suite, "nonsense", what_is_no_address_is_refused);
    test_add(suite, "long", text_without_end_is_refused);
    test_add(suite, "unsupported", other_forms_of_mesos_are_named);
    test_add(suite, "passwords", passwords_are_not_shown);
    test_add(suite, "file", file_contains_the_address);
    test_add(suite, "no_file", file_that_is_not_there_is_named);
    test_add(suite, "numbers", numbers_need_no_name_service);
    test_add(suite, "names", names_have_addresses);
    test_add(suite, "no_name", name_without_address_is_named);
    test_add(suite, "family", addresses_of_the_own_family_come_first);
    return suite;
}

TEST_MAIN(master_url_suite)
