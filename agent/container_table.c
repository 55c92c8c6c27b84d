/* SPDX-License-Identifier: Apache-2.0
 *
 * container_table.c - the containers of an agent, by id.
 *
 * Thread: the containerizer's turn. */
#include <config.h>

#include "agent/container_table.h"

#include <stdlib.h>
#include <string.h>

struct container *
container_table_find(const struct container_table *table, const char *id)
{
    struct container *container;

    HASH_FIND_STR(table->head, id, container);
    return container;
}

void
container_table_add(struct container_table *table,
                    struct container *container)
{
    const char *id = container->spec.container_id;

    HASH_ADD_KEYPTR(hh, table->head, id, strlen(id), container);
}

void
container_table_remove(struct container_table *table,
                       struct container *container)
{
    HASH_DEL(table->head, container);
    container_spec_fini(&container->spec);
    free(container);
}
