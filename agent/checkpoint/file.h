/* SPDX-License-Identifier: Apache-2.0
 *
 * file.h - checkpoints on the disk: reading them.  They are written by way of
 * the checkpointer (checkpointer.h).
 *
 * Thread-safety: pool threads, or before there are actors; these block. */
#ifndef AGENT_CHECKPOINT_FILE_H
#define AGENT_CHECKPOINT_FILE_H 1

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <actor/compiler.h>

#include "agent/checkpoint/format.h"

struct actor_disk;
struct error;
struct message;
struct strbuf;

/* Appends the bytes of a file as they are.  ERROR_NOT_FOUND: there is none;
 * one that is too large for a checkpoint is an error, too. */
struct error *checkpoint_read_bytes(const struct actor_disk *,
                                    const char *path, struct strbuf *out)
    MUST_CHECK;

/* Appends the content of a checkpoint of this kind.  Errors name the file and
 * the offset. */
struct error *checkpoint_read(const struct actor_disk *, const char *path,
                              const char *kind, struct strbuf *out)
    MUST_CHECK;

/* The same for one that is a message. */
struct error *checkpoint_read_message(const struct actor_disk *,
                                      const char *path, const char *kind,
                                      const ProtobufCMessageDescriptor *,
                                      struct message **ret) MUST_CHECK;

/* Calls 'fn' with each record of a log.  '*ret_size' is where the next one has
 * to go; a torn tail after that is told in the log and will be cut. */
struct error *checkpoint_read_log(const struct actor_disk *, const char *path,
                                  const char *kind, checkpoint_record_fn *fn,
                                  void *aux, uint64_t *ret_size) MUST_CHECK;

#endif /* AGENT_CHECKPOINT_FILE_H */
