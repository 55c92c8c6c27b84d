/* SPDX-License-Identifier: Apache-2.0
 *
 * session.h - an executor's side of its conversation with the agent.
 *
 * The actor executor(N) subscribes, keeps every update until the agent
 * acknowledges it, and hands on what the agent says.  If the connection breaks
 * it tries to subscribe again, with what the agent may have missed, as long as
 * the recovery timeout allows; where the agent keeps no checkpoints it makes
 * up a SHUTDOWN event instead.  Some time after a SHUTDOWN the whole process
 * group is killed, whatever it does.
 *
 * Used by the command executor and by the executor driver.
 *
 * Thread-safety: any thread, but for callbacks: they are called in the actor's
 * turns, one at a time, and must not block. */
#ifndef EXECUTOR_SESSION_H
#define EXECUTOR_SESSION_H 1

#include <actor/actor.h>

struct actor_gate;
struct executor_environment;
struct message;

struct session_options {
    const struct executor_environment *environment;     /* outlives it */

    /* Every event; its root is an Executor__Event.  To keep it, ref it. */
    void (*on_event)(void *aux, struct message *event);

    /* The agent is gone; a SHUTDOWN event follows unless it comes back.
     * May be NULL. */
    void (*on_disconnected)(void *aux);
    void *aux;
};

struct error *session_start(struct actor_system *,
                            const struct session_options *,
                            struct upid *ret) MUST_CHECK;

/* Sends an update; '*status' is a TaskStatus, and becomes NULL.  What it needs
 * and lacks (uuid, timestamp, ids) is filled in. */
void session_update(struct actor_system *, const struct upid *session,
                    struct message **status);

/* Sends data to the scheduler. */
void session_send_data(struct actor_system *, const struct upid *session,
                       const void *data, size_t size);

/* Ends the session once all updates have been acknowledged, or the agent is
 * gone, or 'timeout_ns' ran out; then 'gate' opens. */
void session_stop(struct actor_system *, const struct upid *session,
                  struct actor_gate *gate, int64_t timeout_ns);

#endif /* EXECUTOR_SESSION_H */
