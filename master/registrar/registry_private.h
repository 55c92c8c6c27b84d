/* SPDX-License-Identifier: Apache-2.0
 *
 * registry_private.h - the inside of a registry, between registry.c, which
 * reads and writes it, and changes.c and maintenance.c, which change it.
 *
 * Thread-safety: one thread at a time. */
#ifndef MASTER_REGISTRAR_REGISTRY_PRIVATE_H
#define MASTER_REGISTRAR_REGISTRY_PRIVATE_H 1

#include "master/registrar/record_table.h"
#include "master/registrar/registry.h"

enum section {
    SECTION_MASTER,             /* one record, "" */
    SECTION_AGENTS,             /* by id, as the next two */
    SECTION_UNREACHABLE,
    SECTION_GONE,
    SECTION_MACHINES,           /* by registry_machine_key() */
    SECTION_SCHEDULES,          /* one record or none, "" */
    SECTION_WEIGHTS,            /* by role */
    SECTION_QUOTAS,             /* by role */
    SECTION_CAPABILITIES,       /* by name */
    N_SECTIONS
};

struct registry {
    struct records sections[N_SECTIONS];
    size_t n_deactivated;       /* agents and unreachable ones */
};

/* Puts 'message', which has to be of the section's type, to its name: in place
 * of what is there, or at the end.  False if that changes nothing. */
bool registry_put(struct registry *, enum section, const char *key,
                  const ProtobufCMessage *message);

/* The message of a record, which registry_put() or registry_decode() took. */
struct message *registry_get(const struct registry *, enum section,
                             const struct record *);
void registry_remove(struct registry *, enum section, struct record *);

/* --- changes of maintenance.c --- */

bool registry_update_schedule(struct registry *,
                              const Maintenance__Schedule *);
bool registry_start_maintenance(struct registry *,
                                const Internal__RegistryChange__Machines *);
bool registry_stop_maintenance(struct registry *,
                               const Internal__RegistryChange__Machines *);

#endif /* MASTER_REGISTRAR_REGISTRY_PRIVATE_H */
