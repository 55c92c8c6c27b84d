/* SPDX-License-Identifier: Apache-2.0
 *
 * test_registrar.c - the registrar, with a log and without one. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "master/registrar/parts.h"
#include "master/registrar/registrar.h"
#include "master/registrar/registry.h"
#include "replog/replog.h"
#include "tests/lib/test.h"

/* --- who asks --- */

struct client {
    struct actor base;
    struct stage *stage;
};

struct stage {
    struct actor_system *system;
    struct upid registrar;
    struct upid log;
    struct upid client;

    /* What the client has heard. */
    struct message *registry;   /* counted */
    char recovered[256];        /* "", or why not */
    char applied[32][128];      /* "", or why not */
    size_t n_applied;
};

static void
on_recovered(struct actor *self, struct actor_msg *msg)
{
    struct stage *s = ((struct client *) self)->stage;
    struct registrar_recovered *body =
        actor_msg_body(msg, &msg_registrar_recovered);

    snprintf(s->recovered, sizeof s->recovered, "%s",
             body->error ? error_text(body->error) : "");
    message_unref(s->registry);
    s->registry = steal(body->registry);
}

static void
on_applied(struct actor *self, struct actor_msg *msg)
{
    struct stage *s = ((struct client *) self)->stage;
    struct registrar_applied *body = actor_msg_body(msg,
                                                    &msg_registrar_applied);

    ck_assert_uint_lt(s->n_applied, ARRAY_SIZE(s->applied));
    snprintf(s->applied[s->n_applied++], sizeof s->applied[0], "%s%s",
             body->error ? "failed: " : "",
             body->error ? error_text(body->error)
             : body->refused ? error_text(body->refused) : "");
}

static struct error *
client_init(struct actor *self, void *stage)
{
    ((struct client *) self)->stage = stage;
    return NULL;
}

static const struct actor_handler client_handlers[] = {
    { &msg_registrar_recovered, on_recovered },
    { &msg_registrar_applied, on_applied },
};

static const struct actor_type client_type = {
    .name = "client", .size = sizeof(struct client), .init = client_init,
    .handlers = client_handlers, .n_handlers = ARRAY_SIZE(client_handlers),
};

/* --- life --- */

static struct actor_system *
create_system(void)
{
    static const struct log_options quiet = {
        .program = "test_registrar", .quiet = true,
    };
    struct actor_system_options options = { .manual = true, .seed = 1 };
    struct actor_system *system;

    ck_assert_ptr_null(log_init(&quiet));
    ck_assert_ptr_null(actor_system_create(&options, &system));
    return system;
}

static void
stage_start(struct stage *s, const char *directory)
{
    struct registrar_options options = {
        .fetch_timeout_ns = MINUTE, .store_timeout_ns = 20 * SECOND,
    };
    struct replog_options log = {
        .directory = directory, .metrics_prefix = "registrar/",
    };

    s->system = create_system();
    if (directory) {
        ck_assert_ptr_null(replog_start(s->system, &log, &s->log));
        options.log = s->log;
    }
    ck_assert_ptr_null(registrar_start(s->system, &options, &s->registrar));
    ck_assert_ptr_null(actor_spawn(s->system, &client_type, NULL, s,
                                   &s->client));
}

static void
stage_stop(struct stage *s)
{
    actor_system_destroy(s->system);
    message_unref(s->registry);
    memset(s, 0, sizeof *s);
}

/* A turn of the client's, in which it asks. */
struct ask {
    struct actor_msg *msg;
};

static void
ask_run(struct actor *self, struct actor_msg *msg)
{
    struct ask *ask = actor_msg_body(msg, actor_msg_type(msg));

    actor_send(self, &((struct client *) self)->stage->registrar, &ask->msg);
}

static const struct actor_msg_type msg_ask = {
    .name = "ask", .size = sizeof(struct ask), .run = ask_run,
};

static void
ask(struct stage *s, struct actor_msg *request)
{
    struct actor_msg *msg = actor_msg_create(&msg_ask);

    ((struct ask *) actor_msg_body(msg, &msg_ask))->msg = request;
    actor_post(s->system, &s->client, &msg);
}

static void
ask_recover(struct stage *s, const char *id)
{
    struct message *info = message_create(&v1__master_info__descriptor);
    V1__MasterInfo *root = message_root(info);

    root->id = message_strdup(info, id);
    root->port = 5050;
    ask(s, registrar_recover_create(info));
    message_unref(info);
}

static void
ask_change(struct stage *s, const char *json)
{
    struct message *change = NULL;

    ck_assert_ptr_null(message_decode_json(
        &internal__registry_change__descriptor, json, strlen(json), &change));
    ask(s, registrar_apply_create(&change));
}

#define ADMIT(ID) \
    "{\"admit_agent\":{\"info\":{\"hostname\":\"node\",\"id\":{\"value\":\"" \
    ID "\"}}}}"
#define REMOVE(ID) "{\"remove_agent\":{\"agent_id\":{\"value\":\"" ID "\"}}}"

static size_t
n_agents(const struct stage *s)
{
    const Internal__Registry *root = message_root(s->registry);

    return root->slaves->n_slaves;
}

static const char *
master_id(const struct stage *s)
{
    const Internal__Registry *root = message_root(s->registry);

    return root->master->info->id;
}

static double
metric(struct stage *s, const char *name)
{
    double value = -1;

    metrics_get(actor_system_metrics(s->system), name, &value);
    return value;
}

#define LINES_SIZE 4096

static void
keep_line(void *aux, const char *line)
{
    const char *text = strstr(line, "] ");

    if (text) {
        size_t len = strlen(aux);

        snprintf((char *) aux + len, LINES_SIZE - len, "%s\n", text + 2);
    }
}

static void
make_directory(char *directory)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(directory + strlen(directory), sizeof "/log", "/log");
}

#define DIRECTORY "/tmp/test_registrar.XXXXXX\0\0\0\0\0\0\0\0"

static void
remove_directory(char *directory)
{
    char command[128];

    *strrchr(directory, '/') = '\0';
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    ck_assert_int_eq(system(command), 0);
}

/* --- in memory --- */

START_TEST(change_before_recovery_is_refused)
{
    struct stage s = { 0 };
    stage_start(&s, NULL);

    ask_change(&s, ADMIT("a"));
    actor_system_run(s.system);

    ck_assert_uint_eq(s.n_applied, 1);
    ck_assert_str_eq(s.applied[0], "failed: Attempted to apply the operation "
                     "before recovering");
    ck_assert_double_eq(metric(&s, "registrar/registry_size_bytes"), -1);
    stage_stop(&s);
}
END_TEST

START_TEST(changes_during_recovery_wait_for_it)
{
    struct stage s = { 0 };
    char lines[LINES_SIZE] = "";
    stage_start(&s, NULL);
    log_set_sink(keep_line, lines);

    ask_recover(&s, "m1");
    ask_change(&s, ADMIT("a"));
    ask_change(&s, ADMIT("a"));
    ask_change(&s, ADMIT("b"));
    actor_system_run(s.system);
    log_set_sink(NULL, NULL);

    ck_assert_str_eq(s.recovered, "");
    ck_assert_str_eq(master_id(&s), "m1");
    ck_assert_uint_eq(n_agents(&s), 0);
    ck_assert_uint_eq(s.n_applied, 3);
    ck_assert_str_eq(s.applied[0], "");
    ck_assert_str_eq(s.applied[1], "Agent already admitted");
    ck_assert_str_eq(s.applied[2], "");
    ck_assert_double_gt(metric(&s, "registrar/registry_size_bytes"), 0);
    ck_assert_double_eq(metric(&s, "registrar/queued_operations"), 0);
    ck_assert_ptr_nonnull(strstr(lines, "Successfully fetched the registry "
                                 "(4B) in 0ns\n"));
    ck_assert_ptr_nonnull(strstr(lines, "Successfully recovered "
                                 "registrar\n"));
    ck_assert_ptr_nonnull(strstr(lines, "Applied 3 operations in 0ns; "
                                 "attempting to update the registry\n"
                                 "Successfully updated the registry in "
                                 "0ns\n"));
    stage_stop(&s);
}
END_TEST

START_TEST(second_recovery_is_refused)
{
    struct stage s = { 0 };
    stage_start(&s, NULL);
    ask_recover(&s, "m1");
    actor_system_run(s.system);

    ask_recover(&s, "m2");
    actor_system_run(s.system);

    ck_assert_str_eq(s.recovered,
                     "Attempted to recover the registrar a second time");
    stage_stop(&s);
}
END_TEST

START_TEST(change_that_changes_nothing_is_not_stored)
{
    struct stage s = { 0 };
    char lines[LINES_SIZE] = "";
    stage_start(&s, NULL);
    ask_recover(&s, "m1");
    actor_system_run(s.system);
    log_set_sink(keep_line, lines);

    ask_change(&s, REMOVE("a"));
    ask_change(&s, "{\"prune\":{}}");
    actor_system_run(s.system);
    log_set_sink(NULL, NULL);

    ck_assert_uint_eq(s.n_applied, 2);
    ck_assert_str_eq(s.applied[0], "Agent not yet admitted");
    ck_assert_str_eq(s.applied[1], "");
    ck_assert_str_eq(lines, "");
    stage_stop(&s);
}
END_TEST

/* --- with the log --- */

START_TEST(registry_is_there_for_the_next_master)
{
    struct stage s = { 0 };
    char directory[] = DIRECTORY;
    make_directory(directory);
    stage_start(&s, directory);
    ask_recover(&s, "m1");
    ask_change(&s, ADMIT("a"));
    ask_change(&s, ADMIT("b"));
    actor_system_run(s.system);
    ask_change(&s, REMOVE("a"));
    actor_system_run(s.system);
    ck_assert_uint_eq(s.n_applied, 3);
    stage_stop(&s);

    stage_start(&s, directory);
    ask_recover(&s, "m2");
    actor_system_run(s.system);

    ck_assert_str_eq(s.recovered, "");
    ck_assert_str_eq(master_id(&s), "m2");
    ck_assert_uint_eq(n_agents(&s), 1);
    stage_stop(&s);
    remove_directory(directory);
}
END_TEST

START_TEST(snapshots_are_made_as_the_log_grows)
{
    struct stage s = { 0 };
    char directory[] = DIRECTORY;
    char json[512];
    unsigned n = 0;
    uint64_t due = replog_snapshot_due(0);
    make_directory(directory);
    stage_start(&s, directory);
    ask_recover(&s, "m1");
    actor_system_run(s.system);

    /* The same agent comes and goes: the log grows, the registry does not. */
    for (uint64_t bytes = 0; bytes < 2 * due; n++) {
        char filler[30001];

        memset(filler, 'x', sizeof filler - 1);
        filler[sizeof filler - 1] = '\0';
        char *big = xasprintf("{\"admit_agent\":{\"info\":{\"hostname\":"
                              "\"%s\",\"id\":{\"value\":\"a\"}}}}", filler);
        ask_change(&s, big);
        actor_system_run(s.system);
        snprintf(json, sizeof json, "%s", REMOVE("a"));
        ask_change(&s, json);
        actor_system_run(s.system);
        s.n_applied = 0;
        bytes += strlen(big);
        free(big);
    }
    ask_change(&s, ADMIT("b"));
    actor_system_run(s.system);
    stage_stop(&s);

    stage_start(&s, directory);
    ask_recover(&s, "m2");
    actor_system_run(s.system);

    ck_assert_str_eq(s.recovered, "");
    ck_assert_uint_eq(n_agents(&s), 1);
    stage_stop(&s);
    remove_directory(directory);
}
END_TEST

/* A log that is gone, as one whose disk is. */
START_TEST(nothing_is_applied_once_the_log_fails)
{
    struct stage s = { 0 };
    char lines[LINES_SIZE] = "";
    char directory[] = DIRECTORY;
    make_directory(directory);
    stage_start(&s, directory);
    ask_recover(&s, "m1");
    actor_system_run(s.system);
    log_set_sink(keep_line, lines);

    actor_terminate(s.system, &s.log);
    actor_system_run(s.system);
    ask_change(&s, ADMIT("a"));
    ask_change(&s, ADMIT("b"));
    actor_system_run(s.system);
    ask_change(&s, REMOVE("a"));
    actor_system_run(s.system);
    log_set_sink(NULL, NULL);

    ck_assert_uint_eq(s.n_applied, 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_msg(strstr(s.applied[i],
                             "failed: Failed to update registry: "),
                      "%s", s.applied[i]);
    }
    ck_assert_ptr_nonnull(strstr(lines, "Registrar aborting: Failed to update "
                                 "registry: "));
    stage_stop(&s);
    remove_directory(directory);
}
END_TEST

START_TEST(recovery_fails_with_the_log)
{
    struct stage s = { 0 };
    char directory[] = DIRECTORY;
    make_directory(directory);
    stage_start(&s, directory);

    actor_terminate(s.system, &s.log);
    actor_system_run(s.system);
    ask_recover(&s, "m1");
    ask_change(&s, ADMIT("a"));
    actor_system_run(s.system);

    ck_assert_msg(strstr(s.recovered, "Failed to recover registrar: "), "%s",
                  s.recovered);
    ck_assert_uint_eq(s.n_applied, 1);
    ck_assert_ptr_nonnull(strstr(s.applied[0],
                                 "Failed to recover registrar: "));
    stage_stop(&s);
    remove_directory(directory);
}
END_TEST

static Suite *
registrar_suite(void)
{
    Suite *suite = suite_create("registrar");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(change_before_recovery_is_refused);
    ADD(changes_during_recovery_wait_for_it);
    ADD(second_recovery_is_refused);
    ADD(change_that_changes_nothing_is_not_stored);
    ADD(registry_is_there_for_the_next_master);
    ADD(snapshots_are_made_as_the_log_grows);
    ADD(nothing_is_applied_once_the_log_fails);
    ADD(recovery_fails_with_the_log);
#undef ADD
    return suite;
}

TEST_MAIN(registrar_suite)
