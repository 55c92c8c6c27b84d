/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent_operations.c - reservations and volumes at the agent: the master
 * is a puppet, processes are only written down, the disk is real. */
#include <config.h>

#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/system.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define SCALAR(NAME, N) "\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}"
#define DB ",\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"db/a\"," \
    "\"principal\":\"p1\"}]"
#define DISK(N) "{" SCALAR("disk", N) DB "}"
#define VOLUME(ID, N) "{" SCALAR("disk", N) DB ",\"disk\":{" \
    "\"persistence\":{\"id\":\"" ID "\",\"principal\":\"p1\"}," \
    "\"volume\":{\"mode\":\"RW\",\"container_path\":\"data\"}}}"
#define RESERVE(N) "{\"type\":\"RESERVE\",\"id\":{\"value\":\"op\"}," \
    "\"reserve\":{\"resources\":[" DISK(N) "]}}"
#define CREATE(ID, N) "{\"type\":\"CREATE\",\"create\":{\"volumes\":[" \
    VOLUME(ID, N) "]}}"
#define DESTROY(ID, N) "{\"type\":\"DESTROY\",\"destroy\":{\"volumes\":[" \
    VOLUME(ID, N) "]}}"
#define UUID(N) "{\"value\":\"AAAAAAAAAAAAAAAAAAAAA" N "==\"}"

static struct {
    struct fake_process *processes;
    struct actor_system *system;
    struct agent_flags flags;
    struct puppet *master;
    struct upid agent;
    char *work_dir;             /* owned */
    char version[64];           /* of resources, base64, if it is known */
} t;

/* --- the stage --- */

static struct error *
try_start(void)
{
    char *argv[5] = { (char *) "mesos-agent" };
    struct error *error;

    argv[1] = xasprintf("--work_dir=%s", t.work_dir);
    argv[2] = (char *) "--no-switch_user";
    argv[3] = (char *) "--resources=cpus:4;mem:1024;disk:100";
    argv[4] = (char *) "--launcher_dir=/bin/..";
    memset(&t.flags, 0, sizeof t.flags);
    error = flags_load(agent_flag_table, agent_n_flags, &t.flags, 5, argv,
                       NULL, NULL);
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    free(argv[1]);
    t.flags.disk_watch_interval = 100 * WEEK;
    return agent_start(t.system, &t.flags, puppet_upid(t.master), &t.agent);
}

static void
say_registered(void)
{
    puppet_say(t.master, &t.agent, &msg_agent_registered,
               "{\"agent_id\":{\"value\":\"S0\"}}");
}

static void
say_reregistered(void)
{
    puppet_say(t.master, &t.agent, &msg_agent_reregistered,
               "{\"agent_id\":{\"value\":\"S0\"}}");
}

static void
start(void)
{
    struct error *error = try_start();

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    actor_system_advance(t.system, 2 * SECOND);
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
    t.master = puppet_create(t.system, "master");
    t.work_dir = test_temp_dir();
    start();
    say_registered();
    puppet_forget(t.master);
}

static void
stop_agent(void)
{
    actor_terminate(t.system, &t.agent);
    actor_system_run(t.system);
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
}

static void
tear_down(void)
{
    actor_system_destroy(t.system);
    fake_process_destroy(t.processes);
    puppet_destroy(t.master);
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
    free(t.work_dir);
}

/* --- what the master says and hears --- */

static void
apply(const char *uuid, const char *operation)
{
    puppet_say(t.master, &t.agent, &msg_apply_operation,
               "{\"framework_id\":{\"value\":\"F0\"},\"operation\":%s,"
               "\"operation_uuid\":%s}", operation, uuid);
}

static const Internal__UpdateOperationStatus *
outcome(size_t i)
{
    return puppet_heard(t.master, &msg_update_operation_status, i);
}

static size_t
n_outcomes(void)
{
    return puppet_count(t.master, &msg_update_operation_status);
}

static void
run_task(const char *resources, const char *version)
{
    puppet_say(t.master, &t.agent, &msg_run_task,
               "{\"framework\":{\"user\":\"nobody\",\"name\":\"f\","
               "\"id\":{\"value\":\"F0\"}},\"task\":{\"name\":\"t\","
               "\"task_id\":{\"value\":\"t\"},\"agent_id\":{\"value\":\"S0\"}"
               ",\"command\":{\"value\":\"true\"},\"resources\":[%s]}%s}",
               resources, version);
}

static char *
volume_path(const char *id)
{
    return xasprintf("%s/volumes/roles/db a/%s", t.work_dir, id);
}

static bool
is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static char *
state_path(void)
{
    return xasprintf("%s/meta/resources/resources_and_operations.state",
                     t.work_dir);
}

/* --- tests --- */

START_TEST(volume_is_a_directory_until_it_is_destroyed)
{
    set_up();
    autofree char *path = volume_path("v1");
    autofree char *below = xasprintf("%s/deep", path);
    autofree char *file = xasprintf("%s/file", below);
    struct stat info;

    apply(UUID("A"), RESERVE("10"));
    apply(UUID("Q"), CREATE("v1", "10"));
    ck_assert(is_directory(path));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0755);
    ck_assert_uint_eq(n_outcomes(), 2);
    ck_assert_int_eq((int) outcome(0)->status->state,
                     V1__OPERATION_STATE__OPERATION_FINISHED);
    ck_assert_str_eq(outcome(0)->status->operation_id->value, "op");
    ck_assert_str_eq(outcome(0)->framework_id->value, "F0");

    ck_assert_int_eq(mkdir(below, 0755), 0);
    write_file(file, "x");
    ck_assert_int_eq(symlink("/", file), -1);
    apply(UUID("g"), DESTROY("v1", "10"));
    ck_assert(!is_directory(path));
    tear_down();
}
END_TEST

START_TEST(outcome_is_repeated_until_it_is_acknowledged)
{
    set_up();

    apply(UUID("A"), RESERVE("10"));
    actor_system_advance(t.system, 11 * SECOND);
    ck_assert_uint_eq(n_outcomes(), 2);
    actor_system_advance(t.system, 20 * SECOND);
    ck_assert_uint_eq(n_outcomes(), 3);
    ck_assert(!memcmp(outcome(0)->status->uuid->value.data,
                      outcome(2)->status->uuid->value.data, 16));

    puppet_say(t.master, &t.agent, &msg_acknowledge_operation_status,
               "{\"operation_uuid\":" UUID("A") ",\"status_uuid\":"
               UUID("Q") "}");
    actor_system_advance(t.system, 40 * SECOND);
    ck_assert_uint_eq(n_outcomes(), 4);
    tear_down();
}
END_TEST

static char *
base64(const V1__UUID *uuid)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = xcalloc(1, 25);
    const uint8_t *b = uuid->value.data;

    for (int i = 0; i < 16; i += 3) {
        unsigned v = (unsigned) b[i] << 16
            | (i < 15 ? (unsigned) b[i + 1] << 8 | b[i + 2] : 0);
        char *out = text + i / 3 * 4;

        out[0] = digits[v >> 18];
        out[1] = digits[v >> 12 & 63];
        out[2] = i < 15 ? digits[v >> 6 & 63] : '=';
        out[3] = i < 15 ? digits[v & 63] : '=';
    }
    return text;
}

static void
acknowledge(size_t i)
{
    autofree char *operation = base64(outcome(i)->operation_uuid);
    autofree char *status = base64(outcome(i)->status->uuid);

    puppet_say(t.master, &t.agent, &msg_acknowledge_operation_status,
               "{\"operation_uuid\":{\"value\":\"%s\"},\"status_uuid\":{"
               "\"value\":\"%s\"}}", operation, status);
}

START_TEST(acknowledged_outcome_is_not_said_again)
{
    set_up();

    apply(UUID("A"), RESERVE("10"));
    acknowledge(0);
    actor_system_advance(t.system, HOUR);
    ck_assert_uint_eq(n_outcomes(), 1);
    tear_down();
}
END_TEST

START_TEST(resources_and_outcomes_survive_a_restart)
{
    const Internal__ReregisterAgent *again;

    set_up();
    apply(UUID("A"), RESERVE("10"));
    acknowledge(0);
    apply(UUID("Q"), CREATE("v1", "10"));
    stop_agent();
    puppet_forget(t.master);

    start();
    again = puppet_heard(t.master, &msg_reregister_agent, 0);
    ck_assert_uint_eq(again->n_checkpointed_resources, 1);
    ck_assert_str_eq(again->checkpointed_resources[0]->disk->persistence->id,
                     "v1");
    ck_assert_uint_eq(again->agent->n_resources, 4);
    ck_assert_uint_eq(again->n_operations, 1);
    say_reregistered();
    ck_assert_uint_eq(n_outcomes(), 1);
    ck_assert_uint_eq(outcome(0)->operation_uuid->value.data[15], 1);
    apply(UUID("g"), DESTROY("v1", "10"));
    ck_assert_uint_eq(n_outcomes(), 2);
    tear_down();
}
END_TEST

START_TEST(outcomes_of_a_former_id_are_forgotten)
{
    set_up();
    autofree char *latest = xasprintf("%s/meta/slaves/latest", t.work_dir);
    apply(UUID("A"), RESERVE("10"));
    apply(UUID("Q"), CREATE("v1", "10"));
    actor_system_advance(t.system, SECOND);     /* files follow the journal */
    stop_agent();
    puppet_forget(t.master);
    ck_assert_int_eq(unlink(latest), 0);

    start();
    puppet_say(t.master, &t.agent, &msg_agent_registered,
               "{\"agent_id\":{\"value\":\"S1\"}}");
    actor_system_advance(t.system, MINUTE);
    ck_assert_uint_eq(n_outcomes(), 0);
    tear_down();
}
END_TEST

START_TEST(task_behind_its_volume_finds_it_in_the_sandbox)
{
    char target[4096];
    ssize_t n;

    set_up();
    autofree char *path = volume_path("v1");
    autofree char *link = xasprintf(
        "%s/slaves/S0/frameworks/F0/executors/t/runs/latest/data",
        t.work_dir);
    apply(UUID("A"), RESERVE("10"));
    apply(UUID("Q"), CREATE("v1", "10"));

    run_task("{" SCALAR("cpus", "1") "}," VOLUME("v1", "10"), "");

    n = readlink(link, target, sizeof target - 1);
    ck_assert_int_gt((int) n, 0);
    target[n] = '\0';
    ck_assert_str_eq(target, path);
    tear_down();
}
END_TEST

static void
check_lost(int reason, const char *text)
{
    const Internal__UpdateStatus *lost =
        puppet_heard(t.master, &msg_update_status, 0);

    ck_assert_int_eq((int) lost->update->status->state,
                     V1__TASK_STATE__TASK_LOST);
    ck_assert_int_eq((int) lost->update->status->reason, reason);
    ck_assert_str_eq(lost->update->status->message, text);
}

START_TEST(task_on_resources_that_are_not_so_is_lost)
{
    set_up();
    run_task("{" SCALAR("cpus", "1") "}," VOLUME("v1", "10"), "");
    check_lost(V1__TASK_STATUS__REASON__REASON_RESOURCES_UNKNOWN,
               "The checkpointed resources being used by the task or task "
               "group are unknown to the agent");
    tear_down();

    set_up();
    run_task("{" SCALAR("cpus", "1") "}",
             ",\"resource_version_uuids\":[" UUID("A") "]");
    check_lost(V1__TASK_STATUS__REASON__REASON_INVALID_OFFERS,
               "Task assumes outdated resource state");
    tear_down();
}
END_TEST

START_TEST(operation_that_cannot_be_done_is_dropped_and_told)
{
    const Internal__UpdateAgent *update;

    set_up();
    apply(UUID("A"), RESERVE("10"));
    puppet_forget(t.master);

    apply(UUID("Q"), RESERVE("91"));

    update = puppet_heard(t.master, &msg_update_agent, 0);
    ck_assert_uint_eq(update->n_checkpointed_resources, 1);
    ck_assert_double_eq(update->checkpointed_resources[0]->scalar->value, 10);
    ck_assert_int_eq((int) outcome(0)->status->state,
                     V1__OPERATION_STATE__OPERATION_DROPPED);
    ck_assert_ptr_null(outcome(0)->status->uuid);
    tear_down();
}
END_TEST

START_TEST(disk_that_fails_drops_the_operation)
{
    const Internal__UpdateAgent *update;

    set_up();
    autofree char *volumes = xasprintf("%s/volumes", t.work_dir);
    apply(UUID("A"), RESERVE("10"));
    write_file(volumes, "in the way");
    puppet_forget(t.master);

    apply(UUID("Q"), CREATE("v1", "10"));
    update = puppet_heard(t.master, &msg_update_agent, 0);
    ck_assert_ptr_null(update->checkpointed_resources[0]->disk);
    ck_assert_int_eq((int) outcome(0)->status->state,
                     V1__OPERATION_STATE__OPERATION_DROPPED);

    ck_assert_int_eq(unlink(volumes), 0);
    apply(UUID("g"), CREATE("v1", "10"));
    ck_assert_int_eq((int) outcome(1)->status->state,
                     V1__OPERATION_STATE__OPERATION_FINISHED);
    tear_down();
}
END_TEST

START_TEST(unknown_operation_was_dropped)
{
    set_up();
    apply(UUID("A"), RESERVE("10"));

    puppet_say(t.master, &t.agent, &msg_reconcile_operations,
               "{\"operation_uuids\":[" UUID("A") "," UUID("Q") "]}");

    ck_assert_uint_eq(n_outcomes(), 3);
    ck_assert_int_eq((int) outcome(1)->status->state,
                     V1__OPERATION_STATE__OPERATION_FINISHED);
    ck_assert_int_eq((int) outcome(2)->status->state,
                     V1__OPERATION_STATE__OPERATION_DROPPED);
    tear_down();
}
END_TEST

START_TEST(damaged_state_is_an_error_and_a_torn_target_is_not)
{
    set_up();
    autofree char *path = state_path();
    autofree char *target = xasprintf(
        "%s/meta/resources/resources_and_operations.target", t.work_dir);
    apply(UUID("A"), RESERVE("10"));
    stop_agent();

    write_file(target, "cmesos-checkpoint 1 1 resources 100 0000");
    start();
    stop_agent();

    write_file(path, "nonsense");
    struct error *error = try_start();
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error_text(error), path));
    error_destroy(error);
    tear_down();
}
END_TEST

START_TEST(target_that_is_whole_is_finished)
{
    const Internal__ReregisterAgent *again;

    set_up();
    autofree char *path = state_path();
    autofree char *volume = volume_path("v1");
    autofree char *target = xasprintf(
        "%s/meta/resources/resources_and_operations.target", t.work_dir);
    autofree char *old = xasprintf("%s/old", t.work_dir);
    apply(UUID("A"), RESERVE("10"));
    ck_assert_int_eq(link(path, old), 0);
    apply(UUID("Q"), CREATE("v1", "10"));
    stop_agent();
    puppet_forget(t.master);

    /* As if the power had failed right after the target was written. */
    ck_assert_int_eq(rename(path, target), 0);
    ck_assert_int_eq(rename(old, path), 0);
    ck_assert_int_eq(rmdir(volume), 0);
    start();

    again = puppet_heard(t.master, &msg_reregister_agent, 0);
    ck_assert_ptr_nonnull(again->checkpointed_resources[0]->disk);
    ck_assert(is_directory(volume));
    tear_down();
}
END_TEST

static Suite *
agent_operations_suite(void)
{
    Suite *suite = suite_create("agent_operations");

    test_add(suite, "volume", volume_is_a_directory_until_it_is_destroyed);
    test_add(suite, "repeat", outcome_is_repeated_until_it_is_acknowledged);
    test_add(suite, "acknowledged", acknowledged_outcome_is_not_said_again);
    test_add(suite, "restart", resources_and_outcomes_survive_a_restart);
    test_add(suite, "former id", outcomes_of_a_former_id_are_forgotten);
    test_add(suite, "link", task_behind_its_volume_finds_it_in_the_sandbox);
    test_add(suite, "lost", task_on_resources_that_are_not_so_is_lost);
    test_add(suite, "dropped",
             operation_that_cannot_be_done_is_dropped_and_told);
    test_add(suite, "disk", disk_that_fails_drops_the_operation);
    test_add(suite, "unknown", unknown_operation_was_dropped);
    test_add(suite, "damaged",
             damaged_state_is_an_error_and_a_torn_target_is_not);
    test_add(suite, "target", target_that_is_whole_is_finished);
    return suite;
}

TEST_MAIN(agent_operations_suite)
