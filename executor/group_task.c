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
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/work.h>

#include "executor/task_environment.h"
#include "executor/task_process.h"
#include "executor/task_sandbox.h"
#include "executor/task_user.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define PASSWD_FILE "/etc/passwd"
#define GROUP_FILE "/etc/group"

struct group_task {
    struct actor *owner;        /* borrowed; outlives us */
    const struct group_task_options *options;   /* borrowed; outlive us */
    struct message *launch;     /* counted */
    const V1__TaskInfo *info;   /* in it */
    unsigned group;
    char container_id[UUID_TEXT_SIZE];
    struct task_process *process;       /* owned; NULL: not started yet */
    bool is_killed;
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
    const char *user_name;      /* in 'launch'; NULL: the executor's own */
    struct task_user user;
    struct task_sandbox sandbox;
};

static void prepare(struct group_task *);
static struct error *prepare_run(void *arg);
static void prepare_done(struct actor *, void *arg, const struct error *);
static void prepare_destroy(void *arg);
static struct error *start_command(struct group_task *,
                                   const struct preparation *);
static void on_command_end(struct actor *, void *task,
                           const struct task_process_end *);
static void end(struct group_task *, V1__TaskState, int reason,
                const char *text);

/* --- life --- */

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
    prepare(t);
    return t;
}

void
group_task_destroy(struct group_task *t)
{
    if (t) {
        task_process_destroy(t->process);
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

/* --- its sandbox --- */

static void
prepare(struct group_task *t)
{
    struct preparation *p = xcalloc(1, sizeof *p);
    const V1__CommandInfo *command = t->info->command;

    p->task = t;
    p->disk = actor_system_disk(actor_system_of(t->owner));
    p->launch = message_ref(t->launch);
    p->info = t->info;
    memcpy(p->container_id, t->container_id, sizeof p->container_id);
    p->parent = xstrdup(t->options->directory);
    if (command && t->options->switch_user) {
        p->user_name = command->user;
    }
    p->sandbox = (struct task_sandbox) TASK_SANDBOX_EMPTY;
    actor_work(t->owner, prepare_run, prepare_done, p, prepare_destroy);
}

/* An executor that is not root runs its own user's tasks only: there is
 * nothing to give away then. */
static bool
has_user(const struct preparation *p)
{
    return p->user_name && (geteuid() == 0 || geteuid() != p->user.uid);
}

static struct error *
prepare_run(void *arg)
{
    struct preparation *p = arg;
    struct error *error = NULL;

    if (p->user_name) {
        error = task_user_find(p->user_name, PASSWD_FILE, GROUP_FILE,
                               &p->user);
    }
    return error ? error
                 : task_sandbox_create(p->disk, p->info, p->container_id,
                                       p->parent,
                                       has_user(p) ? &p->user : NULL,
                                       &p->sandbox);
}

static void
prepare_done(struct actor *self UNUSED, void *arg,
             const struct error *failure)
{
    struct preparation *p = arg;
    struct group_task *t = p->task;

    if (t->is_killed) {
        end(t, V1__TASK_STATE__TASK_KILLED, TASK_PROCESS_NO_REASON,
            "Killed before its command was started");
        return;
    }

    struct error *error = failure ? error_clone(failure)
                                  : start_command(t, p);
    if (error) {
        log_error("Failed to launch child container %s of task '%s': %s",
                  t->container_id, t->info->task_id->value,
                  error_text(error));
        end(t, V1__TASK_STATE__TASK_FAILED,
            V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED,
            error_text(error));
        error_destroy(error);
        return;
    }
    t->options->on_started(t->owner, t);
}

static void
prepare_destroy(void *arg)
{
    struct preparation *p = arg;

    task_sandbox_fini(p->disk, &p->sandbox);
    task_user_fini(&p->user);
    message_unref(p->launch);
    free(p->parent);
    free(p);
}

/* --- its command --- */

static const char *
allocation_role(const V1__TaskInfo *info)
{
    const V1__Resource__AllocationInfo *allocation =
        info->n_resources > 0 ? info->resources[0]->allocation_info : NULL;

    return allocation && allocation->role ? allocation->role : "*";
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
                                    allocation_role(t->info));
    autofree char *container_ip =
        xasprintf("MESOS_CONTAINER_IP=%s",
                  address_format_ip(&actor_upid(t->owner)->address, ip));
    char *base[] = { sandbox, role, container_ip, (char *) path, NULL };
    const V1__CommandInfo *command = t->info->command;

    return task_environment_create(base,
                                   command ? command->environment : NULL);
}

static struct error *
start_command(struct group_task *t, const struct preparation *p)
{
    char **envp = make_environment(t, p->sandbox.directory);
    struct task_process_options options = {
        .task_id = t->info->task_id->value,
        .container_id = t->container_id,
        .command = t->info->command,
        .envp = envp,
        .directory = p->sandbox.directory,
        .stdio = { p->sandbox.out_fd, p->sandbox.err_fd },
        .set_ids = has_user(p),
        .uid = p->user.uid, .gid = p->user.gid,
        .groups = p->user.groups, .n_groups = p->user.n_groups,
        .on_end = on_command_end, .aux = t,
    };
    struct error *error = task_process_start(t->owner, &options, &t->process);

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

    t->options->on_ended(self, t, it);
}

static void
end(struct group_task *t, V1__TaskState state, int reason, const char *text)
{
    struct task_process_end it = {
        .state = (int) state, .reason = reason, .text = text,
    };

    t->options->on_ended(t->owner, t, &it);
}

/* --- killing --- */

void
group_task_kill(struct group_task *t, int64_t grace_ns)
{
    t->is_killed = true;
    if (t->process) {
        task_process_kill(t->process, grace_ns);
    }
}

bool
group_task_is_killed(const struct group_task *t)
{
    return t->is_killed;
}
