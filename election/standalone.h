/* SPDX-License-Identifier: Apache-2.0
 *
 * standalone.h - election without an electorate: an actor
 * "standalone-master-detector(N)" that is contender and detector in one.
 *
 * As a master without peers has it, its only candidate leads.  Where something
 * else decides, a test or a tool, it waits to be told who leads:
 *
 *     error = standalone_start(system, STANDALONE_APPOINTED, &election);
 *     ...
 *     standalone_appoint(system, &election, info);
 *
 * (Mesos: StandaloneMasterContender, and StandaloneMasterDetector with its
 * appoint().)
 *
 * Thread-safety: any thread; what is told is done in the actor's turn. */
#ifndef ELECTION_STANDALONE_H
#define ELECTION_STANDALONE_H 1

#include <actor/compiler.h>

struct actor_system;
struct error;
struct message;
struct upid;

enum standalone_kind {
    STANDALONE_ALONE,           /* whoever contends leads */
    STANDALONE_APPOINTED,       /* nobody leads until somebody is appointed */
};

/* '*ret' is for contender_contend() and for detector_detect(). */
struct error *standalone_start(struct actor_system *, enum standalone_kind,
                               struct upid *ret) MUST_CHECK;

/* 'info' leads, a V1.MasterInfo that is kept by reference; NULL: nobody
 * does. */
void standalone_appoint(struct actor_system *, const struct upid *standalone,
                        struct message *info);

/* Its own candidate leads: now, or as soon as there is one. */
void standalone_elect(struct actor_system *, const struct upid *standalone);

#endif /* ELECTION_STANDALONE_H */
