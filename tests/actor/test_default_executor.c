/* SPDX-License-Identifier: Apache-2.0
 *
 * test_default_executor.c - the default executor, with an agent that does what
 * the test says, commands that are only written down, and sandboxes on the
 * real disk. */
#include <config.h>

#include "executor/default_executor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/system.h>

#include "executor/executor_environment.h"
#include "model/task_state.h"
#include "proto/messages.h"
#include "proto/mesos/v1/executor/executor.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/recorder.h"
#include "tests/lib/test.h"

static struct {
    struct fake_process *processes;
    struct actor_system *system;
    struct recorder *agent;
    struct executor_environment environment;
    struct actor_gate *done;
    bool is_acknowledged;
    struct upid session;
    char *directory;
    char states[256];
    bool switch_user;           /* set before set_up() */
} t;

/* --- the stage --- */

static char *inherited[] = {
    (char *) "PATH=/bin", (char *) "SECRET=1", NULL,
};

static void
set_up(bool checkpoint)
{
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .manual = true, .backend = &backend, .seed = 1,
    };
    struct default_executor_options executor = {
        .environment = &t.environment, .inherited = inherited,
        .switch_user = t.switch_user,
        .fetch = { .launcher_dir = "/helpers", .hadoop_home = "/hadoop",
                   .stall_timeout_ns = MINUTE },
        .ret_is_acknowledged = &t.is_acknowledged,
    };
    struct upid upid;

    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    ck_assert_ptr_null(actor_system_create(&options, &t.system));
    t.agent = recorder_start(t.system, "slave(1)");
    t.directory = test_temp_dir();
    t.environment = (struct executor_environment) {
        .agent = *recorder_upid(t.agent),
        .agent_id = (char *) "S0", .framework_id = (char *) "F0",
        .executor_id = (char *) "e", .directory = t.directory,
        .checkpoint = checkpoint, .is_local = true,
        .grace_ns = 5 * SECOND, .recovery_timeout_ns = 15 * MINUTE,
        .backoff_max_ns = 2 * SECOND,
    };
    t.done = actor_gate_create();
    executor.done = t.done;
    ck_assert_ptr_null(default_executor_start(t.system, &executor, &upid));
    ck_assert_ptr_null(actor_system_upid(t.system, "executor(1)",
                                         &t.session));
    actor_system_run(t.system);
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    fake_process_destroy(t.processes);
    recorder_destroy(t.agent);
    actor_gate_destroy(t.done);
    free(t.directory);
}

static void
lose_agent(void)
{
    recorder_stop(t.agent);
    actor_system_run(t.system);
}

static void
advance(int64_t ns)
{
    actor_system_advance(t.system, ns);
}

/* --- what the agent says --- */

static struct message *
make_event(Executor__Event__Type type)
{
    struct message *m = message_create(&executor__event__descriptor);
    Executor__Event *event = message_root(m);

    event->has_type = true;
    event->type = type;
    return m;
}

static void
say(struct message *event)
{
    recorder_send(t.agent, &t.session, &msg_executor_event, &event);
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
say_subscribed(bool knows_killing)
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__SUBSCRIBED);
    Executor__Event *event = message_root(m);
    Executor__Event__Subscribed *s =
        message_new(m, &executor__event__subscribed__descriptor);

    event->subscribed = s;
    s->executor_info = message_new(m, &v1__executor_info__descriptor);
    s->executor_info->executor_id = make_id(m, &v1__executor_id__descriptor,
                                            "e");
    s->framework_info = message_new(m, &v1__framework_info__descriptor);
    s->framework_info->user = message_strdup(m, "u");
    s->framework_info->name = message_strdup(m, "f");
    s->container_id = make_id(m, &v1__container_id__descriptor, "outer");
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

#define GROUP_MAX 4

/* A group of one task for each word in 'ids'; the command of a task is its
 * id. */
static struct message *
make_group(const char *ids, V1__TaskInfo *ret_tasks[GROUP_MAX])
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__LAUNCH_GROUP);
    Executor__Event *event = message_root(m);
    V1__TaskGroupInfo *group =
        message_new(m, &v1__task_group_info__descriptor);

    event->launch_group =
        message_new(m, &executor__event__launch_group__descriptor);
    event->launch_group->task_group = group;
    group->tasks = message_array(m, GROUP_MAX, sizeof *group->tasks);
    while (*ids != '\0') {
        size_t len = strcspn(ids, " ");
        char *id = message_strndup(m, ids, len);
        V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

        task->name = id;
        task->task_id = make_id(m, &v1__task_id__descriptor, id);
        task->agent_id = make_id(m, &v1__agent_id__descriptor, "S0");
        task->command = message_new(m, &v1__command_info__descriptor);
        task->command->value = message_printf(m, "run-%s", id);
        ret_tasks[group->n_tasks] = task;
        group->tasks[group->n_tasks++] = task;
        ids += len + (ids[len] == ' ');
    }
    return m;
}

static void
launch(const char *ids)
{
    V1__TaskInfo *tasks[GROUP_MAX];

    say(make_group(ids, tasks));
}

static void
say_kill(const char *id, int64_t grace_ns)
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__KILL);
    Executor__Event *event = message_root(m);

    event->kill = message_new(m, &executor__event__kill__descriptor);
    event->kill->task_id = make_id(m, &v1__task_id__descriptor, id);
    if (grace_ns >= 0) {
        V1__KillPolicy *policy = message_new(m, &v1__kill_policy__descriptor);

        policy->grace_period = message_new(m, &v1__duration_info__descriptor);
        policy->grace_period->nanoseconds = grace_ns;
        event->kill->kill_policy = policy;
    }
    say(m);
}

static void
say_shutdown(void)
{
    say(make_event(EXECUTOR__EVENT__TYPE__SHUTDOWN));
}

/* --- what the executor said --- */

static const V1__TaskStatus *
status_at(size_t i)
{
    const Executor__Call *call = recorder_get(t.agent, &msg_executor_call, i);

    return call->type == EXECUTOR__CALL__TYPE__UPDATE ? call->update->status
                                                      : NULL;
}

/* The states that were told of task 'id', in order, without "TASK_". */
static const char *
states(const char *id)
{
    size_t len = 0;

    t.states[0] = '\0';
    for (size_t i = 0; i < recorder_count(t.agent, &msg_executor_call); i++) {
        const V1__TaskStatus *status = status_at(i);

        if (status && !strcmp(status->task_id->value, id)) {
            len += (size_t) snprintf(
                t.states + len, sizeof t.states - len, "%s%s",
                len > 0 ? " " : "",
                task_state_name((int) status->state) + strlen("TASK_"));
        }
    }
    return t.states;
}

static const V1__TaskStatus *
last_status(const char *id)
{
    const V1__TaskStatus *last = NULL;

    for (size_t i = 0; i < recorder_count(t.agent, &msg_executor_call); i++) {
        const V1__TaskStatus *status = status_at(i);

        if (status && !strcmp(status->task_id->value, id)) {
            last = status;
        }
    }
    ck_assert_ptr_nonnull(last);
    return last;
}

static void
acknowledge(const V1__TaskStatus *status)
{
    struct message *m = make_event(EXECUTOR__EVENT__TYPE__ACKNOWLEDGED);
    Executor__Event *event = message_root(m);

    event->acknowledged =
        message_new(m, &executor__event__acknowledged__descriptor);
    event->acknowledged->task_id = make_id(m, &v1__task_id__descriptor,
                                           status->task_id->value);
    event->acknowledged->uuid.len = status->uuid.len;
    event->acknowledged->uuid.data = message_alloc(m, status->uuid.len);
    memcpy(event->acknowledged->uuid.data, status->uuid.data,
           status->uuid.len);
    say(m);
}

static void
acknowledge_all(void)
{
    size_t n = recorder_count(t.agent, &msg_executor_call);

    for (size_t i = 0; i < n; i++) {
        if (status_at(i)) {
            acknowledge(status_at(i));
        }
    }
}

/* The command of task 'id'. */
static const struct fake_child *
child(const char *id)
{
    autofree char *text = xasprintf("run-%s", id);
    const struct fake_child *found = fake_process_find(t.processes, text);

    ck_assert_ptr_nonnull(found);
    return found;
}

static void
end_command(const char *id, int status)
{
    ck_assert(fake_process_exit(t.processes, child(id)->pid, status));
    actor_system_run(t.system);
}

static void
set_up_running(const char *ids)
{
    set_up(false);
    say_subscribed(true);
    launch(ids);
}

/* --- running --- */

START_TEST(tasks_of_a_group_run_side_by_side)
{
    set_up(false);
    say_subscribed(false);

    launch("a b");

    ck_assert_str_eq(states("a"), "STARTING RUNNING");
    ck_assert_str_eq(states("b"), "STARTING RUNNING");
    ck_assert_uint_eq(fake_process_n(t.processes), 2);
    ck_assert(child("a")->new_session);
    ck_assert_str_eq(child("a")->path, "/bin/sh");
    tear_down();
}
END_TEST

static bool
is_file(const char *directory, const char *name)
{
    autofree char *path = xasprintf("%s/%s", directory, name);
    struct stat st;

    return lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

START_TEST(each_task_has_a_sandbox_inside_of_the_executors)
{
    set_up_running("a b");
    const char *id = last_status("a")->container_status->container_id->value;
    autofree char *sandbox = xasprintf("%s/containers/%s", t.directory, id);
    autofree char *link = xasprintf("%s/tasks/a", t.directory);
    autofree char *target = realpath(link, NULL);
    autofree char *real = realpath(sandbox, NULL);

    ck_assert_str_eq(child("a")->directory, sandbox);
    ck_assert_str_ne(child("b")->directory, sandbox);
    ck_assert_ptr_nonnull(target);
    ck_assert_str_eq(target, real);
    ck_assert(is_file(sandbox, "stdout"));
    ck_assert(is_file(sandbox, "stderr"));
    ck_assert_str_eq(
        last_status("a")->container_status->container_id->parent->value,
        "outer");
    tear_down();
}
END_TEST

START_TEST(environment_of_a_task_is_not_its_executors)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);
    V1__Environment__Variable *variable =
        message_new(m, &v1__environment__variable__descriptor);

    variable->name = message_strdup(m, "GREETING");
    variable->value = message_strdup(m, "hello");
    tasks[0]->command->environment = message_new(m,
                                                 &v1__environment__descriptor);
    tasks[0]->command->environment->variables =
        message_array(m, 1, sizeof variable);
    tasks[0]->command->environment->variables[0] = variable;
    tasks[0]->command->environment->n_variables = 1;
    tasks[0]->resources = message_array(m, 1, sizeof *tasks[0]->resources);
    tasks[0]->resources[0] = message_new(m, &v1__resource__descriptor);
    tasks[0]->resources[0]->name = message_strdup(m, "cpus");
    tasks[0]->resources[0]->allocation_info =
        message_new(m, &v1__resource__allocation_info__descriptor);
    tasks[0]->resources[0]->allocation_info->role = message_strdup(m, "web");
    tasks[0]->n_resources = 1;
    say(m);

    const struct fake_child *it = child("a");
    ck_assert_str_eq(fake_child_getenv(it, "GREETING"), "hello");
    ck_assert_str_eq(fake_child_getenv(it, "MESOS_ALLOCATION_ROLE"), "web");
    ck_assert_str_eq(fake_child_getenv(it, "MESOS_SANDBOX"), it->directory);
    ck_assert_ptr_nonnull(fake_child_getenv(it, "MESOS_CONTAINER_IP"));
    ck_assert_str_eq(fake_child_getenv(it, "PATH"), "/bin");
    ck_assert_ptr_null(fake_child_getenv(it, "SECRET"));
    tear_down();
}
END_TEST

START_TEST(task_that_finishes_leaves_the_others_alone)
{
    set_up_running("a b");

    end_command("a", W_EXITCODE(0, 0));
    advance(10 * SECOND);

    ck_assert_str_eq(states("a"), "STARTING RUNNING FINISHED");
    ck_assert_str_eq(last_status("a")->message,
                     "Command exited with status 0");
    ck_assert_str_eq(states("b"), "STARTING RUNNING");
    ck_assert(child("b")->is_running);
    tear_down();
}
END_TEST

START_TEST(task_that_fails_takes_its_group_with_it)
{
    set_up_running("a b");
    launch("c");

    end_command("a", W_EXITCODE(1, 0));

    ck_assert_str_eq(states("a"), "STARTING RUNNING FAILED");
    ck_assert_str_eq(states("b"), "STARTING RUNNING KILLING");
    ck_assert_int_eq(child("b")->last_signal, SIGTERM);
    end_command("b", W_EXITCODE(0, SIGTERM));
    ck_assert_str_eq(states("b"), "STARTING RUNNING KILLING KILLED");
    ck_assert_str_eq(states("c"), "STARTING RUNNING");
    ck_assert(child("c")->is_running);
    tear_down();
}
END_TEST

START_TEST(killed_task_takes_its_group_with_it)
{
    set_up_running("a b");

    say_kill("a", -1);
    ck_assert_str_eq(states("b"), "STARTING RUNNING");
    end_command("a", W_EXITCODE(0, SIGTERM));
    end_command("b", W_EXITCODE(0, 0));

    ck_assert_str_eq(states("a"), "STARTING RUNNING KILLING KILLED");
    ck_assert_str_eq(states("b"), "STARTING RUNNING KILLING KILLED");
    tear_down();
}
END_TEST

START_TEST(command_that_does_not_start_fails_the_group)
{
    set_up(false);
    say_subscribed(false);
    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);

    launch("a b");

    ck_assert_str_eq(states("a"), "STARTING FAILED");
    ck_assert_int_eq(
        last_status("a")->reason,
        V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED);
    ck_assert_str_eq(states("b"), "STARTING KILLED");
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
}
END_TEST

START_TEST(task_without_a_command_fails)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);

    tasks[0]->command = NULL;
    say(m);

    ck_assert_str_eq(states("a"), "STARTING FAILED");
    ck_assert_str_eq(last_status("a")->message,
                     "Expecting task 'a' to have a command");
    tear_down();
}
END_TEST

START_TEST(task_that_runs_too_long_fails_its_group)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a b", tasks);

    tasks[0]->max_completion_time =
        message_new(m, &v1__duration_info__descriptor);
    tasks[0]->max_completion_time->nanoseconds = 3 * SECOND;
    say(m);
    advance(3 * SECOND);
    advance(3 * SECOND);

    ck_assert_str_eq(states("a"), "STARTING RUNNING FAILED");
    ck_assert_int_eq(
        last_status("a")->reason,
        V1__TASK_STATUS__REASON__REASON_MAX_COMPLETION_TIME_REACHED);
    ck_assert_str_eq(states("b"), "STARTING RUNNING KILLED");
    tear_down();
}
END_TEST

START_TEST(second_task_of_an_id_is_ignored_while_the_first_runs)
{
    set_up_running("a");

    launch("a");

    ck_assert_str_eq(states("a"), "STARTING RUNNING");
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    tear_down();
}
END_TEST

START_TEST(single_task_is_not_for_this_executor)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);
    Executor__Event *event = message_root(m);

    event->type = EXECUTOR__EVENT__TYPE__LAUNCH;
    event->launch = message_new(m, &executor__event__launch__descriptor);
    event->launch->task = tasks[0];
    event->launch_group = NULL;
    say(m);

    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    ck_assert(actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

/* --- killing --- */

START_TEST(stubborn_task_is_killed_when_its_grace_is_over)
{
    set_up_running("a");
    say_kill("a", 20 * SECOND);

    advance(20 * SECOND - 1);
    ck_assert(child("a")->is_running);
    advance(1);

    ck_assert_int_eq(child("a")->last_signal, SIGKILL);
    ck_assert_str_eq(states("a"), "STARTING RUNNING KILLING KILLED");
    tear_down();
}
END_TEST

START_TEST(second_kill_may_hurry_but_is_not_told_again)
{
    set_up_running("a");
    say_kill("a", 20 * SECOND);
    say_kill("a", 1 * SECOND);

    advance(1 * SECOND);

    ck_assert_int_eq(child("a")->last_signal, SIGKILL);
    ck_assert_str_eq(states("a"), "STARTING RUNNING KILLING KILLED");
    tear_down();
}
END_TEST

START_TEST(kill_of_an_unknown_task_is_ignored)
{
    set_up_running("a");

    say_kill("b", -1);

    ck_assert_str_eq(states("a"), "STARTING RUNNING");
    ck_assert_str_eq(states("b"), "");
    tear_down();
}
END_TEST

START_TEST(task_killed_before_its_command_starts_never_runs)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);
    struct message *kill = make_event(EXECUTOR__EVENT__TYPE__KILL);
    Executor__Event *event = message_root(kill);

    event->kill = message_new(kill, &executor__event__kill__descriptor);
    event->kill->task_id = make_id(kill, &v1__task_id__descriptor, "a");
    recorder_send(t.agent, &t.session, &msg_executor_event, &m);
    recorder_send(t.agent, &t.session, &msg_executor_event, &kill);
    actor_system_run(t.system);

    ck_assert_str_eq(states("a"), "STARTING KILLED");
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
}
END_TEST

/* --- what is fetched, and what is limited --- */

/* A task "a" that wants a file, and a task "b". */
static void
launch_with_uri(void)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    struct message *m = make_group("a b", tasks);
    V1__CommandInfo *command = tasks[0]->command;

    command->uris = message_array(m, 1, sizeof(void *));
    command->uris[0] = message_new(m, &v1__command_info__uri__descriptor);
    command->uris[0]->value = message_strdup(m, "http://h/x");
    command->n_uris = 1;
    say(m);
}

static const struct fake_child *
fetcher(void)
{
    const struct fake_child *found = fake_process_find(t.processes,
                                                       "mesos-fetcher");

    ck_assert_ptr_nonnull(found);
    return found;
}

static void
end_fetcher(int status)
{
    ck_assert(fake_process_exit(t.processes, fetcher()->pid, status));
    actor_system_run(t.system);
}

START_TEST(command_waits_for_what_its_task_wants_fetched)
{
    const char *info;
    set_up(false);
    say_subscribed(false);

    launch_with_uri();

    ck_assert_str_eq(states("a"), "STARTING");
    ck_assert_str_eq(states("b"), "STARTING RUNNING");
    ck_assert_ptr_null(fake_process_find(t.processes, "run-a"));
    ck_assert_str_eq(fetcher()->path, "/helpers/mesos-fetcher");
    ck_assert_ptr_null(fake_child_getenv(fetcher(), "MESOS_SANDBOX"));
    ck_assert_str_eq(fake_child_getenv(fetcher(), "HADOOP_HOME"), "/hadoop");
    info = fake_child_getenv(fetcher(), "MESOS_FETCHER_INFO");
    ck_assert_ptr_nonnull(strstr(info, "\"uri\":{\"value\":\"http://h/x\""));
    ck_assert_ptr_nonnull(strstr(info, "\"action\":\"BYPASS_CACHE\""));
    ck_assert_ptr_nonnull(strstr(info, fetcher()->directory));

    end_fetcher(W_EXITCODE(0, 0));
    ck_assert_str_eq(states("a"), "STARTING RUNNING");
    ck_assert_str_eq(child("a")->directory, fetcher()->directory);
    tear_down();
}
END_TEST

START_TEST(task_whose_files_do_not_come_fails_with_its_group)
{
    set_up(false);
    say_subscribed(false);

    launch_with_uri();
    end_fetcher(W_EXITCODE(1, 0));

    ck_assert_str_eq(states("a"), "STARTING FAILED");
    ck_assert_ptr_nonnull(strstr(last_status("a")->message,
                                 "Failed to fetch all URIs for container '"));
    ck_assert_ptr_nonnull(strstr(last_status("a")->message,
                                 "exited with status 1"));
    ck_assert_int_eq(
        last_status("a")->reason,
        V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED);
    ck_assert_int_eq(child("b")->last_signal, SIGTERM);
    tear_down();
}
END_TEST

START_TEST(task_killed_while_it_is_fetched_never_runs)
{
    set_up(false);
    say_subscribed(false);

    launch_with_uri();
    say_kill("a", -1);

    ck_assert_int_eq(fetcher()->last_signal, SIGKILL);
    ck_assert_str_eq(states("a"), "STARTING KILLED");
    ck_assert_ptr_null(fake_process_find(t.processes, "run-a"));
    tear_down();
}
END_TEST

START_TEST(fetcher_that_does_not_start_fails_its_task)
{
    set_up(false);
    say_subscribed(false);
    fake_process_fail_next(t.processes, ERROR_NOT_FOUND);

    launch_with_uri();

    ck_assert_str_eq(states("a"), "STARTING FAILED");
    tear_down();
}
END_TEST

START_TEST(limits_of_a_task_are_its_own)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a b", tasks);
    V1__RLimitInfo__RLimit *limit =
        message_new(m, &v1__rlimit_info__rlimit__descriptor);
    V1__RLimitInfo *limits = message_new(m, &v1__rlimit_info__descriptor);

    limit->has_type = limit->has_soft = limit->has_hard = true;
    limit->type = V1__RLIMIT_INFO__RLIMIT__TYPE__RLMT_NOFILE;
    limit->soft = 16;
    limit->hard = 32;
    limits->rlimits = message_array(m, 1, sizeof limit);
    limits->rlimits[0] = limit;
    limits->n_rlimits = 1;
    tasks[0]->container = message_new(m, &v1__container_info__descriptor);
    tasks[0]->container->rlimit_info = limits;
    say(m);

    ck_assert_uint_eq(child("a")->n_rlimits, 1);
    ck_assert_int_eq(child("a")->rlimits[0].resource, RLIMIT_NOFILE);
    ck_assert_uint_eq(child("a")->rlimits[0].soft, 16);
    ck_assert_uint_eq(child("a")->rlimits[0].hard, 32);
    ck_assert_uint_eq(child("b")->n_rlimits, 0);
    tear_down();
}
END_TEST

/* --- checks --- */

static V1__CommandInfo *
make_check_command(struct message *m)
{
    V1__CommandInfo *command = message_new(m, &v1__command_info__descriptor);

    command->value = message_strdup(m, "look");
    return command;
}

/* Tasks "a", which has a health check that may fail twice, and "b". */
static void
launch_with_health_check(void)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    struct message *m = make_group("a b", tasks);
    V1__HealthCheck *check = message_new(m, &v1__health_check__descriptor);

    check->has_type = true;
    check->type = V1__HEALTH_CHECK__TYPE__COMMAND;
    check->command = make_check_command(m);
    check->has_delay_seconds = check->has_interval_seconds = true;
    check->delay_seconds = check->interval_seconds = 1;
    check->has_grace_period_seconds = true;
    check->grace_period_seconds = 0;
    check->has_consecutive_failures = true;
    check->consecutive_failures = 2;
    tasks[0]->health_check = check;
    say(m);
}

/* Lets the next check run, and end with 'status'. */
static void
look(int status)
{
    advance(1 * SECOND);
    const struct fake_child *it = fake_process_find(t.processes, "look");

    ck_assert_ptr_nonnull(it);
    ck_assert(fake_process_exit(t.processes, it->pid, status));
    actor_system_run(t.system);
}

START_TEST(health_of_a_task_is_told)
{
    set_up(false);
    say_subscribed(false);
    launch_with_health_check();
    ck_assert(!last_status("a")->has_healthy);

    look(W_EXITCODE(0, 0));

    ck_assert_str_eq(states("a"), "STARTING RUNNING RUNNING");
    ck_assert(last_status("a")->has_healthy);
    ck_assert(last_status("a")->healthy);
    ck_assert_int_eq(
        last_status("a")->reason,
        V1__TASK_STATUS__REASON__REASON_TASK_HEALTH_CHECK_STATUS_UPDATED);
    ck_assert(!last_status("b")->has_healthy);
    const struct fake_child *it = fake_process_find(t.processes, "look");
    ck_assert_str_eq(fake_child_getenv(it, "MESOS_SANDBOX"),
                     child("a")->directory);
    tear_down();
}
END_TEST

START_TEST(task_that_stays_unhealthy_is_killed_with_its_group)
{
    set_up(false);
    say_subscribed(false);
    launch_with_health_check();

    look(W_EXITCODE(1, 0));
    ck_assert(child("a")->is_running);
    look(W_EXITCODE(1, 0));
    ck_assert_int_eq(child("a")->last_signal, SIGTERM);
    end_command("a", W_EXITCODE(0, SIGTERM));

    ck_assert_str_eq(states("a"), "STARTING RUNNING RUNNING RUNNING KILLED");
    ck_assert(last_status("a")->has_healthy);
    ck_assert(!last_status("a")->healthy);
    ck_assert_int_eq(child("b")->last_signal, SIGTERM);
    tear_down();
}
END_TEST

START_TEST(result_of_a_check_is_told)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);
    V1__CheckInfo *check = message_new(m, &v1__check_info__descriptor);

    check->has_type = true;
    check->type = V1__CHECK_INFO__TYPE__COMMAND;
    check->command = message_new(m, &v1__check_info__command__descriptor);
    check->command->command = make_check_command(m);
    check->has_delay_seconds = check->has_interval_seconds = true;
    check->delay_seconds = check->interval_seconds = 1;
    tasks[0]->check = check;
    say(m);
    ck_assert_ptr_nonnull(last_status("a")->check_status);
    ck_assert(!last_status("a")->check_status->command->has_exit_code);

    look(W_EXITCODE(7, 0));

    ck_assert_str_eq(states("a"), "STARTING RUNNING RUNNING");
    ck_assert_int_eq(last_status("a")->check_status->command->exit_code, 7);
    say_kill("a", -1);
    advance(3 * SECOND);
    ck_assert_str_eq(states("a"), "STARTING RUNNING RUNNING KILLED");
    ck_assert(!last_status("a")->check_status->command->has_exit_code);
    tear_down();
}
END_TEST

START_TEST(nothing_is_checked_while_the_agent_is_away)
{
    set_up(true);
    say_subscribed(false);
    launch_with_health_check();

    lose_agent();
    advance(1 * MINUTE);

    ck_assert_ptr_null(fake_process_find(t.processes, "look"));
    tear_down();
}
END_TEST

/* --- users --- */

static void
launch_as(const char *user)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    struct message *m = make_group("a", tasks);

    tasks[0]->command->user = message_strdup(m, user);
    say(m);
}

START_TEST(user_of_a_task_is_no_matter_unless_users_are_switched)
{
    set_up(false);
    say_subscribed(false);

    launch_as("nobody at all");

    ck_assert_str_eq(states("a"), "STARTING RUNNING");
    ck_assert(!child("a")->set_ids);
    tear_down();
}
END_TEST

START_TEST(task_of_an_unknown_user_fails)
{
    t.switch_user = true;
    set_up(false);
    say_subscribed(false);

    launch_as("nobody at all");

    ck_assert_str_eq(states("a"), "STARTING FAILED");
    ck_assert_str_eq(last_status("a")->message,
                     "user 'nobody at all' is not in /etc/passwd");
    tear_down();
}
END_TEST

/* --- volumes --- */

static V1__Volume *
add_volume(struct message *m, V1__TaskInfo *task, const char *container_path,
           const char *path,
           V1__Volume__Source__SandboxPath__Type type)
{
    V1__Volume *volume = message_new(m, &v1__volume__descriptor);
    V1__Volume__Source *source =
        message_new(m, &v1__volume__source__descriptor);

    volume->mode = V1__VOLUME__MODE__RW;
    volume->container_path = message_strdup(m, container_path);
    volume->source = source;
    source->has_type = true;
    source->type = V1__VOLUME__SOURCE__TYPE__SANDBOX_PATH;
    source->sandbox_path =
        message_new(m, &v1__volume__source__sandbox_path__descriptor);
    source->sandbox_path->has_type = true;
    source->sandbox_path->type = type;
    source->sandbox_path->path = message_strdup(m, path);
    task->container = message_new(m, &v1__container_info__descriptor);
    task->container->type = V1__CONTAINER_INFO__TYPE__MESOS;
    task->container->volumes = message_array(m, 1, sizeof volume);
    task->container->volumes[0] = volume;
    task->container->n_volumes = 1;
    return volume;
}

START_TEST(tasks_meet_in_a_directory_of_their_executors_sandbox)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a b", tasks);

    add_volume(m, tasks[0], "var/mine", "shared",
               V1__VOLUME__SOURCE__SANDBOX_PATH__TYPE__PARENT);
    add_volume(m, tasks[1], "ours", "shared",
               V1__VOLUME__SOURCE__SANDBOX_PATH__TYPE__PARENT);
    say(m);

    autofree char *a = xasprintf("%s/var/mine", child("a")->directory);
    autofree char *b = xasprintf("%s/ours", child("b")->directory);
    autofree char *shared = xasprintf("%s/shared", t.directory);
    autofree char *real_a = realpath(a, NULL);
    autofree char *real_b = realpath(b, NULL);
    autofree char *real = realpath(shared, NULL);
    ck_assert_ptr_nonnull(real_a);
    ck_assert_ptr_nonnull(real_b);
    ck_assert_str_eq(real_a, real);
    ck_assert_str_eq(real_b, real);
    tear_down();
}
END_TEST

START_TEST(volume_of_its_own_is_inside_of_its_sandbox)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);

    add_volume(m, tasks[0], "data", "store",
               V1__VOLUME__SOURCE__SANDBOX_PATH__TYPE__SELF);
    say(m);

    autofree char *data = xasprintf("%s/data", child("a")->directory);
    autofree char *store = xasprintf("%s/store", child("a")->directory);
    autofree char *real_data = realpath(data, NULL);
    autofree char *real_store = realpath(store, NULL);
    ck_assert_ptr_nonnull(real_data);
    ck_assert_str_eq(real_data, real_store);
    tear_down();
}
END_TEST

/* Volumes that would need mounts, or lead out of the sandbox. */
static const struct {
    const char *container_path, *path;
    int mode;
    const char *text;
} bad_volumes[] = {
    { "/data", "shared", V1__VOLUME__MODE__RW, "the container path '/data' "
      "is not inside of the sandbox" },
    { "a/../../b", "shared", V1__VOLUME__MODE__RW, "the container path "
      "'a/../../b' is not inside of the sandbox" },
    { "data", "..", V1__VOLUME__MODE__RW, "the path '..' is not inside of "
      "the sandbox" },
    { "data", "/etc", V1__VOLUME__MODE__RW, "the path '/etc' is not inside "
      "of the sandbox" },
    { "data", "shared", V1__VOLUME__MODE__RO, "a read-only volume cannot be "
      "had without mounts" },
};

static void
check_bad_volume(size_t i)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);
    V1__Volume *volume =
        add_volume(m, tasks[0], bad_volumes[i].container_path,
                   bad_volumes[i].path,
                   V1__VOLUME__SOURCE__SANDBOX_PATH__TYPE__PARENT);

    volume->mode = (V1__Volume__Mode) bad_volumes[i].mode;
    say(m);

    ck_assert_str_eq(states("a"), "STARTING FAILED");
    ck_assert_ptr_nonnull(strstr(last_status("a")->message,
                                 bad_volumes[i].text));
    ck_assert_uint_eq(fake_process_n(t.processes), 0);
    tear_down();
}

START_TEST(volume_that_cannot_be_had_fails_its_task)
{
    for (size_t i = 0; i < ARRAY_SIZE(bad_volumes); i++) {
        check_bad_volume(i);
    }
}
END_TEST

START_TEST(persistent_volume_is_seen_where_the_task_wants_it)
{
    V1__TaskInfo *tasks[GROUP_MAX];
    set_up(false);
    say_subscribed(false);
    struct message *m = make_group("a", tasks);
    V1__Resource *disk = message_new(m, &v1__resource__descriptor);
    autofree char *volume = xasprintf("%s/db", t.directory);

    ck_assert_int_eq(mkdir(volume, 0755), 0);
    disk->name = message_strdup(m, "disk");
    disk->disk = message_new(m, &v1__resource__disk_info__descriptor);
    disk->disk->persistence =
        message_new(m, &v1__resource__disk_info__persistence__descriptor);
    disk->disk->persistence->id = message_strdup(m, "p");
    disk->disk->volume = message_new(m, &v1__volume__descriptor);
    disk->disk->volume->container_path = message_strdup(m, "db");
    tasks[0]->resources = message_array(m, 1, sizeof disk);
    tasks[0]->resources[0] = disk;
    tasks[0]->n_resources = 1;
    say(m);

    autofree char *link = xasprintf("%s/db", child("a")->directory);
    autofree char *real_link = realpath(link, NULL);
    autofree char *real_volume = realpath(volume, NULL);
    ck_assert_ptr_nonnull(real_link);
    ck_assert_str_eq(real_link, real_volume);
    tear_down();
}
END_TEST

/* --- the end --- */

START_TEST(executor_is_done_when_all_has_been_heard_of)
{
    set_up_running("a b");
    end_command("a", W_EXITCODE(0, 0));
    acknowledge_all();
    ck_assert(!actor_gate_is_open(t.done));
    end_command("b", W_EXITCODE(0, 0));
    ck_assert(!actor_gate_is_open(t.done));

    acknowledge(last_status("b"));

    ck_assert(actor_gate_is_open(t.done));
    ck_assert(t.is_acknowledged);
    tear_down();
}
END_TEST

START_TEST(executor_does_not_wait_for_ever_for_acknowledgements)
{
    set_up_running("a");
    end_command("a", W_EXITCODE(0, 0));

    advance(60 * SECOND - 1);
    ck_assert(!actor_gate_is_open(t.done));
    advance(1);

    ck_assert(actor_gate_is_open(t.done));
    ck_assert(!t.is_acknowledged);
    tear_down();
}
END_TEST

START_TEST(group_that_comes_before_the_end_is_run)
{
    set_up_running("a");
    end_command("a", W_EXITCODE(0, 0));
    advance(59 * SECOND);

    launch("b");
    advance(59 * SECOND);

    ck_assert(!actor_gate_is_open(t.done));
    ck_assert_str_eq(states("b"), "STARTING RUNNING");
    tear_down();
}
END_TEST

START_TEST(shutdown_ends_all_tasks_and_leaves_time_to_report)
{
    set_up_running("a b");
    launch("c");

    say_shutdown();
    ck_assert_int_eq(child("a")->last_signal, SIGTERM);
    ck_assert_int_eq(child("c")->last_signal, SIGTERM);
    end_command("a", W_EXITCODE(0, SIGTERM));
    advance(3 * SECOND);

    ck_assert_str_eq(states("a"), "STARTING RUNNING KILLING KILLED");
    ck_assert_str_eq(states("b"), "STARTING RUNNING KILLING KILLED");
    ck_assert_str_eq(states("c"), "STARTING RUNNING KILLING KILLED");
    ck_assert_int_eq(child("c")->last_signal, SIGKILL);
    ck_assert(!actor_gate_is_open(t.done));
    acknowledge_all();
    ck_assert(actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

START_TEST(shutdown_without_a_task_is_the_end)
{
    set_up(false);
    say_subscribed(false);

    say_shutdown();

    ck_assert(actor_gate_is_open(t.done));
    tear_down();
}
END_TEST

START_TEST(group_is_not_run_by_an_executor_that_shuts_down)
{
    set_up_running("a");
    say_shutdown();

    launch("b");

    ck_assert_str_eq(states("b"), "");
    ck_assert_uint_eq(fake_process_n(t.processes), 1);
    tear_down();
}
END_TEST

/* --- losing the agent --- */

START_TEST(executor_without_checkpoints_ends_with_its_agent)
{
    set_up_running("a");

    lose_agent();
    ck_assert_int_eq(child("a")->last_signal, SIGTERM);
    ck_assert(!actor_gate_is_open(t.done));
    end_command("a", W_EXITCODE(0, SIGTERM));

    ck_assert(actor_gate_is_open(t.done));
    ck_assert(!t.is_acknowledged);
    tear_down();
}
END_TEST

START_TEST(tasks_live_through_a_restart_of_the_agent)
{
    set_up(true);
    say_subscribed(false);
    launch("a b");
    acknowledge(last_status("a"));
    acknowledge(last_status("b"));
    lose_agent();
    ck_assert(child("a")->is_running);
    end_command("b", W_EXITCODE(0, 0));
    advance(5 * MINUTE);
    ck_assert(!actor_gate_is_open(t.done));

    struct recorder *gone = t.agent;
    t.agent = recorder_start(t.system, "slave(1)");
    advance(3 * SECOND);

    const Executor__Call *call = recorder_get(t.agent, &msg_executor_call, 0);
    ck_assert_int_eq(call->type, EXECUTOR__CALL__TYPE__SUBSCRIBE);
    ck_assert_uint_eq(call->subscribe->n_unacknowledged_tasks, 0);
    ck_assert_uint_eq(call->subscribe->n_unacknowledged_updates, 3);
    ck_assert(child("a")->is_running);
    tear_down();
    recorder_destroy(gone);
}
END_TEST

START_TEST(tasks_that_the_agent_has_not_heard_of_are_told_of)
{
    set_up(true);
    say_subscribed(false);
    launch("a b");
    lose_agent();

    struct recorder *gone = t.agent;
    t.agent = recorder_start(t.system, "slave(1)");
    advance(3 * SECOND);

    const Executor__Call *call = recorder_get(t.agent, &msg_executor_call, 0);
    ck_assert_uint_eq(call->subscribe->n_unacknowledged_tasks, 2);
    ck_assert_str_eq(call->subscribe->unacknowledged_tasks[1]->task_id->value,
                     "b");
    tear_down();
    recorder_destroy(gone);
}
END_TEST

static Suite *
default_executor_suite(void)
{
    Suite *suite = suite_create("default_executor");

    test_add(suite, "group", tasks_of_a_group_run_side_by_side);
    test_add(suite, "sandbox",
             each_task_has_a_sandbox_inside_of_the_executors);
    test_add(suite, "environment", environment_of_a_task_is_not_its_executors);
    test_add(suite, "finish", task_that_finishes_leaves_the_others_alone);
    test_add(suite, "fail", task_that_fails_takes_its_group_with_it);
    test_add(suite, "killed", killed_task_takes_its_group_with_it);
    test_add(suite, "start", command_that_does_not_start_fails_the_group);
    test_add(suite, "command", task_without_a_command_fails);
    test_add(suite, "completion", task_that_runs_too_long_fails_its_group);
    test_add(suite, "duplicate",
             second_task_of_an_id_is_ignored_while_the_first_runs);
    test_add(suite, "single", single_task_is_not_for_this_executor);
    test_add(suite, "stubborn",
             stubborn_task_is_killed_when_its_grace_is_over);
    test_add(suite, "hurry", second_kill_may_hurry_but_is_not_told_again);
    test_add(suite, "unknown", kill_of_an_unknown_task_is_ignored);
    test_add(suite, "early",
             task_killed_before_its_command_starts_never_runs);
    test_add(suite, "fetch", command_waits_for_what_its_task_wants_fetched);
    test_add(suite, "unfetched",
             task_whose_files_do_not_come_fails_with_its_group);
    test_add(suite, "fetch_kill", task_killed_while_it_is_fetched_never_runs);
    test_add(suite, "fetcher", fetcher_that_does_not_start_fails_its_task);
    test_add(suite, "limits", limits_of_a_task_are_its_own);
    test_add(suite, "health", health_of_a_task_is_told);
    test_add(suite, "unhealthy",
             task_that_stays_unhealthy_is_killed_with_its_group);
    test_add(suite, "check", result_of_a_check_is_told);
    test_add(suite, "pause", nothing_is_checked_while_the_agent_is_away);
    test_add(suite, "user",
             user_of_a_task_is_no_matter_unless_users_are_switched);
    test_add(suite, "nobody", task_of_an_unknown_user_fails);
    test_add(suite, "shared",
             tasks_meet_in_a_directory_of_their_executors_sandbox);
    test_add(suite, "own", volume_of_its_own_is_inside_of_its_sandbox);
    test_add(suite, "bad_volume", volume_that_cannot_be_had_fails_its_task);
    test_add(suite, "persistent",
             persistent_volume_is_seen_where_the_task_wants_it);
    test_add(suite, "done", executor_is_done_when_all_has_been_heard_of);
    test_add(suite, "patience",
             executor_does_not_wait_for_ever_for_acknowledgements);
    test_add(suite, "late", group_that_comes_before_the_end_is_run);
    test_add(suite, "shutdown",
             shutdown_ends_all_tasks_and_leaves_time_to_report);
    test_add(suite, "idle", shutdown_without_a_task_is_the_end);
    test_add(suite, "refuse",
             group_is_not_run_by_an_executor_that_shuts_down);
    test_add(suite, "lost", executor_without_checkpoints_ends_with_its_agent);
    test_add(suite, "back", tasks_live_through_a_restart_of_the_agent);
    test_add(suite, "untold",
             tasks_that_the_agent_has_not_heard_of_are_told_of);
    return suite;
}

TEST_MAIN(default_executor_suite)
