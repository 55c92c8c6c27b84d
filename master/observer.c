/* SPDX-License-Identifier: Apache-2.0
 *
 * observer.c - watches one agent: pings it, and tells the master when it does
 * not answer any more.
 *
 * Mirrors SlaveObserver of Mesos' src/master/master.cpp. */
#include <config.h>

#include "master/observer.h"

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/log.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"

struct observer {
    struct actor base;
    struct upid master;
    struct upid agent;
    char *agent_id;             /* owned */
    int64_t ping_timeout_ns;
    unsigned max_timeouts;
    unsigned n_timeouts;        /* pings in a row without a pong */
    bool ponged;                /* since the last ping */
    bool connected;
    struct actor_timer ping_timer;
};

struct observer_update {
    bool connected;
    struct upid agent;
};

static struct error *observer_init(struct actor *, void *arg);
static void observer_fini(struct actor *);
static actor_handler_fn on_pong, on_update;
static void observer_ping(struct observer *);
static void on_ping_timer(struct actor *, void *arg);

static void
timeout_fini(void *body)
{
    free(((struct observer_timeout *) body)->agent_id);
}

const struct actor_msg_type msg_observer_timeout = {
    .name = "observer.timeout", .size = sizeof(struct observer_timeout),
    .fini = timeout_fini,
};

const struct actor_msg_type msg_observer_pong = {
    .name = "observer.pong", .size = sizeof(struct observer_timeout),
    .fini = timeout_fini,
};

static const struct actor_msg_type msg_observer_update = {
    .name = "observer.update", .size = sizeof(struct observer_update),
};

static const struct actor_handler handlers[] = {
    { &msg_pong_agent, on_pong },
    { &msg_observer_update, on_update },
};

static const struct actor_type observer_type = {
    .name = "slave-observer", .size = sizeof(struct observer),
    .init = observer_init, .fini = observer_fini,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static struct observer *
observer_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct observer, base);
}

struct error *
observer_start(struct actor_system *system,
               const struct observer_options *options, struct upid *ret_upid)
{
    return actor_spawn(system, &observer_type, NULL, (void *) options,
                       ret_upid);
}

void
observer_set_connected(struct actor *self, const struct upid *observer,
                       bool connected, const struct upid *agent)
{
    struct actor_msg *msg = actor_msg_create(&msg_observer_update);
    struct observer_update *update = actor_msg_body(msg,
                                                    &msg_observer_update);

    update->connected = connected;
    update->agent = *agent;
    actor_send(self, observer, &msg);
}

static struct error *
observer_init(struct actor *self, void *arg)
{
    const struct observer_options *options = arg;
    struct observer *o = observer_cast(self);

    o->master = options->master;
    o->agent = options->agent;
    o->agent_id = xstrdup(options->agent_id);
    o->ping_timeout_ns = options->ping_timeout_ns;
    o->max_timeouts = options->max_timeouts;
    o->connected = true;
    observer_ping(o);
    return NULL;
}

static void
observer_fini(struct actor *self)
{
    free(observer_cast(self)->agent_id);
}

static void
observer_ping(struct observer *o)
{
    struct message *m =
        message_create(&internal__ping_agent__descriptor);
    Internal__PingAgent *ping = message_root(m);

    ping->connected = o->connected;
    o->ponged = false;
    actor_send_message(&o->base, &o->agent, &msg_ping_agent, &m);
    actor_timer_start(&o->base, &o->ping_timer, o->ping_timeout_ns,
                      on_ping_timer, NULL);
}

static void
tell(struct observer *o, const struct actor_msg_type *type)
{
    struct actor_msg *msg = actor_msg_create(type);
    struct observer_timeout *body = actor_msg_body(msg, type);

    body->agent_id = xstrdup(o->agent_id);
    actor_send(&o->base, &o->master, &msg);
}

static void
on_ping_timer(struct actor *self, void *arg)
{
    struct observer *o = observer_cast(self);

    (void) arg;
    if (!o->ponged && ++o->n_timeouts >= o->max_timeouts) {
        tell(o, &msg_observer_timeout);
    }
    observer_ping(o);
}

static void
on_pong(struct actor *self, struct actor_msg *msg)
{
    struct observer *o = observer_cast(self);

    (void) msg;
    if (o->n_timeouts >= o->max_timeouts) {
        tell(o, &msg_observer_pong);
    }
    o->ponged = true;
    o->n_timeouts = 0;
}

static void
on_update(struct actor *self, struct actor_msg *msg)
{
    struct observer *o = observer_cast(self);
    struct observer_update *update = actor_msg_body(msg,
                                                    &msg_observer_update);

    o->connected = update->connected;
    o->agent = update->agent;
}
