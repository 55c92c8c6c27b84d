/* SPDX-License-Identifier: Apache-2.0
 *
 * fake_master.h - a master that does what a test says, for tests of drivers.
 *
 * It lives in an actor system of its own, on a free port of the loopback
 * interface, keeps every call it gets, and sends the events that it is given
 * to the last scheduler that subscribed.
 *
 * Thread-safety: one thread, the test's. */
#ifndef TESTS_LIB_FAKE_MASTER_H
#define TESTS_LIB_FAKE_MASTER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct fake_master;
struct message;

/* With 'port' 0 a free one is taken. */
struct fake_master *fake_master_start(uint16_t port);
void fake_master_stop(struct fake_master *);

uint16_t fake_master_port(const struct fake_master *);

/* "127.0.0.1:port"; valid as long as the master. */
const char *fake_master_address(const struct fake_master *);

/* Whether SUBSCRIBE is answered with SUBSCRIBED (the default). */
void fake_master_set_answering(struct fake_master *, bool);

/* Answers the SUBSCRIBE that came last. */
void fake_master_answer(struct fake_master *);

/* Calls of one type so far. */
size_t fake_master_count(struct fake_master *, Scheduler__Call__Type);

/* Waits until there are 'n' calls of a type; fails the test if they do not
 * come. */
void fake_master_wait(struct fake_master *, Scheduler__Call__Type, size_t n);

/* Call number 'i' of a type; valid as long as the master. */
const Scheduler__Call *fake_master_call(struct fake_master *,
                                        Scheduler__Call__Type, size_t i);

/* Waits until an aborted driver has said that its framework wants nothing. */
void fake_master_wait_deactivated(struct fake_master *);

/* Waits until the scheduler that subscribed last is gone. */
void fake_master_wait_gone(struct fake_master *);

/* Sends '*event', which becomes NULL, to the scheduler. */
void fake_master_send(struct fake_master *, struct message **event);

/* Events to send. */
struct message *fake_event_update(const char *task_id, V1__TaskState,
                                  const char *uuid);
struct message *fake_event_offer(const char *offer_id, const char *agent_id);
struct message *fake_event_rescind(const char *offer_id);
struct message *fake_event_message(const char *data);
struct message *fake_event_failure(const char *agent_id,
                                   const char *executor_id, int status);
struct message *fake_event_error(const char *text);

#endif /* TESTS_LIB_FAKE_MASTER_H */
