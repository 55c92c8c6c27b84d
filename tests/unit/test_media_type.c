/* SPDX-License-Identifier: Apache-2.0
 *
 * test_media_type.c - what a body is, and what a client wants one to be. */
#include <config.h>

#include <actor/http.h>

#include "tests/lib/test.h"

#define JSON "application/json"

START_TEST(type_counts_without_its_parameters_and_in_any_case)
{
    ck_assert(http_media_type_is(JSON, JSON));
    ck_assert(http_media_type_is("Application/JSON", JSON));
    ck_assert(http_media_type_is(" application/json ; charset=utf-8", JSON));
    ck_assert(http_media_type_is("application/json;a=b", JSON));

    ck_assert(!http_media_type_is("", JSON));
    ck_assert(!http_media_type_is("application/jso", JSON));
    ck_assert(!http_media_type_is("application/json5", JSON));
    ck_assert(!http_media_type_is("application/*", JSON));
}
END_TEST

static const struct {
    const char *accept;
    bool is_accepted;
} cases[] = {
    { NULL, true },
    { "", true },
    { "  ", true },
    { "*/*", true },
    { JSON, true },
    { "APPLICATION/Json", true },
    { "application/*", true },
    { "text/html, application/json", true },
    { "text/html,application/json;q=0.1", true },
    { "text/html;level=1 , */*;q=0.5", true },
    { "application/json;q=0.001", true },
    { "application/json; q=1", true },
    { "*/*;q=0, application/json", true },
    { "application/json, */*;q=0", true },

    { "text/html", false },
    { "text/*", false },
    { "application/x-protobuf", false },
    { "application/json;q=0", false },
    { "application/json; Q=0.000", false },
    { "application/json;q=0, */*", false },
    { "application/*;q=0, */*", false },
    { "application/jsonx", false },
    { "applicatio/*", false },
    { ",", false },
    { ";q=1", false },
    { "application/json;q=0.", false },
};

START_TEST(most_specific_range_says_what_is_accepted)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ck_assert_msg(http_accepts_media_type(cases[i].accept, JSON)
                      == cases[i].is_accepted, "%s", cases[i].accept);
    }
}
END_TEST

static Suite *
media_type_suite(void)
{
    Suite *suite = suite_create("media type");

    test_add(suite, "type",
             type_counts_without_its_parameters_and_in_any_case);
    test_add(suite, "accept", most_specific_range_says_what_is_accepted);
    return suite;
}

TEST_MAIN(media_type_suite)
