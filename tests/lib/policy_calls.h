/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_calls.h - what operators say of quotas, weights and maintenance, as
 * JSON, to a master at hand.
 *
 * Thread-safety: the test's thread, between the master's turns. */
#ifndef TESTS_LIB_POLICY_CALLS_H
#define TESTS_LIB_POLICY_CALLS_H 1

struct master;

/* Makes the call whose Master.Call has 'member' ("\"update_quota\":{...}").
 * '*ret' is NULL until the answer is there: "200", "400 why"; the caller's. */
void policy_call(struct master *, const char *member, char **ret);

/* The member of the answer to a call without arguments, as JSON; the
 * caller's. */
char *policy_show(const struct master *, const char *type);

#endif /* TESTS_LIB_POLICY_CALLS_H */
