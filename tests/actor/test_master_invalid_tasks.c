/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_invalid_tasks.c - tasks that are refused, with what Mesos 1.12
 * said to the same ones on an agent of the same size; and groups. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define SCALAR(NAME, N) "{\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}}"
#define PORTS(BEGIN, END) "{\"name\":\"ports\",\"type\":\"RANGES\"," \
    "\"ranges\":{\"range\":[{\"begin\":" BEGIN ",\"end\":" END "}]}}"
#define LITTLE SCALAR("cpus", "0.1") "," SCALAR("mem", "32")
#define RESOURCES(LIST) "\"resources\":[" LIST "]"
#define COMMAND "\"command\":{\"value\":\"true\"}"
#define AVAILABLE "ports(allocated: *):[8000-9000]; cpus(allocated: *):4; " \
    "mem(allocated: *):8192; disk(allocated: *):100000"
#define TOO_MUCH(TOTAL) "Total resources " TOTAL " required by task and its " \
    "executor is more than available " AVAILABLE
#define X_64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void
open_stage(struct stage *s)
{
    const Internal__AgentRegistered *registered;

    stage_open(s);
    puppet_say(s->agent, &s->master, &msg_register_agent,
               "{\"agent\":{\"hostname\":\"node\"," RESOURCES(
                   PORTS("8000", "9000") "," SCALAR("cpus", "4") ","
                   SCALAR("mem", "8192") "," SCALAR("disk", "100000"))
               "},\"version\":\"1.12.0\"}");
    registered = puppet_heard(s->agent, &msg_agent_registered, 0);
    snprintf(s->agent_id, sizeof s->agent_id, "%s",
             registered->agent_id->value);
    subscribe_first(s, "");
}

struct invalid {
    const char *id;
    const char *agent_id;       /* NULL: the right one */
    const char *rest;           /* of the TaskInfo */
    const char *message;        /* NULL: it is launched */
};

static const struct invalid invalid[] = {
    { "no-resources", NULL, RESOURCES("") "," COMMAND,
      "Task uses no resources" },
    { "too-much", NULL, RESOURCES(SCALAR("cpus", "1000") ","
                                  SCALAR("mem", "32")) "," COMMAND,
      TOO_MUCH("cpus(allocated: *):1000; mem(allocated: *):32") },
    { "zero-cpus", NULL, RESOURCES(SCALAR("cpus", "0") ","
                                   SCALAR("mem", "32")) "," COMMAND, NULL },
    { "negative", NULL, RESOURCES(SCALAR("cpus", "-1") ","
                                  SCALAR("mem", "32")) "," COMMAND,
      "Resource 'cpus:-1' is invalid: Invalid scalar resource: value <= 0" },
    { "", NULL, RESOURCES(LITTLE) "," COMMAND, "ID must not be empty" },
    { "a/b", NULL, RESOURCES(LITTLE) "," COMMAND,
      "'a/b' contains invalid characters" },
    { "..", NULL, RESOURCES(LITTLE) "," COMMAND, "'..' is disallowed" },
    { X_64 X_64 X_64 X_64, NULL, RESOURCES(LITTLE) "," COMMAND,
      "ID must not be greater than 255 characters" },
    { "wrong-agent", "nope", RESOURCES(LITTLE) "," COMMAND,
      "Task uses invalid agent nope while agent %s is expected" },
    { "no-command", NULL, RESOURCES(LITTLE),
      "Task should have at least one (but not both) of CommandInfo or "
      "ExecutorInfo present" },
    { "both", NULL, RESOURCES(LITTLE) "," COMMAND ",\"executor\":{"
      "\"executor_id\":{\"value\":\"e\"}," COMMAND "}",
      "Task should have at least one (but not both) of CommandInfo or "
      "ExecutorInfo present" },
    { "dup-resource", NULL, RESOURCES(SCALAR("cpus", "0.1") "," LITTLE) ","
      COMMAND, NULL },
    { "bad-role", NULL, RESOURCES(
          "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.1},"
          "\"role\":\"other\"}," SCALAR("mem", "32")) "," COMMAND,
      TOO_MUCH("cpus(allocated: *)(reservations: [(STATIC,other)]):0.1; "
               "mem(allocated: *):32") },
    { "bad-port", NULL, RESOURCES(LITTLE "," PORTS("1", "2")) "," COMMAND,
      TOO_MUCH("cpus(allocated: *):0.1; mem(allocated: *):32; "
               "ports(allocated: *):[1-2]") },
    { "bad-health", NULL, RESOURCES(LITTLE) "," COMMAND ",\"health_check\":{"
      "\"type\":\"HTTP\"}", "Task uses invalid health check: Expecting "
      "'http' to be set for HTTP health check" },
    { "bad-check", NULL, RESOURCES(LITTLE) "," COMMAND ",\"check\":{"
      "\"type\":\"COMMAND\"}", "Task uses invalid check: Expecting 'command' "
      "to be set for COMMAND check" },
    { "bad-kill-grace", NULL, RESOURCES(LITTLE) "," COMMAND
      ",\"kill_policy\":{\"grace_period\":{\"nanoseconds\":-1}}",
      "Task's 'kill_policy.grace_period' must be non-negative" },
    { "bad-completion", NULL, RESOURCES(LITTLE) "," COMMAND
      ",\"max_completion_time\":{\"nanoseconds\":-5}",
      "Task's `max_completion_time` must be non-negative" },
    { "gpu", NULL, RESOURCES(LITTLE "," SCALAR("gpus", "1")) "," COMMAND,
      TOO_MUCH("cpus(allocated: *):0.1; mem(allocated: *):32; "
               "gpus(allocated: *):1") },
    { "small-mem", NULL, RESOURCES(SCALAR("cpus", "0.1") ","
                                   SCALAR("mem", "1")) "," COMMAND, NULL },
};

static void
try_task(const struct invalid *t)
{
    struct stage s = stage_create();
    open_stage(&s);
    autofree char *expected = xasprintf(t->message ? t->message : "%s",
                                        s.agent_id);

    call(&s, "ACCEPT", ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"operations\":[{\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{"
         "\"name\":\"t\",\"task_id\":{\"value\":\"%s\"},\"agent_id\":{"
         "\"value\":\"%s\"},%s}]}}]}", offer(s.scheduler, 0)->id->value,
         t->id, t->agent_id ? t->agent_id : s.agent_id, t->rest);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_run_task), !t->message);
    if (t->message) {
        const V1__TaskStatus *got = status(s.scheduler, 0);

        ck_assert_int_eq(got->state, V1__TASK_STATE__TASK_ERROR);
        ck_assert_int_eq(got->source, V1__TASK_STATUS__SOURCE__SOURCE_MASTER);
        ck_assert_int_eq(got->reason,
                         V1__TASK_STATUS__REASON__REASON_TASK_INVALID);
        ck_assert_str_eq(got->message, expected);
    }
    stage_close(&s);
}

START_TEST(tasks_are_refused_as_mesos_does)
{
    for (size_t i = 0; i < ARRAY_SIZE(invalid); i++) {
        try_task(&invalid[i]);
    }
}
END_TEST

/* --- groups --- */

#define EXECUTOR(TYPE, LIST) "{\"executor_id\":{\"value\":\"e\"}," TYPE \
    "\"framework_id\":{\"value\":\"%s\"}," RESOURCES(LIST) "}"
#define DEFAULT "\"type\":\"DEFAULT\","
#define ENOUGH LITTLE "," SCALAR("disk", "32")
#define MEMBER(ID, REST) "{\"name\":\"t\",\"task_id\":{\"value\":\"" ID \
    "\"},\"agent_id\":{\"value\":\"%s\"}," REST "}"

static void
launch_group(struct stage *s, const char *executor, const char *tasks)
{
    char executor_json[1024], tasks_json[2048];

    snprintf(executor_json, sizeof executor_json, "%s", executor);
    snprintf(tasks_json, sizeof tasks_json, "%s", tasks);
    call(s, "ACCEPT", ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"operations\":[{\"type\":\"LAUNCH_GROUP\",\"launch_group\":{"
         "\"executor\":%s,\"task_group\":{\"tasks\":[%s]}}}]}",
         offer(s->scheduler, 0)->id->value, executor_json, tasks_json);
}

/* What is told of both tasks. */
static void
check_group(const char *executor_fmt, const char *first, const char *second,
            const char *expected)
{
    struct stage s = stage_create();
    open_stage(&s);
    char *executor = strstr(executor_fmt, "%s")
        ? xasprintf(executor_fmt, s.framework_id) : xstrdup(executor_fmt);
    autofree char *one = xasprintf(first, s.agent_id);
    autofree char *two = xasprintf(second, s.agent_id);
    autofree char *tasks = xasprintf("%s,%s", one, two);

    launch_group(&s, executor, tasks);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_run_task_group), 0);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(status(s.scheduler, i)->reason,
                         V1__TASK_STATUS__REASON__REASON_TASK_GROUP_INVALID);
        ck_assert_str_eq(status(s.scheduler, i)->message, expected);
    }
    free(executor);
    stage_close(&s);
}

#define FINE(ID) MEMBER(ID, COMMAND "," RESOURCES(LITTLE))

START_TEST(group_is_launched_as_a_whole)
{
    struct stage s = stage_create();
    const Internal__RunTaskGroup *run;
    open_stage(&s);
    autofree char *executor = xasprintf(EXECUTOR(DEFAULT, ENOUGH),
                                        s.framework_id);
    autofree char *tasks = xasprintf(FINE("a") "," FINE("b"), s.agent_id,
                                     s.agent_id);

    launch_group(&s, executor, tasks);

    run = puppet_heard(s.agent, &msg_run_task_group, 0);
    ck_assert_uint_eq(run->task_group->n_tasks, 2);
    ck_assert_str_eq(run->task_group->tasks[1]->executor->executor_id->value,
                     "e");
    ck_assert(run->launch_executor);
    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__UPDATE),
                      0);
    ck_assert_double_eq(metric(&s, "master/tasks_staging"), 2);
    ck_assert_double_eq(metric(&s, "master/mem_used"), 96);
    stage_close(&s);
}
END_TEST

START_TEST(one_wrong_task_is_enough)
{
    check_group(EXECUTOR(DEFAULT, ENOUGH), FINE("a"),
                MEMBER("b", COMMAND "," RESOURCES("")),
                "Task 'b' is invalid: Task uses no resources");
    check_group(EXECUTOR(DEFAULT, ENOUGH), FINE("a"), FINE("a"),
                "Task 'a' is invalid: Task has duplicate ID: a");
    check_group(EXECUTOR(DEFAULT, ENOUGH), FINE("a"),
                MEMBER("b", COMMAND "," RESOURCES(LITTLE) ",\"container\":{"
                       "\"type\":\"DOCKER\",\"docker\":{\"image\":\"x\"}}"),
                "Task 'b' is invalid: Docker ContainerInfo is not supported "
                "on the task");
    check_group(EXECUTOR(DEFAULT, ENOUGH), FINE("a"),
                MEMBER("b", COMMAND "," RESOURCES(
                    SCALAR("cpus", "4") "," SCALAR("mem", "32"))),
                "Total resources cpus(allocated: *):4.2; mem(allocated: *):96"
                "; disk(allocated: *):32 required by task group and its "
                "executor are more than available " AVAILABLE);
}
END_TEST

START_TEST(executor_of_a_group_has_its_rules)
{
    check_group(EXECUTOR("", ENOUGH), FINE("a"), FINE("b"),
                "'ExecutorInfo.type' must be set");
    check_group(EXECUTOR(DEFAULT COMMAND ",", ENOUGH), FINE("a"), FINE("b"),
                "'ExecutorInfo.command' must not be set for 'DEFAULT' "
                "executor");
    check_group("{\"executor_id\":{\"value\":\"e\"}," DEFAULT
                RESOURCES(ENOUGH) "}", FINE("a"), FINE("b"),
                "'ExecutorInfo.framework_id' must be set");
    check_group(EXECUTOR(DEFAULT, SCALAR("mem", "32")), FINE("a"), FINE("b"),
                "Executor 'e' uses less CPUs (None) than the minimum required "
                "(0.01)");
    check_group(EXECUTOR(DEFAULT, SCALAR("cpus", "1") ","
                         SCALAR("mem", "31.5")), FINE("a"), FINE("b"),
                "Executor 'e' uses less memory (31.5MB) than the minimum "
                "required (32MB)");
    check_group(EXECUTOR(DEFAULT, LITTLE), FINE("a"), FINE("b"),
                "Executor 'e' uses no disk");
}
END_TEST

START_TEST(tasks_of_a_group_do_not_share_a_port)
{
    check_group(EXECUTOR(DEFAULT, ENOUGH),
                MEMBER("a", COMMAND "," RESOURCES(PORTS("8000", "8001"))),
                MEMBER("b", COMMAND "," RESOURCES(PORTS("8001", "8002"))),
                "There are overlapping resources in the task group's task "
                "resources { ports(allocated: *):[8000-8001], "
                "ports(allocated: *):[8001-8002] } and/or executor resources "
                "cpus(allocated: *):0.1; mem(allocated: *):32; "
                "disk(allocated: *):32");
}
END_TEST

static Suite *
master_invalid_tasks_suite(void)
{
    Suite *suite = suite_create("master_invalid_tasks");

    test_add(suite, "tasks", tasks_are_refused_as_mesos_does);
    test_add(suite, "group", group_is_launched_as_a_whole);
    test_add(suite, "member", one_wrong_task_is_enough);
    test_add(suite, "executor", executor_of_a_group_has_its_rules);
    test_add(suite, "ports", tasks_of_a_group_do_not_share_a_port);
    return suite;
}

TEST_MAIN(master_invalid_tasks_suite)
