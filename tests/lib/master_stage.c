/* SPDX-License-Identifier: Apache-2.0
 *
 * master_stage.c - a master among puppets. */
#include <config.h>

#include "tests/lib/master_stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

struct stage
stage_create(void)
{
    static const struct log_options quiet = {
        .program = "test_master", .quiet = true,
    };
    struct actor_system_options options = {
        .manual = true, .seed = 1, .delegate = "master",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct stage s = { 0 };

    ck_assert_ptr_null(log_init(&quiet));
    master_flags_init(&s.flags);
    s.flags.hostname = xstrdup("localhost");
    free(s.flags.registry);
    s.flags.registry = xstrdup("in_memory");
    ck_assert_ptr_null(actor_system_create(&options, &s.system));
    return s;
}

void
stage_open(struct stage *s)
{
    ck_assert_ptr_null(master_start(s->system, &s->flags, &s->master));
    s->agent = puppet_create(s->system, "slave(1)");
    s->scheduler = puppet_create(s->system, "scheduler-1");
    actor_system_run(s->system);
}

void
stage_close(struct stage *s)
{
    actor_system_destroy(s->system);
    puppet_destroy(s->agent);
    puppet_destroy(s->scheduler);
    master_flags_fini(&s->flags);
}

double
metric(struct stage *s, const char *name)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(s->system), name, &value));
    return value;
}

/* --- what agents do --- */

void
register_agent(struct stage *s)
{
    const Internal__AgentRegistered *registered;

    puppet_say(s->agent, &s->master, &msg_register_agent,
               "{\"agent\":" AGENT_INFO("") ",\"version\":\"1.12.0\","
               "\"agent_capabilities\":[{\"type\":\"MULTI_ROLE\"},"
               "{\"type\":\"HIERARCHICAL_ROLE\"},"
               "{\"type\":\"RESERVATION_REFINEMENT\"}]}");
    registered = puppet_heard(s->agent, &msg_agent_registered, 0);
    snprintf(s->agent_id, sizeof s->agent_id, "%s",
             registered->agent_id->value);
}

void
update(struct stage *s, const char *task, const char *state, const char *uuid)
{
    puppet_say(s->agent, &s->master, &msg_update_status,
               "{\"update\":{\"framework_id\":{\"value\":\"%s\"},"
               "\"agent_id\":{\"value\":\"%s\"},\"timestamp\":1,"
               "\"uuid\":\"%s\",\"status\":{\"task_id\":{\"value\":\"%s\"},"
               "\"state\":\"%s\",\"uuid\":\"%s\"}}}", s->framework_id,
               s->agent_id, uuid, task, state, uuid);
}

/* --- what schedulers do --- */

const Scheduler__Event *
event(const struct puppet *scheduler, size_t i)
{
    return puppet_heard(scheduler, &msg_scheduler_event, i);
}

size_t
n_events(const struct puppet *scheduler, Scheduler__Event__Type type)
{
    size_t n = puppet_count(scheduler, &msg_scheduler_event);
    size_t n_of_type = 0;

    for (size_t i = 0; i < n; i++) {
        n_of_type += event(scheduler, i)->type == type;
    }
    return n_of_type;
}

const Scheduler__Event *
event_of(const struct puppet *scheduler, Scheduler__Event__Type type, size_t i)
{
    for (size_t j = 0; ; j++) {
        const Scheduler__Event *e = event(scheduler, j);

        if (e->type == type && i-- == 0) {
            return e;
        }
    }
}

const V1__TaskStatus *
status(const struct puppet *scheduler, size_t i)
{
    return event_of(scheduler, SCHEDULER__EVENT__TYPE__UPDATE, i)
        ->update->status;
}

size_t
n_offers(const struct puppet *scheduler)
{
    return n_events(scheduler, SCHEDULER__EVENT__TYPE__OFFERS);
}

const V1__Offer *
offer(const struct puppet *scheduler, size_t i)
{
    return event_of(scheduler, SCHEDULER__EVENT__TYPE__OFFERS, i)
        ->offers->offers[0];
}

double
scalar(const V1__Offer *o, const char *name)
{
    for (size_t i = 0; i < o->n_resources; i++) {
        if (!strcmp(o->resources[i]->name, name)) {
            return o->resources[i]->scalar->value;
        }
    }
    return 0;
}

void
subscribe(struct stage *s, struct puppet *scheduler, const char *info)
{
    puppet_say(scheduler, &s->master, &msg_scheduler_call,
               "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{"
               "%s\"user\":\"root\",\"name\":\"test\"}}}", info);
}

void
subscribe_first(struct stage *s, const char *info)
{
    const Scheduler__Event *e;

    subscribe(s, s->scheduler, info);
    e = event(s->scheduler, 0);
    ck_assert_int_eq(e->type, SCHEDULER__EVENT__TYPE__SUBSCRIBED);
    snprintf(s->framework_id, sizeof s->framework_id, "%s",
             e->subscribed->framework_id->value);
}

void
call(struct stage *s, const char *type, const char *fmt, ...)
{
    char body[4096];
    va_list args;

    va_start(args, fmt);
    vsnprintf(body, sizeof body, fmt, args);
    va_end(args);
    puppet_say(s->scheduler, &s->master, &msg_scheduler_call,
               "{\"type\":\"%s\",\"framework_id\":{\"value\":\"%s\"}%s}",
               type, s->framework_id, body);
}

void
launch(struct stage *s, const char *offer_id, const char *task, double cpus,
       double refuse_seconds)
{
    call(s, "ACCEPT",
         ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":%g},\"operations\":[{"
         "\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{"
         "\"name\":\"%s\",\"task_id\":{\"value\":\"%s\"},"
         "\"agent_id\":{\"value\":\"%s\"},\"command\":{\"value\":\"true\"},"
         "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":%g}},{\"name\":\"mem\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":64}}]}]}}]}",
         offer_id, refuse_seconds, task, task, s->agent_id, cpus);
}

void
acknowledge(struct stage *s, const char *task, const char *uuid)
{
    call(s, "ACKNOWLEDGE",
         ",\"acknowledge\":{\"agent_id\":{\"value\":\"%s\"},"
         "\"task_id\":{\"value\":\"%s\"},\"uuid\":\"%s\"}", s->agent_id, task,
         uuid);
}

void
decline(struct stage *s, const char *offer_id, double refuse_seconds)
{
    call(s, "DECLINE",
         ",\"decline\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":%g}}", offer_id, refuse_seconds);
}

void
stage_with_offer(struct stage *s, const char *info)
{
    stage_open(s);
    register_agent(s);
    subscribe_first(s, info);
    ck_assert_uint_eq(n_offers(s->scheduler), 1);
}

void
stage_with_task(struct stage *s, const char *info)
{
    stage_with_offer(s, info);
    launch(s, offer(s->scheduler, 0)->id->value, "t", 1, 1000);
    ck_assert_uint_eq(puppet_count(s->agent, &msg_run_task), 1);
    update(s, "t", "TASK_RUNNING", UUID_1);
    acknowledge(s, "t", UUID_1);
    puppet_forget(s->agent);
    puppet_forget(s->scheduler);
}

bool
ends_with(const char *s, const char *end)
{
    return strlen(s) >= strlen(end)
        && !strcmp(s + strlen(s) - strlen(end), end);
}
