/* SPDX-License-Identifier: Apache-2.0
 *
 * support.c - what a task may ask for that this agent cannot give.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/support.h"

#include <string.h>

#include <actor/error.h>

#include "agent/default_executor_command.h"
#include "agent/fetcher/uri.h"
#include "model/rlimits.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static struct error *check_command(const V1__CommandInfo *);
static struct error *check_container(const V1__ContainerInfo *);
static bool is_of_sandbox(const V1__Volume *);
static struct error *unsupported(const char *what);

struct error *
support_check_executor(const V1__ExecutorInfo *info)
{
    struct error *error = NULL;

    if (!default_executor_is(info)
        && (!info->command || !info->command->value)) {
        return error_create(ERROR_INVALID, "executor '%s' has no command",
                            info->executor_id->value);
    }
    if (info->command) {
        error = check_command(info->command);
    }
    if (!error && info->container) {
        error = check_container(info->container);
    }
    return error;
}

struct error *
support_check_task(const V1__TaskInfo *task)
{
    struct error *error = NULL;

    if (task->command) {
        error = check_command(task->command);
    }
    if (!error && task->container) {
        error = check_container(task->container);
    }
    return error;
}

/* Its volumes are those of the executor's sandbox, or its own.  What takes a
 * container of its own it cannot have. */
struct error *
support_check_member(const V1__TaskInfo *task)
{
    struct actor_child_rlimit rlimits[RLIMITS_MAX];
    V1__ContainerInfo container;
    struct error *error = NULL;
    size_t n;

    for (size_t i = 0; task->command && i < task->command->n_uris; i++) {
        error = uri_validate(task->command->uris[i]);
        if (error) {
            return error_wrap(error, "Failed to fetch all URIs");
        }
    }
    if (task->command) {
        error = check_command(task->command);
    }
    if (error || !task->container) {
        return error;
    }
    error = rlimits_read(task->container->rlimit_info, rlimits, &n);
    if (error) {
        return error;
    }
    container = *task->container;
    for (size_t i = 0; i < container.n_volumes; i++) {
        if (!is_of_sandbox(container.volumes[i])) {
            return check_container(task->container);
        }
    }
    container.n_volumes = 0;
    return check_container(&container);
}

struct error *
support_check_limits(const V1__TaskInfo *task)
{
    for (size_t i = 0; i < task->n_limits; i++) {
        if (strcmp(task->limits[i]->key, "cpus") == 0) {
            return error_create(ERROR_UNSUPPORTED, "CPU limits can only be "
                                "set on tasks launched in Mesos containers "
                                "when the agent has loaded the 'cgroups/cpu' "
                                "isolator");
        }
        if (strcmp(task->limits[i]->key, "mem") == 0) {
            return error_create(ERROR_UNSUPPORTED, "Memory limits can only be "
                                "set on tasks launched in Mesos containers "
                                "when the agent has loaded the 'cgroups/mem' "
                                "isolator");
        }
    }
    return NULL;
}

static struct error *
check_command(const V1__CommandInfo *command)
{
    const V1__Environment *environment = command->environment;

    for (size_t i = 0; environment && i < environment->n_variables; i++) {
        const V1__Environment__Variable *variable = environment->variables[i];

        if (variable->secret && !variable->secret->value) {
            return error_create(ERROR_UNSUPPORTED, "Failed to resolve the "
                                "secret of environment variable '%s': only "
                                "secrets by value are supported",
                                variable->name);
        }
    }
    return NULL;
}

static struct error *
check_container(const V1__ContainerInfo *container)
{
    if (container->type == V1__CONTAINER_INFO__TYPE__DOCKER) {
        return unsupported("a container of type DOCKER");
    }
    if (container->mesos && container->mesos->image) {
        return unsupported("a container image");
    }
    if (container->n_volumes > 0) {
        return unsupported("a volume");
    }
    if (container->linux_info) {
        return unsupported("linux_info");
    }
    if (container->tty_info) {
        return unsupported("tty_info");
    }
    for (size_t i = 0; i < container->n_network_infos; i++) {
        if (container->network_infos[i]->name) {
            return unsupported("a network with a name");
        }
    }
    return NULL;
}

static bool
is_of_sandbox(const V1__Volume *volume)
{
    const V1__Volume__Source *source = volume->source;

    return source && source->has_type
           && source->type == V1__VOLUME__SOURCE__TYPE__SANDBOX_PATH;
}

static struct error *
unsupported(const char *what)
{
    return error_create(ERROR_UNSUPPORTED, "None of the enabled "
                        "containerizers could create a container with %s",
                        what);
}
