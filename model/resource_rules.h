/* SPDX-License-Identifier: Apache-2.0
 *
 * resource_rules.h - what resources have to be, to be used or changed.
 *
 * Each returns the first rule that is broken.  The texts are those of
 * namespace 'resource' in Mesos' src/master/validation.cpp.
 * Thread-safety: pure functions. */
#ifndef MODEL_RESOURCE_RULES_H
#define MODEL_RESOURCE_RULES_H 1

#include <actor/compiler.h>

#include "model/resources.h"

struct error;

/* GPUs are whole, volumes and reservations make sense. */
struct error *resources_check(const struct resources *) MUST_CHECK;

/* A persistent volume's id is there once for each role. */
struct error *
resources_check_unique_volumes(const struct resources *) MUST_CHECK;

/* All are volumes that can be created or destroyed. */
struct error *resources_check_volumes(const struct resources *) MUST_CHECK;

/* All are allocated to the same role. */
struct error *resources_check_one_role(const struct resources *) MUST_CHECK;

/* None is of the same name as a revocable one without being revocable. */
struct error *resources_check_revocable(const struct resources *) MUST_CHECK;

/* All are of the same resource provider, or all of the agent itself. */
struct error *
resources_check_one_provider(const struct resources *) MUST_CHECK;

/* Whether something in it can be held by several at the same time. */
bool resources_has_shared(const struct resources *);

#endif /* MODEL_RESOURCE_RULES_H */
