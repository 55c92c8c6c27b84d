/* SPDX-License-Identifier: Apache-2.0
 *
 * validation_checks.c - commands, containers, checks and health checks of
 * tasks and executors. */
#include <config.h>

#include "master/validation.h"

#include <string.h>

#include <actor/error.h>

#define INVALID(...) error_create(ERROR_INVALID, __VA_ARGS__)

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
