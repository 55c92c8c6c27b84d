/* SPDX-License-Identifier: Apache-2.0
 *
 * inverse_offer_table.c - frameworks that have been asked to leave an agent,
 * and have not answered yet. */
#include <config.h>

#include "master/policy/inverse_offer_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <utlist.h>

#include "master/framework_table.h"
#include "master/policy/machine_table.h"

struct inverse_offer *
inverse_offers_find(const struct inverse_offers *t, const char *id)
{
    struct inverse_offer *offer;

    HASH_FIND_STR(t->table, id, offer);
    return offer;
}

struct inverse_offer *
inverse_offers_add(struct inverse_offers *t, char **id,
                   struct absence *absence, struct framework *f)
{
    struct inverse_offer *offer = xcalloc(1, sizeof *offer);

    offer->id = steal(*id);
    offer->absence = absence;
    offer->framework = f;
    HASH_ADD_KEYPTR(hh, t->table, offer->id, strlen(offer->id), offer);
    DL_APPEND2(absence->offers, offer, absence_prev, absence_next);
    DL_APPEND2(f->inverse_offers, offer, framework_prev, framework_next);
    return offer;
}

void
inverse_offers_remove(struct inverse_offers *t, struct inverse_offer *offer)
{
    HASH_DEL(t->table, offer);
    DL_DELETE2(offer->absence->offers, offer, absence_prev, absence_next);
    DL_DELETE2(offer->framework->inverse_offers, offer, framework_prev,
               framework_next);
    free(offer->id);
    free(offer);
}
