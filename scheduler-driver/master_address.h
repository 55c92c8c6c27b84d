/* SPDX-License-Identifier: Apache-2.0
 *
 * master_address.h - where a master is, as users write it.
 *
 * Thread-safety: pure functions on values, but for master_address_resolve(),
 * which asks the name service and blocks. */
#ifndef SCHEDULER_DRIVER_MASTER_ADDRESS_H
#define SCHEDULER_DRIVER_MASTER_ADDRESS_H 1

#include <stdbool.h>

#include <actor/compiler.h>

struct error;
struct upid;

struct master_address {
    char *id;                   /* owned; of the actor: "master" */
    char *host;                 /* owned; a name or a number */
    char *port;                 /* owned; digits */
};

/* "host:port", "master@host:port", or "file://path" of a file whose content
 * is one of these (read at once).  Says which other forms of Mesos are not
 * available here. */
struct error *master_address_parse(const char *,
                                   struct master_address *ret) MUST_CHECK;
void master_address_fini(struct master_address *);

/* The UPID, if 'host' is a number; false if it is a name. */
bool master_address_is_resolved(const struct master_address *,
                                struct upid *ret);

/* The UPID, with the first address of 'host'.  Blocks. */
struct error *master_address_resolve(const struct master_address *,
                                     struct upid *ret) MUST_CHECK;

#endif /* SCHEDULER_DRIVER_MASTER_ADDRESS_H */
