/* SPDX-License-Identifier: Apache-2.0
 *
 * peer.h - another system, as seen from ours: what waits for it, the
 * connection to it, and who has linked whom.
 *
 * Any thread puts items into a peer's inbox; all the rest of a peer belongs to
 * one worker.  At most one connection carries the messages of a pair of
 * systems, whoever dialled it.
 *
 * States, and what leads on:
 *
 *     IDLE --something to send--> DIALLING --connected--> ASKING --101--> LIVE
 *     any of these --inbound connection accepted--> LIVE
 *     any of these --failure or loss--> RESTING --later--> IDLE
 *     ASKING --refused: both dialled--> RESTING, nothing dropped
 *
 * A loss tells all local linkers that what they linked has exited, and drops
 * what was waiting: messages are delivered at most once, and in order.
 *
 * A connection is to one process.  What is for another that had the address
 * before it (upid.h) is dropped when it is the connection's turn, and linkers
 * are told.
 *
 * Thread-safety: said for each function. */
#ifndef LINK_PEER_H
#define LINK_PEER_H 1

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/strbuf.h>
#include <actor/table.h>
#include <actor/upid.h>
#include "core/transport.h"
#include "core/worker.h"
#include "link/frame.h"
#include "link/handshake.h"
#include "link/remote_table.h"

struct actor_stream;
struct error;
struct node;

/* Peers are told apart by both addresses: somebody who reaches us under
 * another name than our own, 127.0.0.1 for example, talks over a connection of
 * its own, and hears us on it under the name that was dialled. */
struct peer_key {
    struct address remote;
    struct address local;
};

enum peer_state {
    PEER_IDLE,
    PEER_DIALLING,
    PEER_ASKING,
    PEER_LIVE,
    PEER_RESTING,
};

struct item {
    struct item *next;
    struct actor_msg *msg;              /* owned; FRAME_MESSAGE only; NULL:
                                         * one was dropped here */
    size_t size;                        /* as counted in peer.queued */
    uint32_t incarnation;               /* meant; 0: whoever it is */
    enum frame_kind kind;
    uint8_t from;                       /* where in 'ids' it begins */
    char ids[];                         /* "to" NUL "from" NUL */
};

struct peer {
    UT_hash_handle hh;                  /* under the node's lock */
    UT_hash_handle hh_alias;            /* the same; node.aliases */
    struct peer_key key;                /* fixed */
    struct node *node;                  /* borrowed */
    struct worker *worker;              /* borrowed; fixed */
    atomic_uint refs;                   /* the table's, and of posted jobs */

    /* Any thread. */
    struct item *_Atomic inbox;         /* newest first */
    atomic_size_t queued;               /* bytes of items */
    atomic_size_t encoded;              /* bytes in 'out', about; written by
                                         * the worker */
    atomic_bool is_live;                /* 'state' is PEER_LIVE; written by
                                         * the worker */
    atomic_bool is_route;               /* in node.aliases, and chosen; its
                                         * lock */
    struct worker_job job;

    /* Reading waits for an actor that is behind; 'resume' ends that. */
    struct pressure_watch pressure;
    struct worker_job resume;

    /* The worker. */
    struct worker_job flush;            /* writes 'out' after the turn */
    bool flushes;                       /* 'flush' is on its way */
    bool is_stopped;                    /* nothing is read, but sips */
    unsigned n_sips;                    /* since it was stopped */
    size_t sip_left;                    /* bytes */
    enum peer_state state;
    struct actor_stream *stream;        /* owned; NULL: none */
    bool is_dialled;                    /* 'stream' was dialled by us */
    bool is_alias;                      /* in node.aliases */
    uint64_t dial;                      /* our number of it, if so */
    uint64_t seen;                      /* highest dial accepted from them */
    char incarnation[INCARNATION_SIZE]; /* theirs; "": not known yet */
    uint32_t token;                     /* of that; 0: not known yet */
    struct worker_timer timer;
    unsigned n_failures;                /* since the last LIVE */
    struct item *waiting, *waiting_last;/* out of the inbox, to be encoded */
    struct strbuf in;                   /* of an unfinished frame or head */
    bool is_timed;                      /* 'timer' waits for more of it */
    bool has_come;                      /* more of it, meanwhile */
    struct strbuf out;
    size_t out_offset;                  /* written of 'out' */
    bool lacks_memory;                  /* a frame for 'out' was dropped */
    size_t out_max;                     /* fixed; encoded ahead, about */
    size_t answered;                    /* bytes of notices in 'out' that
                                         * answer theirs, at most */
    struct remote_entry *links;         /* of local actors to theirs */
    struct remote_entry *watches;       /* on local actors, for theirs */
};

/* A connection that asked to become a link. */
struct inbound {
    struct node *node;                  /* borrowed */
    struct peer *peer;                  /* counted */
    struct worker *worker;              /* where the stream is */
    struct actor_stream *stream;        /* owned */
    struct handshake handshake;
    struct strbuf rest;                 /* came after the head */
    struct worker_job job;
};

/* For the table (node.c): with one reference. */
struct peer *peer_create(struct node *, const struct peer_key *,
                         struct worker *);
void peer_unref(struct peer *);

/* Sends, or puts an item into the inbox.  It is for the process that 'to' was
 * learnt from, if that is known.  Takes '*msg', which may be NULL, and the
 * caller's reference to the peer.  Any thread. */
void peer_push(struct peer *, enum frame_kind, const struct upid *to,
               const char *from, struct actor_msg **msg);

/* Bytes that wait to be written.  Any thread. */
static inline size_t
peer_memory(const struct peer *peer)
{
    return atomic_load_explicit(&peer->queued, memory_order_relaxed)
           + atomic_load_explicit(&peer->encoded, memory_order_relaxed);
}

/* Decides about 'inbound', and frees it.  The peer's worker. */
void peer_judge(struct peer *, struct inbound *inbound);

/* Writes what can be written at once and closes.  The peer's worker. */
void peer_stop(struct peer *);

#endif /* LINK_PEER_H */
