/* SPDX-License-Identifier: Apache-2.0
 *
 * replog.h - a durable log of changes, with snapshots.
 *
 * Whoever keeps state on it appends the changes to that state; what has been
 * appended is durable, and what is durable is never lost or reordered.  Every
 * now and then the state as a whole is put down as a snapshot, and what came
 * before it is forgotten.
 *
 * There is one writer at a time.  It begins by opening the log, which answers
 * with the newest snapshot and all entries behind it: the state as it was
 * left.  From then on it may append without waiting for the answers to earlier
 * appends; answers to appends come in the order of the requests, and one sync
 * serves all that came meanwhile (group commit).  Each writer has an epoch;
 * once there is a newer one, requests of the old one fail with ERROR_STALE
 * (error.def), so that a leader that was replaced can never write.
 *
 * What is in the log is always the beginning of what a writer has asked for:
 * an append that fails, because the disk is full perhaps, fails all later ones
 * of its epoch, and whether it will be found is not known.  The writer may
 * open the log again.  After a failed sync and after input/output errors it
 * cannot: nobody knows then what the disk holds, and every request fails until
 * the log is started again, by another process.
 *
 *     replog(1)  --->  replica store (store.h), in the pool
 *
 * With one local replica a request is durable when that has synced it.  The
 * interface is made for several: "durable" then means on a quorum, "open" is
 * the election of the coordinator (the promise phase) and the catch-up of what
 * is missing, and an epoch is the ballot.  Positions count entries from 1 and
 * are never reused.
 *
 * Mirrors Mesos' Log::Writer and Log::Reader (include/mesos/log/log.hpp) in
 * what they are for.
 *
 * Thread-safety: functions that take 'self' are for that actor's turns. */
#ifndef REPLOG_REPLOG_H
#define REPLOG_REPLOG_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/compiler.h>

struct actor_system;
struct error;

/* An entry, and a snapshot, have at most so many bytes. */
#define REPLOG_ENTRY_MAX ((size_t) 16 << 20)
#define REPLOG_SNAPSHOT_MAX ((size_t) 512 << 20)

struct replog_options {
    const char *directory;      /* borrowed for the call; made if missing */
    const char *metrics_prefix; /* "registrar/"; borrowed for the call */
    uint64_t segment_size;      /* bytes; 0: the default */
};

/* Starts "replog(N)".  Opening and checking the files is its first work, in
 * the pool; requests wait for it.  What is wrong with them is told in the
 * answers, by an error that names file, offset and what was found. */
struct error *replog_start(struct actor_system *,
                           const struct replog_options *,
                           struct upid *ret_upid) MUST_CHECK;

/* --- answers; each has 'error' (owned by the message; NULL: success) --- */

struct replog_entry {
    uint64_t position;
    void *data;                 /* owned */
    size_t size;
};

struct replog_opened {
    struct error *error;
    uint64_t epoch;             /* ours */
    uint64_t snapshot_position; /* 0: there is no snapshot */
    void *snapshot;             /* owned; the receiver may take it */
    size_t snapshot_size;
    struct replog_entry *entries;       /* owned; in order */
    size_t n_entries;
    uint64_t end;               /* position of the last entry; 0: none */
};

struct replog_appended {
    struct error *error;
    uint64_t position;
};

struct replog_snapshotted {
    struct error *error;
};

extern const struct actor_msg_type msg_replog_opened;
extern const struct actor_msg_type msg_replog_appended;
extern const struct actor_msg_type msg_replog_snapshotted;

/* --- requests, for op_call() or actor_send() --- */

/* Become the writer; answered by msg_replog_opened. */
struct actor_msg *replog_open_create(void);

/* Takes '*data' (from malloc), which becomes NULL. */
struct actor_msg *replog_append_create(uint64_t epoch, void **data,
                                       size_t size);

/* The state after all entries up to 'position'; those and older snapshots are
 * given up once it is durable.  Appends may go on meanwhile; another snapshot
 * may not (ERROR_CONFLICT).  Takes '*data', which becomes NULL. */
struct actor_msg *replog_snapshot_create(uint64_t epoch, uint64_t position,
                                         void **data, size_t size);

/* Bytes of entries behind the newest snapshot that make another one
 * worthwhile: when this many have been appended, a writer should make one. */
uint64_t replog_snapshot_due(size_t last_snapshot_size);

#endif /* REPLOG_REPLOG_H */
