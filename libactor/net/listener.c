/* SPDX-License-Identifier: Apache-2.0
 *
 * listener.c - accepts connections, in batches, and survives having no
 * descriptors left.
 *
 * When the process is out of descriptors a pending connection would wake the
 * loop for ever: a descriptor held in reserve is given up to accept and close
 * those that wait, so that their peers learn of it, and the listener rests for
 * a moment.
 * Thread: the listener's worker, but for opening. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include "core/worker.h"
#include "net/net.h"

/* Connections accepted before others get their turn. */
#define BATCH 64
#define REST (100 * MILLISECOND)

struct actor_listener {
    struct worker *worker;      /* borrowed */
    int fd;
    int reserve;                /* given up when there are no others left */
    struct poll_watch watch;
    struct worker_timer rest;
    struct worker_job start;
    bool started;
    bool closed;                /* before it had started */
    void (*on_accept)(void *aux, struct actor_stream *,
                      const struct address *peer);
    void *aux;
};

static void
listener_destroy(struct actor_listener *l)
{
    close(l->fd);
    if (l->reserve >= 0) {
        close(l->reserve);
    }
    free(l);
}

static int
open_reserve(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void
on_rested(struct worker_timer *timer)
{
    struct actor_listener *l =
        CONTAINER_OF(timer, struct actor_listener, rest);

    if (l->reserve < 0) {
        l->reserve = open_reserve();
    }
    poller_libev.watch(worker_poller(l->worker), &l->watch, l->fd, POLL_READ);
}

static void
rest(struct actor_listener *l, int errnum)
{
    autoerror *error = error_errno(errnum, "accepting a connection");

    log_warn_every(10 * SECOND, "%s; trying again in %s", error_text(error),
                   DURATION_TEXT(REST));
    if (l->reserve >= 0) {
        close(l->reserve);
        for (int i = 0; i < BATCH; i++) {
            int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

            if (fd < 0) {
                break;
            }
            close(fd);
        }
        l->reserve = open_reserve();
    }
    poller_libev.watch(worker_poller(l->worker), &l->watch, l->fd, 0);
    worker_timer_start(l->worker, &l->rest, REST, on_rested);
}

/* False when there is nothing more to accept now. */
static bool
accept_one(struct actor_listener *l)
{
    struct sockaddr_storage storage;
    socklen_t len = sizeof storage;
    struct address peer;
    int fd = accept4(l->fd, (struct sockaddr *) &storage, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        socket_address_from(&storage, &peer);
        socket_set_nodelay(fd);
        l->on_accept(l->aux, stream_create(fd), &peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        rest(l, errno);
        return false;
    default:
        /* The connection died while it waited: not our affair. */
        return true;
    }
}

static void
on_acceptable(struct poll_watch *watch, int events UNUSED)
{
    struct actor_listener *l =
        CONTAINER_OF(watch, struct actor_listener, watch);

    for (int i = 0; i < BATCH; i++) {
        if (!accept_one(l)) {
            return;
        }
    }
}

static void
on_start(struct worker_job *job)
{
    struct actor_listener *l = CONTAINER_OF(job, struct actor_listener, start);

    if (l->closed) {
        listener_destroy(l);
        return;
    }
    l->started = true;
    l->watch.fn = on_acceptable;
    poller_libev.watch(worker_poller(l->worker), &l->watch, l->fd, POLL_READ);
}

struct error *
listener_open(void *ctx UNUSED, void *worker, const struct address *address,
              void (*on_accept)(void *aux, struct actor_stream *,
                                const struct address *peer),
              void *aux, struct actor_listener **ret_listener,
              struct address *ret_bound)
{
    int fd;

    struct error *error = socket_listen(address, &fd, ret_bound);
    if (error) {
        return error;
    }
    struct actor_listener *l = xcalloc(1, sizeof *l);

    l->worker = worker;
    l->fd = fd;
    l->reserve = open_reserve();
    l->on_accept = on_accept;
    l->aux = aux;
    l->start.fn = on_start;
    *ret_listener = l;
    worker_post(l->worker, &l->start);
    return NULL;
}

void
listener_close(void *ctx UNUSED, struct actor_listener *l)
{
    if (!l->started) {
        l->closed = true;       /* on_start() is still to come */
        return;
    }
    worker_timer_stop(l->worker, &l->rest);
    poller_libev.watch(worker_poller(l->worker), &l->watch, l->fd, 0);
    listener_destroy(l);
}
