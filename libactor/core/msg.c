/* SPDX-License-Identifier: Apache-2.0
 *
 * msg.c - messages: memory, body, sender, correlation.
 *
 * Small messages come from a free list of the worker that makes them and go to
 * one of the worker that frees them.  A worker that only makes and one that
 * only frees meet at the system's depot, a few dozen at a time. */
#include <config.h>

#include "core/msg.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/table.h>

#include "core/system_private.h"
#include "core/transport.h"

#define BATCH 64u               /* messages that change hands at the depot */
#define DEPOT_MAX 64u           /* batches kept there, for each class */
#define NO_CLASS 0xff

/* Under these the allocator has to see every message. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAVE_CACHE 0
#else
#define HAVE_CACHE 1
#endif

/* A batch is a list by 'next'; batches are chained by the first message's
 * 'from.slot', which nobody uses meanwhile. */
struct msg_depot {
    struct spinlock lock;
    struct actor_msg *batches[MSG_N_CLASSES];
    unsigned n_batches[MSG_N_CLASSES];
};

static const size_t class_sizes[MSG_N_CLASSES] = { 64, 128 };

static struct actor_msg *msg_allocate(size_t size);
static void msg_free(struct actor_msg *);
static void free_list(struct actor_msg *);
static void cache_refill(struct worker *, unsigned class);
static void cache_spill(struct worker *, unsigned class);

struct actor_msg *
actor_msg_create(const struct actor_msg_type *type)
{
    struct actor_msg *msg = msg_allocate(sizeof *msg + type->size);
    uint8_t size_class = msg->size_class;

    *msg = (struct actor_msg) {
        .type = type, .magic = MSG_MAGIC, .size_class = size_class,
    };
    if (type->size > 0) {
        memset(msg_body(msg), 0, type->size);
    }
    return msg;
}

struct actor_msg *
actor_msg_create_message(const struct actor_msg_type *type,
                         struct message **message)
{
    struct actor_msg *msg = actor_msg_create(type);

    msg->message = steal(*message);
    return msg;
}

void
actor_msg_destroy(struct actor_msg *msg)
{
    if (!msg) {
        return;
    }
    DCHECK(msg->magic == MSG_MAGIC);
    if (msg->from_kind == MSG_FROM_REMOTE) {
        free(msg->from.upid);
    }
    if (msg->message) {
        message_unref(msg->message);
    }
    if (msg->embedded) {
        msg->type->fini(msg);
        return;
    }
    if (msg->type->fini) {
        msg->type->fini(msg_body(msg));
    }
    msg_free(msg);
}

const struct actor_msg_type *
actor_msg_type(const struct actor_msg *msg)
{
    return msg->type;
}

void *
actor_msg_body(struct actor_msg *msg, const struct actor_msg_type *type)
{
    CHECK(msg->magic == MSG_MAGIC && msg->type == type, "message '%s' is not "
          "'%s'", msg->type->name, type->name);
    return msg_body(msg);
}

const void *
actor_msg_root(const struct actor_msg *msg, const struct actor_msg_type *type)
{
    CHECK(msg->magic == MSG_MAGIC && msg->type == type, "message '%s' is not "
          "'%s'", msg->type->name, type->name);
    return msg->message ? message_root(msg->message) : NULL;
}

struct message *
actor_msg_message(const struct actor_msg *msg)
{
    return msg->message;
}

void
actor_msg_from(const struct actor_msg *msg, struct upid *ret_from)
{
    if (msg->from_kind == MSG_FROM_LOCAL
        && slot_read_upid(msg->from.slot, msg->from_generation, ret_from)) {
        return;
    }
    if (msg->from_kind == MSG_FROM_REMOTE) {
        *ret_from = *msg->from.upid;
    } else {
        *ret_from = (struct upid) { .hint_generation = 0 };
    }
}

struct actor_msg *
actor_msg_ticket(const struct actor_msg *request)
{
    static const struct actor_msg_type type = { .name = "ticket" };
    struct actor_msg *ticket = actor_msg_create(&type);

    ticket->from = request->from;
    ticket->from_kind = request->from_kind;
    ticket->from_generation = request->from_generation;
    ticket->call = request->call;
    if (request->from_kind == MSG_FROM_REMOTE) {
        ticket->from.upid = xmemdup(request->from.upid,
                                    sizeof *request->from.upid);
    }
    return ticket;
}

uint64_t
actor_msg_call(const struct actor_msg *msg)
{
    return msg->call;
}

uint64_t
actor_msg_reply_to(const struct actor_msg *msg)
{
    return msg->reply_to;
}

void
actor_msg_set_correlation(struct actor_msg *msg, uint64_t call,
                          uint64_t reply_to)
{
    msg->call = call;
    msg->reply_to = reply_to;
}

void
actor_msg_set_from(struct actor_msg *msg, const struct upid *from)
{
    if (msg->from_kind == MSG_FROM_REMOTE) {
        free(msg->from.upid);
    }
    msg->from.upid = xmemdup(from, sizeof *from);
    msg->from_kind = MSG_FROM_REMOTE;
}

void
msg_init_embedded(struct actor_msg *msg, const struct actor_msg_type *type)
{
    memset(msg, 0, sizeof *msg);
    msg->magic = MSG_MAGIC;
    msg->type = type;
    msg->size_class = NO_CLASS;
    msg->embedded = true;
}

struct msg_depot *
msg_depot_create(void)
{
    return xcalloc(1, sizeof(struct msg_depot));
}

void
msg_depot_destroy(struct msg_depot *depot)
{
    for (unsigned class = 0; class < MSG_N_CLASSES; class++) {
        while (depot->batches[class]) {
            struct actor_msg *batch = depot->batches[class];

            depot->batches[class] = (void *) batch->from.slot;
            free_list(batch);
        }
    }
    free(depot);
}

void
msg_cache_fini(struct msg_cache *cache)
{
    for (unsigned class = 0; class < MSG_N_CLASSES; class++) {
        free_list(steal(cache->free[class]));
        cache->n_free[class] = 0;
    }
}

static struct actor_msg *
msg_allocate(size_t size)
{
    struct worker *worker = HAVE_CACHE ? worker_here : NULL;
    unsigned class = 0;

    while (class < MSG_N_CLASSES && size > class_sizes[class]) {
        class++;
    }
    if (class == MSG_N_CLASSES) {
        struct actor_msg *msg = xmalloc(size);

        msg->size_class = NO_CLASS;
        return msg;
    }
    if (worker && !worker->cache.free[class]) {
        cache_refill(worker, class);
    }
    struct actor_msg *msg = worker ? worker->cache.free[class] : NULL;
    if (msg) {
        worker->cache.free[class] = msg->next;
        worker->cache.n_free[class]--;
        return msg;
    }
    msg = aligned_alloc(CACHE_LINE, class_sizes[class]);
    if (!msg) {
        table_out_of_memory();
    }
    msg->size_class = (uint8_t) class;
    return msg;
}

static void
msg_free(struct actor_msg *msg)
{
    struct worker *worker = HAVE_CACHE ? worker_here : NULL;
    unsigned class = msg->size_class;

    msg->magic = 0;
    if (!worker || class == NO_CLASS) {
        free(msg);
        return;
    }
    if (worker->cache.n_free[class] >= 2 * BATCH) {
        cache_spill(worker, class);
    }
    msg->next = worker->cache.free[class];
    worker->cache.free[class] = msg;
    worker->cache.n_free[class]++;
}

static void
free_list(struct actor_msg *list)
{
    while (list) {
        struct actor_msg *next = list->next;

        free(list);
        list = next;
    }
}

static void
cache_refill(struct worker *worker, unsigned class)
{
    struct msg_depot *depot = worker->system->depot;

    spinlock_lock(&depot->lock);
    struct actor_msg *batch = depot->batches[class];
    if (batch) {
        depot->batches[class] = (void *) batch->from.slot;
        depot->n_batches[class]--;
    }
    spinlock_unlock(&depot->lock);
    if (batch) {
        worker->cache.free[class] = batch;
        worker->cache.n_free[class] = BATCH;
    }
}

/* Takes a batch off the list and leaves it at the depot. */
static void
cache_spill(struct worker *worker, unsigned class)
{
    struct msg_depot *depot = worker->system->depot;
    struct actor_msg *batch = worker->cache.free[class], *last = batch;

    for (unsigned i = 1; i < BATCH; i++) {
        last = last->next;
    }
    worker->cache.free[class] = last->next;
    worker->cache.n_free[class] -= BATCH;
    last->next = NULL;

    spinlock_lock(&depot->lock);
    bool is_full = depot->n_batches[class] >= DEPOT_MAX;
    if (!is_full) {
        batch->from.slot = (void *) depot->batches[class];
        depot->batches[class] = batch;
        depot->n_batches[class]++;
    }
    spinlock_unlock(&depot->lock);
    if (is_full) {
        free_list(batch);
    }
}
