/* SPDX-License-Identifier: Apache-2.0
 *
 * support.h - what a task may ask for that this agent cannot give.
 *
 * Better a task that fails with a reason than one that runs without what it
 * asked for.
 *
 * Thread-safety: pure functions. */
#ifndef AGENT_SUPPORT_H
#define AGENT_SUPPORT_H 1

#include <actor/compiler.h>

struct error;
struct V1__ExecutorInfo;
struct V1__TaskInfo;

/* What of the executor (images, volumes, ...) we have nothing
 * for. */
struct error *support_check_executor(const struct V1__ExecutorInfo *)
    MUST_CHECK;

/* The same of one of its tasks.  Members are those of a default executor,
 * which gives them volumes of type SANDBOX_PATH. */
struct error *support_check_task(const struct V1__TaskInfo *) MUST_CHECK;
struct error *support_check_member(const struct V1__TaskInfo *) MUST_CHECK;

/* ERROR_UNSUPPORTED with the text of Mesos for limits without an isolator. */
struct error *support_check_limits(const struct V1__TaskInfo *) MUST_CHECK;

#endif /* AGENT_SUPPORT_H */
