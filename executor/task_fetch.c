/* SPDX-License-Identifier: Apache-2.0
 *
 * task_fetch.c - brings what the URIs of a task of a group name into its
 * sandbox.
 *
 * Thread: the owning actor's turns. */
#include <config.h>

#include "executor/task_fetch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "executor/checks/user_lookup.h"
#include "proto/cmesos/fetcher.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define PROGRAM "mesos-fetcher"

struct task_fetch {
    struct actor *owner;        /* borrowed; outlives us */
    char *container_id;         /* owned */
    struct actor_child *child;  /* borrowed; NULL: it has ended */
    void (*on_end)(struct actor *self, void *aux, const struct error *);
    void *aux;
};

static void on_exit_of_child(struct actor *, void *fetch, pid_t, int status);
static struct error *spawn(struct task_fetch *,
                           const struct task_fetch_options *);
static char **make_environment(const struct task_fetch_options *);

struct error *
task_fetch_start(struct actor *self, const struct task_fetch_options *options,
                 struct task_fetch **ret)
{
    struct task_fetch *f = xcalloc(1, sizeof *f);
    struct error *error;

    f->owner = self;
    f->container_id = xstrdup(options->container_id);
    f->on_end = options->on_end;
    f->aux = options->aux;
    error = spawn(f, options);
    if (error) {
        error = error_wrap(error, "Failed to fetch all URIs for container "
                           "'%s'", f->container_id);
        task_fetch_destroy(f);
        return error;
    }
    *ret = f;
    return NULL;
}

static struct error *
spawn(struct task_fetch *f, const struct task_fetch_options *options)
{
    struct actor_child_options child = ACTOR_CHILD_OPTIONS_INIT;
    const struct task_fetch_settings *settings = options->settings;
    char *const argv[] = { (char *) PROGRAM, NULL };
    autofree char *path = NULL;
    struct error *error;
    char **envp;

    if (!settings->launcher_dir) {
        return error_create(ERROR_UNSUPPORTED, "the executor was not told "
                            "where " PROGRAM " is");
    }
    path = xasprintf("%s/" PROGRAM, settings->launcher_dir);
    envp = make_environment(options);
    child.path = path;
    child.argv = argv;
    child.envp = envp;
    child.directory = options->directory;
    child.stdio[1] = options->stdio[0];
    child.stdio[2] = options->stdio[1];
    child.new_session = true;
    if (options->user) {
        child.set_ids = true;
        child.uid = options->user->uid;
        child.gid = options->user->gid;
        child.groups = options->user->groups;
        child.n_groups = options->user->n_groups;
    }
    log_info("Fetching URIs of child container %s using command '%s'",
             f->container_id, path);
    error = actor_child_spawn(f->owner, &child, on_exit_of_child, f,
                              &f->child);
    for (char **it = envp; *it; it++) {
        free(*it);
    }
    free(envp);
    return error;
}

static void
on_exit_of_child(struct actor *self, void *arg, pid_t pid UNUSED, int status)
{
    struct task_fetch *f = arg;
    autoerror *error = NULL;

    f->child = NULL;
    if (WIFSIGNALED(status)) {
        error = error_create(ERROR_UNAVAILABLE, "Failed to fetch all URIs for "
                             "container '%s': terminated with signal %s",
                             f->container_id, strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        error = error_create(ERROR_UNAVAILABLE, "Failed to fetch all URIs for "
                             "container '%s': exited with status %d",
                             f->container_id, WEXITSTATUS(status));
    }
    f->on_end(self, f->aux, error);
}

void
task_fetch_kill(struct task_fetch *f)
{
    if (f->child) {
        actor_child_kill(f->child, SIGKILL, true);
    }
}

void
task_fetch_destroy(struct task_fetch *f)
{
    if (!f) {
        return;
    }
    if (f->child) {
        actor_child_kill(f->child, SIGKILL, true);
        actor_child_abandon(&f->child);
    }
    free(f->container_id);
    free(f);
}

/* --- what the fetcher is told --- */

static char *
make_info(const struct task_fetch_options *options)
{
    const struct task_fetch_settings *settings = options->settings;
    const V1__CommandInfo *command = options->command;
    struct message *m = message_create(&fetcher__fetcher_info__descriptor);
    Fetcher__FetcherInfo *info = message_root(m);
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    info->sandbox_directory = (char *) options->directory;
    info->frameworks_home = (char *) settings->frameworks_home;
    info->stall_timeout = message_new(m, &v1__duration_info__descriptor);
    info->stall_timeout->nanoseconds = settings->stall_timeout_ns;
    info->items = message_array(m, command->n_uris, sizeof *info->items);
    for (size_t i = 0; i < command->n_uris; i++) {
        Fetcher__FetcherInfo__Item *item =
            message_new(m, &fetcher__fetcher_info__item__descriptor);

        item->uri = command->uris[i];
        item->action = FETCHER__FETCHER_INFO__ITEM__ACTION__BYPASS_CACHE;
        info->items[info->n_items++] = item;
    }
    message_encode_json(&info->base, &json);
    message_unref(m);
    return xasprintf("MESOS_FETCHER_INFO=%s", json.data);
}

static bool
is_for_mesos(const char *variable)
{
    return strncmp(variable, "MESOS_", 6) == 0
           || strncmp(variable, "LIBPROCESS_", 11) == 0;
}

static char **
make_environment(const struct task_fetch_options *options)
{
    const char *hadoop_home = options->settings->hadoop_home;
    VEC(char *) list = VEC_EMPTY;

    for (char *const *it = options->inherited; *it; it++) {
        bool is_home = strncmp(*it, "HADOOP_HOME=", 12) == 0;

        if (!is_for_mesos(*it) && !(is_home && hadoop_home)) {
            vec_push(&list, xstrdup(*it));
        }
    }
    if (hadoop_home) {
        vec_push(&list, xasprintf("HADOOP_HOME=%s", hadoop_home));
    }
    vec_push(&list, make_info(options));
    vec_push(&list, NULL);
    return list.data;
}
