/* SPDX-License-Identifier: Apache-2.0
 *
 * admission.c - agents that are new.
 *
 * An agent is given an id, and hears of it once the registry has it: one that
 * was told its id and that no master knows any more would be a stranger after
 * the next failover, with all its tasks. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>
#include <actor/strbuf.h>

#include "master/agent_report.h"
#include "master/domains.h"
#include "master/private.h"
#include "master/registry_calls.h"

enum { ADMIT_PERSIST, ADMIT_PUBLISH, ADMIT_FAILED };

struct admission {
    struct op base;
    struct upid from;
    struct message *request;    /* counted; what it sent */
    const Internal__RegisterAgent *body;
    struct message *info_message;       /* counted; root is 'info' */
    V1__AgentInfo *info;        /* with its new id */
    struct resources total;
};

static struct admission *
admission_cast(struct op *op)
{
    return CONTAINER_OF(op, struct admission, base);
}

static void
admission_destroy(struct op *op)
{
    struct admission *a = admission_cast(op);

    message_unref(a->request);
    message_unref(a->info_message);
    resources_fini(&a->total);
    free(a);
}

static void
send_registered(struct master *m, const struct agent *agent)
{
    struct message *message =
        message_create(&internal__agent_registered__descriptor);
    Internal__AgentRegistered *registered = message_root(message);

    registered->agent_id = message_new(message, &v1__agent_id__descriptor);
    registered->agent_id->value = message_strdup(message, agent->id->s);
    registered->connection = message_new(message,
                                         &internal__connection__descriptor);
    registered->connection->has_total_ping_timeout_seconds = true;
    registered->connection->total_ping_timeout_seconds =
        agents_total_ping_timeout(m);
    actor_send_message(&m->base, &agent->pid, &msg_agent_registered,
                       &message);
}

static enum op_next
admit_persist(struct actor *self, struct op *op)
{
    struct admission *a = admission_cast(op);
    Internal__RegistryChange *change;
    struct message *m = registry_change_create(&change);

    log_info("Registering agent at %s (%s) with id %s", UPID_TEXT(&a->from),
             a->info->hostname, a->info->id->value);
    change->admit_agent =
        message_new(m, &internal__registry_change__agent__descriptor);
    change->admit_agent->info = a->info;
    message_hold(m, a->info_message);
    return registry_call(self, op, &m, ADMIT_PUBLISH);
}

static void
publish(struct master *m, struct admission *a)
{
    struct agent *other = agents_find_pid(&m->agents, &a->from);
    struct agent *agent;
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    if (other) {
        log_warn("Ignoring registration of agent at %s (%s): agent %s has "
                 "come back there meanwhile", UPID_TEXT(&a->from),
                 a->info->hostname, other->text);
        return;
    }
    agent = agent_create(a->info->id->value, &a->from);
    agent_set_info(agent, a->info,
                   a->body->agent_capabilities, a->body->n_agent_capabilities,
                   a->body->version);
    resources_init_copy(&agent->total, &a->total);
    uuid_from_message(a->body->resource_version_uuid,
                      &agent->resource_version);
    if (!agents_admit(m, agent)) {
        agent_destroy(agent);
        return;
    }
    metric_increment(m->metrics.slave_registrations, 1);
    send_registered(m, agent);
    resources_format(&a->total, &text);
    log_info("Registered agent %s with %s", agent->text, text.data);
    agents_tell_allocator(m, agent);
    maintenance_enforce(m, agent);
}

static enum op_next
admit_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct admission *a = admission_cast(op);
    autoerror *refused = NULL;

    ids_remove(&m->known.registering, UPID_TEXT(&a->from));
    if (registry_is_changed(op, &refused)) {
        publish(m, a);
        return OP_DONE;
    }
    if (!refused) {
        return registry_fail(op);
    }
    log_warn("Agent %s at %s (%s) was assigned an agent ID that already "
             "appears in the registry; ignoring registration attempt",
             a->info->id->value, UPID_TEXT(&a->from), a->info->hostname);
    return OP_DONE;
}

static enum op_next
admit_failed(struct actor *self, struct op *op)
{
    struct admission *a = admission_cast(op);

    master_exit(master_cast(self), "Failed to admit agent %s at %s (%s): %s",
                a->info->id->value, UPID_TEXT(&a->from), a->info->hostname,
                error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [ADMIT_PERSIST] = { "persist", admit_persist },
    [ADMIT_PUBLISH] = { "publish", admit_publish },
    [ADMIT_FAILED] = { "failed", admit_failed },
};

static const struct op_type admission_type = {
    .name = "admission", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = ADMIT_FAILED, .destroy = admission_destroy,
};

static void
admit(struct master *m, const struct upid *from, struct actor_msg *msg,
      const Internal__RegisterAgent *body, const struct resources *total)
{
    struct admission *a = xcalloc(1, sizeof *a);

    a->from = *from;
    a->request = message_ref(actor_msg_message(msg));
    a->body = body;
    a->info_message = message_create(&v1__agent_info__descriptor);
    message_hold(a->info_message, a->request);
    a->info = message_root(a->info_message);
    *a->info = *body->agent;
    a->info->id = message_new(a->info_message, &v1__agent_id__descriptor);
    a->info->id->value =
        message_printf(a->info_message, "%s-S%llu", m->id,
                       (unsigned long long) m->next_agent++);
    resources_init_copy(&a->total, total);
    ids_add(&m->known.registering, UPID_TEXT(from));
    op_start(&m->base, &a->base, &admission_type);
}

/* True if the agent at 'from' has been dealt with. */
static bool
answer_known(struct master *m, const struct upid *from)
{
    struct agent *agent = agents_find_pid(&m->agents, from);

    if (!agent) {
        return false;
    }
    if (agent->connected) {
        log_info("Agent %s already registered, resending acknowledgement",
                 agent->text);
        send_registered(m, agent);
        return true;
    }

    /* The registry hears of it before it hears of the new one. */
    log_info("Removing old disconnected agent %s because a registration "
             "attempt occurred", agent->text);
    agents_remove(m, agent, "a new agent registered at the same address",
                  m->metrics.slave_removals_registered);
    return false;
}

void
agents_on_register(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__RegisterAgent *body = actor_msg_root(msg,
                                                         &msg_register_agent);
    const V1__AgentInfo *info = body->agent;
    autofini(resources) total = { 0 };
    struct upid from;
    autoerror *error = NULL;

    metric_increment(m->metrics.messages_register_slave, 1);
    actor_msg_from(msg, &from);
    error = agent_info_validate(info, body->checkpointed_resources,
                                body->n_checkpointed_resources, &total);
    if (error) {
        log_warn("Dropping registration of agent at %s because it sent an "
                 "invalid registration: %s", UPID_TEXT(&from),
                 error_text(error));
        return;
    }
    if (ids_have(&m->known.registering, UPID_TEXT(&from))) {
        log_info("Ignoring register agent message from %s (%s) as "
                 "registration is already in progress", UPID_TEXT(&from),
                 info->hostname);
        return;
    }
    log_info("Received register agent message from %s (%s)",
             UPID_TEXT(&from), info->hostname);
    if (!upid_is_empty(&from)
        && !maintenance_refuses(m, info->hostname, &from, "registration")
        && agents_check_version(body->version, &from, "registration")
        && domain_is_welcome(info->domain, m->info->domain,
                             m->flags->require_agent_domain, &from,
                             "registration")
        && !answer_known(m, &from)) {
        admit(m, &from, msg, body, &total);
    }
}
