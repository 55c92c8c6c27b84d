/* SPDX-License-Identifier: Apache-2.0
 *
 * info.c - calls about the master itself. */
#include <config.h>

#include <string.h>

#include <actor/flags.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>
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
    master.has_elected_time = true;
    master.elected_time = m->elected_time;
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

/* --- what is a list --- */

/* A Response that grows; its lists have room for a power of two. */
struct list {
    struct message *message;    /* root is 'response' */
    Master__Response *response;
};

/* The array with room for one more than its 'n'. */
static void *
grow(struct list *list, void *array, size_t n)
{
    void **larger;

    if (n > 0 && (n & (n - 1)) != 0) {
        return array;
    }
    larger = message_array(list->message, n > 0 ? 2 * n : 1, sizeof *larger);
    if (n > 0) {
        memcpy(larger, array, n * sizeof *larger);
    }
    return larger;
}

static void
add_flag(void *list_, const char *name, const char *value)
{
    struct list *list = list_;
    Master__Response__GetFlags *out = list->response->get_flags;
    V1__Flag *flag = message_new(list->message, &v1__flag__descriptor);

    flag->name = message_strdup(list->message, name);
    flag->value = message_strdup(list->message, value);
    out->flags = grow(list, out->flags, out->n_flags);
    out->flags[out->n_flags++] = flag;
}

void
operator_get_flags(struct master *m, struct operator_call *call)
{
    struct list list;

    list.message = operator_response_create(
        MASTER__RESPONSE__TYPE__GET_FLAGS, &list.response);
    list.response->get_flags =
        message_new(list.message, &master__response__get_flags__descriptor);
    flags_each(master_flag_table, master_n_flags, m->flags, add_flag, &list);
    operator_answer_with(call, list.message);
}

static void
add_metric(void *list_, const char *key, double value)
{
    struct list *list = list_;
    Master__Response__GetMetrics *out = list->response->get_metrics;
    V1__Metric *metric = message_new(list->message, &v1__metric__descriptor);

    metric->name = message_strdup(list->message, key);
    metric->has_value = true;
    metric->value = value;
    out->metrics = grow(list, out->metrics, out->n_metrics);
    out->metrics[out->n_metrics++] = metric;
}

/* Nothing here waits, so that 'timeout' has nothing to end. */
void
operator_get_metrics(struct master *m, struct operator_call *call)
{
    struct list list;

    list.message = operator_response_create(
        MASTER__RESPONSE__TYPE__GET_METRICS, &list.response);
    list.response->get_metrics =
        message_new(list.message, &master__response__get_metrics__descriptor);
    metrics_snapshot(actor_system_metrics(actor_system_of(&m->base)),
                     add_metric, &list);
    operator_answer_with(call, list.message);
}
