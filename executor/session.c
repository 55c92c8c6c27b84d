/* SPDX-License-Identifier: Apache-2.0
 *
 * session.c - an executor's side of its conversation with the agent.
 *
 * Thread: the actor's turns. */
#include <config.h>

#include "executor/session.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/vec.h>

#include "executor/executor_environment.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* A task that the agent has not heard of yet. */
struct launch {
    struct message *event;      /* counted; LAUNCH or LAUNCH_GROUP */
    V1__TaskInfo *task;         /* in it */
};

struct session {
    struct actor base;
    struct session_options options;
    const struct executor_environment *environment;
    bool is_connected;
    bool is_shutting_down;
    VEC(struct message *) updates;      /* counted; roots: TaskStatus */

    VEC(struct launch) launches;        /* no update of them has been
                                         * acknowledged */
    int64_t give_up_at;         /* monotonic; when nobody waits any more */
    struct actor_gate *stop_gate;       /* borrowed; NULL: nobody stops us */
    struct actor_timer stop_timer;
    struct actor_timer subscribe_timer;
    struct actor_timer suicide_timer;
};

struct update_body {
    struct message *status;     /* counted */
};

struct data_body {
    void *data;                 /* owned */
    size_t size;
};

struct stop_body {
    struct actor_gate *gate;    /* borrowed */
    int64_t timeout_ns;
};

static void update_fini(void *);
static void data_fini(void *);

static const struct actor_msg_type msg_update = {
    .name = "executor-update",
    .size = sizeof(struct update_body), .fini = update_fini,
};
static const struct actor_msg_type msg_data = {
    .name = "executor-data",
    .size = sizeof(struct data_body), .fini = data_fini,
};

static const struct actor_msg_type msg_stop = {
    .name = "executor-stop", .size = sizeof(struct stop_body),
};

static struct error *session_init(struct actor *, void *arg);
static void session_fini(struct actor *);
static void session_exited(struct actor *, const struct upid *);
static void on_event(struct actor *, struct actor_msg *);
static void on_reconnect(struct actor *, struct actor_msg *);
static void on_update(struct actor *, struct actor_msg *);
static void on_data(struct actor *, struct actor_msg *);
static void on_stop(struct actor *, struct actor_msg *);
static void on_stop_timeout(struct actor *, void *arg);
static void subscribe(struct actor *, void *arg);
static void on_subscribed(struct session *, const Executor__Event *);
static void on_acknowledged(struct session *,
                            const Executor__Event__Acknowledged *);
static void complete_status(struct session *, struct message *);
static void send_update(struct session *, struct message *status);
static bool note_launches(struct session *, struct message *event,
                          V1__TaskInfo **tasks, size_t n);
static void forget_launch(struct session *, const char *task_id);
static void shut_down(struct session *);
static void on_suicide(struct actor *, void *arg);
static struct message *create_call(const struct session *,
                                   Executor__Call__Type);
static void send_call(struct session *, struct message **call);

static const struct actor_handler handlers[] = {
    { &msg_executor_event, on_event },
    { &msg_reconnect_executor, on_reconnect },
    { &msg_update, on_update },
    { &msg_data, on_data },
    { &msg_stop, on_stop },
};

static const struct actor_type session_type = {
    .name = "executor", .size = sizeof(struct session),
    .init = session_init, .fini = session_fini, .exited = session_exited,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- from outside --- */

struct error *
session_start(struct actor_system *system,
              const struct session_options *options, struct upid *ret)
{
    return actor_spawn(system, &session_type, NULL, (void *) options, ret);
}

void
session_update(struct actor_system *system, const struct upid *session,
               struct message **status)
{
    struct actor_msg *msg = actor_msg_create(&msg_update);
    struct update_body *body = actor_msg_body(msg, &msg_update);

    body->status = steal(*status);
    actor_post(system, session, &msg);
}

void
session_send_data(struct actor_system *system, const struct upid *session,
                  const void *data, size_t size)
{
    struct actor_msg *msg = actor_msg_create(&msg_data);
    struct data_body *body = actor_msg_body(msg, &msg_data);

    body->data = xmemdup(data, size);
    body->size = size;
    actor_post(system, session, &msg);
}

void
session_stop(struct actor_system *system, const struct upid *session,
             struct actor_gate *gate, int64_t timeout_ns)
{
    struct actor_msg *msg = actor_msg_create(&msg_stop);
    struct stop_body *body = actor_msg_body(msg, &msg_stop);

    body->gate = gate;
    body->timeout_ns = timeout_ns;
    actor_post(system, session, &msg);
}

/* --- the actor --- */

static struct error *
session_init(struct actor *self, void *arg)
{
    struct session *session = (struct session *) self;

    session->options = *(const struct session_options *) arg;
    session->environment = session->options.environment;
    session->give_up_at = INT64_MAX;
    subscribe(self, NULL);
    return NULL;
}

static void
session_fini(struct actor *self)
{
    struct session *session = (struct session *) self;

    vec_foreach (&session->updates, it) {
        message_unref(*it);
    }
    vec_fini(&session->updates);
    vec_foreach (&session->launches, it) {
        message_unref(it->event);
    }
    vec_fini(&session->launches);
    if (session->stop_gate) {
        actor_gate_open(session->stop_gate);
    }
}

/* The first attempt is not repeated by time: if nobody listens there, the link
 * tells. */
static void
subscribe(struct actor *self, void *arg UNUSED)
{
    struct session *session = (struct session *) self;
    struct message *m = create_call(session, EXECUTOR__CALL__TYPE__SUBSCRIBE);
    Executor__Call *call = message_root(m);
    Executor__Call__Subscribe *s =
        message_new(m, &executor__call__subscribe__descriptor);

    call->subscribe = s;
    s->unacknowledged_updates =
        message_array(m, session->updates.n,
                      sizeof *s->unacknowledged_updates);
    vec_foreach (&session->updates, it) {
        Executor__Call__Update *update =
            message_new(m, &executor__call__update__descriptor);

        update->status = message_root(*it);
        message_hold(m, *it);
        s->unacknowledged_updates[s->n_unacknowledged_updates++] = update;
    }
    s->unacknowledged_tasks =
        message_array(m, session->launches.n, sizeof *s->unacknowledged_tasks);
    vec_foreach (&session->launches, it) {
        s->unacknowledged_tasks[s->n_unacknowledged_tasks++] = it->task;
        message_hold(m, it->event);
    }
    actor_link(self, &session->environment->agent);
    send_call(session, &m);
}

static void
session_exited(struct actor *self, const struct upid *who UNUSED)
{
    struct session *session = (struct session *) self;
    int64_t now = actor_now(self);
    int64_t timeout = session->environment->recovery_timeout_ns;
    bool was_connected = session->is_connected;

    session->is_connected = false;
    if (session->stop_gate) {
        actor_stop(self);
        return;
    }
    if (session->is_shutting_down) {
        return;
    }
    if (session->options.on_disconnected) {
        session->options.on_disconnected(session->options.aux);
    }
    if (was_connected && session->environment->checkpoint) {
        log_info("Agent exited, but framework has checkpointing enabled. "
                 "Waiting %s to reconnect with agent %s",
                 DURATION_TEXT(timeout), session->environment->agent_id);
        session->give_up_at = now + timeout;
    } else if (session->give_up_at == INT64_MAX) {
        log_info("Agent exited ... shutting down");
        shut_down(session);
        return;
    }
    if (now >= session->give_up_at) {
        log_info("Recovery timeout of %s exceeded; Shutting down",
                 DURATION_TEXT(timeout));
        shut_down(session);
        return;
    }
    double share = actor_random_double(self);
    int64_t pause = (int64_t) (share *
                               (double) session->environment->backoff_max_ns);
    actor_timer_start(self, &session->subscribe_timer, pause, subscribe,
                      NULL);
}

/* Whether what its type promises is there; of types that we do not know,
 * nothing is. */
static bool
is_complete(const Executor__Event *event)
{
    switch (event->type) {
    case EXECUTOR__EVENT__TYPE__SUBSCRIBED:
        return event->subscribed != NULL;
    case EXECUTOR__EVENT__TYPE__LAUNCH:
        return event->launch != NULL;
    case EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
        return event->launch_group != NULL;
    case EXECUTOR__EVENT__TYPE__KILL:
        return event->kill != NULL;
    case EXECUTOR__EVENT__TYPE__ACKNOWLEDGED:
        return event->acknowledged != NULL;
    case EXECUTOR__EVENT__TYPE__MESSAGE:
        return event->message != NULL;
    case EXECUTOR__EVENT__TYPE__ERROR:
        return event->error != NULL;
    case EXECUTOR__EVENT__TYPE__SHUTDOWN:
        return true;
    default:
        return false;
    }
}

static void
on_event(struct actor *self, struct actor_msg *msg)
{
    struct session *session = (struct session *) self;
    struct message *message = actor_msg_message(msg);
    const Executor__Event *event = message_root(message);
    struct upid from;

    actor_msg_from(msg, &from);
    if (!upid_equal(&from, &session->environment->agent)) {
        log_warn("Ignoring event from %s because it is not the agent",
                 UPID_TEXT(&from));
        return;
    }
    if (!is_complete(event)) {
        return;
    }
    switch (event->type) {
    case EXECUTOR__EVENT__TYPE__SUBSCRIBED:
        on_subscribed(session, event);
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH:
        if (!note_launches(session, message, &event->launch->task, 1)) {
            return;
        }
        break;
    case EXECUTOR__EVENT__TYPE__LAUNCH_GROUP:
        if (!note_launches(session, message,
                           event->launch_group->task_group->tasks,
                           event->launch_group->task_group->n_tasks)) {
            return;
        }
        break;
    case EXECUTOR__EVENT__TYPE__ACKNOWLEDGED:
        on_acknowledged(session, event->acknowledged);
        break;
    case EXECUTOR__EVENT__TYPE__SHUTDOWN:
        if (!session->is_shutting_down) {
            log_info("Executor asked to shutdown");
            shut_down(session);
        }
        return;
    default:
        break;
    }
    session->options.on_event(session->options.aux, message);
}

/* The agent was away, whether or not we have noticed. */
static void
on_reconnect(struct actor *self, struct actor_msg *msg)
{
    struct session *session = (struct session *) self;
    const struct executor_environment *environment = session->environment;
    const Internal__ReconnectExecutor *order =
        actor_msg_root(msg, &msg_reconnect_executor);
    struct upid from;

    actor_msg_from(msg, &from);
    if (!upid_equal(&from, &environment->agent) ||
        strcmp(order->agent_id->value, environment->agent_id) != 0 ||
        strcmp(order->framework_id->value, environment->framework_id) != 0 ||
        strcmp(order->executor_id->value, environment->executor_id) != 0) {
        log_warn("Ignoring reconnect request from %s because it is not the "
                 "agent of this executor", UPID_TEXT(&from));
        return;
    }
    if (session->is_shutting_down || session->stop_gate) {
        return;
    }
    log_info("Received reconnect request from agent %s",
             environment->agent_id);
    session->is_connected = false;
    actor_timer_cancel(self, &session->subscribe_timer);
    subscribe(self, NULL);
}

static void
on_subscribed(struct session *session, const Executor__Event *event UNUSED)
{
    bool again = session->give_up_at != INT64_MAX;

    log_info("Executor %s on agent %s", again ? "reregistered" : "registered",
             session->environment->agent_id);
    session->is_connected = true;
    session->give_up_at = INT64_MAX;
}

static void
on_acknowledged(struct session *session,
                const Executor__Event__Acknowledged *ack)
{
    for (size_t i = 0; i < session->updates.n; i++) {
        const V1__TaskStatus *status = message_root(session->updates.data[i]);

        if (status->uuid.len == ack->uuid.len &&
            memcmp(status->uuid.data, ack->uuid.data, ack->uuid.len) == 0) {
            message_unref(session->updates.data[i]);
            vec_remove(&session->updates, i);
            forget_launch(session, ack->task_id->value);
            if (session->stop_gate && session->updates.n == 0) {
                actor_stop(&session->base);
            }
            return;
        }
    }
    log_warn("Ignoring unknown status update acknowledgement for task %s",
             ack->task_id->value);
}

static bool
has_launch(const struct session *session, const char *task_id)
{
    for (size_t i = 0; i < session->launches.n; i++) {
        if (strcmp(session->launches.data[i].task->task_id->value, task_id)
            == 0) {
            return true;
        }
    }
    return false;
}

static void
note_launch(struct session *session, struct message *event,
            V1__TaskInfo *task)
{
    struct launch launch = { .event = message_ref(event), .task = task };

    vec_push(&session->launches, launch);
}

/* Notes the tasks of an order.  False if it has come before: an agent that we
 * told, before the order reached us, that we did not have it, gives it
 * again. */
static bool
note_launches(struct session *session, struct message *event,
              V1__TaskInfo **tasks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (has_launch(session, tasks[i]->task_id->value)) {
            log_info("Ignoring the launch of task %s, which we have",
                     tasks[i]->task_id->value);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        note_launch(session, event, tasks[i]);
    }
    return true;
}

/* The agent has heard of the task, so it need not be told again. */
static void
forget_launch(struct session *session, const char *task_id)
{
    for (size_t i = 0; i < session->launches.n; i++) {
        const struct launch *launch = &session->launches.data[i];

        if (strcmp(launch->task->task_id->value, task_id) == 0) {
            message_unref(launch->event);
            vec_remove(&session->launches, i);
            return;
        }
    }
}

/* --- what the executor says --- */

static void
on_update(struct actor *self, struct actor_msg *msg)
{
    struct session *session = (struct session *) self;
    struct update_body *body = actor_msg_body(msg, &msg_update);

    complete_status(session, body->status);
    vec_push(&session->updates, message_ref(body->status));
    send_update(session, body->status);
}

/* Nobody else has the message yet, so it may still change. */
static void
complete_status(struct session *session, struct message *m)
{
    V1__TaskStatus *status = message_root(m);
    struct uuid uuid;

    if (!status->has_uuid) {
        actor_random_uuid(&session->base, &uuid);
        status->has_uuid = true;
        status->uuid.len = sizeof uuid.bytes;
        status->uuid.data = message_alloc(m, sizeof uuid.bytes);
        memcpy(status->uuid.data, uuid.bytes, sizeof uuid.bytes);
    }
    if (!status->has_timestamp) {
        status->has_timestamp = true;
        status->timestamp = (double) actor_wall_now(&session->base) / 1e9;
    }
    status->has_source = true;
    status->source = V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
    status->agent_id = message_new(m, &v1__agent_id__descriptor);
    status->agent_id->value = message_strdup(m,
                                             session->environment->agent_id);
    status->executor_id = message_new(m, &v1__executor_id__descriptor);
    status->executor_id->value =
        message_strdup(m, session->environment->executor_id);
}

static void
send_update(struct session *session, struct message *status)
{
    struct message *m = create_call(session, EXECUTOR__CALL__TYPE__UPDATE);
    Executor__Call *call = message_root(m);

    call->update = message_new(m, &executor__call__update__descriptor);
    call->update->status = message_root(status);
    message_hold(m, status);
    send_call(session, &m);
}

static void
on_data(struct actor *self, struct actor_msg *msg)
{
    struct session *session = (struct session *) self;
    struct data_body *body = actor_msg_body(msg, &msg_data);
    struct message *m = create_call(session, EXECUTOR__CALL__TYPE__MESSAGE);
    Executor__Call *call = message_root(m);

    call->message = message_new(m, &executor__call__message__descriptor);
    call->message->data.len = body->size;
    call->message->data.data = message_alloc(m, body->size);
    memcpy(call->message->data.data, body->data, body->size);
    send_call(session, &m);
}

static struct message *
create_call(const struct session *session, Executor__Call__Type type)
{
    struct message *m = message_create(&executor__call__descriptor);
    Executor__Call *call = message_root(m);

    call->has_type = true;
    call->type = type;
    call->framework_id = message_new(m, &v1__framework_id__descriptor);
    call->framework_id->value =
        message_strdup(m, session->environment->framework_id);
    call->executor_id = message_new(m, &v1__executor_id__descriptor);
    call->executor_id->value =
        message_strdup(m, session->environment->executor_id);
    return m;
}

static void
send_call(struct session *session, struct message **call)
{
    actor_send_message(&session->base, &session->environment->agent,
                       &msg_executor_call, call);
}

/* --- the end --- */

static void
on_stop(struct actor *self, struct actor_msg *msg)
{
    struct session *session = (struct session *) self;
    struct stop_body *body = actor_msg_body(msg, &msg_stop);

    session->stop_gate = body->gate;
    if (session->updates.n == 0 || !session->is_connected ||
        body->timeout_ns <= 0) {
        actor_stop(self);
        return;
    }
    actor_timer_start(self, &session->stop_timer, body->timeout_ns,
                      on_stop_timeout, NULL);
}

static void
on_stop_timeout(struct actor *self, void *arg UNUSED)
{
    actor_stop(self);
}

static void
shut_down(struct session *session)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    session->is_shutting_down = true;
    actor_timer_cancel(&session->base, &session->subscribe_timer);
    if (!session->environment->is_local) {
        actor_timer_start(&session->base, &session->suicide_timer,
                          session->environment->grace_ns, on_suicide, NULL);
    }
    event->has_type = true;
    event->type = EXECUTOR__EVENT__TYPE__SHUTDOWN;
    session->options.on_event(session->options.aux, m);
    message_unref(m);
}

static void
on_suicide(struct actor *self UNUSED, void *arg UNUSED)
{
    log_warn("Committing suicide by killing the process group");
    log_fini();
    kill(0, SIGKILL);
}

static void
update_fini(void *arg)
{
    struct update_body *body = arg;

    message_unref(body->status);
}

static void
data_fini(void *arg)
{
    struct data_body *body = arg;

    free(body->data);
}
