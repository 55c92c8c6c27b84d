/* SPDX-License-Identifier: Apache-2.0
 *
 * op.h - work of several steps, as a record with named steps.
 *
 * An operation is a struct that begins with a 'struct op'.  Its steps are
 * small functions in a table; each does something and says what comes next.
 * The runtime delivers every completion to the owning actor's turn exactly
 * once, an error included; answers that come too late find no record and are
 * dropped.  The step's name is what logs and /__processes__ show.
 *
 *     static enum op_next
 *     admit_persist(struct actor *self, struct op *op)
 *     {
 *         struct admission *a = admission_cast(op);
 *         struct actor_msg *msg = registrar_admit_create(a->info);
 *
 *         return op_call(op, &master_cast(self)->registrar, &msg,
 *                        &msg_admitted, STORE_TIMEOUT, ADMIT_PUBLISH);
 *     }
 *
 * After a wait the world has changed: only what is in the record is yours;
 * look everything else up again by id.
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef ACTOR_OP_H
#define ACTOR_OP_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>

struct link;
struct op;

enum op_next {
    OP_DONE,                    /* the record may be destroyed */
    OP_GOTO,                    /* by op_goto() only */
    OP_WAIT,                    /* by op_call(), op_work(), op_sleep() */
};

typedef enum op_next op_step_fn(struct actor *self, struct op *);

struct op_step {
    const char *name;
    op_step_fn *run;
};

struct op_type {
    const char *name;           /* "admission" */
    const struct op_step *steps;
    unsigned n_steps;

    /* Step to run when a wait ends with an error; op_error() has it.  It must
     * not wait for what cannot fail to fail again: its own failures come back
     * to it. */
    unsigned failure_step;

    /* Frees the record: after OP_DONE, or when the actor ends first, before
     * its 'fini'.  It may touch nothing but the record: if work was under way
     * at the actor's end, it runs later and on any thread. */
    void (*destroy)(struct op *);
};

struct op {
    uint32_t magic;             /* all private */
    unsigned step;
    unsigned next_step;         /* when the wait is over */
    int n_works;                /* atomic; in the pool */
    const struct op_type *type;
    struct actor *actor;        /* NULL: done, or the actor has ended */
    struct op *prev, *next;     /* the actor's operations */
    struct op *hash_next;       /* by 'call' */
    uint64_t call;              /* what we wait for; 0: nothing */
    const struct actor_msg_type *reply_type;
    struct link *link;          /* to whom we called */
    struct op *link_prev, *link_next;   /* those that wait for the same */
    struct actor_timer timer;
    struct error *error;
    struct actor_msg *reply;
};

/* Starts operation 'op' (zeroed but for the caller's own members) of 'self' at
 * step 0, which runs before this returns.  The record is the runtime's until
 * 'destroy'. */
void op_start(struct actor *self, struct op *, const struct op_type *);

/* --- what a step returns --- */

enum op_next op_goto(struct op *, unsigned step);

/* Sends '*msg' (which becomes NULL) and waits for the answer to it, a message
 * of type 'reply_type'; op_reply() has it in 'next_step'.  No answer in
 * 'timeout_ns', the receiver's end, or an answer of another type (ERROR_PARSE)
 * is an error. */
enum op_next op_call(struct op *, const struct upid *to,
                     struct actor_msg **msg,
                     const struct actor_msg_type *reply_type,
                     int64_t timeout_ns, unsigned next_step);

/* Runs 'fn(arg)' in the worker pool (work.h) and waits.  'arg' stays the
 * record's; it must not be freed while the work runs, which the runtime
 * ensures by calling 'destroy' only afterwards. */
enum op_next op_work(struct op *, struct error *(*fn)(void *arg), void *arg,
                     unsigned next_step);

enum op_next op_sleep(struct op *, int64_t delay_ns, unsigned next_step);

/* Takes 'error' and goes to the failure step. */
enum op_next op_fail(struct op *, struct error *error);

/* --- inside a step --- */

/* The answer of the last op_call(), of the type it named; on loan until the
 * step ends.  NULL in steps that no answer led to. */
struct actor_msg *op_reply(struct op *);

/* The error that led to the failure step, on loan; NULL elsewhere. */
const struct error *op_error(const struct op *);

/* Ends a waiting operation from outside its steps: goes to the failure step
 * with ERROR_CANCELLED. */
void op_cancel(struct op *);

const char *op_step_name(const struct op *);

#endif /* ACTOR_OP_H */
