/* SPDX-License-Identifier: Apache-2.0
 *
 * watchers.c - who wants to know who leads; see private.h. */
#include <config.h>

#include <actor/message.h>

#include "election/private.h"

static struct watcher *
find(const struct watchers *watchers, const struct upid *upid)
{
    vec_foreach (&watchers->list, it) {
        if (upid_equal(&it->upid, upid)) {
            return it;
        }
    }
    return NULL;
}

void
watchers_ask(struct watchers *watchers, struct actor *self,
             const struct actor_msg *msg)
{
    struct watcher watcher = { .is_waiting = true };
    struct watcher *known;

    actor_msg_from(msg, &watcher.upid);
    known = find(watchers, &watcher.upid);
    if (known) {
        known->is_waiting = true;
        return;
    }
    vec_push(&watchers->list, watcher);
    actor_link(self, &watcher.upid);
}

void
watchers_forget(struct watchers *watchers, const struct upid *upid)
{
    struct watcher *watcher = find(watchers, upid);

    if (watcher) {
        *watcher = watchers->list.data[--watchers->list.n];
    }
}

void
watchers_tell(struct watchers *watchers, struct actor *self,
              struct message *info, const struct upid *upid, bool is_change)
{
    vec_foreach (&watchers->list, it) {
        bool is_told = (it->is_waiting || is_change)
            && (info || it->knows_leader);

        if (!is_told) {
            continue;
        }
        struct actor_msg *msg = actor_msg_create(&msg_leader);
        struct leader *leader = actor_msg_body(msg, &msg_leader);

        if (info) {
            leader->info = message_ref(info);
            leader->upid = *upid;
        }
        it->is_waiting = false;
        it->knows_leader = info != NULL;
        actor_send(self, &it->upid, &msg);
    }
}

void
watchers_fini(struct watchers *watchers)
{
    vec_fini(&watchers->list);
}
