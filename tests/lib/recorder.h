/* SPDX-License-Identifier: Apache-2.0
 *
 * recorder.h - an actor that plays any part: it writes down what it is told
 * and says what the test wants it to.
 *
 *     struct recorder *master = recorder_start(system, "master");
 *
 *     recorder_send(master, &agent, &msg_ping_agent, &m);
 *     actor_system_run(system);
 *     ck_assert_uint_eq(recorder_count(master, &msg_pong_agent), 1);
 *
 * For manual systems.  Thread-safety: the test's thread. */
#ifndef TESTS_LIB_RECORDER_H
#define TESTS_LIB_RECORDER_H 1

#include <stddef.h>

#include <actor/actor.h>

struct message;
struct recorder;

/* Starts it under 'id' (NULL: a generated one); understands all messages of
 * proto/messages.h. */
struct recorder *recorder_start(struct actor_system *, const char *id);

/* After the system is gone. */
void recorder_destroy(struct recorder *);

const struct upid *recorder_upid(const struct recorder *);

/* Ends the actor; what it wrote down stays. */
void recorder_stop(struct recorder *);

/* Lets it send '*message', which becomes NULL. */
void recorder_send(struct recorder *, const struct upid *to,
                   const struct actor_msg_type *, struct message **message);

/* How many messages of 'type' (NULL: of any) came. */
size_t recorder_count(const struct recorder *, const struct actor_msg_type *);

/* The root of the i-th message of 'type'; aborts if there is none. */
const void *recorder_get(const struct recorder *,
                         const struct actor_msg_type *, size_t i);

/* The last one. */
const void *recorder_last(const struct recorder *,
                          const struct actor_msg_type *);

/* Forgets what came. */
void recorder_clear(struct recorder *);

#endif /* TESTS_LIB_RECORDER_H */
