/* SPDX-License-Identifier: Apache-2.0
 *
 * fetcher.c - brings what a task's URIs name into its sandbox.
 *
 * A fetch goes through these states, those about filling only if it is the
 * first to want something cached:
 *
 *     PREPARING   the cache's directory is made
 *     PROBING     a child asks how large things are
 *     RESERVING   what has to go for them is removed
 *     FILLING     a child fetches into the cache
 *     CHECKING    how large it became
 *     WAITING     for what others are filling
 *     VALIDATING  whether cached files are still there
 *     FETCHING    a child brings everything into the sandbox
 *     READING     what it said, if it failed
 *
 * Nobody waits while others may wait for him: filling comes before waiting.
 *
 * Thread: the actor's turns; functions that end in _run the pool's. */
#include <config.h>

#include "agent/fetcher/fetcher.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/disk.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/vec.h>
#include <actor/work.h>

#include "agent/fetcher/cache.h"
#include "agent/fetcher/fetcher_disk.h"
#include "agent/fetcher/fetcher_info.h"
#include "agent/fetcher/uri.h"
#include "proto/cmesos/fetcher.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define PROGRAM "mesos-fetcher"

enum fetch_state {
    FETCH_PREPARING,
    FETCH_PROBING,
    FETCH_RESERVING,
    FETCH_FILLING,
    FETCH_CHECKING,
    FETCH_WAITING,
    FETCH_VALIDATING,
    FETCH_FETCHING,
    FETCH_READING,
};

struct fetch {
    struct fetch_request request;
    struct fetcher *fetcher;    /* borrowed */
    struct upid from;           /* whom to tell */
    enum fetch_state state;
    bool is_killed;
    struct actor_child *child;  /* borrowed; NULL: none runs */
    struct fetch_item *items;   /* owned; one for each URI */
    size_t n_items;
    int probe_fd;               /* owned; -1: none */
    char *failure;              /* owned */
    struct fetch *prev, *next;  /* fetcher->fetches */
};

struct fetcher {
    struct actor base;
    struct fetcher_options options;     /* its strings are borrowed */
    struct cache cache;
    bool is_cleared;            /* of what earlier agents left */
    struct fetch *fetches;      /* owned; a list */
    struct metric *n_succeeded, *n_failed, *total, *used;
    uint64_t own_used;          /* our part of 'used' */
};

struct kill_body {
    char *container_id;         /* owned */
};

static void fetch_fini(void *);
static void fetched_fini(void *);
static void kill_fini(void *);

const struct actor_msg_type msg_fetched = {
    .name = "fetched", .size = sizeof(struct fetched), .fini = fetched_fini,
};
static const struct actor_msg_type msg_fetch = {
    .name = "fetch", .size = sizeof(struct fetch_request),
    .fini = fetch_fini,
};
static const struct actor_msg_type msg_kill = {
    .name = "fetch-kill", .size = sizeof(struct kill_body),
    .fini = kill_fini,
};

static struct error *fetcher_init(struct actor *, void *arg);
static void fetcher_fini(struct actor *);
static void on_fetch(struct actor *, struct actor_msg *);
static void on_kill(struct actor *, struct actor_msg *);
static struct error *plan(struct fetch *);
static void prepare(struct fetch *);
static void prepare_done(struct actor *, void *job, const struct error *);
static void on_probed(struct actor *, void *fetch, pid_t, int status);
static void probe_done(struct actor *, void *job, const struct error *);
static void reserve(struct fetch *, char *sizes);
static void reserve_done(struct actor *, void *job, const struct error *);
static void on_filled(struct actor *, void *fetch, pid_t, int status);
static void check_done(struct actor *, void *job, const struct error *);
static void wait_for_others(struct fetch *);
static void wake_others(struct fetcher *);
static void validate(struct fetch *);
static void validate_done(struct actor *, void *job, const struct error *);
static void fetch_all(struct fetch *);
static void on_fetched(struct actor *, void *fetch, pid_t, int status);
static void read_done(struct actor *, void *job, const struct error *);
static struct fetcher_job *create_job(struct fetch *, enum fetch_state);
static void submit(struct fetcher_job *, actor_work_fn *,
                   actor_work_done_fn *);
static struct error *start_child(struct fetch *, enum fetch_state, int mode,
                                 int out_fd, actor_child_exit_fn *on_exit);
static void revert(struct fetch *, struct fetch_item *, const char *why);
static void revert_fills(struct fetch *, const char *why);
static void fail(struct fetch *, struct error *);
static void end(struct fetch *);
static void destroy(struct fetch *);
static void show_used(struct fetcher *);

static const struct actor_handler handlers[] = {
    { &msg_fetch, on_fetch },
    { &msg_kill, on_kill },
};

static const struct actor_type fetcher_type = {
    .name = "fetcher", .size = sizeof(struct fetcher),
    .init = fetcher_init, .fini = fetcher_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- for the owner --- */

struct error *
fetcher_start(struct actor_system *system,
              const struct fetcher_options *options, struct upid *ret)
{
    return actor_spawn(system, &fetcher_type, NULL, (void *) options, ret);
}

void
fetcher_fetch(struct actor *self, const struct upid *fetcher,
              struct fetch_request *request)
{
    struct actor_msg *msg = actor_msg_create(&msg_fetch);

    *(struct fetch_request *) actor_msg_body(msg, &msg_fetch) = *request;
    *request = (struct fetch_request) { .container_id = NULL };
    actor_send(self, fetcher, &msg);
}

void
fetcher_kill(struct actor *self, const struct upid *fetcher,
             const char *container_id)
{
    struct actor_msg *msg = actor_msg_create(&msg_kill);
    struct kill_body *body = actor_msg_body(msg, &msg_kill);

    body->container_id = xstrdup(container_id);
    actor_send(self, fetcher, &msg);
}

/* --- the actor --- */

static struct error *
fetcher_init(struct actor *self, void *arg)
{
    struct fetcher *fetcher = (struct fetcher *) self;
    struct metrics *metrics = actor_metrics(self);

    fetcher->options = *(const struct fetcher_options *) arg;
    cache_init(&fetcher->cache, fetcher->options.cache_size);
    fetcher->n_succeeded = metrics_add_counter(
        metrics, "containerizer/fetcher/task_fetches_succeeded");
    fetcher->n_failed = metrics_add_counter(
        metrics, "containerizer/fetcher/task_fetches_failed");
    fetcher->total = metrics_add_gauge(
        metrics, "containerizer/fetcher/cache_size_total_bytes");
    fetcher->used = metrics_add_gauge(
        metrics, "containerizer/fetcher/cache_size_used_bytes");
    metric_add(fetcher->total, (double) fetcher->cache.capacity);
    return NULL;
}

static void
fetcher_fini(struct actor *self)
{
    struct fetcher *fetcher = (struct fetcher *) self;
    struct metrics *metrics = actor_metrics(self);
    struct fetch *fetch, *next;

    DL_FOREACH_SAFE(fetcher->fetches, fetch, next) {
        if (fetch->child) {
            actor_child_kill(fetch->child, SIGKILL, true);
        }
        destroy(fetch);
    }
    cache_fini(&fetcher->cache);
    metric_add(fetcher->total, -(double) fetcher->cache.capacity);
    metric_add(fetcher->used, -(double) fetcher->own_used);
    metrics_remove(metrics, &fetcher->n_succeeded);
    metrics_remove(metrics, &fetcher->n_failed);
    metrics_remove(metrics, &fetcher->total);
    metrics_remove(metrics, &fetcher->used);
}

static void
on_fetch(struct actor *self, struct actor_msg *msg)
{
    struct fetcher *fetcher = (struct fetcher *) self;
    struct fetch *fetch = xcalloc(1, sizeof *fetch);
    struct fetch_request *request = actor_msg_body(msg, &msg_fetch);
    struct error *error;

    fetch->request = *request;
    *request = (struct fetch_request) { .container_id = NULL };
    fetch->fetcher = fetcher;
    fetch->probe_fd = -1;
    actor_msg_from(msg, &fetch->from);
    DL_APPEND(fetcher->fetches, fetch);
    vlog(1, "Starting to fetch URIs for container: %s, directory: %s",
         fetch->request.container_id, fetch->request.sandbox);
    error = plan(fetch);
    if (error) {
        fail(fetch, error);
    }
}

static void
on_kill(struct actor *self, struct actor_msg *msg)
{
    struct fetcher *fetcher = (struct fetcher *) self;
    struct kill_body *body = actor_msg_body(msg, &msg_kill);
    struct fetch *fetch;

    DL_FOREACH(fetcher->fetches, fetch) {
        if (strcmp(fetch->request.container_id, body->container_id) == 0) {
            break;
        }
    }
    if (!fetch || fetch->is_killed) {
        return;
    }
    vlog(1, "Killing the fetcher for container '%s'", body->container_id);
    fetch->is_killed = true;
    if (fetch->child) {
        actor_child_kill(fetch->child, SIGKILL, true);
    } else if (fetch->state == FETCH_WAITING) {
        end(fetch);
    }
}

/* --- what is to be done --- */

static void
plan_item(struct fetch *fetch, struct fetch_item *item)
{
    struct cache *cache = &fetch->fetcher->cache;
    const char *user = fetch->request.user;
    autofree char *name = NULL;

    if (!item->uri->cache) {
        return;
    }
    item->entry = cache_find(cache, user, item->uri->value);
    if (item->entry) {
        cache_ref(cache, item->entry);
        return;
    }
    error_drop(uri_base_name(item->uri->value, &name));
    item->entry = cache_add(cache, user, item->uri->value, name);
    item->is_filled_by_us = true;
}

static struct error *
plan(struct fetch *fetch)
{
    const V1__ExecutorInfo *info =
        message_root(fetch->request.executor_info);
    const V1__CommandInfo *command = info->command;
    bool is_filling = false;

    for (size_t i = 0; i < command->n_uris; i++) {
        struct error *error = uri_validate(command->uris[i]);

        if (error) {
            return error;
        }
    }
    fetch->items = xcalloc(command->n_uris, sizeof *fetch->items);
    fetch->n_items = command->n_uris;
    for (size_t i = 0; i < fetch->n_items; i++) {
        fetch->items[i].uri = command->uris[i];
        plan_item(fetch, &fetch->items[i]);
        is_filling = is_filling || fetch->items[i].is_filled_by_us;
    }
    if (is_filling) {
        prepare(fetch);
    } else {
        wait_for_others(fetch);
    }
    return NULL;
}

/* --- filling the cache --- */

static void
prepare(struct fetch *fetch)
{
    const struct fetcher_options *options = &fetch->fetcher->options;
    struct fetcher_job *job = create_job(fetch, FETCH_PREPARING);

    job->cache_dir = xstrdup(options->cache_dir);
    job->user_dir = fetcher_cache_directory(options, fetch->request.user);
    job->is_to_be_cleared = !fetch->fetcher->is_cleared;
    job->set_ids = fetch->request.set_ids;
    job->uid = fetch->request.uid;
    job->gid = fetch->request.gid;
    fetch->fetcher->is_cleared = true;
    submit(job, fetcher_prepare_run, prepare_done);
}

static void
prepare_done(struct actor *self UNUSED, void *job_,
             const struct error *failure)
{
    struct fetcher_job *job = job_;
    struct fetch *fetch = job->fetch;
    struct error *error = NULL;

    fetch->probe_fd = job->fd;
    job->fd = -1;
    if (fetch->is_killed) {
        end(fetch);
        return;
    }
    if (!failure) {
        error = start_child(fetch, FETCH_PROBING,
                            FETCHER__FETCHER_INFO__MODE__PROBE,
                            fetch->probe_fd, on_probed);
    }
    if (failure || error) {
        revert_fills(fetch, error_text(failure ? failure : error));
        wait_for_others(fetch);
    }
    error_destroy(error);
}

static void
on_probed(struct actor *self UNUSED, void *fetch_, pid_t pid UNUSED,
          int status UNUSED)
{
    struct fetch *fetch = fetch_;
    struct fetcher_job *job = create_job(fetch, FETCH_PROBING);

    fetch->child = NULL;
    job->fd = fetch->probe_fd;
    fetch->probe_fd = -1;
    submit(job, fetcher_read_fd_run, probe_done);
}

static void
probe_done(struct actor *self UNUSED, void *job_, const struct error *failure)
{
    struct fetcher_job *job = job_;
    struct fetch *fetch = job->fetch;

    if (fetch->is_killed) {
        end(fetch);
    } else if (failure) {
        revert_fills(fetch, error_text(failure));
        wait_for_others(fetch);
    } else {
        reserve(fetch, job->text);
    }
}

struct eviction {
    const struct fetcher *fetcher;
    struct fetcher_job *job;
};

static void
on_evicted(void *eviction_, const struct cache_entry *entry)
{
    struct eviction *eviction = eviction_;

    vec_push(&eviction->job->paths,
             fetcher_cache_path(&eviction->fetcher->options, entry));
}

/* A line each for the items that we fill. */
static void
reserve(struct fetch *fetch, char *sizes)
{
    struct fetcher *fetcher = fetch->fetcher;
    struct fetcher_job *job = create_job(fetch, FETCH_RESERVING);
    struct eviction eviction = { fetcher, job };
    char *line = sizes;

    for (size_t i = 0; i < fetch->n_items; i++) {
        struct fetch_item *item = &fetch->items[i];
        size_t len = strcspn(line, "\n");
        struct error *error = NULL;
        unsigned long long size;
        char *end_of_number;

        if (!item->is_filled_by_us) {
            continue;
        }
        errno = 0;
        size = strtoull(line, &end_of_number, 10);
        if (!isdigit((unsigned char) line[0]) || errno != 0
            || end_of_number != line + len || line[len] == '\0') {
            error = error_create(ERROR_UNAVAILABLE, "Failed to determine its "
                                 "size");
        } else {
            error = cache_reserve(&fetcher->cache, item->entry, size,
                                  on_evicted, &eviction);
        }
        if (error) {
            revert(fetch, item, error_text(error));
            error_destroy(error);
        }
        line += len + (line[len] != '\0');
    }
    show_used(fetcher);
    submit(job, fetcher_unlink_run, reserve_done);
}

static bool
is_filling(const struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->n_items; i++) {
        if (fetch->items[i].is_filled_by_us) {
            return true;
        }
    }
    return false;
}

static void
reserve_done(struct actor *self UNUSED, void *job_,
             const struct error *failure UNUSED)
{
    struct fetch *fetch = ((struct fetcher_job *) job_)->fetch;
    struct error *error;

    if (fetch->is_killed) {
        end(fetch);
        return;
    }
    if (!is_filling(fetch)) {
        wait_for_others(fetch);
        return;
    }
    error = start_child(fetch, FETCH_FILLING,
                        FETCHER__FETCHER_INFO__MODE__FILL_CACHE,
                        fetch->request.out_fd, on_filled);
    if (error) {
        revert_fills(fetch, error_text(error));
        error_destroy(error);
        wait_for_others(fetch);
    }
}

/* What a child that was killed left may be half a file. */
static void
on_filled(struct actor *self UNUSED, void *fetch_, pid_t pid UNUSED,
          int status)
{
    struct fetch *fetch = fetch_;
    struct fetcher_job *job = create_job(fetch, FETCH_CHECKING);
    bool has_ended = WIFEXITED(status);

    fetch->child = NULL;
    for (size_t i = 0; i < fetch->n_items; i++) {
        if (fetch->items[i].is_filled_by_us) {
            vec_push(&job->paths,
                     fetcher_cache_path(&fetch->fetcher->options,
                                        fetch->items[i].entry));
        }
    }
    submit(job, has_ended ? fetcher_measure_run : fetcher_unlink_run,
           check_done);
}

static void
check_done(struct actor *self, void *job_,
           const struct error *failure UNUSED)
{
    struct fetcher_job *job = job_;
    struct fetch *fetch = job->fetch;
    size_t n = 0;

    for (size_t i = 0; i < fetch->n_items; i++) {
        struct fetch_item *item = &fetch->items[i];
        int64_t size;

        if (!item->is_filled_by_us) {
            continue;
        }
        size = n < job->sizes.n ? job->sizes.data[n] : -1;
        n++;
        if (size < 0) {
            revert(fetch, item, "it was not downloaded");
            continue;
        }
        if ((uint64_t) size != item->entry->size) {
            log_warn("URI download result for '%s' is smaller than expected "
                     "by %lldB at: %s", item->entry->key,
                     (long long) item->entry->size - (long long) size,
                     item->entry->file_name);
        }
        cache_complete(&fetch->fetcher->cache, item->entry, (uint64_t) size);
        item->is_filled_by_us = false;
    }
    show_used(fetch->fetcher);
    if (fetch->is_killed) {
        end(fetch);
    } else {
        wait_for_others(fetch);
    }
    wake_others((struct fetcher *) self);
}

/* --- waiting for what others fill --- */

static bool
is_waiting(const struct fetch *fetch)
{
    for (size_t i = 0; i < fetch->n_items; i++) {
        const struct cache_entry *entry = fetch->items[i].entry;

        if (entry && !entry->is_complete && !entry->is_dropped) {
            return true;
        }
    }
    return false;
}

static void
wait_for_others(struct fetch *fetch)
{
    if (is_waiting(fetch)) {
        fetch->state = FETCH_WAITING;
        return;
    }
    for (size_t i = 0; i < fetch->n_items; i++) {
        struct fetch_item *item = &fetch->items[i];

        if (item->entry && item->entry->is_dropped) {
            revert(fetch, item, "somebody else could not download it");
        }
    }
    validate(fetch);
}

/* One that goes on may end at once, and with it others: each time the list is
 * gone through from its beginning. */
static void
wake_others(struct fetcher *fetcher)
{
    struct fetch *fetch;

    do {
        DL_FOREACH(fetcher->fetches, fetch) {
            if (fetch->state == FETCH_WAITING && !is_waiting(fetch)) {
                wait_for_others(fetch);
                break;
            }
        }
    } while (fetch);
}

/* Somebody may have cleaned up where the cache is. */
static void
validate(struct fetch *fetch)
{
    struct fetcher_job *job = create_job(fetch, FETCH_VALIDATING);

    for (size_t i = 0; i < fetch->n_items; i++) {
        if (fetch->items[i].entry) {
            vec_push(&job->paths,
                     fetcher_cache_path(&fetch->fetcher->options,
                                        fetch->items[i].entry));
        }
    }
    if (job->paths.n == 0) {
        fetcher_job_destroy(job);
        fetch_all(fetch);
        return;
    }
    submit(job, fetcher_measure_run, validate_done);
}

static void
validate_done(struct actor *self UNUSED, void *job_,
              const struct error *failure UNUSED)
{
    struct fetcher_job *job = job_;
    struct fetch *fetch = job->fetch;
    size_t n = 0;

    for (size_t i = 0; i < fetch->n_items; i++) {
        struct fetch_item *item = &fetch->items[i];

        if (item->entry && job->sizes.data[n++] < 0) {
            log_warn("Validation failed: 'Cache file does not exist: %s'. "
                     "Removing cache entry '%s' with filename: %s",
                     job->paths.data[n - 1], item->entry->key,
                     item->entry->file_name);
            revert(fetch, item, "its file is gone");
        }
    }
    show_used(fetch->fetcher);
    if (fetch->is_killed) {
        end(fetch);
    } else {
        fetch_all(fetch);
    }
}

/* --- into the sandbox --- */

static void
fetch_all(struct fetch *fetch)
{
    struct error *error = start_child(fetch, FETCH_FETCHING,
                                      FETCHER__FETCHER_INFO__MODE__FETCH,
                                      fetch->request.out_fd, on_fetched);

    if (error) {
        log_error("Failed to run mesos-fetcher: %s", error_text(error));
        fail(fetch, error);
    }
}

static void
on_fetched(struct actor *self UNUSED, void *fetch_, pid_t pid UNUSED,
           int status)
{
    struct fetch *fetch = fetch_;
    struct fetcher_job *job;

    fetch->child = NULL;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        end(fetch);
        return;
    }
    fetch->failure = WIFEXITED(status)
        ? xasprintf("Failed to fetch all URIs for container '%s': exited "
                    "with status %d", fetch->request.container_id,
                    WEXITSTATUS(status))
        : xasprintf("Failed to fetch all URIs for container '%s': "
                    "terminated with signal %s", fetch->request.container_id,
                    strsignal(WTERMSIG(status)));
    if (fetch->is_killed) {
        end(fetch);
        return;
    }
    job = create_job(fetch, FETCH_READING);
    vec_push(&job->paths, xasprintf("%s/stderr", fetch->request.sandbox));
    submit(job, fetcher_read_end_run, read_done);
}

static void
read_done(struct actor *self UNUSED, void *job_, const struct error *failure)
{
    struct fetcher_job *job = job_;
    struct fetch *fetch = job->fetch;

    if (failure) {
        log_error("Fetcher log (stderr in sandbox) for container %s not "
                  "readable: %s", fetch->request.container_id,
                  error_text(failure));
    } else {
        log_warn("Begin fetcher log (stderr in sandbox) for container %s "
                 "from running command: %s/" PROGRAM "\n%s\nEnd fetcher log "
                 "for container %s", fetch->request.container_id,
                 fetch->fetcher->options.launcher_dir, job->text,
                 fetch->request.container_id);
    }
    end(fetch);
}

/* --- helpers --- */

static struct fetcher_job *
create_job(struct fetch *fetch, enum fetch_state state)
{
    struct actor_system *system = actor_system_of(&fetch->fetcher->base);

    fetch->state = state;
    return fetcher_job_create(fetch, actor_system_disk(system));
}

static void
submit(struct fetcher_job *job, actor_work_fn *run, actor_work_done_fn *done)
{
    actor_work(&job->fetch->fetcher->base, run, done, job,
               fetcher_job_destroy);
}

static struct error *
start_child(struct fetch *fetch, enum fetch_state state, int mode, int out_fd,
            actor_child_exit_fn *on_exit)
{
    const struct fetcher_options *fetcher = &fetch->fetcher->options;
    const struct fetch_request *request = &fetch->request;
    struct actor_child_options options = ACTOR_CHILD_OPTIONS_INIT;
    autofree char *path = xasprintf("%s/" PROGRAM, fetcher->launcher_dir);
    char *const argv[] = { (char *) PROGRAM, NULL };
    char **environment = fetcher_environment(fetcher, request, fetch->items,
                                             fetch->n_items, mode);
    struct error *error;

    fetch->state = state;
    options.path = path;
    options.argv = argv;
    options.envp = environment;
    options.directory = request->sandbox;
    options.stdio[1] = out_fd;
    options.stdio[2] = request->err_fd;
    options.new_session = true;
    options.set_ids = request->set_ids;
    options.uid = request->uid;
    options.gid = request->gid;
    options.groups = request->groups;
    options.n_groups = request->n_groups;
    vlog(1, "Fetching URIs using command '%s'", path);
    error = actor_child_spawn(&fetch->fetcher->base, &options, on_exit, fetch,
                              &fetch->child);
    fetcher_environment_free(environment);
    return error;
}

/* The item does without the cache. */
static void
revert(struct fetch *fetch, struct fetch_item *item, const char *why)
{
    struct cache *cache = &fetch->fetcher->cache;

    log_warn("Reverting to fetching directly into the sandbox for '%s', due "
             "to failure to fetch through the cache, with error: %s",
             item->uri->value, why);
    cache_drop(cache, item->entry);
    cache_unref(cache, item->entry);
    item->entry = NULL;
    item->is_filled_by_us = false;
}

static void
revert_fills(struct fetch *fetch, const char *why)
{
    for (size_t i = 0; i < fetch->n_items; i++) {
        if (fetch->items[i].is_filled_by_us) {
            revert(fetch, &fetch->items[i], why);
        }
    }
}

static void
fail(struct fetch *fetch, struct error *error)
{
    fetch->failure = xasprintf("Failed to fetch all URIs for container '%s': "
                               "%s", fetch->request.container_id,
                               error_text(error));
    error_destroy(error);
    end(fetch);
}

/* Tells, frees, and lets those go on who waited for what will not come. */
static void
end(struct fetch *fetch)
{
    struct fetcher *fetcher = fetch->fetcher;
    struct actor_msg *msg = actor_msg_create(&msg_fetched);
    struct fetched *body = actor_msg_body(msg, &msg_fetched);

    if (fetch->is_killed && !fetch->failure) {
        fetch->failure = xstrdup("Killed while fetching");
    }
    metric_increment(fetch->failure ? fetcher->n_failed
                                    : fetcher->n_succeeded, 1);
    body->container_id = xstrdup(fetch->request.container_id);
    body->failure = steal(fetch->failure);
    actor_send(&fetcher->base, &fetch->from, &msg);
    DL_DELETE(fetcher->fetches, fetch);
    destroy(fetch);
    show_used(fetcher);
    wake_others(fetcher);
}

static void
destroy(struct fetch *fetch)
{
    struct actor_system *system = actor_system_of(&fetch->fetcher->base);
    struct cache *cache = &fetch->fetcher->cache;

    for (size_t i = 0; i < fetch->n_items; i++) {
        struct fetch_item *item = &fetch->items[i];

        if (item->entry && item->is_filled_by_us) {
            cache_drop(cache, item->entry);
        }
        if (item->entry) {
            cache_unref(cache, item->entry);
        }
    }
    actor_disk_close(actor_system_disk(system), &fetch->probe_fd);
    fetch_fini(&fetch->request);
    free(fetch->items);
    free(fetch->failure);
    free(fetch);
}

static void
show_used(struct fetcher *fetcher)
{
    metric_add(fetcher->used,
               (double) fetcher->cache.used - (double) fetcher->own_used);
    fetcher->own_used = fetcher->cache.used;
}

/* --- bodies --- */

static void
fetch_fini(void *arg)
{
    struct fetch_request *request = arg;

    free(request->container_id);
    free(request->sandbox);
    free(request->user);
    free(request->groups);
    message_unref(request->executor_info);
}

static void
fetched_fini(void *arg)
{
    struct fetched *body = arg;

    free(body->container_id);
    free(body->failure);
}

static void
kill_fini(void *arg)
{
    struct kill_body *body = arg;

    free(body->container_id);
}
