/* SPDX-License-Identifier: Apache-2.0
 *
 * executors.c - executors: how each comes to be.
 *
 * An executor registers, runs, terminates, is terminated.  What it says while
 * it lives is in executor_calls.c, how it ends in executor_end.c.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "agent/containerizer.h"
#include "agent/default_executor_command.h"
#include "agent/environment.h"
#include "agent/executors_private.h"
#include "agent/gc.h"
#include "agent/leftovers.h"
#include "agent/paths.h"
#include "agent/sandbox_files.h"
#include "agent/state.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* The longest that an executor may take to end. */
#define GRACE_MAX (52 * WEEK)

static void await_registration(struct agent *, struct executor *);
static void launch_later(struct agent *, struct container_spec *);
static void launch_now(struct actor *, void *spec);
static void destroy_spec(void *spec);
static void fill_spec(struct agent *, const struct executor *,
                      const char *user, struct container_spec *);
static void log_launch(const struct executor *);
static void on_registration_timeout(struct actor *, void *executor);

/* --- starting --- */

struct executor *
executors_launch(struct agent *agent, struct framework *framework,
                 struct message *message, bool is_command, const char *user,
                 struct volume_links *links)
{
    const V1__ExecutorInfo *info = message_root(message);
    char container_id[UUID_TEXT_SIZE];
    struct container_spec spec;
    struct uuid uuid;

    actor_random_uuid(&agent->base, &uuid);
    uuid_format(&uuid, container_id);
    autofree char *directory =
        paths_sandbox(agent->work_dir, agent->id, framework->id,
                      info->executor_id->value, container_id);
    struct executor *executor =
        record_executor_create(framework, message, container_id, directory);

    executor->is_command = is_command;
    executor->grace_ns = executors_grace(agent, info);
    records_add_executor(framework, executor);
    agent_metrics_add_executor(&agent->metrics, executor->state, 1);
    agent_metrics_add_used(&agent->metrics, &executor->resources, 1);
    log_launch(executor);
    checkpoints_executor(agent, executor);
    sandbox_files_show(actor_system_of(&agent->base), executor);

    fill_spec(agent, executor, user, &spec);
    spec.links = *links;
    *links = (struct volume_links) { .items = VEC_EMPTY };
    log_info("Launching container %s for executor '%s' of framework %s",
             container_id, executor->id, framework->id);
    if (leftovers_unschedule(agent, executor)) {
        containerizer_launch(&agent->base, &agent->containerizer, &spec);
    } else {
        launch_later(agent, &spec);
    }
    if (!info->command || info->command->n_uris == 0) {
        await_registration(agent, executor);
    }
    return executor;
}

static void
await_registration(struct agent *agent, struct executor *executor)
{
    actor_timer_start(&agent->base, &executor->registration_timer,
                      agent->flags->executor_registration_timeout,
                      on_registration_timeout, executor);
}

/* Directories of the executor are being moved away. */
static void
launch_later(struct agent *agent, struct container_spec *spec)
{
    struct container_spec *kept = xcalloc(1, sizeof *kept);

    *kept = *spec;
    gc_wait(agent->gc, launch_now, kept, destroy_spec);
}

static void
launch_now(struct actor *self, void *spec_)
{
    struct agent *agent = (struct agent *) self;
    struct container_spec *spec = spec_;
    struct executor *executor =
        executors_find_container(agent, spec->framework_id,
                                 spec->executor_id, spec->container_id);

    if (!executor) {
        return;
    }
    /* What was written before may have been moved away. */
    records_foreach (executor->tasks, task) {
        if (task->order && checkpoints_is_kept(executor->framework)) {
            task->checkpoint = CHECKPOINT_WANTED;
        }
    }
    checkpoints_executor(agent, executor);
    checkpoints_tasks(agent, executor);
    containerizer_launch(self, &agent->containerizer, spec);
    if (executor->state == EXECUTOR_TERMINATING) {
        containerizer_destroy(self, &agent->containerizer,
                              executor->container_id);
    }
}

static void
destroy_spec(void *spec)
{
    container_spec_fini(spec);
    free(spec);
}

/* What a framework asks for, within reason. */
int64_t
executors_grace(const struct agent *agent, const V1__ExecutorInfo *info)
{
    int64_t grace = agent->flags->executor_shutdown_grace_period;

    if (info->shutdown_grace_period) {
        grace = info->shutdown_grace_period->nanoseconds;
    }
    return grace < 0 ? 0 : grace > GRACE_MAX ? GRACE_MAX : grace;
}

static void
fill_argv(const V1__CommandInfo *command, struct container_spec *spec)
{
    if (command->shell) {
        spec->path = xstrdup("/bin/sh");
        spec->argv = xcalloc(4, sizeof *spec->argv);
        spec->argv[0] = xstrdup("sh");
        spec->argv[1] = xstrdup("-c");
        spec->argv[2] = xstrdup(command->value);
        return;
    }
    spec->path = xstrdup(command->value);
    spec->argv = xcalloc(command->n_arguments + 2, sizeof *spec->argv);
    if (command->n_arguments == 0) {
        spec->argv[0] = xstrdup(command->value);
    }
    for (size_t i = 0; i < command->n_arguments; i++) {
        spec->argv[i] = xstrdup(command->arguments[i]);
    }
}

static void
fill_spec(struct agent *agent, const struct executor *executor,
          const char *user, struct container_spec *spec)
{
    const V1__ExecutorInfo *info = record_executor_info(executor);
    autodestroy(message) *made = default_executor_is(info)
        ? default_executor_command(agent->flags)
        : NULL;
    const V1__CommandInfo *command = made ? message_root(made)
                                          : info->command;
    struct environment_options environment = {
        .framework_id = executor->framework->id,
        .executor_id = executor->id,
        .agent_id = agent->id,
        .agent = actor_upid(&agent->base),
        .directory = executor->directory,
        .libprocess_ip = agent->libprocess_ip,
        .shutdown_grace_ns = executor->grace_ns,
        .checkpoint = checkpoints_is_kept(executor->framework),
        .recovery_timeout_ns = agent->flags->recovery_timeout,
        .backoff_max_ns = agent->flags->executor_reregistration_timeout,
        .command = command->environment,
    };

    *spec = (struct container_spec) {
        .container_id = xstrdup(executor->container_id),
        .framework_id = xstrdup(executor->framework->id),
        .executor_id = xstrdup(executor->id),
        .sandbox = xstrdup(executor->directory),
        .user = user ? xstrdup(user) : NULL,
        .envp = environment_create(&environment),
        .executor_info = message_ref(executor->info),
    };
    fill_argv(command, spec);
}

static void
log_launch(const struct executor *executor)
{
    const V1__ExecutorInfo *info = record_executor_info(executor);
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    for (size_t i = 0; i < info->n_resources; i++) {
        strbuf_append(&text, i ? "," : "");
        message_encode_json(&info->resources[i]->base, &text);
    }
    log_info("Launching executor '%s' of framework %s with resources [%s] in "
             "work directory '%s'", executor->id, executor->framework->id,
             text.data, executor->directory);
}

void
on_container_launched(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct container_launched *body =
        actor_msg_body(msg, &msg_container_launched);
    struct executor *executor =
        executors_find_container(agent, body->framework_id,
                                 body->executor_id, body->container_id);

    if (body->failure) {
        metric_increment(agent->metrics.container_launch_errors, 1);
    }
    if (!executor) {
        containerizer_destroy(self, &agent->containerizer,
                              body->container_id);
        return;
    }
    if (!body->failure) {
        executor->pid = body->pid;
        checkpoints_pid(agent, executor);
        if (executor->state == EXECUTOR_REGISTERING
            && !executor->is_recovered
            && !actor_timer_is_armed(&executor->registration_timer)) {
            await_registration(agent, executor);    /* it has its URIs */
        }
        return;
    }
    log_error("Container '%s' for executor '%s' of framework %s failed to "
              "start: %s", body->container_id, executor->id,
              executor->framework->id, body->failure);
    executor->failure_text = xasprintf("Failed to launch container: %s",
                                       body->failure);
    executor->failure = executor->failure_text;
    executor->failure_reason =
        V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED;
    executors_ended(agent, executor, -1);
}

static void
on_registration_timeout(struct actor *self, void *arg)
{
    struct agent *agent = (struct agent *) self;
    struct executor *executor = arg;
    const char *timeout =
        DURATION_TEXT(agent->flags->executor_registration_timeout);

    log_info("Terminating executor %s because it did not register within %s",
             EXECUTOR_TEXT(executor), timeout);
    free(executor->failure_text);
    executor->failure_text =
        xasprintf("Executor did not register within %s", timeout);
    executor->failure = executor->failure_text;
    executor->failure_reason =
        V1__TASK_STATUS__REASON__REASON_EXECUTOR_REGISTRATION_TIMEOUT;
    executors_set_state(agent, executor, EXECUTOR_TERMINATING);
    containerizer_destroy(self, &agent->containerizer,
                          executor->container_id);
}

/* --- helpers --- */

void
executors_set_state(struct agent *agent, struct executor *executor,
                    enum executor_state state)
{
    if (state != executor->state) {
        agent_metrics_add_executor(&agent->metrics, executor->state, -1);
        agent_metrics_add_executor(&agent->metrics, state, 1);
        executor->state = state;
    }
}

struct executor *
executors_find(const struct agent *agent, const char *framework_id,
               const char *executor_id)
{
    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);

    return framework ? records_find_executor(framework, executor_id) : NULL;
}

struct executor *
executors_find_container(const struct agent *agent, const char *framework_id,
                         const char *executor_id, const char *container_id)
{
    struct executor *executor = executors_find(agent, framework_id,
                                               executor_id);

    if (executor && executor->state != EXECUTOR_TERMINATED &&
        strcmp(executor->container_id, container_id) == 0) {
        return executor;
    }
    return NULL;
}
