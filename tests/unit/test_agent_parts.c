/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent_parts.c - small parts of the agent: paths, sandboxes, names and
 * environments of executors, addresses of masters. */
#include <config.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/disk.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/upid.h>

#include "agent/agent.h"
#include "agent/command_executor_info.h"
#include "agent/environment.h"
#include "agent/paths.h"
#include "agent/sandbox.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

START_TEST(sandbox_path_names_all_ids)
{
    autofree char *path = paths_sandbox("/w", "S0", "F1", "E2", "C3");
    autofree char *latest = paths_latest(path);

    ck_assert_str_eq(path, "/w/slaves/S0/frameworks/F1/executors/E2/runs/C3");
    ck_assert_str_eq(latest,
                     "/w/slaves/S0/frameworks/F1/executors/E2/runs/latest");
}
END_TEST

START_TEST(sandbox_has_its_files_and_the_link_follows_the_newest)
{
    autofree char *root = test_temp_dir();
    autofree char *first = xasprintf("%s/a/runs/1", root);
    autofree char *second = xasprintf("%s/a/runs/2", root);
    autofree char *latest = paths_latest(first);
    struct sandbox sandbox;
    struct stat info;
    char target[4096] = "";

    ck_assert_ptr_null(sandbox_create(&actor_disk_real, first, NULL, NULL,
                                      &sandbox));
    sandbox_fini(&actor_disk_real, &sandbox);
    ck_assert_ptr_null(sandbox_create(&actor_disk_real, second, NULL, NULL,
                                      &sandbox));

    ck_assert_int_eq(write(sandbox.out_fd, "x", 1), 1);
    ck_assert_int_eq(fcntl(sandbox.err_fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(stat(second, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0750);
    ck_assert_int_gt(readlink(latest, target, sizeof target - 1), 0);
    ck_assert_str_eq(target, second);
    sandbox_fini(&actor_disk_real, &sandbox);
}
END_TEST

START_TEST(unknown_user_is_named)
{
    struct sandbox_user user;
    struct error *error = sandbox_user_find("no-such-user-here", &user);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), "No such user 'no-such-user-here'");
    error_destroy(error);
}
END_TEST

START_TEST(root_has_groups)
{
    struct sandbox_user user;

    ck_assert_ptr_null(sandbox_user_find("root", &user));
    ck_assert_int_eq(user.uid, 0);
    ck_assert_uint_ge(user.n_groups, 1);
    sandbox_user_fini(&user);
}
END_TEST

static void
check_name(bool shell, const char *value, const char *argument,
           const char *expected)
{
    V1__CommandInfo command = V1__COMMAND_INFO__INIT;
    char *arguments[] = { (char *) argument };

    command.shell = shell;
    command.value = (char *) value;
    command.arguments = arguments;
    command.n_arguments = argument ? 1 : 0;
    autofree char *name = command_executor_name("t", &command);

    ck_assert_str_eq(name, expected);
}

START_TEST(long_commands_are_cut_in_names)
{
    check_name(true, "echo \"Hello, World\"", NULL, "Command Executor "
               "(Task: t) (Command: sh -c 'echo \"Hello,...')");
    check_name(true, "exactly15bytes!", NULL, "Command Executor (Task: t) "
               "(Command: sh -c 'exactly15bytes!')");
    check_name(false, "/bin/ls", "-l", "Command Executor (Task: t) "
               "(Command: [/bin/ls, -l])");
    check_name(false, "/bin/echo", "something", "Command Executor (Task: t) "
               "(Command: [/bin/echo, s...])");
    check_name(true, NULL, NULL, "Command Executor (Task: t) "
               "(Command: NO COMMAND)");
    check_name(false, NULL, NULL, "Command Executor (Task: t) "
               "(Command: NO EXECUTABLE)");
}
END_TEST

static const char *
find_variable(char **env, const char *name)
{
    size_t len = strlen(name);

    for (; *env; env++) {
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=') {
            return *env + len + 1;
        }
    }
    return NULL;
}

START_TEST(environment_has_what_executors_ask_for_and_the_command_wins)
{
    V1__Environment__Variable path = V1__ENVIRONMENT__VARIABLE__INIT;
    V1__Environment__Variable *variables[] = { &path };
    V1__Environment environment = V1__ENVIRONMENT__INIT;
    struct upid agent;
    struct environment_options options = {
        .framework_id = "F", .executor_id = "E", .agent_id = "S",
        .agent = &agent, .directory = "/sandbox", .libprocess_ip = "10.0.0.1",
        .shutdown_grace_ns = 5 * SECOND, .command = &environment,
    };

    path.name = (char *) "PATH";
    path.value = (char *) "/mine";
    environment.variables = variables;
    environment.n_variables = 1;
    ck_assert_ptr_null(upid_parse("slave(1)@10.0.0.1:5051", &agent));
    char **env = environment_create(&options);

    ck_assert_str_eq(find_variable(env, "MESOS_SLAVE_PID"),
                     "slave(1)@10.0.0.1:5051");
    ck_assert_str_eq(find_variable(env, "MESOS_AGENT_ENDPOINT"),
                     "10.0.0.1:5051");
    ck_assert_str_eq(find_variable(env, "MESOS_SLAVE_ID"), "S");
    ck_assert_str_eq(find_variable(env, "MESOS_FRAMEWORK_ID"), "F");
    ck_assert_str_eq(find_variable(env, "MESOS_EXECUTOR_ID"), "E");
    ck_assert_str_eq(find_variable(env, "MESOS_DIRECTORY"), "/sandbox");
    ck_assert_str_eq(find_variable(env, "MESOS_SANDBOX"), "/sandbox");
    ck_assert_str_eq(find_variable(env, "LIBPROCESS_PORT"), "0");
    ck_assert_str_eq(find_variable(env, "LIBPROCESS_IP"), "10.0.0.1");
    ck_assert_str_eq(
        find_variable(env, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"), "5secs");
    ck_assert_str_eq(find_variable(env, "PATH"), "/mine");
    ck_assert_ptr_null(find_variable(env, "HOME"));
    for (char **p = env; *p; p++) {
        free(*p);
    }
    free(env);
}
END_TEST

static Suite *
agent_parts_suite(void)
{
    Suite *suite = suite_create("agent_parts");

    test_add(suite, "paths", sandbox_path_names_all_ids);
    test_add(suite, "sandbox",
             sandbox_has_its_files_and_the_link_follows_the_newest);
    test_add(suite, "user", unknown_user_is_named);
    test_add(suite, "groups", root_has_groups);
    test_add(suite, "names", long_commands_are_cut_in_names);
    test_add(suite, "environment",
             environment_has_what_executors_ask_for_and_the_command_wins);
    return suite;
}

TEST_MAIN(agent_parts_suite)
