/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_state.c - what a master shows of what it knows: everybody is a
 * puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/json.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "master/private.h"
#include "master/state_json.h"
#include "proto/messages.h"
#include "tests/lib/master_place.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define LABELS "\"labels\":{\"labels\":[{\"key\":\"a\",\"value\":\"b\"}," \
    "{\"key\":\"c\"}]},"
#define LABELS_SHOWN "\"labels\":[{\"key\":\"a\",\"value\":\"b\"}," \
    "{\"key\":\"c\"}]"

static void
get_frameworks(struct stage *s, struct strbuf *out)
{
    struct json_writer w = JSON_WRITER(out);

    frameworks_write_json(master_of(s), &w, NULL);
}

START_TEST(labels_of_frameworks_and_executors_are_arrays)
{
    struct stage s = stage_create();
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) torn_down = STRBUF(STRBUF_UNLIMITED);
    const char *first;

    stage_with_offer(&s, LABELS);
    call(&s, "ACCEPT", ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"operations\":[{\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{"
         "\"name\":\"t\",\"task_id\":{\"value\":\"t\"},\"agent_id\":{"
         "\"value\":\"%s\"},\"executor\":{" LABELS "\"executor_id\":{"
         "\"value\":\"e\"},\"framework_id\":{\"value\":\"%s\"},\"command\":{"
         "\"value\":\"x\"}},\"resources\":[{\"name\":\"cpus\",\"type\":"
         "\"SCALAR\",\"scalar\":{\"value\":1}}]}]}}]}",
         offer(s.scheduler, 0)->id->value, s.agent_id, s.framework_id);

    get_frameworks(&s, &text);
    first = strstr(text.data, LABELS_SHOWN);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(strstr(first + 1, LABELS_SHOWN));
    call(&s, "TEARDOWN", "%s", "");
    get_frameworks(&s, &torn_down);
    ck_assert_ptr_nonnull(strstr(torn_down.data, LABELS_SHOWN));
    stage_close(&s);
}
END_TEST

/* 0.1 + 0.2 + 0.3 - 0.1 - 0.2 - 0.3 is not 0 with doubles. */
START_TEST(sums_of_resources_do_not_drift)
{
    static const double cpus[] = { 0.1, 0.2, 0.3 };
    struct stage s = stage_create();
    char id[16];

    stage_with_offer(&s, "\"failover_timeout\":60,");
    for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
        snprintf(id, sizeof id, "t%zu", i);
        launch(&s, offer(s.scheduler, i)->id->value, id, cpus[i], 0);
        actor_system_advance(s.system, 2 * SECOND);
    }
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0.6);
    ck_assert_double_eq(metric(&s, "master/cpus_percent"), 0.6 / 4);
    ck_assert_double_eq(metric(&s, "master/mem_used"), 192);
    for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
        snprintf(id, sizeof id, "t%zu", i);
        update(&s, id, "TASK_FINISHED", UUID_1);
    }
    ck_assert_double_eq(metric(&s, "master/cpus_used"), 0);
    ck_assert_double_eq(metric(&s, "master/cpus_percent"), 0);
    ck_assert_double_eq(metric(&s, "master/cpus_total"), 4);
    stage_close(&s);
}
END_TEST

/* How many tasks of the framework are over, and how many out of reach. */
static size_t
n_completed(struct stage *s)
{
    return frameworks_find(&master_of(s)->frameworks, s->framework_id)
        ->completed.n;
}

static size_t
n_unreachable(struct stage *s)
{
    return frameworks_find(&master_of(s)->frameworks, s->framework_id)
        ->unreachable.n;
}

static void
run_to_its_end(struct stage *s, const char *id)
{
    size_t n = n_offers(s->scheduler);

    launch(s, offer(s->scheduler, n - 1)->id->value, id, 1, 0);
    update(s, id, "TASK_FINISHED", UUID_1);
    acknowledge(s, id, UUID_1);
    actor_system_advance(s->system, 2 * SECOND);
}

START_TEST(only_so_many_completed_tasks_are_remembered)
{
    struct stage s = stage_create();
    const struct framework *f;

    s.flags.max_completed_tasks_per_framework = 2;
    stage_with_offer(&s, "");
    run_to_its_end(&s, "a");
    ck_assert_uint_eq(n_completed(&s), 1);
    run_to_its_end(&s, "b");
    run_to_its_end(&s, "c");

    ck_assert_uint_eq(n_completed(&s), 2);
    f = frameworks_find(&master_of(&s)->frameworks, s.framework_id);
    ck_assert_str_eq(f->completed.first->id, "b");
    ck_assert_double_eq(metric(&s, "master/tasks_finished"), 3);
    stage_close(&s);
}
END_TEST

START_TEST(no_completed_task_need_be_remembered)
{
    struct stage s = stage_create();

    s.flags.max_completed_tasks_per_framework = 0;
    stage_with_offer(&s, "");
    run_to_its_end(&s, "a");
    ck_assert_uint_eq(n_completed(&s), 0);
    stage_close(&s);
}
END_TEST

START_TEST(only_so_many_unreachable_tasks_are_remembered)
{
    struct stage s = stage_create();
    const struct framework *f;
    char id[16];

    s.flags.max_unreachable_tasks_per_framework = 2;
    stage_with_offer(&s, "\"checkpoint\":true,\"capabilities\":[{\"type\":"
                     "\"PARTITION_AWARE\"}],");
    for (size_t i = 0; i < 3; i++) {
        snprintf(id, sizeof id, "t%zu", i);
        launch(&s, offer(s.scheduler, i)->id->value, id, 1, 0);
        update(&s, id, "TASK_RUNNING", UUID_1);
        actor_system_advance(s.system, 2 * SECOND);
    }
    puppet_answer_pings(s.agent, false);
    actor_system_advance(s.system, 2 * MINUTE);

    ck_assert_uint_eq(n_unreachable(&s), 2);
    f = frameworks_find(&master_of(&s)->frameworks, s.framework_id);
    ck_assert_str_eq(f->unreachable.first->id, "t1");
    ck_assert_double_eq(metric(&s, "master/tasks_unreachable"), 2);
    stage_close(&s);
}
END_TEST

static Suite *
master_state_suite(void)
{
    Suite *suite = suite_create("master_state");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(labels_of_frameworks_and_executors_are_arrays);
    ADD(sums_of_resources_do_not_drift);
    ADD(only_so_many_completed_tasks_are_remembered);
    ADD(no_completed_task_need_be_remembered);
    ADD(only_so_many_unreachable_tasks_are_remembered);
#undef ADD
    return suite;
}

TEST_MAIN(master_state_suite)
