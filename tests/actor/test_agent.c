/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent.c - the agent, with a master and executors that do what the test
 * says, and processes that are only written down. */
#include <config.h>

#include "agent/agent.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/puppet.h"
#include "tests/lib/recorder.h"
#include "tests/lib/test.h"

#define AGENT_ID "S0"
#define FRAMEWORK_ID "F0"

static struct {
    struct fake_process *processes;
    struct actor_system *system;
    struct agent_flags flags;
    struct recorder *master;
    struct recorder *executor;
    struct upid agent;
    char *work_dir;
} t;

/* --- the stage --- */

static void
start_agent(void)
{
    char *argv[5] = { (char *) "mesos-agent" };
    struct error *error;

    /* Given as it stands to where we are: nothing may depend on that. */
    t.work_dir = test_temp_dir();
    ck_assert_int_eq(chdir(t.work_dir), 0);
    argv[1] = xstrdup("--work_dir=.");
    argv[2] = (char *) "--no-switch_user";
    argv[3] = (char *) "--resources=cpus:4;mem:1024;disk:1024";
    argv[4] = (char *) "--launcher_dir=/bin/..";
    error = flags_load(agent_flag_table, agent_n_flags, &t.flags, 5, argv,
                       NULL, NULL);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    free(argv[1]);
    /* The disk of whoever runs the test may be full. */
    t.flags.disk_watch_interval = 100 * WEEK;
    error = agent_start(t.system, &t.flags, recorder_upid(t.master),
                        &t.agent);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static void
set_up(void)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };

    memset(&t, 0, sizeof t);
    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    t.master = recorder_start(t.system, "master");
    t.executor = recorder_start(t.system, NULL);
    start_agent();
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    fake_process_destroy(t.processes);
    recorder_destroy(t.master);
    recorder_destroy(t.executor);
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
    free(t.work_dir);
}

static void
run(void)
{
    actor_system_run(t.system);
}

static void
advance(int64_t ns)
{
    actor_system_advance(t.system, ns);
}

/* --- what the master says --- */

#define MESSAGE(m, TYPE, prefix) \
    struct message *m = message_create(&prefix##__descriptor); \
    TYPE *root = message_root(m)

/* All ids look alike. */
#define ID(m, prefix, text) make_id((m), &prefix##__descriptor, (text))

static void *
make_id(struct message *m, const ProtobufCMessageDescriptor *descriptor,
        const char *text)
{
    V1__TaskID *id = message_new(m, descriptor);

    id->value = message_strdup(m, text);
    return id;
}

static void
from_master(const struct actor_msg_type *type, struct message *m)
{
    recorder_send(t.master, &t.agent, type, &m);
    run();
}

static void
say_registered(void)
{
    MESSAGE(m, Internal__AgentRegistered, internal__agent_registered);

    root->agent_id = ID(m, v1__agent_id, AGENT_ID);
    from_master(&msg_agent_registered, m);
}

static void
set_up_registered(void)
{
    set_up();
    advance(2 * SECOND);
    say_registered();
    recorder_clear(t.master);
}

static V1__TaskInfo *
make_task(struct message *m, const char *id)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

    task->name = message_strdup(m, id);
    task->task_id = ID(m, v1__task_id, id);
    task->agent_id = ID(m, v1__agent_id, AGENT_ID);
    task->command = message_new(m, &v1__command_info__descriptor);
    task->command->value = message_strdup(m, "sleep 1000");
    return task;
}

static V1__FrameworkInfo *
make_framework(struct message *m, bool knows_partitions)
{
    V1__FrameworkInfo *info = message_new(m, &v1__framework_info__descriptor);

    info->user = message_strdup(m, "nobody");
    info->name = message_strdup(m, "f");
    info->id = ID(m, v1__framework_id, FRAMEWORK_ID);
    if (knows_partitions) {
        info->capabilities = message_array(m, 1, sizeof *info->capabilities);
        info->capabilities[0] =
            message_new(m, &v1__framework_info__capability__descriptor);
        info->capabilities[0]->has_type = true;
        info->capabilities[0]->type =
            V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE;
        info->n_capabilities = 1;
    }
    return info;
}

static void
say_run_task(const char *id)
{
    MESSAGE(m, Internal__RunTask, internal__run_task);

    root->framework = make_framework(m, false);
    root->task = make_task(m, id);
    from_master(&msg_run_task, m);
}

static void
say_kill(const char *id)
{
    MESSAGE(m, Internal__KillTask, internal__kill_task);

    root->framework_id = ID(m, v1__framework_id, FRAMEWORK_ID);
    root->task_id = ID(m, v1__task_id, id);
    from_master(&msg_kill_task, m);
}

static void
say_shutdown_framework(void)
{
    MESSAGE(m, Internal__ShutdownFramework, internal__shutdown_framework);

    root->framework_id = ID(m, v1__framework_id, FRAMEWORK_ID);
    from_master(&msg_shutdown_framework, m);
}

static const V1__TaskStatus *
last_status(void)
{
    const Internal__UpdateStatus *update = recorder_last(t.master,
                                                         &msg_update_status);

    return update->update->status;
}

static void
acknowledge_last(void)
{
    const V1__TaskStatus *status = last_status();
    MESSAGE(m, Internal__AcknowledgeUpdate, internal__acknowledge_update);

    root->agent_id = ID(m, v1__agent_id, AGENT_ID);
    root->framework_id = ID(m, v1__framework_id, FRAMEWORK_ID);
    root->task_id = ID(m, v1__task_id, status->task_id->value);
    root->uuid.len = status->uuid.len;
    root->uuid.data = message_alloc(m, status->uuid.len);
    memcpy(root->uuid.data, status->uuid.data, status->uuid.len);
    from_master(&msg_acknowledge_update, m);
}

/* --- what an executor says --- */

static struct message *
make_call(const char *executor_id, Executor__Call__Type type)
{
    MESSAGE(m, Executor__Call, executor__call);

    root->has_type = true;
    root->type = type;
    root->executor_id = ID(m, v1__executor_id, executor_id);
    root->framework_id = ID(m, v1__framework_id, FRAMEWORK_ID);
    return m;
}

static void
subscribe(const char *executor_id)
{
    struct message *m = make_call(executor_id,
                                  EXECUTOR__CALL__TYPE__SUBSCRIBE);

    recorder_send(t.executor, &t.agent, &msg_executor_call, &m);
    run();
}

static void
send_status(const char *id, V1__TaskState state, uint8_t uuid)
{
    struct message *m = make_call(id, EXECUTOR__CALL__TYPE__UPDATE);
    Executor__Call *call = message_root(m);
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

    call->update = message_new(m, &executor__call__update__descriptor);
    call->update->status = status;
    status->task_id = ID(m, v1__task_id, id);
    status->state = state;
    status->has_uuid = true;
    status->uuid.len = 16;
    status->uuid.data = message_alloc(m, 16);
    memset(status->uuid.data, uuid, 16);
    recorder_send(t.executor, &t.agent, &msg_executor_call, &m);
    run();
}

static size_t
count_events(Executor__Event__Type type)
{
    size_t n = 0;

    for (size_t i = 0; i < recorder_count(t.executor, &msg_executor_event);
         i++) {
        const Executor__Event *event =
            recorder_get(t.executor, &msg_executor_event, i);

        n += event->type == type;
    }
    return n;
}

static void
run_to_running(const char *id)
{
    say_run_task(id);
    subscribe(id);
    send_status(id, V1__TASK_STATE__TASK_RUNNING, 1);
    acknowledge_last();
}

static void
exit_process(int status)
{
    const struct fake_child *child =
        fake_process_at(t.processes, fake_process_n(t.processes) - 1);

    ck_assert(fake_process_exit(t.processes, child->pid, status));
    run();
}

static double
metric(const char *name)
{
    double value = -1;

    ck_assert_msg(metrics_get(actor_system_metrics(t.system), name, &value),
                  "no %s", name);
    return value;
}

#define ck_metric(NAME, VALUE) \
    ck_assert_double_eq(metric("slave/" NAME), (VALUE))

/* --- registering --- */

START_TEST(agent_registers_with_its_resources)
{
    set_up();

    advance(2 * SECOND);

    ck_assert_uint_ge(recorder_count(t.master, &msg_register_agent), 1);
    const Internal__RegisterAgent *m = recorder_get(t.master,
                                                    &msg_register_agent, 0);
    ck_assert_uint_eq(m->agent->n_resources, 4);
    ck_assert_str_eq(m->version, "1.12.0");
    ck_assert_ptr_null(m->agent->id);
    tear_down();
}
END_TEST

START_TEST(registration_is_repeated_until_it_is_answered)
{
    set_up();
    advance(10 * MINUTE);
    size_t n = recorder_count(t.master, &msg_register_agent);
    ck_assert_uint_gt(n, 5);

    say_registered();
    advance(1 * MINUTE);

    ck_assert_uint_eq(recorder_count(t.master, &msg_register_agent), n);
    tear_down();
}
END_TEST

START_TEST(ping_is_answered)
{
    set_up_registered();
    MESSAGE(m, Internal__PingAgent, internal__ping_agent);

    root->connected = true;
    from_master(&msg_ping_agent, m);

    ck_assert_uint_eq(recorder_count(t.master, &msg_pong_agent), 1);
    ck_assert_uint_eq(recorder_count(t.master, &msg_reregister_agent), 0);
    tear_down();
}
END_TEST

START_TEST(agent_that_is_said_to_be_disconnected_registers_again)
{
    set_up_registered();
    MESSAGE(m, Internal__PingAgent, internal__ping_agent);

    root->connected = false;
    from_master(&msg_ping_agent, m);
    ck_metric("registered", 0);
    advance(2 * SECOND);

    ck_assert_uint_ge(recorder_count(t.master, &msg_reregister_agent), 1);
    tear_down();
}
END_TEST

START_TEST(agent_without_pings_registers_again)
{
    set_up_registered();

    advance(74 * SECOND);
    ck_assert_uint_eq(recorder_count(t.master, &msg_reregister_agent), 0);
    advance(3 * SECOND);

    ck_assert_uint_ge(recorder_count(t.master, &msg_reregister_agent), 1);
    tear_down();
}
END_TEST

START_TEST(agent_comes_back_to_a_new_master_with_its_tasks)
{
    set_up_registered();
    run_to_running("a");

    recorder_stop(t.master);
    run();
    recorder_destroy(t.master);
    t.master = recorder_start(t.system, "master");
    advance(5 * SECOND);

    const Internal__ReregisterAgent *m =
        recorder_get(t.master, &msg_reregister_agent, 0);
    ck_assert_str_eq(m->agent->id->value, AGENT_ID);
    ck_assert_uint_eq(m->n_tasks, 1);
    ck_assert_str_eq(m->tasks[0]->task_id->value, "a");
    ck_assert_int_eq(m->tasks[0]->state, V1__TASK_STATE__TASK_RUNNING);
    ck_assert_uint_eq(m->n_frameworks, 1);
    ck_assert_uint_eq(m->n_executor_infos, 0);
    tear_down();
}
END_TEST

START_TEST(task_the_agent_does_not_know_is_reported_lost)
{
    set_up_registered();
    advance(80 * SECOND);
    MESSAGE(m, Internal__AgentReregistered, internal__agent_reregistered);
    Internal__ReconcileTasks *tasks =
        message_new(m, &internal__reconcile_tasks__descriptor);
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

    root->agent_id = ID(m, v1__agent_id, AGENT_ID);
    root->reconciliations = message_array(m, 1, sizeof tasks);
    root->reconciliations[0] = tasks;
    root->n_reconciliations = 1;
    tasks->framework_id = ID(m, v1__framework_id, FRAMEWORK_ID);
    tasks->statuses = message_array(m, 1, sizeof status);
    tasks->statuses[0] = status;
    tasks->n_statuses = 1;
    status->task_id = ID(m, v1__task_id, "gone");
    from_master(&msg_agent_reregistered, m);

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_LOST);
    ck_assert_int_eq(last_status()->reason,
                     V1__TASK_STATUS__REASON__REASON_RECONCILIATION);
    ck_assert_str_eq(last_status()->message,
                     "Reconciliation: task unknown to the agent");
    tear_down();
}
END_TEST

/* --- tasks --- */

START_TEST(command_task_starts_the_command_executor_in_a_sandbox)
{
    struct stat info;
    set_up_registered();

    say_run_task("a");

    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    const struct fake_child *child = fake_process_at(t.processes, 0);
    ck_assert_str_eq(child->path, "/bin/../mesos-executor");
    ck_assert_str_eq(child->argv[0], "mesos-executor");
    ck_assert_str_eq(child->argv[1], "--launcher_dir=/bin/..");
    ck_assert(child->new_session);
    ck_assert_str_eq(fake_child_getenv(child, "MESOS_EXECUTOR_ID"), "a");
    ck_assert_str_eq(fake_child_getenv(child, "MESOS_FRAMEWORK_ID"),
                     FRAMEWORK_ID);
    ck_assert_str_eq(fake_child_getenv(child, "MESOS_SLAVE_ID"), AGENT_ID);
    ck_assert_str_eq(fake_child_getenv(child, "MESOS_DIRECTORY"),
                     child->directory);
    ck_assert_int_eq(child->directory[0], '/');
    ck_assert_int_eq(stat(child->directory, &info), 0);
    autofree char *latest = xasprintf(
        "%s/slaves/S0/frameworks/F0/executors/a/runs/latest/stdout",
        t.work_dir);
    ck_assert_int_eq(stat(latest, &info), 0);
    tear_down();
}
END_TEST

START_TEST(executor_gets_its_task_when_it_subscribes)
{
    set_up_registered();
    say_run_task("a");

    subscribe("a");

    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__SUBSCRIBED), 1);
    const Executor__Event *event = recorder_last(t.executor,
                                                 &msg_executor_event);
    ck_assert_int_eq(event->type, EXECUTOR__EVENT__TYPE__LAUNCH);
    ck_assert_str_eq(event->launch->task->task_id->value, "a");
    tear_down();
}
END_TEST

START_TEST(update_goes_to_the_master_and_the_executor_hears_of_it)
{
    set_up_registered();
    say_run_task("a");
    subscribe("a");

    send_status("a", V1__TASK_STATE__TASK_RUNNING, 7);

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_RUNNING);
    ck_assert_uint_eq(last_status()->uuid.data[0], 7);
    ck_assert_str_eq(last_status()->agent_id->value, AGENT_ID);
    ck_assert_ptr_nonnull(last_status()->container_status->container_id);
    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__ACKNOWLEDGED), 1);
    tear_down();
}
END_TEST

START_TEST(update_is_repeated_until_the_scheduler_acknowledges_it)
{
    set_up_registered();
    say_run_task("a");
    subscribe("a");
    send_status("a", V1__TASK_STATE__TASK_RUNNING, 1);

    advance(10 * SECOND);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 2);
    advance(20 * SECOND);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 3);
    acknowledge_last();
    advance(40 * SECOND);

    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 3);
    tear_down();
}
END_TEST

START_TEST(second_update_waits_for_the_first_and_tells_the_newest_state)
{
    set_up_registered();
    say_run_task("a");
    subscribe("a");
    send_status("a", V1__TASK_STATE__TASK_RUNNING, 1);
    send_status("a", V1__TASK_STATE__TASK_FINISHED, 2);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 1);

    advance(10 * SECOND);
    const Internal__UpdateStatus *again = recorder_last(t.master,
                                                        &msg_update_status);
    ck_assert_int_eq(again->update->status->state,
                     V1__TASK_STATE__TASK_RUNNING);
    ck_assert_int_eq(again->update->latest_state,
                     V1__TASK_STATE__TASK_FINISHED);
    acknowledge_last();

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FINISHED);
    tear_down();
}
END_TEST

START_TEST(executor_that_dies_fails_its_task)
{
    set_up_registered();
    run_to_running("a");

    exit_process(W_EXITCODE(1, 0));

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_int_eq(last_status()->reason,
                     V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED);
    ck_assert_str_eq(last_status()->message, "Executor terminated");
    ck_assert_int_eq(last_status()->source,
                     V1__TASK_STATUS__SOURCE__SOURCE_AGENT);
    ck_assert_uint_eq(recorder_count(t.master, &msg_exited_executor), 0);
    tear_down();
}
END_TEST

START_TEST(executor_that_ends_after_its_task_changes_nothing)
{
    set_up_registered();
    run_to_running("a");
    send_status("a", V1__TASK_STATE__TASK_FINISHED, 2);
    acknowledge_last();
    size_t n = recorder_count(t.master, &msg_update_status);

    exit_process(0);
    advance(1 * MINUTE);

    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), n);
    tear_down();
}
END_TEST

START_TEST(executor_that_does_not_register_is_killed)
{
    set_up_registered();
    say_run_task("a");

    advance(1 * MINUTE);

    const struct fake_child *child = fake_process_at(t.processes, 0);
    ck_assert(!child->is_running);
    ck_assert_int_eq(child->last_signal, SIGKILL);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_str_eq(last_status()->message,
                     "Executor did not register within 1mins");
    ck_assert_int_eq(
        last_status()->reason,
        V1__TASK_STATUS__REASON__REASON_EXECUTOR_REGISTRATION_TIMEOUT);
    tear_down();
}
END_TEST

START_TEST(launch_that_fails_says_why)
{
    set_up_registered();
    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);

    say_run_task("a");

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_int_eq(
        last_status()->reason,
        V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED);
    ck_assert_int_eq(strncmp(last_status()->message,
                             "Failed to launch container: ", 28), 0);
    ck_metric("container_launch_errors", 1);
    ck_metric("executors_terminated", 1);
    tear_down();
}
END_TEST

static void
say_run_task_with_uri(const char *id)
{
    MESSAGE(m, Internal__RunTask, internal__run_task);

    root->framework = make_framework(m, false);
    root->task = make_task(m, id);
    root->task->command->uris = message_array(m, 1, sizeof(void *));
    root->task->command->uris[0] =
        message_new(m, &v1__command_info__uri__descriptor);
    root->task->command->uris[0]->value = message_strdup(m, "http://x/y");
    root->task->command->n_uris = 1;
    from_master(&msg_run_task, m);
}

START_TEST(uris_are_fetched_before_the_executor_starts)
{
    set_up_registered();

    say_run_task_with_uri("a");
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    const struct fake_child *child = fake_process_at(t.processes, 0);
    ck_assert_ptr_nonnull(strstr(child->path, "/mesos-fetcher"));
    ck_assert_ptr_nonnull(strstr(fake_child_getenv(child,
                                                   "MESOS_FETCHER_INFO"),
                                 "http://x/y"));
    advance(10 * MINUTE);       /* it takes its time */
    exit_process(W_EXITCODE(0, 0));

    ck_assert_uint_eq(fake_process_n(t.processes), 2);
    ck_assert_ptr_nonnull(fake_process_find(t.processes, "mesos-executor"));
    subscribe("a");
    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__LAUNCH), 1);
    ck_assert_double_eq(
        metric("containerizer/fetcher/task_fetches_succeeded"), 1);
    tear_down();
}
END_TEST

START_TEST(fetch_that_fails_fails_the_task)
{
    set_up_registered();

    say_run_task_with_uri("a");
    exit_process(W_EXITCODE(1, 0));

    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_FAILED);
    ck_assert_int_eq(
        last_status()->reason,
        V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED);
    ck_assert_ptr_nonnull(strstr(last_status()->message, "Failed to launch "
                                 "container: Failed to fetch all URIs for "
                                 "container '"));
    ck_metric("container_launch_errors", 1);
    ck_metric("tasks_failed", 1);
    ck_assert_double_eq(
        metric("containerizer/fetcher/task_fetches_failed"), 1);
    tear_down();
}
END_TEST

START_TEST(kill_ends_a_fetch)
{
    set_up_registered();

    say_run_task_with_uri("a");
    say_kill("a");
    run();

    ck_assert_int_eq(fake_process_at(t.processes, 0)->last_signal, SIGKILL);
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    tear_down();
}
END_TEST

START_TEST(order_for_another_agent_is_ignored)
{
    set_up_registered();
    MESSAGE(m, Internal__RunTask, internal__run_task);

    root->framework = make_framework(m, false);
    root->task = make_task(m, "a");
    root->task->agent_id = ID(m, v1__agent_id, "old");
    from_master(&msg_run_task, m);

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 0);
    tear_down();
}
END_TEST

START_TEST(order_of_a_stranger_is_ignored)
{
    set_up_registered();
    MESSAGE(m, Internal__RunTask, internal__run_task);

    root->framework = make_framework(m, false);
    root->task = make_task(m, "a");
    recorder_send(t.executor, &t.agent, &msg_run_task, &m);
    run();

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
}
END_TEST

START_TEST(id_that_is_a_path_is_ignored)
{
    set_up_registered();

    say_run_task("../../x");

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
}
END_TEST

START_TEST(executor_expected_to_run_and_not_there_drops_the_task)
{
    set_up_registered();
    MESSAGE(m, Internal__RunTask, internal__run_task);

    root->framework = make_framework(m, true);
    root->task = make_task(m, "a");
    root->task->executor = message_new(m, &v1__executor_info__descriptor);
    root->task->executor->executor_id = ID(m, v1__executor_id, "e");
    root->task->executor->command = root->task->command;
    root->task->command = NULL;
    root->has_launch_executor = true;
    root->launch_executor = false;
    from_master(&msg_run_task, m);

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_DROPPED);
    ck_assert_str_eq(last_status()->message, "No executor is expected to "
                     "launch and there is none running");
    tear_down();
}
END_TEST

static void
say_run_group(const char *first, const char *second)
{
    MESSAGE(m, Internal__RunTaskGroup, internal__run_task_group);

    root->framework = make_framework(m, false);
    root->executor = message_new(m, &v1__executor_info__descriptor);
    root->executor->has_type = true;
    root->executor->type = V1__EXECUTOR_INFO__TYPE__CUSTOM;
    root->executor->executor_id = ID(m, v1__executor_id, "e");
    root->executor->command = message_new(m, &v1__command_info__descriptor);
    root->executor->command->value = message_strdup(m, "run");
    root->task_group = message_new(m, &v1__task_group_info__descriptor);
    root->task_group->tasks = message_array(m, 2, sizeof(void *));
    root->task_group->tasks[0] = make_task(m, first);
    root->task_group->tasks[1] = make_task(m, second);
    root->task_group->n_tasks = 2;
    root->has_launch_executor = true;
    root->launch_executor = true;
    from_master(&msg_run_task_group, m);
}

START_TEST(task_group_is_delivered_together)
{
    set_up_registered();
    say_run_group("a", "b");
    ck_assert_str_eq(fake_process_at(t.processes, 0)->path, "/bin/sh");

    subscribe("e");

    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__LAUNCH), 0);
    const Executor__Event *event = recorder_last(t.executor,
                                                 &msg_executor_event);
    ck_assert_int_eq(event->type, EXECUTOR__EVENT__TYPE__LAUNCH_GROUP);
    ck_assert_uint_eq(event->launch_group->task_group->n_tasks, 2);
    tear_down();
}
END_TEST

START_TEST(task_group_dies_with_a_task_killed_before_delivery)
{
    set_up_registered();
    say_run_group("a", "b");

    say_kill("b");

    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 2);
    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    ck_assert_str_eq(last_status()->message, "A task within the task group "
                     "was killed before delivery to the executor");
    ck_assert_uint_eq(recorder_count(t.master, &msg_exited_executor), 1);
    tear_down();
}
END_TEST

START_TEST(executor_of_a_framework_is_announced_and_its_end_is_told)
{
    set_up_registered();
    say_run_group("a", "b");
    subscribe("e");

    exit_process(W_EXITCODE(9, 0));

    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), 2);
    const Internal__ExitedExecutor *m = recorder_get(t.master,
                                                     &msg_exited_executor, 0);
    ck_assert_str_eq(m->executor_id->value, "e");
    ck_assert_int_eq(m->status, W_EXITCODE(9, 0));
    tear_down();
}
END_TEST

START_TEST(data_goes_both_ways)
{
    set_up_registered();
    say_run_group("a", "b");
    subscribe("e");
    struct message *m = make_call("e", EXECUTOR__CALL__TYPE__MESSAGE);
    Executor__Call *call = message_root(m);

    call->message = message_new(m, &executor__call__message__descriptor);
    call->message->data.data = (uint8_t *) message_strdup(m, "up");
    call->message->data.len = 2;
    recorder_send(t.executor, &t.agent, &msg_executor_call, &m);
    MESSAGE(down, Internal__FrameworkToExecutor,
            internal__framework_to_executor);
    root->agent_id = ID(down, v1__agent_id, AGENT_ID);
    root->framework_id = ID(down, v1__framework_id, FRAMEWORK_ID);
    root->executor_id = ID(down, v1__executor_id, "e");
    root->data.data = (uint8_t *) message_strdup(down, "down");
    root->data.len = 4;
    from_master(&msg_framework_to_executor, down);

    const Internal__ExecutorToFramework *up =
        recorder_last(t.master, &msg_executor_to_framework);
    ck_assert_mem_eq(up->data.data, "up", 2);
    const Executor__Event *event = recorder_last(t.executor,
                                                 &msg_executor_event);
    ck_assert_int_eq(event->type, EXECUTOR__EVENT__TYPE__MESSAGE);
    ck_assert_mem_eq(event->message->data.data, "down", 4);
    ck_metric("valid_framework_messages", 2);
    ck_metric("invalid_framework_messages", 0);
    tear_down();
}
END_TEST

/* --- kills --- */

/* --- what is left on the disk --- */

static double
n_pending(void)
{
    return metric("gc/path_removals_pending");
}

static void
run_to_end(const char *id)
{
    run_to_running(id);
    send_status(id, V1__TASK_STATE__TASK_FINISHED, 2);
    acknowledge_last();
    exit_process(W_EXITCODE(0, 0));
}

START_TEST(directories_of_what_is_over_are_removed_in_time)
{
    set_up_registered();
    autofree char *framework = xasprintf("slaves/" AGENT_ID "/frameworks/"
                                         FRAMEWORK_ID);

    run_to_end("a");
    ck_assert_double_eq(n_pending(), 3);
    advance(6 * DAY);
    ck_assert_int_eq(access(framework, F_OK), 0);
    advance(2 * DAY);

    ck_assert_int_ne(access(framework, F_OK), 0);
    ck_assert_double_eq(n_pending(), 0);
    tear_down();
}
END_TEST

START_TEST(next_task_takes_its_directories_back)
{
    set_up_registered();

    run_to_end("a");
    run_to_running("a");

    /* The first run's sandbox goes all the same. */
    ck_assert_double_eq(n_pending(), 1);
    advance(2 * WEEK);
    ck_assert_int_eq(access("slaves/" AGENT_ID "/frameworks/" FRAMEWORK_ID
                            "/executors/a/runs/latest/stdout", F_OK), 0);
    ck_assert_double_eq(n_pending(), 0);
    tear_down();
}
END_TEST

START_TEST(what_earlier_agents_left_is_scheduled)
{
    set_up();
    ck_assert_int_eq(mkdir("slaves", 0755), 0);
    ck_assert_int_eq(mkdir("slaves/old", 0755), 0);
    advance(2 * SECOND);
    say_registered();

    ck_assert_double_eq(n_pending(), 1);
    tear_down();
}
END_TEST

START_TEST(task_killed_before_its_executor_registers_is_reported_killed)
{
    set_up_registered();
    say_run_task("a");

    say_kill("a");

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_KILLED);
    ck_assert_str_eq(last_status()->message,
                     "Killed before delivery to the executor");
    ck_assert(!fake_process_at(t.processes, 0)->is_running);
    tear_down();
}
END_TEST

START_TEST(kill_of_a_running_task_goes_to_its_executor)
{
    set_up_registered();
    run_to_running("a");

    say_kill("a");

    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__KILL), 1);
    ck_assert(fake_process_at(t.processes, 0)->is_running);
    tear_down();
}
END_TEST

START_TEST(kill_of_a_task_without_executor_is_answered)
{
    set_up_registered();
    run_to_running("a");

    say_kill("other");

    ck_assert_int_eq(last_status()->state, V1__TASK_STATE__TASK_LOST);
    ck_assert_str_eq(last_status()->message, "Cannot find executor");
    tear_down();
}
END_TEST

/* --- ends --- */

START_TEST(framework_that_is_shut_down_ends_its_executors)
{
    set_up_registered();
    run_to_running("a");

    say_shutdown_framework();
    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__SHUTDOWN), 1);
    ck_assert(fake_process_at(t.processes, 0)->is_running);
    advance(5 * SECOND);

    ck_assert(!fake_process_at(t.processes, 0)->is_running);
    tear_down();
}
END_TEST

START_TEST(last_words_to_a_framework_that_is_gone_are_not_repeated)
{
    set_up_registered();
    run_to_running("a");
    say_shutdown_framework();
    send_status("a", V1__TASK_STATE__TASK_KILLED, 2);
    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__ACKNOWLEDGED), 2);

    exit_process(0);
    size_t n = recorder_count(t.master, &msg_update_status);
    advance(1 * MINUTE);

    ck_assert_uint_eq(recorder_count(t.master, &msg_update_status), n);
    tear_down();
}
END_TEST

START_TEST(unregistering_agent_ends_when_its_executors_have)
{
    set_up_registered();
    run_to_running("a");

    agent_unregister(t.system, &t.agent, "test");
    run();
    ck_assert_uint_eq(recorder_count(t.master, &msg_unregister_agent), 1);
    ck_assert(!actor_wait(t.system, &t.agent, 0));
    exit_process(0);

    ck_assert(actor_wait(t.system, &t.agent, 0));
    tear_down();
}
END_TEST

START_TEST(executor_nobody_knows_is_shut_down)
{
    set_up_registered();

    subscribe("stranger");

    ck_assert_uint_eq(count_events(EXECUTOR__EVENT__TYPE__SHUTDOWN), 1);
    tear_down();
}
END_TEST

#define EXECUTOR_SUBSCRIBES \
    "{\"type\": \"SUBSCRIBE\", \"executor_id\": {\"value\": \"%s\"}," \
    " \"framework_id\": {\"value\": \"" FRAMEWORK_ID "\"}}"

START_TEST(next_executor_at_the_address_of_a_dead_one_is_left_alone)
{
    set_up_registered();
    struct puppet *first = puppet_create(t.system, "executor(9)");
    say_run_task("a");
    puppet_say(first, &t.agent, &msg_executor_call, EXECUTOR_SUBSCRIBES, "a");
    ck_assert_uint_eq(puppet_count(first, &msg_executor_event), 2);

    puppet_die(first);
    struct puppet *second = puppet_create(t.system, "executor(9)");
    say_kill("a");
    say_shutdown_framework();

    ck_assert_uint_eq(puppet_count(second, &msg_executor_event), 0);
    advance(5 * SECOND);
    ck_assert(!fake_process_at(t.processes, 0)->is_running);
    tear_down();
    puppet_destroy(first);
    puppet_destroy(second);
}
END_TEST

/* --- metrics --- */

static void
ck_nothing_is_left(void)
{
    static const char *const names[] = {
        "slave/frameworks_active", "slave/tasks_staging",
        "slave/tasks_starting", "slave/tasks_running", "slave/tasks_killing",
        "slave/executors_registering", "slave/executors_running",
        "slave/executors_terminating", "slave/cpus_used", "slave/mem_used",
        "slave/disk_used", "slave/gpus_used", "slave/cpus_percent",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_msg(metric(names[i]) == 0.0, "%s is %g", names[i],
                      metric(names[i]));
    }
}

static void
add_cpus(struct message *m, double amount, V1__Resource ***ret, size_t *ret_n)
{
    V1__Resource *resource = message_new(m, &v1__resource__descriptor);

    resource->name = message_strdup(m, "cpus");
    resource->type = V1__VALUE__TYPE__SCALAR;
    resource->scalar = message_new(m, &v1__value__scalar__descriptor);
    resource->scalar->value = amount;
    *ret = message_array(m, 1, sizeof **ret);
    (*ret)[0] = resource;
    *ret_n = 1;
}

/* A task of 0.1 cpus in an executor of 0.2. */
static void
say_run_in_executor(const char *id, const char *executor_id)
{
    MESSAGE(m, Internal__RunTask, internal__run_task);
    V1__ExecutorInfo *executor = message_new(m,
                                             &v1__executor_info__descriptor);

    root->framework = make_framework(m, false);
    root->task = make_task(m, id);
    add_cpus(m, 0.1, &root->task->resources, &root->task->n_resources);
    executor->executor_id = ID(m, v1__executor_id, executor_id);
    executor->command = root->task->command;
    add_cpus(m, 0.2, &executor->resources, &executor->n_resources);
    root->task->command = NULL;
    root->task->executor = executor;
    from_master(&msg_run_task, m);
}

START_TEST(metrics_follow_a_task_from_its_order_to_its_end)
{
    set_up();
    ck_metric("registered", 0);
    advance(2 * SECOND);
    say_registered();
    ck_metric("registered", 1);
    ck_metric("uptime_secs", 2);
    ck_metric("cpus_total", 4);
    ck_metric("mem_total", 1024);
    ck_metric("disk_total", 1024);
    ck_metric("gpus_total", 0);
    ck_nothing_is_left();

    say_run_in_executor("a", "a");
    ck_metric("frameworks_active", 1);
    ck_metric("tasks_staging", 1);
    ck_metric("executors_registering", 1);
    ck_metric("cpus_used", 0.3);
    ck_metric("cpus_percent", 0.3 / 4);

    subscribe("a");
    ck_metric("executors_registering", 0);
    ck_metric("executors_running", 1);
    ck_metric("tasks_staging", 1);
    send_status("a", V1__TASK_STATE__TASK_STARTING, 1);
    ck_metric("tasks_staging", 0);
    ck_metric("tasks_starting", 1);
    acknowledge_last();
    send_status("a", V1__TASK_STATE__TASK_RUNNING, 2);
    acknowledge_last();
    send_status("a", V1__TASK_STATE__TASK_KILLING, 3);
    ck_metric("tasks_running", 0);
    ck_metric("tasks_killing", 1);
    acknowledge_last();

    send_status("a", V1__TASK_STATE__TASK_FINISHED, 4);
    send_status("a", V1__TASK_STATE__TASK_FINISHED, 4);
    ck_metric("tasks_killing", 0);
    ck_metric("tasks_finished", 1);
    ck_metric("valid_status_updates", 5);
    ck_metric("cpus_used", 0.2);
    acknowledge_last();
    exit_process(0);

    ck_metric("executors_terminated", 1);
    ck_metric("tasks_failed", 0);
    ck_nothing_is_left();
    tear_down();
}
END_TEST

START_TEST(metrics_of_an_executor_that_dies_go_with_it)
{
    set_up_registered();
    say_run_in_executor("a", "e");
    say_run_in_executor("b", "e");
    ck_metric("tasks_staging", 2);
    ck_metric("cpus_used", 0.4);
    subscribe("e");

    exit_process(W_EXITCODE(9, 0));

    ck_metric("executors_running", 0);
    ck_metric("executors_terminated", 1);
    ck_metric("tasks_failed", 2);
    ck_metric("tasks_staging", 0);
    ck_metric("cpus_used", 0);
    ck_metric("frameworks_active", 1);
    say_shutdown_framework();
    ck_nothing_is_left();
    tear_down();
}
END_TEST

START_TEST(metrics_of_a_framework_that_is_shut_down_go_with_it)
{
    set_up_registered();
    say_run_in_executor("a", "a");
    subscribe("a");
    send_status("a", V1__TASK_STATE__TASK_RUNNING, 1);
    say_run_in_executor("b", "b");

    say_shutdown_framework();
    ck_metric("tasks_running", 1);
    ck_metric("executors_terminating", 1);
    ck_metric("executors_terminated", 1);
    ck_metric("cpus_used", 0.3);
    advance(5 * SECOND);

    ck_metric("executors_terminated", 2);
    ck_metric("tasks_failed", 0);
    ck_nothing_is_left();
    tear_down();
}
END_TEST

START_TEST(metrics_count_tasks_killed_before_delivery)
{
    set_up_registered();
    say_run_group("a", "b");

    say_kill("b");

    ck_metric("tasks_killed", 2);
    ck_metric("executors_terminated", 1);
    say_shutdown_framework();
    ck_nothing_is_left();
    tear_down();
}
END_TEST

START_TEST(metrics_of_an_executor_that_does_not_register_are_moved_on)
{
    set_up_registered();
    say_run_in_executor("a", "e");

    advance(1 * MINUTE);

    ck_metric("executors_registering", 0);
    ck_metric("executors_terminating", 0);
    ck_metric("executors_terminated", 1);
    ck_metric("tasks_failed", 1);
    acknowledge_last();
    ck_nothing_is_left();
    tear_down();
}
END_TEST

START_TEST(metrics_count_what_is_ignored)
{
    set_up_registered();

    send_status("a", V1__TASK_STATE__TASK_RUNNING, 1);
    ck_metric("invalid_status_updates", 1);
    run_to_running("a");
    send_status("a", V1__TASK_STATE__TASK_STAGING, 2);
    ck_metric("invalid_status_updates", 2);
    ck_metric("valid_status_updates", 1);

    MESSAGE(m, Internal__FrameworkToExecutor,
            internal__framework_to_executor);
    root->agent_id = ID(m, v1__agent_id, AGENT_ID);
    root->framework_id = ID(m, v1__framework_id, FRAMEWORK_ID);
    root->executor_id = ID(m, v1__executor_id, "nobody");
    from_master(&msg_framework_to_executor, m);
    ck_metric("invalid_framework_messages", 1);
    ck_metric("valid_framework_messages", 0);

    struct message *call = make_call("nobody", EXECUTOR__CALL__TYPE__MESSAGE);
    recorder_send(t.executor, &t.agent, &msg_executor_call, &call);
    run();
    ck_metric("invalid_framework_messages", 2);

    say_kill("other");
    ck_metric("tasks_lost", 1);
    tear_down();
}
END_TEST

START_TEST(metrics_of_two_agents_add_up_and_leave_with_each)
{
    struct upid other;

    set_up_registered();
    say_run_in_executor("a", "a");
    ck_assert_ptr_null(agent_start(t.system, &t.flags,
                                   recorder_upid(t.master), &other));
    run();

    ck_metric("cpus_total", 8);
    ck_metric("cpus_percent", 0.3 / 8);
    ck_metric("registered", 1);

    actor_terminate(t.system, &t.agent);
    run();
    ck_metric("cpus_total", 4);
    ck_metric("cpus_used", 0);
    ck_metric("frameworks_active", 0);
    ck_metric("tasks_staging", 0);
    ck_metric("executors_registering", 0);
    ck_metric("registered", 0);
    tear_down();
}
END_TEST

static Suite *
agent_suite(void)
{
    Suite *suite = suite_create("agent");

    test_add(suite, "register", agent_registers_with_its_resources);
    test_add(suite, "repeat", registration_is_repeated_until_it_is_answered);
    test_add(suite, "ping", ping_is_answered);
    test_add(suite, "disconnected",
             agent_that_is_said_to_be_disconnected_registers_again);
    test_add(suite, "silence", agent_without_pings_registers_again);
    test_add(suite, "failover",
             agent_comes_back_to_a_new_master_with_its_tasks);
    test_add(suite, "reconcile",
             task_the_agent_does_not_know_is_reported_lost);
    test_add(suite, "command",
             command_task_starts_the_command_executor_in_a_sandbox);
    test_add(suite, "launch", executor_gets_its_task_when_it_subscribes);
    test_add(suite, "update",
             update_goes_to_the_master_and_the_executor_hears_of_it);
    test_add(suite, "retry",
             update_is_repeated_until_the_scheduler_acknowledges_it);
    test_add(suite, "order",
             second_update_waits_for_the_first_and_tells_the_newest_state);
    test_add(suite, "death", executor_that_dies_fails_its_task);
    test_add(suite, "end", executor_that_ends_after_its_task_changes_nothing);
    test_add(suite, "timeout", executor_that_does_not_register_is_killed);
    test_add(suite, "failure", launch_that_fails_says_why);
    test_add(suite, "uris", uris_are_fetched_before_the_executor_starts);
    test_add(suite, "uris-failing", fetch_that_fails_fails_the_task);
    test_add(suite, "uris-killed", kill_ends_a_fetch);
    test_add(suite, "other", order_for_another_agent_is_ignored);
    test_add(suite, "stranger", order_of_a_stranger_is_ignored);
    test_add(suite, "path", id_that_is_a_path_is_ignored);
    test_add(suite, "expected",
             executor_expected_to_run_and_not_there_drops_the_task);
    test_add(suite, "group", task_group_is_delivered_together);
    test_add(suite, "group-kill",
             task_group_dies_with_a_task_killed_before_delivery);
    test_add(suite, "exited",
             executor_of_a_framework_is_announced_and_its_end_is_told);
    test_add(suite, "data", data_goes_both_ways);
    test_add(suite, "kill-queued",
             task_killed_before_its_executor_registers_is_reported_killed);
    test_add(suite, "kill", kill_of_a_running_task_goes_to_its_executor);
    test_add(suite, "kill-unknown",
             kill_of_a_task_without_executor_is_answered);
    test_add(suite, "shutdown",
             framework_that_is_shut_down_ends_its_executors);
    test_add(suite, "last-words",
             last_words_to_a_framework_that_is_gone_are_not_repeated);
    test_add(suite, "unregister",
             unregistering_agent_ends_when_its_executors_have);
    test_add(suite, "unknown", executor_nobody_knows_is_shut_down);
    test_add(suite, "next",
             next_executor_at_the_address_of_a_dead_one_is_left_alone);
    test_add(suite, "metrics",
             metrics_follow_a_task_from_its_order_to_its_end);
    test_add(suite, "metrics-death",
             metrics_of_an_executor_that_dies_go_with_it);
    test_add(suite, "metrics-shutdown",
             metrics_of_a_framework_that_is_shut_down_go_with_it);
    test_add(suite, "metrics-killed",
             metrics_count_tasks_killed_before_delivery);
    test_add(suite, "metrics-timeout",
             metrics_of_an_executor_that_does_not_register_are_moved_on);
    test_add(suite, "metrics-ignored", metrics_count_what_is_ignored);
    test_add(suite, "metrics-two",
             metrics_of_two_agents_add_up_and_leave_with_each);
    test_add(suite, "gc", directories_of_what_is_over_are_removed_in_time);
    test_add(suite, "gc-back", next_task_takes_its_directories_back);
    test_add(suite, "gc-old", what_earlier_agents_left_is_scheduled);
    return suite;
}

TEST_MAIN(agent_suite)
