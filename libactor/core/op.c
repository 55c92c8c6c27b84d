/* SPDX-License-Identifier: Apache-2.0
 *
 * op.c - operations: records of named steps.
 *
 * Every wait has a number of its own, unique in the system.  A call's number
 * travels with the request and comes back with the answer; numbers of sleeps
 * and work only serve to tell a wait from the one before it.  An operation
 * that waits is in its actor's table under that number. */
#include <config.h>

#include <actor/op.h>

#include <stdlib.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>

#include "core/system_private.h"

#define OP_MAGIC 0x6f706572u

/* actor->ops */
struct op_set {
    struct op *all;             /* oldest first */
    struct op **buckets;        /* those that wait, by 'call' */
    size_t n_buckets;           /* a power of two */
    size_t n_waiting;
};

static void run(struct op *, unsigned step);
static void finish(struct op *);
static void release(struct op *);
static void begin_wait(struct op *, unsigned next_step);
static void end_wait(struct op *);
static void fail(struct op *, struct error *);
static struct op *find(struct actor *, uint64_t call);
static void on_timeout(struct actor *, void *op);
static void on_slept(struct actor *, void *op);

void
op_start(struct actor *self, struct op *op, const struct op_type *type)
{
    struct op_set *set = self->ops;

    if (!set) {
        self->ops = set = xcalloc(1, sizeof *set);
        set->n_buckets = 4;
        set->buckets = xcalloc(set->n_buckets, sizeof *set->buckets);
    }
    op->magic = OP_MAGIC;
    op->type = type;
    op->actor = self;
    DL_APPEND(set->all, op);
    run(op, 0);
}

/* --- what a step returns --- */

enum op_next
op_goto(struct op *op, unsigned step)
{
    op->next_step = step;
    return OP_GOTO;
}

enum op_next
op_call(struct op *op, const struct upid *to, struct actor_msg **msg,
        const struct actor_msg_type *reply_type, int64_t timeout_ns,
        unsigned next_step)
{
    begin_wait(op, next_step);
    op->reply_type = reply_type;
    (*msg)->call = op->call;
    if (timeout_ns != DURATION_FOREVER) {
        actor_timer_start(op->actor, &op->timer, timeout_ns, on_timeout, op);
    }
    link_hold(op->actor, to, op);
    actor_send(op->actor, to, msg);
    return OP_WAIT;
}

enum op_next
op_work(struct op *op, struct error *(*fn)(void *arg), void *arg,
        unsigned next_step)
{
    begin_wait(op, next_step);

    /* Relaxed: the pool's lock orders it before the decrements. */
    __atomic_add_fetch(&op->n_works, 1, __ATOMIC_RELAXED);
    pool_submit_op(op->actor, op, op->call, fn, arg);
    return OP_WAIT;
}

enum op_next
op_sleep(struct op *op, int64_t delay_ns, unsigned next_step)
{
    begin_wait(op, next_step);
    actor_timer_start(op->actor, &op->timer, delay_ns, on_slept, op);
    return OP_WAIT;
}

enum op_next
op_fail(struct op *op, struct error *error)
{
    error_destroy(op->error);
    op->error = error;
    op->next_step = op->type->failure_step;
    return OP_GOTO;
}

/* --- inside a step --- */

struct actor_msg *
op_reply(struct op *op)
{
    return op->reply;
}

const struct error *
op_error(const struct op *op)
{
    return op->error;
}

void
op_cancel(struct op *op)
{
    CHECK(op->magic == OP_MAGIC && op->call != 0, "it does not wait");
    fail(op, error_create(ERROR_CANCELLED, "cancelled"));
}

const char *
op_step_name(const struct op *op)
{
    return op->type->steps[op->step].name;
}

/* --- steps --- */

/* Runs 'step' and those that follow, until one waits or is the last. */
static void
run(struct op *op, unsigned step)
{
    enum op_next next;

    do {
        CHECK(op->magic == OP_MAGIC && step < op->type->n_steps,
              "step %u of '%s'", step, op->type->name);
        if (step != op->type->failure_step) {
            error_destroy(steal(op->error));
        }
        vlog(3, "Operation '%s' of '%s': %s", op->type->name,
             actor_upid(op->actor)->id, op->type->steps[step].name);
        op->step = step;
        next = op->type->steps[step].run(op->actor, op);
        op->reply = NULL;
        step = op->next_step;
    } while (next == OP_GOTO);
    CHECK(next == OP_DONE || op->call != 0, "step '%s' of '%s' waits for "
          "nothing", op_step_name(op), op->type->name);
    if (next == OP_DONE) {
        finish(op);
    }
}

/* Takes the operation away from its actor. */
static void
finish(struct op *op)
{
    struct op_set *set = op->actor->ops;

    if (op->call != 0) {
        end_wait(op);
    }
    DL_DELETE(set->all, op);
    op->actor = NULL;
    error_destroy(steal(op->error));
    if (__atomic_load_n(&op->n_works, __ATOMIC_ACQUIRE) == 0) {
        release(op);
    }
}

static void
release(struct op *op)
{
    op->magic = 0;
    if (op->type->destroy) {
        op->type->destroy(op);
    }
}

static void
fail(struct op *op, struct error *error)
{
    end_wait(op);
    error_destroy(op->error);
    op->error = error;
    run(op, op->type->failure_step);
}

/* --- waiting --- */

static void
insert(struct op_set *set, struct op *op)
{
    struct op **bucket = &set->buckets[op->call & (set->n_buckets - 1)];

    op->hash_next = *bucket;
    *bucket = op;
}

static void
grow(struct op_set *set)
{
    struct op **buckets = set->buckets;
    size_t n_buckets = set->n_buckets;

    set->n_buckets *= 2;
    set->buckets = xcalloc(set->n_buckets, sizeof *set->buckets);
    for (size_t i = 0; i < n_buckets; i++) {
        while (buckets[i]) {
            struct op *op = buckets[i];

            buckets[i] = op->hash_next;
            insert(set, op);
        }
    }
    free(buckets);
}

static void
begin_wait(struct op *op, unsigned next_step)
{
    struct op_set *set = op->actor->ops;
    struct actor_system *system = actor_system_of(op->actor);

    CHECK(op->call == 0, "step '%s' of '%s' waits twice", op_step_name(op),
          op->type->name);
    op->next_step = next_step;
    op->reply_type = NULL;
    op->call = 1 + atomic_fetch_add_explicit(&system->last_call, 1,
                                             memory_order_relaxed);
    if (set->n_waiting >= set->n_buckets) {
        grow(set);
    }
    insert(set, op);
    set->n_waiting++;
}

static void
end_wait(struct op *op)
{
    struct op_set *set = op->actor->ops;
    struct op **at = &set->buckets[op->call & (set->n_buckets - 1)];

    while (*at != op) {
        at = &(*at)->hash_next;
    }
    *at = op->hash_next;
    set->n_waiting--;
    op->call = 0;
    actor_timer_cancel(op->actor, &op->timer);
    if (op->link) {
        link_release(op->actor, op);
    }
}

static struct op *
find(struct actor *actor, uint64_t call)
{
    struct op_set *set = actor->ops;
    struct op *op = set ? set->buckets[call & (set->n_buckets - 1)] : NULL;

    while (op && op->call != call) {
        op = op->hash_next;
    }
    return op;
}

/* --- what ends a wait --- */

void
op_on_reply(struct actor *self, struct actor_msg *msg)
{
    struct op *op = find(self, msg->reply_to);

    if (!op) {
        vlog(1, "Dropping message '%s' for '%s': nobody waits for it",
             msg->type->name, actor_upid(self)->id);
    } else if (system_is_no_answer(msg)) {
        fail(op, error_create(ERROR_NOT_FOUND, "there is no such actor"));
    } else if (msg->type != op->reply_type) {
        /* Anybody may say anything, also who answers from afar. */
        fail(op, error_create(ERROR_PARSE, "answered by '%s', not by '%s'",
                              msg->type->name,
                              op->reply_type ? op->reply_type->name
                                             : "nothing"));
    } else {
        unsigned step = op->next_step;

        end_wait(op);
        op->reply = msg;
        run(op, step);
    }
    actor_msg_destroy(msg);
}

void
op_on_exited(struct op *op)
{
    fail(op, error_create(ERROR_CLOSED, "the actor is gone"));
}

static void
on_timeout(struct actor *self UNUSED, void *op)
{
    fail(op, error_create(ERROR_TIMEOUT, "no answer in time"));
}

static void
on_slept(struct actor *self UNUSED, void *op_)
{
    struct op *op = op_;
    unsigned step = op->next_step;

    end_wait(op);
    run(op, step);
}

/* True if that was the last one of a record that is not in use any more.
 * Release and acquire: what each piece of work did to the record happens
 * before it is freed. */
static bool
end_work(struct op *op)
{
    return __atomic_sub_fetch(&op->n_works, 1, __ATOMIC_ACQ_REL) == 0
           && !op->actor;
}

void
op_on_work(struct actor *self UNUSED, struct op *op, uint64_t call,
           struct error *error)
{
    if (end_work(op)) {
        error_destroy(error);
        release(op);
    } else if (op->call != call) {
        error_destroy(error);
    } else if (error) {
        fail(op, error);
    } else {
        unsigned step = op->next_step;

        end_wait(op);
        run(op, step);
    }
}

void
op_work_dropped(struct op *op)
{
    if (end_work(op)) {
        release(op);
    }
}

void
op_destroy_all(struct actor *actor)
{
    struct op_set *set = steal(actor->ops);

    if (!set) {
        return;
    }
    actor->ops = set;
    while (set->all) {
        finish(set->all);
    }
    actor->ops = NULL;
    free(set->buckets);
    free(set);
}
