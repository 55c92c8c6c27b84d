/* SPDX-License-Identifier: Apache-2.0
 *
 * transport.h - the seam between actors and what carries messages between
 * systems (link/).
 *
 * Thread-safety: the functions of 'struct transport_ops' are called by any
 * worker thread; so may the ones below. */
#ifndef CORE_TRANSPORT_H
#define CORE_TRANSPORT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/system.h>
#include <actor/upid.h>

struct actor_msg;
struct actor_msg_type;
struct actor_slot;
struct poller_ops;

struct transport_ops {
    /* Takes '*msg' for an actor of another system.  'call' and 'reply_to' of
     * the message (below) travel along. */
    void (*send)(void *transport, const struct upid *from,
                 const struct upid *to, struct actor_msg **msg);

    /* Local actor 'from' (un)links remote actor 'to'. */
    void (*link)(void *transport, const struct upid *from,
                 const struct upid *to);
    void (*unlink)(void *transport, const struct upid *from,
                   const struct upid *to);

    /* Closes the port and all connections; called once all actors are
     * gone, before the workers end. */
    void (*stop)(void *transport);

    /* After the workers have ended. */
    void (*destroy)(void *transport);
};

/* Creates the bare system: workers with pollers 'poller', no port.  Used by
 * actor_system_create() in link/node.c, which then binds the port, sets the
 * transport and the address, and starts the built-in actors. */
struct error *system_create(const struct actor_system_options *,
                            const struct poller_ops *poller,
                            struct actor_system **ret) MUST_CHECK;
void system_set_transport(struct actor_system *, const struct transport_ops *,
                          void *transport);
void system_set_address(struct actor_system *, const struct address *);
const struct actor_backend *system_backend(const struct actor_system *);

/* Things that upper layers keep for the system, found again by them. */
void system_set_http(struct actor_system *, void *http);
void *system_http(const struct actor_system *);

/* The same with an end of its own: 'stop' is called once for each worker, on
 * its thread, when all actors are gone, and 'destroy' after the workers have
 * ended. */
struct system_part {
    void (*stop)(struct system_part *, unsigned worker);
    void (*destroy)(struct system_part *);
};

/* Gives the system an HTTP client, unless it has one by now: returns the one
 * that it has.  Any thread. */
struct system_part *system_offer_http_client(struct actor_system *,
                                             struct system_part *);
struct system_part *system_http_client(const struct actor_system *);

/* The delegate of the options; NULL: none. */
const char *system_delegate(const struct actor_system *);

/* The message type of that wire name that the system was told of; NULL if
 * there is none. */
const struct actor_msg_type *system_find_message(const struct actor_system *,
                                                 const char *name,
                                                 size_t len);

/* A connection that waits until an actor has caught up with its messages;
 * embedded in its owner, zeroed before first use but for 'fn'.  While it is
 * armed, nothing more should be read.  'fn' is called once, on any thread and
 * with a lock held: it may post jobs.  'is_armed' stays set until the owner
 * clears it, in such a job. */
struct pressure_watch {
    void (*fn)(struct pressure_watch *);
    bool is_armed;                      /* the owner's thread */
    struct pressure_watch *prev, *next; /* private */
    struct actor_slot *slot;            /* private */
};

/* Puts '*msg' (which becomes NULL) from remote 'from', 'size' bytes on the
 * wire, into the mailbox of local actor 'id'.  If that is behind then, by
 * LIMIT_MAILBOX_MESSAGES or LIMIT_MAILBOX_BYTES, 'watch' is armed, unless it
 * is already, or NULL.  False, and '*msg' stays the caller's, if there is no
 * such actor.  The watch's thread. */
bool system_deliver(struct actor_system *, const struct upid *from,
                    const char *id, struct actor_msg **msg, size_t size,
                    struct pressure_watch *watch);

/* Disarms 'watch'; false if it was not armed, or 'fn' has been called and has
 * posted what disarms it.  The watch's thread. */
bool system_pressure_cancel(struct pressure_watch *watch);

/* Tells local actor 'to' that 'who', which it linked, is gone. */
void system_deliver_exited(struct actor_system *, const struct upid *to,
                           const struct upid *who);

/* Local actor 'id' is watched for a remote linker: 'fn' is called once, on any
 * thread, when it ends.  False if there is no such actor.  'fn' is called with
 * a lock held: it may free the watch, send and post jobs, but not watch,
 * unwatch, link or spawn. */
struct exit_watch {
    void (*fn)(struct exit_watch *);
    struct exit_watch *prev, *next;     /* private */
    void *slot;                         /* private */
};
bool system_watch_exit(struct actor_system *, const char *id,
                       struct exit_watch *);

/* After this 'fn' will not be called, nor is it running. */
void system_unwatch_exit(struct actor_system *, struct exit_watch *);

/* Correlation of a message: the number of the call it makes, and of the call
 * it answers; 0: none. */
uint64_t actor_msg_call(const struct actor_msg *);
uint64_t actor_msg_reply_to(const struct actor_msg *);
void actor_msg_set_correlation(struct actor_msg *, uint64_t call,
                               uint64_t reply_to);

/* Sets the sender of a message made by the transport or the runtime. */
void actor_msg_set_from(struct actor_msg *, const struct upid *);

/* A message that waits. */
struct actor_event {
    const struct actor_msg_type *type;
    struct upid from;           /* empty: nobody, or long gone */
    struct message *message;    /* NULL: a plain body */
    char *text;                 /* what type->describe said, or NULL */
};

/* An actor as it looks from outside. */
struct actor_view {
    struct upid upid;
    const char *type;           /* its name */
    size_t n_waiting;           /* messages that wait, about */
    size_t depth_max;           /* most that ever waited at a time, about */
    const char *running;        /* the message that it handles, or NULL */
    int64_t running_ns;         /* since then, or a little later */
    unsigned worker;            /* that runs it */
    struct actor_event *events; /* that wait, oldest first */
    size_t n_events;
};

/* For /__processes__: calls 'fn' for each live actor, oldest first.  At most
 * 'n_events_max' events of each are shown, without gaps, and 10,000 in all:
 * the oldest, unless more than 4096 have come that the actor has not taken
 * yet.  Then those are left out, or are newer ones if there are no others.
 * The views are on loan; events are of one moment, other numbers of others.
 * Never waits for a handler, however long it takes: workers are stopped
 * between two handlers, for 100 us at a time.  Any thread. */
void system_for_each_actor(struct actor_system *, size_t n_events_max,
                           void (*fn)(void *aux, const struct actor_view *),
                           void *aux);

#endif /* CORE_TRANSPORT_H */
