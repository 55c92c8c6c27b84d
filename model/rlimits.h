/* SPDX-License-Identifier: Apache-2.0
 *
 * rlimits.h - resource limits that a task asks for.
 *
 * Thread-safety: pure functions. */
#ifndef MODEL_RLIMITS_H
#define MODEL_RLIMITS_H 1

#include <stddef.h>

#include <actor/child.h>
#include <actor/compiler.h>

struct V1__RLimitInfo;
struct error;

/* One of each kind. */
#define RLIMITS_MAX 16

/* What to set for a RLimitInfo (NULL: nothing); of several for one resource
 * the last counts.  Errors in the words of Mesos
 * (3rdparty/stout, src/posix/rlimits.cpp). */
struct error *rlimits_read(const struct V1__RLimitInfo *,
                           struct actor_child_rlimit ret[RLIMITS_MAX],
                           size_t *ret_n) MUST_CHECK;

#endif /* MODEL_RLIMITS_H */
