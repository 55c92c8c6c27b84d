/* SPDX-License-Identifier: Apache-2.0
 *
 * endpoints.c - what the agent shows of itself: /state, /flags, /health.
 *
 * Members and shapes are those of Mesos (src/slave/http.cpp), for what exists
 * here.
 *
 * Thread: the agent's turns. */
#include <config.h>

#include <string.h>

#include <actor/address.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/version.h>

#include "agent/resources_json.h"
#include "agent/state.h"
#include "model/task_state.h"
#include "proto/mesos/v1/mesos.pb-c.h"

static void on_state(struct actor *, struct http_request *);
static void on_flags(struct actor *, struct http_request *);
static void on_health(struct actor *, struct http_request *);
static void write_state(struct agent *, struct json_writer *);
static void write_resources(const struct agent *, struct json_writer *);
static void write_allocated(const struct agent *, struct json_writer *);
static void write_framework(const struct agent *, const struct framework *,
                            struct json_writer *);
static void write_executor(const struct agent *, const struct executor *,
                           struct json_writer *);
static void write_task(const struct agent *, const struct task *,
                       struct json_writer *);
static void write_statuses(const struct agent *, const struct task *,
                           struct json_writer *);
static void write_labels(const V1__Labels *, struct json_writer *);
static void write_extra(const struct task *, struct json_writer *);
static void write_queued_task(const struct agent *, const struct task *,
                              struct json_writer *);
static void executor_total(const struct executor *, struct resources *ret);

static const struct http_route routes[] = {
    { "/state", on_state, "Information about state of the Agent.",
      "This endpoint shows information about the frameworks, executors and "
      "the agent's master as a JSON object.", .methods = "GET" },
    { "/flags", on_flags, "Exposes the agent's flag configuration.",
      .methods = "GET" },
    { "/health", on_health, "Health check of the Agent.",
      "Returns 200 OK iff the Agent is healthy." },
};

void
endpoints_add(struct agent *agent)
{
    http_add_routes(&agent->base, routes, ARRAY_SIZE(routes));
}

static void
on_health(struct actor *self UNUSED, struct http_request *request)
{
    http_respond(&request, 200, NULL, NULL);
}

static void
on_flags(struct actor *self, struct http_request *request)
{
    struct agent *agent = (struct agent *) self;
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    json_object_begin(&w);
    json_key(&w, "flags");
    flags_write_json(&w, agent_flag_table, agent_n_flags, agent->flags);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static void
on_state(struct actor *self, struct http_request *request)
{
    struct agent *agent = (struct agent *) self;
    autofini(strbuf) body = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&body);

    if (agent->state == AGENT_RECOVERING) {
        http_respond_text(&request, 503, "Agent has not finished recovery");
        return;
    }
    write_state(agent, &w);
    http_respond_json(&request, &body);
}

/* --- /state --- */

static void
write_state(struct agent *agent, struct json_writer *w)
{
    const struct upid *upid = actor_upid(&agent->base);
    char master_ip[ADDRESS_TEXT_SIZE];

    json_object_begin(w);
    actor_version_write_json(w);
    json_member_double(w, "start_time", (double) agent->start_wall_ns / 1e9);
    if (agent->id) {
        json_member_string(w, "id", agent->id);
    }
    json_member_string(w, "pid", UPID_TEXT(upid));
    json_member_string(w, "hostname", agent->hostname);
    registration_write_capabilities(w);
    draining_write_json(agent, w);
    write_resources(agent, w);
    json_member_empty_array(w, "resource_providers");
    json_key(w, "attributes");
    attributes_write_json(&agent->attributes, w);
    if (agent->state == AGENT_RUNNING) {
        json_member_string(w, "master_hostname",
                           address_format_ip(&agent->master.address,
                                             master_ip));
    }
    if (agent->flags->log_dir) {
        json_member_string(w, "log_dir", agent->flags->log_dir);
    }
    if (agent->flags->external_log_file) {
        json_member_string(w, "external_log_file",
                           agent->flags->external_log_file);
    }
    json_key(w, "flags");
    flags_write_json(w, agent_flag_table, agent_n_flags, agent->flags);

    json_key(w, "frameworks");
    json_array_begin(w);
    records_foreach (agent->frameworks, framework) {
        write_framework(agent, framework, w);
    }
    json_array_end(w);
    json_key(w, "completed_frameworks");
    json_array_begin(w);
    vec_foreach (&agent->completed, it) {
        write_framework(agent, *it, w);
    }
    json_array_end(w);
    json_object_end(w);
}

/* Static reservations by role, and the rest. */
static void
write_resources(const struct agent *agent, struct json_writer *w)
{
    struct message *m = message_create(&v1__agent_info__descriptor);
    V1__Resource **all;
    size_t n;

    resources_write_member(&agent->resources, w, "resources");
    resources_encode(&agent->resources, m, &all, &n);

    json_key(w, "reserved_resources");
    resources_json_reserved(all, n, false, w);
    json_key(w, "unreserved_resources");
    resources_json_unreserved(all, n, false, w);
    json_key(w, "reserved_resources_full");
    resources_json_reserved(all, n, true, w);
    json_key(w, "unreserved_resources_full");
    resources_json_unreserved(all, n, true, w);
    message_unref(m);
    write_allocated(agent, w);
}

static void
write_allocated(const struct agent *agent, struct json_writer *w)
{
    struct message *m = message_create(&v1__agent_info__descriptor);
    struct resources allocated = { .entries = NULL };
    V1__Resource **all;
    size_t n;

    records_foreach (agent->frameworks, framework) {
        records_foreach (framework->executors, executor) {
            struct resources total;

            if (executor->state != EXECUTOR_TERMINATED) {
                executor_total(executor, &total);
                resources_add(&allocated, &total);
                resources_fini(&total);
            }
        }
    }
    resources_encode(&allocated, m, &all, &n);
    json_key(w, "reserved_resources_allocated");
    resources_json_reserved(all, n, false, w);
    json_key(w, "unreserved_resources_allocated");
    resources_json_unreserved(all, n, false, w);
    resources_fini(&allocated);
    message_unref(m);
}

static void
write_framework(const struct agent *agent, const struct framework *framework,
                struct json_writer *w)
{
    const V1__FrameworkInfo *info = record_framework_info(framework);

    json_object_begin(w);
    json_member_string(w, "id", framework->id);
    json_member_string(w, "name", info->name);
    json_member_string(w, "user", info->user);
    json_member_double(w, "failover_timeout", info->failover_timeout);
    json_member_bool(w, "checkpoint", info->checkpoint);
    json_member_string(w, "hostname", info->hostname ? info->hostname : "");
    if (info->principal) {
        json_member_string(w, "principal", info->principal);
    }
    if (record_framework_has_capability(
            framework, V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE)) {
        json_key(w, "roles");
        json_array_begin(w);
        for (size_t i = 0; i < info->n_roles; i++) {
            json_string(w, info->roles[i]);
        }
        json_array_end(w);
    } else {
        json_member_string(w, "role", info->role);
    }

    json_key(w, "executors");
    json_array_begin(w);
    records_foreach (framework->executors, executor) {
        write_executor(agent, executor, w);
    }
    json_array_end(w);
    json_key(w, "completed_executors");
    json_array_begin(w);
    vec_foreach (&framework->completed, it) {
        write_executor(agent, *it, w);
    }
    json_array_end(w);
    json_object_end(w);
}

static void
write_executor(const struct agent *agent, const struct executor *executor,
               struct json_writer *w)
{
    const V1__ExecutorInfo *info = record_executor_info(executor);
    struct resources total;

    executor_total(executor, &total);
    json_object_begin(w);
    json_member_string(w, "id", executor->id);
    json_member_string(w, "name", executor->name);
    json_member_string(w, "source", executor->source);
    json_member_string(w, "container", executor->container_id);
    json_member_string(w, "directory", executor->directory);
    resources_write_member(&total, w, "resources");
    json_member_string(w, "role", executor->role);
    if (info && info->labels) {
        write_labels(info->labels, w);
    }
    if (executor->type >= 0) {
        json_member_string(w, "type", message_enum_name(
            &v1__executor_info__type__descriptor, executor->type));
    }
    resources_fini(&total);

    json_key(w, "tasks");
    json_array_begin(w);
    records_foreach (executor->tasks, task) {
        if (task->place == TASK_LAUNCHED) {
            write_task(agent, task, w);
        }
    }
    json_array_end(w);
    json_key(w, "queued_tasks");
    json_array_begin(w);
    records_foreach (executor->tasks, task) {
        if (task->place == TASK_QUEUED) {
            write_queued_task(agent, task, w);
        }
    }
    json_array_end(w);
    json_key(w, "completed_tasks");
    json_array_begin(w);
    vec_foreach (&executor->completed, it) {
        write_task(agent, *it, w);
    }
    records_foreach (executor->tasks, task) {
        if (task->place == TASK_TERMINATED) {
            write_task(agent, task, w);
        }
    }
    json_array_end(w);
    json_object_end(w);
}

static void
write_task_head(const struct agent *agent, const struct task *task,
                struct json_writer *w)
{
    json_member_string(w, "id", task->id);
    json_member_string(w, "name", task->name);
    json_member_string(w, "framework_id", task->executor->framework->id);
    json_member_string(w, "executor_id", task->executor->is_command
                                             ? "" : task->executor->id);
    json_member_string(w, "slave_id", agent->id);
}

static void
write_task(const struct agent *agent, const struct task *task,
           struct json_writer *w)
{
    json_object_begin(w);
    write_task_head(agent, task, w);
    json_member_string(w, "state", task_state_name(task->state));
    resources_write_member(&task->resources, w, "resources");
    json_member_string(w, "role", task->executor->role);
    write_statuses(agent, task, w);
    write_extra(task, w);
    json_object_end(w);
}

static void
write_queued_task(const struct agent *agent, const struct task *task,
                  struct json_writer *w)
{
    json_object_begin(w);
    write_task_head(agent, task, w);
    resources_write_member(&task->resources, w, "resources");
    json_member_string(w, "role", task->executor->role);
    if (task->info->command) {
        autofini(strbuf) command = STRBUF(STRBUF_UNLIMITED);

        message_print_redacted(&task->info->command->base, &command,
                               STRBUF_UNLIMITED);
        json_key(w, "command");
        json_raw(w, command.data, command.len);
    }
    write_extra(task, w);
    json_object_end(w);
}

/* Its own, which is inside of its executor's, or that. */
static void
write_container_id(const struct task *task, struct json_writer *w)
{
    const char *outer = task->executor->container_id;

    json_key(w, "container_id");
    json_object_begin(w);
    json_member_string(w, "value",
                       task->container_id ? task->container_id : outer);
    if (task->container_id) {
        json_key(w, "parent");
        json_object_begin(w);
        json_member_string(w, "value", outer);
        json_object_end(w);
    }
    json_object_end(w);
}

/* Where the container is, as in the updates themselves. */
static void
write_container_status(const struct agent *agent, const struct task *task,
                       struct json_writer *w)
{
    json_key(w, "container_status");
    json_object_begin(w);
    write_container_id(task, w);
    json_key(w, "network_infos");
    json_array_begin(w);
    json_object_begin(w);
    json_key(w, "ip_addresses");
    json_array_begin(w);
    json_object_begin(w);
    json_member_string(w, "protocol", strchr(agent->ip, ':') ? "IPv6"
                                                             : "IPv4");
    json_member_string(w, "ip_address", agent->ip);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
    json_array_end(w);
    json_object_end(w);
}

static void
write_statuses(const struct agent *agent, const struct task *task,
               struct json_writer *w)
{
    json_key(w, "statuses");
    json_array_begin(w);
    for (size_t i = 0; i < task->statuses.n; i++) {
        const struct task_status *status = &task->statuses.data[i];

        json_object_begin(w);
        json_member_string(w, "state", task_state_name(status->state));
        json_member_double(w, "timestamp", status->timestamp);
        write_container_status(agent, task, w);
        if (status->healthy >= 0) {
            json_member_bool(w, "healthy", status->healthy > 0);
        }
        json_object_end(w);
    }
    json_array_end(w);
}

static void
write_extra(const struct task *task, struct json_writer *w)
{
    const V1__Task *extra = task->extra ? message_root(task->extra) : NULL;

    if (!extra) {
        return;
    }
    if (extra->user) {
        json_member_string(w, "user", extra->user);
    }
    if (extra->labels) {
        write_labels(extra->labels, w);
    }
    if (extra->discovery) {
        json_key(w, "discovery");
        message_write_json(&extra->discovery->base, w);
    }
    if (extra->container) {
        json_key(w, "container");
        message_write_json(&extra->container->base, w);
    }
    if (extra->health_check) {
        json_key(w, "health_check");
        message_write_json(&extra->health_check->base, w);
    }
}

static void
write_labels(const V1__Labels *labels, struct json_writer *w)
{
    json_key(w, "labels");
    json_array_begin(w);
    for (size_t i = 0; i < labels->n_labels; i++) {
        message_write_json(&labels->labels[i]->base, w);
    }
    json_array_end(w);
}

/* The executor's own resources and those of the tasks that it runs. */
static void
executor_total(const struct executor *executor, struct resources *ret)
{
    resources_init_copy(ret, &executor->resources);
    records_foreach (executor->tasks, task) {
        if (task->place == TASK_LAUNCHED || task->place == TASK_QUEUED) {
            resources_add(ret, &task->resources);
        }
    }
}
