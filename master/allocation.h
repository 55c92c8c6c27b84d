/* SPDX-License-Identifier: Apache-2.0
 *
 * allocation.h - between the master and its allocator: what flags and
 * frameworks say about who is to be offered what.
 *
 * Thread-safety: the master's turns only; checks of values are pure. */
#ifndef MASTER_ALLOCATION_H
#define MASTER_ALLOCATION_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/compiler.h>

struct error;
struct framework;
struct master;
struct master_flags;
struct Scheduler__OfferConstraints;
struct V1__FrameworkInfo;

/* Starts the allocator. */
struct error *allocation_start(struct master *) MUST_CHECK;

/* Adds the framework to the allocator, or tells it what has changed. */
void allocation_tell_framework(struct master *, const struct framework *,
                               char *const *suppressed_roles,
                               size_t n_suppressed_roles);

/* --- checks, with the texts of Mesos --- */

/* FrameworkInfo.offer_filters. */
struct error *allocation_check_offer_filters(const struct V1__FrameworkInfo *)
    MUST_CHECK;

/* NULL constraints are fine. */
struct error *allocation_check_constraints(
    const struct Scheduler__OfferConstraints *,
    const struct V1__FrameworkInfo *, const struct master_flags *) MUST_CHECK;

/* Texts of the flags --weights and --min_allocatable_resources. */
struct error *allocation_check_weights(const char *text) MUST_CHECK;

/* Of a text of --weights that has been checked. */
void allocation_for_each_weight(const char *text,
                                void (*fn)(void *aux, const char *role,
                                           double weight), void *aux);
struct error *allocation_check_minimum(const char *text) MUST_CHECK;

#endif /* MASTER_ALLOCATION_H */
