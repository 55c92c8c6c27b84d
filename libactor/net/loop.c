/* SPDX-License-Identifier: Apache-2.0
 *
 * loop.c - the poller of a worker, over libev.
 *
 * One loop per worker, never libev's default loop: that one installs a SIGCHLD
 * handler which reaps everybody's children.  Only ev_async_send() crosses
 * threads.  Thread: the worker's, but for poller_wake(). */
#include <config.h>

#include <ev.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include "core/worker.h"

struct poller {
    struct ev_loop *loop;       /* owned */
    ev_async wake;
    ev_timer timeout;
};

_Static_assert(sizeof(ev_io) <= sizeof(((struct poll_watch *) 0)->private),
               "an ev_io has to fit into a poll_watch");

static void
on_wake(struct ev_loop *loop UNUSED, ev_async *async UNUSED, int events UNUSED)
{
    /* Having woken up is all there is to it. */
}

static void
on_timeout(struct ev_loop *loop UNUSED, ev_timer *timer UNUSED,
           int events UNUSED)
{
}

static struct poller *
poller_create(void)
{
    struct poller *poller = xcalloc(1, sizeof *poller);

    poller->loop = ev_loop_new(EVFLAG_NOENV);
    CHECK(poller->loop, "no event loop");
    ev_async_init(&poller->wake, on_wake);
    ev_async_start(poller->loop, &poller->wake);
    ev_timer_init(&poller->timeout, on_timeout, 0., 0.);
    return poller;
}

static void
poller_destroy(struct poller *poller)
{
    ev_async_stop(poller->loop, &poller->wake);
    ev_loop_destroy(poller->loop);
    free(poller);
}

static void
poller_run(struct poller *poller, int64_t timeout_ns)
{
    if (timeout_ns == 0) {
        ev_run(poller->loop, EVRUN_NOWAIT);
        return;
    }
    if (timeout_ns > 0) {
        ev_now_update(poller->loop);
        ev_timer_set(&poller->timeout, (double) timeout_ns / 1e9, 0.);
        ev_timer_start(poller->loop, &poller->timeout);
    }
    ev_run(poller->loop, EVRUN_ONCE);
    ev_timer_stop(poller->loop, &poller->timeout);
}

static void
poller_wake(struct poller *poller)
{
    ev_async_send(poller->loop, &poller->wake);
}

static void
on_io(struct ev_loop *loop UNUSED, ev_io *io, int events)
{
    struct poll_watch *watch = io->data;

    watch->fn(watch, (events & EV_READ ? POLL_READ : 0)
                     | (events & EV_WRITE ? POLL_WRITE : 0));
}

static void
poller_watch(struct poller *poller, struct poll_watch *watch, int fd,
             int events)
{
    ev_io *io = (ev_io *) (void *) watch->private;

    if (watch->events == events && (events == 0 || watch->fd == fd)) {
        return;
    }
    if (watch->events) {
        ev_io_stop(poller->loop, io);
    }
    watch->fd = fd;
    watch->events = events;
    if (events) {
        ev_io_init(io, on_io, fd, (events & POLL_READ ? EV_READ : 0)
                                  | (events & POLL_WRITE ? EV_WRITE : 0));
        io->data = watch;
        ev_io_start(poller->loop, io);
    }
}

const struct poller_ops poller_libev = {
    .create = poller_create,
    .destroy = poller_destroy,
    .run = poller_run,
    .wake = poller_wake,
    .watch = poller_watch,
};
