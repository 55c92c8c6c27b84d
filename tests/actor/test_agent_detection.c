/* SPDX-License-Identifier: Apache-2.0
 *
 * test_agent_detection.c - an agent whose master moves: the masters are
 * puppets, each at an address of its own. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "agent/agent.h"
#include "election/address_detector.h"
#include "election/election.h"
#include "election/private.h"
#include "election/standalone.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define N_MASTERS 2

static struct {
    struct fake_process *processes;
    struct multi_system *multi;
    struct actor_system *masters[N_MASTERS];    /* 10.0.0.1 and 10.0.0.2 */
    struct puppet *puppets[N_MASTERS];
    struct actor_system *system;        /* of the agent */
    struct agent_flags flags;
    struct upid detector;
    struct upid agent;
    char *work_dir;             /* owned */
    char *failure;              /* owned; what the agent ended with */
    struct strbuf lines;        /* of the log */
    const char *name;           /* what the masters' host name stands for */
} t;

static void
must(struct error *error)
{
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static void
keep_line(void *aux, const char *line)
{
    const char *text = strstr(line, "] ");

    if (text) {
        strbuf_printf(aux, "%s\n", text + 2);
    }
}

static bool
has_line(const char *line)
{
    return t.lines.len > 0 && strstr(t.lines.data, line) != NULL;
}

static void
check_line(const char *line)
{
    ck_assert_msg(has_line(line), "not '%s' in: %s", line,
                  t.lines.len > 0 ? t.lines.data : "");
}

static void
load_flags(const char *more)
{
    char *argv[6] = { (char *) "mesos-agent" };
    int argc = more ? 6 : 5;

    argv[1] = xasprintf("--work_dir=%s", t.work_dir);
    argv[2] = (char *) "--no-switch_user";
    argv[3] = (char *) "--resources=cpus:4;mem:1024;disk:100";
    argv[4] = (char *) "--launcher_dir=/bin/..";
    argv[5] = (char *) more;
    memset(&t.flags, 0, sizeof t.flags);
    must(flags_load(agent_flag_table, agent_n_flags, &t.flags, argc, argv,
                    NULL, NULL));
    free(argv[1]);
    t.flags.disk_watch_interval = 100 * WEEK;
}

static void
note_failure(void *aux UNUSED, const char *why)
{
    t.failure = xstrdup(why);
}

static void
set_up(void)
{
    static const struct log_options quiet = {
        .program = "test_agent_detection", .quiet = true,
    };
    struct actor_backend backend = { .process = &fake_process_ops };
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };

    memset(&t, 0, sizeof t);
    error_drop(log_init(&quiet));
    strbuf_init(&t.lines, STRBUF_UNLIMITED);
    log_set_sink(keep_line, &t.lines);
    t.multi = multi_system_create();
    for (size_t i = 0; i < N_MASTERS; i++) {
        t.masters[i] = multi_system_add(t.multi, &options);
        t.puppets[i] = puppet_create(t.masters[i], "master");
    }
    t.processes = fake_process_create();
    backend.process_ctx = t.processes;
    options.backend = &backend;
    options.seed = 1;
    t.system = multi_system_add(t.multi, &options);
    t.work_dir = test_temp_dir();
    load_flags(NULL);
}

static void
tear_down(void)
{
    multi_system_destroy(t.multi);
    fake_process_destroy(t.processes);
    for (size_t i = 0; i < N_MASTERS; i++) {
        puppet_destroy(t.puppets[i]);
    }
    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
    free(t.work_dir);
    free(t.failure);
    log_set_sink(NULL, NULL);
    strbuf_fini(&t.lines);
}

/* The agent, with t.detector. */
static void
start_agent(void)
{
    must(agent_start_with(t.system, &(struct agent_options) {
        .flags = &t.flags, .detector = &t.detector,
        .on_failure = note_failure,
    }, &t.agent));
    multi_system_advance(t.multi, 2 * SECOND);
}

static void
start_appointed(void)
{
    must(standalone_start(t.system, STANDALONE_APPOINTED, &t.detector));
    start_agent();
}

/* Whom the detector says to lead; 'id' NULL: as its UPID.  N_MASTERS: nobody
 * does. */
static void
appoint_as(size_t i, const char *id)
{
    struct message *info = i < N_MASTERS
        ? leader_info_create(puppet_upid(t.puppets[i]), id, NULL) : NULL;

    standalone_appoint(t.system, &t.detector, info);
    message_unref(info);
    multi_system_advance(t.multi, 2 * SECOND);
}

static void
appoint(size_t i)
{
    appoint_as(i, NULL);
}

static struct error *
resolve(void *aux UNUSED, const struct master_url *url,
        struct master_addresses *ret)
{
    ret->n = 1;
    return address_parse_ip(t.name, url->port, &ret->list[0]);
}

/* The detector that looks a name up, which is t.name. */
static void
start_named(void)
{
    struct master_url url;

    must(master_url_parse("m.example.org:5050", &url));
    must(address_detector_start(t.system, &(struct address_detector_options) {
        .url = &url, .resolve = resolve,
    }, &t.detector));
    start_agent();
}

static size_t
n_registers(size_t i)
{
    return puppet_count(t.puppets[i], &msg_register_agent);
}

static size_t
n_reregisters(size_t i)
{
    return puppet_count(t.puppets[i], &msg_reregister_agent);
}

static void
forget(void)
{
    for (size_t i = 0; i < N_MASTERS; i++) {
        puppet_forget(t.puppets[i]);
    }
    strbuf_clear(&t.lines);
}

static void
say_registered(size_t i)
{
    puppet_say(t.puppets[i], &t.agent, &msg_agent_registered,
               "{\"agent_id\":{\"value\":\"S0\"}}");
    multi_system_run(t.multi);
}

static void
say_reregistered(size_t i)
{
    puppet_say(t.puppets[i], &t.agent, &msg_agent_reregistered,
               "{\"agent_id\":{\"value\":\"S0\"}}");
    multi_system_run(t.multi);
}

static void
say_shutdown(size_t i)
{
    puppet_say(t.puppets[i], &t.agent, &msg_shutdown_agent, "{}");
    multi_system_run(t.multi);
}

/* --- appointed --- */

START_TEST(agent_waits_for_a_leader)
{
    start_appointed();
    multi_system_advance(t.multi, MINUTE);
    ck_assert(!has_line("New master detected"));
    ck_assert(!has_line("Lost leading master"));

    appoint(0);

    check_line("New master detected at master@10.0.0.1:5050\n");
    check_line("No credentials provided. Attempting to register without "
               "authentication\n");
    check_line("Detecting new master\n");
    ck_assert_uint_ge(n_registers(0), 1);
    ck_assert_uint_eq(n_registers(1), 0);
}
END_TEST

START_TEST(agent_follows_a_new_leader)
{
    start_appointed();
    appoint(0);
    say_registered(0);
    forget();

    appoint(1);

    check_line("New master detected at master@10.0.0.2:5050\n");
    ck_assert_uint_ge(n_reregisters(1), 1);
    ck_assert_uint_eq(n_reregisters(0), 0);
    say_reregistered(1);
    check_line("Re-registered with master master@10.0.0.2:5050\n");
    forget();

    /* It does not repeat itself, nor listen to the former one. */
    multi_system_advance(t.multi, 10 * SECOND);
    ck_assert_uint_eq(n_reregisters(1), 0);
    say_shutdown(0);
    check_line("Ignoring shutdown message from master@10.0.0.1:5050 because "
               "it is not the expected master: master@10.0.0.2:5050\n");
}
END_TEST

START_TEST(agent_without_leader_is_quiet)
{
    start_appointed();
    appoint(0);
    say_registered(0);
    forget();

    appoint(N_MASTERS);

    check_line("Lost leading master\n");
    multi_system_advance(t.multi, 10 * MINUTE);
    ck_assert_uint_eq(n_reregisters(0), 0);
    say_shutdown(0);
    check_line("Ignoring shutdown message from master@10.0.0.1:5050 because "
               "it is not the expected master: None\n");

    appoint(0);
    ck_assert_uint_ge(n_reregisters(0), 1);
}
END_TEST

START_TEST(attempts_end_with_their_leader)
{
    start_appointed();
    appoint(0);
    ck_assert_uint_ge(n_registers(0), 1);
    forget();

    appoint(N_MASTERS);
    multi_system_advance(t.multi, 10 * MINUTE);

    ck_assert_uint_eq(n_registers(0), 0);
}
END_TEST

START_TEST(same_leader_is_no_news)
{
    start_appointed();
    appoint(0);
    say_registered(0);
    forget();

    appoint(0);

    ck_assert(!has_line("New master detected"));
    ck_assert_uint_eq(n_reregisters(0), 0);
}
END_TEST

START_TEST(next_process_at_the_address_is_another_master)
{
    start_appointed();
    appoint_as(0, "first");
    say_registered(0);
    forget();

    appoint_as(0, "second");

    check_line("New master detected at master@10.0.0.1:5050\n");
    ck_assert_uint_ge(n_reregisters(0), 1);
}
END_TEST

START_TEST(agent_asks_again_when_pings_stop)
{
    start_appointed();
    appoint(0);
    say_registered(0);
    forget();

    multi_system_advance(t.multi, 80 * SECOND);

    check_line("No pings from master received within 75secs\n");
    check_line("Re-detecting master\n");
    check_line("New master detected at master@10.0.0.1:5050\n");
    ck_assert_uint_ge(n_reregisters(0), 1);
}
END_TEST

START_TEST(pause_between_attempts_grows)
{
    size_t n;

    start_appointed();
    appoint(0);
    multi_system_advance(t.multi, 10 * MINUTE);
    n = n_registers(0);

    /* Of up to 1 s, 2 s, ... and then up to a minute each. */
    ck_assert_uint_ge(n, 10);
    ck_assert_uint_le(n, 60);
    ck_assert_uint_eq(n_registers(1), 0);
}
END_TEST

/* --- by name --- */

START_TEST(attempts_go_where_the_name_goes)
{
    t.name = "10.0.0.1";
    start_named();
    ck_assert_uint_ge(n_registers(0), 1);
    forget();

    t.name = "10.0.0.2";
    multi_system_advance(t.multi, 2 * MINUTE);

    ck_assert_uint_eq(n_registers(0), 0);
    ck_assert_uint_ge(n_registers(1), 1);
    say_registered(1);
    check_line("Registered with master master@10.0.0.2:5050; given agent ID "
               "S0\n");
}
END_TEST

START_TEST(registered_agent_stays_while_its_master_lives)
{
    t.name = "10.0.0.1";
    start_named();
    say_registered(0);
    forget();

    t.name = "10.0.0.2";
    multi_system_advance(t.multi, 30 * SECOND);

    ck_assert_uint_eq(n_reregisters(0) + n_reregisters(1), 0);
}
END_TEST

START_TEST(master_that_moved_is_found)
{
    t.name = "10.0.0.1";
    start_named();
    say_registered(0);
    forget();

    t.name = "10.0.0.2";
    multi_system_remove(t.multi, t.masters[0]);
    multi_system_advance(t.multi, 30 * SECOND);

    check_line("Got exited event for master@10.0.0.1:5050\n");
    check_line("Master disconnected! Waiting for a new master to be "
               "elected\n");
    check_line("New master detected at master@10.0.0.2:5050\n");
    ck_assert_uint_ge(n_reregisters(1), 1);
}
END_TEST

/* --- what goes wrong --- */

static void
failing_on_detect(struct actor *self, struct actor_msg *msg)
{
    struct actor_msg *told = actor_msg_create(&msg_leader);
    struct leader *leader = actor_msg_body(told, &msg_leader);
    struct upid from;

    actor_msg_from(msg, &from);
    leader->error = error_create(ERROR_UNAVAILABLE, "no quorum");
    actor_send(self, &from, &told);
}

static const struct actor_handler failing_handlers[] = {
    { &msg_detect, failing_on_detect },
};

static const struct actor_type failing_type = {
    .name = "failing", .size = sizeof(struct actor),
    .handlers = failing_handlers, .n_handlers = ARRAY_SIZE(failing_handlers),
};

START_TEST(agent_that_cannot_detect_ends)
{
    must(actor_spawn(t.system, &failing_type, NULL, NULL, &t.detector));
    start_agent();

    ck_assert_ptr_nonnull(t.failure);
    ck_assert_str_eq(t.failure, "Failed to detect a master: no quorum");
    check_line("Agent terminating\n");
}
END_TEST

static void
check_refused(const char *flag, const char *expected)
{
    struct error *error;

    flags_fini(agent_flag_table, agent_n_flags, &t.flags);
    load_flags(flag);
    error = agent_start(t.system, &t.flags, NULL, &t.agent);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error_text(error), expected), "%s",
                  error_text(error));
    error_destroy(error);
}

START_TEST(agent_needs_a_master)
{
    check_refused(NULL, "Missing required option --master");
    check_refused("--master=nonsense",
                  "Failed to create a master detector: expecting host:port");
    check_refused("--master=zk://a:2181/mesos", "ZooKeeper");
}
END_TEST

/* --- */

static void
add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, TEST_TIMEOUT_S);
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

static Suite *
agent_detection_suite(void)
{
    Suite *suite = suite_create("agent_detection");

    add(suite, "waits", agent_waits_for_a_leader);
    add(suite, "follows", agent_follows_a_new_leader);
    add(suite, "no_leader", agent_without_leader_is_quiet);
    add(suite, "attempts_end", attempts_end_with_their_leader);
    add(suite, "same", same_leader_is_no_news);
    add(suite, "next_process", next_process_at_the_address_is_another_master);
    add(suite, "pings", agent_asks_again_when_pings_stop);
    add(suite, "pauses", pause_between_attempts_grows);
    add(suite, "name", attempts_go_where_the_name_goes);
    add(suite, "stays", registered_agent_stays_while_its_master_lives);
    add(suite, "moved", master_that_moved_is_found);
    add(suite, "fails", agent_that_cannot_detect_ends);
    add(suite, "flag", agent_needs_a_master);
    return suite;
}

TEST_MAIN(agent_detection_suite)
