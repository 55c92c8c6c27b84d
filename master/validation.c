/* SPDX-License-Identifier: Apache-2.0
 *
 * validation.c - what a framework may ask for.
 *
 * The order of the rules is that of Mesos: the first that is broken is the one
 * that is told. */
#include <config.h>

/* FrameworkInfo.role is deprecated, and still what most frameworks set. */
#define PROTOBUF_C__NO_DEPRECATED 1

#include "master/validation.h"

#include <math.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/ids.h"
#include "model/roles.h"

#define INVALID(...) error_create(ERROR_INVALID, __VA_ARGS__)

/* Seconds that fit an int64_t of nanoseconds. */
#define MAX_DURATION_SECONDS 9223372036.0

/* Of one framework: they are looked up one after the other. */
#define MAX_ROLES 4096

static bool
contains(char *const *strings, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(strings[i], wanted)) {
            return true;
        }
    }
    return false;
}

/* --- frameworks --- */

static bool
is_multi_role(const V1__FrameworkInfo *info)
{
    for (size_t i = 0; i < info->n_capabilities; i++) {
        if (info->capabilities[i]->type
            == V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE) {
            return true;
        }
    }
    return false;
}

static bool
has_role(const V1__FrameworkInfo *info)
{
    return info->role
        && info->role != v1__framework_info__role__default_value;
}

static void
format_duplicates(const V1__FrameworkInfo *info, struct strbuf *out)
{
    const char *separator = " ";

    strbuf_append(out, "{");
    for (size_t i = 0; i < info->n_roles; i++) {
        if (contains(info->roles, i, info->roles[i])) {
            strbuf_printf(out, "%s%s", separator, info->roles[i]);
            separator = ", ";
        }
    }
    strbuf_append(out, " }");
}

static struct error *
validate_multiple_roles(const V1__FrameworkInfo *info)
{
    if (has_role(info)) {
        return INVALID("'FrameworkInfo.role' must not be set when the "
                       "framework is MULTI_ROLE capable");
    }
    if (info->n_roles > MAX_ROLES) {
        return INVALID("'FrameworkInfo.roles' has %zu items; at most %d are "
                       "allowed", info->n_roles, MAX_ROLES);
    }
    for (size_t i = 0; i < info->n_roles; i++) {
        if (contains(info->roles, i, info->roles[i])) {
            autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

            format_duplicates(info, &text);
            return INVALID("'FrameworkInfo.roles' contains duplicate items: "
                           "%s", text.data);
        }
    }
    for (size_t i = 0; i < info->n_roles; i++) {
        struct error *error = role_validate(info->roles[i]);

        if (error) {
            return error_wrap(error, "'FrameworkInfo.roles' contains invalid "
                              "role");
        }
    }
    return NULL;
}

static struct error *
validate_single_role(const V1__FrameworkInfo *info)
{
    struct error *error;

    if (info->n_roles > 0) {
        return INVALID("'FrameworkInfo.roles' must not be set when the "
                       "framework is not MULTI_ROLE capable");
    }
    error = role_validate(info->role ? info->role : "*");
    return error_wrap(error, "'FrameworkInfo.role' is not a valid role");
}

struct error *
validate_framework_info(const V1__FrameworkInfo *info, bool root_submissions)
{
    struct error *error = is_multi_role(info) ? validate_multiple_roles(info)
                                              : validate_single_role(info);

    if (error) {
        return error;
    }
    if (info->id && info->id->value[0] != '\0') {
        error = id_validate(info->id->value);
        if (error) {
            return error;
        }
    }
    if (isnan(info->failover_timeout)
        || fabs(info->failover_timeout) > MAX_DURATION_SECONDS) {
        autofini(strbuf) text = STRBUF(64);

        strbuf_append_double(&text, info->failover_timeout, false);
        return INVALID("The framework failover_timeout (%s) is invalid",
                       text.data);
    }
    if (!root_submissions && !strcmp(info->user, "root")) {
        return INVALID("User 'root' is not allowed to run frameworks without "
                       "--root_submissions set");
    }
    return NULL;
}

struct error *
validate_framework_update(const V1__FrameworkInfo *old,
                          const V1__FrameworkInfo *info)
{
    const char *old_principal = old->principal ? old->principal : "";
    const char *principal = info->principal ? info->principal : "";

    if (strcmp(old_principal, principal)) {
        return INVALID("Changing framework's principal is not allowed.");
    }
    return NULL;
}

static bool
framework_has_role(const V1__FrameworkInfo *info, const char *role)
{
    if (is_multi_role(info)) {
        return contains(info->roles, info->n_roles, role);
    }
    return !strcmp(info->role ? info->role : "*", role);
}

struct error *
validate_suppressed_roles(char *const *suppressed, size_t n_suppressed,
                          const V1__FrameworkInfo *info)
{
    for (size_t i = 0; i < n_suppressed; i++) {
        if (!framework_has_role(info, suppressed[i])) {
            return INVALID("Suppressed roles { %s } are not contained in the "
                           "set of roles", suppressed[i]);
        }
    }
    return NULL;
}

/* --- commands and containers --- */

static struct error *
validate_variable(const V1__Environment__Variable *v)
{
    switch (v->type) {
    case V1__ENVIRONMENT__VARIABLE__TYPE__SECRET:
        if (!v->secret) {
            return INVALID("Environment variable '%s' of type 'SECRET' must "
                           "have a secret set", v->name);
        }
        if (v->value) {
            return INVALID("Environment variable '%s' of type 'SECRET' must "
                           "not have a value set", v->name);
        }
        if (v->secret->value
            && memchr(v->secret->value->data.data, '\0',
                      v->secret->value->data.len)) {
            return INVALID("Environment variable '%s' specifies a secret "
                           "containing null bytes, which is not allowed in "
                           "the environment", v->name);
        }
        return NULL;
    case V1__ENVIRONMENT__VARIABLE__TYPE__VALUE:
        if (v->secret) {
            return INVALID("Environment variable '%s' of type 'VALUE' must "
                           "not have a secret set", v->name);
        }
        if (!v->value) {
            return INVALID("Environment variable '%s' of type 'VALUE' must "
                           "have a value set", v->name);
        }
        return NULL;
    default:
        return INVALID("Environment variable of type 'UNKNOWN' is not "
                       "allowed");
    }
}

struct error *
validate_command(const V1__CommandInfo *command)
{
    const V1__Environment *environment = command->environment;

    for (size_t i = 0; environment && i < environment->n_variables; i++) {
        struct error *error = validate_variable(environment->variables[i]);

        if (error) {
            return error;
        }
    }
    return NULL;
}

static struct error *
validate_volume_source(const V1__Volume__Source *s)
{
    switch (s->type) {
    case V1__VOLUME__SOURCE__TYPE__DOCKER_VOLUME:
        return s->docker_volume ? NULL
            : INVALID("'source.docker_volume' is not set for DOCKER_VOLUME "
                      "volume");
    case V1__VOLUME__SOURCE__TYPE__HOST_PATH:
        return s->host_path ? NULL
            : INVALID("'source.host_path' is not set for HOST_PATH volume");
    case V1__VOLUME__SOURCE__TYPE__SANDBOX_PATH:
        return s->sandbox_path ? NULL
            : INVALID("'source.sandbox_path' is not set for SANDBOX_PATH "
                      "volume");
    case V1__VOLUME__SOURCE__TYPE__SECRET:
        return s->secret ? NULL
            : INVALID("'source.secret' is not set for SECRET volume");
    case V1__VOLUME__SOURCE__TYPE__CSI_VOLUME:
        return s->csi_volume ? NULL
            : INVALID("'source.csi_volume' is not set for CSI_VOLUME volume");
    default:
        return INVALID("'source.type' is unknown");
    }
}

static struct error *
validate_volume(const V1__Volume *volume)
{
    int n_sources = (volume->host_path != NULL) + (volume->image != NULL)
        + (volume->source != NULL);

    if (n_sources > 1) {
        return INVALID("Only one of them should be set: 'host_path', 'image' "
                       "and 'source'");
    }
    return volume->source ? validate_volume_source(volume->source) : NULL;
}

struct error *
validate_container(const V1__ContainerInfo *container)
{
    for (size_t i = 0; i < container->n_volumes; i++) {
        struct error *error = validate_volume(container->volumes[i]);

        if (error) {
            return error_wrap(error, "Invalid volume");
        }
    }
    if (container->type == V1__CONTAINER_INFO__TYPE__DOCKER) {
        if (!container->docker) {
            return INVALID("DockerInfo 'docker' is not set for DOCKER typed "
                           "ContainerInfo");
        }
        for (size_t i = 0; i < container->docker->n_parameters; i++) {
            if (!strcmp(container->docker->parameters[i]->key, "name")) {
                return INVALID("Parameter in DockerInfo must not be 'name'");
            }
        }
    }
    return NULL;
}

/* --- checks --- */

static struct error *
validate_check_command(const V1__CommandInfo *command)
{
    struct error *error;

    if (!command->value) {
        return INVALID("Command check must contain '%s'",
                       command->shell ? "shell command" : "executable path");
    }
    error = validate_command(command);
    return error_wrap(error, "Check's `CommandInfo` is invalid");
}

static struct error *
validate_http_path(const char *path)
{
    if (path && path[0] != '/') {
        return INVALID("The path '%s' of HTTP check must start with '/'",
                       path);
    }
    return NULL;
}

static struct error *
validate_times(double delay, double interval, double timeout)
{
    if (delay < 0) {
        return INVALID("Expecting 'delay_seconds' to be non-negative");
    }
    if (interval < 0) {
        return INVALID("Expecting 'interval_seconds' to be non-negative");
    }
    if (timeout < 0) {
        return INVALID("Expecting 'timeout_seconds' to be non-negative");
    }
    return NULL;
}

struct error *
validate_check(const V1__CheckInfo *check)
{
    struct error *error = NULL;

    if (!check->has_type) {
        return INVALID("CheckInfo must specify 'type'");
    }
    switch (check->type) {
    case V1__CHECK_INFO__TYPE__COMMAND:
        error = check->command
            ? validate_check_command(check->command->command)
            : INVALID("Expecting 'command' to be set for COMMAND check");
        break;
    case V1__CHECK_INFO__TYPE__HTTP:
        error = check->http
            ? validate_http_path(check->http->path)
            : INVALID("Expecting 'http' to be set for HTTP check");
        break;
    case V1__CHECK_INFO__TYPE__TCP:
        error = check->tcp
            ? NULL : INVALID("Expecting 'tcp' to be set for TCP check");
        break;
    default:
        error = INVALID("'UNKNOWN' is not a valid check type");
        break;
    }
    return error ? error
        : validate_times(check->delay_seconds, check->interval_seconds,
                         check->timeout_seconds);
}

static struct error *
validate_http_health_check(const V1__HealthCheck__HTTPCheckInfo *http)
{
    if (http->scheme && strcmp(http->scheme, "http")
        && strcmp(http->scheme, "https")) {
        return INVALID("Unsupported HTTP health check scheme: '%s'",
                       http->scheme);
    }
    if (http->path && http->path[0] != '/') {
        return INVALID("The path '%s' of HTTP health check must start with "
                       "'/'", http->path);
    }
    return NULL;
}

static struct error *
validate_health_check_command(const V1__CommandInfo *command)
{
    struct error *error;

    if (!command->value) {
        return INVALID("Command health check must contain '%s'",
                       command->shell ? "shell command" : "executable path");
    }
    error = validate_command(command);
    return error_wrap(error, "Health check's `CommandInfo` is invalid");
}

/* One without a type says by what is set which it means. */
static V1__HealthCheck__Type
health_check_type(const V1__HealthCheck *check)
{
    if (check->has_type) {
        return check->type;
    }
    return check->command ? V1__HEALTH_CHECK__TYPE__COMMAND
        : check->http ? V1__HEALTH_CHECK__TYPE__HTTP
        : V1__HEALTH_CHECK__TYPE__UNKNOWN;
}

struct error *
validate_health_check(const V1__HealthCheck *check)
{
    struct error *error = NULL;

    switch (health_check_type(check)) {
    case V1__HEALTH_CHECK__TYPE__COMMAND:
        error = check->command
            ? validate_health_check_command(check->command)
            : INVALID("Expecting 'command' to be set for COMMAND health "
                      "check");
        break;
    case V1__HEALTH_CHECK__TYPE__HTTP:
        error = check->http
            ? validate_http_health_check(check->http)
            : INVALID("Expecting 'http' to be set for HTTP health check");
        break;
    case V1__HEALTH_CHECK__TYPE__TCP:
        error = check->tcp
            ? NULL
            : INVALID("Expecting 'tcp' to be set for TCP health check");
        break;
    default:
        error = check->has_type
            ? INVALID("'UNKNOWN' is not a valid health check type")
            : INVALID("HealthCheck must specify 'type'");
        break;
    }
    if (!error) {
        error = validate_times(check->delay_seconds, check->interval_seconds,
                               check->timeout_seconds);
    }
    if (!error && check->grace_period_seconds < 0) {
        error = INVALID("Expecting 'grace_period_seconds' to be "
                        "non-negative");
    }
    return error;
}

/* --- tasks --- */

static struct error *
validate_task_id(const V1__TaskInfo *task, const struct task_context *context)
{
    struct error *error = id_validate(task->task_id->value);

    if (error) {
        return error;
    }
    if (context->is_duplicate) {
        return INVALID("Task has duplicate ID: %s", task->task_id->value);
    }
    if (context->is_unreachable) {
        return INVALID("Task reuses the ID of an unreachable task: %s",
                       task->task_id->value);
    }
    if (strcmp(task->agent_id->value, context->agent_id)) {
        return INVALID("Task uses invalid agent %s while agent %s is expected",
                       task->agent_id->value, context->agent_id);
    }
    return NULL;
}

static struct error *
validate_task_times(const V1__TaskInfo *task)
{
    if (task->kill_policy && task->kill_policy->grace_period
        && task->kill_policy->grace_period->nanoseconds < 0) {
        return INVALID("Task's 'kill_policy.grace_period' must be "
                       "non-negative");
    }
    if (task->max_completion_time
        && task->max_completion_time->nanoseconds < 0) {
        return INVALID("Task's `max_completion_time` must be non-negative");
    }
    return NULL;
}

static struct error *
validate_task_checks(const V1__TaskInfo *task)
{
    struct error *error = NULL;

    if (task->check) {
        error = error_wrap(validate_check(task->check),
                           "Task uses invalid check");
    }
    if (!error && task->health_check) {
        error = error_wrap(validate_health_check(task->health_check),
                           "Task uses invalid health check");
    }
    return error;
}

/* Both kinds of the same name cannot be used at the same time. */
static struct error *
validate_revocable(V1__Resource *const *resources, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!strcmp(resources[i]->name, resources[j]->name)
                && !resources[i]->revocable != !resources[j]->revocable) {
                return INVALID("Cannot use both revocable and non-revocable "
                               "'%s' at the same time", resources[i]->name);
            }
        }
    }
    return NULL;
}

static struct error *
validate_gpus(const struct resources *resources)
{
    if (resources_scalar(resources, "gpus") % 1000 != 0) {
        return INVALID("Invalid 'gpus' resource: The 'gpus' resource must be "
                       "an unsigned integer");
    }
    return NULL;
}

static struct error *
validate_task_resources(const V1__TaskInfo *task,
                        const struct resources *resources)
{
    struct error *error;

    if (task->n_resources == 0) {
        return INVALID("Task uses no resources");
    }
    error = validate_gpus(resources);
    if (error) {
        return error_wrap(error, "Task uses invalid resources");
    }
    error = validate_revocable(task->resources, task->n_resources);
    return error_wrap(error, "Task mixes revocable and non-revocable "
                      "resources");
}

static struct error *
validate_limit(const V1__TaskInfo *task, const char *key, const char *what,
               const char *what_lower, const struct resources *resources)
{
    for (size_t i = 0; i < task->n_limits; i++) {
        double limit = task->limits[i]->value ? task->limits[i]->value->value
                                              : 0.0;
        double request = (double) resources_scalar(resources, key) / 1000.0;

        if (strcmp(task->limits[i]->key, key)) {
            continue;
        }
        if (!(request > 0)) {
            return INVALID("When a %s limit is specified, a %s request must "
                           "also be specified", what, what);
        }
        if (limit < request) {
            return INVALID("The %s limit must be greater than or equal to the "
                           "%s request", what_lower, what_lower);
        }
    }
    return NULL;
}

static struct error *
validate_limits(const V1__TaskInfo *task, const struct resources *resources)
{
    struct error *error;

    for (size_t i = 0; i < task->n_limits; i++) {
        if (strcmp(task->limits[i]->key, "cpus")
            && strcmp(task->limits[i]->key, "mem")) {
            return INVALID("Only cpus and mem may be included in a task's "
                           "resource limits");
        }
    }
    error = validate_limit(task, "cpus", "CPU", "cpu", resources);
    return error ? error
        : validate_limit(task, "mem", "memory", "memory", resources);
}

static struct error *
validate_executor_type(const V1__ExecutorInfo *executor)
{
    if (executor->has_type
        && executor->type == V1__EXECUTOR_INFO__TYPE__DEFAULT) {
        if (executor->command) {
            return INVALID("'ExecutorInfo.command' must not be set for "
                           "'DEFAULT' executor");
        }
        return INVALID("'ExecutorInfo.type' must be 'CUSTOM'");
    }
    if (!executor->command) {
        return INVALID("'ExecutorInfo.command' must be set for 'CUSTOM' "
                       "executor");
    }
    return NULL;
}

static struct error *
validate_executor(const V1__ExecutorInfo *executor,
                  const struct resources *resources,
                  const struct task_context *context)
{
    struct error *error = validate_executor_type(executor);

    if (!error) {
        error = id_validate(executor->executor_id->value);
    }
    if (!error && executor->shutdown_grace_period
        && executor->shutdown_grace_period->nanoseconds < 0) {
        error = INVALID("ExecutorInfo's 'shutdown_grace_period' must be "
                        "non-negative");
    }
    if (!error) {
        error = error_wrap(validate_command(executor->command),
                           "Executor's `CommandInfo` is invalid");
    }
    if (!error && executor->container) {
        error = error_wrap(validate_container(executor->container),
                           "Executor's `ContainerInfo` is invalid");
    }
    if (!error && executor->framework_id
        && strcmp(executor->framework_id->value, context->framework_id)) {
        error = INVALID("ExecutorInfo has an invalid FrameworkID (Actual: %s "
                        "vs Expected: %s)", executor->framework_id->value,
                        context->framework_id);
    }
    if (!error) {
        error = error_wrap(validate_gpus(resources),
                           "Executor uses invalid resources");
    }
    if (!error) {
        error = error_wrap(validate_revocable(executor->resources,
                                              executor->n_resources),
                           "Executor mixes revocable and non-revocable "
                           "resources");
    }
    return error;
}

static struct error *
validate_same_executor(const V1__ExecutorInfo *executor,
                       const struct task_context *context)
{
    const V1__ExecutorInfo *running = context->running_executor;
    V1__ExecutorInfo wanted = *executor;
    V1__ExecutorInfo present;

    if (!running) {
        return NULL;
    }
    /* The framework's id may be left out. */
    present = *running;
    wanted.framework_id = present.framework_id = NULL;
    if (!message_equal(&wanted.base, &present.base)) {
        autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

        strbuf_append(&text, "ExecutorInfo is not compatible with existing "
                      "ExecutorInfo with same ExecutorID.\n"
                      "------------------------------------------------------"
                      "------\nExisting ExecutorInfo:\n");
        message_print_redacted(&present.base, &text, 4096);
        strbuf_append(&text, "\n------------------------------------------"
                      "------------------\nTask's ExecutorInfo:\n");
        message_print_redacted(&wanted.base, &text, 4096);
        strbuf_append(&text, "\n------------------------------------------"
                      "------------------\n");
        return INVALID("%s", text.data);
    }
    return NULL;
}

static struct error *
too_much(const struct resources *total, const struct resources *available)
{
    autofini(strbuf) wanted = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) had = STRBUF(STRBUF_UNLIMITED);

    resources_format(total, &wanted);
    resources_format(available, &had);
    return INVALID("Total resources %s required by task and its executor is "
                   "more than available %s", wanted.data, had.data);
}

static struct error *
overlapping(const struct resources *resources,
            const struct resources *executor_resources)
{
    autofini(strbuf) task = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) executor = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &task);
    resources_format(executor_resources, &executor);
    return INVALID("There are overlapping resources in the task resources %s "
                   "and executor resources %s", task.data, executor.data);
}

/* A sum of ranges has those in both but once: what fits as a sum need not fit
 * one after the other. */
static struct error *
validate_fits(const struct resources *resources,
              const struct resources *executor_resources,
              const struct task_context *context)
{
    struct resources total = { 0 };
    struct resources left = { 0 };
    struct error *error = NULL;

    resources_add(&total, resources);
    if (!context->running_executor) {
        resources_add(&total, executor_resources);
    }
    if (!resources_contain(context->available, &total)) {
        error = too_much(&total, context->available);
    } else if (!context->running_executor) {
        resources_add(&left, context->available);
        resources_subtract(&left, executor_resources);
        if (!resources_contain(&left, resources)) {
            error = overlapping(resources, executor_resources);
        }
    }
    resources_fini(&total);
    resources_fini(&left);
    return error;
}

static bool
has_own_cgroups(const V1__ContainerInfo *container)
{
    return container && container->linux_info
        && container->linux_info->has_share_cgroups
        && !container->linux_info->share_cgroups;
}

static struct error *
validate_command_and_container(const V1__TaskInfo *task)
{
    struct error *error = NULL;

    if (task->command) {
        error = error_wrap(validate_command(task->command),
                           "Task's `CommandInfo` is invalid");
    }
    if (!error && task->container) {
        error = error_wrap(validate_container(task->container),
                           "Task's `ContainerInfo` is invalid");
    }
    return error;
}

struct error *
validate_task(const V1__TaskInfo *task, const struct resources *resources,
              const struct resources *executor_resources,
              const struct task_context *context)
{
    struct error *error = validate_task_id(task, context);

    if (!error) {
        error = validate_task_times(task);
    }
    if (!error) {
        error = validate_task_checks(task);
    }
    if (!error) {
        error = validate_task_resources(task, resources);
    }
    if (!error) {
        error = validate_command_and_container(task);
    }
    if (!error) {
        error = validate_limits(task, resources);
    }
    if (!error && !task->executor == !task->command) {
        error = INVALID("Task should have at least one (but not both) of "
                        "CommandInfo or ExecutorInfo present");
    }
    if (!error && task->executor) {
        error = validate_executor(task->executor, executor_resources,
                                  context);
        if (!error) {
            error = validate_same_executor(task->executor, context);
        }
    }
    if (!error) {
        error = validate_fits(resources, executor_resources, context);
    }
    if (!error && has_own_cgroups(task->container)) {
        error = INVALID("Only tasks in a task group may have 'share_cgroups' "
                        "set to 'false'");
    }
    return error;
}
