/* SPDX-License-Identifier: Apache-2.0
 *
 * quota_usage.h - what there is in the cluster, and what roles have of it, as
 * far as quotas are about it.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_QUOTA_USAGE_H
#define MASTER_POLICY_QUOTA_USAGE_H 1

#include "master/policy/role_usage_table.h"

struct master;

/* Fills in what each role of the table consumes, and is offered besides; looks
 * once at every task. */
void quota_usage_compute(const struct master *, struct role_usages *);

/* All agents together; the caller's. */
void quota_usage_capacity(const struct master *,
                          struct resource_quantities *ret);

#endif /* MASTER_POLICY_QUOTA_USAGE_H */
