/* SPDX-License-Identifier: Apache-2.0
 *
 * checkpointed_resources.h - what an agent remembers of its resources.
 *
 * An agent's flags say what it has; reservations that were made at run time,
 * and volumes, are remembered besides.  Both together are its total.
 *
 * Mirrors needCheckpointing() and applyCheckpointedResources() of Mesos'
 * src/common/resources_utils.cpp.
 * Thread-safety: pure functions. */
#ifndef MODEL_CHECKPOINTED_RESOURCES_H
#define MODEL_CHECKPOINTED_RESOURCES_H 1

#include <actor/compiler.h>

#include "model/resources.h"

struct error;

/* The part of an agent's total that is remembered. */
void resources_checkpointed(const struct resources *total,
                            struct resources *ret);

/* 'base' (from flags) with what is remembered in the place of what it was made
 * of. */
struct error *
resources_apply_checkpointed(const struct resources *base,
                             const struct resources *checkpointed,
                             struct resources *ret) MUST_CHECK;

#endif /* MODEL_CHECKPOINTED_RESOURCES_H */
