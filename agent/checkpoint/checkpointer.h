/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpointer.h - writes what an agent keeps.
 *
 * The actor checkpointer(1) takes changes of files under <work_dir>/meta and
 * makes them in the order in which they came, as many at a time as there are:
 * one trip to the worker pool and one fsync for all (journal.h).  What is in
 * the journal is durable; the files are written when there is time, so nobody
 * reads them but an agent that starts, after journal_replay().
 *
 *     struct checkpoint *c = checkpoint_create();
 *
 *     checkpoint_message(c, path, "task.info", &task->base);
 *     checkpoint_link(c, latest, run);
 *     checkpointer_submit(self, &agent->checkpointer, &c, &done);
 *
 * Paths are relative to meta, and directories are made as they are needed.
 *
 * A disk that is full, or a want of descriptors, is waited for.  Any other
 * failure is told to the owner once, as msg_checkpoint_failed, and after that
 * nothing more is written.
 *
 * Thread-safety: checkpoints any thread, one at a time; the rest is for turns
 * of actors. */
#ifndef AGENT_CHECKPOINT_CHECKPOINTER_H
#define AGENT_CHECKPOINT_CHECKPOINTER_H 1

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/actor.h>

/* --- what is to be written --- */

struct checkpoint;

struct checkpoint *checkpoint_create(void);
void checkpoint_destroy(struct checkpoint *);           /* NULL is fine */

/* The whole content of a file of a kind (format.h). */
void checkpoint_bytes(struct checkpoint *, const char *path, const char *kind,
                      const void *data, size_t size);
void checkpoint_message(struct checkpoint *, const char *path,
                        const char *kind, const ProtobufCMessage *);

/* A log, and where its next record goes; 0: it is new. */
struct checkpoint_log {
    char *path;                 /* owned */
    uint64_t size;
};

/* One record more; 'size' of the log grows by it at once. */
void checkpoint_record(struct checkpoint *, struct checkpoint_log *,
                       const char *kind, const ProtobufCMessage *);

/* A symbolic link at 'path' to 'target', a path of the same kind. */
void checkpoint_link(struct checkpoint *, const char *path,
                     const char *target);

/* One that is not there is fine. */
void checkpoint_remove(struct checkpoint *, const char *path);

/* --- the actor --- */

extern const struct actor_msg_type msg_checkpoint_failed;

struct checkpoint_failed {
    char *why;                  /* owned */
};

struct checkpointer_options {
    const struct upid *owner;
    const char *meta;           /* <work_dir>/meta, absolute */
    uint64_t journal;           /* what journal_replay() said */
};

struct error *checkpointer_start(struct actor_system *,
                                 const struct checkpointer_options *,
                                 struct upid *ret) MUST_CHECK;

/* Takes '*checkpoint', which becomes NULL.  When all of it is durable, '*done'
 * (may be NULL, or point to NULL; becomes NULL) is sent to 'self'. */
void checkpointer_submit(struct actor *self, const struct upid *checkpointer,
                         struct checkpoint **checkpoint,
                         struct actor_msg **done);

/* The same of what may be lost if the process dies within the next few
 * milliseconds: it goes with what comes next, and saves a sync. */
void checkpointer_submit_later(struct actor *self,
                               const struct upid *checkpointer,
                               struct checkpoint **checkpoint);

#endif /* AGENT_CHECKPOINT_CHECKPOINTER_H */
