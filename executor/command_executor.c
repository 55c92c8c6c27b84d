/* SPDX-License-Identifier: Apache-2.0
 *
 * command_executor.c - the executor of tasks that are one command.
 *
 * Messages and log lines are those of Mesos (src/launcher/executor.cpp).
 * Unlike there, it ends as soon as the agent has acknowledged the last update,
 * instead of a second later.
 *
 * Thread: the actor's turns. */
#include <config.h>

#include "executor/command_executor.h"

#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/uuid.h>

#include "executor/checks/checker.h"
#include "executor/executor_environment.h"
#include "executor/session.h"
#include "executor/task_environment.h"
#include "executor/task_process.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* What is left of the executor's own grace period to report the end. */
#define SHUTDOWN_MARGIN (2 * SECOND)

/* The agent acknowledges at once; if it does not, we do not stay for ever. */
#define ACKNOWLEDGEMENT_TIMEOUT (60 * SECOND)

struct command_executor {
    struct actor base;
    struct command_executor_options options;
    struct upid session;
    bool is_agent_lost;
    bool knows_killing;         /* the framework wants TASK_KILLING */

    struct message *launch;     /* counted; the event; NULL: no task yet */
    const V1__TaskInfo *task;   /* in it */
    struct task_process *process;       /* owned; NULL: none runs */
    struct checker *checker;    /* owned; NULL: nothing (more) to check */

    /* What the last update of the running task said: -1, or whether it was
     * healthy; and its check's status. */
    int healthy;
    struct message *check_status;       /* counted; NULL: nothing known */
    bool is_killed_by_health_check;
    bool has_ended;
    struct actor_timer exit_timer;
    struct uuid last_uuid;      /* of the terminal update */
};

struct event_body {
    struct message *event;      /* counted; NULL: the agent is gone */
};

static void event_fini(void *);

static const struct actor_msg_type msg_event = {
    .name = "command-executor-event",
    .size = sizeof(struct event_body), .fini = event_fini,
};

static struct error *command_executor_init(struct actor *, void *arg);
static void command_executor_fini(struct actor *);
static void relay_event(void *aux, struct message *event);
static void relay_disconnected(void *aux);
static void on_event(struct actor *, struct actor_msg *);
static void on_subscribed(struct command_executor *,
                          const Executor__Event__Subscribed *);
static void on_launch(struct command_executor *, struct message *,
                      const V1__TaskInfo *);
static struct error *start_command(struct command_executor *);
static void on_command_end(struct actor *, void *arg,
                           const struct task_process_end *);
static void start_checker(struct command_executor *, char *const *envp);
static void stop_checker(struct command_executor *);
static void on_check(struct actor *, void *aux, const V1__CheckStatusInfo *);
static void on_health(struct actor *, void *aux, bool healthy, bool kill);
static void add_health(const struct command_executor *, struct message *,
                       V1__TaskStatus *);
static void on_kill(struct command_executor *, const Executor__Event__Kill *);
static void on_shutdown(struct command_executor *);
static void on_acknowledged(struct command_executor *,
                            const Executor__Event__Acknowledged *);
static void kill_task(struct command_executor *, int64_t grace_ns);
static void send_update(struct command_executor *, const char *task_id,
                        V1__TaskState, int reason, const char *text);
static void end(struct command_executor *, V1__TaskState, int reason,
                const char *text);
static void await_acknowledgement(struct command_executor *);
static void on_exit_timeout(struct actor *, void *arg);
static void finish(struct command_executor *, bool is_acknowledged);

#define NO_REASON TASK_PROCESS_NO_REASON

static const struct actor_handler handlers[] = {
    { &msg_event, on_event },
};

static const struct actor_type command_executor_type = {
    .name = "command-executor", .size = sizeof(struct command_executor),
    .init = command_executor_init, .fini = command_executor_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
command_executor_start(struct actor_system *system,
                       const struct command_executor_options *options,
                       struct upid *ret)
{
    return actor_spawn(system, &command_executor_type, NULL, (void *) options,
                       ret);
}

static struct error *
command_executor_init(struct actor *self, void *arg)
{
    struct command_executor *c = (struct command_executor *) self;

    c->options = *(const struct command_executor_options *) arg;
    c->healthy = -1;

    struct session_options options = {
        .environment = c->options.environment,
        .on_event = relay_event,
        .on_disconnected = relay_disconnected,
        .aux = self,
    };
    return session_start(actor_system_of(self), &options, &c->session);
}

static void
command_executor_fini(struct actor *self)
{
    struct command_executor *c = (struct command_executor *) self;

    stop_checker(c);
    task_process_destroy(c->process);
    message_unref(c->check_status);
    message_unref(c->launch);
}

/* --- events, from the session's turn into ours --- */

static void
relay_event(void *aux, struct message *event)
{
    struct actor *self = aux;
    struct actor_msg *msg = actor_msg_create(&msg_event);
    struct event_body *body = actor_msg_body(msg, &msg_event);

    body->event = message_ref(event);
    actor_post(actor_system_of(self), actor_upid(self), &msg);
}

static void
relay_disconnected(void *aux)
{
    struct actor *self = aux;
    struct actor_msg *msg = actor_msg_create(&msg_event);

    actor_post(actor_system_of(self), actor_upid(self), &msg);
}

static void
on_event(struct actor *self, struct actor_msg *msg)
{
    struct command_executor *c = (struct command_executor *) self;
    struct event_body *body = actor_msg_body(msg, &msg_event);

    if (!body->event) {
        /* How long we wait for it is for the session to say. */
        c->is_agent_lost = true;
        actor_timer_cancel(self, &c->exit_timer);
        if (c->checker) {
            checker_pause(c->checker);
        }
        if (c->has_ended && !c->options.environment->checkpoint) {
            finish(c, false);
        }
        return;
    }

    const Executor__Event *event = message_root(body->event);
    const char *name = message_enum_name(&executor__event__type__descriptor,
                                         (int) event->type);
    log_info("Received %s event", name ? name : "UNKNOWN");
    switch (event->type) {
    case EXECUTOR__EVENT__TYPE__SUBSCRIBED:
        on_subscribed(c, event->subscribed);
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH:
        on_launch(c, body->event, event->launch->task);
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
        log_error("LAUNCH_GROUP event is not supported");
        on_shutdown(c);
        break;
    case EXECUTOR__EVENT__TYPE__KILL:
        on_kill(c, event->kill);
        break;
    case EXECUTOR__EVENT__TYPE__ACKNOWLEDGED:
        on_acknowledged(c, event->acknowledged);
        break;
    case EXECUTOR__EVENT__TYPE__SHUTDOWN:
        on_shutdown(c);
        break;
    case EXECUTOR__EVENT__TYPE__ERROR:
        log_error("Error: %s", event->error->message);
        break;
    default:
        break;
    }
}

static void
on_subscribed(struct command_executor *c,
              const Executor__Event__Subscribed *event)
{
    const V1__FrameworkInfo *framework = event->framework_info;

    log_info("Subscribed executor on %s", event->agent_info->hostname);
    c->is_agent_lost = false;
    if (c->checker) {
        checker_resume(c->checker);
    }
    c->knows_killing = false;
    if (c->has_ended) {
        await_acknowledgement(c);       /* the session repeats the update */
    }
    for (size_t i = 0; i < framework->n_capabilities; i++) {
        c->knows_killing |=
            framework->capabilities[i]->type ==
            V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE;
    }
}

/* --- the task --- */

static void
on_launch(struct command_executor *c, struct message *event,
          const V1__TaskInfo *task)
{
    if (c->launch) {
        send_update(c, task->task_id->value, V1__TASK_STATE__TASK_FAILED,
                    NO_REASON, "Attempted to run multiple tasks using a "
                    "\"command\" executor");
        return;
    }
    c->launch = message_ref(event);
    c->task = task;
    log_info("Starting task %s", task->task_id->value);
    send_update(c, task->task_id->value, V1__TASK_STATE__TASK_STARTING,
                NO_REASON, NULL);

    struct error *error = start_command(c);
    if (error) {
        log_error("%s", error_text(error));
        end(c, V1__TASK_STATE__TASK_FAILED,
            V1__TASK_STATUS__REASON__REASON_COMMAND_EXECUTOR_FAILED,
            error_text(error));
        error_destroy(error);
        return;
    }
    log_info("Forked command at %d", (int) task_process_pid(c->process));
    if (task->max_completion_time) {
        int64_t limit = task->max_completion_time->nanoseconds;

        log_info("Task %s has a max completion time of %s",
                 task->task_id->value, DURATION_TEXT(limit));
        task_process_limit(c->process, limit);
    }
    send_update(c, task->task_id->value, V1__TASK_STATE__TASK_RUNNING,
                NO_REASON, NULL);
}

/* What the executor has, whose task is allocated to which role, and what the
 * task wants. */
static char **
make_environment(const struct command_executor *c)
{
    char *const *inherited = c->options.inherited ? c->options.inherited
                                                  : environ;
    const V1__CommandInfo *command = c->task->command;
    autofree char *role = xasprintf("MESOS_ALLOCATION_ROLE=%s",
                                    task_environment_role(c->task));
    autofree char **base = NULL;
    size_t n = 0;

    while (inherited[n]) {
        n++;
    }
    base = alloc_array(n + 2, sizeof *base);
    memcpy(base, inherited, n * sizeof *base);
    base[n] = role;
    base[n + 1] = NULL;
    return task_environment_create(base,
                                   command ? command->environment : NULL);
}

static struct error *
start_command(struct command_executor *c)
{
    const V1__CommandInfo *command = c->task->command;
    char **envp = make_environment(c);
    struct task_process_options options = {
        .task_id = c->task->task_id->value,
        .command = command,
        .envp = envp,
        .stdio = { STDOUT_FILENO, STDERR_FILENO },
        .on_end = on_command_end,
    };
    struct error *error = task_process_start(&c->base, &options, &c->process);

    if (!error) {
        start_checker(c, envp);
    }
    task_environment_free(envp);
    return error;
}

static void
on_command_end(struct actor *self, void *arg UNUSED,
               const struct task_process_end *it)
{
    struct command_executor *c = (struct command_executor *) self;

    log_info("%s (pid: %d)", it->text, (int) it->pid);
    stop_checker(c);
    task_process_destroy(c->process);
    c->process = NULL;
    end(c, (V1__TaskState) it->state, it->reason, it->text);
}

/* --- checks --- */

static void
start_checker(struct command_executor *c, char *const *envp)
{
    const struct checker_options options = {
        .task_id = c->task->task_id->value,
        .environment = envp,
        .task_pid = task_process_pid(c->process),
        .on_check = on_check, .on_health = on_health, .aux = c,
    };

    if (c->task->check || c->task->health_check) {
        c->checker = checker_start(&c->base, c->task->check,
                                   c->task->health_check, &options);
    }
}

static void
stop_checker(struct command_executor *c)
{
    checker_destroy(c->checker);
    c->checker = NULL;
}

static void
on_check(struct actor *self UNUSED, void *aux,
         const V1__CheckStatusInfo *status)
{
    struct command_executor *c = aux;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    message_encode_json(&status->base, &text);
    log_info("Received check update '%s'", text.data);
    message_unref(c->check_status);
    c->check_status = message_clone(&status->base);
    send_update(c, c->task->task_id->value, V1__TASK_STATE__TASK_RUNNING,
                V1__TASK_STATUS__REASON__REASON_TASK_CHECK_STATUS_UPDATED,
                NULL);
}

static void
on_health(struct actor *self UNUSED, void *aux, bool healthy, bool kill)
{
    struct command_executor *c = aux;
    const int reason =
        V1__TASK_STATUS__REASON__REASON_TASK_HEALTH_CHECK_STATUS_UPDATED;

    log_info("Received task health update, healthy: %s",
             healthy ? "true" : "false");
    c->healthy = healthy;
    send_update(c, c->task->task_id->value, V1__TASK_STATE__TASK_RUNNING,
                reason, NULL);
    if (kill) {
        c->is_killed_by_health_check = true;
        kill_task(c, task_process_grace(NULL, c->task->kill_policy));
    }
}

/* A task that runs is as healthy as was told last.  One that has a check has a
 * check status in all of its updates, an empty one where nothing is known. */
static void
add_health(const struct command_executor *c, struct message *m,
           V1__TaskStatus *status)
{
    bool is_running = status->state == V1__TASK_STATE__TASK_RUNNING;

    status->has_healthy = c->is_killed_by_health_check
        || (is_running && c->healthy >= 0);
    status->healthy = !c->is_killed_by_health_check && c->healthy > 0;
    if (is_running && c->check_status) {
        status->check_status = message_root(c->check_status);
        message_hold(m, c->check_status);
    } else if (c->task->check) {
        status->check_status = check_status_empty(c->task->check, m);
    }
}

/* --- killing --- */

static void
on_kill(struct command_executor *c, const Executor__Event__Kill *event)
{
    int64_t grace;

    if (!c->launch) {
        log_warn("Ignoring kill for task %s because it has not been launched",
                 event->task_id->value);
        return;
    }
    if (strcmp(event->task_id->value, c->task->task_id->value) != 0) {
        log_warn("Ignoring kill for unknown task %s", event->task_id->value);
        return;
    }
    grace = task_process_grace(event->kill_policy, c->task->kill_policy);
    log_info("Received kill for task %s with grace period of %s",
             event->task_id->value, DURATION_TEXT(grace));
    kill_task(c, grace);
}

static void
on_shutdown(struct command_executor *c)
{
    int64_t grace = c->options.environment->grace_ns - SHUTDOWN_MARGIN;

    log_info("Shutting down");
    if (c->launch && !c->has_ended) {
        kill_task(c, grace > 0 ? grace : 0);
    } else if (!c->launch || c->is_agent_lost) {
        finish(c, !c->launch);
    }
}

static void
kill_task(struct command_executor *c, int64_t grace_ns)
{
    if (c->has_ended || !c->process) {
        return;
    }
    stop_checker(c);
    if (c->knows_killing && !task_process_is_killed(c->process)) {
        send_update(c, c->task->task_id->value, V1__TASK_STATE__TASK_KILLING,
                    NO_REASON, NULL);
    }
    task_process_kill(c->process, grace_ns);
}

/* --- reporting --- */

static void
send_update(struct command_executor *c, const char *task_id,
            V1__TaskState state, int reason, const char *text)
{
    struct message *m = message_create(&v1__task_status__descriptor);
    V1__TaskStatus *status = message_root(m);
    struct uuid uuid;

    actor_random_uuid(&c->base, &uuid);
    status->task_id = message_new(m, &v1__task_id__descriptor);
    status->task_id->value = message_strdup(m, task_id);
    status->state = state;
    status->has_uuid = true;
    status->uuid.len = sizeof uuid.bytes;
    status->uuid.data = message_alloc(m, sizeof uuid.bytes);
    memcpy(status->uuid.data, uuid.bytes, sizeof uuid.bytes);
    if (text) {
        status->message = message_strdup(m, text);
    }
    if (reason != NO_REASON) {
        status->has_reason = true;
        status->reason = (V1__TaskStatus__Reason) reason;
    }
    if (c->task && strcmp(task_id, c->task->task_id->value) == 0) {
        add_health(c, m, status);
    }
    c->last_uuid = uuid;
    session_update(actor_system_of(&c->base), &c->session, &m);
}

static void
end(struct command_executor *c, V1__TaskState state, int reason,
    const char *text)
{
    c->has_ended = true;
    send_update(c, c->task->task_id->value, state, reason, text);
    if (c->is_agent_lost && !c->options.environment->checkpoint) {
        finish(c, false);
        return;
    }
    if (!c->is_agent_lost) {
        await_acknowledgement(c);
    }
}

static void
await_acknowledgement(struct command_executor *c)
{
    actor_timer_start(&c->base, &c->exit_timer, ACKNOWLEDGEMENT_TIMEOUT,
                      on_exit_timeout, NULL);
}

static void
on_acknowledged(struct command_executor *c,
                const Executor__Event__Acknowledged *event)
{
    if (c->has_ended && event->uuid.len == sizeof c->last_uuid.bytes &&
        memcmp(event->uuid.data, c->last_uuid.bytes, event->uuid.len) == 0) {
        finish(c, true);
    }
}

static void
on_exit_timeout(struct actor *self, void *arg UNUSED)
{
    struct command_executor *c = (struct command_executor *) self;

    log_error("Did not receive ACK for the terminal status update from the "
              "agent");
    finish(c, false);
}

static void
finish(struct command_executor *c, bool is_acknowledged)
{
    *c->options.ret_is_acknowledged = is_acknowledged;
    actor_gate_open(c->options.done);
}

static void
event_fini(void *arg)
{
    struct event_body *body = arg;

    message_unref(body->event);
}
