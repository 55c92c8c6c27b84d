/* SPDX-License-Identifier: Apache-2.0
 *
 * journal.h - changes of many small files, durable with one fsync.
 *
 * The layout under <work_dir>/meta is Mesos': several files and directories
 * for each task.  To sync each of them would cost a task start a dozen
 * commits of the file system.  So what changes is written to a journal first,
 * one record for all changes of a batch, and the journal is synced; some time
 * later the files are written, without waiting for the disk.  What a power
 * failure leaves of them is made good from the journal.  When a segment of it
 * is full, the next one is begun, the files that the old one is about are
 * synced, and it is removed.
 *
 *     meta/journal/<n>        segments: logs (format.h) of kind "journal"
 *
 * A record's payload is a sequence of changes, each
 *
 *     u8  type    enum checkpoint_change_type
 *     u32 length of the path, u64 offset, u32 length of the data;
 *                 little-endian
 *     path        relative to <work_dir>/meta
 *     data
 *
 * Changes are done again in order, and doing one twice is doing it once.
 *
 * Thread-safety: pool threads; everything but the encoder blocks. */
#ifndef AGENT_CHECKPOINT_JOURNAL_H
#define AGENT_CHECKPOINT_JOURNAL_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct actor_disk;
struct error;
struct strbuf;

enum checkpoint_change_type {
    CHECKPOINT_WRITE = 1,       /* the file is this; its directory is made */
    CHECKPOINT_APPEND = 2,      /* from 'offset' on, the file is this */
    CHECKPOINT_LINK = 3,        /* a symbolic link to meta/<data>, whose
                                 * target is written as an absolute path */
    CHECKPOINT_REMOVE = 4,      /* no such file */
};

struct checkpoint_change {
    enum checkpoint_change_type type;
    const char *path;           /* relative to meta; NUL-terminated */
    uint64_t offset;
    const void *data;
    size_t size;
};

/* Appends a change to a payload. */
void checkpoint_change_encode(struct strbuf *out,
                              const struct checkpoint_change *);

typedef struct error *checkpoint_change_fn(
    void *aux, const struct checkpoint_change *);

/* Calls 'fn' with each change of a payload, on loan. */
struct error *checkpoint_changes_decode(const void *payload, size_t size,
                                        checkpoint_change_fn *, void *aux)
    MUST_CHECK;

/* Makes the changes of a payload in the directory 'meta'; nothing is synced.
 * 'again': some may have been made before; what is so already is left
 * alone. */
struct error *checkpoint_changes_apply(const struct actor_disk *,
                                       const char *meta, const void *payload,
                                       size_t size, bool again) MUST_CHECK;

/* The segment that is written. */
struct journal {
    const struct actor_disk *disk;      /* borrowed */
    char *meta;                 /* owned */
    uint64_t number;            /* of the segment */
    uint64_t size;              /* that is durable; 0: there is no file yet */
    int fd;                     /* owned; -1: none */
};

struct journal *journal_create(const struct actor_disk *, const char *meta,
                               uint64_t number);
void journal_destroy(struct journal *);                 /* NULL is fine */

/* The next write begins another segment. */
void journal_rotate(struct journal *);

/* Makes the payload durable.  After an error it may be tried again; if it is
 * not, nobody knows whether it will be replayed. */
struct error *journal_write(struct journal *, const void *payload,
                            size_t size) MUST_CHECK;

/* Syncs the journal and makes all its changes again, in case they had not
 * reached the files.  '*ret_next' is a number that is greater than those of
 * all segments. */
struct error *journal_replay(const struct actor_disk *, const char *meta,
                             uint64_t *ret_next) MUST_CHECK;

/* Syncs the files of all segments below 'number', and removes those
 * segments. */
struct error *journal_settle(const struct actor_disk *, const char *meta,
                             uint64_t number) MUST_CHECK;

#endif /* AGENT_CHECKPOINT_JOURNAL_H */
