/* SPDX-License-Identifier: Apache-2.0
 *
 * spec.c - what a check looks at, and when.
 *
 * The master has validated it; what another master let through is a check that
 * fails, with the reason.  Thread: any. */
#include <config.h>

#include "executor/checks/spec.h"

#include <string.h>

#include <actor/duration.h>

#include "proto/mesos/v1/mesos.pb-c.h"

static int64_t
duration_of(double seconds)
{
    int64_t ns = duration_from_seconds(seconds);

    return ns > 0 ? ns : 0;
}

static void
set_command(struct check_spec *spec, const V1__CommandInfo *command)
{
    spec->command = command;
    if (!command) {
        spec->why_not = "it has no command";
    } else if (!command->value) {
        spec->why_not = command->shell ? "its command has no shell command"
                                       : "its command has no executable path";
    }
}

static void
set_port(struct check_spec *spec, uint32_t port, bool is_ipv6)
{
    spec->port = (uint16_t) port;
    spec->is_ipv6 = is_ipv6;
    if (port == 0 || port > UINT16_MAX) {
        spec->why_not = "its port is not within 1 and 65535";
    }
}

static void
set_http(struct check_spec *spec, const char *scheme, const char *path)
{
    spec->scheme = scheme ? scheme : "http";
    spec->path = path ? path : "";
    if (strcmp(spec->scheme, "http") != 0
        && strcmp(spec->scheme, "https") != 0) {
        spec->why_not = "its scheme is neither http nor https";
    } else if (spec->path[0] != '\0' && spec->path[0] != '/') {
        spec->why_not = "its path does not begin with a slash";
    }
}

static void
set_missing(struct check_spec *spec)
{
    spec->why_not = spec->type == CHECK_TYPE_UNKNOWN
        ? "its type is unknown" : "what its type promises is missing";
}

/* --- checks --- */

static enum check_type
type_of_check(const V1__CheckInfo *check)
{
    switch (check->type) {
    case V1__CHECK_INFO__TYPE__COMMAND:
        return CHECK_TYPE_COMMAND;
    case V1__CHECK_INFO__TYPE__HTTP:
        return CHECK_TYPE_HTTP;
    case V1__CHECK_INFO__TYPE__TCP:
        return CHECK_TYPE_TCP;
    default:
        return CHECK_TYPE_UNKNOWN;
    }
}

void
check_spec_of_check(const V1__CheckInfo *check, struct check_spec *ret)
{
    *ret = (struct check_spec) {
        .type = type_of_check(check), .scheme = "http", .path = "",
        .delay_ns = duration_of(check->delay_seconds),
        .interval_ns = duration_of(check->interval_seconds),
        .timeout_ns = duration_of(check->timeout_seconds),
    };
    if (ret->type == CHECK_TYPE_COMMAND && check->command) {
        set_command(ret, check->command->command);
    } else if (ret->type == CHECK_TYPE_HTTP && check->http) {
        set_http(ret, NULL, check->http->path);
        set_port(ret, check->http->port, false);
    } else if (ret->type == CHECK_TYPE_TCP && check->tcp) {
        set_port(ret, check->tcp->port, false);
    } else {
        set_missing(ret);
    }
}

/* --- health checks --- */

/* Old frameworks give no type. */
static enum check_type
type_of_health(const V1__HealthCheck *check)
{
    switch (check->type) {
    case V1__HEALTH_CHECK__TYPE__COMMAND:
        return CHECK_TYPE_COMMAND;
    case V1__HEALTH_CHECK__TYPE__HTTP:
        return CHECK_TYPE_HTTP;
    case V1__HEALTH_CHECK__TYPE__TCP:
        return CHECK_TYPE_TCP;
    default:
        return check->has_type ? CHECK_TYPE_UNKNOWN
             : check->command ? CHECK_TYPE_COMMAND
             : check->http ? CHECK_TYPE_HTTP
             : CHECK_TYPE_UNKNOWN;
    }
}

void
check_spec_of_health(const V1__HealthCheck *check, struct check_spec *ret)
{
    *ret = (struct check_spec) {
        .type = type_of_health(check), .scheme = "http", .path = "",
        .delay_ns = duration_of(check->delay_seconds),
        .interval_ns = duration_of(check->interval_seconds),
        .timeout_ns = duration_of(check->timeout_seconds),
        .grace_ns = duration_of(check->grace_period_seconds),
        .max_failures = check->consecutive_failures > 0
            ? check->consecutive_failures : 1,
    };
    if (ret->type == CHECK_TYPE_COMMAND && check->command) {
        set_command(ret, check->command);
    } else if (ret->type == CHECK_TYPE_HTTP && check->http) {
        const V1__HealthCheck__HTTPCheckInfo *http = check->http;

        ret->statuses = http->statuses;
        ret->n_statuses = http->n_statuses;
        set_http(ret, http->scheme, http->path);
        set_port(ret, http->port,
                 http->protocol == V1__NETWORK_INFO__PROTOCOL__IPv6);
    } else if (ret->type == CHECK_TYPE_TCP && check->tcp) {
        set_port(ret, check->tcp->port, check->tcp->protocol
                                        == V1__NETWORK_INFO__PROTOCOL__IPv6);
    } else {
        set_missing(ret);
    }
}

/* --- what is said of them --- */

const char *
check_type_name(enum check_type type)
{
    static const char *const names[] = {
        [CHECK_TYPE_UNKNOWN] = "UNKNOWN",
        [CHECK_TYPE_COMMAND] = "COMMAND",
        [CHECK_TYPE_HTTP] = "HTTP",
        [CHECK_TYPE_TCP] = "TCP",
    };

    return names[type];
}

bool
check_spec_is_healthy(const struct check_spec *spec, int value)
{
    switch (spec->type) {
    case CHECK_TYPE_COMMAND:
        return value == 0;
    case CHECK_TYPE_HTTP:
        for (size_t i = 0; i < spec->n_statuses; i++) {
            if (spec->statuses[i] == (uint32_t) value) {
                return true;
            }
        }
        return spec->n_statuses == 0 && value >= 200 && value < 400;
    default:
        return value != 0;
    }
}
