/* SPDX-License-Identifier: Apache-2.0
 *
 * journal_private.h - the segments of a journal, for the files that make it
 * up.
 *
 * Thread-safety: as journal.h. */
#ifndef AGENT_CHECKPOINT_JOURNAL_PRIVATE_H
#define AGENT_CHECKPOINT_JOURNAL_PRIVATE_H 1

#include <actor/vec.h>

#include "agent/checkpoint/journal.h"

struct journal_segments {
    VEC(uint64_t) numbers;      /* the oldest first */
};

/* The caller frees the vector, after an error, too. */
struct error *journal_list(const struct actor_disk *, const char *meta,
                           struct journal_segments *ret) MUST_CHECK;

/* Calls 'fn' with each change of a segment. */
struct error *journal_read(const struct actor_disk *, const char *meta,
                           uint64_t number, checkpoint_change_fn *, void *aux)
    MUST_CHECK;

/* The caller frees them. */
char *journal_directory(const char *meta);
char *journal_path(const char *meta, uint64_t number);

#endif /* AGENT_CHECKPOINT_JOURNAL_PRIVATE_H */
