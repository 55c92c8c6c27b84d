/* SPDX-License-Identifier: Apache-2.0
 *
 * run.c - runs functions in children. */
#include <config.h>

#include "tests/lib/run.h"

#include <check.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/strbuf.h>

void
run_read_all(int fd, struct strbuf *out)
{
    char buffer[4096];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0) {
        strbuf_append_bytes(out, buffer, (size_t) n);
    }
}

int
run_child(void (*fn)(void), struct strbuf *err)
{
    int fds[2];
    int status;

    ck_assert_int_eq(pipe(fds), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        close(fds[0]);
        close(fds[1]);
        fn();
        _exit(0);
    }
    close(fds[1]);
    run_read_all(fds[0], err);
    close(fds[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}
