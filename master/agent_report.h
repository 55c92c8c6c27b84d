/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_report.h - whether what an agent says of itself holds together.
 *
 * Thread-safety: pure functions. */
#ifndef MASTER_AGENT_REPORT_H
#define MASTER_AGENT_REPORT_H 1

#include <actor/compiler.h>

#include "model/resources.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct error;

/* Its id, if it has one, and its resources, which become '*ret_total' together
 * with those that it remembers. */
struct error *agent_info_validate(const V1__AgentInfo *,
                                  V1__Resource *const *checkpointed,
                                  size_t n_checkpointed,
                                  struct resources *ret_total) MUST_CHECK;

/* All that it reports when it comes back: every task and executor belongs to
 * a framework that it names, has an id that can be used, and resources that
 * can be counted. */
struct error *agent_report_validate(const Internal__ReregisterAgent *,
                                    struct resources *ret_total) MUST_CHECK;

#endif /* MASTER_AGENT_REPORT_H */
