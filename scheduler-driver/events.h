/* SPDX-License-Identifier: Apache-2.0
 *
 * events.h - the events of a master as messages.
 *
 * Thread-safety: pure functions. */
#ifndef SCHEDULER_DRIVER_EVENTS_H
#define SCHEDULER_DRIVER_EVENTS_H 1

#include <stdbool.h>

#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"

struct message;

/* Whether the event has the part that its type announces. */
bool event_is_complete(const Scheduler__Event *);

/* An ERROR event. */
struct message *event_create_error(const char *text);

#endif /* SCHEDULER_DRIVER_EVENTS_H */
