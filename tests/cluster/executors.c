/* SPDX-License-Identifier: Apache-2.0
 *
 * executors.c - what the agents of a cluster start: executors, which are real,
 * and commands, which are not. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#include "executor/command_executor.h"
#include "executor/default_executor.h"
#include "executor/executor_environment.h"
#include "proto/messages.h"
#include "tests/cluster/private.h"

/* --- executors --- */

struct executor_process {
    struct executor_environment environment;
    struct actor_gate *done;            /* owned */
    bool is_acknowledged;
};

static char *
variable(const struct sim_process *p, const char *name)
{
    const char *value = sim_process_getenv(p, name);

    CHECK(value != NULL, "the executor has no %s", name);
    return xstrdup(value);
}

/* What executor_environment_read() does, from an environment that is not
 * ours. */
static void
read_environment(const struct sim_process *p, struct executor_environment *to)
{
    autofree char *agent = variable(p, "MESOS_SLAVE_PID");
    autofree char *grace = variable(p,
                                    "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD");

    cluster_must(upid_parse(agent, &to->agent));
    cluster_must(duration_parse(grace, &to->grace_ns));
    to->agent_id = variable(p, "MESOS_SLAVE_ID");
    to->framework_id = variable(p, "MESOS_FRAMEWORK_ID");
    to->executor_id = variable(p, "MESOS_EXECUTOR_ID");
    to->directory = variable(p, "MESOS_DIRECTORY");
    to->is_local = true;                /* it must not kill our group */
    to->recovery_timeout_ns = 15 * MINUTE;
    to->backoff_max_ns = 1 * SECOND;
    autofree char *checkpoint = variable(p, "MESOS_CHECKPOINT");
    to->checkpoint = !strcmp(checkpoint, "1");
}

/* An executor has the name of its task, or of the first of its group. */
static struct cluster_task *
task_of(struct sim_process *p)
{
    const char *id = sim_process_getenv(p, "MESOS_EXECUTOR_ID");

    return cluster_task(cluster_of(p), id ? id : "");
}

static struct error *
open_executor(struct sim_process *p, struct executor_process **ret,
              struct actor_system **ret_system)
{
    struct executor_process *e = xcalloc(1, sizeof *e);
    const struct actor_system_options system_options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };

    sim_process_set_data(p, e);
    cluster_of(p)->n_executors++;
    task_of(p)->executor = p;
    e->done = actor_gate_create();
    read_environment(p, &e->environment);
    *ret = e;
    return sim_process_open(p, &system_options, ret_system);
}

static struct error *
executor_start(struct sim_process *p)
{
    struct executor_process *e;
    struct actor_system *system;
    struct error *error = open_executor(p, &e, &system);
    struct upid upid;

    if (error) {
        return error;
    }
    struct command_executor_options options = {
        .environment = &e->environment, .inherited = sim_process_envp(p),
        .done = e->done, .ret_is_acknowledged = &e->is_acknowledged,
    };
    return command_executor_start(system, &options, &upid);
}

static struct error *
default_executor_program_start(struct sim_process *p)
{
    struct executor_process *e;
    struct actor_system *system;
    struct error *error = open_executor(p, &e, &system);
    struct upid upid;

    if (error) {
        return error;
    }
    struct default_executor_options options = {
        .environment = &e->environment, .inherited = sim_process_envp(p),
        .done = e->done, .ret_is_acknowledged = &e->is_acknowledged,
    };
    return default_executor_start(system, &options, &upid);
}

static void
executor_turned(struct sim_process *p)
{
    const struct executor_process *e = sim_process_data(p);

    if (actor_gate_is_open(e->done)) {
        sim_process_exit(p, W_EXITCODE(e->is_acknowledged ? 0 : 1, 0));
    }
}

static void
executor_stop(struct sim_process *p)
{
    struct executor_process *e = sim_process_data(p);

    if (e) {                    /* else it was killed before it began */
        cluster_of(p)->n_executors--;
        if (task_of(p)->executor == p) {
            task_of(p)->executor = NULL;
        }
        executor_environment_fini(&e->environment);
        actor_gate_destroy(e->done);
        free(e);
    }
}

const struct sim_program cluster_executor_program = {
    .name = "mesos-executor", .start = executor_start,
    .turned = executor_turned, .stop = executor_stop,
};

const struct sim_program cluster_default_executor_program = {
    .name = "mesos-default-executor", .start = default_executor_program_start,
    .turned = executor_turned, .stop = executor_stop,
};

static struct sim_process *
executor_of(struct cluster *c, const char *task)
{
    struct sim_process *p = cluster_task(c, task)->executor;

    CHECK(p != NULL, "task %s has no executor", task);
    return p;
}

void
cluster_kill_executor(struct cluster *c, const char *task)
{
    sim_process_signal(executor_of(c, task), SIGKILL);
}

void
cluster_pause_executor(struct cluster *c, const char *task)
{
    sim_process_pause(executor_of(c, task), INT64_MAX / 2);
}

size_t
cluster_n_executors(struct cluster *c)
{
    return c->n_executors;
}

/* --- commands --- */

/* The task of a command has the name of its executor, but in a group. */
static struct error *
command_start(struct sim_process *p)
{
    struct cluster *c = cluster_of(p);
    const char *group_id = sim_process_getenv(p, CLUSTER_TASK_VARIABLE);
    const char *id = group_id ? group_id
                              : sim_process_getenv(p, "MESOS_EXECUTOR_ID");
    struct cluster_task *task = cluster_task(c, id ? id : "");

    sim_process_set_data(p, task);
    task->n_commands++;
    task->process = p;
    c->n_running++;
    if (!strcmp(task->command, "true")) {
        sim_process_exit(p, W_EXITCODE(0, 0));
    } else if (!strcmp(task->command, "false")) {
        sim_process_exit(p, W_EXITCODE(1, 0));
    }
    return NULL;
}

static bool
command_signalled(struct sim_process *p, int signal)
{
    struct cluster_task *task = sim_process_data(p);

    if (task) {
        task->last_signal = signal;
    }
    return task && !strcmp(task->command, "stubborn");
}

static void
command_stop(struct sim_process *p)
{
    struct cluster_task *task = sim_process_data(p);
    int status = sim_process_status(p);

    if (!task) {
        return;
    }
    if (WIFSIGNALED(status)) {
        task->last_signal = WTERMSIG(status);
    }
    if (task->process == p) {
        task->process = NULL;
    }
    cluster_of(p)->n_running--;
}

const struct sim_program cluster_command_program = {
    .name = "sh", .start = command_start, .signalled = command_signalled,
    .stop = command_stop,
};

size_t
cluster_n_commands(struct cluster *c, const char *task)
{
    return cluster_task(c, task)->n_commands;
}

int
cluster_command_signal(struct cluster *c, const char *task)
{
    return cluster_task(c, task)->last_signal;
}

bool
cluster_end_command(struct cluster *c, const char *task, int status)
{
    struct sim_process *p = cluster_task(c, task)->process;

    if (p) {
        sim_process_exit(p, status);
    }
    return p != NULL;
}
