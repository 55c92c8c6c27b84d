/* SPDX-License-Identifier: Apache-2.0
 *
 * pool.c - threads for calls that block.
 *
 * A thread is started when there is work and nobody idle, up to a bound, and
 * ends when it had nothing to do for a while.  A piece of work has the message
 * built in that brings its outcome to the actor; whoever destroys that message
 * disposes of the work. */
#include <config.h>

#include <actor/work.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>

#include "base/log_crash.h"
#include "core/system_private.h"

#define THREADS_MAX 16u
#define IDLE_S 5

struct actor_work {
    struct actor_msg msg;       /* first */
    struct actor_work *next;          /* of the queue */
    struct actor_slot *slot;
    uint32_t generation;
    actor_work_fn *fn;
    actor_work_done_fn *done;
    void *arg;
    void (*destroy)(void *arg);
    struct op *op;              /* whom to tell instead; NULL: nobody */
    uint64_t call;              /* the operation's */
    struct error *error;        /* owned; what 'fn' returned */
};

struct pool {
    struct actor_system *system;
    pthread_mutex_t lock;
    pthread_cond_t changed;     /* work has come, or the pool ends */
    pthread_cond_t ended;       /* a thread has ended */
    struct actor_work *head, *tail;
    unsigned n_queued, n_threads, n_idle;
    bool is_ending;
};

static void submit(struct actor *, struct actor_work *);
static void on_done(struct actor *, struct actor_msg *);
static void free_work(void *msg);
static void start_thread(struct pool *);
static void *thread_main(void *);

static const struct actor_msg_type msg_done = {
    .name = "actor.work-done", .run = on_done, .fini = free_work,
};

void
actor_work(struct actor *self, actor_work_fn *fn, actor_work_done_fn *done,
           void *arg, void (*destroy)(void *arg))
{
    struct actor_work *work = xcalloc(1, sizeof *work);

    work->fn = fn;
    work->done = done;
    work->arg = arg;
    work->destroy = destroy;
    submit(self, work);
}

void
pool_submit_op(struct actor *self, struct op *op, uint64_t call,
               struct error *(*fn)(void *), void *arg)
{
    struct actor_work *work = xcalloc(1, sizeof *work);

    work->fn = fn;
    work->arg = arg;
    work->op = op;
    work->call = call;
    submit(self, work);
}

static void
submit(struct actor *self, struct actor_work *work)
{
    struct pool *pool = self->slot->system->pool;

    const struct actor_backend *backend = &pool->system->backend;

    msg_init_embedded(&work->msg, &msg_done);
    work->slot = self->slot;
    work->generation = slot_generation(self->slot);
    if (backend->work) {
        backend->work->submit(backend->work_ctx, work);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    if (pool->tail) {
        pool->tail->next = work;
    } else {
        pool->head = work;
    }
    pool->tail = work;
    pool->n_queued++;
    if (!pool->system->is_manual) {
        if (pool->n_queued > pool->n_idle && pool->n_threads < THREADS_MAX) {
            start_thread(pool);
        } else {
            pthread_cond_signal(&pool->changed);
        }
    }
    pthread_mutex_unlock(&pool->lock);
}

static void
on_done(struct actor *self, struct actor_msg *msg)
{
    struct actor_work *work = CONTAINER_OF(msg, struct actor_work, msg);

    if (work->op) {
        op_on_work(self, steal(work->op), work->call, steal(work->error));
    } else if (work->done) {
        work->done(self, work->arg, work->error);
    }
}

static void
free_work(void *msg)
{
    struct actor_work *work = CONTAINER_OF((struct actor_msg *) msg,
                                           struct actor_work, msg);

    error_destroy(work->error);
    if (work->op) {
        op_work_dropped(work->op);
    }
    if (work->destroy) {
        work->destroy(work->arg);
    }
    free(work);
}

struct pool *
pool_create(struct actor_system *system)
{
    struct pool *pool = xcalloc(1, sizeof *pool);
    pthread_condattr_t attr;

    pool->system = system;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->changed, &attr);
    pthread_cond_init(&pool->ended, &attr);
    pthread_condattr_destroy(&attr);
    return pool;
}

void
pool_destroy(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->is_ending = true;
    pthread_cond_broadcast(&pool->changed);
    while (pool->n_threads > 0) {
        pthread_cond_wait(&pool->ended, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    while (pool_run_one(pool)) {
    }
    pthread_cond_destroy(&pool->changed);
    pthread_cond_destroy(&pool->ended);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* With the lock. */
static struct actor_work *
take_work(struct pool *pool)
{
    struct actor_work *work = pool->head;

    if (work) {
        pool->head = work->next;
        if (!pool->head) {
            pool->tail = NULL;
        }
        pool->n_queued--;
    }
    return work;
}

bool
pool_run_one(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct actor_work *work = take_work(pool);
    pthread_mutex_unlock(&pool->lock);
    if (!work) {
        return false;
    }
    actor_work_run(work);
    actor_work_finish(work);
    return true;
}

void
actor_work_run(struct actor_work *work)
{
    work->error = work->fn(work->arg);
}

void
actor_work_finish(struct actor_work *work)
{
    system_push(work->slot->system, work->slot, work->generation, &work->msg);
}

void
actor_work_drop(struct actor_work *work)
{
    actor_msg_destroy(&work->msg);
}

/* With the lock. */
static void
start_thread(struct pool *pool)
{
    sigset_t before;
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    log_crash_block_signals(&before);
    int errnum = pthread_create(&thread, &attr, thread_main, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (errnum == 0) {
        pthread_setname_np(thread, "pool");
        pool->n_threads++;
    } else {
        CHECK(pool->n_threads > 0, "cannot start a thread: %s",
              strerror(errnum));
    }
}

/* Waits for work, with the lock; NULL if the thread should end. */
static struct actor_work *
wait_for_work(struct pool *pool)
{
    struct timespec until;
    int errnum = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_S;
    while (!pool->head && !pool->is_ending && errnum != ETIMEDOUT) {
        pool->n_idle++;
        errnum = pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
        pool->n_idle--;
    }
    return take_work(pool);
}

static void *
thread_main(void *pool_)
{
    struct pool *pool = pool_;
    struct log_crash_stack stack;
    struct actor_work *work;

    log_crash_thread_begin(&stack);
    pthread_mutex_lock(&pool->lock);
    while ((work = wait_for_work(pool))) {
        pthread_mutex_unlock(&pool->lock);
        actor_work_run(work);
        actor_work_finish(work);
        pthread_mutex_lock(&pool->lock);
    }
    log_crash_thread_end(&stack);
    pool->n_threads--;
    pthread_cond_signal(&pool->ended);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}
