/* SPDX-License-Identifier: Apache-2.0
 *
 * load_agents.c - see load_agents.h.
 *
 * Thread: everything but the waiting runs on the system's one worker, so what
 * the actors share needs no care. */
#include <config.h>

#include "bench/load_agents.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/system.h>
#include <actor/uuid.h>
#include <actor/vec.h>

#include "model/resources.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"

#define PATIENCE (120 * SECOND)
#define RETRY (50 * MILLISECOND)

/* A master that still reads its registry drops what it is sent. */
#define ANSWER_TIMEOUT (200 * MILLISECOND)
#define AGENT_RESOURCES "cpus:4;mem:4096;disk:10000;ports:[31000-32000]"
#define TASK_RESOURCES "cpus:0.1;mem:32"
#define LONG_TIME 1000000.0

struct load {
    struct actor_system *system;        /* owned */
    struct upid master, scheduler;
    VEC(struct upid) agents;
    unsigned n_agents, n_tasks_each, n_tasks;
    struct resources agent_resources, task_resources;

    /* The worker's. */
    unsigned n_registered, n_ordered, n_acknowledged, n_launched;
    int64_t accepted_ns, ordered_ns;
    unsigned wanted_registered, wanted_acknowledged;
    struct actor_gate *gate;    /* owned; opened when that is so */
};

static void
must(struct error *error)
{
    if (error) {
        fprintf(stderr, "load: %s\n", error_text(error));
        exit(EXIT_FAILURE);
    }
}

static void
note(struct load *load)
{
    if (load->n_registered >= load->wanted_registered
        && load->n_acknowledged >= load->wanted_acknowledged) {
        actor_gate_open(load->gate);
    }
}

static void
wait_for(struct load *load, unsigned n_registered, unsigned n_acknowledged,
         const char *what)
{
    if (!actor_gate_wait(load->gate, PATIENCE)) {
        fprintf(stderr, "load: waited in vain until %s: %u of %u agents, %u "
                "of %u acknowledgements\n", what, load->n_registered,
                n_registered, load->n_acknowledged, n_acknowledged);
        exit(EXIT_FAILURE);
    }
}

/* --- agents --- */

struct load_agent {
    struct actor base;
    struct load *load;
    char *id;                   /* owned; NULL: none yet */
    VEC(struct message *) tasks;        /* counted; RunTask */
    struct actor_timer retry;
};

static const struct actor_msg_type msg_register = { .name = "load.register" };
static const struct actor_msg_type msg_finish = { .name = "load.finish" };

static struct load_agent *
agent_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct load_agent, base);
}

static V1__AgentInfo *
make_info(struct load_agent *a, struct message *m)
{
    V1__AgentInfo *info = message_new(m, &v1__agent_info__descriptor);

    info->hostname = message_strdup(m, "node");
    resources_encode(&a->load->agent_resources, m, &info->resources,
                     &info->n_resources);
    if (a->id) {
        info->id = message_new(m, &v1__agent_id__descriptor);
        info->id->value = message_strdup(m, a->id);
    }
    return info;
}

static V1__AgentInfo__Capability **
make_capabilities(struct message *m, size_t *ret_n)
{
    static const V1__AgentInfo__Capability__Type types[] = {
        V1__AGENT_INFO__CAPABILITY__TYPE__MULTI_ROLE,
        V1__AGENT_INFO__CAPABILITY__TYPE__HIERARCHICAL_ROLE,
        V1__AGENT_INFO__CAPABILITY__TYPE__RESERVATION_REFINEMENT,
    };
    V1__AgentInfo__Capability **list =
        message_array(m, ARRAY_SIZE(types), sizeof *list);

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        list[i] = message_new(m, &v1__agent_info__capability__descriptor);
        list[i]->has_type = true;
        list[i]->type = types[i];
    }
    *ret_n = ARRAY_SIZE(types);
    return list;
}

static void
send_register(struct load_agent *a)
{
    struct message *m = message_create(&internal__register_agent__descriptor);
    Internal__RegisterAgent *body = message_root(m);

    body->agent = make_info(a, m);
    body->version = message_strdup(m, "1.12.0");
    body->agent_capabilities =
        make_capabilities(m, &body->n_agent_capabilities);
    actor_send_message(&a->base, &a->load->master, &msg_register_agent, &m);
}

static V1__Task *
make_task(struct load_agent *a, struct message *m, struct message *order)
{
    const Internal__RunTask *run = message_root(order);
    V1__Task *task = message_new(m, &v1__task__descriptor);

    message_hold(m, order);
    task->name = run->task->name;
    task->task_id = run->task->task_id;
    task->framework_id = run->framework->id;
    task->agent_id = message_new(m, &v1__agent_id__descriptor);
    task->agent_id->value = message_strdup(m, a->id);
    task->state = V1__TASK_STATE__TASK_RUNNING;
    task->resources = run->task->resources;
    task->n_resources = run->task->n_resources;
    return task;
}

static void
send_reregister(struct load_agent *a)
{
    struct message *m =
        message_create(&internal__reregister_agent__descriptor);
    Internal__ReregisterAgent *body = message_root(m);

    body->agent = make_info(a, m);
    body->version = message_strdup(m, "1.12.0");
    body->agent_capabilities =
        make_capabilities(m, &body->n_agent_capabilities);
    body->n_tasks = a->tasks.n;
    body->tasks = message_array(m, a->tasks.n, sizeof *body->tasks);
    for (size_t i = 0; i < a->tasks.n; i++) {
        body->tasks[i] = make_task(a, m, a->tasks.data[i]);
    }
    if (a->tasks.n > 0) {
        const Internal__RunTask *run = message_root(a->tasks.data[0]);

        body->n_frameworks = 1;
        body->frameworks = message_array(m, 1, sizeof *body->frameworks);
        body->frameworks[0] = run->framework;
    }
    actor_send_message(&a->base, &a->load->master, &msg_reregister_agent, &m);
}

/* Until it is answered. */
static void
ask(struct actor *self, void *arg)
{
    struct load_agent *a = arg;

    actor_link(self, &a->load->master);
    if (a->id) {
        send_reregister(a);
    } else {
        send_register(a);
    }
    actor_timer_start(self, &a->retry, ANSWER_TIMEOUT, ask, a);
}

static void
on_register(struct actor *self, struct actor_msg *msg)
{
    (void) msg;
    ask(self, agent_cast(self));
}

static void
on_registered(struct actor *self, struct actor_msg *msg)
{
    struct load_agent *a = agent_cast(self);
    const Internal__AgentRegistered *body =
        actor_msg_root(msg, &msg_agent_registered);

    actor_timer_cancel(self, &a->retry);
    if (!a->id) {
        a->id = xstrdup(body->agent_id->value);
        a->load->n_registered++;
        note(a->load);
    }
}

static void
on_reregistered(struct actor *self, struct actor_msg *msg)
{
    struct load_agent *a = agent_cast(self);

    (void) msg;
    actor_timer_cancel(self, &a->retry);
    a->load->n_registered++;
    note(a->load);
}

static void
agent_exited(struct actor *self, const struct upid *who)
{
    struct load_agent *a = agent_cast(self);

    (void) who;
    actor_timer_start(self, &a->retry, RETRY, ask, a);
}

static void
on_ping(struct actor *self, struct actor_msg *msg)
{
    struct message *m = message_create(&internal__pong_agent__descriptor);
    struct upid from;

    actor_msg_from(msg, &from);
    actor_send_message(self, &from, &msg_pong_agent, &m);
}

static void
send_update(struct load_agent *a, const Internal__RunTask *run,
            V1__TaskState state)
{
    struct message *m = message_create(&internal__update_status__descriptor);
    Internal__UpdateStatus *body = message_root(m);
    Internal__StatusUpdate *update =
        message_new(m, &internal__status_update__descriptor);
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);
    struct uuid uuid;

    body->update = update;
    update->framework_id = message_copy(m, &run->framework->id->base);
    update->agent_id = message_new(m, &v1__agent_id__descriptor);
    update->agent_id->value = message_strdup(m, a->id);
    update->status = status;
    update->timestamp = 1;
    actor_random_uuid(&a->base, &uuid);
    update->has_uuid = true;
    update->uuid.len = sizeof uuid.bytes;
    update->uuid.data = message_alloc(m, sizeof uuid.bytes);
    memcpy(update->uuid.data, uuid.bytes, sizeof uuid.bytes);
    update->has_latest_state = true;
    update->latest_state = state;
    status->task_id = message_copy(m, &run->task->task_id->base);
    status->agent_id = update->agent_id;
    status->state = state;
    status->has_uuid = true;
    status->uuid = update->uuid;
    status->has_timestamp = true;
    status->timestamp = 1;
    actor_send_message(&a->base, &a->load->master, &msg_update_status, &m);
}

static void
on_run_task(struct actor *self, struct actor_msg *msg)
{
    struct load_agent *a = agent_cast(self);

    vec_push(&a->tasks, message_ref(actor_msg_message(msg)));
    a->load->n_ordered++;
    a->load->ordered_ns = actor_now(self);
    send_update(a, actor_msg_root(msg, &msg_run_task),
                V1__TASK_STATE__TASK_RUNNING);
}

static void
on_acknowledged(struct actor *self, struct actor_msg *msg)
{
    struct load_agent *a = agent_cast(self);

    (void) msg;
    a->load->n_acknowledged++;
    note(a->load);
}

static void
on_finish(struct actor *self, struct actor_msg *msg)
{
    struct load_agent *a = agent_cast(self);

    (void) msg;
    vec_foreach (&a->tasks, it) {
        send_update(a, message_root(*it), V1__TASK_STATE__TASK_FINISHED);
    }
}

static struct error *
agent_init(struct actor *self, void *load)
{
    agent_cast(self)->load = load;
    return NULL;
}

static void
agent_fini(struct actor *self)
{
    struct load_agent *a = agent_cast(self);

    vec_foreach (&a->tasks, it) {
        message_unref(*it);
    }
    vec_fini(&a->tasks);
    free(a->id);
}

static const struct actor_handler agent_handlers[] = {
    { &msg_register, on_register },
    { &msg_agent_registered, on_registered },
    { &msg_agent_reregistered, on_reregistered },
    { &msg_ping_agent, on_ping },
    { &msg_run_task, on_run_task },
    { &msg_acknowledge_update, on_acknowledged },
    { &msg_finish, on_finish },
};

static const struct actor_type agent_type = {
    .name = "slave", .size = sizeof(struct load_agent),
    .init = agent_init, .fini = agent_fini, .exited = agent_exited,
    .handlers = agent_handlers, .n_handlers = ARRAY_SIZE(agent_handlers),
};

/* --- the scheduler --- */

struct load_scheduler {
    struct actor base;
    struct load *load;
    char *framework_id;         /* owned; NULL: none yet */
    struct actor_timer retry;
};

static const struct actor_msg_type msg_subscribe = {
    .name = "load.subscribe",
};

static struct load_scheduler *
scheduler_cast(struct actor *self)
{
    return CONTAINER_OF(self, struct load_scheduler, base);
}

static struct message *
make_call(struct load_scheduler *s, Scheduler__Call__Type type,
          Scheduler__Call **ret)
{
    struct message *m = message_create(&scheduler__call__descriptor);

    *ret = message_root(m);
    (*ret)->has_type = true;
    (*ret)->type = type;
    if (s->framework_id) {
        (*ret)->framework_id = message_new(m, &v1__framework_id__descriptor);
        (*ret)->framework_id->value = message_strdup(m, s->framework_id);
    }
    return m;
}

static void
send_call(struct load_scheduler *s, struct message **m)
{
    actor_send_message(&s->base, &s->load->master, &msg_scheduler_call, m);
}

static void
on_subscribe(struct actor *self, struct actor_msg *msg)
{
    struct load_scheduler *s = scheduler_cast(self);
    Scheduler__Call *call;
    struct message *m =
        make_call(s, SCHEDULER__CALL__TYPE__SUBSCRIBE, &call);
    V1__FrameworkInfo *info = message_new(m, &v1__framework_info__descriptor);

    (void) msg;
    info->user = message_strdup(m, "root");
    info->name = message_strdup(m, "load");
    info->has_checkpoint = info->checkpoint = true;
    info->has_failover_timeout = true;
    info->failover_timeout = LONG_TIME;
    info->id = call->framework_id;
    call->subscribe = message_new(m, &scheduler__call__subscribe__descriptor);
    call->subscribe->framework_info = info;
    actor_link(self, &s->load->master);
    send_call(s, &m);
}

static void
on_scheduler_retry(struct actor *self, void *arg)
{
    (void) arg;
    on_subscribe(self, NULL);
}

static void
scheduler_exited(struct actor *self, const struct upid *who)
{
    (void) who;
    actor_timer_start(self, &scheduler_cast(self)->retry, RETRY,
                      on_scheduler_retry, NULL);
}

static V1__TaskInfo *
make_task_info(struct load_scheduler *s, struct message *m,
               const V1__Offer *offer)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

    task->name = message_printf(m, "t%u", s->load->n_launched++);
    task->task_id = message_new(m, &v1__task_id__descriptor);
    task->task_id->value = task->name;
    task->agent_id = offer->agent_id;
    task->command = message_new(m, &v1__command_info__descriptor);
    task->command->value = message_strdup(m, "true");
    resources_encode(&s->load->task_resources, m, &task->resources,
                     &task->n_resources);
    return task;
}

/* 'n' tasks on the offer, and what is left of it is not wanted again. */
static void
accept_offer(struct load_scheduler *s, struct message *event,
             const V1__Offer *offer, unsigned n)
{
    Scheduler__Call *call;
    struct message *m = make_call(s, SCHEDULER__CALL__TYPE__ACCEPT, &call);
    Scheduler__Call__Accept *accept =
        message_new(m, &scheduler__call__accept__descriptor);
    V1__Offer__Operation *launch =
        message_new(m, &v1__offer__operation__descriptor);

    message_hold(m, event);
    call->accept = accept;
    accept->n_offer_ids = 1;
    accept->offer_ids = message_array(m, 1, sizeof *accept->offer_ids);
    accept->offer_ids[0] = offer->id;
    accept->n_operations = 1;
    accept->operations = message_array(m, 1, sizeof *accept->operations);
    accept->operations[0] = launch;
    launch->has_type = true;
    launch->type = V1__OFFER__OPERATION__TYPE__LAUNCH;
    launch->launch = message_new(m, &v1__offer__operation__launch__descriptor);
    launch->launch->n_task_infos = n;
    launch->launch->task_infos =
        message_array(m, n, sizeof *launch->launch->task_infos);
    for (unsigned i = 0; i < n; i++) {
        launch->launch->task_infos[i] = make_task_info(s, m, offer);
    }
    accept->filters = message_new(m, &v1__filters__descriptor);
    accept->filters->has_refuse_seconds = true;
    accept->filters->refuse_seconds = LONG_TIME;
    send_call(s, &m);
}

static void
on_offers(struct load_scheduler *s, struct message *event,
          const Scheduler__Event__Offers *offers)
{
    struct load *load = s->load;

    if (load->accepted_ns == 0) {
        load->accepted_ns = actor_now(&s->base);
    }
    for (size_t i = 0; i < offers->n_offers; i++) {
        unsigned left = load->n_tasks - load->n_launched;

        accept_offer(s, event, offers->offers[i],
                     left < load->n_tasks_each ? left : load->n_tasks_each);
    }
}

static void
acknowledge(struct load_scheduler *s, struct message *event,
            const V1__TaskStatus *status)
{
    Scheduler__Call *call;
    struct message *m;

    if (!status->has_uuid) {
        return;
    }
    m = make_call(s, SCHEDULER__CALL__TYPE__ACKNOWLEDGE, &call);
    message_hold(m, event);
    call->acknowledge =
        message_new(m, &scheduler__call__acknowledge__descriptor);
    call->acknowledge->task_id = status->task_id;
    call->acknowledge->agent_id = status->agent_id;
    call->acknowledge->uuid = status->uuid;
    send_call(s, &m);
}

static void
on_event(struct actor *self, struct actor_msg *msg)
{
    struct load_scheduler *s = scheduler_cast(self);
    const Scheduler__Event *event = actor_msg_root(msg, &msg_scheduler_event);

    switch (event->type) {
    case SCHEDULER__EVENT__TYPE__SUBSCRIBED:
        if (!s->framework_id) {
            s->framework_id =
                xstrdup(event->subscribed->framework_id->value);
        }
        break;
    case SCHEDULER__EVENT__TYPE__OFFERS:
        on_offers(s, actor_msg_message(msg), event->offers);
        break;
    case SCHEDULER__EVENT__TYPE__UPDATE:
        acknowledge(s, actor_msg_message(msg), event->update->status);
        break;
    case SCHEDULER__EVENT__TYPE__ERROR:
        fprintf(stderr, "load: %s\n", event->error->message);
        exit(EXIT_FAILURE);
    default:
        break;
    }
}

static struct error *
scheduler_init(struct actor *self, void *load)
{
    scheduler_cast(self)->load = load;
    return NULL;
}

static void
scheduler_fini(struct actor *self)
{
    free(scheduler_cast(self)->framework_id);
}

static const struct actor_handler scheduler_handlers[] = {
    { &msg_subscribe, on_subscribe },
    { &msg_scheduler_event, on_event },
};

static const struct actor_type scheduler_type = {
    .name = "scheduler", .size = sizeof(struct load_scheduler),
    .init = scheduler_init, .fini = scheduler_fini,
    .exited = scheduler_exited,
    .handlers = scheduler_handlers,
    .n_handlers = ARRAY_SIZE(scheduler_handlers),
};

/* --- the load --- */

struct load *
load_create(unsigned n_agents, unsigned n_tasks_each)
{
    struct load *load = xcalloc(1, sizeof *load);
    struct actor_system_options options = {
        .n_workers = 1,
        .messages = proto_messages, .n_messages = proto_n_messages,
    };

    must(address_parse("127.0.0.1:0", &options.listen));
    load->n_agents = n_agents;
    load->n_tasks_each = n_tasks_each;
    load->n_tasks = n_agents * n_tasks_each;
    load->gate = actor_gate_create();
    must(resources_parse(AGENT_RESOURCES, "*", &load->agent_resources));
    must(resources_parse(TASK_RESOURCES, "*", &load->task_resources));
    must(actor_system_create(&options, &load->system));
    for (unsigned i = 0; i < n_agents; i++) {
        struct upid upid;

        must(actor_spawn(load->system, &agent_type, NULL, load, &upid));
        vec_push(&load->agents, upid);
    }
    must(actor_spawn(load->system, &scheduler_type, NULL, load,
                     &load->scheduler));
    return load;
}

void
load_destroy(struct load *load)
{
    actor_system_destroy(load->system);
    actor_gate_destroy(load->gate);
    vec_fini(&load->agents);
    resources_fini(&load->agent_resources);
    resources_fini(&load->task_resources);
    free(load);
}

/* What the next wait is for. */
static void
expect(struct load *load, unsigned n_registered, unsigned n_acknowledged)
{
    actor_gate_destroy(load->gate);
    load->gate = actor_gate_create();
    load->n_registered = 0;
    load->n_acknowledged = 0;
    load->wanted_registered = n_registered;
    load->wanted_acknowledged = n_acknowledged;
}

static void
tell_agents(struct load *load, const struct actor_msg_type *type)
{
    vec_foreach (&load->agents, it) {
        struct actor_msg *msg = actor_msg_create(type);

        actor_post(load->system, it, &msg);
    }
}

void
load_register(struct load *load, const struct upid *master)
{
    load->master = *master;
    expect(load, load->n_agents, 0);
    tell_agents(load, &msg_register);
    wait_for(load, load->n_agents, 0, "all agents are registered");
}

void
load_launch(struct load *load)
{
    struct actor_msg *msg = actor_msg_create(&msg_subscribe);

    expect(load, 0, load->n_tasks);
    actor_post(load->system, &load->scheduler, &msg);
    wait_for(load, 0, load->n_tasks, "all tasks run");
}

int64_t
load_accepted_ns(const struct load *load)
{
    return load->accepted_ns;
}

int64_t
load_ordered_ns(const struct load *load)
{
    return load->ordered_ns;
}

void
load_expect_return(struct load *load)
{
    expect(load, load->n_agents, 0);
}

void
load_wait_return(struct load *load)
{
    wait_for(load, load->n_agents, 0, "all agents are back");
}

void
load_finish(struct load *load)
{
    expect(load, 0, load->n_tasks);
    tell_agents(load, &msg_finish);
    wait_for(load, 0, load->n_tasks, "all tasks have finished");
}
