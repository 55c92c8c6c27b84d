/* SPDX-License-Identifier: Apache-2.0
 *
 * info.c - calls about the master itself. */
#include <config.h>

#include <actor/log.h>
#include <actor/version.h>

#include "master/operator/operator.h"

void
operator_get_health(struct master *m UNUSED, struct operator_call *call)
{
    Master__Response response = MASTER__RESPONSE__INIT;
    Master__Response__GetHealth health = MASTER__RESPONSE__GET_HEALTH__INIT;

    health.healthy = true;
    response.has_type = true;
    response.type = MASTER__RESPONSE__TYPE__GET_HEALTH;
    response.get_health = &health;
    operator_answer_response(call, &response);
}

void
operator_get_version(struct master *m UNUSED, struct operator_call *call)
{
    Master__Response response = MASTER__RESPONSE__INIT;
    Master__Response__GetVersion version = MASTER__RESPONSE__GET_VERSION__INIT;
    V1__VersionInfo info = V1__VERSION_INFO__INIT;

    info.version = (char *) ACTOR_MESOS_VERSION;
    info.build_date = (char *) actor_build_date();
    info.has_build_time = true;
    info.build_time = (double) actor_build_time();
    info.build_user = (char *) actor_build_user();
    version.version_info = &info;
    response.has_type = true;
    response.type = MASTER__RESPONSE__TYPE__GET_VERSION;
    response.get_version = &version;
    operator_answer_response(call, &response);
}

void
operator_get_master(struct master *m, struct operator_call *call)
{
    Master__Response response = MASTER__RESPONSE__INIT;
    Master__Response__GetMaster master = MASTER__RESPONSE__GET_MASTER__INIT;

    master.master_info = m->info;
    master.has_start_time = true;
    master.start_time = m->start_time;
    response.has_type = true;
    response.type = MASTER__RESPONSE__TYPE__GET_MASTER;
    response.get_master = &master;
    operator_answer_response(call, &response);
}

void
operator_get_logging_level(struct master *m UNUSED,
                           struct operator_call *call)
{
    Master__Response response = MASTER__RESPONSE__INIT;
    Master__Response__GetLoggingLevel level =
        MASTER__RESPONSE__GET_LOGGING_LEVEL__INIT;

    level.level = (uint32_t) log_verbosity();
    response.has_type = true;
    response.type = MASTER__RESPONSE__TYPE__GET_LOGGING_LEVEL;
    response.get_logging_level = &level;
    operator_answer_response(call, &response);
}
