/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_validation.c - what a framework may ask for, and in which words
 * it is told that it may not. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/validation.h"
#include "tests/lib/test.h"

#define CPUS_1 \
    "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":1}}]"
#define COMMAND "\"command\":{\"value\":\"true\"}"

/* A task with id "t" on agent "S0", and 'rest'. */
#define TASK(REST) \
    "{\"name\":\"t\",\"task_id\":{\"value\":\"t\"}," \
    "\"agent_id\":{\"value\":\"S0\"}," REST "}"

static struct message *
decode(const ProtobufCMessageDescriptor *descriptor, const char *json)
{
    struct message *message = NULL;
    struct error *error = message_decode_json(descriptor, json, strlen(json),
                                              &message);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return message;
}

static void
check_text(struct error *error, const char *expected)
{
    if (expected) {
        ck_assert_ptr_nonnull(error);
        ck_assert_str_eq(error_text(error), expected);
    } else {
        ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    }
    error_destroy(error);
}

static void
read_resources(const char *text, struct resources *ret)
{
    ck_assert_ptr_null(resources_parse(text, "*", ret));
    resources_set_allocation(ret, "*");
}

static void
check_in(const char *json, const char *expected, struct task_context *context)
{
    struct message *message = decode(&v1__task_info__descriptor, json);
    const V1__TaskInfo *task = message_root(message);
    struct resources resources = { 0 };
    struct resources executor = { 0 };
    struct resources available = { 0 };

    read_resources("cpus:4;mem:1024;gpus:1;ports:[1-9]", &available);
    ck_assert_ptr_null(resources_decode(task->resources, task->n_resources,
                                        &resources));
    resources_set_allocation(&resources, "*");
    if (task->executor) {
        ck_assert_ptr_null(resources_decode(task->executor->resources,
                                            task->executor->n_resources,
                                            &executor));
        resources_set_allocation(&executor, "*");
    }
    context->agent_id = "S0";
    context->framework_id = "F";
    context->role = "*";
    context->available = &available;

    check_text(validate_task(task, &resources, &executor, context), expected);

    resources_fini(&resources);
    resources_fini(&executor);
    resources_fini(&available);
    message_unref(message);
}

static void
check(const char *json, const char *expected)
{
    struct task_context context = { 0 };

    check_in(json, expected, &context);
}

START_TEST(plain_command_task_is_valid)
{
    check(TASK(COMMAND "," CPUS_1), NULL);
}
END_TEST

START_TEST(task_id_has_to_be_a_file_name)
{
#define ID(ID) "{\"name\":\"t\",\"task_id\":{\"value\":\"" ID "\"}," \
    "\"agent_id\":{\"value\":\"S0\"}," COMMAND "," CPUS_1 "}"
    check(ID(""), "ID must not be empty");
    check(ID("a/b"), "'a/b' contains invalid characters");
    check(ID(".."), "'..' is disallowed");
#undef ID
}
END_TEST

START_TEST(task_id_is_used_once)
{
    struct task_context duplicate = { .is_duplicate = true };
    struct task_context unreachable = { .is_unreachable = true };

    check_in(TASK(COMMAND "," CPUS_1), "Task has duplicate ID: t",
             &duplicate);
    check_in(TASK(COMMAND "," CPUS_1),
             "Task reuses the ID of an unreachable task: t", &unreachable);
}
END_TEST

START_TEST(task_runs_where_its_offer_is)
{
    check("{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},\"agent_id\":{"
          "\"value\":\"nope\"}," COMMAND "," CPUS_1 "}",
          "Task uses invalid agent nope while agent S0 is expected");
}
END_TEST

START_TEST(times_are_not_negative)
{
    check(TASK(COMMAND "," CPUS_1 ",\"kill_policy\":{\"grace_period\":{"
               "\"nanoseconds\":-1}}"),
          "Task's 'kill_policy.grace_period' must be non-negative");
    check(TASK(COMMAND "," CPUS_1 ",\"max_completion_time\":{"
               "\"nanoseconds\":-1}"),
          "Task's `max_completion_time` must be non-negative");
}
END_TEST

START_TEST(checks_say_what_they_check)
{
    check(TASK(COMMAND "," CPUS_1 ",\"check\":{\"type\":\"COMMAND\"}"),
          "Task uses invalid check: Expecting 'command' to be set for COMMAND "
          "check");
    check(TASK(COMMAND "," CPUS_1 ",\"check\":{}"),
          "Task uses invalid check: CheckInfo must specify 'type'");
    check(TASK(COMMAND "," CPUS_1 ",\"check\":{\"type\":\"HTTP\",\"http\":{"
               "\"port\":1,\"path\":\"x\"}}"),
          "Task uses invalid check: The path 'x' of HTTP check must start "
          "with '/'");
    check(TASK(COMMAND "," CPUS_1 ",\"check\":{\"type\":\"TCP\",\"tcp\":{"
               "\"port\":1},\"delay_seconds\":-1}"),
          "Task uses invalid check: Expecting 'delay_seconds' to be "
          "non-negative");
    check(TASK(COMMAND "," CPUS_1 ",\"health_check\":{\"type\":\"HTTP\"}"),
          "Task uses invalid health check: Expecting 'http' to be set for "
          "HTTP health check");
    check(TASK(COMMAND "," CPUS_1 ",\"health_check\":{\"type\":\"HTTP\","
               "\"http\":{\"port\":1,\"scheme\":\"ftp\"}}"),
          "Task uses invalid health check: Unsupported HTTP health check "
          "scheme: 'ftp'");
    check(TASK(COMMAND "," CPUS_1 ",\"health_check\":{\"command\":{"
               "\"value\":\"true\"}}"), NULL);
}
END_TEST

START_TEST(task_uses_resources_that_it_is_offered)
{
    check(TASK(COMMAND ",\"resources\":[]"), "Task uses no resources");
    check(TASK(COMMAND ",\"resources\":[{\"name\":\"gpus\",\"type\":"
               "\"SCALAR\",\"scalar\":{\"value\":0.5}}]"),
          "Task uses invalid resources: Invalid 'gpus' resource: The 'gpus' "
          "resource must be an unsigned integer");
    check(TASK(COMMAND ",\"resources\":[{\"name\":\"cpus\",\"type\":"
               "\"SCALAR\",\"scalar\":{\"value\":1},\"revocable\":{}},"
               "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{"
               "\"value\":1}}]"),
          "Task mixes revocable and non-revocable resources: Cannot use both "
          "revocable and non-revocable 'cpus' at the same time");
    check(TASK(COMMAND ",\"resources\":[{\"name\":\"cpus\",\"type\":"
               "\"SCALAR\",\"scalar\":{\"value\":4.001}}]"),
          "Total resources cpus(allocated: *):4.001 required by task and its "
          "executor is more than available cpus(allocated: *):4; "
          "mem(allocated: *):1024; gpus(allocated: *):1; ports(allocated: *):"
          "[1-9]");
}
END_TEST

START_TEST(task_has_a_command_or_an_executor)
{
    static const char text[] = "Task should have at least one (but not both) "
        "of CommandInfo or ExecutorInfo present";

    check(TASK(CPUS_1), text);
    check(TASK(COMMAND "," CPUS_1 ",\"executor\":{\"executor_id\":{"
               "\"value\":\"e\"},\"command\":{\"value\":\"x\"}}"), text);
}
END_TEST

#define EXECUTOR(REST) \
    TASK(CPUS_1 ",\"executor\":{\"executor_id\":{\"value\":\"e\"}" REST "}")

START_TEST(executor_has_a_command_and_belongs_to_the_framework)
{
    check(EXECUTOR(",\"command\":{\"value\":\"x\"}"), NULL);
    check(EXECUTOR(""), "'ExecutorInfo.command' must be set");
    check(EXECUTOR(",\"type\":\"CUSTOM\""),
          "'ExecutorInfo.command' must be set for 'CUSTOM' executor");
    check(EXECUTOR(",\"type\":\"DEFAULT\""),
          "'ExecutorInfo.type' must be 'CUSTOM'");
    check(EXECUTOR(",\"command\":{\"value\":\"x\"},\"framework_id\":{"
                   "\"value\":\"G\"}"),
          "ExecutorInfo has an invalid FrameworkID (Actual: G vs Expected: "
          "F)");
    check(EXECUTOR(",\"command\":{\"value\":\"x\"},"
                   "\"shutdown_grace_period\":{\"nanoseconds\":-1}"),
          "ExecutorInfo's 'shutdown_grace_period' must be non-negative");
}
END_TEST

START_TEST(resources_of_a_running_executor_are_not_counted_again)
{
    static const char json[] =
        TASK("\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
             "\"scalar\":{\"value\":4}}],\"executor\":{\"executor_id\":{"
             "\"value\":\"e\"},\"command\":{\"value\":\"x\"}," CPUS_1 "}");
    struct message *running = decode(
        &v1__executor_info__descriptor,
        "{\"executor_id\":{\"value\":\"e\"},\"command\":{\"value\":\"x\"},"
        "\"framework_id\":{\"value\":\"F\"}," CPUS_1 "}");
    struct task_context context = {
        .running_executor = message_root(running),
    };

    check_in(json, NULL, &context);
    check(json, "Total resources cpus(allocated: *):5 required by task and "
          "its executor is more than available cpus(allocated: *):4; "
          "mem(allocated: *):1024; gpus(allocated: *):1; ports(allocated: *):"
          "[1-9]");
    message_unref(running);
}
END_TEST

START_TEST(task_and_executor_do_not_use_the_same_port)
{
#define PORTS \
    "\"resources\":[{\"name\":\"ports\",\"type\":\"RANGES\"," \
    "\"ranges\":{\"range\":[{\"begin\":5,\"end\":5}]}}]"
    check(TASK(PORTS ",\"executor\":{\"executor_id\":{\"value\":\"e\"},"
               "\"command\":{\"value\":\"x\"}," PORTS "}"),
          "There are overlapping resources in the task resources "
          "ports(allocated: *):[5-5] and executor resources "
          "ports(allocated: *):[5-5]");
#undef PORTS
}
END_TEST

START_TEST(executor_of_the_same_id_has_to_be_the_same)
{
    struct message *running = decode(
        &v1__executor_info__descriptor,
        "{\"executor_id\":{\"value\":\"e\"},\"command\":{\"value\":\"y\"}}");
    struct message *message = decode(
        &v1__task_info__descriptor,
        EXECUTOR(",\"command\":{\"value\":\"x\"}"));
    struct resources available = { 0 };
    struct resources none = { 0 };
    struct task_context context = {
        .agent_id = "S0", .framework_id = "F", .role = "*",
        .available = &available, .running_executor = message_root(running),
    };
    struct error *error = validate_task(message_root(message), &none, &none,
                                        &context);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), "ExecutorInfo is not "
                                 "compatible with existing ExecutorInfo with "
                                 "same ExecutorID.\n-----"));
    error_destroy(error);
    message_unref(message);
    message_unref(running);
}
END_TEST

START_TEST(limits_are_not_below_requests)
{
    struct task_context able = { .has_limits = true };

    check(TASK(COMMAND "," CPUS_1 ",\"limits\":{\"cpus\":{\"value\":2}}"),
          "Agent is not capable of handling task resource limits");
    check_in(TASK(COMMAND "," CPUS_1 ",\"limits\":{\"disk\":{\"value\":1}}"),
             "Only cpus and mem may be included in a task's resource limits",
             &able);
    check_in(TASK(COMMAND "," CPUS_1 ",\"limits\":{\"mem\":{\"value\":1}}"),
             "When a memory limit is specified, a memory request must also be "
             "specified", &able);
    check_in(TASK(COMMAND "," CPUS_1 ",\"limits\":{\"cpus\":{\"value\":0.5}}"),
             "The cpu limit must be greater than or equal to the cpu request",
             &able);
    check_in(TASK(COMMAND "," CPUS_1 ",\"limits\":{\"cpus\":{\"value\":2}}"),
             NULL, &able);
}
END_TEST

START_TEST(environment_and_volumes_are_looked_into)
{
    check(TASK("\"command\":{\"value\":\"x\",\"environment\":{\"variables\":["
               "{\"name\":\"A\"}]}}," CPUS_1),
          "Task's `CommandInfo` is invalid: Environment variable 'A' of type "
          "'VALUE' must have a value set");
    check(TASK(COMMAND "," CPUS_1 ",\"container\":{\"type\":\"DOCKER\"}"),
          "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set "
          "for DOCKER typed ContainerInfo");
    check(TASK(COMMAND "," CPUS_1 ",\"container\":{\"type\":\"MESOS\","
               "\"volumes\":[{\"mode\":\"RW\",\"container_path\":\"p\","
               "\"source\":{\"type\":\"HOST_PATH\"}}]}"),
          "Task's `ContainerInfo` is invalid: Invalid volume: "
          "'source.host_path' is not set for HOST_PATH volume");
    check(TASK(COMMAND "," CPUS_1 ",\"container\":{\"type\":\"MESOS\","
               "\"linux_info\":{\"share_cgroups\":false}}"),
          "Only tasks in a task group may have 'share_cgroups' set to "
          "'false'");
}
END_TEST

/* --- frameworks --- */

#define FRAMEWORK(REST) "{\"user\":\"root\",\"name\":\"n\"" REST "}"
#define MULTI_ROLE ",\"capabilities\":[{\"type\":\"MULTI_ROLE\"}]"

static void
check_framework(const char *json, const char *expected)
{
    struct message *message = decode(&v1__framework_info__descriptor, json);

    check_text(validate_framework_info(message_root(message), NULL, true),
               expected);
    message_unref(message);
}

START_TEST(framework_has_the_roles_that_its_capabilities_say)
{
    check_framework(FRAMEWORK(""), NULL);
    check_framework(FRAMEWORK(",\"role\":\"web\""), NULL);
    check_framework(FRAMEWORK(",\"roles\":[\"web\"]" MULTI_ROLE), NULL);
    check_framework(FRAMEWORK(MULTI_ROLE), NULL);
    check_framework(FRAMEWORK(",\"role\":\"web\"" MULTI_ROLE),
                    "'FrameworkInfo.role' must not be set when the framework "
                    "is MULTI_ROLE capable");
    check_framework(FRAMEWORK(",\"roles\":[\"web\"]"),
                    "'FrameworkInfo.roles' must not be set when the framework "
                    "is not MULTI_ROLE capable");
    check_framework(FRAMEWORK(",\"roles\":[\"a\",\"b\",\"a\"]" MULTI_ROLE),
                    "'FrameworkInfo.roles' contains duplicate items: { a }");
}
END_TEST

START_TEST(too_many_roles_are_refused)
{
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&json, "{\"user\":\"root\",\"name\":\"n\",\"roles\":[");
    for (int i = 0; i < 4097; i++) {
        strbuf_printf(&json, "%s\"r%d\"", i ? "," : "", i);
    }
    strbuf_append(&json, "]" MULTI_ROLE "}");
    check_framework(json.data, "'FrameworkInfo.roles' has 4097 items; at most "
                               "4096 are allowed");
}
END_TEST

START_TEST(root_may_be_refused)
{
    struct message *message = decode(&v1__framework_info__descriptor,
                                     FRAMEWORK(""));

    check_text(validate_framework_info(message_root(message), NULL, false),
               "User 'root' is not allowed to run frameworks without "
               "--root_submissions set");
    message_unref(message);
}
END_TEST

START_TEST(failover_timeout_fits_a_duration)
{
    check_framework(FRAMEWORK(",\"failover_timeout\":1e300"),
                    "The framework failover_timeout (1e300) is invalid");
    check_framework(FRAMEWORK(",\"failover_timeout\":604800"), NULL);
}
END_TEST

START_TEST(suppressed_roles_are_roles_of_the_framework)
{
    struct message *message = decode(&v1__framework_info__descriptor,
                                     FRAMEWORK(",\"role\":\"web\""));
    char web[] = "web", db[] = "db";
    char *roles[] = { web, db };

    check_text(validate_suppressed_roles(roles, 1, message_root(message)),
               NULL);
    check_text(validate_suppressed_roles(roles, 2, message_root(message)),
               "Suppressed roles { db } are not contained in the set of "
               "roles");
    message_unref(message);
}
END_TEST

static Suite *
validation_suite(void)
{
    Suite *suite = suite_create("master/validation");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(plain_command_task_is_valid);
    ADD(task_id_has_to_be_a_file_name);
    ADD(task_id_is_used_once);
    ADD(task_runs_where_its_offer_is);
    ADD(times_are_not_negative);
    ADD(checks_say_what_they_check);
    ADD(task_uses_resources_that_it_is_offered);
    ADD(task_has_a_command_or_an_executor);
    ADD(executor_has_a_command_and_belongs_to_the_framework);
    ADD(resources_of_a_running_executor_are_not_counted_again);
    ADD(task_and_executor_do_not_use_the_same_port);
    ADD(executor_of_the_same_id_has_to_be_the_same);
    ADD(limits_are_not_below_requests);
    ADD(environment_and_volumes_are_looked_into);
    ADD(framework_has_the_roles_that_its_capabilities_say);
    ADD(too_many_roles_are_refused);
    ADD(root_may_be_refused);
    ADD(failover_timeout_fits_a_duration);
    ADD(suppressed_roles_are_roles_of_the_framework);
#undef ADD
    return suite;
}

TEST_MAIN(validation_suite)
