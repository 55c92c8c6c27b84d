/* SPDX-License-Identifier: Apache-2.0
 *
 * roles.h - the names of roles: "*", "web", "eng/web".
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_ROLES_H
#define MODEL_ROLES_H 1

#include <stdbool.h>

#include <actor/compiler.h>

struct error;

/* The rules of Mesos' src/common/roles.cpp. */
struct error *role_validate(const char *role) MUST_CHECK;

/* Whether what is reserved to 'ancestor' is also for 'role': the role itself,
 * or one above it ("eng" for "eng/web"). */
bool role_is_within(const char *role, const char *ancestor);

#endif /* MODEL_ROLES_H */
