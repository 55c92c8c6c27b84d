/* SPDX-License-Identifier: Apache-2.0
 *
 * test_log.c - log lines, their files, failed checks and crash reports.
 *
 * What goes to standard error, and what ends the process, is looked at from
 * outside: a child runs it and its standard error is read. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/log_environment.h>
#include <actor/strbuf.h>

#include "base/log_private.h"
#include "tests/lib/run.h"
#include "tests/lib/test.h"

#define STDERR_MAX ((size_t) 8 << 20)

/* Lines that a sink was given. */
struct lines {
    int n;
    char last[LOG_LINE_MAX + 1];
};

static void
keep_line(void *aux, const char *line)
{
    struct lines *lines = aux;

    lines->n++;
    snprintf(lines->last, sizeof lines->last, "%s", line);
}

static void
assert_matches(const char *text, const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int mismatch = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    ck_assert_msg(!mismatch, "'%s' does not match '%s'", text, pattern);
}

static void
assert_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "no '%s' in '%s'", part, text);
}

static void
read_file(const char *path, struct strbuf *out)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    run_read_all(fd, out);
}

static void
read_log(const char *dir, const char *severity, struct strbuf *out)
{
    autofree char *path = xasprintf("%s/prog.%s", dir, severity);

    read_file(path, out);
}

static void
start(const char *dir, int flush_seconds)
{
    const struct log_options options = {
        .program = "prog", .log_dir = dir, .quiet = true,
        .flush_seconds = flush_seconds,
    };
    autoerror *e = log_init(&options);

    ck_assert_msg(!e, "%s", e ? error_text(e) : "");
}

static size_t
count_files(const char *dir, const char *pattern)
{
    autofree char *path = xasprintf("%s/%s", dir, pattern);
    glob_t found;
    int r = glob(path, 0, NULL, &found);
    size_t n = r == 0 ? found.gl_pathc : 0;

    if (r == 0) {
        globfree(&found);
    }
    return n;
}

/* --- lines --- */

START_TEST(line_has_the_form_of_glog)
{
    struct lines lines = { 0 };
    autofree char *tid = xasprintf("%5d test_log", (int) gettid());
    log_set_sink(keep_line, &lines);

    log_info("Admitted agent '%s'", "S12");

    assert_matches(lines.last,
                   "^I[01][0-9][0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]"
                   "\\.[0-9]{6} +[0-9]+ test_log\\.c:[0-9]+\\] Admitted agent "
                   "'S12'$");
    assert_contains(lines.last, tid);
}
END_TEST

START_TEST(each_severity_has_its_letter)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);

    log_info("x");
    ck_assert_int_eq(lines.last[0], 'I');
    log_warn("x");
    ck_assert_int_eq(lines.last[0], 'W');
    log_error("x");

    ck_assert_int_eq(lines.last[0], 'E');
    ck_assert_int_eq(lines.n, 3);
}
END_TEST

START_TEST(errno_is_kept)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);
    errno = ENOTTY;

    log_info("hello");
    log_warn_every(SECOND, "hello");

    ck_assert_int_eq(errno, ENOTTY);
}
END_TEST

START_TEST(long_lines_are_cut_off_at_30000_bytes)
{
    struct lines lines = { 0 };
    autofree char *text = xcalloc(1, 40001);
    memset(text, 'x', 40000);
    log_set_sink(keep_line, &lines);

    log_info("%.2000s", text);
    ck_assert_uint_gt(strlen(lines.last), 2000);
    ck_assert_uint_lt(strlen(lines.last), 2100);
    log_info("%s", text);

    ck_assert_uint_eq(strlen(lines.last), LOG_LINE_MAX);
}
END_TEST

START_TEST(newlines_of_the_format_stay_but_at_the_end)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);

    log_info("one\ntwo\n\n");

    assert_matches(lines.last, "\\] one\ntwo$");
}
END_TEST

START_TEST(control_characters_of_strangers_are_escaped)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);

    log_info("task '%s' of '%s'", "t\nI0101 Forged\r\x1b[2J\x7f\t",
             "gr\xc3\xb6\xc3\x9f\xc2\x9b" "e");

    assert_matches(lines.last, "\\] task 't\\\\nI0101 Forged\\\\r\\\\x1b\\[2J"
                   "\\\\x7f\\\\t' of 'gr\xc3\xb6\xc3\x9f\\\\xc2\\\\x9be'$");
    ck_assert_int_eq(lines.n, 1);
}
END_TEST

START_TEST(nul_is_escaped_too)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);

    log_info("a%cb", '\0');
    assert_matches(lines.last, "\\] a\\\\x00b$");
    log_info("a\nb%cc", '\0');
    assert_matches(lines.last, "\\] a\nb\\\\x00c$");
}
END_TEST

START_TEST(escaped_lines_are_cut_off_too)
{
    struct lines lines = { 0 };
    autofree char *text = xcalloc(1, 20001);
    memset(text, '\x01', 20000);
    log_set_sink(keep_line, &lines);

    log_info("%s", text);

    ck_assert_uint_le(strlen(lines.last), LOG_LINE_MAX);
    ck_assert_uint_gt(strlen(lines.last), LOG_LINE_MAX - 16);
    assert_matches(lines.last, "\\\\x01$");
}
END_TEST

static void
write_three_lines(void)
{
    log_info("first");
    log_warn("second");
    log_error("third");
}

START_TEST(lines_go_to_standard_error_before_the_start)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    ck_assert_int_eq(run_child(write_three_lines, &err), 0);

    assert_matches(err.data, "^I[^\n]*\\] first\nW[^\n]*\\] second\n"
                             "E[^\n]*\\] third\n$");
}
END_TEST

static void
write_at_level_warning(void)
{
    const struct log_options options = {
        .program = "prog", .level = LOG_SEVERITY_WARNING,
    };

    error_destroy(log_init(&options));
    write_three_lines();
}

START_TEST(lines_below_the_level_are_dropped)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    ck_assert_int_eq(run_child(write_at_level_warning, &err), 0);

    assert_matches(err.data, "^W[^\n]*\\] second\nE[^\n]*\\] third\n$");
}
END_TEST

/* A program that has its log already, and then a library. */
static void
write_after_two_starts(void)
{
    const struct log_options mine = {
        .program = "prog", .level = LOG_SEVERITY_WARNING,
    };
    const struct log_options of_library = { .program = "library" };

    error_destroy(log_init(&mine));
    error_destroy(log_init_once(&of_library));
    write_three_lines();
    log_fini();
}

START_TEST(second_start_of_a_library_changes_nothing)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);

    ck_assert_int_eq(run_child(write_after_two_starts, &err), 0);

    assert_matches(err.data, "^W[^\n]*\\] second\nE[^\n]*\\] third\n$");
}
END_TEST

static void
write_by_environment(void)
{
    error_destroy(log_init_from_environment("a/b c", "TEST_"));
    write_three_lines();
    log_fini();
}

START_TEST(environment_says_what_a_library_logs)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    autofree char *dir = test_temp_dir();
    autofree char *link = xasprintf("%s/a_b_c.ERROR", dir);

    setenv("TEST_LOGGING_LEVEL", "ERROR", 1);
    ck_assert_int_eq(run_child(write_by_environment, &err), 0);
    assert_matches(err.data, "^E[^\n]*\\] third\n$");
    strbuf_clear(&err);
    setenv("TEST_QUIET", "1", 1);
    setenv("TEST_LOG_DIR", dir, 1);
    ck_assert_int_eq(run_child(write_by_environment, &err), 0);
    ck_assert_str_eq(err.data, "");
    ck_assert_int_eq(access(link, R_OK), 0);
    setenv("TEST_INITIALIZE_DRIVER_LOGGING", "false", 1);
    ck_assert_int_eq(run_child(write_by_environment, &err), 0);
    assert_matches(err.data, "\\] third\n$");
}
END_TEST

START_TEST(bad_environment_of_a_log_is_refused)
{
    setenv("TEST_LOGGING_LEVEL", "LOUD", 1);
    autoerror *e = log_init_from_environment("prog", "TEST_");

    ck_assert_ptr_nonnull(e);
    assert_contains(error_text(e), "logging_level");
}
END_TEST

static void
write_quietly(void)
{
    const struct log_options options = { .program = "prog", .quiet = true };

    error_destroy(log_init(&options));
    write_three_lines();
    log_fatal("the end");
}

START_TEST(only_fatal_lines_break_the_quiet)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    int status = run_child(write_quietly, &err);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGABRT);
    assert_matches(err.data, "^F[^\n]*\\] the end\n");
}
END_TEST

static void *
write_many_lines(void *unused UNUSED)
{
    for (int i = 0; i < 2000; i++) {
        log_info("abcdefghijklmnopqrstuvwxyz");
    }
    return NULL;
}

static void
write_from_threads(void)
{
    pthread_t threads[4];

    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_create(&threads[i], NULL, write_many_lines, NULL);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
    }
}

START_TEST(lines_of_several_threads_are_not_mixed)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    int n = 0;

    ck_assert_int_eq(run_child(write_from_threads, &err), 0);

    for (char *line = err.data; *line; n++) {
        char *end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        *end = '\0';
        ck_assert_msg(!fnmatch("I*] abcdefghijklmnopqrstuvwxyz", line, 0)
                      && strlen(line) < 80, "%s", line);
        line = end + 1;
    }
    ck_assert_int_eq(n, 8000);
}
END_TEST

/* --- levels --- */

START_TEST(names_of_severities_parse)
{
    enum log_severity severity = LOG_SEVERITY_FATAL;

    ck_assert(log_severity_parse("INFO", &severity));
    ck_assert_int_eq(severity, LOG_SEVERITY_INFO);
    ck_assert(log_severity_parse("WARNING", &severity));
    ck_assert_int_eq(severity, LOG_SEVERITY_WARNING);
    ck_assert(log_severity_parse("ERROR", &severity));
    ck_assert_int_eq(severity, LOG_SEVERITY_ERROR);
    ck_assert(!log_severity_parse("FATAL", &severity));
    ck_assert(!log_severity_parse("info", &severity));

    ck_assert_int_eq(severity, LOG_SEVERITY_ERROR);
}
END_TEST

START_TEST(verbose_lines_appear_from_their_level_on)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);

    vlog(1, "x");
    ck_assert_int_eq(lines.n, 0);
    log_set_verbosity(2);
    vlog(1, "x");
    vlog(2, "x");
    vlog(3, "x");

    ck_assert_int_eq(lines.n, 2);
    ck_assert_int_eq(lines.last[0], 'I');
}
END_TEST

START_TEST(verbosity_comes_from_the_environment)
{
    const struct log_options options = { .program = "prog" };

    setenv("GLOG_v", "2", 1);
    setenv("GLOG_vmodule", "mail*=3,quiet=0,=9,junk", 1);
    error_destroy(log_init(&options));

    ck_assert_int_eq(log_verbosity(), 2);
    ck_assert(log_is_verbose(2, "core/actor.c"));
    ck_assert(!log_is_verbose(3, "core/actor.c"));
    ck_assert(log_is_verbose(3, "core/mailbox.c"));
    ck_assert(!log_is_verbose(4, "mailbox.c"));
    ck_assert(!log_is_verbose(1, "a/b/quiet.c"));
    log_fini();
}
END_TEST

START_TEST(what_was_left_out_is_counted_in_the_next_line)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);
    struct log_rate rate = { .next_ns = 0 };

    for (int i = 0; i < 5; i++) {
        if (log_rate_pass(&rate, 3600 * SECOND)) {
            log_write_rated(&rate, __FILE__, __LINE__, "refused %d", i);
        }
    }
    ck_assert_int_eq(lines.n, 1);
    assert_matches(lines.last, "^W.*\\] refused 0$");
    rate.next_ns = 0;           /* the hour is over */
    if (log_rate_pass(&rate, SECOND)) {
        log_write_rated(&rate, __FILE__, __LINE__, "refused %d", 5);
    }

    assert_matches(lines.last, "\\] refused 5 \\(4 more like this were left "
                               "out\\)$");
}
END_TEST

START_TEST(rated_warnings_of_one_place_are_one_in_a_period)
{
    struct lines lines = { 0 };
    log_set_sink(keep_line, &lines);

    for (int i = 0; i < 5; i++) {
        log_warn_every(3600 * SECOND, "again");
    }

    ck_assert_int_eq(lines.n, 1);
}
END_TEST

/* --- files --- */

START_TEST(files_begin_with_the_lines_of_glog)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) log = STRBUF(STDERR_MAX);

    start(dir, 0);
    log_info("hello");
    log_fini();

    read_log(dir, "INFO", &log);
    assert_matches(log.data,
                   "^Log file created at: [0-9]{4}/[0-9]{2}/[0-9]{2} "
                   "[0-9]{2}:[0-9]{2}:[0-9]{2}\n"
                   "Running on machine: [^\n]+\n"
                   "Log line format: \\[IWEF\\]mmdd hh:mm:ss\\.uuuuuu "
                   "threadid file:line\\] msg\n"
                   "I[^\n]*\\] INFO level logging started!\n"
                   "I[^\n]*\\] hello\n$");
}
END_TEST

START_TEST(file_names_say_program_host_user_severity_time_and_process)
{
    autofree char *dir = test_temp_dir();
    char target[PATH_MAX];
    char host[256];
    gethostname(host, sizeof host);
    setenv("USER", "jane", 1);
    autofree char *link = xasprintf("%s/prog.WARNING", dir);
    autofree char *pattern
        = xasprintf("^prog\\.%s\\.jane\\.log\\.WARNING\\."
                    "[0-9]{8}-[0-9]{6}\\.%d$", host, (int) getpid());

    start(dir, 0);
    log_warn("hello");
    log_fini();

    ssize_t len = readlink(link, target, sizeof target - 1);
    ck_assert_int_gt(len, 0);
    target[len] = '\0';
    assert_matches(target, pattern);
}
END_TEST

START_TEST(line_goes_to_the_files_of_lower_severities_too)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) info = STRBUF(STDERR_MAX);
    autofini(strbuf) warning = STRBUF(STDERR_MAX);
    autofini(strbuf) error = STRBUF(STDERR_MAX);

    start(dir, 0);
    write_three_lines();
    log_fini();

    read_log(dir, "INFO", &info);
    read_log(dir, "WARNING", &warning);
    read_log(dir, "ERROR", &error);
    assert_matches(info.data, "first\nW[^\n]*second\nE[^\n]*third\n$");
    assert_matches(warning.data, "msg\nW[^\n]*second\nE[^\n]*third\n$");
    assert_matches(error.data, "msg\nE[^\n]*third\n$");
    ck_assert_uint_eq(count_files(dir, "*FATAL*"), 0);
}
END_TEST

START_TEST(info_lines_may_wait_but_not_behind_a_warning)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) before = STRBUF(STDERR_MAX);
    autofini(strbuf) after = STRBUF(STDERR_MAX);

    start(dir, 3600);
    log_info("patient");
    read_log(dir, "INFO", &before);
    log_warn("urgent");
    read_log(dir, "INFO", &after);
    log_fini();

    ck_assert_ptr_null(strstr(before.data, "patient"));
    assert_matches(after.data, "patient\nW[^\n]*urgent\n$");
}
END_TEST

START_TEST(waiting_lines_are_written_at_the_end)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) log = STRBUF(STDERR_MAX);

    start(dir, 3600);
    for (int i = 0; i < 5000; i++) {
        log_info("line %d of many", i);
    }
    log_fini();

    read_log(dir, "INFO", &log);
    const char *p = log.data;
    for (int i = 0; i < 5000; i++) {
        autofree char *expected = xasprintf("] line %d of many\n", i);
        p = strstr(p, expected);
        ck_assert_msg(p, "line %d", i);
    }
}
END_TEST

START_TEST(waiting_lines_are_written_when_their_time_is_over)
{
    autofree char *dir = test_temp_dir();
    bool found = false;

    start(dir, 1);
    log_info("patient");
    while (!found) {            /* the test's own timeout is the limit */
        autofini(strbuf) log = STRBUF(STDERR_MAX);
        read_log(dir, "INFO", &log);
        found = strstr(log.data, "patient") != NULL;
        sched_yield();
    }
    log_fini();
}
END_TEST

START_TEST(full_file_is_succeeded_by_a_new_one)
{
    autofree char *dir = test_temp_dir();

    start(dir, 0);
    autofree char *first = xstrdup(log_file_path());
    log_files_set_max_size(1);
    autofree char *moved = xasprintf("%s.old", first);
    ck_assert_int_eq(rename(first, moved), 0);
    log_info("in the next");
    log_fini();

    autofini(strbuf) old = STRBUF(STDERR_MAX);
    autofini(strbuf) new = STRBUF(STDERR_MAX);
    read_file(moved, &old);
    read_log(dir, "INFO", &new);
    ck_assert_ptr_null(strstr(old.data, "in the next"));
    assert_matches(new.data, "^Log file created at: .*in the next\n$");
}
END_TEST

START_TEST(child_writes_to_a_file_of_its_own)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    autofini(strbuf) log = STRBUF(STDERR_MAX);

    start(dir, 3600);
    log_info("of the parent");
    autofree char *path = xstrdup(log_file_path());
    ck_assert_int_eq(run_child(write_three_lines, &err), 0);
    log_fini();

    read_file(path, &log);
    assert_contains(log.data, "of the parent\n");
    ck_assert_ptr_null(strstr(log.data, "second"));
    ck_assert_uint_eq(count_files(dir, "prog.*.log.INFO.*"), 2);
}
END_TEST

START_TEST(missing_directories_are_created)
{
    autofree char *dir = test_temp_dir();
    autofree char *deep = xasprintf("%s/a/b/c", dir);

    start(deep, 0);
    log_info("x");
    log_fini();

    ck_assert_uint_eq(count_files(deep, "prog.INFO"), 1);
}
END_TEST

START_TEST(start_fails_where_there_can_be_no_directory)
{
    static const char *const dirs[] = { "/dev/null/x", "/proc/nope", "" };

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        const struct log_options options = {
            .program = "prog", .log_dir = dirs[i],
        };
        autoerror *e = log_init(&options);
        ck_assert_msg(e, "'%s'", dirs[i]);
        assert_contains(error_text(e), "starting the log: ");
    }
}
END_TEST

START_TEST(path_of_the_file_is_known_while_it_is_open)
{
    autofree char *dir = test_temp_dir();

    ck_assert_ptr_null(log_file_path());
    start(dir, 0);
    ck_assert_ptr_nonnull(log_file_path());
    assert_contains(log_file_path(), ".log.INFO.");
    log_fini();

    ck_assert_ptr_null(log_file_path());
}
END_TEST

/* --- ends --- */

static volatile int zero;

static void
fail_check(void)
{
    CHECK(zero == 0, "not told");
    CHECK(zero == 1, "zero is %d", zero);
}

START_TEST(failed_check_says_what_and_where_and_aborts)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    int status = run_child(fail_check, &err);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGABRT);
    assert_matches(err.data,
                   "^F[^\n]* test_log\\.c:[0-9]+\\] Check failed: zero == 1 "
                   "zero is 0\n"
                   "\\*\\*\\* Check failure stack trace: \\*\\*\\*\n"
                   "(    @ +0x[0-9a-f]+  [^\n]+\n)+$");
}
END_TEST

static void
reach_the_unreachable(void)
{
    UNREACHABLE();
}

START_TEST(unreachable_place_names_its_function)
{
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    int status = run_child(reach_the_unreachable, &err);

    ck_assert(WIFSIGNALED(status));
    assert_contains(err.data,
                    "Check failed: unreachable reach_the_unreachable\n");
}
END_TEST

static const char *crash_dir;

static void
crash(void)
{
    start(crash_dir, 3600);
    log_info("still waiting");
    log_install_crash_handler();
    raise(SIGSEGV);
}

START_TEST(crash_is_reported_and_the_files_are_written)
{
    autofree char *dir = test_temp_dir();
    autofini(strbuf) err = STRBUF(STDERR_MAX);
    autofini(strbuf) log = STRBUF(STDERR_MAX);

    crash_dir = dir;
    int status = run_child(crash, &err);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
    assert_matches(err.data,
                   "^\\*\\*\\* Aborted at [0-9]+ \\(unix time\\) try \"date "
                   "-d @[0-9]+\" if you are using GNU date \\*\\*\\*\n"
                   "PC: @ +0x[0-9a-f]+  [^\n]+\n"
                   "\\*\\*\\* SIGSEGV \\(@0x[0-9a-f]+\\) received by PID "
                   "[0-9]+ \\(TID [0-9]+\\) from PID [0-9]+; stack trace: "
                   "\\*\\*\\*\n"
                   "(    @ +0x[0-9a-f]+  [^\n]+\n)+$");
    read_log(dir, "INFO", &log);
    assert_contains(log.data, "still waiting\n");
}
END_TEST

static Suite *
log_suite(void)
{
    Suite *suite = suite_create("log");

    test_add(suite, "line", line_has_the_form_of_glog);
    test_add(suite, "each", each_severity_has_its_letter);
    test_add(suite, "errno", errno_is_kept);
    test_add(suite, "long", long_lines_are_cut_off_at_30000_bytes);
    test_add(suite, "newlines", newlines_of_the_format_stay_but_at_the_end);
    test_add(suite, "escaped", control_characters_of_strangers_are_escaped);
    test_add(suite, "escaped", nul_is_escaped_too);
    test_add(suite, "escaped", escaped_lines_are_cut_off_too);
    test_add(suite, "lines", lines_go_to_standard_error_before_the_start);
    test_add(suite, "lines", lines_below_the_level_are_dropped);
    test_add(suite, "second", second_start_of_a_library_changes_nothing);
    test_add(suite, "environment", environment_says_what_a_library_logs);
    test_add(suite, "bad", bad_environment_of_a_log_is_refused);
    test_add(suite, "only", only_fatal_lines_break_the_quiet);
    test_add(suite, "lines", lines_of_several_threads_are_not_mixed);
    test_add(suite, "names", names_of_severities_parse);
    test_add(suite, "verbose", verbose_lines_appear_from_their_level_on);
    test_add(suite, "verbosity", verbosity_comes_from_the_environment);
    test_add(suite, "what", what_was_left_out_is_counted_in_the_next_line);
    test_add(suite, "rated", rated_warnings_of_one_place_are_one_in_a_period);
    test_add(suite, "files", files_begin_with_the_lines_of_glog);
    test_add(suite, "file",
             file_names_say_program_host_user_severity_time_and_process);
    test_add(suite, "line", line_goes_to_the_files_of_lower_severities_too);
    test_add(suite, "info", info_lines_may_wait_but_not_behind_a_warning);
    test_add(suite, "waiting", waiting_lines_are_written_at_the_end);
    test_add(suite, "waiting",
             waiting_lines_are_written_when_their_time_is_over);
    test_add(suite, "full", full_file_is_succeeded_by_a_new_one);
    test_add(suite, "child", child_writes_to_a_file_of_its_own);
    test_add(suite, "missing", missing_directories_are_created);
    test_add(suite, "start", start_fails_where_there_can_be_no_directory);
    test_add(suite, "path", path_of_the_file_is_known_while_it_is_open);
    test_add(suite, "failed", failed_check_says_what_and_where_and_aborts);
    test_add(suite, "unreachable", unreachable_place_names_its_function);
    test_add(suite, "crash", crash_is_reported_and_the_files_are_written);
    return suite;
}

TEST_MAIN(log_suite)
