/* SPDX-License-Identifier: Apache-2.0
 *
 * actor.c - spawning, sending, ending. */
#include <config.h>

#include <actor/actor.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/uuid.h>

#include "core/system_private.h"

static struct error *take_id(struct actor_system *, const struct actor_type *,
                             const char *id, struct actor_slot **ret_slot);
static void on_terminate(struct actor *, struct actor_msg *);
static void send_from(struct actor *, const struct upid *to,
                      struct actor_msg *);

static const struct actor_msg_type msg_terminate = {
    .name = "actor.terminate", .run = on_terminate, .event = "TERMINATE",
};

/* --- life --- */

struct error *
actor_spawn(struct actor_system *system, const struct actor_type *type,
            const char *id, void *arg, struct upid *ret_upid)
{
    struct actor_slot *slot;

    CHECK(type->size >= sizeof(struct actor), "type '%s'", type->name);
    struct error *error = take_id(system, type, id, &slot);
    if (error) {
        return error_wrap(error, "spawning '%s'", id ? id : type->name);
    }
    struct actor *actor = xcalloc(1, type->size);
    actor->magic = ACTOR_MAGIC;
    actor->slot = slot;
    actor->type = type;
    slot->actor = actor;

    /* Messages may come already, but none is handled before 'init' is over:
     * the right to run the actor is ours. */
    struct upid upid = slot->name.upid;
    error = type->init ? type->init(actor, arg) : NULL;
    if (error || actor->flags & ACTOR_FLAG_STOPPING) {
        turn_end_actor(NULL, slot);
    } else if (!mailbox_try_idle(&slot->mailbox)) {
        worker_schedule(slot);
    }
    if (error) {
        return error_wrap(error, "spawning '%s'", upid.id);
    }
    if (ret_upid) {
        *ret_upid = upid;
    }
    return NULL;
}

/* A slot for a new actor, entered under 'id' or a generated one. */
static struct error *
take_id(struct actor_system *system, const struct actor_type *type,
        const char *id, struct actor_slot **ret_slot)
{
    char generated[UPID_ID_MAX + 1];
    struct upid upid;
    bool is_closed;

    for (;;) {
        if (!id) {
            actor_generate_id(system, type->name, generated);
        }
        struct error *error = upid_make(id ? id : generated,
                                        &system->address, &upid);
        if (error) {
            return error;
        }
        *ret_slot = slot_table_add(&system->slots, system, type, &upid,
                                   &is_closed);
        if (*ret_slot) {
            return NULL;
        }
        if (is_closed) {
            return error_create(ERROR_UNAVAILABLE,
                                "the system is shutting down");
        }
        if (id) {
            return error_create(ERROR_EXISTS, "the id is taken");
        }
    }
}

void
actor_generate_id(struct actor_system *system, const char *prefix,
                  char id[UPID_ID_MAX + 1])
{
    /* A prefix that is too long makes an id that is; spawning says so. */
    snprintf(id, UPID_ID_MAX + 1, "%.*s(%" PRIu64 ")", UPID_ID_MAX - 22,
             prefix, slot_table_next_id(&system->slots, prefix));
}

void
actor_stop(struct actor *self)
{
    self->flags |= ACTOR_FLAG_STOPPING;
}

void
actor_terminate(struct actor_system *system, const struct upid *upid)
{
    uint32_t generation;
    struct actor_slot *slot = system_find(system, upid, &generation);

    if (slot) {
        system_push(system, slot, generation,
                    actor_msg_create(&msg_terminate));
    }
}

static void
on_terminate(struct actor *self, struct actor_msg *msg UNUSED)
{
    actor_stop(self);
}

struct gate_watch {
    struct exit_watch base;
    struct actor_gate *gate;
};

static void
on_exit_open_gate(struct exit_watch *watch)
{
    actor_gate_open(CONTAINER_OF(watch, struct gate_watch, base)->gate);
}

/* Manual systems: the calling thread has to make the time pass. */
static bool
wait_manually(struct actor_system *system, struct actor_gate *gate,
              int64_t timeout_ns)
{
    actor_system_run(system);
    while (!actor_gate_is_open(gate)) {
        int64_t next = actor_system_next_timer(system);
        int64_t step = next - actor_system_now(system);

        if (timeout_ns <= 0 || next == INT64_MAX
            || !backend_has_virtual_clock(system)) {
            return false;
        }
        if (step > timeout_ns) {
            step = timeout_ns;
        }
        actor_system_advance(system, step);
        timeout_ns -= timeout_ns == DURATION_FOREVER ? 0 : step;
    }
    return true;
}

/* Where that very actor is or was, if the UPID says which; otherwise the one
 * that has the id now. */
static struct actor_slot *
find_exactly(struct actor_system *system, const struct upid *upid,
             uint32_t *ret_generation)
{
    if (upid->hint_generation == 0 || !system_is_local(system, upid)) {
        return system_find(system, upid, ret_generation);
    }
    *ret_generation = upid->hint_generation;
    return slot_table_at(&system->slots, upid->hint_slot);
}

bool
actor_wait(struct actor_system *system, const struct upid *upid,
           int64_t timeout_ns)
{
    struct gate_watch watch = { .base = { .fn = on_exit_open_gate } };
    uint32_t generation;
    struct actor_slot *slot = find_exactly(system, upid, &generation);
    bool is_gone;

    CHECK(system->is_manual || !worker_current_of(system),
          "an actor waits for '%s'", upid->id);
    if (!slot) {
        return true;
    }
    watch.gate = actor_gate_create();
    if (!link_watch(slot, generation, &watch.base)) {
        is_gone = true;
    } else if (system->is_manual) {
        is_gone = wait_manually(system, watch.gate, timeout_ns);
    } else {
        is_gone = actor_gate_wait(watch.gate, timeout_ns);
    }
    system_unwatch_exit(system, &watch.base);
    actor_gate_destroy(watch.gate);
    return is_gone;
}

/* --- who and where am I --- */

const struct upid *
actor_upid(const struct actor *self)
{
    return &self->slot->name.upid;
}

struct actor_system *
actor_system_of(const struct actor *self)
{
    return self->slot->system;
}

/* --- talking --- */

static inline void
set_sender(struct actor_msg *msg, const struct actor *self)
{
    if (UNLIKELY(msg->from_kind == MSG_FROM_REMOTE)) {
        free(msg->from.upid);
    }
    msg->from_kind = MSG_FROM_LOCAL;
    msg->from.slot = self->slot;
    msg->from_generation = atomic_load_explicit(&self->slot->generation,
                                                memory_order_relaxed);
}

void
actor_send(struct actor *self, const struct upid *to, struct actor_msg **msg)
{
    send_from(self, to, steal(*msg));
}

void
actor_send_message(struct actor *self, const struct upid *to,
                   const struct actor_msg_type *type,
                   struct message **message)
{
    send_from(self, to, actor_msg_create_message(type, message));
}

static void
send_from(struct actor *self, const struct upid *to, struct actor_msg *msg)
{
    struct actor_system *system = self->slot->system;
    uint32_t generation;
    struct actor_slot *slot = system_find(system, to, &generation);

    set_sender(msg, self);
    if (slot) {
        system_push(system, slot, generation, msg);
    } else if (!upid_is_empty(to) && !system_is_local(system, to)
               && system->transport_ops) {
        system->transport_ops->send(system->transport, actor_upid(self), to,
                                    &msg);
    } else {
        system_dead_letter(system, msg);
    }
}

void
actor_reply(struct actor *self, const struct actor_msg *request,
            struct actor_msg **msg_)
{
    struct actor_system *system = self->slot->system;
    struct actor_msg *msg = steal(*msg_);

    set_sender(msg, self);
    msg->reply_to = request->call;
    switch ((enum msg_from) request->from_kind) {
    case MSG_FROM_LOCAL:
        system_push(system, request->from.slot, request->from_generation,
                    msg);
        return;
    case MSG_FROM_REMOTE:
        if (system->transport_ops) {
            system->transport_ops->send(system->transport, actor_upid(self),
                                        request->from.upid, &msg);
            return;
        }
        break;
    case MSG_FROM_NOBODY:
        break;
    }
    system_dead_letter(system, msg);
}

void
actor_post(struct actor_system *system, const struct upid *to,
           struct actor_msg **msg_)
{
    static const struct upid nobody;
    struct actor_msg *msg = steal(*msg_);
    uint32_t generation;
    struct actor_slot *slot = system_find(system, to, &generation);

    if (slot) {
        system_push(system, slot, generation, msg);
    } else if (!system_is_local(system, to) && system->transport_ops) {
        system->transport_ops->send(system->transport, &nobody, to, &msg);
    } else {
        system_dead_letter(system, msg);
    }
}

/* --- time and chance --- */

int64_t
actor_now(const struct actor *self)
{
    return actor_system_now(self->slot->system);
}

int64_t
actor_wall_now(const struct actor *self)
{
    return actor_system_wall_now(self->slot->system);
}

void
actor_random(struct actor *self, void *buffer, size_t size)
{
    const struct actor_backend *backend = &self->slot->system->backend;

    backend->random->fill(backend->random_ctx, buffer, size);
}

void
actor_random_uuid(struct actor *self, struct uuid *ret_uuid)
{
    uint8_t bytes[16];

    actor_random(self, bytes, sizeof bytes);
    uuid_make_v4(bytes, ret_uuid);
}

double
actor_random_double(struct actor *self)
{
    uint64_t bits;

    actor_random(self, &bits, sizeof bits);
    return (double) (bits >> 11) * 0x1.0p-53;
}

struct metrics *
actor_metrics(const struct actor *self)
{
    return self->slot->system->metrics;
}
