/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_stage.h - an operator of the master on the stage, who lays down
 * quotas, weights and maintenance.
 *
 *     ck_assert_str_eq(operate(&s, "\"update_quota\":{...}"), "200");
 *     ck_assert_str_eq(show(&s, "GET_QUOTA"), "{\"configs\":...}");
 *
 * Thread-safety: the test's thread only. */
#ifndef TESTS_LIB_POLICY_STAGE_H
#define TESTS_LIB_POLICY_STAGE_H 1

#include "tests/lib/master_stage.h"

/* What came of a Master.Call with this member: "200", "400 why"; valid until
 * the next one. */
const char *operate(struct stage *, const char *fmt, ...)
    PRINTF_FORMAT(2, 3);

/* Begins with such a call, and does not let the master work: what came of it
 * is in '*ret' once it has, which the caller frees. */
void operate_later(struct stage *, char **ret, const char *fmt, ...)
    PRINTF_FORMAT(3, 4);

/* The member of the answer to a call without arguments, as JSON; valid until
 * the next one. */
const char *show(struct stage *, const char *type);

#endif /* TESTS_LIB_POLICY_STAGE_H */
