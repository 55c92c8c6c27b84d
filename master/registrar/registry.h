/* SPDX-License-Identifier: Apache-2.0
 *
 * registry.h - what a master keeps of its cluster: agents, quotas, weights,
 * maintenance.
 *
 * Pure: changes come in, one at a time, and each is made in whole or refused;
 * what they led to can be written down and read back.  All that is looked up
 * is indexed, so that no change costs more when there are many agents.  Two
 * registries that have seen the same changes are the same bytes.
 *
 *     error = registry_apply(registry, change, &effect);
 *     if (error) {
 *         // refused; nothing has changed
 *     }
 *
 * The operations are those of Mesos' src/master/registry_operations.cpp and
 * src/master/maintenance.cpp, quota.cpp and weights.cpp, with their reasons to
 * refuse word by word.
 *
 * Thread-safety: one thread at a time. */
#ifndef MASTER_REGISTRAR_REGISTRY_H
#define MASTER_REGISTRAR_REGISTRY_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

#include "proto/cmesos/registry.pb-c.h"

struct error;
struct message;
struct registry;
struct strbuf;

struct registry *registry_create(void);
void registry_destroy(struct registry *);               /* NULL is fine */

/* What machines are told apart by: "host name in lower case, line feed, ip";
 * the caller frees it. */
char *registry_machine_key(const V1__MachineID *);

/* --- changing --- */

struct registry_effect {
    bool has_changed;           /* false: it was like that before */
    bool was_unknown;           /* an agent that is back, and nobody knows */
};

/* Makes the change, or refuses it and says why.  A change without a member
 * that this version knows is refused (ERROR_UNSUPPORTED), and so is one with
 * several, or with an agent that has no id (ERROR_INVALID). */
struct error *registry_apply(struct registry *,
                             const Internal__RegistryChange *,
                             struct registry_effect *ret) MUST_CHECK;

/* --- as a whole --- */

/* Appends all of it, in the form of parts.h. */
void registry_encode(const struct registry *, struct strbuf *out);

/* The bytes that takes. */
uint64_t registry_size(const struct registry *);

/* The registry that was encoded; what is wrong with the bytes is said with
 * where.  Parts of a kind that this version does not know are refused. */
struct error *registry_decode(const void *data, size_t size,
                              struct registry **ret) MUST_CHECK;

/* Appends one change in that form, to what parts_start() began; and makes, one
 * after the other, all changes that were so written: each was made when it was
 * written, so that one that is refused is an error as well. */
void registry_encode_change(const Internal__RegistryChange *,
                            struct strbuf *out);
struct error *registry_replay(struct registry *, const void *data,
                              size_t size) MUST_CHECK;

/* A message of its own, root Registry.  NULL, and an error, if it does not
 * fit into memory that messages may take. */
struct error *registry_to_message(const struct registry *,
                                  struct message **ret) MUST_CHECK;

/* The registry that a message describes: one that was imported. */
struct error *registry_from_message(const Internal__Registry *,
                                    struct registry **ret) MUST_CHECK;

#endif /* MASTER_REGISTRAR_REGISTRY_H */
