/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_update.c - an agent says that its resources are not what we have made
 * of them.
 *
 * It could not do what an operation asked of it.  What is held there stays
 * so; what is offered is taken back, since some of it may not exist. */
#include <config.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>

#include "master/agent_report.h"
#include "master/private.h"

static void
update(struct master *m, struct agent *agent,
       const Internal__UpdateAgent *body)
{
    autodestroy(message) *info = agent_whole_info(agent);
    struct resources total = { 0 };
    struct error *error = agent_info_validate(
        message_root(info), body->checkpointed_resources,
        body->n_checkpointed_resources, &total);

    if (error) {
        log_warn("Ignoring update on agent %s: %s", agent->text,
                 error_text(error));
        error_destroy(error);
        return;
    }
    if (resources_equal(&total, &agent->total)) {
        log_info("Ignoring update on agent %s as it reports no changes",
                 agent->text);
    } else {
        log_info("Received update of agent %s", agent->text);
        agents_set_total(m, agent, &total);
    }
    uuid_from_message(body->resource_version_uuid, &agent->resource_version);
    resources_fini(&total);
    agents_check_drained(m, agent);
}

void
agents_on_update(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__UpdateAgent *body = actor_msg_root(msg,
                                                       &msg_update_agent);
    struct agent *agent = agents_find(&m->agents, body->agent_id->value);
    struct upid from;

    actor_msg_from(msg, &from);
    if (!agent || !upid_equal(&agent->pid, &from)) {
        log_warn("Ignoring update on unknown agent %s",
                 body->agent_id->value);
        return;
    }
    update(m, agent, body);
}
