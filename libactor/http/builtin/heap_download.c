/* SPDX-License-Identifier: Apache-2.0
 *
 * heap_download.c - files of heap profiles on their way out.
 *
 * Each file has its run's id in its name, so that what is slow never sends the
 * profile of another run.
 *
 * Thread: the actor's turn. */
#include <config.h>

#include "http/builtin/heap_download.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http.h>

/* After which jeprof is given up. */
#define JEPROF_TIMEOUT (10 * MINUTE)

static const struct {
    const char *option;         /* of jeprof */
    const char *suffix;         /* of the file */
    const char *content_type;
} kinds[N_HEAP_ARTIFACTS] = {
    [HEAP_TEXT] = { "--text", "txt", "text/plain; charset=utf-8" },
    [HEAP_GRAPH] = { "--svg", "svg", "image/svg+xml" },
};

char *
heap_raw_path(const char *directory, int64_t id)
{
    return xasprintf("%s/profile.%lld.dump", directory, (long long) id);
}

static char *
artifact_path(const struct heap_artifact *a, const char *directory,
              int64_t id)
{
    return xasprintf("%s/profile.%lld.%s", directory, (long long) id,
                     kinds[a->kind].suffix);
}

void
heap_respond_raw(struct http_request **request, const char *directory,
                 int64_t id)
{
    autofree char *path = heap_raw_path(directory, id);
    autofree char *disposition =
        xasprintf("attachment; filename=profile.%lld.dump", (long long) id);

    http_response_header(*request, "Content-Disposition", disposition);
    http_respond_file(request, path, "application/octet-stream");
}

/* --- jeprof --- */

static void start_jeprof(struct actor *, struct heap_artifact *, int64_t id);

/* Answers those who wait for run 'id'. */
static void
answer_waiting(struct heap_artifact *a, int64_t id, const char *failure)
{
    autofree char *path = artifact_path(a, a->directory, id);

    for (size_t i = 0; i < a->waiting.n;) {
        struct heap_waiter *waiter = &a->waiting.data[i];

        if (waiter->id != id) {
            i++;
            continue;
        }
        if (failure) {
            http_respond_text(&waiter->request, 500, "%s\n", failure);
        } else {
            http_respond_file(&waiter->request, path,
                              kinds[a->kind].content_type);
        }
        vec_remove(&a->waiting, i);
    }
}

static void
on_jeprof_exit(struct actor *self, void *arg, pid_t pid UNUSED, int status)
{
    struct heap_artifact *a = arg;
    bool is_made = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    actor_timer_cancel(self, &a->timer);
    a->child = NULL;
    if (is_made) {
        a->id = a->making_id;
    }
    answer_waiting(a, a->making_id, is_made ? NULL
                   : "jeprof failed; what it said is on the standard error of "
                   "this program.  jeprof has to be in its PATH, for graphs "
                   "also Graphviz' dot.");
    if (a->waiting.n > 0) {
        start_jeprof(self, a, a->waiting.data[0].id);
    }
}

static void
on_jeprof_timeout(struct actor *self UNUSED, void *arg)
{
    struct heap_artifact *a = arg;

    actor_child_kill(a->child, SIGKILL, true);
}

/* The shell is for the file that the output goes to; jeprof is content with
 * itself when there is no dot. */
static struct error *
spawn_jeprof(struct actor *self, struct heap_artifact *a, int64_t id)
{
    static const char script[] =
        "jeprof \"$1\" \"$2\" \"$3\" >\"$4.new\" && test -s \"$4.new\" && "
        "mv \"$4.new\" \"$4\"";
    autofree char *raw = heap_raw_path(a->directory, id);
    autofree char *to = artifact_path(a, a->directory, id);
    char program[PATH_MAX] = "";
    struct actor_child_options options = ACTOR_CHILD_OPTIONS_INIT;
    char *argv[] = {
        (char *) "sh", (char *) "-c", (char *) script, (char *) "sh",
        (char *) kinds[a->kind].option, program, raw, to, NULL,
    };

    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) {
        return error_errno(errno, "reading '/proc/self/exe'");
    }
    options.path = "/bin/sh";
    options.argv = argv;
    options.stdio[2] = STDERR_FILENO;
    options.new_session = true;
    return actor_child_spawn(self, &options, on_jeprof_exit, a, &a->child);
}

static void
start_jeprof(struct actor *self, struct heap_artifact *a, int64_t id)
{
    autoerror *error = spawn_jeprof(self, a, id);

    if (error) {
        answer_waiting(a, id, error_text(error));
        return;
    }
    a->making_id = id;
    actor_timer_start(self, &a->timer, JEPROF_TIMEOUT, on_jeprof_timeout, a);
}

void
heap_artifact_respond(struct actor *self, struct heap_artifact *a,
                      struct http_request **request, const char *directory,
                      int64_t id)
{
    struct heap_waiter waiter = { steal(*request), id };

    if (!a->directory) {
        a->directory = xstrdup(directory);
    }
    vec_push(&a->waiting, waiter);
    if (a->id == id) {
        answer_waiting(a, id, NULL);
    } else if (!a->child) {
        start_jeprof(self, a, id);
    }
}

void
heap_artifact_remove(const struct heap_artifact *a, const char *directory,
                     int64_t id)
{
    autofree char *path = artifact_path(a, directory, id);
    autofree char *new = xasprintf("%s.new", path);

    unlink(path);
    unlink(new);
}

void
heap_artifact_fini(struct heap_artifact *a)
{
    if (a->child) {
        actor_child_kill(a->child, SIGKILL, true);
    }
    vec_foreach (&a->waiting, it) {
        http_respond_text(&it->request, 503, "503 Service Unavailable.");
    }
    vec_fini(&a->waiting);
    free(a->directory);
}
