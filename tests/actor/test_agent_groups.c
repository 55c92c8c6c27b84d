/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent_groups.c - task groups on an agent: the executor of type DEFAULT
 * that it starts for them, and what it refuses. */
#include <config.h>

#include "agent/agent.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/recorder.h"
#include "tests/lib/test.h"

static struct {
    struct fake_process *processes;
    struct actor_system *system;
    struct agent_flags flags;
    struct recorder *master;
    struct recorder *executor;
    struct upid agent;
} t;

/* --- the stage --- */

static void
run(void)
{
    actor_system_run(t.system);
}

/* All ids look alike. */
static void *
make_id(struct message *m, const ProtobufCMessageDescriptor *descriptor,
        const char *text)
{
    V1__TaskID *id = message_new(m, descriptor);

    id->value = message_strdup(m, text);
    return id;
}

static void
say_registered(void)
{
    struct message *m =
        message_create(&internal__agent_registered__descriptor);
    Internal__AgentRegistered *root = message_root(m);

    root->agent_id = make_id(m, &v1__agent_id__descriptor, "S0");
    recorder_send(t.master, &t.agent, &msg_agent_registered, &m);
    run();
}

static void
set_up(void)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };
    autofree char *directory = test_temp_dir();
    autofree char *work_dir = xasprintf("--work_dir=%s", directory);
    char *argv[] = {
        (char *) "mesos-agent", work_dir, (char *) "--no-switch_user",
        (char *) "--resources=cpus:4;mem:1024;disk:1024",
        (char *) "--launcher_dir=/nowhere",
    };

    memset(&t, 0, sizeof t);
    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    t.master = recorder_start(t.system, "master");
    t.executor = recorder_start(t.system, NULL);
    ck_assert_ptr_null(flags_load(agent_flag_table, agent_n_flags, &t.flags,
                                  ARRAY_SIZE(argv), argv, NULL, NULL));
    ck_assert_ptr_null(agent_start(t.system, &t.flags,
                                   recorder_upid(t.master), &t.agent));
    actor_system_advance(t.system, 2 * SECOND);
    say_registered();
    recorder_clear(t.master);
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    fake_process_destroy(t.processes);
    recorder_destroy(t.master);
    recorder_destroy(t.executor);
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
}

/* --- orders --- */

static V1__TaskInfo *
make_task(struct message *m, const char *id)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

    task->name = message_strdup(m, id);
    task->task_id = make_id(m, &v1__task_id__descriptor, id);
    task->agent_id = make_id(m, &v1__agent_id__descriptor, "S0");
    task->command = message_new(m, &v1__command_info__descriptor);
    task->command->value = message_strdup(m, "sleep 1000");
    return task;
}

/* A group of two tasks for executor "e", to be filled in and sent. */
static struct message *
make_group(const char *first, const char *second, bool launch_executor)
{
    struct message *m = message_create(&internal__run_task_group__descriptor);
    Internal__RunTaskGroup *root = message_root(m);

    root->framework = message_new(m, &v1__framework_info__descriptor);
    root->framework->user = message_strdup(m, "nobody");
    root->framework->name = message_strdup(m, "f");
    root->framework->id = make_id(m, &v1__framework_id__descriptor, "F0");
    root->executor = message_new(m, &v1__executor_info__descriptor);
    root->executor->has_type = true;
    root->executor->type = V1__EXECUTOR_INFO__TYPE__DEFAULT;
    root->executor->executor_id = make_id(m, &v1__executor_id__descriptor,
                                          "e");
    root->task_group = message_new(m, &v1__task_group_info__descriptor);
    root->task_group->tasks = message_array(m, 2, sizeof(void *));
    root->task_group->tasks[0] = make_task(m, first);
    root->task_group->tasks[1] = make_task(m, second);
    root->task_group->n_tasks = 2;
    root->has_launch_executor = true;
    root->launch_executor = launch_executor;
    return m;
}

static void
order(struct message *group)
{
    recorder_send(t.master, &t.agent, &msg_run_task_group, &group);
    run();
}

static void
subscribe(void)
{
    struct message *m = message_create(&executor__call__descriptor);
    Executor__Call *call = message_root(m);

    call->has_type = true;
    call->type = EXECUTOR__CALL__TYPE__SUBSCRIBE;
    call->executor_id = make_id(m, &v1__executor_id__descriptor, "e");
    call->framework_id = make_id(m, &v1__framework_id__descriptor, "F0");
    recorder_send(t.executor, &t.agent, &msg_executor_call, &m);
    run();
}

static V1__Volume *
add_volume(struct message *m, V1__TaskInfo *task)
{
    V1__Volume *volume = message_new(m, &v1__volume__descriptor);

    volume->container_path = message_strdup(m, "data");
    volume->mode = V1__VOLUME__MODE__RW;
    task->container = message_new(m, &v1__container_info__descriptor);
    task->container->type = V1__CONTAINER_INFO__TYPE__MESOS;
    task->container->volumes = message_array(m, 1, sizeof volume);
    task->container->volumes[0] = volume;
    task->container->n_volumes = 1;
    return volume;
}

static const V1__TaskStatus *
status_at(size_t i)
{
    const Internal__UpdateStatus *update =
        recorder_get(t.master, &msg_update_status, i);

    return update->update->status;
}

/* --- the tests --- */

START_TEST(default_executor_is_a_program_of_the_agent)
{
    set_up();

    order(make_group("a", "b", true));

    const struct fake_child *child = fake_process_at(t.processes, 0);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    ck_assert_str_eq(child->path, "/nowhere/mesos-default-executor");
    ck_assert_str_eq(child->argv[0], "mesos-default-executor");
    ck_assert_str_eq(child->argv[1], "--launcher_dir=/nowhere");
    ck_assert_str_eq(child->argv[2], "--no-switch_user");
    ck_assert_str_eq(child->argv[3], "--fetcher_stall_timeout=1mins");
    ck_assert_ptr_null(child->argv[4]);
    ck_assert_str_eq(fake_child_getenv(child, "MESOS_EXECUTOR_ID"), "e");
    tear_down();
}
END_TEST

START_TEST(groups_are_handed_to_their_executor_one_by_one)
{
    set_up();
    order(make_group("a", "b", true));
    subscribe();

    order(make_group("c", "d", false));

    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    const Executor__Event *event = recorder_last(t.executor,
                                                 &msg_executor_event);
    ck_assert_int_eq(event->type, EXECUTOR__EVENT__TYPE__LAUNCH_GROUP);
    ck_assert_uint_eq(event->launch_group->task_group->n_tasks, 2);
    ck_assert_str_eq(
        event->launch_group->task_group->tasks[0]->task_id->value, "c");
    tear_down();
}
END_TEST

/* The master compares it with that of groups to come. */
START_TEST(executor_info_stays_as_the_framework_gave_it)
{
    set_up();
    order(make_group("a", "b", true));
    subscribe();

    const Executor__Event *event = recorder_get(t.executor,
                                                &msg_executor_event, 0);
    ck_assert_int_eq(event->type, EXECUTOR__EVENT__TYPE__SUBSCRIBED);
    ck_assert_ptr_null(event->subscribed->executor_info->command);
    tear_down();
}
END_TEST

START_TEST(task_of_a_group_may_have_volumes_of_a_sandbox)
{
    set_up();
    struct message *m = make_group("a", "b", true);
    Internal__RunTaskGroup *root = message_root(m);
    V1__Volume *volume = add_volume(m, root->task_group->tasks[1]);

    volume->source = message_new(m, &v1__volume__source__descriptor);
    volume->source->has_type = true;
    volume->source->type = V1__VOLUME__SOURCE__TYPE__SANDBOX_PATH;
    order(m);

    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 0);
    tear_down();
}
END_TEST

START_TEST(group_with_a_task_that_cannot_be_run_fails_as_a_whole)
{
    set_up();
    struct message *m = make_group("a", "b", true);
    Internal__RunTaskGroup *root = message_root(m);
    V1__Volume *volume = add_volume(m, root->task_group->tasks[1]);

    volume->host_path = message_strdup(m, "/etc");
    order(m);

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 2);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(status_at(i)->state, V1__TASK_STATE__TASK_FAILED);
        ck_assert_int_eq(
            status_at(i)->reason,
            V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED);
    }
    ck_assert_uint_eq(recorder_count(t.master, &msg_exited_executor), 1);
    tear_down();
}
END_TEST

static void
add_uri(struct message *m, V1__CommandInfo *command, const char *value)
{
    command->uris = message_array(m, 1, sizeof(void *));
    command->uris[0] = message_new(m, &v1__command_info__uri__descriptor);
    command->uris[0]->value = message_strdup(m, value);
    command->n_uris = 1;
}

START_TEST(group_may_have_files_to_fetch_and_limits)
{
    set_up();
    struct message *m = make_group("a", "b", true);
    Internal__RunTaskGroup *root = message_root(m);
    V1__TaskInfo *task = root->task_group->tasks[1];
    V1__RLimitInfo__RLimit *limit =
        message_new(m, &v1__rlimit_info__rlimit__descriptor);

    add_uri(m, task->command, "/etc/hosts");
    limit->has_type = true;
    limit->type = V1__RLIMIT_INFO__RLIMIT__TYPE__RLMT_CORE;
    task->container = message_new(m, &v1__container_info__descriptor);
    task->container->type = V1__CONTAINER_INFO__TYPE__MESOS;
    task->container->rlimit_info = message_new(
        m, &v1__rlimit_info__descriptor);
    task->container->rlimit_info->rlimits = message_array(m, 1, sizeof limit);
    task->container->rlimit_info->rlimits[0] = limit;
    task->container->rlimit_info->n_rlimits = 1;
    order(m);

    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 0);
    tear_down();
}
END_TEST

/* Rather than to run the others without it. */
START_TEST(group_with_a_file_that_cannot_be_fetched_is_refused)
{
    set_up();
    struct message *m = make_group("a", "b", true);
    Internal__RunTaskGroup *root = message_root(m);
    V1__CommandInfo *command = root->task_group->tasks[1]->command;

    add_uri(m, command, "/etc/ho'sts");
    order(m);

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 2);
    ck_assert_int_eq(status_at(0)->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_ptr_nonnull(strstr(status_at(0)->message,
                                 "Failed to fetch all URIs: "));
    tear_down();
}
END_TEST

static Suite *
agent_groups_suite(void)
{
    Suite *suite = suite_create("agent_groups");

    test_add(suite, "program", default_executor_is_a_program_of_the_agent);
    test_add(suite, "second", groups_are_handed_to_their_executor_one_by_one);
    test_add(suite, "info", executor_info_stays_as_the_framework_gave_it);
    test_add(suite, "volume", task_of_a_group_may_have_volumes_of_a_sandbox);
    test_add(suite, "refuse",
             group_with_a_task_that_cannot_be_run_fails_as_a_whole);
    test_add(suite, "fetch", group_may_have_files_to_fetch_and_limits);
    test_add(suite, "uri",
             group_with_a_file_that_cannot_be_fetched_is_refused);
    return suite;
}

TEST_MAIN(agent_groups_suite)
