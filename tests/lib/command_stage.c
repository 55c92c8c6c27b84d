/* SPDX-License-Identifier: Apache-2.0
 *
 * command_stage.c - a command executor and an agent by hand; see
 * command_stage.h. */
#include <config.h>

#include "tests/lib/command_stage.h"

#include <check.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/system.h>

#include "executor/command_executor.h"
#include "proto/messages.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/recorder.h"

struct command_stage t;

/* --- the stage --- */

void
set_up(bool checkpoint)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };
    struct command_executor_options executor = {
        .environment = &t.environment,
        .ret_is_acknowledged = &t.is_acknowledged,
    };
    struct upid upid;

    memset(&t, 0, sizeof t);
    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    t.agent = recorder_start(t.system, "slave(1)");
    t.environment = (struct executor_environment) {
        .agent = *recorder_upid(t.agent),
        .agent_id = (char *) "S0", .framework_id = (char *) "F0",
        .executor_id = (char *) "a", .directory = (char *) "/",
        .checkpoint = checkpoint, .is_local = true,
        .grace_ns = 5 * SECOND, .recovery_timeout_ns = 15 * MINUTE,
        .backoff_max_ns = 2 * SECOND,
    };
    t.done = actor_gate_create();
    executor.done = t.done;
    ck_assert_ptr_null(command_executor_start(t.system, &executor, &upid));
    ck_assert_ptr_null(actor_system_upid(t.system, "executor(1)",
                                         &t.session));
    actor_system_run(t.system);
}

void
tear_down(void)
{
    actor_system_destroy(t.system);
    fake_process_destroy(t.processes);
    recorder_destroy(t.agent);
    actor_gate_destroy(t.done);
}

void
advance(int64_t ns)
{
    actor_system_advance(t.system, ns);
}

/* --- what the agent says --- */

struct message *
make_event(Executor__Event__Type type)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    event->has_type = true;
    event->type = type;
    return m;
}

void
say(struct message *event)
{
    recorder_send(t.agent, &t.session, &msg_executor_event, &event);
    actor_system_run(t.system);
}

void *
make_id(struct message *m, const ProtobufCMessageDescriptor *descriptor,
        const char *text)
{
    V1__TaskID *id = message_new(m, descriptor);

    id->value = message_strdup(m, text);
    return id;
}

void
say_subscribed(bool knows_killing)
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__SUBSCRIBED);
    Executor__Event *event = message_root(m);
    Executor__Event__Subscribed *s =
        message_new(m, &executor__event__subscribed__descriptor);

    event->subscribed = s;
    s->executor_info = message_new(m, &v1__executor_info__descriptor);
    s->executor_info->executor_id = make_id(m, &v1__executor_id__descriptor,
                                            "a");
    s->framework_info = message_new(m, &v1__framework_info__descriptor);
    s->framework_info->user = message_strdup(m, "u");
    s->framework_info->name = message_strdup(m, "f");
    if (knows_killing) {
        V1__FrameworkInfo__Capability *capability =
            message_new(m, &v1__framework_info__capability__descriptor);

        capability->has_type = true;
        capability->type =
            V1__FRAMEWORK_INFO__CAPABILITY__TYPE__TASK_KILLING_STATE;
        s->framework_info->capabilities = message_array(m, 1,
                                                        sizeof capability);
        s->framework_info->capabilities[0] = capability;
        s->framework_info->n_capabilities = 1;
    }
    s->agent_info = message_new(m, &v1__agent_info__descriptor);
    s->agent_info->hostname = message_strdup(m, "here");
    say(m);
}

struct message *
make_launch(const char *command, V1__TaskInfo **ret_task)
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__LAUNCH);
    Executor__Event *event = message_root(m);
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

    event->launch = message_new(m, &executor__event__launch__descriptor);
    event->launch->task = task;
    task->name = message_strdup(m, "a");
    task->task_id = make_id(m, &v1__task_id__descriptor, "a");
    task->agent_id = make_id(m, &v1__agent_id__descriptor, "S0");
    task->command = message_new(m, &v1__command_info__descriptor);
    task->command->value = message_strdup(m, command);
    *ret_task = task;
    return m;
}

void
launch(const char *command)
{
    V1__TaskInfo *task;

    say(make_launch(command, &task));
}

struct message *
make_kill(void)
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__KILL);
    Executor__Event *event = message_root(m);

    event->kill = message_new(m, &executor__event__kill__descriptor);
    event->kill->task_id = make_id(m, &v1__task_id__descriptor, "a");
    return m;
}

void
say_kill(void)
{
    say(make_kill());
}

void
say_kill_with_grace(int64_t grace_ns)
{
    struct message *m = make_kill();
    Executor__Event *event = message_root(m);
    V1__KillPolicy *policy = message_new(m, &v1__kill_policy__descriptor);

    policy->grace_period = message_new(m, &v1__duration_info__descriptor);
    policy->grace_period->nanoseconds = grace_ns;
    event->kill->kill_policy = policy;
    say(m);
}

/* --- what the executor said --- */

size_t
count_updates(void)
{
    size_t n = 0;

    for (size_t i = 0; i < recorder_count(t.agent, &msg_executor_call); i++) {
        const Executor__Call *call = recorder_get(t.agent, &msg_executor_call,
                                                  i);

        n += call->type == EXECUTOR__CALL__TYPE__UPDATE;
    }
    return n;
}

const V1__TaskStatus *
last_status(void)
{
    const Executor__Call *call = recorder_last(t.agent, &msg_executor_call);

    ck_assert_int_eq(call->type, EXECUTOR__CALL__TYPE__UPDATE);
    return call->update->status;
}

void
acknowledge_last(void)
{
    const V1__TaskStatus *status = last_status();
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__ACKNOWLEDGED);
    Executor__Event *event = message_root(m);

    event->acknowledged =
        message_new(m, &executor__event__acknowledged__descriptor);
    event->acknowledged->task_id = make_id(m, &v1__task_id__descriptor, "a");
    event->acknowledged->uuid.len = status->uuid.len;
    event->acknowledged->uuid.data = message_alloc(m, status->uuid.len);
    memcpy(event->acknowledged->uuid.data, status->uuid.data,
           status->uuid.len);
    say(m);
}

const struct fake_child *
child(void)
{
    return fake_process_at(t.processes, 0);
}

void
end_command(int status)
{
    ck_assert(fake_process_exit(t.processes, child()->pid, status));
    actor_system_run(t.system);
}

void
set_up_running(void)
{
    set_up(false);
    say_subscribed(true);
    launch("true");
}
