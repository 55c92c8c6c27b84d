/* SPDX-License-Identifier: Apache-2.0
 *
 * test_leadership.c - two masters, of which one leads, or none. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "election/election.h"
#include "election/private.h"
#include "election/standalone.h"
#include "master/master.h"
#include "proto/messages.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define N_MASTERS 2

struct member {
    struct actor_system *system;
    struct upid election;
    struct upid upid;
};

struct stage {
    struct multi_system *multi;
    struct master_flags flags;
    struct member masters[N_MASTERS];
    struct memory_client *client;
    struct strbuf lines;        /* of the log */
};

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

static void
add_master(struct stage *s, struct member *member)
{
    struct actor_system_options options = {
        .delegate = "master",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };

    member->system = multi_system_add(s->multi, &options);
    must(standalone_start(member->system, STANDALONE_APPOINTED,
                          &member->election));
    must(master_start_with(member->system, &(struct master_options) {
        .flags = &s->flags, .contender = &member->election,
        .detector = &member->election,
    }, &member->upid));
}

static struct stage *
stage_open(void)
{
    static const struct log_options quiet = {
        .program = "test_leadership", .quiet = true,
    };
    struct stage *s = xcalloc(1, sizeof *s);

    must(log_init(&quiet));
    strbuf_init(&s->lines, STRBUF_UNLIMITED);
    log_set_sink(keep_line, &s->lines);
    master_flags_init(&s->flags);
    s->flags.hostname = xstrdup("here");
    free(s->flags.registry);
    s->flags.registry = xstrdup("in_memory");
    s->multi = multi_system_create();
    for (size_t i = 0; i < N_MASTERS; i++) {
        add_master(s, &s->masters[i]);
    }
    multi_system_run(s->multi);
    return s;
}

static void
stage_close(struct stage *s)
{
    memory_client_close(s->client);
    multi_system_run(s->multi);
    multi_system_destroy(s->multi);
    master_flags_fini(&s->flags);
    log_set_sink(NULL, NULL);
    strbuf_fini(&s->lines);
    free(s);
}

/* How often the log has had that line since the last stage_forget(). */
static unsigned
n_lines(const struct stage *s, const char *line)
{
    size_t len = strlen(line);
    unsigned n = 0;

    for (const char *p = s->lines.data; p && *p != '\0';
         p = strchr(p, '\n') + 1) {
        n += !strncmp(p, line, len) && p[len] == '\n';
    }
    return n;
}

static void
check_line(const struct stage *s, const char *line)
{
    ck_assert_msg(n_lines(s, line) == 1, "not '%s' in: %s", line,
                  s->lines.len > 0 ? s->lines.data : "");
}

static void
stage_forget(struct stage *s)
{
    strbuf_clear(&s->lines);
}

/* Master 'i' leads, as all hear; none does for N_MASTERS. */
static void
appoint(struct stage *s, size_t i)
{
    struct message *info = i < N_MASTERS
        ? leader_info_create(&s->masters[i].upid, NULL, "there") : NULL;

    for (size_t j = 0; j < N_MASTERS; j++) {
        if (j == i) {
            standalone_elect(s->masters[j].system, &s->masters[j].election);
        } else {
            standalone_appoint(s->masters[j].system, &s->masters[j].election,
                               info);
        }
    }
    message_unref(info);
    multi_system_run(s->multi);
}

static double
metric(const struct stage *s, size_t i, const char *name)
{
    double value = -1;

    ck_assert(metrics_get(actor_system_metrics(s->masters[i].system), name,
                          &value));
    return value;
}

/* The answer of master 'i'. */
static const char *
get(struct stage *s, size_t i, const char *path)
{
    autofree char *text = xasprintf("GET %s HTTP/1.1\r\nHost: x\r\n\r\n",
                                    path);

    memory_client_close(s->client);
    s->client = memory_client_connect(
        multi_system_net(s->multi),
        actor_system_address(s->masters[i].system));
    ck_assert_ptr_nonnull(s->client);
    memory_client_write(s->client, text, strlen(text));
    multi_system_run(s->multi);
    return memory_client_text(s->client, NULL);
}

static void
check_answer(struct stage *s, size_t i, const char *path, const char *status,
             const char *part)
{
    autofree char *begin = xasprintf("HTTP/1.1 %s", status);
    const char *text = get(s, i, path);

    ck_assert_msg(!strncmp(text, begin, strlen(begin)), "%s: %.200s", path,
                  text);
    ck_assert_msg(strstr(text, part), "%s: no '%s' in %.2000s", path, part,
                  text);
}

/* --- being elected --- */

START_TEST(master_leads_when_it_is_elected)
{
    struct stage *s = stage_open();

    ck_assert_uint_eq(n_lines(s, "Elected as the leading master!"), 0);
    ck_assert_double_eq(metric(s, 0, "master/elected"), 0);

    multi_system_advance(s->multi, 7 * SECOND);
    appoint(s, 0);

    check_line(s, "Elected as the leading master!");
    check_line(s, "Recovering from registrar");
    ck_assert_ptr_nonnull(strstr(s->lines.data,
                                 "\nRecovered 0 agents from the registry ("));
    check_line(s, "The newly elected leader is master@10.0.0.1:5050 with id "
                  "master@10.0.0.1:5050");
    ck_assert_double_eq(metric(s, 0, "master/elected"), 1);
    ck_assert_double_eq(metric(s, 1, "master/elected"), 0);
    stage_close(s);
}
END_TEST

START_TEST(master_alone_leads_from_the_start)
{
    struct stage *s = stage_open();
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system = multi_system_add(s->multi, &options);
    struct upid upid;

    must(master_start(system, &s->flags, &upid));
    multi_system_run(s->multi);

    check_line(s, "Elected as the leading master!");
    stage_close(s);
}
END_TEST

START_TEST(former_process_of_the_address_is_somebody_else)
{
    struct stage *s = stage_open();
    struct message *info = leader_info_create(&s->masters[0].upid, NULL,
                                              NULL);

    standalone_appoint(s->masters[0].system, &s->masters[0].election, info);
    multi_system_run(s->multi);

    ck_assert_uint_eq(n_lines(s, "Elected as the leading master!"), 0);
    ck_assert_double_eq(metric(s, 0, "master/elected"), 0);
    message_unref(info);
    stage_close(s);
}
END_TEST

/* --- losing it --- */

START_TEST(leader_that_concedes_ends)
{
    struct stage *s = stage_open();

    appoint(s, 0);
    stage_forget(s);

    appoint(s, 1);

    check_line(s, "The newly elected leader is master@10.0.0.2:5050 with id "
                  "master@10.0.0.2:5050");
    check_line(s, "EXIT with status 1: Conceded leadership to another "
                  "master... committing suicide!");
    check_line(s, "Master terminating");
    check_line(s, "Elected as the leading master!");
    ck_assert_double_eq(metric(s, 1, "master/elected"), 1);
    stage_close(s);
}
END_TEST

START_TEST(leader_without_election_ends)
{
    struct stage *s = stage_open();

    appoint(s, 0);
    stage_forget(s);

    appoint(s, N_MASTERS);

    check_line(s, "EXIT with status 1: Lost leadership after indecisive "
                  "election... committing suicide!");
    check_line(s, "Master terminating");
    ck_assert_uint_eq(n_lines(s, "No master was elected."), 2);
    stage_close(s);
}
END_TEST

START_TEST(follower_goes_on_whoever_leads)
{
    struct stage *s = stage_open();

    appoint(s, 0);
    appoint(s, N_MASTERS);
    stage_forget(s);

    ck_assert_uint_eq(n_lines(s, "Master terminating"), 0);
    appoint(s, 1);
    check_line(s, "Elected as the leading master!");
    stage_close(s);
}
END_TEST

/* --- a contender and a detector that fail --- */

struct failing {
    struct actor base;
    struct upid candidate;
    struct message *info;       /* counted; of the candidate */
};

static struct upid failing_upid;

enum failure {
    FAIL_TO_CONTEND, LOSE_CANDIDACY, FAIL_TO_DETECT, ELECT_FIRST,
};

struct fail {
    enum failure failure;
};

static const struct actor_msg_type msg_fail = {
    .name = "fail", .size = sizeof(struct fail),
};

static void
failing_on_contend(struct actor *self, struct actor_msg *msg)
{
    struct failing *f = (struct failing *) self;

    actor_msg_from(msg, &f->candidate);
    message_unref(f->info);
    f->info = steal(((struct contend *) actor_msg_body(msg, &msg_contend))
                    ->info);
    candidacy_tell(self, &f->candidate, CANDIDACY_ENTERED, NULL);
    log_info("A candidate");
}

static void
failing_on_detect(struct actor *self UNUSED, struct actor_msg *msg UNUSED)
{
}

static void
failing_on_fail(struct actor *self, struct actor_msg *msg)
{
    struct failing *f = (struct failing *) self;
    enum failure failure =
        ((struct fail *) actor_msg_body(msg, &msg_fail))->failure;

    if (failure == FAIL_TO_DETECT || failure == ELECT_FIRST) {
        struct actor_msg *told = actor_msg_create(&msg_leader);
        struct leader *leader = actor_msg_body(told, &msg_leader);

        if (failure == ELECT_FIRST) {
            leader->info = message_ref(f->info);
            leader->upid = f->candidate;
        } else {
            leader->error = error_create(ERROR_UNAVAILABLE, "no quorum");
        }
        actor_send(self, &f->candidate, &told);
    } else if (failure == FAIL_TO_CONTEND) {
        struct error *error = error_create(ERROR_UNAVAILABLE, "no quorum");

        candidacy_tell(self, &f->candidate, CANDIDACY_FAILED, &error);
    } else {
        candidacy_tell(self, &f->candidate, CANDIDACY_LOST, NULL);
    }
}

static void
failing_fini(struct actor *self)
{
    message_unref(((struct failing *) self)->info);
}

static const struct actor_handler failing_handlers[] = {
    { &msg_contend, failing_on_contend },
    { &msg_detect, failing_on_detect },
    { &msg_fail, failing_on_fail },
};

static const struct actor_type failing_type = {
    .name = "failing", .size = sizeof(struct failing), .fini = failing_fini,
    .handlers = failing_handlers, .n_handlers = ARRAY_SIZE(failing_handlers),
};

/* A further master, whose election fails so. */
static struct actor_system *
start_failing(struct stage *s)
{
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system = multi_system_add(s->multi, &options);
    struct upid upid;

    must(actor_spawn(system, &failing_type, NULL, NULL, &failing_upid));
    must(master_start_with(system, &(struct master_options) {
        .flags = &s->flags, .contender = &failing_upid,
        .detector = &failing_upid,
    }, &upid));
    multi_system_run(s->multi);
    check_line(s, "A candidate");
    return system;
}

static void
have_fail(struct stage *s, struct actor_system *system, enum failure failure)
{
    struct actor_msg *msg = actor_msg_create(&msg_fail);

    ((struct fail *) actor_msg_body(msg, &msg_fail))->failure = failure;
    actor_post(system, &failing_upid, &msg);
    multi_system_run(s->multi);
}

START_TEST(master_that_cannot_contend_ends)
{
    struct stage *s = stage_open();

    have_fail(s, start_failing(s), FAIL_TO_CONTEND);

    check_line(s, "EXIT with status 1: Failed to contend: no quorum");
    check_line(s, "Master terminating");
    stage_close(s);
}
END_TEST

START_TEST(follower_that_loses_its_candidacy_contends_again)
{
    struct stage *s = stage_open();

    have_fail(s, start_failing(s), LOSE_CANDIDACY);

    check_line(s, "Lost candidacy as a follower... Contend again");
    ck_assert_uint_eq(n_lines(s, "A candidate"), 2);
    ck_assert_uint_eq(n_lines(s, "Master terminating"), 0);
    stage_close(s);
}
END_TEST

START_TEST(leader_that_loses_its_candidacy_ends)
{
    struct stage *s = stage_open();
    struct actor_system *system = start_failing(s);

    have_fail(s, system, ELECT_FIRST);
    check_line(s, "Elected as the leading master!");
    have_fail(s, system, ELECT_FIRST);
    check_line(s, "Elected as the leading master!");
    check_line(s, "Re-elected as the leading master");

    have_fail(s, system, LOSE_CANDIDACY);

    check_line(s, "EXIT with status 1: Lost candidacy as a leader... "
                  "committing suicide!");
    check_line(s, "Master terminating");
    stage_close(s);
}
END_TEST

START_TEST(master_that_cannot_detect_ends)
{
    struct stage *s = stage_open();

    have_fail(s, start_failing(s), FAIL_TO_DETECT);

    check_line(s, "EXIT with status 1: Failed to detect the leading master: "
                  "no quorum; committing suicide!");
    check_line(s, "Master terminating");
    stage_close(s);
}
END_TEST

/* --- what others see --- */

START_TEST(follower_drops_messages)
{
    struct stage *s = stage_open();
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system = multi_system_add(s->multi, &options);
    struct puppet *scheduler = puppet_create(system, "scheduler-1");
    static const char subscribe[] =
        "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{"
        "\"user\":\"root\",\"name\":\"test\"}}}";

    appoint(s, 0);

    puppet_say(scheduler, &s->masters[1].upid, &msg_scheduler_call, "%s",
               subscribe);
    multi_system_run(s->multi);
    ck_assert_uint_eq(puppet_count(scheduler, &msg_scheduler_event), 0);
    ck_assert_double_eq(metric(s, 1, "master/dropped_messages"), 1);

    puppet_say(scheduler, &s->masters[0].upid, &msg_scheduler_call, "%s",
               subscribe);
    multi_system_run(s->multi);
    ck_assert_uint_ge(puppet_count(scheduler, &msg_scheduler_event), 1);
    ck_assert_double_eq(metric(s, 0, "master/dropped_messages"), 0);
    stage_close(s);
    puppet_destroy(scheduler);
}
END_TEST

START_TEST(follower_sends_to_the_leader)
{
    struct stage *s = stage_open();

    appoint(s, 0);

    check_answer(s, 1, "/state", "307 ",
                 "Location: //there:5050/master/state\r\n");
    check_answer(s, 1, "/master/tasks?limit=3&task_id=a%20b", "307 ",
                 "Location: //there:5050/master/tasks?limit=3&task_id=a%20b"
                 "\r\n");
    check_answer(s, 1, "/slaves", "307 ",
                 "Location: //there:5050/master/slaves\r\n");
    check_answer(s, 1, "/frameworks", "307 ", "//there:5050/");
    check_answer(s, 1, "/state-summary", "307 ", "//there:5050/");
    check_answer(s, 1, "/redirect", "307 ", "Location: //there:5050\r\n");
    check_line(s, "Redirecting request for /state to the leading master "
                  "there:5050");
    check_answer(s, 1, "/health", "200 ", "");
    check_answer(s, 1, "/flags", "200 ", "hostname");
    stage_close(s);
}
END_TEST

START_TEST(nobody_is_sent_anywhere_without_a_leader)
{
    struct stage *s = stage_open();

    check_answer(s, 1, "/state", "503 ", "No leader elected");
    check_answer(s, 1, "/redirect", "503 ", "No leader elected");
    check_line(s, "Current master is not elected as leader, and leader "
                  "information is unavailable. Failed to redirect the request "
                  "url: /state");
    appoint(s, 0);
    check_answer(s, 1, "/state", "307 ", "");
    appoint(s, N_MASTERS);
    check_answer(s, 1, "/state", "503 ", "No leader elected");
    stage_close(s);
}
END_TEST

START_TEST(leader_answers_and_names_itself)
{
    struct stage *s = stage_open();

    multi_system_advance(s->multi, 7 * SECOND);
    appoint(s, 0);

    check_answer(s, 0, "/state", "200 ", "\"leader\":\"master@10.0.0.1:5050\""
                 ",\"leader_info\":{\"id\":\"");
    check_answer(s, 0, "/state", "200 ",
                 "\"pid\":\"master@10.0.0.1:5050\",\"port\":5050,"
                 "\"hostname\":\"here\"}");
    check_answer(s, 0, "/state", "200 ", "\"elected_time\":");
    check_answer(s, 0, "/redirect", "307 ", "Location: //here:5050\r\n");
    stage_close(s);
}
END_TEST

static double
number_behind(const char *text, const char *key)
{
    const char *found = strstr(text, key);

    ck_assert_msg(found, "no %s", key);
    return strtod(found + strlen(key), NULL);
}

START_TEST(elected_time_is_when_it_was_elected)
{
    struct stage *s = stage_open();
    const char *text;

    multi_system_advance(s->multi, 7 * SECOND);
    appoint(s, 0);

    text = get(s, 0, "/state");
    ck_assert_double_eq_tol(number_behind(text, "\"elected_time\":")
                            - number_behind(text, "\"start_time\":"), 7, 0.01);
    stage_close(s);
}
END_TEST

static Suite *
leadership_suite(void)
{
    Suite *suite = suite_create("leadership");

    test_add(suite, "elected", master_leads_when_it_is_elected);
    test_add(suite, "alone", master_alone_leads_from_the_start);
    test_add(suite, "former", former_process_of_the_address_is_somebody_else);
    test_add(suite, "concedes", leader_that_concedes_ends);
    test_add(suite, "indecisive", leader_without_election_ends);
    test_add(suite, "follower", follower_goes_on_whoever_leads);
    test_add(suite, "contend", master_that_cannot_contend_ends);
    test_add(suite, "candidacy",
             follower_that_loses_its_candidacy_contends_again);
    test_add(suite, "leader_candidacy", leader_that_loses_its_candidacy_ends);
    test_add(suite, "detect", master_that_cannot_detect_ends);
    test_add(suite, "dropped", follower_drops_messages);
    test_add(suite, "redirect", follower_sends_to_the_leader);
    test_add(suite, "no_leader", nobody_is_sent_anywhere_without_a_leader);
    test_add(suite, "state", leader_answers_and_names_itself);
    test_add(suite, "elected_time", elected_time_is_when_it_was_elected);
    return suite;
}

TEST_MAIN(leadership_suite)
