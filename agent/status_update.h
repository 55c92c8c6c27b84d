/* SPDX-License-Identifier: Apache-2.0
 *
 * status_update.h - one status update, as a message in flight.
 *
 * Thread-safety: pure functions on messages. */
#ifndef AGENT_STATUS_UPDATE_H
#define AGENT_STATUS_UPDATE_H 1

#include <stdbool.h>

#include <actor/compiler.h>
#include <actor/uuid.h>

struct error;
struct message;
struct strbuf;
struct Internal__StatusUpdate;

/* Longest text of STATUS_UPDATE_TEXT(), with its NUL. */
#define STATUS_UPDATE_TEXT_SIZE 700

/* "TASK_RUNNING (Status UUID: <u>) for task <t> of framework <f>", as Mesos
 * prints an update in its log lines. */
const char *status_update_text(const struct Internal__StatusUpdate *,
                               char buffer[STATUS_UPDATE_TEXT_SIZE]);
#define STATUS_UPDATE_TEXT(u) \
    status_update_text((u), (char[STATUS_UPDATE_TEXT_SIZE]) {0})

/* The update's UUID; an error if it has none. */
struct error *status_update_uuid(const struct Internal__StatusUpdate *,
                                 struct uuid *ret) MUST_CHECK;

/* The root of a message made for status updates. */
const struct Internal__StatusUpdate *
status_update_of(const struct message *);

/* A new message UpdateStatus around the update, which it keeps alive, with the
 * task's newest state. */
struct message *status_update_to_master(struct message *update,
                                        int latest_state);

#endif /* AGENT_STATUS_UPDATE_H */
