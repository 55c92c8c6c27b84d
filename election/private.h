/* SPDX-License-Identifier: Apache-2.0
 *
 * private.h - election, from the side of those who implement it: what they
 * are asked, and how they answer.
 *
 * Thread-safety: the implementing actor's turns. */
#ifndef ELECTION_PRIVATE_H
#define ELECTION_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/vec.h>

#include "election/election.h"

/* --- what contenders are asked; the sender is the candidate --- */

extern const struct actor_msg_type msg_contend, msg_withdraw;

struct contend {
    struct message *info;       /* counted */
};

/* '*error' (FAILED only) becomes NULL; it may be NULL itself. */
void candidacy_tell(struct actor *self, const struct upid *candidate,
                    enum candidacy_state, struct error **error);

/* --- what detectors are asked; the sender is the asker --- */

extern const struct actor_msg_type msg_detect;

/* Who has asked, and what they know.  Zeroed: nobody. */
struct watcher {
    struct upid upid;
    bool is_waiting;            /* for an answer */
    bool knows_leader;
};

struct watchers {
    VEC(struct watcher) list;
};

/* Notes that the sender of 'msg' asks, and links it. */
void watchers_ask(struct watchers *, struct actor *self,
                  const struct actor_msg *);

/* The sender of 'msg' has asked before, and nobody has answered it yet. */
void watchers_forget(struct watchers *, const struct upid *);

/* Answers those who wait, and tells all others if it 'is_change'.  'info'
 * NULL: nobody leads. */
void watchers_tell(struct watchers *, struct actor *self,
                   struct message *info, const struct upid *, bool is_change);
void watchers_fini(struct watchers *);

#endif /* ELECTION_PRIVATE_H */
