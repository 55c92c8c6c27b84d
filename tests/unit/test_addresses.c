/* SPDX-License-Identifier: Apache-2.0
 *
 * test_addresses.c - where programs listen: flags, variables, what is wrong
 * with them. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/addresses.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include "tests/lib/test.h"

static void
expect(const struct address_flags *flags, const char *listen,
       const char *advertise)
{
    struct address got_listen, got_advertise;
    autoerror *error = addresses_choose(flags, &got_listen, &got_advertise);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    ck_assert_str_eq(ADDRESS_TEXT(&got_listen), listen);
    if (advertise) {
        ck_assert_str_eq(ADDRESS_TEXT(&got_advertise), advertise);
    } else {
        ck_assert_int_eq(got_advertise.family, ADDRESS_NONE);
    }
}

#define EXPECT(listen, advertise, ...) \
    expect(&(struct address_flags) { __VA_ARGS__ }, (listen), (advertise))

static void
refuse(const struct address_flags *flags, const char *text)
{
    struct address listen, advertise;
    autoerror *error = addresses_choose(flags, &listen, &advertise);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), text);
}

#define REFUSE(text, ...) \
    refuse(&(struct address_flags) { __VA_ARGS__ }, (text))

static void
set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

START_TEST(without_anything_all_addresses_and_a_free_port)
{
    EXPECT("0.0.0.0:0", NULL, .ip = NULL);
    EXPECT("0.0.0.0:5050", NULL, .has_port = true, .port = 5050);
}
END_TEST

START_TEST(variables_say_where_to_listen_and_what_to_tell)
{
    set("LIBPROCESS_IP", "10.0.0.1");
    set("LIBPROCESS_PORT", "7000");
    EXPECT("10.0.0.1:7000", NULL, .ip = NULL);
    set("LIBPROCESS_ADVERTISE_IP", "192.0.2.1");
    EXPECT("10.0.0.1:7000", "192.0.2.1:7000", .ip = NULL);
    set("LIBPROCESS_ADVERTISE_PORT", "80");

    EXPECT("10.0.0.1:7000", "192.0.2.1:80", .ip = NULL);
}
END_TEST

START_TEST(a_port_may_be_told_without_an_address)
{
    EXPECT("10.0.0.1:5050", "10.0.0.1:80", .ip = "10.0.0.1",
           .has_port = true, .port = 5050, .advertise_port = "80");
    EXPECT("0.0.0.0:5050", "0.0.0.0:80", .has_port = true, .port = 5050,
           .advertise_port = "80");
}
END_TEST

START_TEST(flags_win_over_variables)
{
    set("LIBPROCESS_IP", "10.0.0.1");
    set("LIBPROCESS_PORT", "nonsense");
    set("LIBPROCESS_ADVERTISE_IP", "192.0.2.1");
    set("LIBPROCESS_ADVERTISE_PORT", "80");

    EXPECT("10.0.0.2:5050", "192.0.2.2:81", .ip = "10.0.0.2",
           .has_port = true, .port = 5050, .advertise_ip = "192.0.2.2",
           .advertise_port = "81");
}
END_TEST

START_TEST(addresses_may_be_of_ipv6)
{
    set("LIBPROCESS_IP", "::1");
    set("LIBPROCESS_PORT", "7000");
    EXPECT("[::1]:7000", NULL, .ip = NULL);
    EXPECT("[::]:7000", "10.0.0.1:7000", .ip = "::",
           .advertise_ip = "10.0.0.1");
}
END_TEST

START_TEST(names_are_read_without_regard_to_case_and_values_from_files)
{
    autofree char *dir = test_temp_dir();
    autofree char *path = xasprintf("%s/ip", dir);
    autofree char *value = xasprintf("file://%s", path);
    FILE *file = fopen(path, "w");

    fputs("10.0.0.3", file);
    fclose(file);
    set("LIBPROCESS_Ip", value);
    set("LIBPROCESS_PORT", "");

    EXPECT("10.0.0.3:0", NULL, .ip = NULL);
}
END_TEST

START_TEST(a_command_may_say_where_to_listen)
{
    set("LIBPROCESS_IP", "10.0.0.1");

    EXPECT("10.0.0.4:5050", NULL, .has_port = true, .port = 5050,
           .ip_discovery_command = "echo ' 10.0.0.4'; echo");
}
END_TEST

START_TEST(a_command_that_fails_is_an_error_with_its_reason)
{
    REFUSE("--ip_discovery_command='echo 1; exit 3': it exited with status 3",
           .ip_discovery_command = "echo 1; exit 3");
    REFUSE("--ip_discovery_command='kill -9 $$': it was killed by signal 9",
           .ip_discovery_command = "kill -9 $$");
    REFUSE("--ip_discovery_command: invalid IP address ''",
           .ip_discovery_command = "true");
    REFUSE("--ip_discovery_command: invalid IP address 'eth0'",
           .ip_discovery_command = "echo eth0 10.0.0.1");
    REFUSE("--ip and --ip_discovery_command: only one of them may be given",
           .ip = "10.0.0.1", .ip_discovery_command = "echo 10.0.0.1");
}
END_TEST

START_TEST(a_command_heeds_signals_that_the_daemon_does_not)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);

    REFUSE("--ip_discovery_command='kill $$; echo 1.2.3.4': it was killed by "
           "signal 15", .ip_discovery_command = "kill $$; echo 1.2.3.4");
    REFUSE("--ip_discovery_command='kill -PIPE $$; echo 1.2.3.4': it was "
           "killed by signal 13",
           .ip_discovery_command = "kill -PIPE $$; echo 1.2.3.4");
}
END_TEST

START_TEST(a_bad_value_is_named_with_where_it_is_from)
{
    REFUSE("--ip: invalid IP address 'host'", .ip = "host");
    REFUSE("--advertise_ip: invalid IP address '1.2.3'",
           .advertise_ip = "1.2.3");
    REFUSE("--advertise_port: '65536' is not a port",
           .advertise_port = "65536");
    REFUSE("--advertise_port: '-1' is not a port", .advertise_port = "-1");
    REFUSE("--advertise_port: '' is not a port", .advertise_port = "");
    REFUSE("--advertise_port: '0' is no port to be told",
           .advertise_port = "0");
    set("LIBPROCESS_PORT", "7000x");
    REFUSE("LIBPROCESS_PORT: '7000x' is not a port", .ip = NULL);
    set("LIBPROCESS_PORT", "7000");
    set("LIBPROCESS_IP", "[::1]");
    REFUSE("LIBPROCESS_IP: invalid IP address '[::1]'", .ip = NULL);
}
END_TEST

static Suite *
addresses_suite(void)
{
    Suite *suite = suite_create("addresses");

    test_add(suite, "nothing",
             without_anything_all_addresses_and_a_free_port);
    test_add(suite, "variables",
             variables_say_where_to_listen_and_what_to_tell);
    test_add(suite, "port", a_port_may_be_told_without_an_address);
    test_add(suite, "flags", flags_win_over_variables);
    test_add(suite, "ipv6", addresses_may_be_of_ipv6);
    test_add(suite, "names",
             names_are_read_without_regard_to_case_and_values_from_files);
    test_add(suite, "command", a_command_may_say_where_to_listen);
    test_add(suite, "command",
             a_command_that_fails_is_an_error_with_its_reason);
    test_add(suite, "command",
             a_command_heeds_signals_that_the_daemon_does_not);
    test_add(suite, "bad", a_bad_value_is_named_with_where_it_is_from);
    return suite;
}

TEST_MAIN(addresses_suite)
