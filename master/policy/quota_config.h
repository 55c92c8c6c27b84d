/* SPDX-License-Identifier: Apache-2.0
 *
 * quota_config.h - quotas as operators write them, checked.
 *
 * Mirrors the validation in Mesos' src/master/quota.cpp, with its texts.
 *
 * Thread-safety: pure functions. */
#ifndef MASTER_POLICY_QUOTA_CONFIG_H
#define MASTER_POLICY_QUOTA_CONFIG_H 1

#include <actor/compiler.h>

#include "model/resource_quantities.h"
#include "proto/mesos/v1/quota/quota.pb-c.h"

struct error;
struct message;

/* Whether role and amounts make sense. */
struct error *quota_config_validate(const Quota__QuotaConfig *) MUST_CHECK;

/* Of one that is valid; both are the caller's. */
void quota_config_read(const Quota__QuotaConfig *,
                       struct resource_quantities *ret_guarantees,
                       struct resource_quantities *ret_limits);

/* The reverse; all in 'm'. */
Quota__QuotaConfig *quota_config_create(struct message *m, const char *role,
                                        const struct resource_quantities
                                            *guarantees,
                                        const struct resource_quantities
                                            *limits);

/* The older form: what is guaranteed is the limit too.  Checks it, and puts
 * what it means into '*ret', in 'm'. */
struct error *quota_request_read(const Quota__QuotaRequest *,
                                 struct message *m, Quota__QuotaConfig **ret)
    MUST_CHECK;

#endif /* MASTER_POLICY_QUOTA_CONFIG_H */
