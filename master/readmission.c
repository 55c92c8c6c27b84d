/* SPDX-License-Identifier: Apache-2.0
 *
 * readmission.c - whether an agent may come back, and that the registry knows
 * of it.
 *
 * What has to be written depends on what we know: nothing if the agent says of
 * itself what it said before; that it is different, or that it can be reached
 * again.  (Mesos: Master::reregisterSlave and those it goes on to.) */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>

#include "master/agent_report.h"
#include "master/domains.h"
#include "master/private.h"
#include "master/registry_calls.h"

enum { RETURN_PERSIST, RETURN_PUBLISH, RETURN_FAILED };

struct readmission {
    struct op base;
    struct comeback comeback;
    const V1__AgentInfo *info;  /* of the comeback */
    bool was_registered;
};

static struct readmission *
readmission_cast(struct op *op)
{
    return CONTAINER_OF(op, struct readmission, base);
}

static void
readmission_destroy(struct op *op)
{
    struct readmission *r = readmission_cast(op);

    message_unref(r->comeback.request);
    resources_fini(&r->comeback.total);
    free(r);
}

/* Whether the registry has the agent among those that are not out of reach;
 * and, in '*ret_same', as it says that it is now. */
static bool
is_known(const struct master *m, const V1__AgentInfo *info, bool *ret_same)
{
    const char *id = info->id->value;
    const struct agent *agent = agents_find(&m->agents, id);
    const V1__AgentInfo *recovered = known_agents_recovered(&m->known, id);

    *ret_same = agent ? agent_has_info(agent, info)
        : recovered && message_equal(&recovered->base, &info->base);
    return agent || recovered;
}

static enum op_next
return_persist(struct actor *self, struct op *op)
{
    struct readmission *r = readmission_cast(op);
    bool is_same;
    bool known = is_known(master_cast(self), r->info, &is_same);
    Internal__RegistryChange__Agent *agent;
    Internal__RegistryChange *change;
    struct message *m;

    if (is_same) {
        return op_goto(op, RETURN_PUBLISH);
    }
    m = registry_change_create(&change);
    agent = message_new(m, &internal__registry_change__agent__descriptor);
    agent->info = r->comeback.body->agent;
    message_hold(m, r->comeback.request);
    if (known) {
        change->update_agent = agent;
    } else {
        change->mark_agent_reachable = agent;
    }
    return registry_call(self, op, &m, RETURN_PUBLISH);
}

static void
publish(struct master *m, struct readmission *r)
{
    struct comeback *comeback = &r->comeback;
    const char *id = r->info->id->value;
    struct agent *agent = agents_find(&m->agents, id);
    struct agent *other = agents_find_pid(&m->agents, &comeback->from);

    if (other && other != agent) {
        log_warn("Ignoring re-registration of agent %s at %s (%s): agent %s "
                 "is there", id, UPID_TEXT(&comeback->from),
                 r->info->hostname, other->text);
    } else if (agent) {
        agents_welcome_back(m, agent, comeback);
    } else if (r->was_registered) {
        log_warn("Dropping ongoing re-registration attempt of slave %s at %s"
                 "(%s) because the re-registration timeout was reached.", id,
                 UPID_TEXT(&comeback->from), r->info->hostname);
    } else {
        comeback->was_recovered =
            known_agents_recovered(&m->known, id) != NULL;
        comeback->was_unreachable =
            agents_find_unreachable(&m->agents, id) != NULL;
        agents_rebuild(m, comeback);
    }

    /* Its machine may have gone down while we waited. */
    agent = agents_find(&m->agents, id);
    if (agent) {
        maintenance_enforce(m, agent);
    }
}

static enum op_next
return_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct readmission *r = readmission_cast(op);
    const char *id = r->info->id->value;
    autoerror *refused = NULL;

    known_agents_set_business(&m->known, id, AGENT_IDLE);
    if (op_reply(op) && !registry_is_changed(op, &refused)) {
        if (!refused) {
            return registry_fail(op);
        }
        log_warn("Refusing re-registration of agent %s at %s (%s): %s", id,
                 UPID_TEXT(&r->comeback.from), r->info->hostname,
                 error_text(refused));
        return OP_DONE;
    }
    publish(m, r);
    return OP_DONE;
}

static enum op_next
return_failed(struct actor *self, struct op *op)
{
    const struct readmission *r = readmission_cast(op);

    master_exit(master_cast(self), "Failed to update registry for agent %s "
                "at %s (%s): %s", r->info->id->value,
                UPID_TEXT(&r->comeback.from), r->info->hostname,
                error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [RETURN_PERSIST] = { "persist", return_persist },
    [RETURN_PUBLISH] = { "publish", return_publish },
    [RETURN_FAILED] = { "failed", return_failed },
};

static const struct op_type readmission_type = {
    .name = "readmission", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = RETURN_FAILED, .destroy = readmission_destroy,
};

/* --- who may --- */

static bool
is_same_host(const struct agent *agent, const struct upid *from,
             const V1__AgentInfo *info)
{
    struct address a = agent->pid.address;
    struct address b = from->address;

    a.port = b.port = 0;
    return address_equal(&a, &b)
        && !strcmp(agent->info->hostname, info->hostname);
}

static const char *
business_text(enum agent_business business)
{
    switch (business) {
    case AGENT_REREGISTERING:
        return "re-registration is";
    case AGENT_MARKING_UNREACHABLE:
        return "a mark unreachable operation is";
    case AGENT_MARKING_GONE:
        return "a gone operation is";
    case AGENT_REMOVING:
        return "its removal is";
    case AGENT_IDLE:
        break;
    }
    return NULL;
}

/* True if it may; else it has been told, or ignored, and the log says why. */
static bool
check(struct master *m, const struct upid *from,
      const Internal__ReregisterAgent *body)
{
    const V1__AgentInfo *info = body->agent;
    const char *id = info->id->value;
    const struct agent *agent = agents_find(&m->agents, id);
    const char *business = business_text(known_agents_business(&m->known,
                                                               id));

    if (business) {
        log_info("Ignoring reregister agent message from agent %s at %s (%s) "
                 "as %s already in progress", id, UPID_TEXT(from),
                 info->hostname, business);
        return false;
    }
    if (ids_have(&m->known.gone, id)) {
        log_warn("Refusing re-registration of agent at %s because it is "
                 "already marked gone", UPID_TEXT(from));
        agents_send_shutdown(m, from, "Agent has been marked gone");
        return false;
    }
    log_info("Received reregister agent message from agent %s at %s (%s)",
             id, UPID_TEXT(from), info->hostname);
    if (maintenance_refuses(m, info->hostname, from, "re-registration")
        || !agents_check_version(body->version, from, "re-registration")
        || !domain_is_welcome(info->domain, m->info->domain,
                              m->flags->require_agent_domain, from,
                              "re-registration")) {
        return false;
    }
    if (agent && !is_same_host(agent, from, info)) {
        log_warn("Agent %s at %s (%s) attempted to reregister with different "
                 "IP / hostname; expected %s (%s) shutting it down", id,
                 UPID_TEXT(from), info->hostname, agent->pid_text,
                 agent->info->hostname);
        agents_send_shutdown(m, from, "Agent attempted to reregister with "
                             "different IP / hostname");
        return false;
    }
    return true;
}

void
agents_on_reregister(struct actor *self, struct actor_msg *msg)
{
    struct master *m = master_cast(self);
    const Internal__ReregisterAgent *body =
        actor_msg_root(msg, &msg_reregister_agent);
    struct readmission *r;
    struct agent *other;
    struct upid from;
    struct resources total = { 0 };
    autoerror *error = NULL;

    metric_increment(m->metrics.messages_reregister_slave, 1);
    actor_msg_from(msg, &from);
    error = agent_report_validate(body, &total);
    if (error) {
        log_warn("Dropping re-registration of agent at %s because it sent an "
                 "invalid re-registration: %s", UPID_TEXT(&from),
                 error_text(error));
        return;
    }
    if (upid_is_empty(&from) || !check(m, &from, body)) {
        resources_fini(&total);
        return;
    }
    other = agents_find_pid(&m->agents, &from);
    if (other && strcmp(other->id->s, body->agent->id->value)) {
        agents_remove(m, other, "a new agent registered at the same address",
                      m->metrics.slave_removals_registered);
    }
    r = xcalloc(1, sizeof *r);
    r->comeback.from = from;
    r->comeback.request = message_ref(actor_msg_message(msg));
    r->comeback.body = body;
    r->comeback.total = total;
    r->info = body->agent;
    r->was_registered = agents_find(&m->agents, body->agent->id->value);
    known_agents_set_business(&m->known, body->agent->id->value,
                              AGENT_REREGISTERING);
    op_start(self, &r->base, &readmission_type);
}
