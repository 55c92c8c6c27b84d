/* SPDX-License-Identifier: Apache-2.0
 *
 * registry_calls.c - how the master asks its registrar for a change. */
#include <config.h>

#include "master/registry_calls.h"

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>

#include "master/private.h"
#include "master/registrar/registrar.h"

struct message *
registry_change_create(Internal__RegistryChange **root)
{
    struct message *m =
        message_create(&internal__registry_change__descriptor);

    *root = message_root(m);
    return m;
}

V1__AgentID *
registry_agent_id(struct message *m, const char *id)
{
    V1__AgentID *out = message_new(m, &v1__agent_id__descriptor);

    out->value = message_strdup(m, id);
    return out;
}

V1__TimeInfo *
registry_time(struct message *m, int64_t wall_ns)
{
    V1__TimeInfo *out = message_new(m, &v1__time_info__descriptor);

    out->nanoseconds = wall_ns;
    return out;
}

/* The registrar has a limit of its own for what the log may take. */
enum op_next
registry_call(struct actor *self, struct op *op, struct message **change,
              unsigned next_step)
{
    struct actor_msg *msg = registrar_apply_create(change);

    return op_call(op, &master_cast(self)->registrar, &msg,
                   &msg_registrar_applied, DURATION_FOREVER, next_step);
}

bool
registry_is_changed(struct op *op, struct error **ret_refused)
{
    struct registrar_applied *applied =
        actor_msg_body(op_reply(op), &msg_registrar_applied);

    *ret_refused = applied->error ? NULL : steal(applied->refused);
    return !applied->error && !*ret_refused;
}

enum op_next
registry_fail(struct op *op)
{
    struct registrar_applied *applied =
        actor_msg_body(op_reply(op), &msg_registrar_applied);

    return op_fail(op, steal(applied->error));
}
