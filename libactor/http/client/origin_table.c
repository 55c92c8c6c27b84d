/* SPDX-License-Identifier: Apache-2.0
 *
 * origin_table.c - the addresses that a worker talks to.  Thread: the
 * worker's. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include "http/client/pool.h"

struct origin *
origin_table_get(struct client_worker *worker, const struct address *address)
{
    struct origin *origin;

    HASH_FIND(hh, worker->origins, address, sizeof *address, origin);
    if (!origin) {
        origin = xcalloc(1, sizeof *origin);
        origin->address = *address;
        origin->worker = worker;
        HASH_ADD(hh, worker->origins, address, sizeof origin->address,
                 origin);
    }
    return origin;
}

void
origin_table_remove(struct origin *origin)
{
    CHECK(!origin->waiting && origin->n_connections == 0,
          "an address is in use");
    HASH_DEL(origin->worker->origins, origin);
    free(origin);
}
