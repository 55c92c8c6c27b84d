/* SPDX-License-Identifier: Apache-2.0
 *
 * task_process.c - the command of a task: its start, its killing, its end.
 *
 * Log lines are those of Mesos (src/launcher/executor.cpp and
 * src/launcher/default_executor.cpp).
 *
 * Thread: the owning actor's turns. */
#include <config.h>

#include "executor/task_process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/child.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>

#include "executor/tree_signal.h"
#include "model/rlimits.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct task_process {
    struct actor *owner;        /* borrowed; outlives us */
    char *task_id;              /* owned */
    char *container_id;         /* owned; may be NULL */
    void (*on_end)(struct actor *, void *, const struct task_process_end *);
    void *aux;
    struct actor_child *child;  /* borrowed; NULL: it has ended */
    bool is_killed;
    bool has_timed_out;         /* task_process_limit() */
    int64_t limit;
    int64_t kill_started;
    int64_t kill_grace;
    struct actor_timer kill_timer;
    struct actor_timer limit_timer;
};

static struct error *spawn(struct task_process *,
                           const struct task_process_options *);
static void on_exit_of_child(struct actor *, void *process, pid_t,
                             int status);
static void set_state(const struct task_process *, struct task_process_end *);
static void on_limit(struct actor *, void *process);
static void shorten_grace(struct task_process *, int64_t grace_ns);
static void on_grace_over(struct actor *, void *process);

/* --- life --- */

struct error *
task_process_start(struct actor *self,
                   const struct task_process_options *options,
                   struct task_process **ret)
{
    struct task_process *p = xcalloc(1, sizeof *p);

    p->owner = self;
    p->task_id = xstrdup(options->task_id);
    p->container_id = options->container_id ? xstrdup(options->container_id)
                                            : NULL;
    p->on_end = options->on_end;
    p->aux = options->aux;

    struct error *error = spawn(p, options);
    if (error) {
        task_process_destroy(p);
        return error;
    }
    *ret = p;
    return NULL;
}

static struct error *
spawn(struct task_process *p, const struct task_process_options *options)
{
    const V1__CommandInfo *command = options->command;
    struct actor_child_options child = ACTOR_CHILD_OPTIONS_INIT;
    struct actor_child_rlimit rlimits[RLIMITS_MAX];
    char *shell[] = { (char *) "sh", (char *) "-c", NULL, NULL };
    char **argv = shell;
    struct error *error;

    if (!command || !command->value) {
        return error_create(ERROR_INVALID, "Expecting task '%s' to have a "
                            "command", options->task_id);
    }
    error = rlimits_read(options->rlimits, rlimits, &child.n_rlimits);
    if (error) {
        return error_wrap(error, "Failed to launch command");
    }
    child.rlimits = rlimits;
    if (command->shell) {
        shell[2] = command->value;
        child.path = "/bin/sh";
    } else {
        argv = xcalloc(command->n_arguments + 2, sizeof *argv);
        argv[0] = command->value;       /* if nobody gives it a name */
        for (size_t i = 0; i < command->n_arguments; i++) {
            argv[i] = command->arguments[i];
        }
        child.path = command->value;
    }
    child.argv = argv;
    child.envp = options->envp;
    child.directory = options->directory;
    child.stdio[1] = options->stdio[0];
    child.stdio[2] = options->stdio[1];
    child.new_session = true;
    child.set_ids = options->set_ids;
    child.uid = options->uid;
    child.gid = options->gid;
    child.groups = options->groups;
    child.n_groups = options->n_groups;
    error = actor_child_spawn(p->owner, &child, on_exit_of_child, p,
                              &p->child);

    if (argv != shell) {
        free(argv);
    }
    return error_wrap(error, "Failed to launch command");
}

void
task_process_destroy(struct task_process *p)
{
    if (!p) {
        return;
    }
    actor_timer_cancel(p->owner, &p->kill_timer);
    actor_timer_cancel(p->owner, &p->limit_timer);
    free(p->task_id);
    free(p->container_id);
    free(p);
}

pid_t
task_process_pid(const struct task_process *p)
{
    return p->child ? actor_child_pid(p->child) : 0;
}

/* --- the end --- */

static void
on_exit_of_child(struct actor *self, void *arg, pid_t pid, int status)
{
    struct task_process *p = arg;
    autofree char *text = NULL;
    struct task_process_end end = { .pid = pid, .status = status };

    if (WIFEXITED(status)) {
        text = xasprintf("Command exited with status %d", WEXITSTATUS(status));
    } else {
        text = xasprintf("Command terminated with signal %s%s",
                         strsignal(WTERMSIG(status)),
                         WCOREDUMP(status) ? " (core dumped)" : "");
    }
    /* Its process group ends with it. */
    actor_child_kill(p->child, SIGKILL, true);
    p->child = NULL;
    actor_timer_cancel(self, &p->kill_timer);
    actor_timer_cancel(self, &p->limit_timer);
    end.text = text;
    set_state(p, &end);
    p->on_end(self, p->aux, &end);
}

static void
set_state(const struct task_process *p, struct task_process_end *end)
{
    end->state = V1__TASK_STATE__TASK_FAILED;
    end->reason = TASK_PROCESS_NO_REASON;
    if (p->has_timed_out) {
        end->reason =
            V1__TASK_STATUS__REASON__REASON_MAX_COMPLETION_TIME_REACHED;
    } else if (p->is_killed) {
        end->state = V1__TASK_STATE__TASK_KILLED;
    } else if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0) {
        end->state = V1__TASK_STATE__TASK_FINISHED;
    }
}

/* --- killing --- */

void
task_process_limit(struct task_process *p, int64_t limit_ns)
{
    p->limit = limit_ns > 0 ? limit_ns : 0;
    actor_timer_start(p->owner, &p->limit_timer, p->limit, on_limit, p);
}

static void
on_limit(struct actor *self UNUSED, void *arg)
{
    struct task_process *p = arg;

    log_info("Killing task %s which exceeded its maximum completion time of "
             "%s", p->task_id, DURATION_TEXT(p->limit));
    p->has_timed_out = true;
    task_process_kill(p, 0);
}

void
task_process_kill(struct task_process *p, int64_t grace_ns)
{
    if (!p->child) {
        return;
    }
    if (grace_ns < 0) {
        grace_ns = 0;
    }
    actor_timer_cancel(p->owner, &p->limit_timer);
    if (p->is_killed) {
        shorten_grace(p, grace_ns);
        return;
    }
    p->is_killed = true;
    if (p->container_id) {
        log_info("Killing task %s running in child container %s with SIGTERM "
                 "signal", p->task_id, p->container_id);
    } else {
        log_info("Sending SIGTERM to process tree at pid %d",
                 (int) actor_child_pid(p->child));
    }
    tree_signal(p->owner, actor_child_pid(p->child), SIGTERM);
    log_info("Scheduling escalation to SIGKILL in %s from now",
             DURATION_TEXT(grace_ns));
    p->kill_started = actor_now(p->owner);
    p->kill_grace = grace_ns;
    actor_timer_start(p->owner, &p->kill_timer, grace_ns, on_grace_over, p);
}

static void
shorten_grace(struct task_process *p, int64_t grace_ns)
{
    int64_t elapsed = actor_now(p->owner) - p->kill_started;
    int64_t remaining = grace_ns > elapsed ? grace_ns - elapsed : 0;

    if (grace_ns >= p->kill_grace) {
        return;
    }
    log_info("Rescheduling escalation to SIGKILL in %s from now",
             DURATION_TEXT(remaining));
    p->kill_grace = grace_ns;
    actor_timer_start(p->owner, &p->kill_timer, remaining, on_grace_over, p);
}

static void
on_grace_over(struct actor *self UNUSED, void *arg)
{
    struct task_process *p = arg;

    if (!p->child) {
        return;
    }
    if (p->container_id) {
        log_info("Task '%s' running in child container %s did not terminate "
                 "after %s, sending SIGKILL to the container", p->task_id,
                 p->container_id, DURATION_TEXT(p->kill_grace));
    } else {
        int pid = (int) actor_child_pid(p->child);

        log_info("Process %d did not terminate after %s, sending SIGKILL to "
                 "process tree at %d", pid, DURATION_TEXT(p->kill_grace),
                 pid);
    }
    tree_signal(p->owner, actor_child_pid(p->child), SIGKILL);
}

bool
task_process_is_killed(const struct task_process *p)
{
    return p->is_killed;
}

int64_t
task_process_grace(const V1__KillPolicy *order, const V1__KillPolicy *task)
{
    const V1__KillPolicy *policy = order && order->grace_period ? order : task;

    return policy && policy->grace_period ? policy->grace_period->nanoseconds
                                          : TASK_PROCESS_GRACE_DEFAULT;
}
