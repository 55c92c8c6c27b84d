/* SPDX-License-Identifier: Apache-2.0
 *
 * multi_system.h - several manual systems in one thread, on one network in
 * memory and with one time.
 *
 *     struct multi_system *m = multi_system_create();
 *     struct actor_system *a = multi_system_add(m, NULL);
 *     struct actor_system *b = multi_system_add(m, NULL);
 *     ...
 *     multi_system_run(m);
 *     multi_system_advance(m, 5 * SECOND);
 *     multi_system_destroy(m);
 *
 * The systems are at 10.0.0.1:5050, 10.0.0.2:5050, ... in the order they were
 * added.  What they say to each other is encoded.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_LIB_MULTI_SYSTEM_H
#define TESTS_LIB_MULTI_SYSTEM_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>

struct actor_system;
struct actor_system_options;
struct memory_net;
struct multi_system;

struct multi_system *multi_system_create(void);

/* Destroys the systems, newest first, and the network. */
void multi_system_destroy(struct multi_system *);

struct memory_net *multi_system_net(struct multi_system *);

/* A further system; 'options' (may be NULL) give its delegate, its messages,
 * its seed, and its back ends but for the network.  Aborts if it cannot be
 * made. */
struct actor_system *multi_system_add(struct multi_system *,
                                      const struct actor_system_options *);

/* Ends a system as a process ends; its address is free for
 * multi_system_add_at(). */
void multi_system_remove(struct multi_system *, struct actor_system *);
struct actor_system *multi_system_add_at(struct multi_system *,
                                         const struct address *,
                                         const struct actor_system_options *);

/* A paused system does nothing, as a process that was sent SIGSTOP; its clock
 * stands still. */
void multi_system_pause(struct multi_system *, struct actor_system *,
                        bool pause);

/* Runs all of them until nothing happens any more. */
void multi_system_run(struct multi_system *);

/* Moves all clocks by 'ns', timer by timer. */
void multi_system_advance(struct multi_system *, int64_t ns);

#endif /* TESTS_LIB_MULTI_SYSTEM_H */
