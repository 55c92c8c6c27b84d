/* SPDX-License-Identifier: Apache-2.0
 *
 * election.h - which master leads.
 *
 * Two roles, each an actor of the asker's own system, known by its UPID; one
 * actor may have both.  A *contender* puts a candidate up for election, the
 * actor that asks it to, and tells it what becomes of that.  A *detector*
 * tells whoever asks who leads, and goes on telling each change.
 *
 *     contender_contend(self, &m->contender, m->info_message);
 *     detector_detect(self, &m->detector);
 *     ...
 *     static void
 *     on_leader(struct actor *self, struct actor_msg *msg)
 *     {
 *         const struct leader *leader = actor_msg_body(msg, &msg_leader);
 *
 *         if (!leader->info) { ...nobody leads... }
 *     }
 *
 * Whether a candidate leads is the detector's to say: a contender only says
 * whether the candidate still stands.  A candidate that ends has withdrawn,
 * and an asker that ends is told nothing more.
 *
 * What is behind it:
 *
 *     standalone.h        the only candidate leads, or whom one appoints
 *     address_detector.h  the leader is at a given host and port
 *
 * More may come, and for them it is that contend may take long and fail, that
 * a candidacy may be lost, and detection end with an error.
 *
 * (Mesos: MasterContender and MasterDetector, whose futures are messages
 * here.)
 *
 * Thread-safety: functions that take 'self' in that actor's turns; others as
 * said. */
#ifndef ELECTION_ELECTION_H
#define ELECTION_ELECTION_H 1

#include <stdbool.h>

#include <actor/actor.h>
#include <actor/compiler.h>
#include <actor/upid.h>

struct V1__MasterInfo;
struct error;
struct message;

/* --- contenders --- */

enum candidacy_state {
    CANDIDACY_ENTERED,          /* may lead from now on */
    CANDIDACY_LOST,             /* withdrawn, or taken away */
    CANDIDACY_FAILED,           /* never entered; 'error' says why */
};

/* What a candidate is told of its candidacy.  After LOST and FAILED it may
 * contend again. */
extern const struct actor_msg_type msg_candidacy;

struct candidacy {
    enum candidacy_state state;
    struct error *error;        /* owned; FAILED only */
};

/* 'self' becomes a candidate; 'info', a V1.MasterInfo that is kept by
 * reference, is what detectors tell if it leads.  A candidate that contends
 * again has withdrawn before. */
void contender_contend(struct actor *self, const struct upid *contender,
                       struct message *info);

/* 'self' no longer stands, and leads no more; msg_candidacy says when that is
 * so.  One that does not stand hears nothing. */
void contender_withdraw(struct actor *self, const struct upid *contender);

/* --- detectors --- */

/* Who leads.  Told to each asker when it is known first, at each change, and
 * once more whenever it asks again. */
extern const struct actor_msg_type msg_leader;

struct leader {
    struct message *info;       /* counted; a V1.MasterInfo, NULL: nobody */
    struct upid upid;           /* of the leader; empty: nobody leads */
    struct error *error;        /* owned; the detector can detect no more */
};

/* Asks who leads.  'self' is told, now and at each change, until it ends.  As
 * long as nobody leads, one that has not been told of a leader is told
 * nothing.
 *
 * Asking again means that the leader that was told is out of reach: it is
 * looked for anew, and the answer comes even if it is the same. */
void detector_detect(struct actor *self, const struct upid *detector);

/* The detector that 'master' asks for, in one of the forms of master_url.h.
 * Reads a file, if that is the form: blocks, outside of the system's workers. */
struct error *detector_start(struct actor_system *, const char *master,
                             struct upid *ret_detector) MUST_CHECK;

/* --- leaders --- */

/* The UPID that a V1.MasterInfo gives.  Any thread. */
struct error *leader_upid(const struct V1__MasterInfo *,
                          struct upid *ret) MUST_CHECK;

/* A V1.MasterInfo for a master of which only the UPID is known, and a name of
 * its host or NULL.  'id' has to be none that a master would take for its own;
 * NULL: the UPID's text.  Any thread. */
struct message *leader_info_create(const struct upid *, const char *id,
                                   const char *hostname);

/* Whether both are of the same master, which may have another address by now.
 * Any thread. */
bool leader_is_same(const struct message *, const struct message *);

#endif /* ELECTION_ELECTION_H */
