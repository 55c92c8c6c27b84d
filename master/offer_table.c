/* SPDX-License-Identifier: Apache-2.0
 *
 * offer_table.c - the offers that frameworks have not answered yet. */
#include <config.h>

#include "master/offer_table.h"

#include <string.h>

struct offer *
offers_find(struct offer *table, const char *id)
{
    struct offer *offer;

    HASH_FIND_STR(table, id, offer);
    return offer;
}

void
offers_add(struct offer **table, struct offer *offer)
{
    HASH_ADD_KEYPTR(hh, *table, offer->id, strlen(offer->id), offer);
}

void
offers_remove(struct offer **table, struct offer *offer)
{
    HASH_DEL(*table, offer);
}

size_t
offers_count(struct offer *table)
{
    return HASH_COUNT(table);
}
