/* SPDX-License-Identifier: Apache-2.0
 *
 * gc.c - removes the directories of executors and frameworks that are over,
 * some time after their end.
 *
 * Requests wait until the pool has found out how old their directories are,
 * all of them in one trip; then they stand in the timeline.  One directory is
 * removed at a time, so that a disk full of them does not keep the pool from
 * other work.
 *
 * Thread: the owner's turns; functions that end in _run the pool's. */
#include <config.h>

#include "agent/gc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/vec.h>
#include <actor/work.h>

#include "agent/gc_table.h"

struct gc_waiter {
    void (*fn)(struct actor *owner, void *arg);
    void *arg;                  /* owned */
    void (*destroy)(void *arg);
};

struct gc_request {
    char *path;                 /* owned */
    bool is_over_now;
    bool is_parent;             /* it is about what is in there ... */
    char *keep;                 /* owned; ... but for this; NULL: all */
};

/* How old a directory is. */
struct gc_answer {
    char *path;                 /* owned */
    int64_t modified_at;        /* wall clock, ns */
    bool is_new;                /* nobody has named it; it was found */
};

/* A trip to the pool. */
struct gc_inquiry {
    struct gc *gc;              /* borrowed; in 'done' only */
    const struct actor_disk *disk;
    VEC(struct gc_request) requests;
    VEC(struct gc_answer) answers;
    const struct gc_request *request;   /* whose directories are listed */
};

struct gc_removal {
    struct gc *gc;              /* borrowed; in 'done' only */
    const struct actor_disk *disk;
    char *trash;                /* owned; where it is moved to, or is */
    char *path;                 /* owned; NULL: all that is in 'trash' */
    char *place;                /* owned; its new path */
    bool is_moved;
    int rc;                     /* 0 or -errno */
};

struct gc_usage {
    struct gc *gc;              /* borrowed; in 'done' only */
    const struct actor_disk *disk;
    char *path;                 /* owned */
    uint64_t size, n_free;
};

struct gc {
    struct actor *owner;        /* borrowed */
    const struct actor_disk *disk;      /* borrowed */
    char *work_dir;             /* owned, as the next */
    char *trash;
    int64_t delay_ns;
    double disk_headroom;
    int64_t disk_watch_interval_ns;

    struct gc_table table;
    VEC(struct gc_request) requests;    /* for the next trip */
    bool is_asking;
    bool is_removing;
    VEC(struct gc_waiter) waiters;
    struct actor_timer timeline_timer;
    struct actor_timer disk_timer;

    struct metric *n_succeeded, *n_failed, *n_pending, *max_age_secs;
    unsigned own_pending;       /* our part of n_pending */
};

static void ask(struct gc *);
static struct error *ask_run(void *inquiry);
static void ask_done(struct actor *, void *inquiry, const struct error *);
static void ask_destroy(void *inquiry);
static void place(struct gc *, const struct gc_answer *);
static void on_timeline(struct actor *, void *gc);
static void remove_next(struct gc *);
static struct gc_removal *create_removal(struct gc *, const char *path);
static struct error *move_run(void *removal);
static void move_done(struct actor *, void *removal, const struct error *);
static struct error *remove_run(void *removal);
static void remove_done(struct actor *, void *removal, const struct error *);
static void removal_destroy(void *removal);
static void call_waiters(struct gc *);
static void watch_disk(struct gc *);
static void on_disk_timer(struct actor *, void *gc);
static struct error *usage_run(void *usage);
static void usage_done(struct actor *, void *usage, const struct error *);
static void usage_destroy(void *usage);
static void prune(struct gc *, int64_t max_age);
static void update_pending(struct gc *);

/* --- life --- */

struct gc *
gc_create(struct actor *owner, const struct gc_options *options)
{
    struct gc *gc = xcalloc(1, sizeof *gc);
    struct metrics *metrics = actor_metrics(owner);

    gc->owner = owner;
    gc->disk = actor_system_disk(actor_system_of(owner));
    gc->work_dir = xstrdup(options->work_dir);
    gc->trash = xasprintf("%s/gc", options->work_dir);
    gc->delay_ns = options->delay_ns;
    gc->disk_headroom = options->disk_headroom;
    gc->disk_watch_interval_ns = options->disk_watch_interval_ns;
    gc->n_succeeded = metrics_add_counter(metrics,
                                          "gc/path_removals_succeeded");
    gc->n_failed = metrics_add_counter(metrics, "gc/path_removals_failed");
    gc->n_pending = metrics_add_gauge(metrics, "gc/path_removals_pending");
    gc->max_age_secs = metrics_add_gauge(
        metrics, "slave/executor_directory_max_allowed_age_secs");
    metric_set(gc->max_age_secs,
               (double) gc_max_allowed_age(gc->delay_ns, gc->disk_headroom, 0)
                   / (double) SECOND);
    watch_disk(gc);

    /* What was being removed when an agent ended. */
    gc->is_removing = true;
    actor_work(owner, remove_run, remove_done, create_removal(gc, NULL),
               removal_destroy);
    return gc;
}

static void
request_fini(struct gc_request *request)
{
    free(request->path);
    free(request->keep);
}

void
gc_destroy(struct gc *gc)
{
    struct metrics *metrics;

    if (!gc) {
        return;
    }
    metrics = actor_metrics(gc->owner);
    actor_timer_cancel(gc->owner, &gc->timeline_timer);
    actor_timer_cancel(gc->owner, &gc->disk_timer);
    gc_table_fini(&gc->table);
    update_pending(gc);
    metrics_remove(metrics, &gc->n_succeeded);
    metrics_remove(metrics, &gc->n_failed);
    metrics_remove(metrics, &gc->n_pending);
    metrics_remove(metrics, &gc->max_age_secs);
    vec_foreach (&gc->requests, it) {
        request_fini(it);
    }
    vec_fini(&gc->requests);
    vec_foreach (&gc->waiters, it) {
        it->destroy(it->arg);
    }
    vec_fini(&gc->waiters);
    free(gc->work_dir);
    free(gc->trash);
    free(gc);
}

/* --- scheduling --- */

void
gc_schedule(struct gc *gc, const char *path, bool is_over_now)
{
    struct gc_entry *entry = gc_table_find(&gc->table, path);
    struct gc_request request = {
        .path = xstrdup(path), .is_over_now = is_over_now,
    };

    if (entry && entry->state == GC_MOVING) {
        request_fini(&request);
        return;
    }
    if (!entry) {
        gc_table_add(&gc->table, path);
    } else {
        gc_table_take_out(&gc->table, entry, GC_ASKING);
    }
    update_pending(gc);
    vec_push(&gc->requests, request);
    ask(gc);
}

void
gc_schedule_others(struct gc *gc, const char *parent, const char *keep)
{
    struct gc_request request = {
        .path = xstrdup(parent), .is_parent = true,
        .keep = keep ? xstrdup(keep) : NULL,
    };

    vec_push(&gc->requests, request);
    ask(gc);
}

bool
gc_unschedule(struct gc *gc, const char *path)
{
    struct gc_entry *entry = gc_table_find(&gc->table, path);

    if (!entry) {
        return true;
    }
    if (entry->state == GC_MOVING) {
        return false;
    }
    log_info("Unscheduling '%s' from gc", path);
    gc_table_remove(&gc->table, entry);
    update_pending(gc);
    return true;
}

void
gc_wait(struct gc *gc, void (*fn)(struct actor *owner, void *arg), void *arg,
        void (*destroy)(void *arg))
{
    struct gc_waiter waiter = { fn, arg, destroy };

    vec_push(&gc->waiters, waiter);
}

static void
ask(struct gc *gc)
{
    struct gc_inquiry *inquiry;

    if (gc->is_asking || gc->requests.n == 0) {
        return;
    }
    inquiry = xcalloc(1, sizeof *inquiry);
    inquiry->gc = gc;
    inquiry->disk = gc->disk;
    vec_foreach (&gc->requests, it) {
        vec_push(&inquiry->requests, *it);
    }
    vec_clear(&gc->requests);
    gc->is_asking = true;
    actor_work(gc->owner, ask_run, ask_done, inquiry, ask_destroy);
}

static void
answer(struct gc_inquiry *inquiry, const char *path, bool is_new)
{
    struct gc_answer found = { .path = NULL, .is_new = is_new };
    struct stat info;
    int rc = actor_disk_stat(inquiry->disk, path, &info);

    if (rc == 0 && S_ISDIR(info.st_mode)) {
        found.path = xstrdup(path);
        found.modified_at = (int64_t) info.st_mtim.tv_sec * SECOND
                            + info.st_mtim.tv_nsec;
        vec_push(&inquiry->answers, found);
        return;
    }
    if (rc < 0 && rc != -ENOENT) {
        log_error("Failed to find the mtime of '%s': %s", path,
                  strerror(-rc));
    }
    if (!is_new) {
        found.path = xstrdup(path);
        found.modified_at = INT64_MIN;
        vec_push(&inquiry->answers, found);
    }
}

static void
answer_name(void *inquiry_, const char *name)
{
    struct gc_inquiry *inquiry = inquiry_;
    const char *keep = inquiry->request->keep;
    autofree char *path = xasprintf("%s/%s", inquiry->request->path, name);

    if (!keep || strcmp(name, keep) != 0) {
        answer(inquiry, path, true);
    }
}

static struct error *
ask_run(void *inquiry_)
{
    struct gc_inquiry *inquiry = inquiry_;

    vec_foreach (&inquiry->requests, it) {
        inquiry->request = it;
        if (it->is_parent) {
            /* It is fine if there is none. */
            (void) actor_disk_list(inquiry->disk, it->path, answer_name,
                                   inquiry);
            continue;
        }
        if (it->is_over_now) {
            (void) actor_disk_touch(inquiry->disk, it->path);
        }
        answer(inquiry, it->path, false);
    }
    return NULL;
}

static void
ask_done(struct actor *self UNUSED, void *inquiry_,
         const struct error *error UNUSED)
{
    struct gc_inquiry *inquiry = inquiry_;
    struct gc *gc = inquiry->gc;

    gc->is_asking = false;
    vec_foreach (&inquiry->answers, it) {
        place(gc, it);
    }
    update_pending(gc);
    remove_next(gc);
    ask(gc);
}

static void
ask_destroy(void *inquiry_)
{
    struct gc_inquiry *inquiry = inquiry_;

    vec_foreach (&inquiry->requests, it) {
        request_fini(it);
    }
    vec_fini(&inquiry->requests);
    vec_foreach (&inquiry->answers, it) {
        free(it->path);
    }
    vec_fini(&inquiry->answers);
    free(inquiry);
}

/* Puts a directory into the timeline, unless it was unscheduled meanwhile. */
static void
place(struct gc *gc, const struct gc_answer *found)
{
    struct gc_entry *entry = gc_table_find(&gc->table, found->path);
    int64_t age, wait;

    if (!entry == !found->is_new || (entry && entry->state == GC_MOVING)) {
        return;
    }
    if (found->modified_at == INT64_MIN) {
        gc_table_remove(&gc->table, entry);
        return;
    }
    if (!entry) {
        entry = gc_table_add(&gc->table, found->path);
    }
    age = actor_wall_now(gc->owner) - found->modified_at;
    wait = age < 0 ? gc->delay_ns : age > gc->delay_ns ? 0
                                                       : gc->delay_ns - age;
    log_info("Scheduling '%s' for gc %s in the future", found->path,
             DURATION_TEXT(wait));
    gc_table_schedule(&gc->table, entry, actor_now(gc->owner) + wait);
}

static void
update_pending(struct gc *gc)
{
    unsigned n = HASH_COUNT(gc->table.head);

    metric_add(gc->n_pending, (double) n - gc->own_pending);
    gc->own_pending = n;
}

/* --- removing --- */

static void
on_timeline(struct actor *self UNUSED, void *gc)
{
    remove_next(gc);
}

static void
remove_next(struct gc *gc)
{
    struct gc_entry *entry = gc->table.timeline;
    int64_t wait;

    if (gc->is_removing || !entry) {
        return;
    }
    wait = entry->removal_time - actor_now(gc->owner);
    if (wait > 0) {
        actor_timer_start(gc->owner, &gc->timeline_timer, wait, on_timeline,
                          gc);
        return;
    }
    gc_table_take_out(&gc->table, entry, GC_MOVING);
    gc->is_removing = true;
    log_info("Deleting %s", entry->path);
    actor_work(gc->owner, move_run, move_done,
               create_removal(gc, entry->path), removal_destroy);
}

static struct gc_removal *
create_removal(struct gc *gc, const char *path)
{
    struct gc_removal *removal = xcalloc(1, sizeof *removal);

    removal->gc = gc;
    removal->disk = gc->disk;
    removal->trash = xstrdup(gc->trash);
    if (path) {
        char name[UUID_TEXT_SIZE];
        struct uuid uuid;

        actor_random_uuid(gc->owner, &uuid);
        removal->path = xstrdup(path);
        removal->place = xasprintf("%s/%s", gc->trash,
                                   uuid_format(&uuid, name));
    }
    return removal;
}

/* To another filesystem it cannot be moved; then it is removed where it
 * is. */
static struct error *
move_run(void *removal_)
{
    struct gc_removal *removal = removal_;
    struct stat info;

    removal->rc = actor_disk_stat(removal->disk, removal->path, &info);
    if (removal->rc == 0 && !S_ISDIR(info.st_mode)) {
        removal->rc = -ENOTDIR;
    }
    if (removal->rc < 0) {
        return NULL;
    }
    int rc = actor_disk_make_path(removal->disk, removal->trash, 0700);

    if (rc == 0) {
        rc = actor_disk_rename(removal->disk, removal->path, removal->place);
    }
    removal->is_moved = rc == 0;
    if (rc < 0) {
        removal->rc = actor_disk_remove_tree(removal->disk, removal->path);
    }
    return NULL;
}

static void
note_removed(struct gc *gc, const struct gc_removal *removal)
{
    if (removal->rc == 0) {
        log_info("Deleted '%s'", removal->path);
        metric_increment(gc->n_succeeded, 1);
    } else if (removal->rc == -ENOENT) {
        log_info("Skipped '%s' which does not exist", removal->path);
    } else {
        log_warn("Failed to delete '%s': %s", removal->path,
                 strerror(-removal->rc));
        metric_increment(gc->n_failed, 1);
    }
}

static void
move_done(struct actor *self, void *removal_,
          const struct error *error UNUSED)
{
    struct gc_removal *removal = removal_;
    struct gc *gc = removal->gc;

    gc_table_remove(&gc->table, gc_table_find(&gc->table, removal->path));
    update_pending(gc);
    if (removal->is_moved) {
        struct gc_removal *next = xcalloc(1, sizeof *next);

        *next = *removal;
        *removal = (struct gc_removal) { .path = NULL };
        actor_work(self, remove_run, remove_done, next, removal_destroy);
    } else {
        note_removed(gc, removal);
        gc->is_removing = false;
        remove_next(gc);
    }
    call_waiters(gc);
}

static void
remove_left(void *removal_, const char *name)
{
    struct gc_removal *removal = removal_;
    autofree char *path = xasprintf("%s/%s", removal->trash, name);
    int rc = actor_disk_remove_tree(removal->disk, path);

    if (rc == -ENOTDIR) {
        rc = actor_disk_unlink(removal->disk, path);
    }
    if (rc < 0) {
        log_warn("Failed to delete '%s': %s", path, strerror(-rc));
    }
}

static struct error *
remove_run(void *removal_)
{
    struct gc_removal *removal = removal_;

    if (removal->path) {
        removal->rc = actor_disk_remove_tree(removal->disk, removal->place);
    } else {
        (void) actor_disk_list(removal->disk, removal->trash, remove_left,
                               removal);
    }
    return NULL;
}

static void
remove_done(struct actor *self UNUSED, void *removal_,
            const struct error *error UNUSED)
{
    struct gc_removal *removal = removal_;
    struct gc *gc = removal->gc;

    if (removal->path) {
        note_removed(gc, removal);
    }
    gc->is_removing = false;
    remove_next(gc);
}

static void
removal_destroy(void *removal_)
{
    struct gc_removal *removal = removal_;

    free(removal->trash);
    free(removal->path);
    free(removal->place);
    free(removal);
}

/* One of them may wait again. */
static void
call_waiters(struct gc *gc)
{
    __typeof__(gc->waiters) waiters = gc->waiters;

    memset(&gc->waiters, 0, sizeof gc->waiters);
    vec_foreach (&waiters, it) {
        it->fn(gc->owner, it->arg);
        it->destroy(it->arg);
    }
    vec_fini(&waiters);
}

/* --- the disk --- */

int64_t
gc_max_allowed_age(int64_t delay_ns, double headroom, double usage)
{
    double share = 1.0 - headroom - usage;

    return share > 0 ? (int64_t) ((double) delay_ns * share) : 0;
}

static void
watch_disk(struct gc *gc)
{
    actor_timer_start(gc->owner, &gc->disk_timer, gc->disk_watch_interval_ns,
                      on_disk_timer, gc);
}

static void
on_disk_timer(struct actor *self, void *gc_)
{
    struct gc *gc = gc_;
    struct gc_usage *usage = xcalloc(1, sizeof *usage);

    usage->gc = gc;
    usage->disk = gc->disk;
    usage->path = xstrdup(gc->work_dir);
    actor_work(self, usage_run, usage_done, usage, usage_destroy);
}

static struct error *
usage_run(void *usage_)
{
    struct gc_usage *usage = usage_;
    int rc = actor_disk_usage(usage->disk, usage->path, &usage->size,
                              &usage->n_free);

    if (rc == 0 && (usage->size == 0 || usage->n_free > usage->size)) {
        rc = -EINVAL;
    }
    return rc < 0 ? error_errno(-rc, "asking '%s'", usage->path) : NULL;
}

/* With 15 decimals, as Mesos' line has it. */
static void
format_age(struct strbuf *text, int64_t ns)
{
    static const struct {
        int64_t ns;
        const char *name;
    } units[] = {
        { WEEK, "weeks" }, { DAY, "days" }, { HOUR, "hrs" },
        { MINUTE, "mins" }, { SECOND, "secs" }, { MILLISECOND, "ms" },
        { MICROSECOND, "us" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        int64_t rest = ns % units[i].ns;

        if (ns < units[i].ns) {
            continue;
        }
        strbuf_printf(text, "%lld.", (long long) (ns / units[i].ns));
        for (int digit = 0; digit < 15; digit++) {
            rest *= 10;
            strbuf_append_char(text, (char) ('0' + rest / units[i].ns));
            rest %= units[i].ns;
        }
        strbuf_append(text, units[i].name);
        return;
    }
    strbuf_printf(text, "%lldns", (long long) ns);
}

static void
usage_done(struct actor *self UNUSED, void *usage_, const struct error *error)
{
    struct gc_usage *usage = usage_;
    struct gc *gc = usage->gc;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    watch_disk(gc);
    if (error) {
        log_error("Failed to get disk usage: %s", error_text(error));
        return;
    }
    double used = (double) (usage->size - usage->n_free)
                  / (double) usage->size;
    int64_t max_age = gc_max_allowed_age(gc->delay_ns, gc->disk_headroom,
                                         used);
    unsigned hundredths = (unsigned) (used * 10000 + 0.5);

    format_age(&text, max_age);
    log_info("Current disk usage %u.%02u%%. Max allowed age: %s",
             hundredths / 100, hundredths % 100, text.data);
    metric_set(gc->max_age_secs, (double) max_age / (double) SECOND);
    prune(gc, max_age);
}

static void
usage_destroy(void *usage_)
{
    struct gc_usage *usage = usage_;

    free(usage->path);
    free(usage);
}

/* What is older than that is due now. */
static void
prune(struct gc *gc, int64_t max_age)
{
    int64_t now = actor_now(gc->owner);
    int64_t limit = now + gc->delay_ns - max_age;

    for (struct gc_entry *it = gc->table.timeline;
         it && it->removal_time <= limit; it = it->next) {
        it->removal_time = now;
    }
    remove_next(gc);
}
