/* SPDX-License-Identifier: Apache-2.0
 *
 * backend.h - everything that is not deterministic, as tables of functions.
 *
 * A system takes its clock, randomness, network, disk and child processes from
 * here.  The real ones are built in; tests and the simulator bring their own.
 * 'ctx' is what the table's owner wants to find again; it outlives the system.
 *
 * Thread-safety: said for each table. */
#ifndef ACTOR_BACKEND_H
#define ACTOR_BACKEND_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <actor/address.h>
#include <actor/compiler.h>

struct actor_child_options;
struct error;

/* Any thread. */
struct actor_clock_ops {
    int64_t (*now)(void *ctx);                  /* monotonic, ns */
    int64_t (*wall_now)(void *ctx);             /* since 1970, ns */
};

/* Any thread. */
struct actor_random_ops {
    void (*fill)(void *ctx, void *buffer, size_t size);
};

/* A connection of bytes, owned by one worker: all calls and callbacks are on
 * that worker's thread.  This is also where TLS will sit:
 * tests/lib/scramble_net.c shows what that takes. */
struct actor_stream;

struct actor_stream_callbacks {
    /* 'size' > 0 bytes have come; they are on loan. */
    void (*on_data)(void *aux, const void *data, size_t size);

    /* Writing may go on after a short actor_net_ops.write(). */
    void (*on_writable)(void *aux);

    /* The peer has ended its side, if 'error' is NULL: nothing more comes,
     * but writing may go on.  Otherwise the stream is broken and 'error' (on
     * loan) says why: the last callback.  Either way the stream still has to
     * be closed. */
    void (*on_closed)(void *aux, const struct error *error);
};

struct actor_listener;

struct actor_net_ops {
    /* Listens at 'address'; '*ret_bound' has the port.  Accepted streams come
     * to 'on_accept' on the thread of 'worker' with reading off, ready to be
     * used (whatever handshake there is lies behind them), and not from a
     * callback of a stream: their owner may move them at once. */
    struct error *(*listen)(void *ctx, void *worker,
                            const struct address *address,
                            void (*on_accept)(void *aux, struct actor_stream *,
                                              const struct address *peer),
                            void *aux, struct actor_listener **ret_listener,
                            struct address *ret_bound);
    void (*unlisten)(void *ctx, struct actor_listener *);

    /* Starts to connect; the outcome is on_writable (connected) or
     * on_closed. */
    struct error *(*connect)(void *ctx, void *worker,
                             const struct address *address,
                             const struct actor_stream_callbacks *, void *aux,
                             struct actor_stream **ret_stream);

    /* Gives a stream its callbacks, and its worker, which is the one that
     * calls from then on.  On the thread of the worker that had it, with
     * reading off and nothing left to be written; when the worker changes, in
     * a job of the old one and not in a callback. */
    void (*attach)(void *ctx, struct actor_stream *, void *worker,
                   const struct actor_stream_callbacks *, void *aux);

    /* Bytes taken, maybe fewer than offered and maybe 0: on_writable will
     * tell.  -1: the stream is broken, on_closed will tell. */
    ssize_t (*write)(void *ctx, struct actor_stream *, const struct iovec *,
                     int n);
    void (*set_reading)(void *ctx, struct actor_stream *, bool on);

    /* No more callbacks; the stream is gone.  What the kernel has taken is
     * still delivered. */
    void (*close)(void *ctx, struct actor_stream *);

    /* Ends our side: what was taken is delivered, then the peer sees the end.
     * Reading goes on. */
    void (*shutdown)(void *ctx, struct actor_stream *);

    /* Probes the peer when it is silent, and takes the stream for broken when
     * it has not answered for 'timeout_ns', probes or what was written, or has
     * read nothing for so long though something waits. */
    void (*set_keepalive)(void *ctx, struct actor_stream *,
                          int64_t timeout_ns);
};

/* Files; actor/disk.h has the calls.  Pool threads; calls block. */
struct actor_disk_ops {
    int (*open)(void *ctx, const char *path, int flags, mode_t mode);
    int (*close)(void *ctx, int fd);
    ssize_t (*pread)(void *ctx, int fd, void *, size_t size, off_t offset);
    ssize_t (*pwrite)(void *ctx, int fd, const void *, size_t size,
                      off_t offset);
    int (*fsync)(void *ctx, int fd);
    int (*fdatasync)(void *ctx, int fd);
    int (*lock)(void *ctx, int fd);     /* flock(LOCK_EX | LOCK_NB) */
    int (*ftruncate)(void *ctx, int fd, off_t size);
    int (*fstat)(void *ctx, int fd, struct stat *);
    int (*fchown)(void *ctx, int fd, uid_t, gid_t);

    /* Of a path, its last component is never followed. */
    int (*stat)(void *ctx, const char *path, struct stat *);
    int (*access)(void *ctx, const char *path, int mode);
    int (*chmod)(void *ctx, const char *path, mode_t);
    int (*chown)(void *ctx, const char *path, uid_t, gid_t);
    int (*rename)(void *ctx, const char *from, const char *to);
    int (*unlink)(void *ctx, const char *path);
    int (*symlink)(void *ctx, const char *target, const char *path);

    /* '*ret_path' is the caller's to free. */
    int (*realpath)(void *ctx, const char *path, char **ret_path);

    int (*mkdir)(void *ctx, const char *path, mode_t mode);
    int (*rmdir)(void *ctx, const char *path);

    /* Calls 'fn' with each name in the directory but "." and "..", in no
     * order. */
    int (*list)(void *ctx, const char *path,
                void (*fn)(void *aux, const char *name), void *aux);
    int (*fsync_directory)(void *ctx, const char *path);

    int (*touch)(void *ctx, const char *path);
    int (*usage)(void *ctx, const char *path, uint64_t *ret_size,
                 uint64_t *ret_free);
    int (*remove_tree)(void *ctx, const char *path);
};      /* all as the system call, but -errno for failure */

/* Waits for the end of a process; embedded in its owner. */
struct actor_process_watch {
    /* 'status' as in actor_child_exit_fn. */
    void (*exited)(struct actor_process_watch *, int status);
    void *private[2];           /* the back end's */
};

/* A process, its parent, whether it leads a session, and the value of the
 * variable that was asked for, on loan. */
typedef void actor_marked_fn(void *aux, pid_t, pid_t parent, bool is_leader,
                             const char *value);

/* Any thread; 'spawn' is called in the actor's turn and has to be quick. */
struct actor_process_ops {
    /* '*ret_pidfd' is -1 if there is none; else the runtime closes it. */
    struct error *(*spawn)(void *ctx, const struct actor_child_options *,
                           pid_t *ret_pid, int *ret_pidfd);

    /* A process that somebody else started. */
    struct error *(*open)(void *ctx, pid_t, int *ret_pidfd);
    int (*kill)(void *ctx, pid_t, int pidfd, int signal, bool group);

    /* Signals process 'root', a child of ours, with all that came from it; and
     * kills all processes whose environment has 'variable', "NAME=VALUE".  Pool
     * threads; these block. */
    struct error *(*kill_tree)(void *ctx, pid_t root, int signal);
    struct error *(*kill_marked)(void *ctx, const char *variable);

    /* Calls 'fn' with each process, but ourselves, in whose environment is a
     * variable 'name'.  A pool thread, or before there are actors. */
    struct error *(*list_marked)(void *ctx, const char *name,
                                 actor_marked_fn *fn, void *aux);

    /* What tells one boot of the host from another, a short text.  The caller
     * frees it. */
    struct error *(*boot_id)(void *ctx, char **ret);

    /* Calls 'exited' once when the process ends or has ended already; after
     * 'unwatch' never again.  NULL, both: the runtime polls the pidfd and asks
     * the kernel for the status. */
    void (*watch)(void *ctx, pid_t, struct actor_process_watch *);
    void (*unwatch)(void *ctx, struct actor_process_watch *);
};

/* A call that blocks, on its way to where it does (work.h). */
struct actor_work;

/* The actor's turn. */
struct actor_work_ops {
    /* Takes 'work', to be given to actor_work_run() and then, as soon or late
     * as one likes, to actor_work_finish(); or to actor_work_drop(). */
    void (*submit)(void *ctx, struct actor_work *);
};

/* An address of 'host', of IPv4 if it has one, with that port.  Blocks; pool
 * threads. */
typedef struct error *actor_resolve_fn(const char *host, uint16_t port,
                                       struct address *ret);

/* As this host looks up names.  Not built in like the rest: what is linked
 * statically cannot have it, and has to be told nothing by name. */
actor_resolve_fn actor_resolve_host;

struct actor_backend {
    const struct actor_clock_ops *clock;        /* NULL: the real one */
    void *clock_ctx;
    const struct actor_random_ops *random;
    void *random_ctx;
    const struct actor_net_ops *net;
    void *net_ctx;
    const struct actor_disk_ops *disk;
    void *disk_ctx;
    const struct actor_process_ops *process;
    void *process_ctx;
    const struct actor_work_ops *work;          /* NULL: the pool */
    void *work_ctx;
    actor_resolve_fn *resolve;                  /* NULL: there are no names */
};

#endif /* ACTOR_BACKEND_H */
