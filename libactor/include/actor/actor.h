/* SPDX-License-Identifier: Apache-2.0
 *
 * actor.h - actors: state that only its own handlers touch.
 *
 * An actor is a struct that begins with a 'struct actor'.  It lives in an
 * actor_system, is named by a UPID, and has a mailbox.  Its handlers run one
 * at a time, on any worker thread, and never block: files, forks and name
 * look-ups go to the worker pool (work.h) or the child spawner (child.h) and
 * come back as turns of the actor.
 *
 *     struct observer {
 *         struct actor base;               // first
 *         struct upid agent;
 *     };
 *
 *     static const struct actor_handler handlers[] = {
 *         { &msg_pong, on_pong },
 *     };
 *
 *     static const struct actor_type observer_type = {
 *         .name = "agent-observer", .size = sizeof(struct observer),
 *         .init = observer_init, .fini = observer_fini,
 *         .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
 *     };
 *
 * Delivery is at most once, in order for each pair of sender and receiver.
 * Inside one system a message is passed as a pointer; to another system it is
 * encoded (message.h) and travels over a link (docs/wire.md).  A message
 * nobody handles, for an actor that is gone, or for nobody (the empty UPID) is
 * dropped and counted.  So is
 * one for an actor of a process that is gone, even if another process has the
 * address by now and an actor of that id: see upid.h.
 *
 * Between systems messages may be lost with a connection.  Who has linked the
 * other actor is told of that, through 'exited': of the loss of what it has
 * sent after linking, some time later; and of the loss of what was sent to it,
 * before it hears anything that was sent after that.  Who has not linked is
 * told nothing.  docs/wire.md, "What holds between two actors", is exact.
 *
 * (After libprocess' process.hpp; the shape of mailbox and turn follows
 * Pony's libponyrt.)
 *
 * Thread-safety: functions that take 'self' are for that actor's own turn
 * (its init, handlers, timers and fini).  Functions that take a system may be
 * called by any thread unless they say otherwise. */
#ifndef ACTOR_ACTOR_H
#define ACTOR_ACTOR_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/message.h>
#include <actor/upid.h>

struct actor;
struct actor_msg;
struct actor_system;
struct error;
struct metrics;
struct uuid;

/* --- messages --- */

/* A kind of message.  One static object each; its address is its identity. */
struct actor_msg_type {
    /* In logs, and on the wire if it has a descriptor. */
    const char *name;

    /* Declared in proto/: the body is a 'struct message' with such a root.
     * NULL: a plain struct that never leaves the system. */
    const ProtobufCMessageDescriptor *descriptor;

    /* Plain body: its size, and what frees what it points to (or NULL). */
    size_t size;
    void (*fini)(void *body);

    /* Run in the receiver's turn in place of its handlers; for the runtime's
     * own purposes (timers, completions, HTTP).  NULL in all others. */
    void (*run)(struct actor *self, struct actor_msg *);

    /* For /__processes__: the type of event, if it is neither "MESSAGE" nor,
     * with 'run', "DISPATCH"; and what there is to be said of a waiting body,
     * in a few words (the caller frees them).  'describe' is called by any
     * thread while all workers are held, so it has to be quick and must take
     * no locks.  Both may be NULL. */
    const char *event;
    char *(*describe)(const void *body);
};

/* A new message with a zeroed plain body; the caller fills it in and sends. */
struct actor_msg *actor_msg_create(const struct actor_msg_type *);

/* A new message around '*message', which becomes NULL. */
struct actor_msg *actor_msg_create_message(const struct actor_msg_type *,
                                           struct message **message);

void actor_msg_destroy(struct actor_msg *);             /* NULL is fine */

const struct actor_msg_type *actor_msg_type(const struct actor_msg *);

/* The plain body; 'type' is checked.  The receiver may take what it points
 * to, leaving NULL behind. */
void *actor_msg_body(struct actor_msg *, const struct actor_msg_type *type);

/* The root of a declared message; 'type' is checked.  To keep it longer than
 * the turn, message_ref() what actor_msg_message() gives. */
const void *actor_msg_root(const struct actor_msg *,
                           const struct actor_msg_type *type);
struct message *actor_msg_message(const struct actor_msg *);

/* Who sent it; the empty UPID if nobody said, or if the sender ended so long
 * ago that its place has been taken by another actor. */
void actor_msg_from(const struct actor_msg *, struct upid *ret_from);

/* --- kinds of actors --- */

typedef void actor_handler_fn(struct actor *self, struct actor_msg *);

struct actor_handler {
    const struct actor_msg_type *type;
    actor_handler_fn *fn;
};

struct actor_type {
    const char *name;           /* prefix of generated ids: "name(1)" */
    size_t size;                /* of the struct that begins with the actor */

    /* Sets up the zeroed actor.  Runs on the spawning thread before anyone
     * else can reach the actor; it may send, link and start timers.  'arg' is
     * on loan for the call.  An error undoes the spawn ('fini' is called). */
    struct error *(*init)(struct actor *self, void *arg);

    /* Frees what the actor owns.  Runs as its last turn. */
    void (*fini)(struct actor *self);

    /* An actor that we linked to is gone, or cannot be reached.  The link is
     * over.  May be NULL. */
    void (*exited)(struct actor *self, const struct upid *who);

    const struct actor_handler *handlers;
    size_t n_handlers;
};

/* First member of every actor.  All of it is private to the runtime. */
struct actor {
    uint32_t magic;
    uint32_t flags;
    struct actor_slot *slot;    /* identity and mailbox; owned by the system */
    const struct actor_type *type;
    void *timers;               /* armed timers */
    void *ops;                  /* operations under way; op.h */
    void *links;                /* what we are linked to */
    void *children;             /* child.h */
    void *reserved;
};

/* --- life --- */

/* Starts an actor.  'id' is its whole id ("master"), or NULL to generate
 * "<type name>(N)", N counting from 1 per prefix and system, never reused.
 * On success '*ret_upid' (may be NULL) names it.  Fails if the id is taken
 * (ERROR_EXISTS), malformed, if 'init' refuses, or if the system is shutting
 * down. */
struct error *actor_spawn(struct actor_system *, const struct actor_type *,
                          const char *id, void *arg, struct upid *ret_upid)
    MUST_CHECK;

/* Writes "<prefix>(N)" with the system's next N for that prefix. */
void actor_generate_id(struct actor_system *, const char *prefix,
                       char id[UPID_ID_MAX + 1]);

/* Ends 'self' after the present handler; what still waits is dropped. */
void actor_stop(struct actor *self);

/* Asks a local actor to end once the messages sent before have been handled.
 * Unknown actors are fine. */
void actor_terminate(struct actor_system *, const struct upid *);

/* Blocks the calling thread, which must not be one of the system's workers,
 * until the actor is gone.  False if 'timeout_ns' (DURATION_FOREVER: no limit)
 * ran out first. */
bool actor_wait(struct actor_system *, const struct upid *,
                int64_t timeout_ns);

/* --- who and where am I --- */

const struct upid *actor_upid(const struct actor *self);
struct actor_system *actor_system_of(const struct actor *self);

/* --- talking --- */

/* Hands '*msg' to the actor at 'to' and sets '*msg' to NULL.  Never blocks
 * and cannot fail: see "Delivery" above. */
void actor_send(struct actor *self, const struct upid *to,
                struct actor_msg **msg);

/* The same with a declared message; '*message' becomes NULL. */
void actor_send_message(struct actor *self, const struct upid *to,
                        const struct actor_msg_type *,
                        struct message **message);

/* Sends to the sender of 'request', marked as its answer: if the request was
 * made by op_call(), the operation that waits for it goes on. */
void actor_reply(struct actor *self, const struct actor_msg *request,
                 struct actor_msg **msg);

/* What has to be kept of 'request' to answer it in a later turn: stands for it
 * in actor_reply(), and is destroyed by actor_msg_destroy(). */
struct actor_msg *actor_msg_ticket(const struct actor_msg *request);

/* Sends without a sender, from any thread. */
void actor_post(struct actor_system *, const struct upid *to,
                struct actor_msg **msg);

/* Asks to be told, once, through 'exited' when 'to' is gone: a local or remote
 * actor's end, an id that does not exist there, or the loss of the connection
 * to its system.  Linking twice is linking once.  Establishes the connection
 * to a remote system if there is none. */
void actor_link(struct actor *self, const struct upid *to);
void actor_unlink(struct actor *self, const struct upid *to);

/* --- time and chance, from the system's back ends --- */

int64_t actor_now(const struct actor *self);            /* monotonic */
int64_t actor_wall_now(const struct actor *self);       /* since 1970, ns */
void actor_random(struct actor *self, void *buffer, size_t size);
void actor_random_uuid(struct actor *self, struct uuid *ret_uuid);
double actor_random_double(struct actor *self);         /* [0, 1) */

/* The system's registry of metrics. */
struct metrics *actor_metrics(const struct actor *self);

/* --- timers --- */

typedef void actor_timer_fn(struct actor *self, void *arg);

/* Zeroed: not armed.  May be a member of anything the actor owns, and has to
 * be cancelled before that is freed; timers that are members of the actor
 * itself may stay armed when it ends. */
struct actor_timer {
    struct actor_timer_entry *entry;    /* owned by the runtime */
};

/* Calls 'fn' in a turn of 'self' once 'delay_ns' (>= 0) have passed.  An armed
 * timer is armed anew.  With several workers, timers that are due at almost
 * the same time may fire in any order. */
void actor_timer_start(struct actor *self, struct actor_timer *,
                       int64_t delay_ns, actor_timer_fn *fn, void *arg);

/* After this 'fn' is not called any more.  Not armed: nothing happens. */
void actor_timer_cancel(struct actor *self, struct actor_timer *);
bool actor_timer_is_armed(const struct actor_timer *);

#endif /* ACTOR_ACTOR_H */
