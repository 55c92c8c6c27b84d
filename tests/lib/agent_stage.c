/* SPDX-License-Identifier: Apache-2.0
 *
 * agent_stage.c - an agent between puppets. */
#include <config.h>

#include "tests/lib/agent_stage.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/test.h"

/* --- life --- */

/* Whoever is there, in a process of its own. */
static void
start_system(struct agent_stage *s)
{
    struct actor_backend backend = {
        .process = &fake_process_ops, .process_ctx = s->processes,
    };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };
    struct error *error = actor_system_create(&options, &s->system);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    s->master = puppet_create(s->system, "master");
    s->executor = puppet_create(s->system, "executor");
}

static void
stop_system(struct agent_stage *s)
{
    actor_system_destroy(steal(s->system));
    puppet_destroy(s->master);
    puppet_destroy(s->executor);
    flags_fini(agent_flag_table, agent_n_flags, &s->flags);
}

struct error *
agent_stage_start(struct agent_stage *s)
{
    autofree char *work_dir = xasprintf("--work_dir=%s", s->work_dir);
    char *argv[] = {
        (char *) "mesos-agent", work_dir, (char *) "--no-switch_user",
        (char *) "--resources=cpus:4;mem:1024;disk:1024",
        (char *) "--launcher_dir=/bin/..", s->flag,
    };
    size_t n = ARRAY_SIZE(argv) - (s->flag ? 0 : 1);
    struct error *error;

    start_system(s);
    memset(&s->flags, 0, sizeof s->flags);
    error = flags_load(agent_flag_table, agent_n_flags, &s->flags, (int) n,
                       argv, NULL, NULL);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    /* The disk of whoever runs the test may be full. */
    s->flags.disk_watch_interval = 100 * WEEK;
    error = agent_start(s->system, &s->flags, puppet_upid(s->master),
                        &s->agent);
    if (!error) {
        actor_system_run(s->system);
    }
    return error;
}

void
agent_stage_init(struct agent_stage *s, const char *flag)
{
    struct error *error;

    memset(s, 0, sizeof *s);
    s->processes = fake_process_create();
    s->work_dir = test_temp_dir();
    s->flag = flag ? xstrdup(flag) : NULL;
    error = agent_stage_start(s);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    agent_stage_advance(s, 2 * SECOND);
    puppet_say(s->master, &s->agent, &msg_agent_registered,
               "{\"agent_id\":{\"value\":\"S0\"}}");
    puppet_forget(s->master);
}

void
agent_stage_kill(struct agent_stage *s)
{
    stop_system(s);
}

void
agent_stage_fini(struct agent_stage *s)
{
    stop_system(s);
    fake_process_destroy(s->processes);
    free(s->work_dir);
    free(s->flag);
}

void
agent_stage_advance(struct agent_stage *s, int64_t ns)
{
    actor_system_advance(s->system, ns);
}

char *
agent_stage_path(const struct agent_stage *s, const char *name)
{
    return xasprintf("%s/meta/slaves/S0/%s", s->work_dir, name);
}

/* --- the master --- */

void
agent_stage_say_reregistered(struct agent_stage *s)
{
    puppet_say(s->master, &s->agent, &msg_agent_reregistered,
               "{\"agent_id\":{\"value\":\"S0\"}}");
}

void
agent_stage_run_task(struct agent_stage *s, const char *id,
                     const char *framework, const char *task)
{
    puppet_say(s->master, &s->agent, &msg_run_task,
               "{\"framework\":{\"user\":\"nobody\",\"name\":\"f\","
               "\"id\":{\"value\":\"F0\"},\"checkpoint\":true%s},"
               "\"task\":{\"name\":\"%s\",\"task_id\":{\"value\":\"%s\"},"
               "\"agent_id\":{\"value\":\"S0\"},\"resources\":[{\"name\":"
               "\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}]"
               ",%s}}",
               framework, id, id, task);
}

/* Bytes as JSON has them. */
static void
append_base64(struct strbuf *text, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "abcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned) bytes[i] << 16;

        v |= i + 1 < n ? (unsigned) bytes[i + 1] << 8 : 0;
        v |= i + 2 < n ? bytes[i + 2] : 0;
        strbuf_printf(text, "%c%c%c%c", digits[v >> 18],
                      digits[v >> 12 & 63],
                      i + 1 < n ? digits[v >> 6 & 63] : '=',
                      i + 2 < n ? digits[v & 63] : '=');
    }
}

size_t
agent_stage_n_statuses(const struct agent_stage *s)
{
    return puppet_count(s->master, &msg_update_status);
}

const V1__TaskStatus *
agent_stage_status(const struct agent_stage *s, size_t i)
{
    const Internal__UpdateStatus *update =
        puppet_heard(s->master, &msg_update_status, i);

    return update->update->status;
}

void
agent_stage_acknowledge(struct agent_stage *s, size_t i)
{
    const V1__TaskStatus *status = agent_stage_status(s, i);
    autofini(strbuf) uuid = STRBUF(STRBUF_UNLIMITED);

    append_base64(&uuid, status->uuid.data, status->uuid.len);
    puppet_say(s->master, &s->agent, &msg_acknowledge_update,
               "{\"agent_id\":{\"value\":\"S0\"},\"framework_id\":"
               "{\"value\":\"F0\"},\"task_id\":{\"value\":\"%s\"},"
               "\"uuid\":\"%s\"}", status->task_id->value, uuid.data);
}

/* --- executors --- */

void
agent_stage_subscribe(struct agent_stage *s, const char *executor)
{
    puppet_say(s->executor, &s->agent, &msg_executor_call,
               "{\"type\":\"SUBSCRIBE\",\"executor_id\":{\"value\":\"%s\"},"
               "\"framework_id\":{\"value\":\"F0\"},\"subscribe\":{}}",
               executor);
}

void
agent_stage_update(struct agent_stage *s, const char *executor,
                   const char *task, const char *state, uint8_t uuid)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    uint8_t bytes[16];

    memset(bytes, uuid, sizeof bytes);
    append_base64(&text, bytes, sizeof bytes);
    puppet_say(s->executor, &s->agent, &msg_executor_call,
               "{\"type\":\"UPDATE\",\"executor_id\":{\"value\":\"%s\"},"
               "\"framework_id\":{\"value\":\"F0\"},\"update\":{\"status\":"
               "{\"task_id\":{\"value\":\"%s\"},\"state\":\"%s\","
               "\"uuid\":\"%s\"}}}", executor, task, state, text.data);
}

const Executor__Event *
agent_stage_event(const struct agent_stage *s, Executor__Event__Type type,
                  size_t i)
{
    size_t n = puppet_count(s->executor, &msg_executor_event);

    for (size_t j = 0; j < n; j++) {
        const Executor__Event *event = puppet_heard(s->executor,
                                                    &msg_executor_event, j);

        if (event->type == type && i-- == 0) {
            return event;
        }
    }
    return NULL;
}

void
agent_stage_exit(struct agent_stage *s, int status)
{
    const struct fake_child *child =
        fake_process_at(s->processes, fake_process_n(s->processes) - 1);

    ck_assert(fake_process_exit(s->processes, child->pid, status));
    actor_system_run(s->system);
}
