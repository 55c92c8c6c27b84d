/* SPDX-License-Identifier: Apache-2.0
 *
 * gate.c - what threads outside a system wait at, and share data under. */
#include <config.h>

#include <actor/system.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/duration.h>

struct actor_gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;               /* lock */
};

struct actor_mutex {
    pthread_mutex_t lock;
};

struct actor_gate *
actor_gate_create(void)
{
    struct actor_gate *gate = xcalloc(1, sizeof *gate);
    pthread_condattr_t attr;

    pthread_mutex_init(&gate->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->opened, &attr);
    pthread_condattr_destroy(&attr);
    return gate;
}

void
actor_gate_destroy(struct actor_gate *gate)
{
    if (!gate) {
        return;
    }

    /* Whoever opened it may still be in there. */
    pthread_mutex_lock(&gate->lock);
    pthread_mutex_unlock(&gate->lock);
    pthread_cond_destroy(&gate->opened);
    pthread_mutex_destroy(&gate->lock);
    free(gate);
}

void
actor_gate_open(struct actor_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

bool
actor_gate_is_open(const struct actor_gate *gate_)
{
    struct actor_gate *gate = (struct actor_gate *) gate_;

    pthread_mutex_lock(&gate->lock);
    bool is_open = gate->is_open;
    pthread_mutex_unlock(&gate->lock);
    return is_open;
}

bool
actor_gate_wait(struct actor_gate *gate, int64_t timeout_ns)
{
    struct timespec until;
    int errnum = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t now = (int64_t) until.tv_sec * SECOND + until.tv_nsec;
    int64_t at = timeout_ns <= 0 ? now
                 : timeout_ns < INT64_MAX - now ? now + timeout_ns
                 : INT64_MAX;
    until.tv_sec = (time_t) (at / SECOND);
    until.tv_nsec = (long) (at % SECOND);

    pthread_mutex_lock(&gate->lock);
    while (!gate->is_open && errnum != ETIMEDOUT) {
        errnum = pthread_cond_timedwait(&gate->opened, &gate->lock, &until);
    }
    bool is_open = gate->is_open;
    pthread_mutex_unlock(&gate->lock);
    return is_open;
}

struct actor_mutex *
actor_mutex_create(void)
{
    struct actor_mutex *mutex = xcalloc(1, sizeof *mutex);
    pthread_mutexattr_t attr;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&mutex->lock, &attr);
    pthread_mutexattr_destroy(&attr);
    return mutex;
}

void
actor_mutex_destroy(struct actor_mutex *mutex)
{
    if (mutex) {
        pthread_mutex_destroy(&mutex->lock);
        free(mutex);
    }
}

void
actor_mutex_lock(struct actor_mutex *mutex)
{
    pthread_mutex_lock(&mutex->lock);
}

void
actor_mutex_unlock(struct actor_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->lock);
}
