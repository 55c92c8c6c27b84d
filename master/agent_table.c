/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_table.c - registered agents, by id and by UPID, and those that are
 * out of reach. */
#include <config.h>

#include "master/agent_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <utlist.h>

struct agent *
agent_create(const char *id, const struct upid *pid)
{
    struct agent *agent = xcalloc(1, sizeof *agent);

    agent->id = text_create(id);
    agent->pid = *pid;
    upid_format(pid, agent->pid_text);
    return agent;
}

void
agent_destroy(struct agent *agent)
{
    if (!agent) {
        return;
    }
    while (agent->executors) {
        agent_remove_executor(agent, agent->executors);
    }
    message_unref(agent->message);
    free(agent->whole_info);
    free(agent->version);
    resources_fini(&agent->total);
    free(agent->text);
    text_unref(agent->id);
    free(agent);
}

static void
agent_update_text(struct agent *agent)
{
    free(agent->text);
    agent->text = xasprintf("%s at %s (%s)", agent->id->s, agent->pid_text,
                            agent->info ? agent->info->hostname : "");
}

static void
pack(const V1__AgentInfo *info, struct strbuf *bytes)
{
    message_encode_protobuf(&info->base, bytes);
}

void
agent_set_info(struct agent *agent, const V1__AgentInfo *info,
               V1__AgentInfo__Capability **capabilities,
               size_t n_capabilities, const char *version)
{
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    V1__AgentInfo rest = *info;

    rest.n_resources = 0;
    rest.resources = NULL;
    message_unref(agent->message);
    agent->message = message_clone(&rest.base);
    agent->info = message_root(agent->message);
    pack(info, &bytes);
    free(agent->whole_info);
    agent->whole_info = xmemdup(bytes.data, bytes.len);
    agent->whole_info_size = bytes.len;
    free(agent->version);
    agent->version = xstrdup(version ? version : "");
    agent->capabilities = 0;
    for (size_t i = 0; i < n_capabilities; i++) {
        if ((unsigned) capabilities[i]->type < 32) {
            agent->capabilities |= UINT32_C(1) << capabilities[i]->type;
        }
    }
    agent_update_text(agent);
}

bool
agent_has_info(const struct agent *agent, const V1__AgentInfo *info)
{
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);

    pack(info, &bytes);
    return bytes.len == agent->whole_info_size
        && !memcmp(bytes.data, agent->whole_info, bytes.len);
}

struct message *
agent_whole_info(const struct agent *agent)
{
    struct message *m = NULL;
    struct error *error = message_decode_protobuf(
        &v1__agent_info__descriptor, agent->whole_info,
        agent->whole_info_size, &m);

    CHECK(!error, "what we have encoded is not readable: %s",
          error_text(error));
    return m;
}

bool
agent_has_capability(const struct agent *agent,
                     V1__AgentInfo__Capability__Type type)
{
    return (unsigned) type < 32 && (agent->capabilities >> type & 1) != 0;
}

/* --- executors --- */

void
agent_used_resources(const struct agent *agent, struct resources *ret)
{
    struct resources used = { 0 };
    const struct executor *executor;
    const struct task *task;

    DL_FOREACH(agent->tasks.first, task) {
        if (task->holds_resources) {
            resources_add(&used, &task->resources);
        }
    }
    DL_FOREACH(agent->executors, executor) {
        resources_add(&used, &executor->resources);
    }
    resources_set_allocation(&used, NULL);
    *ret = used;
}

struct executor *
agent_find_executor(const struct agent *agent, const struct framework *f,
                    const char *executor_id)
{
    struct executor *executor;

    DL_FOREACH(agent->executors, executor) {
        if (executor->framework == f && !strcmp(executor->id, executor_id)) {
            return executor;
        }
    }
    return NULL;
}

struct executor *
agent_add_executor(struct agent *agent, struct framework *f,
                   const V1__ExecutorInfo *info,
                   const struct resources *resources, const char *role)
{
    struct executor *executor = xcalloc(1, sizeof *executor);

    executor->id = xstrdup(info->executor_id->value);
    executor->framework = f;
    executor->info_message = message_clone(&info->base);
    executor->info = message_root(executor->info_message);
    executor->role = xstrdup(role);
    resources_init_copy(&executor->resources, resources);
    DL_APPEND(agent->executors, executor);
    return executor;
}

void
agent_remove_executor(struct agent *agent, struct executor *executor)
{
    DL_DELETE(agent->executors, executor);
    message_unref(executor->info_message);
    resources_fini(&executor->resources);
    free(executor->role);
    free(executor->id);
    free(executor);
}

/* --- the table --- */

struct agent *
agents_find(const struct agents *t, const char *id)
{
    struct agent *agent;

    HASH_FIND_STR(t->by_id, id, agent);
    return agent;
}

struct agent *
agents_find_pid(const struct agents *t, const struct upid *pid)
{
    char text[UPID_TEXT_SIZE];
    struct agent *agent;

    upid_format(pid, text);
    HASH_FIND(hh_pid, t->by_pid, text, strlen(text), agent);
    return agent;
}

struct agent *
agents_next(const struct agents *t, const struct agent *agent)
{
    return agent ? agent->hh.next : t->by_id;
}

size_t
agents_count(const struct agents *t)
{
    return HASH_COUNT(t->by_id);
}

static void
add_pid(struct agents *t, struct agent *agent)
{
    HASH_ADD_KEYPTR(hh_pid, t->by_pid, agent->pid_text,
                    strlen(agent->pid_text), agent);
}

void
agents_add(struct agents *t, struct agent *agent)
{
    HASH_ADD_KEYPTR(hh, t->by_id, agent->id->s, agent->id->len, agent);
    add_pid(t, agent);
}

void
agents_set_pid(struct agents *t, struct agent *agent, const struct upid *pid)
{
    HASH_DELETE(hh_pid, t->by_pid, agent);
    agent->pid = *pid;
    upid_format(pid, agent->pid_text);
    add_pid(t, agent);
    agent_update_text(agent);
}

void
agents_take(struct agents *t, struct agent *agent)
{
    HASH_DELETE(hh_pid, t->by_pid, agent);
    HASH_DEL(t->by_id, agent);
}

static void
lost_destroy(struct agents *t, struct lost_agent *lost)
{
    HASH_DEL(t->unreachable, lost);
    free(lost->id);
    free(lost);
}

void
agents_fini(struct agents *t)
{
    while (t->by_id) {
        struct agent *agent = t->by_id;

        agents_take(t, agent);
        agent_destroy(agent);
    }
    while (t->unreachable) {
        lost_destroy(t, t->unreachable);
    }
}

/* --- unreachable ones --- */

struct lost_agent *
agents_find_unreachable(const struct agents *t, const char *id)
{
    struct lost_agent *lost;

    HASH_FIND_STR(t->unreachable, id, lost);
    return lost;
}

void
agents_add_unreachable(struct agents *t, const char *id, int64_t time_ns,
                       size_t max)
{
    struct lost_agent *lost = xcalloc(1, sizeof *lost);

    agents_remove_unreachable(t, id);
    while (t->unreachable && HASH_COUNT(t->unreachable) >= max) {
        lost_destroy(t, t->unreachable);
    }
    lost->id = xstrdup(id);
    lost->time_ns = time_ns;
    HASH_ADD_KEYPTR(hh, t->unreachable, lost->id, strlen(lost->id), lost);
}

void
agents_remove_unreachable(struct agents *t, const char *id)
{
    struct lost_agent *lost = agents_find_unreachable(t, id);

    if (lost) {
        lost_destroy(t, lost);
    }
}

size_t
agents_count_unreachable(const struct agents *t)
{
    return HASH_COUNT(t->unreachable);
}
