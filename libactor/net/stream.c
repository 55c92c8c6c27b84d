/* SPDX-License-Identifier: Apache-2.0
 *
 * stream.c - TCP connections: the real 'struct actor_net_ops'.
 *
 * A stream watches its socket for what somebody waits for: reading if it is
 * on, writing while connecting and after a short write.  Its owner may close
 * it from any callback; 'busy' keeps the memory until the callback is over.
 * Thread: the stream's worker. */
#include <config.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include "core/worker.h"
#include "net/net.h"

/* Read in one go, and how many goes before others get their turn. */
#define READ_SIZE (64 * 1024)
#define READ_ROUNDS 4

struct actor_stream {
    struct worker *worker;      /* borrowed; NULL before attach */
    int fd;                     /* owned; -1 once closed */
    struct poll_watch watch;
    const struct actor_stream_callbacks *callbacks;
    void *aux;
    bool connecting;
    bool reading;               /* wanted by the owner */
    bool ended;                 /* the peer has ended its side */
    bool waiting;               /* for the socket to take more */
    int broken;                 /* errno to report; 0: none */
    unsigned busy;              /* callbacks under way */
};

static void on_event(struct poll_watch *, int events);

struct actor_stream *
stream_create(int fd)
{
    struct actor_stream *s = xcalloc(1, sizeof *s);

    s->fd = fd;
    s->watch.fn = on_event;
    return s;
}

static void
update_watch(struct actor_stream *s)
{
    int events = (s->reading && !s->ended && !s->connecting ? POLL_READ : 0)
        | (s->connecting || s->waiting || s->broken ? POLL_WRITE : 0);

    poller_libev.watch(worker_poller(s->worker), &s->watch, s->fd, events);
}

static void
free_if_closed(struct actor_stream *s)
{
    if (s->fd < 0 && s->busy == 0) {
        free(s);
    }
}

static void
stream_close(void *ctx UNUSED, struct actor_stream *s)
{
    if (s->worker) {
        poller_libev.watch(worker_poller(s->worker), &s->watch, s->fd, 0);
    }
    close(s->fd);
    s->fd = -1;
    free_if_closed(s);
}

/* --- events; each returns false if the stream may not be touched again --- */

static void
report_broken(struct actor_stream *s, int errnum)
{
    autoerror *error = error_errno(errnum, "%s",
                                   s->connecting ? "connecting"
                                                 : "using a connection");

    /* The last callback: nothing is watched from here on. */
    poller_libev.watch(worker_poller(s->worker), &s->watch, s->fd, 0);
    s->connecting = s->reading = s->waiting = false;
    s->broken = 0;
    s->ended = true;
    s->callbacks->on_closed(s->aux, error);
}

static bool
read_some(struct actor_stream *s)
{
    char buffer[READ_SIZE];
    ssize_t n = recv(s->fd, buffer, sizeof buffer, 0);

    if (n > 0) {
        s->callbacks->on_data(s->aux, buffer, (size_t) n);
        return s->fd >= 0 && s->reading && (size_t) n == sizeof buffer;
    }
    if (n == 0) {
        s->ended = true;
        update_watch(s);
        s->callbacks->on_closed(s->aux, NULL);
    } else if (errno != EAGAIN && errno != EINTR) {
        report_broken(s, errno);
    }
    return false;
}

static void
on_readable(struct actor_stream *s)
{
    for (int i = 0; i < READ_ROUNDS && read_some(s); i++) {
    }
}

static void
on_writable(struct actor_stream *s)
{
    if (s->connecting) {
        int errnum = 0;
        socklen_t len = sizeof errnum;

        getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &errnum, &len);
        if (errnum) {
            report_broken(s, errnum);
            return;
        }
        s->connecting = false;
    }
    s->waiting = false;
    update_watch(s);
    s->callbacks->on_writable(s->aux);
}

static void
on_event(struct poll_watch *watch, int events)
{
    struct actor_stream *s = CONTAINER_OF(watch, struct actor_stream, watch);

    s->busy++;
    if (s->broken) {
        report_broken(s, s->broken);
    } else {
        if ((events & POLL_READ) && s->reading) {
            on_readable(s);
        }
        if (s->fd >= 0 && (events & POLL_WRITE)
            && (s->connecting || s->waiting)) {
            on_writable(s);
        }
    }
    s->busy--;
    free_if_closed(s);
}

/* --- operations --- */

static struct error *
stream_connect(void *ctx UNUSED, void *worker, const struct address *address,
               const struct actor_stream_callbacks *callbacks, void *aux,
               struct actor_stream **ret_stream)
{
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(address, &storage);
    int fd;

    struct error *error = socket_open(address, &fd);
    if (error) {
        return error_wrap(error, "connecting to %s", ADDRESS_TEXT(address));
    }
    socket_set_nodelay(fd);
    if (connect(fd, (struct sockaddr *) &storage, len) < 0
        && errno != EINPROGRESS && errno != EINTR) {
        error = error_errno(errno, "connecting to %s", ADDRESS_TEXT(address));
        close(fd);
        return error;
    }
    struct actor_stream *s = stream_create(fd);

    s->worker = worker;
    s->callbacks = callbacks;
    s->aux = aux;
    s->connecting = true;
    *ret_stream = s;
    update_watch(s);
    return NULL;
}

/* Leaves the worker's loop for good.  libev keeps a descriptor in its epoll
 * set after the last watcher has stopped, and takes it out when an event comes
 * that nobody waits for; left to chance that would be at any time while
 * another worker uses the descriptor, or has closed it.  So an event is made:
 * the stream is idle, and thus writable. */
static void
leave_loop(struct actor_stream *s)
{
    struct poller *poller = worker_poller(s->worker);

    poller_libev.watch(poller, &s->watch, s->fd, POLL_WRITE);
    poller_libev.run(poller, 0);
    poller_libev.watch(poller, &s->watch, s->fd, 0);
    poller_libev.run(poller, 0);
}

static void
stream_attach(void *ctx UNUSED, struct actor_stream *s, void *worker,
              const struct actor_stream_callbacks *callbacks, void *aux)
{
    if (s->worker && s->worker != worker) {
        leave_loop(s);
    }
    s->worker = worker;
    s->callbacks = callbacks;
    s->aux = aux;
    s->reading = false;
    update_watch(s);
}

static ssize_t
send_some(int fd, const struct iovec *iov, int n)
{
    struct msghdr message = {
        .msg_iov = (struct iovec *) iov,
        .msg_iovlen = (size_t) n,
    };

    if (n == 1) {                       /* the cheaper call */
        return send(fd, iov->iov_base, iov->iov_len, MSG_NOSIGNAL);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static ssize_t
stream_write(void *ctx UNUSED, struct actor_stream *s,
             const struct iovec *iov, int n)
{
    size_t offered = 0;
    ssize_t taken;

    if (s->broken) {
        return -1;
    }
    for (int i = 0; i < n; i++) {
        offered += iov[i].iov_len;
    }
    do {
        taken = send_some(s->fd, iov, n);
    } while (taken < 0 && errno == EINTR);
    if (taken < 0 && errno != EAGAIN) {
        s->broken = errno;
    } else {
        taken = taken < 0 ? 0 : taken;
        if ((size_t) taken == offered && !s->waiting) {
            return taken;
        }
        /* Who has nothing left to write is not called back: the stream may be
         * somebody else's by then. */
        s->waiting = (size_t) taken < offered;
    }
    update_watch(s);
    return taken;
}

static void
stream_set_reading(void *ctx UNUSED, struct actor_stream *s, bool on)
{
    s->reading = on;
    update_watch(s);
}

static void
stream_shutdown(void *ctx UNUSED, struct actor_stream *s)
{
    shutdown(s->fd, SHUT_WR);
}

static void
stream_set_keepalive(void *ctx UNUSED, struct actor_stream *s,
                     int64_t timeout_ns)
{
    socket_set_keepalive(s->fd, timeout_ns);
}

const struct actor_net_ops net_real = {
    .listen = listener_open,
    .unlisten = listener_close,
    .connect = stream_connect,
    .attach = stream_attach,
    .write = stream_write,
    .set_reading = stream_set_reading,
    .close = stream_close,
    .shutdown = stream_shutdown,
    .set_keepalive = stream_set_keepalive,
};
