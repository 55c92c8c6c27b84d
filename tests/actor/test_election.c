/* SPDX-License-Identifier: Apache-2.0
 *
 * test_election.c - contenders and detectors among those who ask them. */
#include <config.h>

#include <string.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>
#include <actor/vec.h>

#include "election/address_detector.h"
#include "election/election.h"
#include "election/standalone.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

/* --- one who asks, and writes down what it hears --- */

struct asker {
    struct upid upid;
    struct strbuf heard;        /* a line for each message */
};

struct asker_actor {
    struct actor base;
    struct asker *asker;        /* borrowed; outlives us */
};

struct order {
    void (*fn)(struct actor *self, void *arg);
    void *arg;
};

static const struct actor_msg_type msg_order = {
    .name = "order", .size = sizeof(struct order),
};

static struct strbuf *
heard_by(struct actor *self)
{
    return &((struct asker_actor *) self)->asker->heard;
}

static void
on_leader(struct actor *self, struct actor_msg *msg)
{
    const struct leader *leader = actor_msg_body(msg, &msg_leader);

    if (leader->error) {
        strbuf_printf(heard_by(self), "error %s\n", error_text(leader->error));
    } else if (leader->info) {
        const V1__MasterInfo *info = message_root(leader->info);

        ck_assert_str_eq(info->pid, UPID_TEXT(&leader->upid));
        strbuf_printf(heard_by(self), "leader %s\n", info->pid);
    } else {
        strbuf_append(heard_by(self), "no leader\n");
    }
}

static void
on_candidacy(struct actor *self, struct actor_msg *msg)
{
    static const char *const names[] = {
        [CANDIDACY_ENTERED] = "entered", [CANDIDACY_LOST] = "lost",
        [CANDIDACY_FAILED] = "failed",
    };
    const struct candidacy *candidacy = actor_msg_body(msg, &msg_candidacy);

    ck_assert((candidacy->error != NULL)
              == (candidacy->state == CANDIDACY_FAILED));
    strbuf_printf(heard_by(self), "%s\n", names[candidacy->state]);
}

static void
on_order(struct actor *self, struct actor_msg *msg)
{
    const struct order *order = actor_msg_body(msg, &msg_order);

    order->fn(self, order->arg);
}

static struct error *
asker_init(struct actor *self, void *asker)
{
    ((struct asker_actor *) self)->asker = asker;
    return NULL;
}

static const struct actor_handler handlers[] = {
    { &msg_leader, on_leader },
    { &msg_candidacy, on_candidacy },
    { &msg_order, on_order },
};

static const struct actor_type asker_type = {
    .name = "asker", .size = sizeof(struct asker_actor), .init = asker_init,
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

/* --- the stage --- */

struct stage {
    struct actor_system *system;
    struct upid election;
    struct asker askers[2];
};

static void
must(struct error *error)
{
    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
}

static void
stage_open_at(struct stage *s, const char *listen)
{
    static const struct log_options quiet = {
        .program = "test_election", .quiet = true,
    };
    struct actor_system_options options = { .manual = true, .seed = 1 };

    error_drop(log_init(&quiet));
    must(address_parse(listen, &options.listen));
    must(actor_system_create(&options, &s->system));
    for (size_t i = 0; i < ARRAY_SIZE(s->askers); i++) {
        struct asker *asker = &s->askers[i];

        strbuf_init(&asker->heard, STRBUF_UNLIMITED);
        must(actor_spawn(s->system, &asker_type, NULL, asker, &asker->upid));
    }
}

static void
stage_open(struct stage *s)
{
    stage_open_at(s, "127.0.0.1:0");
}

static void
stage_close(struct stage *s)
{
    actor_system_destroy(s->system);
    for (size_t i = 0; i < ARRAY_SIZE(s->askers); i++) {
        strbuf_fini(&s->askers[i].heard);
    }
}

/* Has the asker call 'fn' in a turn, and runs the system. */
static void
order(struct stage *s, size_t i, void (*fn)(struct actor *, void *), void *arg)
{
    struct actor_msg *msg = actor_msg_create(&msg_order);
    struct order *body = actor_msg_body(msg, &msg_order);

    body->fn = fn;
    body->arg = arg;
    actor_post(s->system, &s->askers[i].upid, &msg);
    actor_system_run(s->system);
}

static void
do_detect(struct actor *self, void *stage)
{
    detector_detect(self, &((struct stage *) stage)->election);
}

static void
do_contend(struct actor *self, void *stage)
{
    struct message *info = leader_info_create(actor_upid(self), NULL,
                                              NULL);

    contender_contend(self, &((struct stage *) stage)->election, info);
    message_unref(info);
}

static void
do_withdraw(struct actor *self, void *stage)
{
    contender_withdraw(self, &((struct stage *) stage)->election);
}

static void
do_stop(struct actor *self, void *arg UNUSED)
{
    actor_stop(self);
}

/* What the asker has heard since the last time, "$0" and "$1" for the UPIDs of
 * the askers. */
static void
check_heard(struct stage *s, size_t i, const char *expected)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    for (const char *p = expected; *p != '\0'; p++) {
        if (*p == '$') {
            p++;
            strbuf_append(&text, UPID_TEXT(&s->askers[*p - '0'].upid));
        } else {
            strbuf_printf(&text, "%c", *p);
        }
    }
    ck_assert_str_eq(s->askers[i].heard.len > 0 ? s->askers[i].heard.data : "",
                     text.len > 0 ? text.data : "");
    strbuf_clear(&s->askers[i].heard);
}

static void
appoint(struct stage *s, const char *upid_text)
{
    struct message *info = NULL;
    struct upid upid;

    if (upid_text) {
        must(upid_parse(upid_text, &upid));
        info = leader_info_create(&upid, NULL, NULL);
    }
    standalone_appoint(s->system, &s->election, info);
    message_unref(info);
    actor_system_run(s->system);
}

/* --- standalone --- */

START_TEST(only_candidate_leads)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_ALONE, &s.election));
    order(&s, 1, do_detect, &s);
    check_heard(&s, 1, "");

    order(&s, 0, do_contend, &s);

    check_heard(&s, 0, "entered\n");
    check_heard(&s, 1, "leader $0\n");
    order(&s, 0, do_detect, &s);
    check_heard(&s, 0, "leader $0\n");
    check_heard(&s, 1, "");
    stage_close(&s);
}
END_TEST

START_TEST(second_candidate_is_refused)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_ALONE, &s.election));
    order(&s, 0, do_contend, &s);

    order(&s, 1, do_contend, &s);

    check_heard(&s, 1, "failed\n");
    order(&s, 1, do_detect, &s);
    check_heard(&s, 1, "leader $0\n");
    stage_close(&s);
}
END_TEST

START_TEST(candidate_that_withdraws_leads_no_more)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_ALONE, &s.election));
    order(&s, 0, do_contend, &s);
    order(&s, 1, do_detect, &s);
    check_heard(&s, 0, "entered\n");
    check_heard(&s, 1, "leader $0\n");

    order(&s, 1, do_withdraw, &s);      /* does not stand */
    check_heard(&s, 1, "");
    order(&s, 0, do_withdraw, &s);

    check_heard(&s, 0, "lost\n");
    check_heard(&s, 1, "no leader\n");
    order(&s, 0, do_withdraw, &s);
    check_heard(&s, 0, "");

    /* It may stand again, and so may others. */
    order(&s, 1, do_contend, &s);
    check_heard(&s, 1, "entered\nleader $1\n");
    stage_close(&s);
}
END_TEST

START_TEST(candidate_that_contends_again_has_withdrawn)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_ALONE, &s.election));
    order(&s, 0, do_contend, &s);
    order(&s, 1, do_detect, &s);
    check_heard(&s, 1, "leader $0\n");

    order(&s, 0, do_contend, &s);

    check_heard(&s, 0, "entered\nentered\n");
    check_heard(&s, 1, "no leader\nleader $0\n");
    stage_close(&s);
}
END_TEST

START_TEST(candidate_that_ends_has_withdrawn)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_ALONE, &s.election));
    order(&s, 0, do_contend, &s);
    order(&s, 1, do_detect, &s);
    check_heard(&s, 1, "leader $0\n");

    order(&s, 0, do_stop, NULL);

    check_heard(&s, 1, "no leader\n");
    order(&s, 1, do_contend, &s);
    check_heard(&s, 1, "entered\nleader $1\n");
    stage_close(&s);
}
END_TEST

START_TEST(leader_is_appointed)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_APPOINTED, &s.election));
    order(&s, 0, do_contend, &s);
    order(&s, 0, do_detect, &s);
    order(&s, 1, do_detect, &s);
    check_heard(&s, 0, "entered\n");
    check_heard(&s, 1, "");

    appoint(&s, NULL);                  /* nobody led before, either */
    check_heard(&s, 1, "");
    appoint(&s, "master@10.0.0.1:5050");
    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");
    check_heard(&s, 1, "leader master@10.0.0.1:5050\n");
    appoint(&s, "master@10.0.0.2:5050");
    check_heard(&s, 1, "leader master@10.0.0.2:5050\n");
    appoint(&s, NULL);
    check_heard(&s, 1, "no leader\n");
    order(&s, 1, do_detect, &s);
    check_heard(&s, 1, "");
    standalone_elect(s.system, &s.election);
    actor_system_run(s.system);
    check_heard(&s, 1, "leader $0\n");
    stage_close(&s);
}
END_TEST

START_TEST(candidate_is_elected_before_it_stands)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_APPOINTED, &s.election));
    standalone_elect(s.system, &s.election);
    order(&s, 1, do_detect, &s);
    check_heard(&s, 1, "");

    order(&s, 0, do_contend, &s);

    check_heard(&s, 1, "leader $0\n");
    stage_close(&s);
}
END_TEST

START_TEST(appointment_without_upid_is_ignored)
{
    struct stage s;
    struct message *info = message_create(&v1__master_info__descriptor);

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_APPOINTED, &s.election));
    order(&s, 0, do_detect, &s);
    appoint(&s, "master@10.0.0.1:5050");
    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");

    standalone_appoint(s.system, &s.election, info);
    actor_system_run(s.system);

    check_heard(&s, 0, "");
    message_unref(info);
    stage_close(&s);
}
END_TEST

START_TEST(asker_that_ends_is_forgotten)
{
    struct stage s;

    stage_open(&s);
    must(standalone_start(s.system, STANDALONE_APPOINTED, &s.election));
    order(&s, 0, do_detect, &s);
    order(&s, 1, do_detect, &s);

    order(&s, 0, do_stop, NULL);
    appoint(&s, "master@10.0.0.1:5050");

    check_heard(&s, 0, "");
    check_heard(&s, 1, "leader master@10.0.0.1:5050\n");
    stage_close(&s);
}
END_TEST

/* --- addresses --- */

/* A name service: what it answers next. */
struct names {
    const char *addresses[4];
    size_t n_asked;
};

static struct error *
resolve(void *aux, const struct master_url *url, struct master_addresses *ret)
{
    struct names *names = aux;

    names->n_asked++;
    ck_assert_str_eq(url->host, "m.example.org");
    if (!names->addresses[0]) {
        return error_create(ERROR_NOT_FOUND, "resolving '%s': not today",
                            url->host);
    }
    for (ret->n = 0; names->addresses[ret->n]; ret->n++) {
        must(address_parse_ip(names->addresses[ret->n], url->port,
                              &ret->list[ret->n]));
    }
    return NULL;
}

static void
start_names(struct stage *s, struct names *names)
{
    struct master_url url;

    must(master_url_parse("m.example.org:5050", &url));
    must(address_detector_start(s->system,
                                &(struct address_detector_options) {
        .url = &url, .resolve = resolve, .aux = names,
    }, &s->election));
}

START_TEST(number_is_known_at_once)
{
    struct stage s;

    stage_open(&s);
    must(detector_start(s.system, "master@[fe80::1]:5050\n", &s.election));

    order(&s, 0, do_detect, &s);
    order(&s, 1, do_detect, &s);
    order(&s, 1, do_detect, &s);

    check_heard(&s, 0, "leader master@[fe80::1]:5050\n");
    check_heard(&s, 1, "leader master@[fe80::1]:5050\n"
                       "leader master@[fe80::1]:5050\n");
    stage_close(&s);
}
END_TEST

START_TEST(leader_is_known_by_its_upid)
{
    struct stage s;
    struct upid upid;

    stage_open(&s);
    must(upid_parse("other(1)@10.0.0.1:5050", &upid));
    must(address_detector_start_at(s.system, &upid, &s.election));

    order(&s, 0, do_detect, &s);

    check_heard(&s, 0, "leader other(1)@10.0.0.1:5050\n");
    stage_close(&s);
}
END_TEST

START_TEST(what_names_no_master_is_refused)
{
    struct stage s;
    struct error *error;

    stage_open(&s);
    error = detector_start(s.system, "nonsense", &s.election);
    ck_assert_str_eq(error_text(error), "expecting host:port");
    error_destroy(error);
    error = detector_start(s.system, "zk://a:2181/mesos", &s.election);
    ck_assert_int_eq(error_code(error), ERROR_UNSUPPORTED);
    error_destroy(error);
    stage_close(&s);
}
END_TEST

START_TEST(name_is_looked_up)
{
    struct stage s;
    struct names names = { { "10.0.0.1" }, 0 };

    stage_open(&s);
    start_names(&s, &names);
    order(&s, 0, do_detect, &s);
    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");

    /* It is where it was. */
    order(&s, 0, do_detect, &s);
    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");
    ck_assert_uint_eq(names.n_asked, 2);
    stage_close(&s);
}
END_TEST

START_TEST(name_that_has_moved_is_found_by_all)
{
    struct stage s;
    struct names names = { { "10.0.0.1" }, 0 };

    stage_open(&s);
    start_names(&s, &names);
    order(&s, 0, do_detect, &s);
    order(&s, 1, do_detect, &s);
    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");
    check_heard(&s, 1, "leader master@10.0.0.1:5050\n");

    names.addresses[0] = "10.0.0.2";
    order(&s, 1, do_detect, &s);

    check_heard(&s, 0, "leader master@10.0.0.2:5050\n");
    check_heard(&s, 1, "leader master@10.0.0.2:5050\n");
    stage_close(&s);
}
END_TEST

START_TEST(name_service_is_waited_for)
{
    struct stage s;
    struct names names = { { NULL }, 0 };

    stage_open(&s);
    start_names(&s, &names);
    order(&s, 0, do_detect, &s);
    for (int i = 0; i < 20; i++) {
        actor_system_advance(s.system, 30 * SECOND);
    }
    check_heard(&s, 0, "");
    ck_assert_uint_ge(names.n_asked, 15);
    ck_assert_uint_le(names.n_asked, 30);

    names.addresses[0] = "10.0.0.1";
    actor_system_advance(s.system, 30 * SECOND);

    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");
    names.n_asked = 0;
    actor_system_advance(s.system, HOUR);
    ck_assert_uint_eq(names.n_asked, 0);        /* nothing polls */
    stage_close(&s);
}
END_TEST

START_TEST(last_answer_holds_while_there_is_none)
{
    struct stage s;
    struct names names = { { "10.0.0.1" }, 0 };

    stage_open(&s);
    start_names(&s, &names);
    order(&s, 0, do_detect, &s);
    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");

    names.addresses[0] = NULL;
    order(&s, 0, do_detect, &s);

    check_heard(&s, 0, "leader master@10.0.0.1:5050\n");
    stage_close(&s);
}
END_TEST

START_TEST(next_address_of_a_name_is_tried)
{
    struct stage s;
    struct names names = { { "::1", "10.0.0.1", "10.0.0.2" }, 0 };

    stage_open(&s);
    start_names(&s, &names);

    /* The one of IPv6 is not for a system that listens on IPv4. */
    for (int i = 0; i < 3; i++) {
        order(&s, 0, do_detect, &s);
    }

    check_heard(&s, 0, "leader master@10.0.0.1:5050\n"
                       "leader master@10.0.0.2:5050\n"
                       "leader master@10.0.0.1:5050\n");
    stage_close(&s);
}
END_TEST

START_TEST(ipv6_is_for_those_who_have_it)
{
    struct stage s;
    struct names names = { { "10.0.0.1", "fe80::7" }, 0 };

    stage_open_at(&s, "[::1]:0");
    start_names(&s, &names);

    order(&s, 0, do_detect, &s);

    check_heard(&s, 0, "leader master@[fe80::7]:5050\n");
    stage_close(&s);
}
END_TEST

static Suite *
election_suite(void)
{
    Suite *suite = suite_create("election");

    test_add(suite, "alone", only_candidate_leads);
    test_add(suite, "second", second_candidate_is_refused);
    test_add(suite, "withdraw", candidate_that_withdraws_leads_no_more);
    test_add(suite, "again", candidate_that_contends_again_has_withdrawn);
    test_add(suite, "candidate_ends", candidate_that_ends_has_withdrawn);
    test_add(suite, "appoint", leader_is_appointed);
    test_add(suite, "elect_early", candidate_is_elected_before_it_stands);
    test_add(suite, "appoint_none", appointment_without_upid_is_ignored);
    test_add(suite, "asker_ends", asker_that_ends_is_forgotten);
    test_add(suite, "number", number_is_known_at_once);
    test_add(suite, "upid", leader_is_known_by_its_upid);
    test_add(suite, "refused", what_names_no_master_is_refused);
    test_add(suite, "name", name_is_looked_up);
    test_add(suite, "moved", name_that_has_moved_is_found_by_all);
    test_add(suite, "no_service", name_service_is_waited_for);
    test_add(suite, "last_answer", last_answer_holds_while_there_is_none);
    test_add(suite, "next_address", next_address_of_a_name_is_tried);
    test_add(suite, "ipv6", ipv6_is_for_those_who_have_it);
    return suite;
}

TEST_MAIN(election_suite)
