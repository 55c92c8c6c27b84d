/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance_check.h - what of planned maintenance makes no sense.
 *
 * Mirrors maintenance::validation of Mesos' src/master/maintenance.cpp, and
 * what its handlers check besides.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_MAINTENANCE_CHECK_H
#define MASTER_POLICY_MAINTENANCE_CHECK_H 1

#include <stdbool.h>

#include <actor/compiler.h>

#include "proto/cmesos/registry.pb-c.h"

struct error;
struct master;

/* Each for changes with the member that its name says; 'force' does not
 * matter. */
struct error *maintenance_check_schedule(struct master *,
                                         const Internal__RegistryChange *,
                                         bool force) MUST_CHECK;
struct error *maintenance_check_start(struct master *,
                                      const Internal__RegistryChange *,
                                      bool force) MUST_CHECK;
struct error *maintenance_check_stop(struct master *,
                                     const Internal__RegistryChange *,
                                     bool force) MUST_CHECK;

#endif /* MASTER_POLICY_MAINTENANCE_CHECK_H */
