/* SPDX-License-Identifier: Apache-2.0
 *
 * rate_limits.h - how fast frameworks may talk: --rate_limits.
 *
 * What a connected framework sends goes by the limit of its principal.  A
 * message that comes too early waits, in the order of their coming, and so
 * does the news that a scheduler is gone: it waits for what the scheduler has
 * said before, and for nothing else.  When as many wait as the limit has
 * capacity for, the next one is dropped and the framework is told an error.
 * What does not come from a connected framework, a first SUBSCRIBE for
 * example, never waits.
 *
 * Mirrors Master::consume() and Master::throttled() of Mesos.
 *
 * Thread-safety: the master's turns only; parsing is pure. */
#ifndef MASTER_RATE_LIMITS_H
#define MASTER_RATE_LIMITS_H 1

#include <stddef.h>

#include <actor/compiler.h>

struct error;
struct master;
struct message;
struct principal_limit;
struct upid;

/* How many messages may wait if the flag does not say. */
#define RATE_LIMITS_MAX_WAITING 1000000

struct rate_limits {
    struct principal_limit *by_principal;       /* table; owned */
    struct principal_limit *rest;       /* owned; NULL: they have no limit */
};

/* The value of --rate_limits, a RateLimits as JSON that makes sense; NULL
 * gives NULL.  The caller unrefs the message. */
struct error *rate_limits_parse(const char *text, struct message **ret)
    MUST_CHECK;

/* By the master's flags. */
struct error *rate_limits_init(struct master *) MUST_CHECK;
void rate_limits_fini(struct master *);

/* What is done with a message when its turn has come; 'message' is NULL for
 * the end of a scheduler. */
typedef void rate_limited_fn(struct master *, const struct upid *from,
                             struct message *message);

/* Calls 'fn' now or later.  'name' is the message's, for the log. */
void rate_limits_receive(struct master *, const struct upid *from,
                         const char *name, struct message *,
                         rate_limited_fn *fn);

/* The same with the end of the scheduler at 'who'. */
void rate_limits_exited(struct master *, const struct upid *who,
                        rate_limited_fn *fn);

#endif /* MASTER_RATE_LIMITS_H */
