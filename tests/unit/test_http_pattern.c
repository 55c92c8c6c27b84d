/* SPDX-License-Identifier: Apache-2.0
 *
 * test_http_pattern.c - paths of routes against paths of requests. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include "http/pattern.h"
#include "http/target.h"
#include "tests/lib/test.h"

static const char *
match(const char *pattern, const char *path)
{
    const char *rest = http_pattern_match(pattern, path, path + strlen(path));

    return rest ? rest : "(none)";
}

START_TEST(a_pattern_matches_by_segments)
{
    ck_assert_str_eq(match("", ""), "");
    ck_assert_str_eq(match("", "a"), "(none)");
    ck_assert_str_eq(match("/", ""), "(none)");
    ck_assert_str_eq(match("/", "a/b"), "a/b");
    ck_assert_str_eq(match("/a", "a"), "");
    ck_assert_str_eq(match("/a", "a/b"), "b");
    ck_assert_str_eq(match("/a", "ab"), "(none)");
    ck_assert_str_eq(match("/a/b", "a"), "(none)");
    ck_assert_str_eq(match("/a/b", "a/b/c"), "c");
    ck_assert_str_eq(match("/a b", "a%20b"), "");
    ck_assert_str_eq(match("/a/b", "a%2Fb"), "(none)");
}
END_TEST

START_TEST(a_parameter_takes_one_segment_that_is_not_empty)
{
    const char *path = "a/x%2fy/c";
    const char *end = path + strlen(path);

    ck_assert_str_eq(match("/a/{id}", path), "c");
    ck_assert_str_eq(match("/a/{id}/d", path), "(none)");
    ck_assert_str_eq(match("/a/{id}/b", "a//b"), "(none)");
    ck_assert_str_eq(match("/a/{id}", "a"), "(none)");

    autofree char *id = http_pattern_argument("/a/{id}", "id", path, end);
    autofree char *none = http_pattern_argument("/a/{id}", "i", path, end);

    ck_assert_str_eq(id, "x/y");
    ck_assert_ptr_null(none);
}
END_TEST

START_TEST(the_more_exact_pattern_comes_first)
{
    ck_assert_int_lt(http_pattern_compare("/a/b", "/a"), 0);
    ck_assert_int_gt(http_pattern_compare("/a", "/a/{x}"), 0);
    ck_assert_int_lt(http_pattern_compare("/a/b", "/a/{x}"), 0);
    ck_assert_int_gt(http_pattern_compare("/{x}/b", "/a/{y}"), 0);
    ck_assert_int_eq(http_pattern_compare("/a/{x}", "/a/{y}"), 0);
    ck_assert_int_ne(http_pattern_compare("/a/b", "/a/c"), 0);
    ck_assert_int_lt(http_pattern_compare("/a", "/"), 0);
    ck_assert_int_eq(http_pattern_compare("", ""), 0);
    ck_assert_int_ne(http_pattern_compare("", "/"), 0);
}
END_TEST

START_TEST(what_cannot_be_a_route_is_told)
{
    static const char *const good[] = { "", "/", "/a", "/a/{b}", "/{b}/c" };
    static const char *const bad[] = {
        "a", "/a/", "//", "/a//b", "/{", "/{}", "/{a", "/a{b}", "/{a}b",
        "/{a{b}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_msg(http_pattern_is_valid(good[i]), "'%s'", good[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(!http_pattern_is_valid(bad[i]), "'%s'", bad[i]);
    }
}
END_TEST

START_TEST(a_target_is_taken_apart)
{
    struct http_target target = { 0 };
    const char *reason = NULL;

    ck_assert_int_eq(http_target_parse(&target, "/a%2Fb/c//?x=1&x=%32;+y=#z",
                                       &reason), 0);
    ck_assert_str_eq(target.path, "/a/b/c");
    ck_assert_int_eq(target.raw_end - target.raw, 8);
    ck_assert_str_eq(http_target_query(&target, "x"), "2");
    ck_assert_str_eq(http_target_query(&target, " y"), "");
    ck_assert_ptr_null(http_target_query(&target, "z"));
    ck_assert_str_eq(http_target_rest(&target, target.raw + 7), "c");
    http_target_fini(&target);
}
END_TEST

START_TEST(a_target_that_is_none_is_refused)
{
    static const struct { const char *text; int status; } table[] = {
        { "*", 400 }, { "host:80", 400 }, { "/%", 400 }, { "/%0", 400 },
        { "/%00", 400 }, { "/a?%zz", 400 }, { "/a?b=%", 400 },
        { "/..", 404 }, { "/a/%2e%2E/b", 404 }, { "/a%2f..", 404 },
        { "/", 0 }, { "http://h", 0 }, { "http://h/a?b", 0 }, { "/a?", 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        struct http_target target = { 0 };
        const char *reason = NULL;
        int status = http_target_parse(&target, table[i].text, &reason);

        ck_assert_msg(status == table[i].status, "'%s'", table[i].text);
        ck_assert(status == 0 || reason);
        http_target_fini(&target);
    }
}
END_TEST

static Suite *
http_pattern_suite(void)
{
    Suite *suite = suite_create("http_pattern");

    test_add(suite, "segments", a_pattern_matches_by_segments);
    test_add(suite, "parameter",
             a_parameter_takes_one_segment_that_is_not_empty);
    test_add(suite, "order", the_more_exact_pattern_comes_first);
    test_add(suite, "valid", what_cannot_be_a_route_is_told);
    test_add(suite, "target", a_target_is_taken_apart);
    test_add(suite, "bad_target", a_target_that_is_none_is_refused);
    return suite;
}

TEST_MAIN(http_pattern_suite)
