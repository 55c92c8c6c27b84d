/* SPDX-License-Identifier: Apache-2.0
 *
 * policy.c - calls about quotas, weights and maintenance. */
#include <config.h>

#include <actor/message.h>

#include "master/operator/operator.h"
#include "master/policy/policy.h"

static void
answer(void *call, struct error *error)
{
    operator_answer_error(call, error);
}

/* --- quotas --- */

void
operator_get_quota(struct master *m, struct operator_call *call)
{
    Master__Response *response;
    struct message *out = operator_response_create(
        MASTER__RESPONSE__TYPE__GET_QUOTA, &response);

    response->get_quota = message_new(
        out, &master__response__get_quota__descriptor);
    response->get_quota->status = quota_status(m, out);
    operator_answer_with(call, out);
}

void
operator_update_quota(struct master *m, struct operator_call *call)
{
    const Master__Call__UpdateQuota *in = call->in->update_quota;
    const struct policy_answer when_done = { answer, call };

    quota_update(m, in->quota_configs, in->n_quota_configs,
                 in->has_force && in->force, &when_done);
}

void
operator_set_quota(struct master *m, struct operator_call *call)
{
    const struct policy_answer when_done = { answer, call };

    quota_set(m, call->in->set_quota->quota_request, &when_done);
}

void
operator_remove_quota(struct master *m, struct operator_call *call)
{
    const struct policy_answer when_done = { answer, call };

    quota_remove(m, call->in->remove_quota->role, &when_done);
}

/* --- weights --- */

void
operator_get_weights(struct master *m, struct operator_call *call)
{
    Master__Response *response;
    struct message *out = operator_response_create(
        MASTER__RESPONSE__TYPE__GET_WEIGHTS, &response);

    Master__Response__GetWeights *weights = message_new(
        out, &master__response__get_weights__descriptor);

    /* Mesos leaves the member out if there is nothing to tell. */
    weights->weight_infos = weights_list(m, out, &weights->n_weight_infos);
    response->get_weights = weights->n_weight_infos > 0 ? weights : NULL;
    operator_answer_with(call, out);
}

void
operator_update_weights(struct master *m, struct operator_call *call)
{
    const Master__Call__UpdateWeights *in = call->in->update_weights;
    const struct policy_answer when_done = { answer, call };

    weights_update(m, in->weight_infos, in->n_weight_infos, &when_done);
}

/* --- maintenance --- */

void
operator_get_maintenance_status(struct master *m, struct operator_call *call)
{
    Master__Response *response;
    struct message *out = operator_response_create(
        MASTER__RESPONSE__TYPE__GET_MAINTENANCE_STATUS, &response);

    response->get_maintenance_status = message_new(
        out, &master__response__get_maintenance_status__descriptor);
    response->get_maintenance_status->status = maintenance_status(m, out);
    operator_answer_with(call, out);
}

void
operator_get_maintenance_schedule(struct master *m,
                                  struct operator_call *call)
{
    Master__Response *response;
    struct message *out = operator_response_create(
        MASTER__RESPONSE__TYPE__GET_MAINTENANCE_SCHEDULE, &response);

    response->get_maintenance_schedule = message_new(
        out, &master__response__get_maintenance_schedule__descriptor);
    response->get_maintenance_schedule->schedule =
        maintenance_schedule(m, out);
    operator_answer_with(call, out);
}

void
operator_update_maintenance_schedule(struct master *m,
                                     struct operator_call *call)
{
    const struct policy_answer when_done = { answer, call };

    maintenance_update_schedule(
        m, call->in->update_maintenance_schedule->schedule, &when_done);
}

void
operator_start_maintenance(struct master *m, struct operator_call *call)
{
    const Master__Call__StartMaintenance *in = call->in->start_maintenance;
    const struct policy_answer when_done = { answer, call };

    maintenance_start(m, in->machines, in->n_machines, &when_done);
}

void
operator_stop_maintenance(struct master *m, struct operator_call *call)
{
    const Master__Call__StopMaintenance *in = call->in->stop_maintenance;
    const struct policy_answer when_done = { answer, call };

    maintenance_stop(m, in->machines, in->n_machines, &when_done);
}
