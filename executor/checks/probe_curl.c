/* SPDX-License-Identifier: Apache-2.0
 *
 * probe_curl.c - asks a task over HTTPS, by curl(1).
 *
 * What it writes goes into files in memory: the status, three digits, and what
 * it has to complain of.  They take what comes, so curl never waits for us.
 * Thread: the owning actor's turns. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "executor/checks/probe_private.h"

/* What is read of its complaints. */
#define TEXT_SIZE 1024

static void on_curl_exit(struct actor *, void *probe, pid_t, int status);

struct error *
probe_curl_begin(struct probe *probe)
{
    struct actor_child_options options = ACTOR_CHILD_OPTIONS_INIT;
    char *argv[] = {
        (char *) "curl",
        (char *) "-q",                  /* no .curlrc */
        (char *) "-s", (char *) "-S",   /* errors, but no progress */
        (char *) "-L",                  /* follow redirections */
        (char *) "-k",                  /* whoever signed the certificate */
        (char *) "--noproxy", (char *) "*",
        (char *) "-w", (char *) "%{http_code}",
        (char *) "-o", (char *) "/dev/null",
        (char *) "-g",                  /* brackets are of IPv6 */
        (char *) "--", probe->url, NULL,
    };

    probe->out = memfd_create("status", MFD_CLOEXEC);
    probe->err = memfd_create("errors", MFD_CLOEXEC);
    if (probe->out < 0 || probe->err < 0) {
        return error_errno(errno, "Failed to create a file in memory");
    }
    options.path = "curl";
    options.argv = argv;
    options.stdio[1] = probe->out;
    options.stdio[2] = probe->err;
    return error_wrap(probe_spawn(probe, &options, on_curl_exit),
                      "Failed to launch curl, which HTTPS takes");
}

/* The beginning of a file, without white space at its end; the caller frees
 * it. */
static char *
read_text(int fd)
{
    char buffer[TEXT_SIZE];
    ssize_t n = pread(fd, buffer, sizeof buffer, 0);

    while (n > 0 && (unsigned char) buffer[n - 1] <= ' ') {
        n--;
    }
    return xstrndup(buffer, n > 0 ? (size_t) n : 0);
}

static struct error *
parse_status(const char *text, int *ret)
{
    *ret = 0;
    for (size_t i = 0; i < 3; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return error_create(ERROR_PARSE, "Unexpected output from curl: "
                                "%s", text);
        }
        *ret = *ret * 10 + (text[i] - '0');
    }
    return NULL;
}

static void
on_curl_exit(struct actor *self UNUSED, void *arg, pid_t pid UNUSED,
             int status)
{
    struct probe *probe = arg;
    autofree char *out = read_text(probe->out);
    autofree char *err = read_text(probe->err);
    struct error *error;
    int code = 0;

    probe->child = NULL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        error = parse_status(out, &code);
    } else if (WIFEXITED(status)) {
        error = error_create(ERROR_UNAVAILABLE, "curl exited with status %d: "
                             "%s", WEXITSTATUS(status), err);
    } else {
        error = error_create(ERROR_UNAVAILABLE, "curl terminated with signal "
                             "%s: %s", strsignal(WTERMSIG(status)), err);
    }
    probe_end(probe, error, code);
}
