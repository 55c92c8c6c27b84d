/* SPDX-License-Identifier: Apache-2.0
 *
 * messages.h - the requests of replog.h as the log sees them.
 *
 * Thread-safety: the receiver's turn. */
#ifndef REPLOG_MESSAGES_H
#define REPLOG_MESSAGES_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>

/* Of appends and snapshots. */
struct write_request {
    uint64_t epoch;
    uint64_t position;          /* of a snapshot */
    void *data;                 /* owned */
    size_t size;
};

extern const struct actor_msg_type replog_msg_open;
extern const struct actor_msg_type replog_msg_append;
extern const struct actor_msg_type replog_msg_snapshot;

#endif /* REPLOG_MESSAGES_H */
