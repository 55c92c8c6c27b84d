/* SPDX-License-Identifier: Apache-2.0
 *
 * status_stream.h - the updates of one task, on their way to its scheduler.
 *
 * A pure state machine: time is an argument and nothing is sent from here.
 * Updates are kept in order.  Only the oldest one is under way; it is due
 * again after 10 s, 20 s and so on up to 10 min, until it is acknowledged by
 * its UUID, and then the next one has its turn.  The acknowledgement of a
 * terminal update ends the stream.
 *
 * (Mesos: src/slave/task_status_update_manager.cpp.)
 *
 * Thread-safety: one thread at a time. */
#ifndef AGENT_STATUS_STREAM_H
#define AGENT_STATUS_STREAM_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/duration.h>
#include <actor/uuid.h>

struct error;
struct message;

#define STATUS_RETRY_MIN (10 * SECOND)
#define STATUS_RETRY_MAX (10 * MINUTE)

struct status_stream;

struct status_stream *status_stream_create(void);
void status_stream_destroy(struct status_stream *);     /* NULL is fine */

enum status_stream_result {
    STATUS_STREAM_ADDED,
    STATUS_STREAM_DUPLICATE,            /* waits here already */
    STATUS_STREAM_ACKNOWLEDGED,         /* was acknowledged before */
};

/* Adds an update; 'update' (its root a StatusUpdate with this UUID) is kept by
 * reference. */
enum status_stream_result status_stream_add(struct status_stream *,
                                            const struct uuid *,
                                            struct message *update);

/* While held, an update is not due: it is not durable yet. */
void status_stream_hold(struct status_stream *, const struct uuid *);
void status_stream_release(struct status_stream *, const struct uuid *);
bool status_stream_is_held(const struct status_stream *, const struct uuid *);

/* The oldest update is acknowledged and goes.  An error if 'uuid' is not
 * its. */
struct error *status_stream_acknowledge(struct status_stream *,
                                        const struct uuid *) MUST_CHECK;

/* The update under way or to be sent; NULL when there is none. */
struct message *status_stream_head(const struct status_stream *);

/* Whether a terminal update has been acknowledged. */
bool status_stream_is_terminated(const struct status_stream *);
bool status_stream_is_empty(const struct status_stream *);

/* The oldest update is sent at 'now', for the first time or after the delay
 * ran out. */
void status_stream_sent(struct status_stream *, int64_t now);

/* When the oldest update has to be sent: INT64_MIN if it never was, INT64_MAX
 * if there is none, or it is held. */
int64_t status_stream_due(const struct status_stream *);

/* Begins anew: the oldest update is due at once, with the shortest delay
 * after it. */
void status_stream_reset(struct status_stream *);

#endif /* AGENT_STATUS_STREAM_H */
