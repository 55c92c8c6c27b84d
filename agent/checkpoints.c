/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpoints.c - what the agent keeps of itself, and when
 * (docs/agent-checkpoints.md).
 *
 * A task is durable before its executor is handed it, and an update before
 * anybody is told of it.  The rest is written in order, and not waited for.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>

#include "agent/checkpoint/checkpointer.h"
#include "agent/checkpoint/meta_paths.h"
#include "agent/state.h"
#include "proto/cmesos/checkpoint.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct tasks_durable {
    char *framework_id;         /* owned, as the next */
    char *executor_id;
    uint64_t checkpoint;
};

static void
tasks_durable_fini(void *arg)
{
    struct tasks_durable *body = arg;

    free(body->framework_id);
    free(body->executor_id);
}

const struct actor_msg_type msg_tasks_durable = {
    .name = "tasks-durable",
    .size = sizeof(struct tasks_durable), .fini = tasks_durable_fini,
};

bool
checkpoints_is_kept(const struct framework *framework)
{
    return record_framework_info(framework)->checkpoint;
}

static void
submit(struct agent *agent, struct checkpoint **c)
{
    checkpointer_submit(&agent->base, &agent->checkpointer, c, NULL);
}

/* What a task follows that is waited for, or a restart finds out again. */
static void
submit_later(struct agent *agent, struct checkpoint **c)
{
    checkpointer_submit_later(&agent->base, &agent->checkpointer, c);
}

/* A file with a line of text. */
static void
add_text(struct checkpoint *c, const char *directory, const char *file,
         const char *kind, const char *text)
{
    autofree char *path = xasprintf("%s/%s", directory, file);
    autofree char *line = xasprintf("%s\n", text);

    checkpoint_bytes(c, path, kind, line, strlen(line));
}

static void
add_message(struct checkpoint *c, const char *directory, const char *name,
            const ProtobufCMessage *message)
{
    autofree char *path = xasprintf("%s/%s", directory, name);

    checkpoint_message(c, path, name, message);
}

static char *
run_of(const struct agent *agent, const struct executor *executor)
{
    return meta_run(agent->id, executor->framework->id, executor->id,
                    executor->container_id);
}

/* --- the agent --- */

void
checkpoints_agent(struct agent *agent)
{
    struct message *m = message_create(&v1__agent_info__descriptor);
    V1__AgentInfo *info = registration_agent_info(agent, m);
    autofree char *directory = meta_agent(agent->id);
    struct checkpoint *c = checkpoint_create();

    vlog(1, "Checkpointing SlaveInfo to '%s/" META_AGENT_INFO "'", directory);
    /* The link first: if the file is there and the link is not, somebody has
     * removed it (saved_state.c). */
    checkpoint_link(c, META_LATEST_AGENT, directory);
    add_message(c, directory, META_AGENT_INFO, &info->base);
    submit(agent, &c);
    message_unref(m);
}

void
checkpoints_boot(struct agent *agent, const char *boot_id)
{
    struct checkpoint *c = checkpoint_create();
    autofree char *line = xasprintf("%s\n", boot_id);

    checkpoint_bytes(c, META_BOOT_ID, META_BOOT_ID, line, strlen(line));
    submit(agent, &c);
}

/* That there is nothing to say is said without a file. */
void
checkpoints_drain(struct agent *agent)
{
    autofree char *directory = meta_agent(agent->id);
    autofree char *path = xasprintf("%s/" META_DRAIN_CONFIG, directory);
    struct checkpoint *c = checkpoint_create();

    if (agent->drain) {
        const V1__DrainConfig *config = message_root(agent->drain);

        checkpoint_message(c, path, META_DRAIN_CONFIG, &config->base);
    } else {
        checkpoint_remove(c, path);
    }
    submit(agent, &c);
}

void
on_checkpoint_failed(struct actor *self, struct actor_msg *msg)
{
    struct checkpoint_failed *body = actor_msg_body(msg,
                                                    &msg_checkpoint_failed);

    agent_fail((struct agent *) self, body->why);
}

/* --- frameworks and executors --- */

void
checkpoints_framework(struct agent *agent, struct framework *framework)
{
    if (!checkpoints_is_kept(framework)) {
        return;
    }
    autofree char *directory = meta_framework(agent->id, framework->id);
    struct checkpoint *c = checkpoint_create();

    vlog(1, "Checkpointing FrameworkInfo to '%s/" META_FRAMEWORK_INFO "'",
         directory);
    add_message(c, directory, META_FRAMEWORK_INFO,
                &record_framework_info(framework)->base);
    add_text(c, directory, META_FRAMEWORK_PID, META_FRAMEWORK_PID,
             framework->pid ? framework->pid : "");
    submit_later(agent, &c);
}

void
checkpoints_executor(struct agent *agent, struct executor *executor)
{
    if (!checkpoints_is_kept(executor->framework)) {
        return;
    }
    autofree char *directory = meta_executor(
        agent->id, executor->framework->id, executor->id);
    autofree char *run = run_of(agent, executor);
    autofree char *latest = xasprintf("%s/runs/latest", directory);
    struct checkpoint *c = checkpoint_create();

    vlog(1, "Checkpointing ExecutorInfo to '%s/" META_EXECUTOR_INFO "'",
         directory);
    add_message(c, directory, META_EXECUTOR_INFO,
                &record_executor_info(executor)->base);
    add_text(c, directory, META_IS_COMMAND, META_IS_COMMAND,
             executor->is_command ? "1" : "0");
    /* The directory comes with the first file in it, the link before that
     * leads nowhere: both are durable together. */
    checkpoint_link(c, latest, run);
    submit_later(agent, &c);
}

void
checkpoints_pid(struct agent *agent, struct executor *executor)
{
    if (!checkpoints_is_kept(executor->framework)) {
        return;
    }
    autofree char *run = run_of(agent, executor);
    struct checkpoint *c = checkpoint_create();
    char text[16];

    snprintf(text, sizeof text, "%d", (int) executor->pid);
    add_text(c, run, "pids/" META_FORKED_PID, META_FORKED_PID, text);
    submit(agent, &c);
}

void
checkpoints_upid(struct agent *agent, struct executor *executor)
{
    if (!checkpoints_is_kept(executor->framework)) {
        return;
    }
    autofree char *run = run_of(agent, executor);
    struct checkpoint *c = checkpoint_create();

    add_text(c, run, "pids/" META_EXECUTOR_UPID, META_EXECUTOR_UPID,
             UPID_TEXT(&executor->upid));
    submit(agent, &c);
}

void
checkpoints_over(struct agent *agent, struct executor *executor)
{
    if (!checkpoints_is_kept(executor->framework)) {
        return;
    }
    autofree char *run = run_of(agent, executor);
    autofree char *path = xasprintf("%s/" META_SENTINEL, run);
    struct checkpoint *c = checkpoint_create();

    checkpoint_bytes(c, path, META_SENTINEL, NULL, 0);
    submit_later(agent, &c);
}

/* --- tasks --- */

static void
add_task(struct checkpoint *c, const char *run, const struct task *task)
{
    autofree char *directory = xasprintf("%s/tasks/%s", run, task->id);
    Checkpoint__Task file = CHECKPOINT__TASK__INIT;

    vlog(1, "Checkpointing TaskInfo to '%s/" META_TASK_INFO "'", directory);
    file.task = (V1__TaskInfo *) task->info;
    file.has_group = task->group > 0;
    file.group = task->group;
    add_message(c, directory, META_TASK_INFO, &file.base);
}

void
checkpoints_tasks(struct agent *agent, struct executor *executor)
{
    if (!checkpoints_is_kept(executor->framework)) {
        return;
    }
    struct actor_msg *done = actor_msg_create(&msg_tasks_durable);
    struct tasks_durable *body = actor_msg_body(done, &msg_tasks_durable);
    autofree char *run = run_of(agent, executor);
    struct checkpoint *c = checkpoint_create();

    body->framework_id = xstrdup(executor->framework->id);
    body->executor_id = xstrdup(executor->id);
    body->checkpoint = ++agent->n_checkpoints;
    records_foreach (executor->tasks, task) {
        if (task->checkpoint == CHECKPOINT_WANTED) {
            task->checkpoint = body->checkpoint;
            add_task(c, run, task);
        }
    }
    checkpointer_submit(&agent->base, &agent->checkpointer, &c, &done);
}

void
on_tasks_durable(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct tasks_durable *body = actor_msg_body(msg, &msg_tasks_durable);
    struct framework *framework =
        records_find_framework(&agent->frameworks, body->framework_id);
    struct executor *executor = framework
        ? records_find_executor(framework, body->executor_id) : NULL;

    if (!executor) {
        return;
    }
    records_foreach (executor->tasks, task) {
        if (task->checkpoint == body->checkpoint) {
            task->checkpoint = 0;
        }
    }
    if (executor->state == EXECUTOR_RUNNING) {
        launch_deliver(agent, executor);
    }
}

char *
checkpoints_log(const struct agent *agent, const struct executor *executor,
                const char *task_id)
{
    if (!executor || !checkpoints_is_kept(executor->framework) ||
        !records_find_task(executor, task_id)) {
        return NULL;
    }
    autofree char *run = run_of(agent, executor);

    return xasprintf("%s/tasks/%s/" META_TASK_UPDATES, run, task_id);
}
