/* SPDX-License-Identifier: Apache-2.0
 *
 * builtin.h - the actors that every system has: help, metrics, logging,
 * system, version, __processes__.
 *
 * Thread-safety: any thread; called once, when the system starts. */
#ifndef HTTP_BUILTIN_BUILTIN_H
#define HTTP_BUILTIN_BUILTIN_H 1

#include <actor/compiler.h>

struct actor_system;
struct error;

/* Starts them all. */
struct error *builtin_start(struct actor_system *) MUST_CHECK;

extern const struct actor_type help_type;
extern const struct actor_type metrics_endpoint_type;
extern const struct actor_type logging_endpoint_type;
extern const struct actor_type system_endpoint_type;
extern const struct actor_type version_endpoint_type;
extern const struct actor_type processes_endpoint_type;

#endif /* HTTP_BUILTIN_BUILTIN_H */
