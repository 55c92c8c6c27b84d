/* SPDX-License-Identifier: Apache-2.0
 *
 * default_executor.c - the executor of task groups.
 *
 * Messages and log lines are those of Mesos
 * (src/launcher/default_executor.cpp).  Unlike there, a repeated kill may
 * shorten the grace period, a group that comes while the last updates are
 * still on their way is run, and the executor ends as soon as the last update
 * is acknowledged.
 *
 * Thread: the actor's turns. */
#include <config.h>

#include "executor/default_executor.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/vec.h>

#include "executor/executor_environment.h"
#include "executor/group_task.h"
#include "executor/session.h"
#include "executor/task_process.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* What is left of the executor's own grace period to report the end. */
#define SHUTDOWN_MARGIN (2 * SECOND)

/* The agent acknowledges at once; if it does not, we do not stay for ever. */
#define ACKNOWLEDGEMENT_TIMEOUT (60 * SECOND)

struct default_executor {
    struct actor base;
    struct default_executor_options options;
    struct group_task_options task_options;
    struct upid session;
    char *container_id;         /* owned; ours; NULL: not subscribed yet */
    bool is_agent_lost;
    bool knows_killing;         /* the framework wants TASK_KILLING */
    bool has_launched;
    bool is_shutting_down;
    bool is_done;
    unsigned n_groups;          /* so far */
    VEC(struct group_task *) tasks;     /* owned; those that are not over */
    VEC(struct uuid) unacknowledged;    /* updates */
    struct actor_timer exit_timer;
};

struct event_body {
    struct message *event;      /* counted; NULL: the agent is gone */
};

static void event_fini(void *);

static const struct actor_msg_type msg_event = {
    .name = "default-executor-event",
    .size = sizeof(struct event_body), .fini = event_fini,
};

static struct error *default_executor_init(struct actor *, void *arg);
static void default_executor_fini(struct actor *);
static void relay_event(void *aux, struct message *event);
static void relay_disconnected(void *aux);
static void on_event(struct actor *, struct actor_msg *);
static void on_disconnected(struct default_executor *);
static void on_subscribed(struct default_executor *,
                          const Executor__Event__Subscribed *);
static void on_launch_group(struct default_executor *, struct message *,
                            const V1__TaskGroupInfo *);
static void on_task_started(struct actor *, struct group_task *);
static void on_task_checked(struct actor *, struct group_task *, int reason,
                            bool kill);
static void on_task_ended(struct actor *, struct group_task *,
                          const struct task_process_end *);
static void on_kill(struct default_executor *, const Executor__Event__Kill *);
static void kill_task(struct default_executor *, struct group_task *,
                      int64_t grace_ns);
static void kill_group(struct default_executor *, unsigned group);
static void on_shutdown(struct default_executor *);
static void on_acknowledged(struct default_executor *,
                            const Executor__Event__Acknowledged *);
static struct group_task *find_task(const struct default_executor *,
                                    const char *task_id);
static void send_update(struct default_executor *, const struct group_task *,
                        V1__TaskState, int reason, const char *text);
static void settle(struct default_executor *);
static void on_exit_timeout(struct actor *, void *arg);
static void finish(struct default_executor *, bool is_acknowledged);

#define NO_REASON TASK_PROCESS_NO_REASON

static const struct actor_handler handlers[] = {
    { &msg_event, on_event },
};

static const struct actor_type default_executor_type = {
    .name = "default-executor", .size = sizeof(struct default_executor),
    .init = default_executor_init, .fini = default_executor_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

struct error *
default_executor_start(struct actor_system *system,
                       const struct default_executor_options *options,
                       struct upid *ret)
{
    return actor_spawn(system, &default_executor_type, NULL, (void *) options,
                       ret);
}

static struct error *
default_executor_init(struct actor *self, void *arg)
{
    struct default_executor *d = (struct default_executor *) self;

    d->options = *(const struct default_executor_options *) arg;
    d->task_options = (struct group_task_options) {
        .directory = d->options.environment->directory,
        .inherited = d->options.inherited,
        .switch_user = d->options.switch_user,
        .fetch = d->options.fetch,
        .on_started = on_task_started,
        .on_checked = on_task_checked,
        .on_ended = on_task_ended,
    };

    struct session_options options = {
        .environment = d->options.environment,
        .on_event = relay_event,
        .on_disconnected = relay_disconnected,
        .aux = self,
    };
    return session_start(actor_system_of(self), &options, &d->session);
}

static void
default_executor_fini(struct actor *self)
{
    struct default_executor *d = (struct default_executor *) self;

    vec_foreach (&d->tasks, it) {
        group_task_destroy(*it);
    }
    vec_fini(&d->tasks);
    vec_fini(&d->unacknowledged);
    free(d->container_id);
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
    struct default_executor *d = (struct default_executor *) self;
    struct event_body *body = actor_msg_body(msg, &msg_event);

    if (!body->event) {
        on_disconnected(d);
        return;
    }

    const Executor__Event *event = message_root(body->event);
    const char *name = message_enum_name(&executor__event__type__descriptor,
                                         (int) event->type);
    log_info("Received %s event", name ? name : "UNKNOWN");
    switch (event->type) {
    case EXECUTOR__EVENT__TYPE__SUBSCRIBED:
        on_subscribed(d, event->subscribed);
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH:
        log_error("LAUNCH event is not supported");
        on_shutdown(d);
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
        on_launch_group(d, body->event, event->launch_group->task_group);
        break;
    case EXECUTOR__EVENT__TYPE__KILL:
        on_kill(d, event->kill);
        break;
    case EXECUTOR__EVENT__TYPE__ACKNOWLEDGED:
        on_acknowledged(d, event->acknowledged);
        break;
    case EXECUTOR__EVENT__TYPE__SHUTDOWN:
        on_shutdown(d);
        break;
    case EXECUTOR__EVENT__TYPE__ERROR:
        log_error("Error: %s", event->error->message);
        break;
    default:
        break;
    }
}

/* Without the agent nobody acknowledges: how long we wait for it is the
 * session's to say. */
static void
on_disconnected(struct default_executor *d)
{
    log_info("Disconnected from agent");
    d->is_agent_lost = true;
    actor_timer_cancel(&d->base, &d->exit_timer);
    vec_foreach (&d->tasks, it) {
        group_task_pause_checks(*it);
    }
    settle(d);
}

static void
on_subscribed(struct default_executor *d,
              const Executor__Event__Subscribed *event)
{
    const V1__FrameworkInfo *framework = event->framework_info;

    log_info("Subscribed executor on %s", event->agent_info->hostname);
    d->is_agent_lost = false;
    if (event->container_id) {
        free(d->container_id);
        d->container_id = xstrdup(event->container_id->value);
    }
    d->knows_killing = false;
    for (size_t i = 0; i < framework->n_capabilities; i++) {
        d->knows_killing |=
            framework->capabilities[i]->type ==
            V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE;
    }
    vec_foreach (&d->tasks, it) {
        group_task_resume_checks(*it);
    }
    settle(d);
}

/* --- groups --- */

static void
on_launch_group(struct default_executor *d, struct message *event,
                const V1__TaskGroupInfo *info)
{
    unsigned group = ++d->n_groups;

    if (d->is_shutting_down) {
        log_warn("Ignoring the launch group operation as the executor is "
                 "shutting down");
        return;
    }
    d->has_launched = true;
    actor_timer_cancel(&d->base, &d->exit_timer);
    for (size_t i = 0; i < info->n_tasks; i++) {
        const V1__TaskInfo *task = info->tasks[i];

        if (find_task(d, task->task_id->value)) {
            log_error("Ignoring task '%s' of a task group because a task of "
                      "that id runs already", task->task_id->value);
            continue;
        }
        log_info("Starting task %s", task->task_id->value);
        struct group_task *t = group_task_start(&d->base, &d->task_options,
                                                event, task, group);

        vec_push(&d->tasks, t);
        send_update(d, t, V1__TASK_STATE__TASK_STARTING, NO_REASON, NULL);
    }
}

/* What log lines say of a group: the ids of those tasks that are not over, or
 * of their containers. */
static void
describe_group(const struct default_executor *d, unsigned group,
               bool containers, struct strbuf *out)
{
    const char *comma = "";

    strbuf_append(out, "[ ");
    vec_foreach (&d->tasks, it) {
        if (group_task_group(*it) == group) {
            strbuf_printf(out, "%s%s", comma,
                          containers ? group_task_container_id(*it)
                                     : group_task_info(*it)->task_id->value);
            comma = ", ";
        }
    }
    strbuf_append(out, " ]");
}

static bool
is_group_started(const struct default_executor *d, unsigned group)
{
    vec_foreach (&d->tasks, it) {
        if (group_task_group(*it) == group && !group_task_is_running(*it)) {
            return false;
        }
    }
    return true;
}

static void
on_task_started(struct actor *self, struct group_task *t)
{
    struct default_executor *d = (struct default_executor *) self;
    unsigned group = group_task_group(t);
    autofini(strbuf) tasks = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) containers = STRBUF(STRBUF_UNLIMITED);

    send_update(d, t, V1__TASK_STATE__TASK_RUNNING, NO_REASON, NULL);
    if (is_group_started(d, group)) {
        describe_group(d, group, false, &tasks);
        describe_group(d, group, true, &containers);
        log_info("Finished launching tasks %s in child containers %s",
                 tasks.data, containers.data);
    }
}

static void
on_task_checked(struct actor *self, struct group_task *t, int reason,
                bool kill)
{
    struct default_executor *d = (struct default_executor *) self;

    send_update(d, t, V1__TASK_STATE__TASK_RUNNING, reason, NULL);
    if (kill) {
        kill_task(d, t, task_process_grace(NULL,
                                           group_task_info(t)->kill_policy));
    }
}

static void
on_task_ended(struct actor *self, struct group_task *t,
              const struct task_process_end *it)
{
    struct default_executor *d = (struct default_executor *) self;
    unsigned group = group_task_group(t);
    bool is_well = it->state == V1__TASK_STATE__TASK_FINISHED;

    log_info("Child container %s of task '%s' completed in state %s: %s",
             group_task_container_id(t), group_task_info(t)->task_id->value,
             message_enum_name(&v1__task_state__descriptor, it->state),
             it->text);
    send_update(d, t, (V1__TaskState) it->state, it->reason, it->text);
    for (size_t i = 0; i < d->tasks.n; i++) {
        if (d->tasks.data[i] == t) {
            vec_remove(&d->tasks, i);
            break;
        }
    }
    group_task_destroy(t);
    if (!is_well) {
        kill_group(d, group);
    }
    settle(d);
}

/* --- killing --- */

static void
on_kill(struct default_executor *d, const Executor__Event__Kill *event)
{
    const char *task_id = event->task_id->value;
    struct group_task *t = find_task(d, task_id);

    if (d->is_shutting_down) {
        log_warn("Ignoring kill for task '%s' since the executor is shutting "
                 "down", task_id);
        return;
    }
    log_info("Received kill for task '%s'", task_id);
    if (!t) {
        log_warn("Ignoring kill for task '%s' as it is no longer active",
                 task_id);
        return;
    }
    kill_task(d, t, task_process_grace(event->kill_policy,
                                       group_task_info(t)->kill_policy));
}

static void
kill_task(struct default_executor *d, struct group_task *t, int64_t grace_ns)
{
    if (d->knows_killing && !group_task_is_killed(t)) {
        send_update(d, t, V1__TASK_STATE__TASK_KILLING, NO_REASON, NULL);
    }
    group_task_kill(t, grace_ns);
}

/* One of the group has failed or was killed: so are the others. */
static void
kill_group(struct default_executor *d, unsigned group)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    bool is_told = false;

    vec_foreach (&d->tasks, it) {
        const V1__TaskInfo *info = group_task_info(*it);

        if (group_task_group(*it) != group || group_task_is_killed(*it)) {
            continue;
        }
        if (!is_told) {
            describe_group(d, group, false, &text);
            log_info("Killing task group containing tasks %s", text.data);
            is_told = true;
        }
        kill_task(d, *it, task_process_grace(NULL, info->kill_policy));
    }
}

static void
on_shutdown(struct default_executor *d)
{
    int64_t grace = d->options.environment->grace_ns - SHUTDOWN_MARGIN;

    if (d->is_shutting_down) {
        log_warn("Ignoring shutdown since it is in progress");
    } else {
        log_info("Shutting down");
        d->is_shutting_down = true;
        vec_foreach (&d->tasks, it) {
            kill_task(d, *it, grace);
        }
    }
    settle(d);
}

/* --- reporting --- */

static struct group_task *
find_task(const struct default_executor *d, const char *task_id)
{
    vec_foreach (&d->tasks, it) {
        if (!strcmp(group_task_info(*it)->task_id->value, task_id)) {
            return *it;
        }
    }
    return NULL;
}

/* The task's container, inside of ours; the agent adds its address. */
static V1__ContainerStatus *
container_status(const struct default_executor *d,
                 const struct group_task *t, struct message *m)
{
    V1__ContainerStatus *status =
        message_new(m, &v1__container_status__descriptor);
    V1__ContainerID *id = message_new(m, &v1__container_id__descriptor);

    id->value = message_strdup(m, group_task_container_id(t));
    if (d->container_id) {
        id->parent = message_new(m, &v1__container_id__descriptor);
        id->parent->value = message_strdup(m, d->container_id);
    }
    status->container_id = id;
    return status;
}

static void
send_update(struct default_executor *d, const struct group_task *t,
            V1__TaskState state, int reason, const char *text)
{
    struct message *m = message_create(&v1__task_status__descriptor);
    V1__TaskStatus *status = message_root(m);
    struct uuid uuid;

    actor_random_uuid(&d->base, &uuid);
    status->task_id = message_new(m, &v1__task_id__descriptor);
    status->task_id->value =
        message_strdup(m, group_task_info(t)->task_id->value);
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
    status->container_status = container_status(d, t, m);
    group_task_add_health(t, m, status);
    vec_push(&d->unacknowledged, uuid);
    session_update(actor_system_of(&d->base), &d->session, &m);
}

static void
on_acknowledged(struct default_executor *d,
                const Executor__Event__Acknowledged *event)
{
    for (size_t i = 0; i < d->unacknowledged.n; i++) {
        const struct uuid *uuid = &d->unacknowledged.data[i];

        if (event->uuid.len == sizeof uuid->bytes
            && !memcmp(event->uuid.data, uuid->bytes, event->uuid.len)) {
            vec_remove(&d->unacknowledged, i);
            settle(d);
            return;
        }
    }
    log_warn("Received acknowledgement for unknown status update of task "
             "'%s'", event->task_id->value);
}

/* --- the end --- */

/* Ends the executor if there is nothing more to run, and nothing to wait
 * for. */
static void
settle(struct default_executor *d)
{
    bool is_checkpointed = d->options.environment->checkpoint;

    if (d->tasks.n > 0 || (!d->has_launched && !d->is_shutting_down)) {
        return;
    }
    if (d->unacknowledged.n == 0) {
        finish(d, true);
    } else if (!d->is_agent_lost) {
        if (!actor_timer_is_armed(&d->exit_timer)) {
            actor_timer_start(&d->base, &d->exit_timer,
                              ACKNOWLEDGEMENT_TIMEOUT, on_exit_timeout, NULL);
        }
    } else if (!is_checkpointed || d->is_shutting_down) {
        finish(d, false);
    }
}

static void
on_exit_timeout(struct actor *self, void *arg UNUSED)
{
    struct default_executor *d = (struct default_executor *) self;

    log_error("Did not receive ACK for %zu status updates from the agent",
              d->unacknowledged.n);
    finish(d, false);
}

static void
finish(struct default_executor *d, bool is_acknowledged)
{
    if (!d->is_done) {
        d->is_done = true;
        actor_timer_cancel(&d->base, &d->exit_timer);
        *d->options.ret_is_acknowledged = is_acknowledged;
        actor_gate_open(d->options.done);
    }
}

static void
event_fini(void *arg)
{
    struct event_body *body = arg;

    message_unref(body->event);
}
