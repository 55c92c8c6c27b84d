/* SPDX-License-Identifier: Apache-2.0
 *
 * health.h - what the outcomes of a health check make of a task's health.
 *
 * Mirrors HealthChecker::failure() and success() of Mesos'
 * src/checks/health_checker.cpp.
 * Thread-safety: pure functions on values. */
#ifndef EXECUTOR_CHECKS_HEALTH_H
#define EXECUTOR_CHECKS_HEALTH_H 1

#include <stdbool.h>
#include <stdint.h>

struct health {
    int64_t started;            /* when the checker was; monotonic */
    int64_t grace_ns;
    uint32_t max_failures;
    uint32_t n_failures;        /* in a row */
    bool was_healthy;           /* ever */
};

enum health_verdict {
    HEALTH_SAME,                /* nothing to tell */
    HEALTH_IGNORED,             /* a failure, but in the grace period */
    HEALTH_GOOD,
    HEALTH_BAD,
    HEALTH_FATAL,               /* bad for too long: kill the task */
};

/* Takes in an outcome at 'now'.  Failures within the grace period do not count
 * as long as there was no success; every one that counts is told, a success
 * only if it is the first or comes after a failure. */
enum health_verdict health_note(struct health *, int64_t now, bool is_good);

#endif /* EXECUTOR_CHECKS_HEALTH_H */
