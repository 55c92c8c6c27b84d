/* SPDX-License-Identifier: Apache-2.0
 *
 * test_volumes.c - a volume from its reservation to its end: a real master, a
 * real agent, a puppet for the scheduler.  There is no executor to run, but
 * its sandbox is made all the same. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "agent/agent.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define SCALAR(NAME, N) "\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}"
#define DB ",\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"db\"," \
    "\"principal\":\"p1\"}]"
#define DISK_10 "{" SCALAR("disk", "10") DB "}"
#define VOLUME "{" SCALAR("disk", "10") DB ",\"disk\":{\"persistence\":{" \
    "\"id\":\"v1\",\"principal\":\"p1\"},\"volume\":{\"mode\":\"RW\"," \
    "\"container_path\":\"data\"}}}"
#define INFO "\"role\":\"db\",\"principal\":\"p1\",\"capabilities\":[" \
    "{\"type\":\"RESERVATION_REFINEMENT\"}],\"checkpoint\":true,"

static struct {
    struct stage stage;
    struct agent_flags flags;
    struct upid agent;
    char *work_dir;             /* owned */
} t;

static void
start_agent(void)
{
    char *argv[5] = { (char *) "mesos-agent" };
    struct error *error;

    argv[1] = xasprintf("--work_dir=%s", t.work_dir);
    argv[2] = (char *) "--no-switch_user";
    argv[3] = (char *) "--resources=cpus:4;mem:1024;disk:100;ports:[1-9]";
    argv[4] = (char *) "--launcher_dir=/bin/..";
    memset(&t.flags, 0, sizeof t.flags);
    error = flags_load(agent_flag_table, agent_n_flags, &t.flags, 5, argv,
                       NULL, NULL);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    free(argv[1]);
    t.flags.disk_watch_interval = 100 * WEEK;
    error = agent_start(t.stage.system, &t.flags, &t.stage.master, &t.agent);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    actor_system_advance(t.stage.system, 2 * SECOND);
}

static const V1__Offer *
latest(void)
{
    return offer(t.stage.scheduler, n_offers(t.stage.scheduler) - 1);
}

static const V1__Resource__DiskInfo *
offered_volume(const V1__Offer *o)
{
    for (size_t i = 0; i < o->n_resources; i++) {
        if (o->resources[i]->disk) {
            return o->resources[i]->disk;
        }
    }
    return NULL;
}

static void
accept(const char *operations)
{
    call(&t.stage, "ACCEPT", ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}]"
         ",\"operations\":[%s]}", latest()->id->value, operations);
}

START_TEST(volume_lives_from_reservation_to_destruction)
{
    struct stat info;
    char target[4096];
    ssize_t n;

    memset(&t, 0, sizeof t);
    t.stage = stage_create();
    t.work_dir = test_temp_dir();
    stage_open(&t.stage);
    start_agent();
    subscribe_first(&t.stage, INFO);
    ck_assert_uint_eq(n_offers(t.stage.scheduler), 1);
    autofree char *path = xasprintf("%s/volumes/roles/db/v1", t.work_dir);
    autofree char *agent_id = xstrdup(latest()->agent_id->value);

    /* Reserved, made, and used at once. */
    autofree char *operations = xasprintf(
        "{\"type\":\"RESERVE\",\"id\":{\"value\":\"op\"},\"reserve\":{"
        "\"resources\":[" DISK_10 "]}},{\"type\":\"CREATE\",\"create\":{"
        "\"volumes\":[" VOLUME "]}},{\"type\":\"LAUNCH\",\"launch\":{"
        "\"task_infos\":[{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
        "\"agent_id\":{\"value\":\"%s\"},\"command\":{\"value\":\"true\"},"
        "\"resources\":[{" SCALAR("cpus", "1") "}," VOLUME "]}]}}", agent_id);
    accept(operations);
    actor_system_advance(t.stage.system, SECOND);

    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(n_events(t.stage.scheduler,
                               SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS
                               ), 1);
    autofree char *link = xasprintf(
        "%s/slaves/%s/frameworks/%s/executors/t/runs/latest/data", t.work_dir,
        agent_id, t.stage.framework_id);
    n = readlink(link, target, sizeof target - 1);
    ck_assert_int_gt((int) n, 0);
    target[n] = '\0';
    ck_assert_str_eq(target, path);

    /* The agent comes again; it has the volume, and no task. */
    puppet_forget(t.stage.scheduler);
    actor_terminate(t.stage.system, &t.agent);
    actor_system_run(t.stage.system);
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
    start_agent();
    actor_system_advance(t.stage.system, MINUTE);
    ck_assert_uint_gt(n_offers(t.stage.scheduler), 0);
    ck_assert_ptr_nonnull(offered_volume(latest()));
    ck_assert_str_eq(offered_volume(latest())->persistence->id, "v1");

    accept("{\"type\":\"DESTROY\",\"destroy\":{\"volumes\":[" VOLUME "]}},"
           "{\"type\":\"UNRESERVE\",\"unreserve\":{\"resources\":[" DISK_10
           "]}}");
    actor_system_advance(t.stage.system, 10 * SECOND);
    ck_assert_int_eq(stat(path, &info), -1);
    ck_assert_ptr_null(offered_volume(latest()));

    stage_close(&t.stage);
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
    free(t.work_dir);
}
END_TEST

static Suite *
volumes_suite(void)
{
    Suite *suite = suite_create("volumes");

    test_add(suite, "life", volume_lives_from_reservation_to_destruction);
    return suite;
}

TEST_MAIN(volumes_suite)
