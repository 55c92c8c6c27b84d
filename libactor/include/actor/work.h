/* SPDX-License-Identifier: Apache-2.0
 *
 * work.h - blocking calls, off the actors' threads.
 *
 * The pool grows with what is asked of it, up to a bound, and its threads go
 * away when idle.  In a manual system work runs on the driving thread, at the
 * next turn.
 *
 * Thread-safety: actor_work() in the actor's turn; 'fn' runs on a pool thread
 * and may touch nothing but 'arg'. */
#ifndef ACTOR_WORK_H
#define ACTOR_WORK_H 1

#include <actor/actor.h>

typedef struct error *actor_work_fn(void *arg);

/* 'error' is what 'fn' returned, on loan. */
typedef void actor_work_done_fn(struct actor *self, void *arg,
                                const struct error *error);

/* Calls fn(arg) in the pool, then done(self, arg, error) in a turn of 'self',
 * then destroy(arg).  If the actor is gone by then, only destroy(arg) is
 * called.  'done' and 'destroy' may be NULL. */
void actor_work(struct actor *self, actor_work_fn *fn,
                actor_work_done_fn *done, void *arg,
                void (*destroy)(void *arg));

/* --- for those who say where work is done (backend.h) --- */

struct actor_work;

/* Calls 'fn'.  Any thread. */
void actor_work_run(struct actor_work *);

/* Brings the outcome to the actor.  Any thread. */
void actor_work_finish(struct actor_work *);

/* Disposes of work, run or not, that nobody will hear of.  While its actor
 * lives: in the actor's turns, or between them. */
void actor_work_drop(struct actor_work *);

#endif /* ACTOR_WORK_H */
