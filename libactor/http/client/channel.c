/* SPDX-License-Identifier: Apache-2.0
 *
 * channel.c - one connection for all calls of somebody.
 *
 * The actor's part names it and closes it, the worker's part has the
 * connection; 'job' is posted once, by whoever of the two ends first on the
 * actor's side: the channel or the actor itself. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include "http/client/call.h"
#include "http/client/channel.h"
#include "http/client/connection.h"
#include "http/client/pool.h"

/* --- life --- */

void
http_channel_ref(struct http_channel *channel)
{
    atomic_fetch_add(&channel->refs, 1);
}

void
http_channel_unref(struct http_channel *channel)
{
    if (atomic_fetch_sub(&channel->refs, 1) == 1) {
        free(channel);
    }
}

/* The worker. */
static void
on_close(struct worker_job *job)
{
    struct http_channel *channel =
        CONTAINER_OF(job, struct http_channel, job);
    autoerror *error = error_create(ERROR_CLOSED, "the channel was closed");

    channel->is_closed = true;
    if (channel->connection) {
        client_connection_close(channel->connection, error);
    }
    http_channel_unref(channel);
}

/* Gives the reference of the actor's side to the job. */
static void
give_up(struct http_channel *channel)
{
    worker_post(channel->worker->worker, &channel->job);
}

static void
on_owner_exit(struct exit_watch *watch)
{
    give_up(CONTAINER_OF(watch, struct http_channel, watch));
}

/* --- the actor's turns --- */

struct http_channel *
http_channel_open(struct actor *self, const struct address *address,
                  http_channel_closed_fn *closed, void *arg)
{
    struct http_channel *channel = xcalloc(1, sizeof *channel);
    struct http_client *client = http_client_of(actor_system_of(self));

    atomic_init(&channel->refs, 1);
    channel->system = actor_system_of(self);
    channel->worker = http_client_worker(client, address);
    channel->address = *address;
    channel->owner = *actor_upid(self);
    channel->closed = closed;
    channel->arg = arg;
    channel->job.fn = on_close;
    channel->watch.fn = on_owner_exit;
    system_watch_exit(channel->system, channel->owner.id, &channel->watch);
    return channel;
}

void
http_channel_close(struct actor *self UNUSED, struct http_channel **channel_)
{
    struct http_channel *channel = steal(*channel_);

    channel->is_over = true;
    system_unwatch_exit(channel->system, &channel->watch);
    give_up(channel);
}

/* --- telling the actor --- */

struct closed_body {
    struct http_channel *channel;       /* counted */
    struct error *error;                /* owned */
};

static void
closed_fini(void *body)
{
    struct closed_body *b = body;

    http_channel_unref(b->channel);
    error_destroy(b->error);
}

static void closed_run(struct actor *self, struct actor_msg *msg);

static const struct actor_msg_type closed_message = {
    .name = "http-channel-closed",
    .size = sizeof(struct closed_body),
    .fini = closed_fini,
    .run = closed_run,
};

static void
closed_run(struct actor *self, struct actor_msg *msg)
{
    struct closed_body *body = actor_msg_body(msg, &closed_message);
    struct http_channel *channel = body->channel;

    if (http_client_is_owner(self, &channel->owner) && !channel->is_over) {
        channel->closed(self, channel->arg, body->error);
    }
}

/* --- the worker --- */

void
http_channel_on_gone(struct http_channel *channel, const struct error *error)
{
    channel->connection = NULL;
    if (channel->is_closed) {
        return;                         /* by the actor */
    }
    channel->is_closed = true;
    if (!channel->closed) {
        return;
    }
    struct actor_msg *msg = actor_msg_create(&closed_message);
    struct closed_body *body = actor_msg_body(msg, &closed_message);

    http_channel_ref(channel);
    body->channel = channel;
    body->error = error_wrap(error_clone(error), "the channel to %s",
                             ADDRESS_TEXT(&channel->address));
    actor_post(channel->system, &channel->owner, &msg);
}

static void
fail_to_open(struct http_channel *channel, struct http_call *call,
             struct error *error)
{
    autoerror *why = error_clone(error);

    http_channel_ref(channel);          /* the call has the other one */
    pool_end_call(call, error);
    http_channel_on_gone(channel, why);
    http_channel_unref(channel);
}

void
http_channel_start(struct http_channel *channel, struct http_call *call)
{
    struct error *error;

    if (channel->is_closed) {
        pool_end_call(call, error_create(ERROR_CLOSED,
                                         "the channel is closed"));
    } else if (channel->connection) {
        client_connection_add(channel->connection, call);
    } else {
        channel->connection = client_connection_open(channel->worker, call,
                                                     &error);
        if (!channel->connection) {
            fail_to_open(channel, call, error);
        }
    }
}
