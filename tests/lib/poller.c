/* SPDX-License-Identifier: Apache-2.0
 *
 * poller.c - a small poller on epoll(7), and bare systems on it. */
#include <config.h>

#include "tests/lib/poller.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#include "core/transport.h"
#include "core/worker.h"

struct poller {
    int epoll;
    int event;
};

static struct poller *
test_poller_create(void)
{
    struct poller *poller = xcalloc(1, sizeof *poller);

    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    poller->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(poller->epoll >= 0 && poller->event >= 0);
    epoll_ctl(poller->epoll, EPOLL_CTL_ADD, poller->event,
              &(struct epoll_event) { .events = EPOLLIN });
    return poller;
}

static void
test_poller_destroy(struct poller *poller)
{
    close(poller->epoll);
    close(poller->event);
    free(poller);
}

static void
test_poller_run(struct poller *poller, int64_t timeout_ns)
{
    struct timespec timeout = {
        .tv_sec = timeout_ns / SECOND, .tv_nsec = timeout_ns % SECOND,
    };
    struct epoll_event events[8];
    int n = epoll_pwait2(poller->epoll, events, 8,
                         timeout_ns < 0 ? NULL : &timeout, NULL);

    for (int i = 0; i < n; i++) {
        struct poll_watch *watch = events[i].data.ptr;
        uint64_t count;

        if (!watch) {
            (void) !read(poller->event, &count, sizeof count);
        } else if (watch->events) {
            watch->fn(watch, watch->events);
        }
    }
}

static void
test_poller_wake(struct poller *poller)
{
    uint64_t one = 1;

    (void) !write(poller->event, &one, sizeof one);
}

static void
test_poller_watch(struct poller *poller, struct poll_watch *watch, int fd,
                  int events)
{
    struct epoll_event event = { .data.ptr = watch };

    event.events = (events & POLL_READ ? EPOLLIN : 0u)
                   | (events & POLL_WRITE ? EPOLLOUT : 0u);
    epoll_ctl(poller->epoll,
              !events ? EPOLL_CTL_DEL
                      : watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
              fd, &event);
    watch->fd = fd;
    watch->events = events;
}

const struct poller_ops poller_test = {
    .create = test_poller_create,
    .destroy = test_poller_destroy,
    .run = test_poller_run,
    .wake = test_poller_wake,
    .watch = test_poller_watch,
};

static struct actor_system *
create(const struct actor_system_options *options)
{
    struct actor_system *system = NULL;
    struct error *error = system_create(options, &poller_test, &system);

    CHECK(!error, "%s", error_text(error));
    return system;
}

struct actor_system *
bare_manual(const struct actor_backend *backend)
{
    return create(&(struct actor_system_options) {
        .manual = true, .seed = 1, .backend = backend,
    });
}

struct actor_system *
bare_threaded(unsigned n_workers)
{
    return create(&(struct actor_system_options) { .n_workers = n_workers });
}
