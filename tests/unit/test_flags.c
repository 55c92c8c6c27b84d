/* SPDX-License-Identifier: Apache-2.0
 *
 * test_flags.c - flags: where values come from, what is refused, what is
 * shown. */
#include <config.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "tests/lib/test.h"

#define MAX_WORDS 16

struct values {
    char *work_dir;
    char *credentials;
    char *role;
    bool strict;
    bool help;
    int64_t port;
    uint64_t quorum;
    double factor;
    int64_t gc_delay;
    uint64_t max_size;
};

static struct error *
check_port(const struct flag *flag, const void *member)
{
    int64_t port = *(const int64_t *) member;

    ck_assert_str_eq(flag->name, "port");
    return port < 65536 ? NULL
                        : error_create(ERROR_INVALID, "over 65535");
}

static const struct flag flags[] = {
    { .name = "work_dir", .type = FLAG_STRING, .required = true,
      .offset = offsetof(struct values, work_dir),
      .help = "Path of the work directory" },
    { .name = "credentials", .type = FLAG_PATH,
      .offset = offsetof(struct values, credentials) },
    { .name = "role", .type = FLAG_STRING, .default_value = "*",
      .offset = offsetof(struct values, role), .help = "Role" },
    { .name = "strict", .type = FLAG_BOOL, .default_value = "true",
      .offset = offsetof(struct values, strict),
      .help = "If strict,\nerrors are fatal" },
    { .name = "help", .type = FLAG_BOOL,
      .offset = offsetof(struct values, help), .help = "This text" },
    { .name = "port", .type = FLAG_INT, .default_value = "5050",
      .offset = offsetof(struct values, port), .help = "Port",
      .validate = check_port },
    { .name = "quorum", .type = FLAG_UINT,
      .offset = offsetof(struct values, quorum), .help = "Quorum" },
    { .name = "factor", .type = FLAG_DOUBLE, .default_value = "0.8",
      .offset = offsetof(struct values, factor), .help = "Factor" },
    { .name = "gc_delay", .alias = "old_gc_delay", .type = FLAG_DURATION,
      .default_value = "1weeks", .offset = offsetof(struct values, gc_delay),
      .help = "Delay:\n" },
    { .name = "max_size", .type = FLAG_BYTES,
      .offset = offsetof(struct values, max_size), .help = "Size" },
};
#define N_FLAGS ARRAY_SIZE(flags)

static char **
copy_words(const char *const *words, int *argc)
{
    char **argv = xcalloc(MAX_WORDS + 1, sizeof *argv);

    argv[0] = xstrdup("/usr/sbin/prog");
    for (*argc = 1; words[*argc - 1]; ++*argc) {
        argv[*argc] = xstrdup(words[*argc - 1]);
    }
    return argv;
}

static void
free_words(char **argv)
{
    for (int i = 0; argv[i]; i++) {
        free(argv[i]);
    }
    free(argv);
}

static struct error *
load(struct values *values, const char *const *words)
{
    int argc, rest;
    char **argv = copy_words(words, &argc);

    memset(values, 0, sizeof *values);
    struct error *error = flags_load(flags, N_FLAGS, values, argc, argv,
                                     "TEST_", &rest);
    free_words(argv);
    return error;
}

#define LOAD(values, ...) \
    load((values), (const char *const[]) { __VA_ARGS__, NULL })

static void
assert_loads(struct values *values, const char *const *words)
{
    autoerror *e = load(values, words);

    ck_assert_msg(!e, "%s", e ? error_text(e) : "");
}

#define ASSERT_LOADS(values, ...) \
    assert_loads((values), (const char *const[]) { __VA_ARGS__, NULL })

/* With '--work_dir=w' these words are refused, and for the reason given. */
static void
assert_refused(const char *one, const char *two, const char *why)
{
    struct values v;
    autoerror *e = LOAD(&v, "--work_dir=w", one, two);

    ck_assert_msg(e, "%s", one);
    ck_assert_str_eq(error_text(e), why);
    flags_fini(flags, N_FLAGS, &v);
}

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static void
keep_line(void *aux, const char *line)
{
    snprintf(aux, 200, "%s", line);
}

START_TEST(flags_have_their_defaults)
{
    struct values v;

    ASSERT_LOADS(&v, "--work_dir=w");

    ck_assert_str_eq(v.work_dir, "w");
    ck_assert_str_eq(v.role, "*");
    ck_assert(v.strict);
    ck_assert(!v.help);
    ck_assert_int_eq(v.port, 5050);
    ck_assert_uint_eq(v.quorum, 0);
    ck_assert_double_eq(v.factor, 0.8);
    ck_assert_int_eq(v.gc_delay, WEEK);
    ck_assert_uint_eq(v.max_size, 0);
    ck_assert_ptr_null(v.credentials);
    flags_fini(flags, N_FLAGS, &v);
    ck_assert_ptr_null(v.work_dir);
}
END_TEST

START_TEST(values_of_each_type_are_read)
{
    struct values v;

    ASSERT_LOADS(&v, "--work_dir=/a=b", "--role=", "--strict=0", "--port=-7",
                 "--quorum=18446744073709551615", "--factor=2.5e1",
                 "--gc_delay=90mins", "--max_size=2GB", "--help=true",
                 "--credentials=/c");

    ck_assert_str_eq(v.work_dir, "/a=b");
    ck_assert_str_eq(v.role, "");
    ck_assert(!v.strict);
    ck_assert(v.help);
    ck_assert_int_eq(v.port, -7);
    ck_assert_uint_eq(v.quorum, UINT64_MAX);
    ck_assert_double_eq(v.factor, 25);
    ck_assert_int_eq(v.gc_delay, 90 * MINUTE);
    ck_assert_uint_eq(v.max_size, UINT64_C(2) << 30);
    ck_assert_str_eq(v.credentials, "/c");
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

START_TEST(booleans_need_no_value)
{
    struct values v;

    ASSERT_LOADS(&v, "--work_dir=w", "--no-strict", "--help");
    ck_assert(!v.strict);
    ck_assert(v.help);
    flags_fini(flags, N_FLAGS, &v);
    ASSERT_LOADS(&v, "--work_dir=w", "--help=");

    ck_assert(v.help);
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

START_TEST(names_do_not_depend_on_case_and_blanks_do_not_count)
{
    struct values v;

    ASSERT_LOADS(&v, "  --Work_Dir=w ", "--NO-STRICT");

    ck_assert_str_eq(v.work_dir, "w");
    ck_assert(!v.strict);
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

START_TEST(ill_formed_flags_are_refused_by_name)
{
    assert_refused("--nope", NULL, "Failed to load unknown flag 'nope'");
    assert_refused("--nope=1", NULL, "Failed to load unknown flag 'nope'");
    assert_refused("--no-nope", NULL,
                   "Failed to load unknown flag 'nope' via 'no-nope'");
    assert_refused("--work-dir=x", NULL,
                   "Failed to load unknown flag 'work-dir'");
    assert_refused("--port", NULL,
                   "Failed to load non-boolean flag 'port': Missing value");
    assert_refused("--no-port", NULL,
                   "Failed to load non-boolean flag 'port' via 'no-port'");
    assert_refused("--no-strict=1", NULL,
                   "Failed to load boolean flag 'strict' via 'no-strict' "
                   "with value '1'");
    assert_refused("--port=1", "--port=1",
                   "Duplicate flag 'port' on command line");
    assert_refused("--strict", "--no-strict",
                   "Duplicate flag 'strict' on command line");
}
END_TEST

START_TEST(ill_formed_values_are_refused_by_name)
{
#define IN_PORT "Failed to load flag 'port': Failed to load value "
    assert_refused("--port=abc", NULL,
                   IN_PORT "'abc': Failed to convert into required type");
    assert_refused("--port=", NULL,
                   IN_PORT "'': Failed to convert into required type");
    assert_refused("--port= 1", NULL,
                   IN_PORT "' 1': Failed to convert into required type");
    assert_refused("--port=1x", NULL,
                   IN_PORT "'1x': Failed to convert into required type");
    assert_refused("--port=9223372036854775808", NULL,
                   IN_PORT "'9223372036854775808': Failed to convert into "
                   "required type");
#undef IN_PORT
    assert_refused("--quorum=-1", NULL,
                   "Failed to load flag 'quorum': Failed to load value '-1': "
                   "Failed to convert into required type");
    assert_refused("--factor=x", NULL,
                   "Failed to load flag 'factor': Failed to load value 'x': "
                   "Failed to convert into required type");
    assert_refused("--strict=maybe", NULL,
                   "Failed to load flag 'strict': Failed to load value "
                   "'maybe': Expecting a boolean (e.g., true or false)");
    assert_refused("--gc_delay=5", NULL,
                   "Failed to load flag 'gc_delay': Failed to load value "
                   "'5': Invalid duration '5'");
    assert_refused("--max_size=5", NULL,
                   "Failed to load flag 'max_size': Failed to load value "
                   "'5': Invalid bytes '5'");
}
END_TEST

START_TEST(required_flag_must_be_there)
{
    struct values v;
    autoerror *e = LOAD(&v, "--port=1");

    ck_assert_ptr_nonnull(e);
    ck_assert_str_eq(error_text(e),
                     "Flag 'work_dir' is required, but it was not provided");
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

START_TEST(validation_may_refuse_what_parsed)
{
    assert_refused("--port=65536", NULL,
                   "Failed to load flag 'port': over 65535");
}
END_TEST

START_TEST(help_is_seen_in_spite_of_errors)
{
    struct values v;
    autoerror *e = LOAD(&v, "--nope", "--port=x", "--help");

    ck_assert_ptr_nonnull(e);
    ck_assert_str_eq(error_text(e), "Failed to load unknown flag 'nope'");
    ck_assert(v.help);
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

START_TEST(environment_counts_unless_the_command_line_says_otherwise)
{
    struct values v;
    setenv("TEST_PORT", "1", 1);
    setenv("TEST_quorum", "2", 1);
    setenv("TEST_WORK_DIR", "/env", 1);
    setenv("TEST_UNKNOWN", "x", 1);
    setenv("MAX_SIZE", "5", 1);

    ASSERT_LOADS(&v, "--port=3");

    ck_assert_int_eq(v.port, 3);
    ck_assert_uint_eq(v.quorum, 2);
    ck_assert_str_eq(v.work_dir, "/env");
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

START_TEST(ill_formed_environment_is_refused)
{
    setenv("TEST_PORT", "abc", 1);

    assert_refused("--quorum=1", NULL,
                   "Failed to load flag 'port': Failed to load value 'abc': "
                   "Failed to convert into required type");
}
END_TEST

START_TEST(alias_loads_and_is_told_to_be_deprecated)
{
    struct values v;
    char line[200] = "";
    log_set_sink(keep_line, line);

    ASSERT_LOADS(&v, "--work_dir=w", "--old_gc_delay=5secs");

    ck_assert_int_eq(v.gc_delay, 5 * SECOND);
    ck_assert_ptr_nonnull(strstr(line,
                                 "Loaded deprecated flag 'old_gc_delay'"));
    flags_fini(flags, N_FLAGS, &v);
    assert_refused("--gc_delay=1secs", "--old_gc_delay=1secs",
                   "Flag 'old_gc_delay' is already loaded via name "
                   "'gc_delay'");
}
END_TEST

START_TEST(file_stands_for_its_content)
{
    struct values v;
    autofree char *dir = test_temp_dir();
    autofree char *path = xasprintf("%s/value", dir);
    autofree char *role = xasprintf("--role=file://%s", path);
    autofree char *port = xasprintf("--port=file://%s", path);
    autofree char *credentials = xasprintf("--credentials=file://%s", path);
    write_file(path, "4711");

    ASSERT_LOADS(&v, "--work_dir=w", role, port, credentials);

    ck_assert_str_eq(v.role, "4711");
    ck_assert_int_eq(v.port, 4711);
    ck_assert_str_eq(v.credentials, path);
    flags_fini(flags, N_FLAGS, &v);
    assert_refused("--role=file:///nope/x", NULL,
                   "Failed to load flag 'role': Failed to load value "
                   "'file:///nope/x': Error reading file '/nope/x': No such "
                   "file or directory");
}
END_TEST

START_TEST(other_words_are_moved_behind_the_flags)
{
    static const char *const words[] = {
        "read", "--work_dir=w", "x", "--port=1", "--", "--port=2", "-y", NULL,
    };
    static const char *const left[] = { "read", "x", "--port=2", "-y" };
    struct values v = { .port = 0 };
    int argc, rest;
    char **argv = copy_words(words, &argc);
    autoerror *e = flags_load(flags, N_FLAGS, &v, argc, argv, NULL, &rest);

    ck_assert_ptr_null(e);
    ck_assert_int_eq(v.port, 1);
    ck_assert_int_eq(argc - rest, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(argv[rest + i], left[i]);
    }
    flags_fini(flags, N_FLAGS, &v);
    free_words(argv);
}
END_TEST

START_TEST(words_that_nobody_asks_for_are_told)
{
    static const char *const words[] = { "--work_dir=w", "World", NULL };
    struct values v = { .port = 0 };
    char line[200] = "";
    int argc;
    char **argv = copy_words(words, &argc);
    log_set_sink(keep_line, line);

    autoerror *e = flags_load(flags, N_FLAGS, &v, argc, argv, NULL, NULL);

    ck_assert_ptr_null(e);
    ck_assert_ptr_nonnull(strstr(line, "Ignoring argument 'World', which is "
                                       "not a flag"));
    flags_fini(flags, N_FLAGS, &v);
    free_words(argv);
}
END_TEST

START_TEST(usage_has_two_columns)
{
    autofini(strbuf) out = STRBUF(10000);

    flags_usage(&out, "/usr/sbin/prog", "Wrong", flags, N_FLAGS);

    ck_assert_str_eq(out.data,
"Wrong\n"
"\n"
"Usage: prog [options]\n"
"\n"
"  --credentials=VALUE                        \n"
"  --factor=VALUE                             Factor (default: 0.8)\n"
"  --gc_delay=VALUE, --old_gc_delay=VALUE     Delay:\n"
"                                             (default: 1weeks)\n"
"  --[no-]help                                This text\n"
"  --max_size=VALUE                           Size\n"
"  --port=VALUE                               Port (default: 5050)\n"
"  --quorum=VALUE                             Quorum\n"
"  --role=VALUE                               Role (default: *)\n"
"  --[no-]strict                              If strict,\n"
"                                             errors are fatal "
"(default: true)\n"
"  --work_dir=VALUE                           Path of the work "
"directory\n");
}
END_TEST

START_TEST(flags_with_a_value_are_shown_sorted)
{
    struct values v;
    autofini(strbuf) line = STRBUF(10000);
    autofini(strbuf) json = STRBUF(10000);
    struct json_writer w = JSON_WRITER(&json);
    ASSERT_LOADS(&v, "--work_dir=w", "--gc_delay=75secs", "--max_size=4KB");

    flags_format(&line, flags, N_FLAGS, &v);
    flags_write_json(&w, flags, N_FLAGS, &v);

    ck_assert_str_eq(line.data,
                     "--factor=\"0.8\" --gc_delay=\"75secs\" "
                     "--max_size=\"4KB\" --port=\"5050\" --role=\"*\" "
                     "--strict=\"true\" --work_dir=\"w\"");
    ck_assert_str_eq(json.data,
                     "{\"factor\":\"0.8\",\"gc_delay\":\"75secs\","
                     "\"max_size\":\"4KB\",\"port\":\"5050\",\"role\":\"*\","
                     "\"strict\":\"true\",\"work_dir\":\"w\"}");
    flags_fini(flags, N_FLAGS, &v);
}
END_TEST

static Suite *
flags_suite(void)
{
    Suite *suite = suite_create("flags");

    test_add(suite, "flags", flags_have_their_defaults);
    test_add(suite, "values", values_of_each_type_are_read);
    test_add(suite, "booleans", booleans_need_no_value);
    test_add(suite, "names",
             names_do_not_depend_on_case_and_blanks_do_not_count);
    test_add(suite, "ill", ill_formed_flags_are_refused_by_name);
    test_add(suite, "ill", ill_formed_values_are_refused_by_name);
    test_add(suite, "required", required_flag_must_be_there);
    test_add(suite, "validation", validation_may_refuse_what_parsed);
    test_add(suite, "help", help_is_seen_in_spite_of_errors);
    test_add(suite, "environment",
             environment_counts_unless_the_command_line_says_otherwise);
    test_add(suite, "ill", ill_formed_environment_is_refused);
    test_add(suite, "alias", alias_loads_and_is_told_to_be_deprecated);
    test_add(suite, "file", file_stands_for_its_content);
    test_add(suite, "other", other_words_are_moved_behind_the_flags);
    test_add(suite, "words", words_that_nobody_asks_for_are_told);
    test_add(suite, "usage", usage_has_two_columns);
    test_add(suite, "flags", flags_with_a_value_are_shown_sorted);
    return suite;
}

TEST_MAIN(flags_suite)
