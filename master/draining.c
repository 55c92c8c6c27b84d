/* SPDX-License-Identifier: Apache-2.0
 *
 * draining.c - agents that are to be empty, and agents of which nothing is to
 * be offered.
 *
 * An agent that is drained is deactivated and told to end its tasks; when it
 * has none left, and no operation that is not acknowledged, it is DRAINED, or
 * gone if that was asked for.  How an agent
 * stands outlives its link, its process, and the master. */
#include <config.h>

#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/op.h>

#include "master/allocator/allocator.h"
#include "master/private.h"
#include "master/registry_calls.h"

enum { STAND_PERSIST, STAND_PUBLISH, STAND_FAILED };

enum stand_kind {
    STAND_DRAIN,
    STAND_DRAINED,
    STAND_DEACTIVATE,
    STAND_REACTIVATE,
};

/* An agent is to stand differently. */
struct stand {
    struct op base;
    enum stand_kind kind;
    char *id;                   /* owned */
    struct message *config;     /* counted; V1.DrainConfig; NULL: no drain */
    struct agents_answer answer;
};

static struct stand *
stand_cast(struct op *op)
{
    return CONTAINER_OF(op, struct stand, base);
}

static void
stand_destroy(struct op *op)
{
    struct stand *stand = stand_cast(op);

    agents_answer(&stand->answer, 503, "Service Unavailable");
    message_unref(stand->config);
    free(stand->id);
    free(stand);
}

static Internal__RegistryChange__AgentId *
change_id(struct message *m, const struct stand *stand)
{
    Internal__RegistryChange__AgentId *out =
        message_new(m, &internal__registry_change__agent_id__descriptor);

    out->agent_id = registry_agent_id(m, stand->id);
    return out;
}

static enum op_next
stand_persist(struct actor *self, struct op *op)
{
    struct stand *stand = stand_cast(op);
    Internal__RegistryChange *change;
    struct message *m = registry_change_create(&change);

    switch (stand->kind) {
    case STAND_DRAIN:
        change->drain_agent = message_new(
            m, &internal__registry_change__drain_agent__descriptor);
        change->drain_agent->agent_id = registry_agent_id(m, stand->id);
        change->drain_agent->config = message_root(stand->config);
        message_hold(m, stand->config);
        break;
    case STAND_DRAINED:
        change->mark_agent_drained = change_id(m, stand);
        break;
    case STAND_DEACTIVATE:
        change->deactivate_agent = change_id(m, stand);
        break;
    case STAND_REACTIVATE:
        change->reactivate_agent = change_id(m, stand);
        break;
    }
    return registry_call(self, op, &m, STAND_PUBLISH);
}

/* --- what it means for the agent --- */

static void
send_config(struct master *m, struct agent *agent,
            const V1__DrainConfig *config)
{
    struct message *message =
        message_create(&internal__drain_agent__descriptor);
    Internal__DrainAgent *root = message_root(message);

    root->config = config ? message_copy(message, &config->base) : NULL;
    actor_send_message(&m->base, &agent->pid, &msg_drain_agent, &message);
}

void
agents_send_drain(struct master *m, struct agent *agent)
{
    const V1__DrainInfo *drain = known_agents_drain(&m->known, agent->id->s);

    if (!drain || drain->state != V1__DRAIN_STATE__DRAINING
        || !agent->connected) {
        return;
    }
    if (agent->drain_start_time == 0) {
        agent->drain_start_time = master_wall_time(m);
    }
    send_config(m, agent, drain->config);
}

void
agents_correct_drain(struct master *m, struct agent *agent)
{
    if (!known_agents_drain(&m->known, agent->id->s)) {
        send_config(m, agent, NULL);
    }
}

static void
deactivate(struct master *m, const struct stand *stand,
           const V1__DrainInfo *drain)
{
    struct agent *agent = agents_find(&m->agents, stand->id);

    known_agents_deactivate(&m->known, stand->id, drain);
    if (!agent) {
        return;
    }
    log_info("Deactivating agent %s", agent->text);
    agents_set_active(m, agent, false);
    allocator_set_agent_active(&m->base, &m->allocator, agent->id->s, false);
    agents_rescind_offers(m, agent);
    inverse_offers_rescind(m, agent);
    agents_send_drain(m, agent);
    agents_check_drained(m, agent);
}

static void
reactivate(struct master *m, const struct stand *stand)
{
    struct agent *agent = agents_find(&m->agents, stand->id);

    known_agents_reactivate(&m->known, stand->id);
    if (!agent) {
        return;
    }
    agent->drain_start_time = 0;
    if (agent->connected) {
        log_info("Reactivating agent %s", agent->text);
        send_config(m, agent, NULL);
        agents_set_active(m, agent, true);
        allocator_set_agent_active(&m->base, &m->allocator, agent->id->s,
                                   true);
    }
}

static void
publish(struct master *m, struct stand *stand)
{
    const V1__DrainInfo *before = known_agents_drain(&m->known, stand->id);
    V1__DrainInfo drain = V1__DRAIN_INFO__INIT;

    switch (stand->kind) {
    case STAND_DRAIN:
        drain.state = V1__DRAIN_STATE__DRAINING;
        drain.config = message_root(stand->config);
        deactivate(m, stand, &drain);
        break;
    case STAND_DRAINED:
        if (!before) {
            log_info("Agent %s was removed while being marked as DRAINED",
                     stand->id);
            break;
        }
        drain = *before;
        drain.state = V1__DRAIN_STATE__DRAINED;
        known_agents_deactivate(&m->known, stand->id, &drain);
        log_info("Agent %s successfully marked as DRAINED", stand->id);
        break;
    case STAND_DEACTIVATE:
        deactivate(m, stand, before);
        break;
    case STAND_REACTIVATE:
        reactivate(m, stand);
        break;
    }
}

/* Whatever came of it, the agent may be drained again. */
static void
end_marking(struct master *m, const struct stand *stand)
{
    struct agent *agent = agents_find(&m->agents, stand->id);

    if (agent && stand->kind == STAND_DRAINED) {
        agent->is_marking_drained = false;
    }
}

static enum op_next
stand_publish(struct actor *self, struct op *op)
{
    struct master *m = master_cast(self);
    struct stand *stand = stand_cast(op);
    autoerror *refused = NULL;

    end_marking(m, stand);
    if (!registry_is_changed(op, &refused)) {
        if (!refused) {
            return registry_fail(op);
        }
        agents_answer(&stand->answer, 409, error_text(refused));
        return OP_DONE;
    }
    if (!agents_is_known(m, stand->id)) {
        agents_answer(&stand->answer, 409,
                      "Agent removed while processing the call");
        return OP_DONE;
    }
    publish(m, stand);
    agents_answer(&stand->answer, 200, "");
    return OP_DONE;
}

static enum op_next
stand_failed(struct actor *self, struct op *op)
{
    static const char *const names[] = {
        [STAND_DRAIN] = "drain", [STAND_DRAINED] = "mark as DRAINED",
        [STAND_DEACTIVATE] = "deactivate", [STAND_REACTIVATE] = "reactivate",
    };
    const struct stand *stand = stand_cast(op);

    master_exit(master_cast(self), "Failed to %s agent %s in the registry: "
                "%s", names[stand->kind], stand->id,
                error_text(op_error(op)));
    return OP_DONE;
}

static const struct op_step steps[] = {
    [STAND_PERSIST] = { "persist", stand_persist },
    [STAND_PUBLISH] = { "publish", stand_publish },
    [STAND_FAILED] = { "failed", stand_failed },
};

static const struct op_type stand_type = {
    .name = "agent-standing", .steps = steps, .n_steps = ARRAY_SIZE(steps),
    .failure_step = STAND_FAILED, .destroy = stand_destroy,
};

static void
stand_start(struct master *m, enum stand_kind kind, const char *id,
            const V1__DrainConfig *config, const struct agents_answer *answer)
{
    struct stand *stand = xcalloc(1, sizeof *stand);

    stand->kind = kind;
    stand->id = xstrdup(id);
    stand->config = config ? message_clone(&config->base) : NULL;
    stand->answer = answer ? *answer : (struct agents_answer) { NULL, NULL };
    op_start(&m->base, &stand->base, &stand_type);
}

/* --- what is asked for --- */

bool
agents_is_known(const struct master *m, const char *id)
{
    return agents_find(&m->agents, id)
        || agents_find_unreachable(&m->agents, id)
        || known_agents_recovered(&m->known, id);
}

/* True if the question has been answered. */
static bool
answer_bad(struct master *m, const char *id, struct agents_answer *answer)
{
    enum agent_business business = known_agents_business(&m->known, id);

    if (!agents_is_known(m, id)) {
        agents_answer(answer, 400, "Unknown agent");
        return true;
    }
    if (business == AGENT_MARKING_GONE) {
        agents_answer(answer, 409, "Agent is currently being marked gone");
        return true;
    }
    if (business == AGENT_REMOVING) {
        agents_answer(answer, 409, "Agent is currently being removed");
        return true;
    }
    return false;
}

void
agents_drain(struct master *m, const char *id, const V1__DrainConfig *config,
             const struct agents_answer *answer_)
{
    struct agents_answer answer = *answer_;
    const struct agent *agent = agents_find(&m->agents, id);
    autofree char *machine = agent ? maintenance_machine_of(agent) : NULL;

    if (answer_bad(m, id, &answer)) {
        return;
    }
    if (machine) {
        autofree char *text = xasprintf("Agent %s is part of a maintenance "
                                        "schedule under Machine %s", id,
                                        machine);

        agents_answer(&answer, 400, text);
        return;
    }
    if (agent && !agent_has_capability(
            agent, V1__AGENT_INFO__CAPABILITY__TYPE__AGENT_DRAINING)) {
        agents_answer(&answer, 400, "Agent is not capable of draining");
        return;
    }
    stand_start(m, STAND_DRAIN, id, config, &answer);
}

void
agents_deactivate(struct master *m, const char *id,
                  const struct agents_answer *answer_)
{
    struct agents_answer answer = *answer_;

    if (!answer_bad(m, id, &answer)) {
        stand_start(m, STAND_DEACTIVATE, id, NULL, &answer);
    }
}

void
agents_reactivate(struct master *m, const char *id,
                  const struct agents_answer *answer_)
{
    struct agents_answer answer = *answer_;
    const V1__DrainInfo *drain = known_agents_drain(&m->known, id);

    if (answer_bad(m, id, &answer)) {
        return;
    }
    if (!known_agents_is_deactivated(&m->known, id)) {
        agents_answer(&answer, 400, "Agent is not deactivated");
    } else if (drain && drain->state == V1__DRAIN_STATE__DRAINING) {
        agents_answer(&answer, 400,
                      "Agent is still in the DRAINING state");
    } else {
        stand_start(m, STAND_REACTIVATE, id, NULL, &answer);
    }
}

void
agents_check_drained(struct master *m, struct agent *agent)
{
    const V1__DrainInfo *drain = known_agents_drain(&m->known, agent->id->s);
    enum agent_business business = known_agents_business(&m->known,
                                                         agent->id->s);
    struct agents_answer nobody = { NULL, NULL };

    if (!drain || drain->state != V1__DRAIN_STATE__DRAINING
        || !agent->connected || agent->tasks.n > 0 || agent->operations
        || agent->is_marking_drained) {
        return;
    }
    if (business == AGENT_MARKING_GONE) {
        log_info("Ignoring transition of agent %s to the DRAINED state "
                 "because agent is being marked gone", agent->id->s);
    } else if (business != AGENT_IDLE) {
        return;
    } else if (drain->config->mark_gone) {
        log_info("Marking agent %s in the DRAINED state as gone",
                 agent->id->s);
        agents_mark_gone(m, agent->id->s, &nobody);
    } else {
        log_info("Transitioning agent %s to the DRAINED state",
                 agent->id->s);
        agent->is_marking_drained = true;
        stand_start(m, STAND_DRAINED, agent->id->s, NULL, NULL);
    }
}
