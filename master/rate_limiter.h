/* SPDX-License-Identifier: Apache-2.0
 *
 * rate_limiter.h - at most so many in a time, evenly spread.
 *
 * "10/1mins" lets one go every 6 seconds, and not ten at once and then none
 * for a minute: it is for what has to be held up when much of it comes
 * together.  Mirrors process::RateLimiter of libprocess in when it lets go; who
 * waits, and in which order, is the caller's affair.
 *
 * Thread-safety: pure functions; 'now_ns' is any clock that does not go
 * back. */
#ifndef MASTER_RATE_LIMITER_H
#define MASTER_RATE_LIMITER_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

struct rate_limiter {
    int64_t interval_ns;        /* between two; 0: no limit */
    int64_t next_ns;            /* when the next one may go */
};

/* "N/DURATION", as --agent_removal_rate_limit has it; NULL: no limit.  The
 * error is the text of Mesos. */
struct error *rate_limiter_parse(const char *, struct rate_limiter *ret)
    MUST_CHECK;

/* Lets one go now, if that may be. */
bool rate_limiter_take(struct rate_limiter *, int64_t now_ns);

/* How long the next one has to wait; 0: it may go. */
int64_t rate_limiter_wait_ns(const struct rate_limiter *, int64_t now_ns);

#endif /* MASTER_RATE_LIMITER_H */
