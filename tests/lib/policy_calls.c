/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_calls.c - what operators say of quotas, weights and maintenance. */
#include <config.h>

/* SET_QUOTA and REMOVE_QUOTA are deprecated, and still called. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "tests/lib/policy_calls.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/private.h"
#include "proto/mesos/v1/master/master.pb-c.h"

static void
keep_answer(void *ret_, struct error *error)
{
    char **ret = ret_;

    CHECK(!*ret, "a call is answered twice");
    *ret = !error ? xstrdup("200")
        : xasprintf("%d %s", error_code_http_status(error_code(error)),
                    error_text(error));
    error_destroy(error);
}

static void
call_master(struct master *m, const Master__Call *call,
            const struct policy_answer *answer)
{
    if (call->update_quota) {
        quota_update(m, call->update_quota->quota_configs,
                     call->update_quota->n_quota_configs,
                     call->update_quota->force, answer);
    } else if (call->set_quota) {
        quota_set(m, call->set_quota->quota_request, answer);
    } else if (call->remove_quota) {
        quota_remove(m, call->remove_quota->role, answer);
    } else if (call->update_weights) {
        weights_update(m, call->update_weights->weight_infos,
                       call->update_weights->n_weight_infos, answer);
    } else if (call->update_maintenance_schedule) {
        maintenance_update_schedule(
            m, call->update_maintenance_schedule->schedule, answer);
    } else if (call->start_maintenance) {
        maintenance_start(m, call->start_maintenance->machines,
                          call->start_maintenance->n_machines, answer);
    } else if (call->stop_maintenance) {
        maintenance_stop(m, call->stop_maintenance->machines,
                         call->stop_maintenance->n_machines, answer);
    } else {
        CHECK(false, "a call that is not known here");
    }
}

void
policy_call(struct master *m, const char *member, char **ret)
{
    autofree char *json = xasprintf("{%s}", member);
    autodestroy(message) *message = NULL;
    struct policy_answer answer = { keep_answer, ret };
    struct error *error = message_decode_json(&master__call__descriptor, json,
                                              strlen(json), &message);

    CHECK(!error, "%s", error_text(error));
    *ret = NULL;
    call_master(m, message_root(message), &answer);
}

char *
policy_show(const struct master *m, const char *type)
{
    autodestroy(message) *message =
        message_create(&master__response__descriptor);
    Master__Response__GetWeights weights =
        MASTER__RESPONSE__GET_WEIGHTS__INIT;
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    if (!strcmp(type, "GET_QUOTA")) {
        message_encode_json(&quota_status(m, message)->base, &json);
    } else if (!strcmp(type, "GET_WEIGHTS")) {
        weights.weight_infos = weights_list(m, message,
                                            &weights.n_weight_infos);
        message_encode_json(&weights.base, &json);
    } else if (!strcmp(type, "GET_MAINTENANCE_SCHEDULE")) {
        message_encode_json(&maintenance_schedule(m, message)->base, &json);
    } else {
        CHECK(!strcmp(type, "GET_MAINTENANCE_STATUS"));
        message_encode_json(&maintenance_status(m, message)->base, &json);
    }
    return strbuf_take(&json);
}
