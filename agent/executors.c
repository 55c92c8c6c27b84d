/* SPDX-License-Identifier: Apache-2.0
 *
 * executors.c - executors: their start, their calls, their end.
 *
 * An executor registers, runs, terminates, is terminated.  Its record stays
 * until the last update of its tasks is acknowledged, then it moves to the
 * completed ones of its framework; a framework without executors goes the same
 * way.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#include "agent/containerizer.h"
#include "agent/default_executor_command.h"
#include "agent/environment.h"
#include "agent/gc.h"
#include "agent/leftovers.h"
#include "agent/paths.h"
#include "agent/sandbox_files.h"
#include "agent/state.h"
#include "agent/status_update_manager.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
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
static void count_ignored(struct agent *, const Executor__Call *);
static void subscribe(struct agent *, const struct upid *,
                      const Executor__Call *, struct message *);
static void resubscribe(struct agent *, struct executor *,
                        const Executor__Call__Subscribe *, struct message *);
static void update(struct agent *, struct executor *, const V1__TaskStatus *,
                   struct message *);
static void forward_data(struct agent *, const Executor__Call *,
                         struct message *);
static void send_subscribed(struct agent *, const struct executor *);
static void send_shutdown(struct agent *, const struct upid *);
static void on_registration_timeout(struct actor *, void *executor);
static void on_shutdown_timeout(struct actor *, void *executor);
static void log_exit(const struct container_terminated *);
static void ended(struct agent *, struct executor *, int status);
static void set_state(struct agent *, struct executor *,
                      enum executor_state);
static void end_tasks(struct agent *, struct executor *);
static void complete_task(struct agent *, struct task *);
static void remove_executor(struct agent *, struct executor *);
static void remove_framework(struct agent *, struct framework *);
static struct executor *find(const struct agent *, const char *framework_id,
                             const char *executor_id);
static struct executor *find_container(const struct agent *,
                                       const char *framework_id,
                                       const char *executor_id,
                                       const char *container_id);

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
        find_container(agent, spec->framework_id, spec->executor_id,
                       spec->container_id);

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
        ? default_executor_command(agent->flags->launcher_dir,
                                   agent->flags->switch_user)
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
        find_container(agent, body->framework_id, body->executor_id,
                       body->container_id);

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
    ended(agent, executor, -1);
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
    set_state(agent, executor, EXECUTOR_TERMINATING);
    containerizer_destroy(self, &agent->containerizer,
                          executor->container_id);
}

/* --- calls of an executor --- */

void
on_executor_call(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Executor__Call *call = actor_msg_root(msg, &msg_executor_call);
    const char *executor_id = call->executor_id->value;
    const char *framework_id = call->framework_id->value;
    struct message *message = actor_msg_message(msg);
    struct upid from;

    actor_msg_from(msg, &from);
    if (call->type == EXECUTOR__CALL__TYPE__SUBSCRIBE) {
        subscribe(agent, &from, call, message);
        return;
    }

    struct executor *executor = find(agent, framework_id, executor_id);
    if (!executor || !upid_is_same(&executor->upid, &from)) {
        log_warn("Ignoring call of executor '%s' of framework %s from %s "
                 "because it is not subscribed", executor_id, framework_id,
                 UPID_TEXT(&from));
        count_ignored(agent, call);
        return;
    }
    executor->is_connected = true;
    if (call->type == EXECUTOR__CALL__TYPE__UPDATE && call->update) {
        update(agent, executor, call->update->status, message);
    } else if (call->type == EXECUTOR__CALL__TYPE__MESSAGE && call->message) {
        forward_data(agent, call, message);
    } else {
        count_ignored(agent, call);
    }
}

static void
count_ignored(struct agent *agent, const Executor__Call *call)
{
    if (call->type == EXECUTOR__CALL__TYPE__UPDATE) {
        metric_increment(agent->metrics.invalid_status_updates, 1);
    } else if (call->type == EXECUTOR__CALL__TYPE__MESSAGE) {
        metric_increment(agent->metrics.invalid_framework_messages, 1);
    }
}

static void
subscribe(struct agent *agent, const struct upid *from,
          const Executor__Call *call, struct message *message)
{
    const char *executor_id = call->executor_id->value;
    const char *framework_id = call->framework_id->value;
    struct executor *executor = find(agent, framework_id, executor_id);

    log_info("Got registration for executor '%s' of framework %s from %s",
             executor_id, framework_id, UPID_TEXT(from));
    if (!executor || executor->framework->is_terminating ||
        agent->state == AGENT_TERMINATING ||
        executor->state > EXECUTOR_RUNNING) {
        log_warn("Shutting down executor '%s' of framework %s because it is "
                 "%s", executor_id, framework_id,
                 executor ? "terminating" : "unknown");
        send_shutdown(agent, from);
        return;
    }
    bool is_moved = !upid_equal(&executor->upid, from);
    bool is_new = executor->state == EXECUTOR_REGISTERING &&
                  !executor->is_recovered;

    executor->upid = *from;
    executor->is_connected = true;
    executor->is_recovered = false;
    actor_link(&agent->base, from);
    actor_timer_cancel(&agent->base, &executor->registration_timer);
    if (is_moved) {
        checkpoints_upid(agent, executor);
    }
    set_state(agent, executor, EXECUTOR_RUNNING);
    send_subscribed(agent, executor);
    if (!is_new && call->subscribe) {
        resubscribe(agent, executor, call->subscribe, message);
    }
    launch_deliver(agent, executor);
    if (!executor->has_been_sent_task &&
        !record_executor_has_queued_tasks(executor)) {
        executors_shutdown_unused(agent, executor);
    }
    recovery_check(agent);
}

/* An executor that lost us comes back with what we may have missed. */
static void
resubscribe(struct agent *agent, struct executor *executor,
            const Executor__Call__Subscribe *call, struct message *message)
{
    for (size_t i = 0; i < call->n_unacknowledged_updates; i++) {
        update(agent, executor, call->unacknowledged_updates[i]->status,
               message);
    }
    recovery_compare(agent, executor, call->unacknowledged_tasks,
                     call->n_unacknowledged_tasks);
    records_foreach (executor->tasks, task) {
        if (task->kill && task->place == TASK_LAUNCHED) {
            struct message *kill = steal(task->kill);

            launch_kill(agent, executor, task, kill);
            message_unref(kill);
        }
    }
}

static void
update(struct agent *agent, struct executor *executor,
       const V1__TaskStatus *status, struct message *message)
{
    const char *task_id = status->task_id->value;

    if (!status->has_uuid || status->uuid.len != sizeof(struct uuid)) {
        log_warn("Ignoring status update for task %s of executor %s because "
                 "it has no UUID", task_id, EXECUTOR_TEXT(executor));
        metric_increment(agent->metrics.invalid_status_updates, 1);
        return;
    }
    if (status->state == V1__TASK_STATE__TASK_STAGING) {
        log_error("Executor %s sent TASK_STAGING for task %s, which it must "
                  "not", EXECUTOR_TEXT(executor), task_id);
        metric_increment(agent->metrics.invalid_status_updates, 1);
        executors_shutdown(agent, executor);
        return;
    }
    updates_from_executor(agent, executor, status, message);
}

static void
forward_data(struct agent *agent, const Executor__Call *call,
             struct message *message)
{
    struct message *m =
        message_create(&internal__executor_to_framework__descriptor);
    Internal__ExecutorToFramework *root = message_root(m);

    root->agent_id = message_new(m, &v1__agent_id__descriptor);
    root->agent_id->value = message_strdup(m, agent->id);
    root->framework_id = call->framework_id;
    root->executor_id = call->executor_id;
    root->data = call->message->data;
    message_hold(m, message);
    actor_send_message(&agent->base, &agent->master,
                       &msg_executor_to_framework, &m);
    metric_increment(agent->metrics.valid_framework_messages, 1);
}

/* --- events --- */

void
executors_send(struct agent *agent, const struct executor *executor,
               struct message **event)
{
    if (!executor->is_connected) {
        vlog(1, "Dropping an event for executor %s, which is disconnected",
             EXECUTOR_TEXT(executor));
        message_unref(steal(*event));
        return;
    }
    actor_send_message(&agent->base, &executor->upid, &msg_executor_event,
                       event);
}

/* The executor will end or subscribe again.  Until then nothing is sent: it
 * would not know what it has missed. */
void
executors_disconnected(struct agent *agent, const struct upid *who)
{
    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            if (executor->is_connected && upid_equal(&executor->upid, who)) {
                executor->is_connected = false;
            }
        }
    }
}

static void
send_subscribed(struct agent *agent, const struct executor *executor)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);
    Executor__Event__Subscribed *subscribed =
        message_new(m, &executor__event__subscribed__descriptor);

    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__SUBSCRIBED;
    event->subscribed = subscribed;
    subscribed->executor_info = message_root(executor->info);
    message_hold(m, executor->info);
    subscribed->framework_info = message_root(executor->framework->info);
    message_hold(m, executor->framework->info);
    subscribed->agent_info = registration_agent_info(agent, m);
    subscribed->container_id = message_new(m, &v1__container_id__descriptor);
    subscribed->container_id->value = message_strdup(m,
                                                     executor->container_id);
    executors_send(agent, executor, &m);
}

static void
send_shutdown(struct agent *agent, const struct upid *to)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__SHUTDOWN;
    actor_send_message(&agent->base, to, &msg_executor_event, &m);
}

void
on_framework_to_executor(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__FrameworkToExecutor *data =
        actor_msg_root(msg, &msg_framework_to_executor);
    struct executor *executor = find(agent, data->framework_id->value,
                                     data->executor_id->value);

    if (!executor || executor->state != EXECUTOR_RUNNING) {
        log_warn("Dropping message for executor '%s' of framework %s because "
                 "it is not running", data->executor_id->value,
                 data->framework_id->value);
        metric_increment(agent->metrics.invalid_framework_messages, 1);
        return;
    }

    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);
    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__MESSAGE;
    event->message = message_new(m, &executor__event__message__descriptor);
    event->message->data = data->data;
    message_hold(m, actor_msg_message(msg));
    executors_send(agent, executor, &m);
    metric_increment(executor->is_connected
                         ? agent->metrics.valid_framework_messages
                         : agent->metrics.invalid_framework_messages, 1);
}

/* --- shutting down --- */

void
executors_kill(struct agent *agent, struct executor *executor)
{
    set_state(agent, executor, EXECUTOR_TERMINATING);
    actor_timer_cancel(&agent->base, &executor->registration_timer);
    containerizer_destroy(&agent->base, &agent->containerizer,
                          executor->container_id);
}

void
executors_shutdown_unused(struct agent *agent, struct executor *executor)
{
    log_warn("Shutting down executor %s because it has never been sent a "
             "task and all of its queued tasks have been killed before "
             "delivery", EXECUTOR_TEXT(executor));
    executors_shutdown(agent, executor);
}

void
executors_shutdown(struct agent *agent, struct executor *executor)
{
    bool has_registered = executor->state == EXECUTOR_RUNNING;

    if (executor->state > EXECUTOR_RUNNING) {
        return;
    }
    log_info("Shutting down executor %s", EXECUTOR_TEXT(executor));
    set_state(agent, executor, EXECUTOR_TERMINATING);
    actor_timer_cancel(&agent->base, &executor->registration_timer);
    if (!has_registered) {
        containerizer_destroy(&agent->base, &agent->containerizer,
                              executor->container_id);
        return;
    }
    if (executor->is_connected) {
        send_shutdown(agent, &executor->upid);
    }
    actor_timer_start(&agent->base, &executor->shutdown_timer,
                      executor->grace_ns, on_shutdown_timeout, executor);
}

static void
on_shutdown_timeout(struct actor *self, void *arg)
{
    struct agent *agent = (struct agent *) self;
    struct executor *executor = arg;

    log_info("Killing executor %s", EXECUTOR_TEXT(executor));
    containerizer_destroy(self, &agent->containerizer,
                          executor->container_id);
}

void
executors_shutdown_framework(struct agent *agent, struct framework *framework)
{
    log_info("Shutting down framework %s", framework->id);
    framework->is_terminating = true;
    framework->n_refused = 0;
    status_update_manager_close(&agent->base, &agent->status_updates,
                                framework->id);
    records_foreach (framework->executors, executor) {
        if (executor->state == EXECUTOR_TERMINATED) {
            remove_executor(agent, executor);
        } else {
            executors_shutdown(agent, executor);
        }
    }
    executors_settle(agent, framework, NULL);
}

static void
shut_framework_down(struct agent *agent, struct message *message)
{
    const Internal__ShutdownFramework *order = message_root(message);
    const char *framework_id = order->framework_id->value;

    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);
    if (!framework) {
        log_warn("Cannot shut down unknown framework %s", framework_id);
    } else if (framework->is_terminating) {
        log_warn("Ignoring shutdown framework %s because it is terminating",
                 framework_id);
    } else {
        executors_shutdown_framework(agent, framework);
    }
}

void
on_shutdown_framework(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__ShutdownFramework *order =
        actor_msg_root(msg, &msg_shutdown_framework);

    if (!agent_is_from_master(agent, msg, "shutdown framework message")) {
        return;
    }
    log_info("Asked to shut down framework %s by %s",
             order->framework_id->value, UPID_TEXT(&agent->master));
    agent_operations_in_line(agent, shut_framework_down,
                             actor_msg_message(msg));
}

void
on_shutdown_executor(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__ShutdownExecutor *order =
        actor_msg_root(msg, &msg_shutdown_executor);
    struct executor *executor;

    if (!agent_is_from_master(agent, msg, "shutdown executor message")) {
        return;
    }
    log_info("Asked to shut down executor '%s' of framework %s by %s",
             order->executor_id->value, order->framework_id->value,
             UPID_TEXT(&agent->master));
    executor = find(agent, order->framework_id->value,
                    order->executor_id->value);
    if (!executor) {
        log_warn("Ignoring shutdown executor '%s' of framework %s because it "
                 "is unknown", order->executor_id->value,
                 order->framework_id->value);
        return;
    }
    executors_shutdown(agent, executor);
}

void
on_update_framework(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    const Internal__UpdateFramework *order =
        actor_msg_root(msg, &msg_update_framework);
    const V1__FrameworkID *id = order->framework->id;
    struct framework *framework =
        id ? records_find_framework(&agent->frameworks, id->value) : NULL;

    if (agent_is_from_master(agent, msg, "update framework message") &&
        framework) {
        log_info("Updating info for framework %s", framework->id);
        record_framework_set_info(framework, order->framework);
        checkpoints_framework(agent, framework);
        if (agent->state == AGENT_RUNNING) {
            /* Its new scheduler hears at once what the old one missed. */
            status_update_manager_resume(self, &agent->status_updates);
        }
    }
}

/* --- ending --- */

void
on_container_terminated(struct actor *self, struct actor_msg *msg)
{
    struct agent *agent = (struct agent *) self;
    struct container_terminated *body =
        actor_msg_body(msg, &msg_container_terminated);
    struct executor *executor =
        find_container(agent, body->framework_id, body->executor_id,
                       body->container_id);

    log_exit(body);
    if (executor) {
        ended(agent, executor, body->status);
    }
}

static void
log_exit(const struct container_terminated *body)
{
    const char *executor_id = body->executor_id;
    const char *framework_id = body->framework_id;

    if (body->status == -1) {
        log_info("Executor '%s' of framework %s has terminated with unknown "
                 "status", executor_id, framework_id);
    } else if (WIFEXITED(body->status)) {
        log_info("Executor '%s' of framework %s exited with status %d",
                 executor_id, framework_id, WEXITSTATUS(body->status));
    } else {
        log_info("Executor '%s' of framework %s terminated with signal %s",
                 executor_id, framework_id,
                 strsignal(WTERMSIG(body->status)));
    }
}

static void
ended(struct agent *agent, struct executor *executor, int status)
{
    struct framework *framework = executor->framework;

    actor_timer_cancel(&agent->base, &executor->registration_timer);
    actor_timer_cancel(&agent->base, &executor->shutdown_timer);
    executor->is_recovered = false;
    set_state(agent, executor, EXECUTOR_TERMINATED);
    agent_metrics_add_used(&agent->metrics, &executor->resources, -1);
    end_tasks(agent, executor);
    if (!executor->is_command) {
        executors_tell_exited(agent, framework->id, executor->id, status);
    }
    executors_settle(agent, framework, executor);
    recovery_check(agent);
}

static void
set_state(struct agent *agent, struct executor *executor,
          enum executor_state state)
{
    if (state != executor->state) {
        agent_metrics_add_executor(&agent->metrics, executor->state, -1);
        agent_metrics_add_executor(&agent->metrics, state, 1);
        executor->state = state;
    }
}

static int
lost_state(const struct framework *framework)
{
    bool knows_partitions = record_framework_has_capability(
        framework, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE);

    return knows_partitions ? V1__TASK_STATE__TASK_GONE
                            : V1__TASK_STATE__TASK_LOST;
}

/* Its tasks end with it.  Nobody waits for those of a framework that goes. */
static void
end_tasks(struct agent *agent, struct executor *executor)
{
    const char *text = executor->failure ? executor->failure
                                         : "Executor terminated";
    int state = !executor->is_lost ? V1__TASK_STATE__TASK_FAILED
                                   : lost_state(executor->framework);
    int reason = executor->failure
        ? executor->failure_reason
        : V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED;

    records_foreach (executor->tasks, task) {
        if (executor->framework->is_terminating) {
            complete_task(agent, task);
        } else if (task->place != TASK_TERMINATED) {
            updates_create(agent, executor->framework->id, executor, task->id,
                           state, reason, text);
        }
    }
}

static void
complete_task(struct agent *agent, struct task *task)
{
    if (task->place != TASK_TERMINATED) {
        agent_metrics_add_task(&agent->metrics, task->state, -1);
        agent_metrics_add_used(&agent->metrics, &task->resources, -1);
    }
    record_executor_complete_task(task->executor, task);
}

void
executors_tell_exited(struct agent *agent, const char *framework_id,
                      const char *executor_id, int status)
{
    struct message *m = message_create(&internal__exited_executor__descriptor);
    Internal__ExitedExecutor *root = message_root(m);

    root->agent_id = message_new(m, &v1__agent_id__descriptor);
    root->agent_id->value = message_strdup(m, agent->id);
    root->framework_id = message_new(m, &v1__framework_id__descriptor);
    root->framework_id->value = message_strdup(m, framework_id);
    root->executor_id = message_new(m, &v1__executor_id__descriptor);
    root->executor_id->value = message_strdup(m, executor_id);
    root->status = status;
    actor_send_message(&agent->base, &agent->master, &msg_exited_executor,
                       &m);
}

void
executors_settle(struct agent *agent, struct framework *framework,
                 struct executor *executor)
{
    bool is_ending = framework->is_terminating ||
                     agent->state == AGENT_TERMINATING;

    if (executor && executor->state == EXECUTOR_TERMINATED &&
        (is_ending || !record_executor_has_incomplete_tasks(executor))) {
        remove_executor(agent, executor);
    }
    if (framework->executors || framework->n_refused > 0) {
        return;
    }
    remove_framework(agent, framework);
    if (agent->state == AGENT_TERMINATING && !agent->frameworks) {
        actor_stop(&agent->base);
    }
}

void
executors_settle_all(struct agent *agent, struct framework *framework)
{
    records_foreach (framework->executors, executor) {
        if (executor->state == EXECUTOR_TERMINATED &&
            !record_executor_has_incomplete_tasks(executor)) {
            remove_executor(agent, executor);
        }
    }
    executors_settle(agent, framework, NULL);
}

static void
remove_executor(struct agent *agent, struct executor *executor)
{
    size_t max =
        (size_t) agent->flags->max_completed_executors_per_framework;

    log_info("Cleaning up executor %s", EXECUTOR_TEXT(executor));
    checkpoints_over(agent, executor);
    if (executor->is_connected) {
        actor_unlink(&agent->base, &executor->upid);
    }
    records_foreach (executor->tasks, task) {
        complete_task(agent, task);
    }
    leftovers_schedule_executor(agent, executor);
    record_framework_complete_executor(executor->framework, executor, max);
}

static void
remove_framework(struct agent *agent, struct framework *framework)
{
    log_info("Cleaning up framework %s", framework->id);
    /* Again, if it was shut down: its executors' last words came since. */
    status_update_manager_close(&agent->base, &agent->status_updates,
                                framework->id);
    leftovers_schedule_framework(agent, framework);
    records_remove_framework(&agent->frameworks, framework);
    agent_metrics_add(&agent->metrics.frameworks_active, -1);
    vec_push(&agent->completed, framework);
    if (agent->completed.n > AGENT_COMPLETED_FRAMEWORKS_MAX) {
        record_framework_destroy(agent->completed.data[0]);
        vec_remove(&agent->completed, 0);
    }
}

/* --- helpers --- */

static struct executor *
find(const struct agent *agent, const char *framework_id,
     const char *executor_id)
{
    struct framework *framework =
        records_find_framework(&agent->frameworks, framework_id);

    return framework ? records_find_executor(framework, executor_id) : NULL;
}

static struct executor *
find_container(const struct agent *agent, const char *framework_id,
               const char *executor_id, const char *container_id)
{
    struct executor *executor = find(agent, framework_id, executor_id);

    if (executor && executor->state != EXECUTOR_TERMINATED &&
        strcmp(executor->container_id, container_id) == 0) {
        return executor;
    }
    return NULL;
}
