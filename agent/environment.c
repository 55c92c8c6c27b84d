/* SPDX-License-Identifier: Apache-2.0
 *
 * environment.c - the environment that an executor starts with.
 *
 * The variables of Mesos (src/slave/containerizer/containerizer.cpp,
 * executorEnvironment).
 *
 * Thread: the agent's turn. */
#include <config.h>

#include "agent/environment.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/upid.h>
#include <actor/vec.h>

#include "proto/mesos/v1/mesos.pb-c.h"

#define DEFAULT_PATH \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct variables {
    VEC(char *) all;
};

static void set(struct variables *, const char *name, const char *value,
                size_t len);
static void set_text(struct variables *, const char *name, const char *value);
static void set_command(struct variables *, const V1__Environment *);

char **
environment_create(const struct environment_options *options)
{
    struct variables v = { .all = VEC_EMPTY };

    if (options->libprocess_ip) {
        set_text(&v, "LIBPROCESS_IP", options->libprocess_ip);
    }
    set_text(&v, "LIBPROCESS_PORT", "0");
    set_text(&v, "MESOS_FRAMEWORK_ID", options->framework_id);
    set_text(&v, "MESOS_EXECUTOR_ID", options->executor_id);
    set_text(&v, "MESOS_DIRECTORY", options->directory);
    set_text(&v, "MESOS_SLAVE_ID", options->agent_id);
    set_text(&v, "MESOS_SLAVE_PID", UPID_TEXT(options->agent));
    set_text(&v, "MESOS_AGENT_ENDPOINT",
             ADDRESS_TEXT(&options->agent->address));
    set_text(&v, "MESOS_CHECKPOINT", options->checkpoint ? "1" : "0");
    if (options->checkpoint) {
        set_text(&v, "MESOS_RECOVERY_TIMEOUT",
                 DURATION_TEXT(options->recovery_timeout_ns));
        set_text(&v, "MESOS_SUBSCRIPTION_BACKOFF_MAX",
                 DURATION_TEXT(options->backoff_max_ns));
    }
    set_text(&v, "MESOS_HTTP_COMMAND_EXECUTOR", "0");
    set_text(&v, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
             DURATION_TEXT(options->shutdown_grace_ns));
    set_text(&v, "MESOS_SANDBOX", options->directory);
    set_text(&v, "PATH", DEFAULT_PATH);
    if (options->command) {
        set_command(&v, options->command);
    }
    vec_push(&v.all, NULL);
    return v.all.data;
}

static void
set_text(struct variables *v, const char *name, const char *value)
{
    set(v, name, value, strlen(value));
}

static void
set(struct variables *v, const char *name, const char *value, size_t len)
{
    char *text = xasprintf("%s=%.*s", name, (int) len, value);
    size_t name_len = strlen(name) + 1;

    vec_foreach (&v->all, it) {
        if (strncmp(*it, text, name_len) == 0) {
            free(*it);
            *it = text;
            return;
        }
    }
    vec_push(&v->all, text);
}

/* Secrets by value are resolved as they are; references are refused before it
 * comes to this. */
static void
set_command(struct variables *v, const V1__Environment *environment)
{
    for (size_t i = 0; i < environment->n_variables; i++) {
        const V1__Environment__Variable *variable = environment->variables[i];

        if (variable->value) {
            set_text(v, variable->name, variable->value);
        } else if (variable->secret && variable->secret->value) {
            const ProtobufCBinaryData *data = &variable->secret->value->data;

            set(v, variable->name, (const char *) data->data, data->len);
        }
    }
}
