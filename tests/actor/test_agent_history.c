/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent_history.c - what an agent tells a master that does not know of
 * it: statuses of its tasks, frameworks and tasks that are over, schedulers'
 * addresses.  Puppets all around, on a real disk. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/agent_stage.h"
#include "tests/lib/test.h"

#define COMMAND "\"command\":{\"value\":\"sleep 1000\"}"
#define EXECUTOR "\"executor\":{\"executor_id\":{\"value\":\"e\"}," COMMAND "}"
#define UUID_OF_ONES "AQEBAQEBAQEBAQEBAQEBAQ=="

/* What the agent says when its master has lost it. */
static const Internal__ReregisterAgent *
reregister(struct agent_stage *s)
{
    puppet_forget(s->master);
    puppet_say(s->master, &s->agent, &msg_ping_agent,
               "{\"connected\":false}");
    agent_stage_advance(s, 2 * SECOND);
    return puppet_heard(s->master, &msg_reregister_agent, 0);
}

/* From its order to the acknowledgement of its end. */
static void
run_to_the_end(struct agent_stage *s, const char *id)
{
    agent_stage_run_task(s, id, "", COMMAND);
    agent_stage_subscribe(s, id);
    agent_stage_update(s, id, id, "TASK_FINISHED", 1);
    agent_stage_acknowledge(s, agent_stage_n_statuses(s) - 1);
    agent_stage_exit(s, W_EXITCODE(0, 0));
    puppet_forget(s->master);
    puppet_forget(s->executor);
}

/* The whole line of a checkpoint, which is a text. */
static void
check_text(struct agent_stage *s, const char *name, const char *text)
{
    autofree char *path = agent_stage_path(s, name);
    char line[256] = "";

    agent_stage_advance(s, 100 * MILLISECOND);  /* files follow the journal */
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    ck_assert_str_eq(line, text);
}

static void
update_framework(struct agent_stage *s, const char *member)
{
    puppet_say(s->master, &s->agent, &msg_update_framework,
               "{\"framework\":{\"user\":\"nobody\",\"name\":\"g\",\"id\":"
               "{\"value\":\"F0\"},\"checkpoint\":true}%s}", member);
}

START_TEST(master_hears_what_checks_said)
{
    const Internal__ReregisterAgent *said;
    const V1__TaskStatus *status;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", COMMAND);
    agent_stage_subscribe(&s, "t");
    puppet_say(s.executor, &s.agent, &msg_executor_call,
               "{\"type\":\"UPDATE\",\"executor_id\":{\"value\":\"t\"},"
               "\"framework_id\":{\"value\":\"F0\"},\"update\":{\"status\":"
               "{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_RUNNING\","
               "\"uuid\":\"" UUID_OF_ONES "\",\"check_status\":{\"type\":"
               "\"COMMAND\",\"command\":{\"exit_code\":3}},\"labels\":"
               "{\"labels\":[{\"key\":\"k\"}]}}}}");

    said = reregister(&s);
    ck_assert_uint_eq(said->n_tasks, 1);
    ck_assert_uint_eq(said->tasks[0]->n_statuses, 1);
    status = said->tasks[0]->statuses[0];
    ck_assert_ptr_nonnull(status->check_status);
    ck_assert_int_eq(status->check_status->command->exit_code, 3);
    ck_assert_str_eq(status->labels->labels[0]->key, "k");
    ck_assert_ptr_nonnull(status->container_status);
    ck_assert_uint_eq(status->container_status->n_network_infos, 1);
    agent_stage_fini(&s);
}
END_TEST

/* Not while no master has the agent, and once. */
START_TEST(next_master_hears_of_executors_that_ended_before)
{
    const Internal__ExitedExecutor *exited;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", EXECUTOR);
    agent_stage_subscribe(&s, "e");
    reregister(&s);
    agent_stage_exit(&s, W_EXITCODE(3, 0));
    ck_assert_uint_eq(puppet_count(s.master, &msg_exited_executor), 0);

    agent_stage_say_reregistered(&s);
    ck_assert_uint_eq(puppet_count(s.master, &msg_exited_executor), 1);
    exited = puppet_heard(s.master, &msg_exited_executor, 0);
    ck_assert_str_eq(exited->executor_id->value, "e");
    ck_assert_str_eq(exited->framework_id->value, "F0");
    ck_assert_int_eq(exited->status, W_EXITCODE(3, 0));

    reregister(&s);
    agent_stage_say_reregistered(&s);
    ck_assert_uint_eq(puppet_count(s.master, &msg_exited_executor), 0);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(master_hears_of_executors_that_end_with_the_agent)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", EXECUTOR);
    agent_stage_subscribe(&s, "e");
    puppet_say(s.master, &s.agent, &msg_shutdown_agent, "{}");
    agent_stage_exit(&s, W_EXITCODE(0, 0));
    ck_assert_uint_eq(puppet_count(s.master, &msg_exited_executor), 1);
    agent_stage_fini(&s);
}
END_TEST

/* It is in the update, which is kept. */
START_TEST(restarted_agent_knows_what_checks_said)
{
    const Internal__ReregisterAgent *said;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", COMMAND);
    agent_stage_subscribe(&s, "t");
    puppet_say(s.executor, &s.agent, &msg_executor_call,
               "{\"type\":\"UPDATE\",\"executor_id\":{\"value\":\"t\"},"
               "\"framework_id\":{\"value\":\"F0\"},\"update\":{\"status\":"
               "{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_RUNNING\","
               "\"uuid\":\"" UUID_OF_ONES "\",\"check_status\":{\"type\":"
               "\"TCP\",\"tcp\":{\"succeeded\":true}}}}}");
    agent_stage_kill(&s);
    ck_assert_ptr_null(agent_stage_start(&s));
    agent_stage_subscribe(&s, "t");
    agent_stage_advance(&s, 2 * SECOND);

    said = puppet_heard(s.master, &msg_reregister_agent, 0);
    ck_assert_uint_eq(said->n_tasks, 1);
    ck_assert_uint_eq(said->tasks[0]->n_statuses, 1);
    ck_assert(said->tasks[0]->statuses[0]->check_status->tcp->succeeded);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(master_hears_of_frameworks_that_have_nothing_left)
{
    const Internal__CompletedFramework *completed;
    const Internal__ReregisterAgent *said;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run_to_the_end(&s, "t");

    said = reregister(&s);
    ck_assert_uint_eq(said->n_frameworks, 0);
    ck_assert_uint_eq(said->n_completed_frameworks, 1);
    completed = said->completed_frameworks[0];
    ck_assert_str_eq(completed->framework->id->value, "F0");
    ck_assert_ptr_null(completed->pid);
    ck_assert_uint_eq(completed->n_tasks, 1);
    ck_assert_str_eq(completed->tasks[0]->task_id->value, "t");
    ck_assert_str_eq(completed->tasks[0]->agent_id->value, "S0");
    ck_assert_int_eq(completed->tasks[0]->state,
                     V1__TASK_STATE__TASK_FINISHED);
    ck_assert_uint_eq(completed->tasks[0]->n_statuses, 1);
    agent_stage_fini(&s);
}
END_TEST

START_TEST(framework_that_comes_back_goes_on_with_its_history)
{
    const Internal__ReregisterAgent *said;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    run_to_the_end(&s, "t");
    agent_stage_run_task(&s, "u", "", COMMAND);
    said = reregister(&s);
    ck_assert_uint_eq(said->n_frameworks, 1);
    ck_assert_uint_eq(said->n_completed_frameworks, 0);
    agent_stage_say_reregistered(&s);

    agent_stage_subscribe(&s, "u");
    agent_stage_update(&s, "u", "u", "TASK_FINISHED", 1);
    agent_stage_acknowledge(&s, agent_stage_n_statuses(&s) - 1);
    agent_stage_exit(&s, W_EXITCODE(0, 0));
    said = reregister(&s);
    ck_assert_uint_eq(said->n_frameworks, 0);
    ck_assert_uint_eq(said->n_completed_frameworks, 1);
    ck_assert_uint_eq(said->completed_frameworks[0]->n_tasks, 2);
    ck_assert_str_eq(
        said->completed_frameworks[0]->tasks[0]->task_id->value, "t");
    ck_assert_str_eq(
        said->completed_frameworks[0]->tasks[1]->task_id->value, "u");
    agent_stage_fini(&s);
}
END_TEST

/* What is over must not make a report that is too large to be taken. */
START_TEST(master_hears_of_the_last_thousand_tasks_only)
{
    const Internal__CompletedFramework *completed;
    const Internal__ReregisterAgent *said;
    struct agent_stage s;
    char id[16];

    /* An executor remembers 200, a framework 10 executors. */
    agent_stage_init(&s, "--max_completed_executors_per_framework=10");
    for (unsigned i = 0; i < 1003; i++) {
        char info[160];
        char executor[16];

        snprintf(id, sizeof id, "t%u", i);
        snprintf(executor, sizeof executor, "e%u", i / 101);
        snprintf(info, sizeof info, "\"executor\":{\"type\":\"CUSTOM\","
                 "\"executor_id\":{\"value\":\"%s\"},\"command\":{\"value\":"
                 "\"sleep\"}}", executor);
        agent_stage_run_task(&s, id, "", info);
        if (i % 101 == 0) {
            agent_stage_subscribe(&s, executor);
        }
        agent_stage_update(&s, executor, id, "TASK_FINISHED", 1);
        agent_stage_acknowledge(&s, agent_stage_n_statuses(&s) - 1);
        if (i % 101 == 100 || i == 1002) {
            agent_stage_exit(&s, W_EXITCODE(0, 0));
        }
        puppet_forget(s.master);
        puppet_forget(s.executor);
    }

    said = reregister(&s);
    ck_assert_uint_eq(said->n_completed_frameworks, 1);
    completed = said->completed_frameworks[0];
    ck_assert_uint_eq(completed->n_tasks, 1000);
    ck_assert_str_eq(completed->tasks[999]->task_id->value, "t1002");
    agent_stage_fini(&s);
}
END_TEST

START_TEST(address_of_a_scheduler_is_kept_and_kept_up_to_date)
{
    const Internal__ReregisterAgent *said;
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    puppet_say(s.master, &s.agent, &msg_run_task,
               "{\"framework\":{\"user\":\"nobody\",\"name\":\"f\","
               "\"id\":{\"value\":\"F0\"},\"checkpoint\":true},\"pid\":"
               "\"scheduler-1@10.0.0.1:7\",\"task\":{\"name\":\"t\","
               "\"task_id\":{\"value\":\"t\"},\"agent_id\":{\"value\":\"S0\"}"
               "," COMMAND "}}");
    check_text(&s, "frameworks/F0/framework.pid", "scheduler-1@10.0.0.1:7");
    update_framework(&s, ",\"pid\":\"scheduler-2@10.0.0.2:8\"");
    check_text(&s, "frameworks/F0/framework.pid", "scheduler-2@10.0.0.2:8");
    agent_stage_subscribe(&s, "t");
    agent_stage_kill(&s);

    ck_assert_ptr_null(agent_stage_start(&s));
    agent_stage_subscribe(&s, "t");
    agent_stage_advance(&s, 2 * SECOND);
    agent_stage_say_reregistered(&s);
    agent_stage_update(&s, "t", "t", "TASK_FINISHED", 1);
    agent_stage_acknowledge(&s, 0);
    agent_stage_exit(&s, W_EXITCODE(0, 0));
    said = reregister(&s);
    ck_assert_str_eq(said->completed_frameworks[0]->pid,
                     "scheduler-2@10.0.0.2:8");
    agent_stage_fini(&s);
}
END_TEST

START_TEST(scheduler_that_has_moved_to_http_has_no_address)
{
    struct agent_stage s;

    agent_stage_init(&s, NULL);
    agent_stage_run_task(&s, "t", "", COMMAND);
    check_text(&s, "frameworks/F0/framework.pid", "");
    update_framework(&s, ",\"pid\":\"scheduler-2@10.0.0.2:8\"");
    check_text(&s, "frameworks/F0/framework.pid", "scheduler-2@10.0.0.2:8");
    update_framework(&s, "");
    check_text(&s, "frameworks/F0/framework.pid", "");
    agent_stage_fini(&s);
}
END_TEST

static Suite *
agent_history_suite(void)
{
    Suite *suite = suite_create("agent_history");

    test_add(suite, "checks", master_hears_what_checks_said);
    test_add(suite, "restart", restarted_agent_knows_what_checks_said);
    test_add(suite, "exited",
             next_master_hears_of_executors_that_ended_before);
    test_add(suite, "terminating",
             master_hears_of_executors_that_end_with_the_agent);
    test_add(suite, "completed",
             master_hears_of_frameworks_that_have_nothing_left);
    test_add(suite, "back",
             framework_that_comes_back_goes_on_with_its_history);
    test_add(suite, "many", master_hears_of_the_last_thousand_tasks_only);
    test_add(suite, "pid",
             address_of_a_scheduler_is_kept_and_kept_up_to_date);
    test_add(suite, "http", scheduler_that_has_moved_to_http_has_no_address);
    return suite;
}

TEST_MAIN(agent_history_suite)
