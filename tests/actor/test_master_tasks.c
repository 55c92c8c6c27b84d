/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_tasks.c - tasks at the master, from launch to acknowledgement:
 * everybody is a puppet, under a virtual clock. */
#include <config.h>

#include <string.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

START_TEST(task_is_launched_in_the_same_turn)
{
    struct stage s = stage_create();
    const Internal__RunTask *run;
    stage_with_offer(&s, "");

    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 1000);

    run = puppet_heard(s.agent, &msg_run_task, 0);
    ck_assert_str_eq(run->task->task_id->value, "t");
    ck_assert_str_eq(run->framework->id->value, s.framework_id);
    ck_assert_str_eq(run->task->command->value, "true");
    ck_assert_str_eq(run->task->resources[0]->allocation_info->role, "*");
    ck_assert(run->launch_executor);
    ck_assert(!strncmp(run->pid, "scheduler-1@", 12));
    ck_assert_double_eq(metric(&s, "master/tasks_staging"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_percent"), 0.25);
    stage_close(&s);
}
END_TEST

START_TEST(update_goes_to_the_framework_and_its_acknowledgement_back)
{
    struct stage s = stage_create();
    const Internal__AcknowledgeUpdate *ack;
    stage_with_offer(&s, "");
    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 1000);

    update(&s, "t", "TASK_RUNNING", UUID_1);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_RUNNING);
    ck_assert_str_eq(status(s.scheduler, 0)->agent_id->value, s.agent_id);
    ck_assert_uint_eq(status(s.scheduler, 0)->uuid.len, 16);
    acknowledge(&s, "t", UUID_1);

    ack = puppet_heard(s.agent, &msg_acknowledge_update, 0);
    ck_assert_str_eq(ack->task_id->value, "t");
    ck_assert_uint_eq(ack->uuid.len, 16);
    ck_assert_uint_eq(ack->uuid.data[15], 1);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(resources_of_a_finished_task_are_offered_at_once)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");

    update(&s, "t", "TASK_FINISHED", UUID_2);

    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_double_eq(scalar(offer(s.scheduler, 0), "cpus"), 4);
    ck_assert_double_eq(metric(&s, "master/tasks_finished"), 1);
    ck_assert_double_eq(metric(&s, "master/tasks_running"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(finished_task_is_known_until_it_is_acknowledged)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    update(&s, "t", "TASK_FINISHED", UUID_2);
    puppet_forget(s.scheduler);

    call(&s, "RECONCILE", ",\"reconcile\":{}");
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_FINISHED);
    acknowledge(&s, "t", UUID_2);
    puppet_forget(s.scheduler);
    call(&s, "RECONCILE", ",\"reconcile\":{}");

    ck_assert_uint_eq(puppet_count(s.scheduler, &msg_scheduler_event), 0);
    stage_close(&s);
}
END_TEST

START_TEST(reconciliation_tells_what_checks_have_found)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    puppet_say(s.agent, &s.master, &msg_update_status,
               "{\"update\":{\"framework_id\":{\"value\":\"%s\"},"
               "\"agent_id\":{\"value\":\"%s\"},\"timestamp\":1,"
               "\"uuid\":\"%s\",\"status\":{\"task_id\":{\"value\":\"t\"},"
               "\"state\":\"TASK_RUNNING\",\"uuid\":\"%s\",\"healthy\":false,"
               "\"check_status\":{\"type\":\"HTTP\","
               "\"http\":{\"status_code\":503}}}}}", s.framework_id,
               s.agent_id, UUID_2, UUID_2);
    puppet_forget(s.scheduler);

    call(&s, "RECONCILE", ",\"reconcile\":{}");

    const V1__TaskStatus *told = status(s.scheduler, 0);
    ck_assert(told->has_healthy && !told->healthy);
    ck_assert_ptr_nonnull(told->check_status);
    ck_assert_uint_eq(told->check_status->http->status_code, 503);
    stage_close(&s);
}
END_TEST

START_TEST(acknowledgement_of_another_update_does_not_end_the_task)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    update(&s, "t", "TASK_FINISHED", UUID_2);
    puppet_forget(s.scheduler);

    acknowledge(&s, "t", UUID_1);
    call(&s, "RECONCILE", ",\"reconcile\":{}");

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_FINISHED);
    stage_close(&s);
}
END_TEST

START_TEST(task_greater_than_its_offer_is_an_error)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1000, 0);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_run_task), 0);
    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_ERROR);
    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_TASK_INVALID);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Total resources cpus(allocated: *):1000; mem(allocated:"
                     " *):64 required by task and its executor is more than "
                     "available cpus(allocated: *):4; mem(allocated: *):1024");
    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    stage_close(&s);
}
END_TEST

START_TEST(task_of_an_offer_that_is_gone_is_lost)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    launch(&s, "nothing", "t", 1, 0);

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_INVALID_OFFERS);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Task launched with invalid offers: Offer nothing is no "
                     "longer valid");
    stage_close(&s);
}
END_TEST

START_TEST(task_with_the_id_of_a_running_one_is_an_error)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");
    call(&s, "REVIVE", "%s", "");

    launch(&s, offer(s.scheduler, 0)->id->value, "t", 1, 0);

    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Task has duplicate ID: t");
    stage_close(&s);
}
END_TEST

START_TEST(task_group_is_refused_in_words)
{
    struct stage s = stage_create();
    stage_with_offer(&s, "");

    call(&s, "ACCEPT",
         ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{"
         "\"type\":\"LAUNCH_GROUP\",\"launch_group\":{\"executor\":{"
         "\"executor_id\":{\"value\":\"e\"}},\"task_group\":{\"tasks\":[{"
         "\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
         "\"agent_id\":{\"value\":\"%s\"}}]}}}]}",
         offer(s.scheduler, 0)->id->value, s.agent_id);

    ck_assert_int_eq(status(s.scheduler, 0)->reason,
                     V1__TASK_STATUS__REASON__REASON_TASK_GROUP_INVALID);
    stage_close(&s);
}
END_TEST

static void
launch_with_executor(struct stage *s, size_t i_offer, const char *task)
{
    call(s, "ACCEPT",
         ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":0},\"operations\":[{"
         "\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{"
         "\"name\":\"%s\",\"task_id\":{\"value\":\"%s\"},"
         "\"agent_id\":{\"value\":\"%s\"},\"executor\":{"
         "\"executor_id\":{\"value\":\"e\"},"
         "\"command\":{\"value\":\"./e\"},\"resources\":[{\"name\":\"cpus\","
         "\"type\":\"SCALAR\",\"scalar\":{\"value\":0.5}}]},"
         "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":1}}]}]}}]}",
         offer(s->scheduler, i_offer)->id->value, task, task, s->agent_id);
}

START_TEST(executor_is_launched_once_and_counted_once)
{
    struct stage s = stage_create();
    const Internal__RunTask *run;
    stage_with_offer(&s, "");

    launch_with_executor(&s, 0, "a");
    launch_with_executor(&s, 1, "b");

    run = puppet_heard(s.agent, &msg_run_task, 0);
    ck_assert(run->launch_executor);
    ck_assert_str_eq(run->task->executor->framework_id->value,
                     s.framework_id);
    run = puppet_heard(s.agent, &msg_run_task, 1);
    ck_assert(!run->launch_executor);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 2.5);
    ck_assert_uint_eq(offer(s.scheduler, 2)->n_executor_ids, 1);
    stage_close(&s);
}
END_TEST

START_TEST(exit_of_an_executor_is_told_and_frees_its_resources)
{
    struct stage s = stage_create();
    const Scheduler__Event *failure;
    stage_with_offer(&s, "");
    launch_with_executor(&s, 0, "a");

    puppet_say(s.agent, &s.master, &msg_exited_executor,
               "{\"agent_id\":{\"value\":\"%s\"},\"framework_id\":{\"value\":"
               "\"%s\"},\"executor_id\":{\"value\":\"e\"},\"status\":256}",
               s.agent_id, s.framework_id);

    failure = event_of(s.scheduler, SCHEDULER__EVENT__TYPE__FAILURE, 0);
    ck_assert_str_eq(failure->failure->executor_id->value, "e");
    ck_assert_int_eq(failure->failure->status, 256);
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 1);
    stage_close(&s);
}
END_TEST

START_TEST(kill_goes_to_the_agent)
{
    struct stage s = stage_create();
    const Internal__KillTask *kill;
    stage_with_task(&s, "");

    call(&s, "KILL", ",\"kill\":{\"task_id\":{\"value\":\"t\"},"
         "\"kill_policy\":{\"grace_period\":{\"nanoseconds\":7}}}");

    kill = puppet_heard(s.agent, &msg_kill_task, 0);
    ck_assert_str_eq(kill->task_id->value, "t");
    ck_assert_str_eq(kill->framework_id->value, s.framework_id);
    ck_assert_int_eq(kill->kill_policy->grace_period->nanoseconds, 7);
    stage_close(&s);
}
END_TEST

START_TEST(kill_of_an_unknown_task_is_answered_by_its_state)
{
    struct stage s = stage_create();
    stage_with_task(&s, "");

    call(&s, "KILL", ",\"kill\":{\"task_id\":{\"value\":\"x\"}}");

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_str_eq(status(s.scheduler, 0)->message,
                     "Reconciliation: Task is unknown");
    stage_close(&s);
}
END_TEST

START_TEST(explicit_reconciliation_knows_the_agent)
{
    struct stage s = stage_create();
    stage_with_task(&s, "\"capabilities\":[{\"type\":\"PARTITION_AWARE\"}],");

    call(&s, "RECONCILE", ",\"reconcile\":{\"tasks\":["
         "{\"task_id\":{\"value\":\"x\"},\"agent_id\":{\"value\":\"%s\"}},"
         "{\"task_id\":{\"value\":\"y\"}}]}", s.agent_id);

    ck_assert_int_eq(status(s.scheduler, 0)->state,
                     V1__TASK_STATE__TASK_GONE);
    ck_assert_int_eq(status(s.scheduler, 1)->state,
                     V1__TASK_STATE__TASK_UNKNOWN);
    stage_close(&s);
}
END_TEST

START_TEST(messages_pass_both_ways)
{
    struct stage s = stage_create();
    const Internal__FrameworkToExecutor *down;
    const Scheduler__Event *up;
    stage_with_task(&s, "");

    call(&s, "MESSAGE", ",\"message\":{\"agent_id\":{\"value\":\"%s\"},"
         "\"executor_id\":{\"value\":\"e\"},\"data\":\"aGk=\"}", s.agent_id);
    puppet_say(s.agent, &s.master, &msg_executor_to_framework,
               "{\"agent_id\":{\"value\":\"%s\"},\"framework_id\":{\"value\":"
               "\"%s\"},\"executor_id\":{\"value\":\"e\"},\"data\":\"aGE=\"}",
               s.agent_id, s.framework_id);

    down = puppet_heard(s.agent, &msg_framework_to_executor, 0);
    ck_assert_mem_eq(down->data.data, "hi", 2);
    up = event_of(s.scheduler, SCHEDULER__EVENT__TYPE__MESSAGE, 0);
    ck_assert_mem_eq(up->message->data.data, "ha", 2);
    stage_close(&s);
}
END_TEST

static Suite *
master_tasks_suite(void)
{
    Suite *suite = suite_create("master_tasks");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(task_is_launched_in_the_same_turn);
    ADD(update_goes_to_the_framework_and_its_acknowledgement_back);
    ADD(resources_of_a_finished_task_are_offered_at_once);
    ADD(finished_task_is_known_until_it_is_acknowledged);
    ADD(acknowledgement_of_another_update_does_not_end_the_task);
    ADD(task_greater_than_its_offer_is_an_error);
    ADD(task_of_an_offer_that_is_gone_is_lost);
    ADD(task_with_the_id_of_a_running_one_is_an_error);
    ADD(task_group_is_refused_in_words);
    ADD(executor_is_launched_once_and_counted_once);
    ADD(exit_of_an_executor_is_told_and_frees_its_resources);
    ADD(kill_goes_to_the_agent);
    ADD(kill_of_an_unknown_task_is_answered_by_its_state);
    ADD(reconciliation_tells_what_checks_have_found);
    ADD(explicit_reconciliation_knows_the_agent);
    ADD(messages_pass_both_ways);
#undef ADD
    return suite;
}

TEST_MAIN(master_tasks_suite)
