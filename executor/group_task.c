/* SPDX-License-Identifier: Apache-2.0
 *
 * group_task.c - one task of a group, from its launch to its end.
 *
 * Thread: the owning actor's turns; prepare_run() in the pool. */
#include <config.h>

#include "executor/group_task.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/work.h>

#include "executor/checks/checker.h"
#include "executor/checks/user_lookup.h"
#include "executor/task_environment.h"
#include "executor/task_process.h"
#include "executor/task_sandbox.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct group_task {
    struct actor *owner;        /* borrowed; outlives us */
    const struct group_task_options *options;   /* borrowed; outlive us */
    struct message *launch;     /* counted */
    const V1__TaskInfo *info;   /* in it */
    unsigned group;
    char container_id[UUID_TEXT_SIZE];
    struct user_lookup *lookup; /* owned; NULL: none is under way */

    /* From when it has been made until its command has been started. */
    struct task_sandbox sandbox;
    bool has_user;              /* another one than the executor's */
    struct user_ids user;       /* 'groups' owned */
    struct task_fetch *fetch;   /* owned; NULL: none is under way */
    struct task_process *process;       /* owned; NULL: not started yet */
    bool is_killed;

    struct checker *checker;    /* owned; NULL: nothing (more) to check */

    /* What the last update of the running task said: -1, or whether it was
     * healthy; and its check's status. */
    int healthy;
    struct message *check_status;       /* counted; NULL: nothing known */
    bool is_killed_by_health_check;
};

/* What the pool works on.  The task lives as long as it does, unless the actor
 * ends, so it may point to the one but not look into it. */
struct preparation {
    struct group_task *task;    /* borrowed; for the actor's turn */
    const struct actor_disk *disk;      /* borrowed */
    struct message *launch;     /* counted */
    const V1__TaskInfo *info;   /* in it */
    char container_id[UUID_TEXT_SIZE];
    char *parent;               /* owned */
    bool has_user;              /* another one than the executor's */
    struct user_ids user;       /* 'groups' owned */
    struct task_sandbox sandbox;
};

static void begin(struct group_task *);
static void on_user(struct actor *, void *task, const struct user_ids *,
                    const struct error *);
static void prepare(struct group_task *, const struct user_ids *);
static struct error *prepare_run(void *arg);
static void prepare_done(struct actor *, void *arg, const struct error *);
static void prepare_destroy(void *arg);
static struct error *fetch(struct group_task *);
static void on_fetched(struct actor *, void *task, const struct error *);
static void start_or_fail_with(struct group_task *, const struct error *);
static struct error *start_command(struct group_task *);
static void on_command_end(struct actor *, void *task,
                           const struct task_process_end *);
static void start_checker(struct group_task *, char *const *envp);
static void stop_checker(struct group_task *);
static void on_check(struct actor *, void *task, const V1__CheckStatusInfo *);
static void on_health(struct actor *, void *task, bool healthy, bool kill);
static void fail(struct group_task *, const struct error *);
static void end(struct group_task *, V1__TaskState, int reason,
                const char *text);

/* --- life --- */

/* It is left as it is; only we need it no more. */
static void
drop_sandbox(struct group_task *t)
{
    task_sandbox_fini(actor_system_disk(actor_system_of(t->owner)),
                      &t->sandbox);
    free(t->user.groups);
    t->user.groups = NULL;
}

struct group_task *
group_task_start(struct actor *self, const struct group_task_options *options,
                 struct message *launch, const V1__TaskInfo *info,
                 unsigned group)
{
    struct group_task *t = xcalloc(1, sizeof *t);
    struct uuid uuid;

    t->owner = self;
    t->options = options;
    t->launch = message_ref(launch);
    t->info = info;
    t->group = group;
    actor_random_uuid(self, &uuid);
    uuid_format(&uuid, t->container_id);
    t->healthy = -1;
    t->sandbox = (struct task_sandbox) TASK_SANDBOX_EMPTY;
    begin(t);
    return t;
}

void
group_task_destroy(struct group_task *t)
{
    if (t) {
        user_lookup_cancel(t->lookup);
        task_fetch_destroy(t->fetch);
        drop_sandbox(t);
        stop_checker(t);
        task_process_destroy(t->process);
        message_unref(t->check_status);
        message_unref(t->launch);
        free(t);
    }
}

const V1__TaskInfo *
group_task_info(const struct group_task *t)
{
    return t->info;
}

unsigned
group_task_group(const struct group_task *t)
{
    return t->group;
}

const char *
group_task_container_id(const struct group_task *t)
{
    return t->container_id;
}

bool
group_task_is_running(const struct group_task *t)
{
    return t->process != NULL;
}

/* --- its user and its sandbox --- */

static void
begin(struct group_task *t)
{
    const V1__CommandInfo *command = t->info->command;

    if (command && command->user && t->options->switch_user) {
        t->lookup = user_lookup_start(t->owner, command->user, on_user, t);
    } else {
        prepare(t, NULL);
    }
}

/* An executor that is not root runs its own user's tasks only: there is
 * nothing to switch then, nor to give away. */
static void
on_user(struct actor *self UNUSED, void *arg, const struct user_ids *ids,
        const struct error *error)
{
    struct group_task *t = arg;

    t->lookup = NULL;
    if (error) {
        fail(t, error);
    } else {
        prepare(t, geteuid() == 0 || geteuid() != ids->uid ? ids : NULL);
    }
}

static void
prepare(struct group_task *t, const struct user_ids *user)
{
    struct preparation *p = xcalloc(1, sizeof *p);

    p->task = t;
    p->disk = actor_system_disk(actor_system_of(t->owner));
    p->launch = message_ref(t->launch);
    p->info = t->info;
    memcpy(p->container_id, t->container_id, sizeof p->container_id);
    p->parent = xstrdup(t->options->directory);
    if (user) {
        p->has_user = true;
        p->user = *user;
        p->user.groups = xmemdup(user->groups,
                                 user->n_groups * sizeof *user->groups);
    }
    p->sandbox = (struct task_sandbox) TASK_SANDBOX_EMPTY;
    actor_work(t->owner, prepare_run, prepare_done, p, prepare_destroy);
}

static struct error *
prepare_run(void *arg)
{
    struct preparation *p = arg;

    return task_sandbox_create(p->disk, p->info, p->container_id, p->parent,
                               p->has_user ? &p->user : NULL, &p->sandbox);
}

static void
prepare_done(struct actor *self UNUSED, void *arg,
             const struct error *failure)
{
    struct preparation *p = arg;
    struct group_task *t = p->task;
    bool has_uris = p->info->command && p->info->command->n_uris > 0;

    if (failure) {
        start_or_fail_with(t, failure);
        return;
    }
    t->sandbox = p->sandbox;
    p->sandbox = (struct task_sandbox) TASK_SANDBOX_EMPTY;
    t->has_user = p->has_user;
    t->user = p->user;
    p->user.groups = NULL;
    if (has_uris && !t->is_killed) {
        autoerror *error = fetch(t);

        if (error) {
            fail(t, error);
        }
    } else {
        start_or_fail_with(t, NULL);
    }
}

static void
prepare_destroy(void *arg)
{
    struct preparation *p = arg;

    task_sandbox_fini(p->disk, &p->sandbox);
    free(p->user.groups);
    message_unref(p->launch);
    free(p->parent);
    free(p);
}

/* --- its URIs --- */

static struct error *
fetch(struct group_task *t)
{
    const struct task_fetch_options options = {
        .settings = &t->options->fetch,
        .container_id = t->container_id,
        .command = t->info->command,
        .inherited = t->options->inherited ? t->options->inherited : environ,
        .directory = t->sandbox.directory,
        .stdio = { t->sandbox.out_fd, t->sandbox.err_fd },
        .user = t->has_user ? &t->user : NULL,
        .on_end = on_fetched, .aux = t,
    };

    return task_fetch_start(t->owner, &options, &t->fetch);
}

static void
on_fetched(struct actor *self UNUSED, void *arg, const struct error *failure)
{
    struct group_task *t = arg;

    task_fetch_destroy(t->fetch);
    t->fetch = NULL;
    start_or_fail_with(t, failure);
}

/* --- its command --- */

/* What came before it is done, or has failed. */
static void
start_or_fail_with(struct group_task *t, const struct error *failure)
{
    autoerror *error = NULL;

    if (t->is_killed) {
        end(t, V1__TASK_STATE__TASK_KILLED, TASK_PROCESS_NO_REASON,
            "Killed before its command was started");
        return;
    }
    error = failure ? error_clone(failure) : start_command(t);
    if (error) {
        fail(t, error);
        return;
    }
    drop_sandbox(t);
    t->options->on_started(t->owner, t);
}

static const char *
find_variable(char *const *envp, const char *name)
{
    size_t len = strlen(name);

    for (char *const *it = envp; *it; it++) {
        if (!strncmp(*it, name, len) && (*it)[len] == '=') {
            return *it;
        }
    }
    return NULL;
}

/* A task of a group inherits nothing of its executor but the path: like a
 * container of its own. */
static char **
make_environment(const struct group_task *t, const char *directory)
{
    char *const *inherited = t->options->inherited ? t->options->inherited
                                                   : environ;
    const char *path = find_variable(inherited, "PATH");
    char ip[ADDRESS_TEXT_SIZE];
    autofree char *sandbox = xasprintf("MESOS_SANDBOX=%s", directory);
    autofree char *role = xasprintf("MESOS_ALLOCATION_ROLE=%s",
                                    task_environment_role(t->info));
    autofree char *container_ip =
        xasprintf("MESOS_CONTAINER_IP=%s",
                  address_format_ip(&actor_upid(t->owner)->address, ip));
    char *base[] = { sandbox, role, container_ip, (char *) path, NULL };
    const V1__CommandInfo *command = t->info->command;

    return task_environment_create(base,
                                   command ? command->environment : NULL);
}

static struct error *
start_command(struct group_task *t)
{
    char **envp = make_environment(t, t->sandbox.directory);
    struct task_process_options options = {
        .task_id = t->info->task_id->value,
        .container_id = t->container_id,
        .command = t->info->command,
        .envp = envp,
        .directory = t->sandbox.directory,
        .stdio = { t->sandbox.out_fd, t->sandbox.err_fd },
        .rlimits = t->info->container ? t->info->container->rlimit_info
                                      : NULL,
        .set_ids = t->has_user,
        .uid = t->user.uid, .gid = t->user.gid,
        .groups = t->user.groups, .n_groups = t->user.n_groups,
        .on_end = on_command_end, .aux = t,
    };
    struct error *error = task_process_start(t->owner, &options, &t->process);

    if (!error) {
        start_checker(t, envp);
    }
    task_environment_free(envp);
    if (!error && t->info->max_completion_time) {
        int64_t limit = t->info->max_completion_time->nanoseconds;

        log_info("Task %s has a max completion time of %s",
                 t->info->task_id->value, DURATION_TEXT(limit));
        task_process_limit(t->process, limit);
    }
    return error;
}

static void
on_command_end(struct actor *self, void *arg,
               const struct task_process_end *it)
{
    struct group_task *t = arg;

    stop_checker(t);
    t->options->on_ended(self, t, it);
}

static void
fail(struct group_task *t, const struct error *error)
{
    log_error("Failed to launch child container %s of task '%s': %s",
              t->container_id, t->info->task_id->value, error_text(error));
    end(t, V1__TASK_STATE__TASK_FAILED,
        V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED,
        error_text(error));
}

static void
end(struct group_task *t, V1__TaskState state, int reason, const char *text)
{
    struct task_process_end it = {
        .state = (int) state, .reason = reason, .text = text,
    };

    t->options->on_ended(t->owner, t, &it);
}

/* --- its checks --- */

static void
start_checker(struct group_task *t, char *const *envp)
{
    const struct checker_options options = {
        .task_id = t->info->task_id->value,
        .environment = envp,
        .directory = t->sandbox.directory,
        .user = t->has_user ? t->info->command->user : NULL,
        .task_pid = task_process_pid(t->process),
        .on_check = on_check, .on_health = on_health, .aux = t,
    };

    if (t->info->check || t->info->health_check) {
        t->checker = checker_start(t->owner, t->info->check,
                                   t->info->health_check, &options);
    }
}

static void
stop_checker(struct group_task *t)
{
    checker_destroy(t->checker);
    t->checker = NULL;
}

static void
on_check(struct actor *self, void *arg, const V1__CheckStatusInfo *status)
{
    struct group_task *t = arg;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    message_encode_json(&status->base, &text);
    log_info("Received check update '%s' for task '%s'", text.data,
             t->info->task_id->value);
    message_unref(t->check_status);
    t->check_status = message_clone(&status->base);
    t->options->on_checked(
        self, t, V1__TASK_STATUS__REASON__REASON_TASK_CHECK_STATUS_UPDATED,
        false);
}

static void
on_health(struct actor *self, void *arg, bool healthy, bool kill)
{
    struct group_task *t = arg;

    log_info("Received task health update for task '%s', task is %s",
             t->info->task_id->value, healthy ? "healthy" : "not healthy");
    t->healthy = healthy;
    t->is_killed_by_health_check |= kill;
    t->options->on_checked(
        self, t,
        V1__TASK_STATUS__REASON__REASON_TASK_HEALTH_CHECK_STATUS_UPDATED,
        kill);
}

void
group_task_pause_checks(struct group_task *t)
{
    if (t->checker) {
        checker_pause(t->checker);
    }
}

void
group_task_resume_checks(struct group_task *t)
{
    if (t->checker) {
        checker_resume(t->checker);
    }
}

/* A task that runs is as healthy as was told last.  One that has a check has a
 * check status in all of its updates, an empty one where nothing is known. */
void
group_task_add_health(const struct group_task *t, struct message *m,
                      V1__TaskStatus *status)
{
    bool is_running = status->state == V1__TASK_STATE__TASK_RUNNING;

    status->has_healthy = t->is_killed_by_health_check
                          || (is_running && t->healthy >= 0);
    status->healthy = !t->is_killed_by_health_check && t->healthy > 0;
    if (is_running && t->check_status) {
        status->check_status = message_root(t->check_status);
        message_hold(m, t->check_status);
    } else if (t->info->check) {
        status->check_status = check_status_empty(t->info->check, m);
    }
}

/* --- killing --- */

void
group_task_kill(struct group_task *t, int64_t grace_ns)
{
    t->is_killed = true;
    stop_checker(t);
    if (t->fetch) {
        task_fetch_kill(t->fetch);
    }
    if (t->process) {
        task_process_kill(t->process, grace_ns);
    }
}

bool
group_task_is_killed(const struct group_task *t)
{
    return t->is_killed;
}
