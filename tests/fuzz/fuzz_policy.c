/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_policy.c - calls of operators about quotas, as JSON.  A quota that is
 * fine is the same when it is read, written and read again. */
#include <config.h>

/* SET_QUOTA is deprecated, and still called. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>

#include "master/policy/quota_config.h"
#include "proto/mesos/v1/master/master.pb-c.h"
#include "tests/fuzz/fuzz.h"

static void
check_config(const Quota__QuotaConfig *config)
{
    struct resource_quantities guarantees, limits, again[2];
    autodestroy(message) *m = message_create(&quota__quota_config__descriptor);
    const Quota__QuotaConfig *copy;

    quota_config_read(config, &guarantees, &limits);
    CHECK(resource_quantities_are_within(&guarantees, &limits));
    copy = quota_config_create(m, config->role, &guarantees, &limits);
    error_destroy(quota_config_validate(copy));
    quota_config_read(copy, &again[0], &again[1]);
    CHECK(resource_quantities_equal(&guarantees, &again[0]));
    CHECK(resource_quantities_equal(&limits, &again[1]));
    resource_quantities_fini(&guarantees);
    resource_quantities_fini(&limits);
    resource_quantities_fini(&again[0]);
    resource_quantities_fini(&again[1]);
}

static void
check_call(const Master__Call *call)
{
    autodestroy(message) *m = message_create(&quota__quota_config__descriptor);

    for (size_t i = 0; call->update_quota
         && i < call->update_quota->n_quota_configs; i++) {
        const Quota__QuotaConfig *config =
            call->update_quota->quota_configs[i];
        struct error *error = quota_config_validate(config);

        if (!error) {
            check_config(config);
        }
        error_destroy(error);
    }
    if (call->set_quota) {
        Quota__QuotaConfig *config = NULL;
        struct error *error =
            quota_request_read(call->set_quota->quota_request, m, &config);

        if (!error) {
            check_config(config);
        }
        error_destroy(error);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autodestroy(message) *message = NULL;
    struct error *error = message_decode_json(&master__call__descriptor,
                                              (const char *) data, size,
                                              &message);

    if (!error) {
        check_call(message_root(message));
    }
    error_destroy(error);
    return 0;
}
