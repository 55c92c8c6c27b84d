/* SPDX-License-Identifier: Apache-2.0
 *
 * test_help.c - /help, for people, for browsers and as JSON. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include "tests/lib/http_talk.h"
#include "tests/lib/test.h"

/* As curl asks. */
static const char *
curl(struct http_talk *t, const char *path)
{
    autofree char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n"
                                    "User-Agent: curl/7.88.1\r\n\r\n", path);

    return http_talk_say(t, text);
}

START_TEST(index_is_that_of_mesos)
{
    struct http_talk *t = http_talk_start(NULL);
    const char *text = curl(t, "/help");

    EXPECT_STATUS(text, "200 OK");
    EXPECT_HAS(text, "\r\nContent-Type: text/x-markdown\r\n");
    ck_assert_str_eq(body_of(text),
                     "## HELP\n"
                     "> [/logging][logging]\n"
                     "> [/metrics][metrics]\n"
                     "> [/system][system]\n"
                     "> [/version][version]\n"
                     "\n"
                     "[logging]: help/logging\n"
                     "[metrics]: help/metrics\n"
                     "[system]: help/system\n"
                     "[version]: help/version\n");
    http_talk_stop(&t);
}
END_TEST

START_TEST(actor_lists_its_routes)
{
    struct http_talk *t = http_talk_start(NULL);

    ck_assert_str_eq(body_of(curl(t, "/help/logging")),
                     "## `/logging` ##\n"
                     "> [/logging/toggle][/toggle]\n"
                     "\n"
                     "[/toggle]: logging/toggle\n");
    http_talk_stop(&t);
}
END_TEST

START_TEST(page_has_the_sections_of_mesos)
{
    struct http_talk *t = http_talk_start(NULL);
    const char *body = body_of(curl(t, "/help/logging/toggle"));

    EXPECT_HAS(body, "### USAGE ###\n>        /logging/toggle\n"
                     "\n### TL;DR; ###\nSets the logging verbosity level for "
                     "a specified duration.\n"
                     "\n### DESCRIPTION ###\n");
    EXPECT_HAS(body, "\n### AUTHENTICATION ###\nNeeded if the realm "
                     "\"readwrite\" has an authenticator.\n");
    EXPECT_HAS_NOT(body_of(curl(t, "/help/version/")), "AUTHENTICATION");
    http_talk_stop(&t);
}
END_TEST

START_TEST(browser_gets_a_page)
{
    struct http_talk *t = http_talk_start(NULL);
    const char *text = http_talk_get(t, "/help/logging/toggle");

    EXPECT_HAS(text, "\r\nContent-Type: text/html");
    EXPECT_HAS(text, "&gt;        /logging/toggle\n");
    EXPECT_HAS_NOT(text, "\n>        /logging");
    http_talk_stop(&t);
}
END_TEST

START_TEST(all_of_it_is_json_too)
{
    struct http_talk *t = http_talk_start(NULL);
    const char *text = http_talk_get(t, "/help?format=json");

    EXPECT_HAS(text, "\r\nContent-Type: application/json\r\n");
    EXPECT_HAS(text, "\r\n\r\n{\"processes\":[{\"id\":\"logging\","
                     "\"endpoints\":[{\"name\":\"/toggle\",\"text\":\"### "
                     "USAGE ###\\n");
    http_talk_stop(&t);
}
END_TEST

START_TEST(what_there_is_no_page_for_is_refused)
{
    struct http_talk *t = http_talk_start(NULL);
    static const char *const paths[] = {
        "nobody", "metrics/nope", "nobody/x/y", "help", "__processes__",
    };

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        autofree char *path = xasprintf("/help/%s", paths[i]);
        autofree char *body = xasprintf("No help available for '/%s'.\n",
                                        paths[i]);
        const char *text = curl(t, path);

        EXPECT_STATUS(text, "400 Bad Request");
        ck_assert_str_eq(body_of(text), body);
    }
    http_talk_stop(&t);
}
END_TEST

static Suite *
help_suite(void)
{
    Suite *suite = suite_create("help");

    test_add(suite, "index", index_is_that_of_mesos);
    test_add(suite, "actor", actor_lists_its_routes);
    test_add(suite, "page", page_has_the_sections_of_mesos);
    test_add(suite, "browser", browser_gets_a_page);
    test_add(suite, "json", all_of_it_is_json_too);
    test_add(suite, "unknown", what_there_is_no_page_for_is_refused);
    return suite;
}

TEST_MAIN(help_suite)
