/* SPDX-License-Identifier: Apache-2.0
 *
 * test_process_tree.c - killing a process with all that came from it. */
#include <config.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/error.h>

#include "core/process_tree.h"
#include "tests/lib/test.h"

/* A tree of three: a child of ours with a child that leads a session of its
 * own with a child in it, which says when it is there.  All of them hold the
 * pipe open; its end is the end of them all. */
START_TEST(killing_a_tree_reaches_other_sessions)
{
    int fds[2];
    int status;
    char byte;

    ck_assert_int_eq(pipe(fds), 0);
    pid_t root = fork();
    if (root == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        execl("/bin/sh", "sh", "-c",
              "setsid sh -c '(echo; exec sleep 1000) & wait' & wait",
              (char *) NULL);
        _exit(127);
    }
    close(fds[1]);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);

    ck_assert_ptr_null(process_tree_kill(root, SIGKILL));

    ck_assert_int_eq(waitpid(root, &status, 0), root);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    ck_assert_int_eq(read(fds[0], &byte, 1), 0);
    close(fds[0]);
}
END_TEST

START_TEST(process_of_others_is_not_killed)
{
    ck_assert_ptr_null(process_tree_kill(getppid(), SIGKILL));
    ck_assert_int_eq(kill(getppid(), 0), 0);
}
END_TEST

static Suite *
process_tree_suite(void)
{
    Suite *suite = suite_create("process_tree");

    test_add(suite, "tree", killing_a_tree_reaches_other_sessions);
    test_add(suite, "others", process_of_others_is_not_killed);
    return suite;
}

TEST_MAIN(process_tree_suite)
