/* SPDX-License-Identifier: Apache-2.0
 *
 * executors.c - the processes of a cluster: executors, which are systems, and
 * commands, which are only written down.
 *
 * A process is started in a turn of the agent, and a system cannot be added
 * there; so it begins when all the others are quiet. */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "executor/command_executor.h"
#include "tests/cluster/private.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/multi_system.h"

static void on_executor_spawn(void *agent, const struct fake_child *);
static void on_command_spawn(void *executor, const struct fake_child *);

void
cluster_watch_agent(struct cluster_agent *agent)
{
    fake_process_on_spawn(agent->processes, on_executor_spawn, agent);
}

static void
on_executor_spawn(void *agent_, const struct fake_child *child)
{
    struct cluster_agent *agent = agent_;
    struct cluster_executor *e = xcalloc(1, sizeof *e);

    e->cluster = agent->cluster;
    e->agent_processes = agent->processes;
    e->process = child;
    vec_push(&agent->cluster->executors, e);
}

/* --- executors --- */

static char *
variable(const struct cluster_executor *e, const char *name)
{
    const char *value = fake_child_getenv(e->process, name);

    ck_assert_msg(value != NULL, "the executor has no %s", name);
    return xstrdup(value);
}

/* What executor_environment_read() does, from an environment that is not
 * ours. */
static void
read_environment(struct cluster_executor *e)
{
    struct executor_environment *to = &e->environment;
    autofree char *agent = variable(e, "MESOS_SLAVE_PID");
    autofree char *grace = variable(e,
                                    "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD");

    ck_assert_ptr_null(upid_parse(agent, &to->agent));
    ck_assert_ptr_null(duration_parse(grace, &to->grace_ns));
    to->agent_id = variable(e, "MESOS_SLAVE_ID");
    to->framework_id = variable(e, "MESOS_FRAMEWORK_ID");
    to->executor_id = variable(e, "MESOS_EXECUTOR_ID");
    to->directory = variable(e, "MESOS_DIRECTORY");
    to->is_local = true;                /* it must not kill our group */
    to->recovery_timeout_ns = 15 * MINUTE;
    to->backoff_max_ns = 1 * SECOND;
}

static void
start(struct cluster_executor *e)
{
    struct command_executor_options options = {
        .environment = &e->environment,
        .ret_is_acknowledged = &e->is_acknowledged,
    };
    struct upid upid;

    read_environment(e);
    e->done = actor_gate_create();
    options.done = e->done;
    e->processes = fake_process_create();
    fake_process_on_spawn(e->processes, on_command_spawn, e);
    e->system = cluster_add_system(e->cluster, e->processes, NULL);
    ck_assert_ptr_null(command_executor_start(e->system, &options, &upid));
}

/* The process ends, or has been killed. */
static void
stop(struct cluster_executor *e)
{
    e->is_over = true;
    if (e->system) {
        multi_system_remove(e->cluster->systems, e->system);
        e->system = NULL;
    }
    fake_process_exit(e->agent_processes, e->process->pid,
                      W_EXITCODE(e->is_acknowledged ? 0 : 1, 0));
}

static const struct fake_child *
command(const struct cluster_executor *e)
{
    return e->processes ? fake_process_at(e->processes, 0) : NULL;
}

static bool
tend_command(struct cluster_executor *e)
{
    const struct fake_child *child = command(e);

    if (!child || !child->is_running) {
        return false;
    }
    const struct cluster_task *task =
        cluster_task(e->cluster, e->environment.executor_id);
    int status;

    if (!strcmp(task->command, "true")) {
        status = W_EXITCODE(0, 0);
    } else if (!strcmp(task->command, "false")) {
        status = W_EXITCODE(1, 0);
    } else if (child->last_signal && strcmp(task->command, "stubborn")) {
        status = W_EXITCODE(0, child->last_signal);
    } else {
        return false;
    }
    return fake_process_exit(e->processes, child->pid, status);
}

static bool
tend(struct cluster_executor *e)
{
    if (e->is_over) {
        return false;
    }
    if (!e->process->is_running
        || (e->system && actor_gate_is_open(e->done))) {
        stop(e);
        return true;
    }
    if (!e->system) {
        start(e);
        return true;
    }
    return tend_command(e);
}

bool
cluster_tend_executors(void *c_)
{
    struct cluster *c = c_;
    bool did_something = false;

    /* More of them may come meanwhile. */
    for (size_t i = 0; i < c->executors.n; i++) {
        did_something |= tend(c->executors.data[i]);
    }
    return did_something;
}

void
cluster_free_executors(struct cluster *c)
{
    vec_foreach (&c->executors, it) {
        struct cluster_executor *e = *it;

        executor_environment_fini(&e->environment);
        fake_process_destroy(e->processes);
        if (e->done) {
            actor_gate_destroy(e->done);
        }
        free(e);
    }
    vec_fini(&c->executors);
}

/* --- commands --- */

static void
on_command_spawn(void *e_, const struct fake_child *child)
{
    struct cluster_executor *e = e_;

    (void) child;
    cluster_task(e->cluster, e->environment.executor_id)->n_commands++;
}

/* The newest executor of a task that has come to start its command. */
static struct cluster_executor *
find_executor(struct cluster *c, const char *task)
{
    for (size_t i = c->executors.n; i-- > 0;) {
        struct cluster_executor *e = c->executors.data[i];

        if (command(e) && !strcmp(e->environment.executor_id, task)) {
            return e;
        }
    }
    return NULL;
}

size_t
cluster_n_commands(struct cluster *c, const char *task)
{
    return cluster_task(c, task)->n_commands;
}

int
cluster_command_signal(struct cluster *c, const char *task)
{
    struct cluster_executor *e = find_executor(c, task);

    return e ? command(e)->last_signal : 0;
}

bool
cluster_end_command(struct cluster *c, const char *task, int status)
{
    struct cluster_executor *e = find_executor(c, task);
    bool did_run = e && e->system
        && fake_process_exit(e->processes, command(e)->pid, status);

    multi_system_run(c->systems);
    return did_run;
}

size_t
cluster_n_executors(struct cluster *c)
{
    size_t n = 0;

    vec_foreach (&c->executors, it) {
        n += !(*it)->is_over;
    }
    return n;
}
