/* SPDX-License-Identifier: Apache-2.0
 *
 * test_resources_detect.c - what an agent offers when nobody says what. */
#include <config.h>

#include "agent/resources_detect.h"

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/strbuf.h>

#include "model/resources.h"
#include "tests/lib/test.h"

#define GIGABYTE (UINT64_C(1) << 30)

static const struct host_capacity host = {
    .n_cpus = 8, .memory_bytes = 16 * GIGABYTE, .disk_bytes = 100 * GIGABYTE,
};

static void
check_offer(const char *text, const struct host_capacity *capacity,
            const char *json)
{
    autofini(resources) resources = { .entries = NULL };
    autofini(strbuf) out = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&out);
    struct error *error = resources_detect(text, "*", capacity, &resources);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    resources_write_json(&resources, &w);
    ck_assert_str_eq(out.data, json);
}

START_TEST(everything_is_found_out_when_nothing_is_named)
{
    check_offer(NULL, &host, "{\"cpus\":8.0,\"disk\":97280.0,\"gpus\":0.0,"
                "\"mem\":15360.0,\"ports\":\"[31000-32000]\"}");
}
END_TEST

START_TEST(what_is_named_is_not_found_out)
{
    check_offer("cpus:2;ports:[1-2]", &host,
                "{\"cpus\":2.0,\"disk\":97280.0,\"gpus\":0.0,"
                "\"mem\":15360.0,\"ports\":\"[1-2]\"}");
}
END_TEST

START_TEST(zero_is_a_value_like_any_other)
{
    check_offer("cpus:0;mem(role):1", &host,
                "{\"cpus\":0.0,\"disk\":97280.0,\"gpus\":0.0,"
                "\"mem\":1.0,\"ports\":\"[31000-32000]\"}");
}
END_TEST

START_TEST(known_name_of_another_type_is_refused)
{
    static const char *const texts[] = {
        "cpus:[1-2]", "mem:{a}", "mem:1;disk:[1-2]", "gpus:{a}", "ports:3",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        autofini(resources) resources = { .entries = NULL };
        autoerror *error = resources_detect(texts[i], "*", &host, &resources);

        ck_assert_msg(error, "%s", texts[i]);
        ck_assert_ptr_nonnull(strstr(error_text(error), "has to be"));
    }
}
END_TEST

START_TEST(name_inside_of_another_does_not_count)
{
    check_offer("xcpus:3;cpusx:1", &host,
                "{\"cpus\":8.0,\"disk\":97280.0,\"gpus\":0.0,"
                "\"mem\":15360.0,\"xcpus\":3.0,\"cpusx\":1.0,"
                "\"ports\":\"[31000-32000]\"}");
}
END_TEST

START_TEST(silent_host_gives_the_defaults)
{
    static const struct host_capacity unknown = { .n_cpus = -1 };

    check_offer(NULL, &unknown,
                "{\"cpus\":1.0,\"disk\":10240.0,\"gpus\":0.0,"
                "\"mem\":1024.0,\"ports\":\"[31000-32000]\"}");
}
END_TEST

START_TEST(large_hosts_keep_a_fixed_part_and_small_ones_half)
{
    ck_assert_uint_eq(resources_detect_mem(2 * GIGABYTE), 1024);
    ck_assert_uint_eq(resources_detect_mem(2 * GIGABYTE - 2), 1023);
    ck_assert_uint_eq(resources_detect_disk(10 * GIGABYTE), 5 * 1024);
    ck_assert_uint_eq(resources_detect_disk(8 * GIGABYTE), 4 * 1024);
}
END_TEST

START_TEST(broken_text_is_refused)
{
    struct resources resources = { .entries = NULL };
    struct error *error = resources_detect("cpus", "*", &host, &resources);

    ck_assert_ptr_nonnull(error);
    error_destroy(error);
}
END_TEST

static Suite *
resources_detect_suite(void)
{
    Suite *suite = suite_create("resources_detect");

    test_add(suite, "all", everything_is_found_out_when_nothing_is_named);
    test_add(suite, "named", what_is_named_is_not_found_out);
    test_add(suite, "zero", zero_is_a_value_like_any_other);
    test_add(suite, "types", known_name_of_another_type_is_refused);
    test_add(suite, "inside", name_inside_of_another_does_not_count);
    test_add(suite, "silent", silent_host_gives_the_defaults);
    test_add(suite, "parts",
             large_hosts_keep_a_fixed_part_and_small_ones_half);
    test_add(suite, "broken", broken_text_is_refused);
    return suite;
}

TEST_MAIN(resources_detect_suite)
