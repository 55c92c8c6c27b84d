/* SPDX-License-Identifier: Apache-2.0
 *
 * puppet.h - an actor that says what the test tells it to, and keeps what it
 * is told.
 *
 * For manual systems, where test and actors share one thread.  What is said is
 * written as JSON:
 *
 *     puppet_say(agent, &master, &msg_pong_agent, "{}");
 *     actor_system_run(system);
 *     ck_assert_uint_eq(puppet_count(agent, &msg_run_task), 1);
 *
 * Thread-safety: the test's thread only. */
#ifndef TESTS_LIB_PUPPET_H
#define TESTS_LIB_PUPPET_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>
#include <actor/compiler.h>

struct puppet;

/* An actor with that id; it handles all of proto/messages.h. */
struct puppet *puppet_create(struct actor_system *, const char *id);

/* Frees what it kept; the actor itself goes with the system. */
void puppet_destroy(struct puppet *);

const struct upid *puppet_upid(const struct puppet *);

/* Whether it answers pings of a master, which it does at first. */
void puppet_answer_pings(struct puppet *, bool);

/* Sends a message, of which the test gives the JSON, and runs the system. */
void puppet_say(struct puppet *, const struct upid *to,
                const struct actor_msg_type *, const char *fmt, ...)
    PRINTF_FORMAT(4, 5);

/* Ends the actor, and runs the system. */
void puppet_die(struct puppet *);

/* --- what it was told, pings left out --- */

size_t puppet_count(const struct puppet *, const struct actor_msg_type *);

/* The root of the 'i'th message of that kind since the last
 * puppet_forget(); fails the test if there is none. */
const void *puppet_heard(const struct puppet *, const struct actor_msg_type *,
                         size_t i);
void puppet_forget(struct puppet *);

/* How many pings it got, and what the last one said. */
size_t puppet_n_pings(const struct puppet *, bool *ret_connected);

#endif /* TESTS_LIB_PUPPET_H */
