/* SPDX-License-Identifier: Apache-2.0
 *
 * fake_master.c - keeps calls, sends events.
 *
 * Thread: the actor's turns fill in 'shared', the test's thread reads it; the
 * mutex guards it. */
#include <config.h>

#include "tests/lib/fake_master.h"

#include <check.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "proto/messages.h"
#include "tests/lib/wait.h"

struct fake_master {
    struct actor_system *system;
    struct upid upid;
    char address[ADDRESS_TEXT_SIZE];

    struct actor_mutex *mutex;          /* guards the rest */
    VEC(struct message *) calls;
    bool is_answering;
    bool is_gone;
    bool is_deactivated;
};

struct master_actor {
    struct actor base;
    struct fake_master *shared;
    struct upid scheduler;
};

struct send_body {
    struct message *event;
};

static void
send_body_fini(void *body)
{
    message_unref(((struct send_body *) body)->event);
}

static const struct actor_msg_type msg_send = {
    .name = "fake-send", .size = sizeof(struct send_body),
    .fini = send_body_fini,
};

/* --- events --- */

static struct message *
event_create(Scheduler__Event__Type type)
{
    struct message *m = message_create(&scheduler__event__descriptor);
    Scheduler__Event *event = message_root(m);

    event->has_type = true;
    event->type = type;
    return m;
}

static V1__AgentID *
agent_id_new(struct message *m, const char *value)
{
    V1__AgentID *id = message_new(m, &v1__agent_id__descriptor);

    id->value = message_strdup(m, value);
    return id;
}

static V1__OfferID *
offer_id_new(struct message *m, const char *value)
{
    V1__OfferID *id = message_new(m, &v1__offer_id__descriptor);

    id->value = message_strdup(m, value);
    return id;
}

static V1__ExecutorID *
executor_id_new(struct message *m, const char *value)
{
    V1__ExecutorID *id = message_new(m, &v1__executor_id__descriptor);

    id->value = message_strdup(m, value);
    return id;
}

static V1__FrameworkID *
framework_id_new(struct message *m, const char *value)
{
    V1__FrameworkID *id = message_new(m, &v1__framework_id__descriptor);

    id->value = message_strdup(m, value);
    return id;
}

static ProtobufCBinaryData
bytes_of(struct message *m, const char *text)
{
    ProtobufCBinaryData bytes = {
        .len = strlen(text), .data = (uint8_t *) message_strdup(m, text),
    };

    return bytes;
}

struct message *
fake_event_update(const char *task_id, V1__TaskState state, const char *uuid)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__UPDATE);
    Scheduler__Event *event = message_root(m);
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

    status->task_id = message_new(m, &v1__task_id__descriptor);
    status->task_id->value = message_strdup(m, task_id);
    status->agent_id = agent_id_new(m, "S0");
    status->state = state;
    if (uuid) {
        status->has_uuid = true;
        status->uuid = bytes_of(m, uuid);
    }
    event->update = message_new(m, &scheduler__event__update__descriptor);
    event->update->status = status;
    return m;
}

struct message *
fake_event_offer(const char *offer_id, const char *agent_id)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__OFFERS);
    Scheduler__Event *event = message_root(m);
    V1__Offer *offer = message_new(m, &v1__offer__descriptor);

    offer->id = offer_id_new(m, offer_id);
    offer->agent_id = agent_id_new(m, agent_id);
    offer->framework_id = framework_id_new(m, "F");
    offer->hostname = message_strdup(m, "host");
    event->offers = message_new(m, &scheduler__event__offers__descriptor);
    event->offers->offers = message_array(m, 1, sizeof *event->offers->offers);
    event->offers->offers[0] = offer;
    event->offers->n_offers = 1;
    return m;
}

struct message *
fake_event_rescind(const char *offer_id)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__RESCIND);
    Scheduler__Event *event = message_root(m);

    event->rescind = message_new(m, &scheduler__event__rescind__descriptor);
    event->rescind->offer_id = offer_id_new(m, offer_id);
    return m;
}

struct message *
fake_event_message(const char *data)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__MESSAGE);
    Scheduler__Event *event = message_root(m);

    event->message = message_new(m, &scheduler__event__message__descriptor);
    event->message->agent_id = agent_id_new(m, "S0");
    event->message->executor_id = executor_id_new(m, "E");
    event->message->data = bytes_of(m, data);
    return m;
}

struct message *
fake_event_failure(const char *agent_id, const char *executor_id, int status)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__FAILURE);
    Scheduler__Event *event = message_root(m);

    event->failure = message_new(m, &scheduler__event__failure__descriptor);
    event->failure->agent_id = agent_id_new(m, agent_id);
    if (executor_id) {
        event->failure->executor_id = executor_id_new(m, executor_id);
        event->failure->has_status = true;
        event->failure->status = status;
    }
    return m;
}

struct message *
fake_event_error(const char *text)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__ERROR);
    Scheduler__Event *event = message_root(m);

    event->error = message_new(m, &scheduler__event__error__descriptor);
    event->error->message = message_strdup(m, text);
    return m;
}

static struct message *
event_subscribed(void)
{
    struct message *m = event_create(SCHEDULER__EVENT__TYPE__SUBSCRIBED);
    Scheduler__Event *event = message_root(m);

    event->subscribed =
        message_new(m, &scheduler__event__subscribed__descriptor);
    event->subscribed->framework_id = framework_id_new(m, "F-0000");
    return m;
}

/* --- the actor --- */

static struct master_actor *
master_of(struct actor *self)
{
    return CONTAINER_OF(self, struct master_actor, base);
}

static void
on_call(struct actor *self, struct actor_msg *msg)
{
    struct master_actor *m = master_of(self);
    const Scheduler__Call *call = actor_msg_root(msg, &msg_scheduler_call);

    actor_mutex_lock(m->shared->mutex);
    vec_push(&m->shared->calls, message_ref(actor_msg_message(msg)));
    bool is_answering = m->shared->is_answering;

    actor_mutex_unlock(m->shared->mutex);
    if (call->type == SCHEDULER__CALL__TYPE__SUBSCRIBE) {
        actor_msg_from(msg, &m->scheduler);
        actor_link(self, &m->scheduler);
    }
    if (call->type == SCHEDULER__CALL__TYPE__SUBSCRIBE && is_answering) {
        struct message *event = event_subscribed();

        actor_send_message(self, &m->scheduler, &msg_scheduler_event, &event);
    }
}

static void
on_send(struct actor *self, struct actor_msg *msg)
{
    struct master_actor *m = master_of(self);
    struct send_body *body = actor_msg_body(msg, &msg_send);

    actor_send_message(self, &m->scheduler, &msg_scheduler_event,
                       &body->event);
}

static void
on_deactivate(struct actor *self, struct actor_msg *msg)
{
    struct fake_master *shared = master_of(self)->shared;

    (void) msg;
    actor_mutex_lock(shared->mutex);
    shared->is_deactivated = true;
    actor_mutex_unlock(shared->mutex);
}

static void
on_exited(struct actor *self, const struct upid *who)
{
    struct master_actor *m = master_of(self);

    if (upid_equal(who, &m->scheduler)) {
        actor_mutex_lock(m->shared->mutex);
        m->shared->is_gone = true;
        actor_mutex_unlock(m->shared->mutex);
    }
}

static struct error *
master_init(struct actor *self, void *shared)
{
    master_of(self)->shared = shared;
    return NULL;
}

static const struct actor_handler handlers[] = {
    { &msg_scheduler_call, on_call },
    { &msg_deactivate_framework, on_deactivate },
    { &msg_send, on_send },
};

static const struct actor_type master_type = {
    .name = "master",
    .size = sizeof(struct master_actor),
    .init = master_init,
    .exited = on_exited,
    .handlers = handlers,
    .n_handlers = ARRAY_SIZE(handlers),
};

/* --- the test's side --- */

static void
must(struct error *error)
{
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

struct fake_master *
fake_master_start(uint16_t port)
{
    struct fake_master *fm = xcalloc(1, sizeof *fm);
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = proto_messages,
        .n_messages = proto_n_messages,
    };

    must(address_parse_ip("127.0.0.1", port, &options.listen));
    fm->mutex = actor_mutex_create();
    fm->is_answering = true;
    must(actor_system_create(&options, &fm->system));
    address_format(actor_system_address(fm->system), fm->address);
    must(actor_spawn(fm->system, &master_type, "master", fm, &fm->upid));
    return fm;
}

void
fake_master_stop(struct fake_master *fm)
{
    actor_system_destroy(fm->system);
    vec_foreach (&fm->calls, it) {
        message_unref(*it);
    }
    vec_fini(&fm->calls);
    actor_mutex_destroy(fm->mutex);
    free(fm);
}

uint16_t
fake_master_port(const struct fake_master *fm)
{
    return actor_system_address(fm->system)->port;
}

const char *
fake_master_address(const struct fake_master *fm)
{
    return fm->address;
}

void
fake_master_set_answering(struct fake_master *fm, bool is_answering)
{
    actor_mutex_lock(fm->mutex);
    fm->is_answering = is_answering;
    actor_mutex_unlock(fm->mutex);
}

void
fake_master_answer(struct fake_master *fm)
{
    struct message *event = event_subscribed();

    fake_master_send(fm, &event);
}

size_t
fake_master_count(struct fake_master *fm, Scheduler__Call__Type type)
{
    size_t n = 0;

    actor_mutex_lock(fm->mutex);
    vec_foreach (&fm->calls, it) {
        n += ((const Scheduler__Call *) message_root(*it))->type == type;
    }
    actor_mutex_unlock(fm->mutex);
    return n;
}

void
fake_master_wait(struct fake_master *fm, Scheduler__Call__Type type, size_t n)
{
    WAIT_FOR(fake_master_count(fm, type) >= n);
}

const Scheduler__Call *
fake_master_call(struct fake_master *fm, Scheduler__Call__Type type, size_t i)
{
    const Scheduler__Call *found = NULL;

    actor_mutex_lock(fm->mutex);
    vec_foreach (&fm->calls, it) {
        const Scheduler__Call *call = message_root(*it);

        if (call->type == type && i-- == 0) {
            found = call;
            break;
        }
    }
    actor_mutex_unlock(fm->mutex);
    ck_assert_ptr_nonnull(found);
    return found;
}

static bool
is_gone(struct fake_master *fm)
{
    actor_mutex_lock(fm->mutex);
    bool gone = fm->is_gone;

    actor_mutex_unlock(fm->mutex);
    return gone;
}

static bool
is_deactivated(struct fake_master *fm)
{
    actor_mutex_lock(fm->mutex);
    bool result = fm->is_deactivated;

    actor_mutex_unlock(fm->mutex);
    return result;
}

void
fake_master_wait_deactivated(struct fake_master *fm)
{
    WAIT_FOR(is_deactivated(fm));
}

void
fake_master_wait_gone(struct fake_master *fm)
{
    WAIT_FOR(is_gone(fm));
}

void
fake_master_send(struct fake_master *fm, struct message **event)
{
    struct actor_msg *msg = actor_msg_create(&msg_send);
    struct send_body *body = actor_msg_body(msg, &msg_send);

    body->event = steal(*event);
    actor_post(fm->system, &fm->upid, &msg);
}
