/* SPDX-License-Identifier: Apache-2.0
 *
 * net.h - connections of a simulated network, between its two halves: what a
 * kernel does (tcp.c), and what a process sees of it (net.c).
 *
 * Thread-safety: one thread a world. */
#ifndef SIM_NET_H
#define SIM_NET_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/backend.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "core/worker.h"
#include "sim/private.h"

/* Bytes on their way, or the end of them. */
struct segment {
    struct segment *next;
    int64_t ready_at;           /* when it arrives if it is not lost */
    bool is_end;
    size_t size;
    char data[];
};

struct actor_listener {
    struct sim_net *net;
    struct sim_process *process;        /* NULL: dead */
    struct worker *worker;
    struct address address;
    void (*on_accept)(void *aux, struct actor_stream *,
                      const struct address *peer);
    void *aux;
    struct actor_stream *backlog;       /* oldest first; owned */
    struct worker_job job;
    bool is_posted;
    bool is_closed;
    struct actor_listener *prev, *next;
};

enum stream_state {
    STREAM_CONNECTING,
    STREAM_OPEN,
    STREAM_BROKEN,              /* 'errnum' says why, to be told or told */
};

struct actor_stream {
    struct sim_net *net;
    struct sim_host *host;
    struct sim_process *process;        /* NULL: dead */
    struct actor_stream *peer;  /* NULL: not connected yet, or gone */
    struct address local, remote;
    enum stream_state state;

    /* The process' side. */
    struct worker *worker;              /* NULL: not accepted yet */
    const struct actor_stream_callbacks *callbacks;
    void *aux;
    struct worker_job job;
    bool is_posted, is_in_job;
    bool is_closed;                     /* by the process */
    bool is_reading;
    bool wants_write;                   /* to be told when there is room */
    bool may_write;                     /* on_writable() is due */
    bool told_end, told_break;          /* by on_closed() */
    bool has_failed;                    /* it has noticed the break */
    int errnum;

    /* What has come. */
    struct strbuf inbox;
    bool has_end;                       /* and no more will */

    /* What goes. */
    struct segment *first, *last;       /* on their way; owned */
    size_t in_flight;                   /* bytes of them */
    int64_t last_ready_at;
    bool has_ended;                     /* our end is among them */
    bool is_lost;                       /* the other side knows nothing */
    int64_t first_tried_at;             /* 'first', when it was due */
    int64_t pause;                      /* until 'first' is sent again */
    struct sim_event arrival;           /* of 'first' */
    struct sim_event room;              /* the peer has made some */
    struct sim_event refusal;           /* a reset reaches us */
    struct sim_event connect;
    unsigned n_connects;                /* tries */
    struct sim_event probe;
    int64_t keepalive_ns;               /* 0: none */
    int64_t silent_since;               /* -1: it is not */
    struct actor_stream *backlog_next;
    struct actor_stream *prev, *next;
};

struct sim_net {
    struct sim *sim;
    struct actor_listener *listeners;
    struct actor_stream *streams;
    size_t n_hosts;
    struct sim_path *paths;             /* n_hosts squared; owned */
};

/* How much may be on its way and unread. */
#define SIM_NET_WINDOW ((size_t) 256 << 10)

/* --- tcp.c --- */

struct actor_stream *tcp_create(struct sim_net *, struct sim_host *);

/* Frees it if nobody has anything to do with it any more. */
void tcp_free_if_done(struct actor_stream *);

/* Begins to connect to 's->remote'. */
void tcp_connect(struct actor_stream *);

/* Bytes that may be sent now. */
size_t tcp_room(const struct actor_stream *);
void tcp_send(struct actor_stream *, const void *data, size_t size);

/* Sends our end. */
void tcp_end(struct actor_stream *);

/* The process is done with it, or is dead.  The other side sees the end; or a
 * reset, if something was not read, or if it was never accepted. */
void tcp_close(struct actor_stream *);

/* Everything about it is forgotten, and nobody told. */
void tcp_vanish(struct actor_stream *);

/* Breaks it on our side, now. */
void tcp_break(struct actor_stream *, int errnum);

/* The process has taken what was in the inbox. */
void tcp_taken(struct actor_stream *);
void tcp_set_keepalive(struct actor_stream *, int64_t timeout_ns);

/* --- net.c --- */

/* Something is to be told to the process. */
void net_post(struct actor_stream *);
void net_post_listener(struct actor_listener *);

/* Who listens there; NULL: nobody. */
struct actor_listener *net_find_listener(struct sim_net *,
                                         const struct address *);

/* The host of an address, as seen from one; NULL: there is none. */
struct sim_host *net_find_host(struct sim_host *, const struct address *);

#endif /* SIM_NET_H */
