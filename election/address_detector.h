/* SPDX-License-Identifier: Apache-2.0
 *
 * address_detector.h - detects the master at a given host and port: an actor
 * "standalone-master-detector(N)".
 *
 * The host may be a name.  It is looked up in the worker pool, and again each
 * time that somebody asks again, which is what those do who cannot reach the
 * leader: a master that has moved is found when the name has moved.  A name of
 * several addresses gives the next one each time.  While there is no answer,
 * because the name service is not there yet, the look-ups are repeated; while
 * there is none any more, the last answer holds.
 *
 * Thread-safety: any thread. */
#ifndef ELECTION_ADDRESS_DETECTOR_H
#define ELECTION_ADDRESS_DETECTOR_H 1

#include <actor/compiler.h>

#include "election/master_url.h"

struct actor_system;
struct error;
struct upid;

struct address_detector_options {
    const struct master_url *url;       /* copied */

    /* Finds the host's addresses; a pool thread, blocks.  NULL:
     * master_url_resolve(). */
    struct error *(*resolve)(void *aux, const struct master_url *,
                             struct master_addresses *ret);
    void *aux;                          /* outlives the system */
};

/* The id of the V1.MasterInfo that it tells is the URL: it is the same master,
 * wherever its address is. */
struct error *address_detector_start(struct actor_system *,
                                     const struct address_detector_options *,
                                     struct upid *ret) MUST_CHECK;

/* One that knows the leader by its UPID. */
struct error *address_detector_start_at(struct actor_system *,
                                        const struct upid *leader,
                                        struct upid *ret) MUST_CHECK;

#endif /* ELECTION_ADDRESS_DETECTOR_H */
