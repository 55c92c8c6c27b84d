/* SPDX-License-Identifier: Apache-2.0
 *
 * test_dump.c - what is told of a system that hangs or crashes.
 *
 * A child does it, and its standard error is read. */
#include <config.h>

#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "base/log_crash.h"
#include "core/dump.h"
#include "core/system_private.h"
#include "tests/lib/run.h"
#include "tests/lib/test.h"

#define TEXT_MAX ((size_t) 16 << 20)
#define NOINLINE __attribute__((noinline))

/* --- an actor that does what a message says --- */

struct order {
    void (*fn)(struct actor *);
};

static const struct actor_msg_type msg_order = {
    .name = "test.order", .size = sizeof(struct order),
};

static void
on_order(struct actor *self, struct actor_msg *msg)
{
    struct order *order = actor_msg_body(msg, &msg_order);

    order->fn(self);
}

static const struct actor_handler handlers[] = { { &msg_order, on_order } };

static const struct actor_type soldier_type = {
    .name = "soldier", .size = sizeof(struct actor),
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static struct actor_msg *
order(void (*fn)(struct actor *))
{
    struct actor_msg *msg = actor_msg_create(&msg_order);

    ((struct order *) actor_msg_body(msg, &msg_order))->fn = fn;
    return msg;
}

/* --- systems of the children --- */

/* What a child wants to look at; its handlers, too. */
static struct {
    struct actor_system *system;
    struct upid soldier, general;
    struct actor_gate *begun, *released;
} child;

static void
prepare(bool manual)
{
    const struct actor_system_options options = {
        .n_workers = 2, .manual = manual,
    };
    struct error *error;

    log_install_crash_handler();
    actor_system_dump_on_signal(SIGUSR2);
    child.begun = actor_gate_create();
    child.released = actor_gate_create();
    error = actor_system_create(&options, &child.system);
    CHECK(!error);
    error = actor_spawn(child.system, &soldier_type, "soldier", NULL,
                        &child.soldier);
    CHECK(!error);
    error = actor_spawn(child.system, &soldier_type, "general", NULL,
                        &child.general);
    CHECK(!error);
}

static void
tidy_up(void)
{
    actor_system_destroy(child.system);
    actor_gate_destroy(child.begun);
    actor_gate_destroy(child.released);
}

static void
post(const struct upid *to, void (*fn)(struct actor *))
{
    struct actor_msg *msg = order(fn);

    actor_post(child.system, to, &msg);
}

/* Returns when it is written.  To this thread: of a signal to the process any
 * thread might take care, and be at it still when the next one comes. */
static void
ask_for_a_dump(void)
{
    raise(SIGUSR2);
}

static void
wait_for_ever(void)
{
    for (;;) {
        pause();
    }
}

/* --- the parent --- */

static void
assert_has(const struct strbuf *text, const char *part)
{
    ck_assert_msg(text->len > 0 && strstr(text->data, part),
                  "no '%s' in:\n%s", part, text->len > 0 ? text->data : "");
}

static void
assert_matches(const struct strbuf *text, const char *pattern)
{
    regex_t regex;

    ck_assert_int_eq(regcomp(&regex, pattern,
                             REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
    ck_assert_msg(text->len > 0
                  && regexec(&regex, text->data, 0, NULL, 0) == 0,
                  "no '%s' in:\n%s", pattern,
                  text->len > 0 ? text->data : "");
    regfree(&regex);
}

static unsigned
count(const struct strbuf *text, const char *part)
{
    unsigned n = 0;

    for (const char *p = text->data; (p = strstr(p, part)); p++) {
        n++;
    }
    return n;
}

static void
assert_killed_by(int status, int number, const struct strbuf *err)
{
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == number,
                  "status %#x, and:\n%s", (unsigned) status,
                  err->len > 0 ? err->data : "");
}

/* --- crashes --- */

static volatile uintptr_t bad_address = 64; /* not known to the compiler */

static NOINLINE void
write_where_nothing_is(struct actor *self UNUSED)
{
    *(volatile int *) bad_address = 1;
}

static void
pass_on(struct actor *self)
{
    struct actor_msg *msg = order(write_where_nothing_is);

    actor_send(self, &child.soldier, &msg);
}

static void
crash_in_a_handler(void)
{
    prepare(false);
    post(&child.general, pass_on);
    wait_for_ever();
}

START_TEST(crash_report_names_function_actor_message_and_what_led_to_it)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(crash_in_a_handler, &err);

    assert_killed_by(status, SIGSEGV, &err);
    assert_matches(&err, "^\\*\\*\\* Aborted at [0-9]+ \\(unix time\\)");
    assert_matches(&err, "^PC: @ +0x[0-9a-f]+  write_where_nothing_is$");
    assert_matches(&err, "^\\*\\*\\* SIGSEGV \\(@0x40\\) received by PID");
    assert_matches(&err, "; stack trace: \\*\\*\\*\n"
                   "    @ +0x[0-9a-f]+  write_where_nothing_is$");
    assert_matches(&err, "^    @ +0x[0-9a-f]+  worker_main$");
    assert_matches(&err, "^\\*\\*\\* worker-[01] of [^ ]+ handles "
                   "'test.order' for 'soldier' from 'general' since "
                   "[0-9.]+s \\*\\*\\*$");
    assert_matches(&err, "ago: 'test.order' for 'soldier' from 'general'$");
    assert_has(&err, "*** All workers ***\n");
    ck_assert_ptr_null(strstr(err.data, "(this part of the report"));
}
END_TEST

static volatile int depth;

/* With frames that cannot step over the page that guards the stack. */
static NOINLINE int
recurse(int n)
{
    volatile char frame[1 << 10];

    frame[0] = (char) n;
    depth = n;
    return n < 0 ? 0 : recurse(n + 1) + frame[0];
}

static void
fill_the_stack(struct actor *self UNUSED)
{
    depth = recurse(0);
}

static void
overflow(void)
{
    prepare(false);
    post(&child.soldier, fill_the_stack);
    wait_for_ever();
}

START_TEST(full_stack_of_a_worker_is_reported)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(overflow, &err);

    assert_killed_by(status, SIGSEGV, &err);
    assert_has(&err, "*** The thread's stack is full ***\n");
    assert_matches(&err, "^    @ +0x[0-9a-f]+  recurse$");
    assert_has(&err, " handles 'test.order' for 'soldier'");
}
END_TEST

static NOINLINE void
fail_a_check(struct actor *self UNUSED)
{
    CHECK(depth == 1, "depth is %d", depth);
}

static void
fail_in_a_handler(void)
{
    prepare(false);
    post(&child.soldier, fail_a_check);
    wait_for_ever();
}

START_TEST(failed_check_names_actor_and_message_too)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(fail_in_a_handler, &err);

    assert_killed_by(status, SIGABRT, &err);
    assert_has(&err, "Check failed: depth == 1 depth is 0\n"
               "*** Check failure stack trace: ***\n");
    assert_matches(&err, "^\\*\\*\\* SIGABRT ");
    assert_matches(&err, "^    @ +0x[0-9a-f]+  fail_a_check$");
    assert_has(&err, " handles 'test.order' for 'soldier'");
}
END_TEST

static void
crash_again(int fd UNUSED)
{
    *(volatile int *) bad_address = 2;
}

static void
crash_twice(void)
{
    prepare(false);
    log_crash_set_section(crash_again);
    post(&child.soldier, write_where_nothing_is);
    wait_for_ever();
}

START_TEST(crash_while_a_crash_is_reported_costs_that_part_only)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(crash_twice, &err);

    assert_killed_by(status, SIGSEGV, &err);
    assert_matches(&err, "^    @ +0x[0-9a-f]+  write_where_nothing_is$");
    ck_assert_uint_eq(count(&err, "*** Aborted at "), 1);
    ck_assert_uint_eq(count(&err, "(this part of the report crashed)"), 1);
}
END_TEST

static void *
crash_beside(void *gate)
{
    actor_gate_wait(gate, DURATION_FOREVER);
    write_where_nothing_is(NULL);
    return NULL;
}

static void
crash_in_several_threads(void)
{
    pthread_t threads[4];

    prepare(false);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        CHECK(pthread_create(&threads[i], NULL, crash_beside, child.begun)
              == 0);
    }
    actor_gate_open(child.begun);
    wait_for_ever();
}

START_TEST(one_of_several_threads_that_crash_is_reported)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(crash_in_several_threads, &err);

    assert_killed_by(status, SIGSEGV, &err);
    ck_assert_uint_eq(count(&err, "*** Aborted at "), 1);
    ck_assert_uint_eq(count(&err, "*** All workers ***"), 1);
    ck_assert_ptr_null(strstr(err.data, "Last messages"));
}
END_TEST

/* --- dumps --- */

/* Until the main thread has seen enough. */
static NOINLINE void
wait_in_a_turn(struct actor *self UNUSED)
{
    actor_gate_open(child.begun);
    actor_gate_wait(child.released, DURATION_FOREVER);
    depth = 0;                  /* no tail call */
}

static void
do_nothing(struct actor *self UNUSED)
{
}

static void
begin_to_be_stuck(void (*fn)(struct actor *))
{
    prepare(false);
    post(&child.soldier, fn);
    actor_gate_wait(child.begun, DURATION_FOREVER);
    for (int i = 0; i < 7; i++) {
        post(&child.soldier, do_nothing);
    }
}

static void
dump_while_stuck(void)
{
    begin_to_be_stuck(wait_in_a_turn);
    ask_for_a_dump();
    actor_gate_open(child.released);
    tidy_up();
}

START_TEST(signal_shows_what_a_stuck_worker_is_at_and_nothing_ends)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(dump_while_stuck, &err);

    ck_assert_msg(status == 0, "status %#x:\n%s", (unsigned) status, err.data);
    assert_matches(&err, "^\\*\\*\\* Dump of process [0-9]+ \\*\\*\\*$");
    assert_matches(&err, "^\\*\\*\\* worker-[01] of [^ ]+ handles "
                   "'test.order' for 'soldier' since [0-9.]+s \\*\\*\\*$");
    assert_matches(&err, "^    @ +0x[0-9a-f]+  wait_in_a_turn$");
    /* Which may count the one that is being handled. */
    assert_matches(&err, "^ +[78] for 'soldier'$");
    ck_assert_uint_eq(count(&err, "*** Last messages of worker-"), 2);
    assert_has(&err, "*** End of dump ***\n");
}
END_TEST

/* Deaf to the question where it is. */
static void
wait_deaf_in_a_turn(struct actor *self)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    wait_in_a_turn(self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void
dump_while_deaf(void)
{
    begin_to_be_stuck(wait_deaf_in_a_turn);
    ask_for_a_dump();
    actor_gate_open(child.released);

    /* The question that was given up arrives now, and is nobody's. */
    tidy_up();
}

START_TEST(worker_that_does_not_answer_is_given_up)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(dump_while_deaf, &err);

    ck_assert_msg(status == 0, "status %#x:\n%s", (unsigned) status, err.data);
    assert_has(&err, " handles 'test.order' for 'soldier'");
    ck_assert_uint_eq(count(&err, "    (does not answer)\n"), 1);
    ck_assert_uint_eq(count(&err, "*** Dump of process"), 1);
    assert_has(&err, "*** End of dump ***\n");
}
END_TEST

#define N_DUMPS 20

/* Sends itself back and forth for ever. */
static void
march(struct actor *self)
{
    struct actor_msg *msg = order(march);
    bool is_soldier = upid_equal(actor_upid(self), &child.soldier);

    actor_send(self, is_soldier ? &child.general : &child.soldier, &msg);
}

static void
dump_under_load(void)
{
    prepare(false);
    for (int i = 0; i < 100; i++) {
        post(i % 2 ? &child.soldier : &child.general, march);
    }
    for (int i = 0; i < N_DUMPS; i++) {
        ask_for_a_dump();
    }
    tidy_up();
}

START_TEST(signals_under_load_are_all_answered)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(dump_under_load, &err);

    ck_assert_msg(status == 0, "status %#x", (unsigned) status);
    ck_assert_uint_eq(count(&err, "*** Dump of process"), N_DUMPS);
    ck_assert_uint_eq(count(&err, "*** End of dump ***"), N_DUMPS);
    ck_assert_uint_eq(count(&err, "(does not answer)"), 0);
}
END_TEST

static void
dump_manual(struct actor *self UNUSED)
{
    dump_write(child.system, STDERR_FILENO);
}

static void
dump_a_manual_system(void)
{
    prepare(true);
    post(&child.soldier, do_nothing);
    post(&child.soldier, dump_manual);
    post(&child.soldier, do_nothing);
    actor_system_run(child.system);
    tidy_up();
}

START_TEST(manual_system_is_dumped_as_others_are)
{
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    int status = run_child(dump_a_manual_system, &err);

    ck_assert_msg(status == 0, "status %#x:\n%s", (unsigned) status, err.data);
    assert_has(&err, "*** worker-0 of 127.0.0.1:0 handles 'test.order' for "
               "'soldier' since 0.000000s ***\n"
               "*** Actors with the most messages waiting ***\n");
    assert_has(&err, "*** Last messages of worker-0 of 127.0.0.1:0, the "
               "newest last ***\n");
    ck_assert_uint_eq(count(&err, "0.000000s ago: 'test.order' for "
                            "'soldier'\n"), 2);
}
END_TEST

static const char *log_dir;

static void
dump_to_files(void)
{
    const struct log_options options = {
        .program = "prog", .log_dir = log_dir, .quiet = true,
        .flush_seconds = 3600,
    };

    CHECK(!log_init(&options));
    prepare(false);
    log_info("before");
    ask_for_a_dump();
    log_info("after");
    tidy_up();
    log_fini();
}

START_TEST(dump_goes_to_the_log_file_in_its_place)
{
    autofree char *dir = test_temp_dir();
    autofree char *path = xasprintf("%s/prog.INFO", dir);
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    autofini(strbuf) log = STRBUF(TEXT_MAX);

    log_dir = dir;
    int status = run_child(dump_to_files, &err);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    run_read_all(fileno(file), &log);
    fclose(file);

    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(err.len, 0);
    const char *before = strstr(log.data, "] before\n");
    const char *dump = strstr(log.data, "\n*** Dump of process");
    const char *end = strstr(log.data, "\n*** End of dump ***\n");
    const char *after = strstr(log.data, "] after\n");
    ck_assert(before && dump && end && after);
    ck_assert(before < dump && dump < end && end < after);
}
END_TEST

static void *
log_on_and_on(void *is_over)
{
    while (!atomic_load((atomic_bool *) is_over)) {
        log_info("abcdefghijklmnopqrstuvwxyz");
    }
    return NULL;
}

static void
dump_beside_logging(void)
{
    const struct log_options options = {
        .program = "prog", .log_dir = log_dir, .quiet = true,
    };
    pthread_t threads[2];
    atomic_bool is_over = false;

    CHECK(!log_init(&options));
    prepare(false);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_create(&threads[i], NULL, log_on_and_on, &is_over);
    }
    for (int i = 0; i < N_DUMPS; i++) {
        ask_for_a_dump();
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    tidy_up();
    log_fini();
}

START_TEST(dump_is_whole_in_the_file_that_others_log_to)
{
    autofree char *dir = test_temp_dir();
    autofree char *path = xasprintf("%s/prog.INFO", dir);
    autofini(strbuf) err = STRBUF(TEXT_MAX);
    char line[512];
    int n_begun = 0, n_ended = 0;

    log_dir = dir;
    ck_assert_int_eq(run_child(dump_beside_logging, &err), 0);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        n_begun += !strncmp(line, "*** Dump of process", 19);
        n_ended += !strcmp(line, "*** End of dump ***\n");
    }
    fclose(file);

    ck_assert_int_eq(n_begun, N_DUMPS);
    ck_assert_int_eq(n_ended, N_DUMPS);
}
END_TEST

static Suite *
dump_suite(void)
{
    Suite *suite = suite_create("dump");

    test_add(suite, "crash",
             crash_report_names_function_actor_message_and_what_led_to_it);
    test_add(suite, "full", full_stack_of_a_worker_is_reported);
    test_add(suite, "failed", failed_check_names_actor_and_message_too);
    test_add(suite, "twice",
             crash_while_a_crash_is_reported_costs_that_part_only);
    test_add(suite, "several", one_of_several_threads_that_crash_is_reported);
    test_add(suite, "stuck",
             signal_shows_what_a_stuck_worker_is_at_and_nothing_ends);
    test_add(suite, "deaf", worker_that_does_not_answer_is_given_up);
    test_add(suite, "load", signals_under_load_are_all_answered);
    test_add(suite, "manual", manual_system_is_dumped_as_others_are);
    test_add(suite, "files", dump_goes_to_the_log_file_in_its_place);
    test_add(suite, "files", dump_is_whole_in_the_file_that_others_log_to);
    return suite;
}

TEST_MAIN(dump_suite)
