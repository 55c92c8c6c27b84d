/* SPDX-License-Identifier: Apache-2.0
 *
 * executor_environment.c - what an agent tells an executor by environment
 * variables.
 *
 * Thread: the one that starts the executor. */
#include <config.h>

#include "executor/executor_environment.h"

#include <stdlib.h>
#include <string.h>

#include <actor/addresses.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#define GRACE_DEFAULT (5 * SECOND)
#define RECOVERY_TIMEOUT_DEFAULT (15 * MINUTE)
#define BACKOFF_MAX_DEFAULT (1 * SECOND)

static struct error *
get(const char *name, char **ret)
{
    const char *value = getenv(name);

    if (!value) {
        return error_create(ERROR_INVALID, "Expecting '%s' to be set in the "
                            "environment", name);
    }
    *ret = xstrdup(value);
    return NULL;
}

static struct error *
get_duration(const char *name, int64_t default_ns, int64_t *ret)
{
    const char *value = getenv(name);

    *ret = default_ns;
    if (!value) {
        return NULL;
    }
    return error_wrap(duration_parse(value, ret),
                      "Failed to parse value '%s' of '%s'", value, name);
}

struct error *
executor_environment_read(struct executor_environment *ret)
{
    struct executor_environment e = { .agent_id = NULL };
    autofree char *agent = NULL;
    const char *checkpoint = getenv("MESOS_CHECKPOINT");
    struct error *error = get("MESOS_SLAVE_PID", &agent);

    if (!error) {
        error = error_wrap(upid_parse(agent, &e.agent),
                           "Cannot parse MESOS_SLAVE_PID '%s'", agent);
    }
    if (!error) {
        error = get("MESOS_SLAVE_ID", &e.agent_id);
    }
    if (!error) {
        error = get("MESOS_FRAMEWORK_ID", &e.framework_id);
    }
    if (!error) {
        error = get("MESOS_EXECUTOR_ID", &e.executor_id);
    }
    if (!error) {
        error = get("MESOS_DIRECTORY", &e.directory);
    }
    if (!error) {
        error = get_duration("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
                             GRACE_DEFAULT, &e.grace_ns);
    }
    if (!error) {
        error = get_duration("MESOS_RECOVERY_TIMEOUT",
                             RECOVERY_TIMEOUT_DEFAULT,
                             &e.recovery_timeout_ns);
    }
    if (!error) {
        error = get_duration("MESOS_SUBSCRIPTION_BACKOFF_MAX",
                             BACKOFF_MAX_DEFAULT, &e.backoff_max_ns);
    }
    if (error) {
        executor_environment_fini(&e);
        return error;
    }
    e.checkpoint = checkpoint && strcmp(checkpoint, "1") == 0;
    e.is_local = getenv("MESOS_LOCAL") != NULL;
    *ret = e;
    return NULL;
}

void
executor_environment_fini(struct executor_environment *e)
{
    free(e->agent_id);
    free(e->framework_id);
    free(e->executor_id);
    free(e->directory);
    *e = (struct executor_environment) { .agent_id = NULL };
}

struct error *
executor_environment_address(struct actor_system_options *options)
{
    struct address_flags none = { .ip = NULL };

    return addresses_choose(&none, &options->listen, &options->advertise);
}
