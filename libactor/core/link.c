/* SPDX-License-Identifier: Apache-2.0
 *
 * link.c - who wants to know of whose end.
 *
 * A link belongs to the actor that made it and is in that actor's set, by
 * UPID.  If its target is local it is also a watch in the list of the target's
 * slot, under the exit lock of that slot.  An ending actor closes its mailbox
 * first and takes the lock next; a linker looks at the mailbox under the lock:
 * so either the linker sees a dead actor, or the actor sees the link.
 *
 * An operation that waits for an answer holds a link of its own to whom it
 * asked.  Such links stay when the answer has come, up to a number, for the
 * next call. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/op.h>

#include "core/system_private.h"

#define KEPT_MAX 32u            /* links without a wish or an operation */

struct link {
    struct upid to;
    struct actor_slot *owner;
    uint32_t owner_generation;
    bool is_wanted;             /* by actor_link() */
    bool is_over;               /* out of the set, about to be freed */
    struct op *ops;             /* that wait for 'to', oldest wait first */
    uint64_t sequence;          /* tells links to one UPID apart */
    struct link *hash_next;     /* the owner's set */

    bool is_remote;
    struct exit_watch watch;    /* on a local target */
};

/* actor->links */
struct link_set {
    struct link **buckets;
    uint32_t n_buckets;         /* a power of two */
    uint32_t n;
};

struct exited {
    struct upid who;
    uint64_t sequence;          /* 0: whichever link to 'who' there is */
};

static void on_exited(struct actor *, struct actor_msg *);

static char *
describe_exited(const void *exited)
{
    return xstrdup(UPID_TEXT(&((const struct exited *) exited)->who));
}

static const struct actor_msg_type msg_exited = {
    .name = "actor.exited", .size = sizeof(struct exited), .run = on_exited,
    .event = "EXITED", .describe = describe_exited,
};

/* --- sets --- */

static struct link **
bucket(struct link_set *set, const struct upid *to)
{
    return &set->buckets[upid_hash(to) & (set->n_buckets - 1)];
}

static struct link *
set_find(struct link_set *set, const struct upid *to)
{
    struct link *link = set ? *bucket(set, to) : NULL;

    while (link && !upid_equal(&link->to, to)) {
        link = link->hash_next;
    }
    return link;
}

static void
set_grow(struct link_set *set)
{
    struct link_set grown = { .n_buckets = set->n_buckets * 2, .n = set->n };

    grown.buckets = xcalloc(grown.n_buckets, sizeof *grown.buckets);
    for (uint32_t i = 0; i < set->n_buckets; i++) {
        while (set->buckets[i]) {
            struct link *link = set->buckets[i];

            set->buckets[i] = link->hash_next;
            link->hash_next = *bucket(&grown, &link->to);
            *bucket(&grown, &link->to) = link;
        }
    }
    free(set->buckets);
    *set = grown;
}

static void
set_add(struct actor *actor, struct link *link)
{
    struct link_set *set = actor->links;

    if (!set) {
        actor->links = set = xcalloc(1, sizeof *set);
        set->n_buckets = 4;
        set->buckets = xcalloc(set->n_buckets, sizeof *set->buckets);
    }
    if (set->n >= set->n_buckets) {
        set_grow(set);
    }
    link->hash_next = *bucket(set, &link->to);
    *bucket(set, &link->to) = link;
    set->n++;
}

static void
set_remove(struct link_set *set, struct link *link)
{
    struct link **at = bucket(set, &link->to);

    while (*at != link) {
        at = &(*at)->hash_next;
    }
    *at = link->hash_next;
    set->n--;
}

/* --- links --- */

static void
send_exited(struct actor_system *system, struct actor_slot *to,
            uint32_t generation, const struct upid *who, uint64_t sequence)
{
    struct actor_msg *msg = actor_msg_create(&msg_exited);
    struct exited *exited = actor_msg_body(msg, &msg_exited);

    exited->who = *who;
    exited->sequence = sequence;
    system_push(system, to, generation, msg);
}

/* The local target of a link has ended; under its exit lock. */
static void
on_target_exit(struct exit_watch *watch)
{
    struct link *link = CONTAINER_OF(watch, struct link, watch);

    send_exited(link->owner->system, link->owner, link->owner_generation,
                &link->to, link->sequence);
}

/* Enters the link with its target; false if that is gone. */
static bool
attach(struct actor *self, struct link *link)
{
    struct actor_system *system = self->slot->system;
    uint32_t generation;

    if (upid_is_empty(&link->to)) {
        return false;
    }
    if (!system_is_local(system, &link->to)) {
        if (!system->transport_ops) {
            return false;
        }
        link->is_remote = true;
        system->transport_ops->link(system->transport, actor_upid(self),
                                    &link->to);
        return true;
    }
    struct actor_slot *slot = system_find(system, &link->to, &generation);
    link->watch.fn = on_target_exit;
    return slot && link_watch(slot, generation, &link->watch);
}

static void
detach(struct actor *self, struct link *link)
{
    struct actor_system *system = self->slot->system;

    if (link->is_remote) {
        system->transport_ops->unlink(system->transport, actor_upid(self),
                                      &link->to);
    } else {
        system_unwatch_exit(system, &link->watch);
    }
}

/* The address has a new process, of which we have heard before we were told
 * of the end of the old one: from here on the link is to the new one. */
static void
follow(struct actor *self, struct link *link, const struct upid *to)
{
    if (link->is_remote && !upid_is_same(&link->to, to)) {
        detach(self, link);
        link->to = *to;
        if (!attach(self, link)) {
            send_exited(self->slot->system, link->owner,
                        link->owner_generation, to, link->sequence);
        }
    }
}

static struct link *
get_link(struct actor *self, const struct upid *to)
{
    struct actor_system *system = self->slot->system;
    struct link *link = set_find(self->links, to);

    if (link) {
        follow(self, link, to);
        return link;
    }
    link = xcalloc(1, sizeof *link);
    link->to = *to;
    link->owner = self->slot;
    link->owner_generation = slot_generation(self->slot);
    link->sequence = 1 + atomic_fetch_add_explicit(&system->last_link, 1,
                                                   memory_order_relaxed);
    set_add(self, link);
    if (!attach(self, link)) {
        send_exited(system, link->owner, link->owner_generation, to,
                    link->sequence);
    }
    return link;
}

static void
destroy_if_unused(struct actor *self, struct link *link)
{
    struct link_set *set = self->links;

    if (!link->is_wanted && !link->ops) {
        set_remove(set, link);
        detach(self, link);
        free(link);
    }
}

void
actor_link(struct actor *self, const struct upid *to)
{
    get_link(self, to)->is_wanted = true;
}

void
actor_unlink(struct actor *self, const struct upid *to)
{
    struct link *link = set_find(self->links, to);

    if (link && link->is_wanted) {
        link->is_wanted = false;
        destroy_if_unused(self, link);
    }
}

void
link_hold(struct actor *self, const struct upid *to, struct op *op)
{
    op->link = get_link(self, to);
    DL_APPEND2(op->link->ops, op, link_prev, link_next);
}

void
link_release(struct actor *self, struct op *op)
{
    struct link *link = steal(op->link);

    DL_DELETE2(link->ops, op, link_prev, link_next);
    if (!link->is_over && ((struct link_set *) self->links)->n > KEPT_MAX) {
        destroy_if_unused(self, link);
    }
}

void
link_clear(struct actor *self)
{
    struct link_set *set = self->links;

    for (uint32_t i = 0; set && i < set->n_buckets; i++) {
        while (set->buckets[i]) {
            struct link *link = set->buckets[i];

            set->buckets[i] = link->hash_next;
            detach(self, link);
            free(link);
        }
    }
    if (set) {
        free(set->buckets);
        free(set);
        self->links = NULL;
    }
}

static void
on_exited(struct actor *self, struct actor_msg *msg)
{
    struct exited *exited = actor_msg_body(msg, &msg_exited);
    struct link *link = set_find(self->links, &exited->who);

    if (!link
        || (exited->sequence != 0 && exited->sequence != link->sequence)
        || !upid_is_same(&exited->who, &link->to)) {
        return;
    }
    set_remove(self->links, link);
    link->is_over = true;
    while (link->ops) {
        struct op *op = link->ops;

        /* A call that its failure makes gets a link of its own. */
        link_release(self, op);
        op_on_exited(op);
    }
    if (link->is_wanted && self->type->exited) {
        self->type->exited(self, &link->to);
    }
    free(link);
}

/* --- the other side --- */

static void
announce(struct actor_slot *slot, bool to_links)
{
    struct exit_watch *watch, *next;

    DL_FOREACH_SAFE (slot->watches, watch, next) {
        if ((watch->fn == on_target_exit) == to_links) {
            DL_DELETE(slot->watches, watch);
            watch->prev = NULL;
            watch->fn(watch);
        }
    }
}

void
link_announce_exit(struct actor_slot *slot)
{
    /* Actors first: who waits outside may count on their having been told. */
    pthread_mutex_lock(slot_exit_lock(slot));
    announce(slot, true);
    announce(slot, false);
    pthread_mutex_unlock(slot_exit_lock(slot));
}

bool
link_watch(struct actor_slot *slot, uint32_t generation,
           struct exit_watch *watch)
{
    watch->prev = watch->next = NULL;
    watch->slot = slot;
    pthread_mutex_lock(slot_exit_lock(slot));
    bool is_alive = slot_generation(slot) == generation
                    && !mailbox_is_dead(&slot->mailbox);
    if (is_alive) {
        DL_APPEND(slot->watches, watch);
    }
    pthread_mutex_unlock(slot_exit_lock(slot));
    return is_alive;
}

bool
system_watch_exit(struct actor_system *system, const char *id,
                  struct exit_watch *watch)
{
    uint32_t generation;
    struct actor_slot *slot = slot_table_find(&system->slots, id,
                                              &generation);

    watch->slot = NULL;
    return slot && link_watch(slot, generation, watch);
}

void
system_unwatch_exit(struct actor_system *system UNUSED,
                    struct exit_watch *watch)
{
    struct actor_slot *slot = watch->slot;

    if (slot) {
        pthread_mutex_lock(slot_exit_lock(slot));
        if (watch->prev) {
            DL_DELETE(slot->watches, watch);
            watch->prev = NULL;
        }
        pthread_mutex_unlock(slot_exit_lock(slot));
    }
}

void
system_deliver_exited(struct actor_system *system, const struct upid *to,
                      const struct upid *who)
{
    uint32_t generation;
    struct actor_slot *slot = system_find(system, to, &generation);

    if (slot) {
        send_exited(system, slot, generation, who, 0);
    }
}
