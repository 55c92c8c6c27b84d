/* SPDX-License-Identifier: Apache-2.0
 *
 * known_agents.c - agents that are not registered, and what is being done to
 * those that are. */
#include <config.h>

#include "master/known_agents.h"

#include <actor/message.h>

void
known_agents_fini(struct known_agents *known)
{
    ids_fini(&known->recovered);
    ids_fini(&known->gone);
    ids_fini(&known->removed);
    ids_fini(&known->registering);
    ids_fini(&known->busy);
    ids_fini(&known->standing);
}

enum agent_business
known_agents_business(const struct known_agents *known, const char *id)
{
    const struct id_record *record = ids_find(&known->busy, id);

    return record ? (enum agent_business) record->what : AGENT_IDLE;
}

void
known_agents_set_business(struct known_agents *known, const char *id,
                          enum agent_business business)
{
    if (business == AGENT_IDLE) {
        ids_remove(&known->busy, id);
    } else {
        ids_add(&known->busy, id)->what = (int) business;
    }
}

void
known_agents_add_removed(struct known_agents *known, const char *id)
{
    ids_remove(&known->removed, id);
    ids_add(&known->removed, id);
    ids_trim(&known->removed, MAX_REMOVED_AGENTS);
}

const V1__AgentInfo *
known_agents_recovered(const struct known_agents *known, const char *id)
{
    const struct id_record *record = ids_find(&known->recovered, id);

    return record ? record->part : NULL;
}

bool
known_agents_is_deactivated(const struct known_agents *known, const char *id)
{
    return ids_have(&known->standing, id);
}

const V1__DrainInfo *
known_agents_drain(const struct known_agents *known, const char *id)
{
    const struct id_record *record = ids_find(&known->standing, id);

    return record ? record->part : NULL;
}

void
known_agents_deactivate(struct known_agents *known, const char *id,
                        const V1__DrainInfo *drain)
{
    struct id_record *record = ids_add(&known->standing, id);

    if (drain) {
        struct message *copy = message_clone(&drain->base);

        id_record_hold(record, copy, message_root(copy));
        message_unref(copy);
    } else {
        id_record_hold(record, NULL, NULL);
    }
}

void
known_agents_reactivate(struct known_agents *known, const char *id)
{
    ids_remove(&known->standing, id);
}
