/* SPDX-License-Identifier: Apache-2.0
 *
 * test_follow.c - mesos-execute shows what tasks print: a follower in one
 * system, files of sandboxes in another. */
#include <config.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/files.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/upid.h>

#include "cli/execute_follow.h"
#include "cli/execute_output.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

#define N_TASKS 2

static struct {
    struct multi_system *multi;
    struct actor_system *agent;
    struct actor_system *system;        /* the follower's */
    struct execute_output *output;
    struct upid follower;
    char *dir;                          /* owned; the sandboxes */
    int said_fd;                        /* what was shown on stdout */
    int complained_fd;                  /* and on stderr */
    bool is_done;
} t;

static void
note_done(void *aux)
{
    ck_assert_ptr_eq(aux, &t);
    ck_assert(!t.is_done);
    t.is_done = true;
}

static int
open_in_dir(const char *name, int flags)
{
    autofree char *path = xasprintf("%s/%s", t.dir, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static void
print_bytes(const char *file, const void *data, size_t size)
{
    autoclose int fd = open_in_dir(file, O_WRONLY | O_CREAT | O_APPEND);

    ck_assert_int_eq(write(fd, data, size), (ssize_t) size);
}

static void
print(const char *file, const char *text)
{
    print_bytes(file, text, strlen(text));
}

static void
start(size_t n_tasks, const char *const *prefixes)
{
    static const char *const directories[N_TASKS] = {
        "e 1/runs/latest", "e 1/runs/latest/tasks/two%&?",
    };

    memset(&t, 0, sizeof t);
    t.multi = multi_system_create();
    t.agent = multi_system_add(t.multi, NULL);
    t.system = multi_system_add(t.multi, NULL);
    t.dir = test_temp_dir();
    t.said_fd = open_in_dir("said", O_RDWR | O_CREAT);
    t.complained_fd = open_in_dir("complained", O_RDWR | O_CREAT);
    t.output = execute_output_create(t.said_fd, t.complained_fd,
                                     EXECUTE_STDOUT);
    ck_assert_ptr_null(files_start(t.agent));
    struct follow_options options = {
        .agent = *actor_system_address(t.agent), .framework_id = "f/1",
        .directories = directories, .prefixes = prefixes, .n_tasks = n_tasks,
        .output = t.output, .done = note_done, .aux = &t,
    };

    ck_assert_ptr_null(follow_start(t.system, &options, &t.follower));
    multi_system_advance(t.multi, 10 * SECOND);
}

/* The sandbox of task 0; that of task 1 is within. */
static void
make_sandboxes(void)
{
    autofree char *box = xasprintf("%s/box", t.dir);
    autofree char *tasks = xasprintf("%s/box/tasks", t.dir);
    autofree char *two = xasprintf("%s/box/tasks/two%%&?", t.dir);

    ck_assert_int_eq(mkdir(box, 0700), 0);
    ck_assert_int_eq(mkdir(tasks, 0700), 0);
    ck_assert_int_eq(mkdir(two, 0700), 0);
    files_attach(t.agent, "/frameworks/f/1/executors/e 1/runs/latest", box,
                 NULL);
    multi_system_run(t.multi);
}

static void
finish(void)
{
    multi_system_destroy(t.multi);
    execute_output_destroy(t.output);
    close(t.said_fd);
    close(t.complained_fd);
    free(t.dir);
}

/* All that has been shown. */
static void
expect_shown(int fd, const char *expected)
{
    size_t size = strlen(expected);
    autofree char *content = xcalloc(size + 2, 1);
    ssize_t n = pread(fd, content, size + 1, 0);

    ck_assert_int_ge((int) n, 0);
    ck_assert_str_eq(content, expected);
}

static void
end(size_t task, const char *text)
{
    follow_end(t.system, &t.follower, task, text);
    multi_system_run(t.multi);
}

START_TEST(output_is_shown_as_it_comes)
{
    start(1, NULL);
    make_sandboxes();
    print("box/stdout", "one\ntw");
    print("box/stderr", "bad\n");
    multi_system_advance(t.multi, SECOND);

    expect_shown(t.said_fd, "one\ntw");
    expect_shown(t.complained_fd, "bad\n");
    print("box/stdout", "o\n");
    multi_system_advance(t.multi, SECOND);
    expect_shown(t.said_fd, "one\ntwo\n");
    ck_assert(!t.is_done);
    finish();
}
END_TEST

START_TEST(being_told_to_look_is_not_waited_with)
{
    start(1, NULL);
    make_sandboxes();
    print("box/stdout", "now");
    follow_look(t.system, &t.follower, 0);
    multi_system_run(t.multi);

    expect_shown(t.said_fd, "now");
    finish();
}
END_TEST

START_TEST(everything_is_shown_before_the_end)
{
    start(1, NULL);
    make_sandboxes();
    print("box/stdout", "rest without an end");
    print("box/stderr", "cause\n");
    end(0, "It ended\n");

    ck_assert(t.is_done);
    expect_shown(t.said_fd, "rest without an end\nIt ended\n");
    expect_shown(t.complained_fd, "cause\n");
    end(0, "It ended again\n");
    expect_shown(t.said_fd, "rest without an end\nIt ended\n");
    finish();
}
END_TEST

/* More than what is asked for at a time, and any bytes. */
START_TEST(large_output_comes_whole)
{
    size_t size = 3 * 256 * 1024;
    autofree char *data = xcalloc(size, 1);
    autofree char *shown = xcalloc(size, 1);

    for (size_t i = 0; i < size; i++) {
        data[i] = (char) (i * 7 + i / 251);
    }
    data[size - 1] = '\n';
    start(1, NULL);
    make_sandboxes();
    print_bytes("box/stdout", data, size);
    end(0, "");

    ck_assert(t.is_done);
    ck_assert_int_eq((int) lseek(t.said_fd, 0, SEEK_END), (int) size);
    ck_assert_int_eq((int) pread(t.said_fd, shown, size, 0), (int) size);
    ck_assert_mem_eq(shown, data, size);
    finish();
}
END_TEST

START_TEST(rotated_output_is_read_from_its_beginning)
{
    start(1, NULL);
    make_sandboxes();
    print("box/stdout", "a long line\n");
    multi_system_advance(t.multi, SECOND);
    close(open_in_dir("box/stdout", O_WRONLY | O_TRUNC));
    print("box/stdout", "new\n");
    end(0, "");

    ck_assert(t.is_done);
    expect_shown(t.said_fd, "a long line\nnew\n");
    finish();
}
END_TEST

START_TEST(lines_of_a_group_say_whose_they_are)
{
    static const char *const prefixes[] = { "A: ", "B: " };

    start(2, prefixes);
    make_sandboxes();
    print("box/stdout", "one\nhal");
    print("box/tasks/two%&?/stdout", "other\n");
    print("box/tasks/two%&?/stderr", "wrong");
    multi_system_advance(t.multi, SECOND);
    end(1, "B ended\n");

    ck_assert(!t.is_done);
    print("box/stdout", "f\nrest");
    end(0, "A ended\n");
    ck_assert(t.is_done);
    expect_shown(t.said_fd, "A: one\nB: other\nB ended\nA: half\nA: rest\n"
                 "A ended\n");
    expect_shown(t.complained_fd, "B: wrong\n");
    finish();
}
END_TEST

START_TEST(task_that_never_ran_ends_all_the_same)
{
    start(1, NULL);
    end(0, "It was not to be\n");

    ck_assert(t.is_done);
    expect_shown(t.said_fd, "It was not to be\n");
    finish();
}
END_TEST

START_TEST(agent_that_is_gone_is_not_waited_for_in_the_end)
{
    start(1, NULL);
    make_sandboxes();
    print("box/stdout", "seen\n");
    multi_system_advance(t.multi, SECOND);
    print("box/stdout", "unseen\n");
    multi_system_remove(t.multi, t.agent);
    multi_system_advance(t.multi, MINUTE);
    ck_assert(!t.is_done);
    follow_end(t.system, &t.follower, 0, "It is lost\n");
    multi_system_advance(t.multi, 20 * SECOND);

    ck_assert(t.is_done);
    expect_shown(t.said_fd, "seen\nIt is lost\n");
    finish();
}
END_TEST

START_TEST(agent_that_comes_again_is_asked_again)
{
    start(1, NULL);
    struct address address = *actor_system_address(t.agent);

    multi_system_remove(t.multi, t.agent);
    multi_system_advance(t.multi, MINUTE);
    t.agent = multi_system_add_at(t.multi, &address, NULL);
    ck_assert_ptr_null(files_start(t.agent));
    make_sandboxes();
    print("box/stdout", "back\n");
    multi_system_advance(t.multi, 20 * SECOND);

    expect_shown(t.said_fd, "back\n");
    finish();
}
END_TEST

/* And neither is its end held up. */
START_TEST(agent_that_refuses_is_not_asked_for_ever)
{
    start(1, NULL);
    autofree char *box = xasprintf("%s/box", t.dir);

    ck_assert_int_eq(mkdir(box, 0700), 0);
    files_attach(t.agent, "/frameworks/f/1/executors/e 1/runs/latest/stdout",
                 box, NULL);
    multi_system_advance(t.multi, MINUTE);
    end(0, "over\n");

    ck_assert(t.is_done);
    expect_shown(t.said_fd, "over\n");
    finish();
}
END_TEST

static Suite *
follow_suite(void)
{
    Suite *suite = suite_create("follow");

    test_add(suite, "comes", output_is_shown_as_it_comes);
    test_add(suite, "look", being_told_to_look_is_not_waited_with);
    test_add(suite, "end", everything_is_shown_before_the_end);
    test_add(suite, "large", large_output_comes_whole);
    test_add(suite, "rotated", rotated_output_is_read_from_its_beginning);
    test_add(suite, "group", lines_of_a_group_say_whose_they_are);
    test_add(suite, "never-ran", task_that_never_ran_ends_all_the_same);
    test_add(suite, "gone",
             agent_that_is_gone_is_not_waited_for_in_the_end);
    test_add(suite, "again", agent_that_comes_again_is_asked_again);
    test_add(suite, "refuses", agent_that_refuses_is_not_asked_for_ever);
    return suite;
}

TEST_MAIN(follow_suite)
