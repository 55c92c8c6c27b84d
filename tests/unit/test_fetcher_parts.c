/* SPDX-License-Identifier: Apache-2.0
 *
 * test_fetcher_parts.c - the fetcher's cache, its names, and limits of
 * tasks. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <actor/alloc.h>
#include <actor/error.h>

#include "agent/fetcher/cache.h"
#include "agent/fetcher/fetcher_disk.h"
#include "agent/fetcher/uri.h"
#include "model/rlimits.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

/* --- names --- */

static void
check_base_name(const char *uri, const char *expected)
{
    autofree char *name = NULL;
    struct error *error = uri_base_name(uri, &name);

    ck_assert_msg(!error == !!expected, "'%s'", uri);
    ck_assert_msg(!expected || strcmp(name, expected) == 0, "'%s': '%s'", uri,
                  name);
    error_destroy(error);
}

START_TEST(base_name_is_what_is_behind_the_last_slash)
{
    check_base_name("http://host/a/f.tgz", "f.tgz");
    check_base_name("http://host/f.tgz?x=1", "f.tgz?x=1");
    check_base_name("hdfs://name/path/f", "f");
    check_base_name("/a/b", "b");
    check_base_name("b", "b");
    check_base_name("http://host", NULL);
    check_base_name("http://host/", NULL);
    check_base_name("http://host/a/", NULL);
    check_base_name("http://host/..", NULL);
    check_base_name("/a/.", NULL);
    check_base_name("", NULL);
}
END_TEST

START_TEST(kinds_of_sources_are_told_by_their_beginnings)
{
    ck_assert_int_eq(uri_kind("http://h/x"), URI_NET);
    ck_assert_int_eq(uri_kind("HTTPS://h/x"), URI_NET);
    ck_assert_int_eq(uri_kind("ftp://h/x"), URI_NET);
    ck_assert_int_eq(uri_kind("file:///x"), URI_LOCAL);
    ck_assert_int_eq(uri_kind("/x"), URI_LOCAL);
    ck_assert_int_eq(uri_kind("x/y"), URI_LOCAL);
    ck_assert_int_eq(uri_kind("hdfs://h/x"), URI_HADOOP);
    ck_assert_int_eq(uri_kind("s3://bucket/x"), URI_HADOOP);
}
END_TEST

static void
check_local(const char *uri, const char *home, const char *expected)
{
    autofree char *path = NULL;
    struct error *error = uri_local_path(uri, home, &path);

    ck_assert_msg(!error == !!expected, "'%s'", uri);
    ck_assert_msg(!expected || strcmp(path, expected) == 0, "'%s'", uri);
    error_destroy(error);
}

START_TEST(local_paths_are_absolute_or_below_the_frameworks_home)
{
    check_local("/a/b", NULL, "/a/b");
    check_local("file:///a/b", NULL, "/a/b");
    check_local("file://localhost/a", NULL, "/a");
    check_local("file://a", "/h", NULL);
    check_local("a/b", "/h", "/h/a/b");
    check_local("a/b", "", NULL);
    check_local("a/b", NULL, NULL);
}
END_TEST

START_TEST(archives_are_told_by_their_names)
{
    static const char *const archives[] = {
        "a.tar", "a.tgz", "a.tar.gz", "a.tbz2", "a.tar.bz2", "a.txz",
        "a.tar.xz", "a.zip", "a.tgz?x=1.txt",
    };

    for (size_t i = 0; i < ARRAY_SIZE(archives); i++) {
        ck_assert_int_eq(uri_archive(archives[i]), URI_ARCHIVE);
    }
    ck_assert_int_eq(uri_archive("a.gz"), URI_GZIP);
    ck_assert_int_eq(uri_archive("a.gz?b"), URI_GZIP);
    ck_assert_int_eq(uri_archive(".tgz"), URI_NO_ARCHIVE);
    ck_assert_int_eq(uri_archive(".gz"), URI_NO_ARCHIVE);
    ck_assert_int_eq(uri_archive("a.txt?b.tgz"), URI_NO_ARCHIVE);
    ck_assert_int_eq(uri_archive("a.tgz.txt"), URI_NO_ARCHIVE);
    ck_assert_int_eq(uri_archive(""), URI_NO_ARCHIVE);
}
END_TEST

START_TEST(names_that_lead_out_are_refused)
{
    static const char *const bad[] = {
        "", "/", "/a", "..", "../a", "a/..", "a/../b", "a/b/../../..",
    };
    static const char *const good[] = { "a", "a/b", "a..b/..c", "./a", "a//b",
                                        ".", "./", "..." };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_msg(!uri_has_no_way_out(bad[i]), "'%s'", bad[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_msg(uri_has_no_way_out(good[i]), "'%s'", good[i]);
    }
}
END_TEST

static bool
is_valid(const char *value, const char *output_file)
{
    V1__CommandInfo__URI uri = V1__COMMAND_INFO__URI__INIT;
    struct error *error;

    uri.value = (char *) value;
    uri.output_file = (char *) output_file;
    error = uri_validate(&uri);
    error_destroy(error);
    return !error;
}

START_TEST(uris_with_illegal_characters_or_outputs_are_refused)
{
    ck_assert(is_valid("http://h/a", NULL));
    ck_assert(is_valid("http://h/a", "b/c"));
    ck_assert(!is_valid("http://h/a'b", NULL));
    ck_assert(!is_valid("http://h/a\\b", NULL));
    ck_assert(!is_valid("http://h/a\nb", NULL));
    ck_assert(!is_valid("http://h/a", "/b"));
    ck_assert(!is_valid("http://h/a", "../b"));
    ck_assert(!is_valid("http://h/a", "b/"));
    ck_assert(!is_valid("http://h/a", "b/."));
    ck_assert(!is_valid("http://h/a", ""));
}
END_TEST

START_TEST(names_in_the_cache_are_short_and_known_again)
{
    autofree char *brief = uri_cache_name(7, "f.tgz");
    autofree char *shortened = uri_cache_name(8, "0123456789abcdefghij.tgz");

    ck_assert_str_eq(brief, "c7-f.tgz");
    ck_assert_str_eq(shortened, "c8-0123456789_efghij.tgz");
    ck_assert(fetcher_is_cache_name(brief));
    ck_assert(fetcher_is_cache_name(shortened));
    ck_assert(!fetcher_is_cache_name("c-x"));
    ck_assert(!fetcher_is_cache_name("c7"));
    ck_assert(!fetcher_is_cache_name("d7-x"));
    ck_assert(!fetcher_is_cache_name(""));
}
END_TEST

/* --- the cache --- */

static unsigned n_evicted;
static char last_evicted[100];

static void
on_evicted(void *aux UNUSED, const struct cache_entry *entry)
{
    n_evicted++;
    snprintf(last_evicted, sizeof last_evicted, "%s", entry->key);
}

/* An entry that is complete and that nobody uses. */
static struct cache_entry *
fill(struct cache *cache, const char *uri, uint64_t size)
{
    struct cache_entry *entry = cache_add(cache, "u", uri, "f");

    ck_assert_ptr_null(cache_reserve(cache, entry, size, on_evicted, NULL));
    cache_complete(cache, entry, size);
    cache_unref(cache, entry);
    return entry;
}

START_TEST(entries_are_for_a_user_and_a_uri)
{
    struct cache cache;

    cache_init(&cache, 100);
    struct cache_entry *entry = fill(&cache, "a", 10);

    ck_assert_ptr_eq(cache_find(&cache, "u", "a"), entry);
    ck_assert_ptr_null(cache_find(&cache, "v", "a"));
    ck_assert_ptr_null(cache_find(&cache, NULL, "a"));
    ck_assert_ptr_null(cache_find(&cache, "u", "b"));
    ck_assert_uint_eq(cache.used, 10);
    cache_fini(&cache);
}
END_TEST

START_TEST(least_recently_used_goes_first)
{
    struct cache cache;

    n_evicted = 0;
    cache_init(&cache, 30);
    struct cache_entry *a = fill(&cache, "a", 10);
    fill(&cache, "b", 10);
    fill(&cache, "c", 10);
    cache_ref(&cache, a);
    cache_unref(&cache, a);

    fill(&cache, "d", 10);
    ck_assert_uint_eq(n_evicted, 1);
    ck_assert_str_eq(last_evicted, "u@b");
    fill(&cache, "e", 20);
    ck_assert_uint_eq(n_evicted, 3);
    ck_assert_str_eq(last_evicted, "u@a");
    ck_assert_uint_eq(cache.used, 30);
    cache_fini(&cache);
}
END_TEST

START_TEST(what_is_used_is_not_evicted)
{
    struct cache cache;

    n_evicted = 0;
    cache_init(&cache, 30);
    struct cache_entry *a = fill(&cache, "a", 20);
    fill(&cache, "b", 10);
    cache_ref(&cache, a);
    struct cache_entry *c = cache_add(&cache, "u", "c", "f");
    struct error *error = cache_reserve(&cache, c, 11, on_evicted, NULL);

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_TOO_LARGE);
    error_destroy(error);
    ck_assert_uint_eq(n_evicted, 0);
    ck_assert_ptr_null(cache_reserve(&cache, c, 10, on_evicted, NULL));
    ck_assert_uint_eq(n_evicted, 1);
    cache_unref(&cache, a);
    cache_drop(&cache, c);
    cache_unref(&cache, c);
    ck_assert_uint_eq(cache.used, 20);
    cache_fini(&cache);
}
END_TEST

START_TEST(sizes_no_memory_can_hold_are_refused)
{
    struct cache cache;

    cache_init(&cache, 30);
    fill(&cache, "a", 30);
    struct cache_entry *b = cache_add(&cache, "u", "b", "f");
    struct error *error = cache_reserve(&cache, b, UINT64_MAX, on_evicted,
                                        NULL);

    ck_assert_ptr_nonnull(error);
    error_destroy(error);
    cache_drop(&cache, b);
    cache_unref(&cache, b);
    cache_fini(&cache);
}
END_TEST

START_TEST(real_size_replaces_the_reserved_one)
{
    struct cache cache;

    cache_init(&cache, 30);
    struct cache_entry *a = cache_add(&cache, "u", "a", "f");
    ck_assert_ptr_null(cache_reserve(&cache, a, 20, on_evicted, NULL));
    ck_assert_uint_eq(cache.used, 20);
    cache_complete(&cache, a, 5);

    ck_assert_uint_eq(cache.used, 5);
    cache_unref(&cache, a);
    cache_fini(&cache);
}
END_TEST

START_TEST(dropped_entry_lives_as_long_as_somebody_looks_at_it)
{
    struct cache cache;

    cache_init(&cache, 30);
    struct cache_entry *a = cache_add(&cache, "u", "a", "f");
    ck_assert_ptr_null(cache_reserve(&cache, a, 20, on_evicted, NULL));
    cache_ref(&cache, a);
    cache_drop(&cache, a);
    cache_unref(&cache, a);

    ck_assert(a->is_dropped);
    ck_assert_ptr_null(cache_find(&cache, "u", "a"));
    ck_assert_uint_eq(cache.used, 0);
    cache_unref(&cache, a);
    cache_fini(&cache);
}
END_TEST

/* --- limits --- */

static struct error *
read_limit(V1__RLimitInfo__RLimit *limit, struct actor_child_rlimit *ret,
           size_t *ret_n)
{
    V1__RLimitInfo info = V1__RLIMIT_INFO__INIT;
    V1__RLimitInfo__RLimit *list[] = { limit, limit };

    info.rlimits = list;
    info.n_rlimits = 2;
    return rlimits_read(&info, ret, ret_n);
}

START_TEST(limits_have_both_values_or_none)
{
    V1__RLimitInfo__RLimit limit = V1__RLIMIT_INFO__RLIMIT__INIT;
    struct actor_child_rlimit read[RLIMITS_MAX];
    struct error *error;
    size_t n = 0;

    limit.has_type = true;
    limit.type = V1__RLIMIT_INFO__RLIMIT__TYPE__RLMT_NOFILE;
    ck_assert_ptr_null(read_limit(&limit, read, &n));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(read[0].resource, RLIMIT_NOFILE);
    ck_assert_uint_eq(read[0].hard, RLIM_INFINITY);
    limit.has_soft = true;
    limit.soft = 5;
    error = read_limit(&limit, read, &n);
    ck_assert_str_eq(error_text(error), "Invalid rlimit values");
    error_destroy(error);
    limit.has_hard = true;
    limit.hard = 6;
    ck_assert_ptr_null(read_limit(&limit, read, &n));
    ck_assert_uint_eq(read[0].soft, 5);
    ck_assert_uint_eq(read[0].hard, 6);
    limit.has_type = false;
    error = read_limit(&limit, read, &n);
    ck_assert_str_eq(error_text(error),
                     "Could not convert rlimit: Unknown rlimit type");
    error_destroy(error);
    ck_assert_ptr_null(rlimits_read(NULL, read, &n));
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(all_kinds_of_limits_are_known)
{
    V1__RLimitInfo__RLimit limit = V1__RLIMIT_INFO__RLIMIT__INIT;
    struct actor_child_rlimit read[RLIMITS_MAX];
    bool seen[RLIMITS_MAX] = { false };
    size_t n;

    limit.has_type = true;
    for (int i = 1; i <= RLIMITS_MAX; i++) {
        limit.type = (V1__RLimitInfo__RLimit__Type) i;
        ck_assert_ptr_null(read_limit(&limit, read, &n));
        ck_assert_int_lt(read[0].resource, RLIMITS_MAX);
        ck_assert(!seen[read[0].resource]);
        seen[read[0].resource] = true;
    }
}
END_TEST

static Suite *
fetcher_parts_suite(void)
{
    Suite *suite = suite_create("fetcher_parts");

    test_add(suite, "base-name", base_name_is_what_is_behind_the_last_slash);
    test_add(suite, "kinds", kinds_of_sources_are_told_by_their_beginnings);
    test_add(suite, "local",
             local_paths_are_absolute_or_below_the_frameworks_home);
    test_add(suite, "archives", archives_are_told_by_their_names);
    test_add(suite, "way-out", names_that_lead_out_are_refused);
    test_add(suite, "validate",
             uris_with_illegal_characters_or_outputs_are_refused);
    test_add(suite, "cache-names",
             names_in_the_cache_are_short_and_known_again);
    test_add(suite, "keys", entries_are_for_a_user_and_a_uri);
    test_add(suite, "lru", least_recently_used_goes_first);
    test_add(suite, "used", what_is_used_is_not_evicted);
    test_add(suite, "huge", sizes_no_memory_can_hold_are_refused);
    test_add(suite, "size", real_size_replaces_the_reserved_one);
    test_add(suite, "dropped",
             dropped_entry_lives_as_long_as_somebody_looks_at_it);
    test_add(suite, "rlimits", limits_have_both_values_or_none);
    test_add(suite, "rlimit-kinds", all_kinds_of_limits_are_known);
    return suite;
}

TEST_MAIN(fetcher_parts_suite)
