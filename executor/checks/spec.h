/* SPDX-License-Identifier: Apache-2.0
 *
 * spec.h - what a check looks at, and when: a CheckInfo or a HealthCheck in
 * one form.
 *
 * Thread-safety: pure functions on values. */
#ifndef EXECUTOR_CHECKS_SPEC_H
#define EXECUTOR_CHECKS_SPEC_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct V1__CheckInfo;
struct V1__CommandInfo;
struct V1__HealthCheck;

enum check_type {
    CHECK_TYPE_UNKNOWN,
    CHECK_TYPE_COMMAND,
    CHECK_TYPE_HTTP,
    CHECK_TYPE_TCP,
};

/* All pointers are into what it was made of. */
struct check_spec {
    enum check_type type;

    /* Why nothing can be looked at: a text for the user; NULL: it can. */
    const char *why_not;

    const struct V1__CommandInfo *command;
    const char *scheme;         /* "http" or "https" */
    const char *path;           /* "" or with a slash in front */
    uint16_t port;
    bool is_ipv6;
    int64_t delay_ns;           /* before the first time */
    int64_t interval_ns;        /* from the end of one to the next */
    int64_t timeout_ns;         /* 0: there is none */

    /* Health checks only. */
    const uint32_t *statuses;   /* of HTTP that are healthy; none: 200-399 */
    size_t n_statuses;
    int64_t grace_ns;
    uint32_t max_failures;      /* at least 1 */
};

/* Numbers that make no sense (a delay below 0, NaN) are 0.  A type that is not
 * given is that of what is there. */
void check_spec_of_check(const struct V1__CheckInfo *,
                         struct check_spec *ret);
void check_spec_of_health(const struct V1__HealthCheck *,
                          struct check_spec *ret);

/* "COMMAND", "HTTP", "TCP", "UNKNOWN". */
const char *check_type_name(enum check_type);

/* Whether an outcome (probe.h) of a health check is a good one. */
bool check_spec_is_healthy(const struct check_spec *, int value);

#endif /* EXECUTOR_CHECKS_SPEC_H */
