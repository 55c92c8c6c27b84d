/* SPDX-License-Identifier: Apache-2.0
 *
 * test_policy_calls.c - calls about quotas, weights and maintenance over HTTP,
 * good and bad.  The bytes are written by hand. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "master/master.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/master/master.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/http_talk.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

struct stage {
    struct http_talk *talk;
    struct master_flags flags;
    struct upid master;
};

/* 'roles' is --roles; NULL: any. */
static void
open_for(struct stage *s, const char *roles)
{
    static const struct log_options quiet = {
        .program = "test_policy_calls", .quiet = true,
    };
    const struct actor_system_options options = {
        .delegate = "master", .messages = proto_messages,
        .n_messages = proto_n_messages,
    };

    ck_assert_ptr_null(log_init(&quiet));
    master_flags_init(&s->flags);
    s->flags.hostname = xstrdup("localhost");
    free(s->flags.registry);
    s->flags.registry = xstrdup("in_memory");
    s->flags.roles = roles ? xstrdup(roles) : NULL;
    s->talk = http_talk_start(&options);
    ck_assert_ptr_null(master_start(http_talk_system(s->talk), &s->flags,
                                    &s->master));
    http_talk_say(s->talk, "");
}

static void
open(struct stage *s)
{
    open_for(s, NULL);
}

static void
end(struct stage *s)
{
    http_talk_stop(&s->talk);
    master_flags_fini(&s->flags);
}

/* An agent with cpus:4;mem:1024. */
static struct puppet *
add_agent(struct stage *s)
{
    struct puppet *agent = puppet_create(http_talk_system(s->talk),
                                         "slave(1)");

    puppet_say(agent, &s->master, &msg_register_agent,
               "{\"agent\":{\"hostname\":\"node\",\"resources\":["
               "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":"
               "4}},{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{"
               "\"value\":1024}}]},\"version\":\"1.12.0\"}");
    ck_assert_uint_eq(puppet_count(agent, &msg_agent_registered), 1);
    return agent;
}

#define TYPE_JSON "Content-Type: application/json\r\n"
#define TYPE_PROTOBUF "Content-Type: application/x-protobuf\r\n"

static const char *
post(struct stage *s, const char *headers, const void *body, size_t size)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&text, "POST /api/v1 HTTP/1.1\r\nHost: x\r\n%s"
                  "Content-Length: %zu\r\n\r\n", headers, size);
    strbuf_append_bytes(&text, body, size);
    return http_talk_say(s->talk, text.data);
}

/* The status line's status and the body, "400 Why", of a call in JSON. */
static const char *
say(struct stage *s, const char *headers, const char *fmt, ...)
{
    static char text[4096];
    autofree char *body = NULL;
    const char *answer;
    va_list args;

    va_start(args, fmt);
    body = xvasprintf(fmt, args);
    va_end(args);
    answer = post(s, headers, body, strlen(body));
    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 ", 9), 0);
    snprintf(text, sizeof text, "%.3s%s%s", answer + 9,
             body_of(answer)[0] ? " " : "", body_of(answer));
    return text;
}

#define EXPECT(EXPECTED, ...) \
    ck_assert_str_eq(say(&s, TYPE_JSON, __VA_ARGS__), EXPECTED)

START_TEST(answer_is_coded_as_the_client_wants_it)
{
    struct stage s;
    open(&s);

    const char *json = post(&s, TYPE_JSON, "{\"type\":\"GET_QUOTA\"}", 20);
    EXPECT_STATUS(json, "200 OK");
    EXPECT_HAS(json, "\r\nContent-Type: application/json\r\n");
    ck_assert_str_eq(body_of(json),
                     "{\"type\":\"GET_QUOTA\",\"get_quota\":{\"status\":{}}}");

    /* Type 28; the answer is of type 18, with an empty status. */
    const char *protobuf = post(&s, TYPE_PROTOBUF
                                "Accept: application/x-protobuf\r\n",
                                "\x08\x1c", 2);
    EXPECT_STATUS(protobuf, "200 OK");
    EXPECT_HAS(protobuf, "\r\nContent-Type: application/x-protobuf\r\n");
    ck_assert_str_eq(body_of(protobuf), "\x08\x12\x9a\x01\x02\x0a");
    end(&s);
}
END_TEST

START_TEST(quotas_are_set_and_shown)
{
    struct stage s;
    open(&s);
    struct puppet *agent = add_agent(&s);

    EXPECT("200", "{\"type\":\"UPDATE_QUOTA\",\"update_quota\":{"
           "\"quota_configs\":[{\"role\":\"ops\",\"guarantees\":{\"cpus\":{"
           "\"value\":1}},\"limits\":{\"cpus\":{\"value\":2}}}]}}");
    EXPECT("200 {\"type\":\"GET_QUOTA\",\"get_quota\":{\"status\":{\"infos\":"
           "[{\"role\":\"ops\",\"guarantee\":[{\"name\":\"cpus\",\"type\":"
           "\"SCALAR\",\"scalar\":{\"value\":1.0}}]}],\"configs\":[{\"role\":"
           "\"ops\",\"guarantees\":{\"cpus\":{\"value\":1.0}},\"limits\":{"
           "\"cpus\":{\"value\":2.0}}}]}}}", "{\"type\":\"GET_QUOTA\"}");
    EXPECT("400 Invalid QuotaConfig: total quota guarantees "
           "'cpus:1000000000' exceed cluster capacity 'cpus:4; mem:1024' "
           "(use 'force' flag to bypass this check)",
           "{\"type\":\"UPDATE_QUOTA\",\"update_quota\":{\"quota_configs\":["
           "{\"role\":\"ops\",\"guarantees\":{\"cpus\":{\"value\":1e9}},"
           "\"limits\":{\"cpus\":{\"value\":1e9}}}]}}");
    EXPECT("200", "{\"type\":\"UPDATE_QUOTA\",\"update_quota\":{\"force\":"
           "true,\"quota_configs\":[{\"role\":\"ops\",\"guarantees\":{"
           "\"cpus\":{\"value\":1e9}}}]}}");
    EXPECT("200", "{\"type\":\"UPDATE_QUOTA\",\"update_quota\":{"
           "\"quota_configs\":[{\"role\":\"*\"},{\"role\":\"ops\"}]}}");
    EXPECT("200 {\"type\":\"GET_QUOTA\",\"get_quota\":{\"status\":{}}}",
           "{\"type\":\"GET_QUOTA\"}");
    puppet_destroy(agent);
    end(&s);
}
END_TEST

START_TEST(quotas_are_set_in_the_older_form)
{
    struct stage s;
    open(&s);

    EXPECT("409 Quota guarantees overcommit the cluster (use 'force' to "
           "bypass this check): Total quota guarantees 'cpus:1' exceed "
           "cluster capacity '{}'",
           "{\"type\":\"SET_QUOTA\",\"set_quota\":{\"quota_request\":{"
           "\"role\":\"ops\",\"guarantee\":[{\"name\":\"cpus\",\"type\":"
           "\"SCALAR\",\"scalar\":{\"value\":1}}]}}}");
    EXPECT("200", "{\"type\":\"SET_QUOTA\",\"set_quota\":{\"quota_request\":{"
           "\"force\":true,\"role\":\"ops\",\"guarantee\":[{\"name\":\"cpus\""
           ",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}]}}}");
    EXPECT("200",
           "{\"type\":\"REMOVE_QUOTA\",\"remove_quota\":{\"role\":\"ops\"}}");
    EXPECT("400 Failed to remove quota: Role 'ops' has no quota set",
           "{\"type\":\"REMOVE_QUOTA\",\"remove_quota\":{\"role\":\"ops\"}}");
    end(&s);
}
END_TEST

START_TEST(weights_are_set_and_shown)
{
    struct stage s;
    open(&s);

    EXPECT("200 {\"type\":\"GET_WEIGHTS\"}", "{\"type\":\"GET_WEIGHTS\"}");
    EXPECT("200", "{\"type\":\"UPDATE_WEIGHTS\",\"update_weights\":{"
           "\"weight_infos\":[{\"role\":\"ops\",\"weight\":2.5}]}}");
    EXPECT("200 {\"type\":\"GET_WEIGHTS\",\"get_weights\":{\"weight_infos\":["
           "{\"weight\":2.5,\"role\":\"ops\"}]}}",
           "{\"type\":\"GET_WEIGHTS\"}");
    EXPECT("400 Failed to validate update weights request JSON for role "
           "'ops': Invalid weight '-1': Weights must be positive",
           "{\"type\":\"UPDATE_WEIGHTS\",\"update_weights\":{"
           "\"weight_infos\":[{\"role\":\"ops\",\"weight\":-1}]}}");
    EXPECT("400 Failed to convert JSON into Call protobuf: Missing required "
           "fields: update_weights.weight_infos[0].weight",
           "{\"type\":\"UPDATE_WEIGHTS\",\"update_weights\":{"
           "\"weight_infos\":[{\"role\":\"ops\"}]}}");
    end(&s);
}
END_TEST

START_TEST(machines_are_scheduled_taken_down_and_brought_up)
{
#define MACHINE "{\"hostname\":\"node\",\"ip\":\"10.0.0.1\"}"
#define UNAVAILABILITY \
    "\"unavailability\":{\"start\":{\"nanoseconds\":1795225477861877248}," \
    "\"duration\":{\"nanoseconds\":3600000000000}}"
#define SCHEDULE \
    "\"schedule\":{\"windows\":[{\"machine_ids\":[" MACHINE "]," \
    UNAVAILABILITY "}]}"
    struct stage s;
    open(&s);
    struct puppet *agent = add_agent(&s);

    EXPECT("200 {\"type\":\"GET_MAINTENANCE_SCHEDULE\","
           "\"get_maintenance_schedule\":{\"schedule\":{}}}",
           "{\"type\":\"GET_MAINTENANCE_SCHEDULE\"}");
    EXPECT("200 {\"type\":\"GET_MAINTENANCE_STATUS\","
           "\"get_maintenance_status\":{\"status\":{}}}",
           "{\"type\":\"GET_MAINTENANCE_STATUS\"}");
    EXPECT("400 Machine '" MACHINE "' is not part of a maintenance schedule",
           "{\"type\":\"START_MAINTENANCE\",\"start_maintenance\":{"
           "\"machines\":[" MACHINE "]}}");
    EXPECT("400 Both 'hostname' and 'ip' for a machine are empty",
           "{\"type\":\"UPDATE_MAINTENANCE_SCHEDULE\","
           "\"update_maintenance_schedule\":{\"schedule\":{\"windows\":[{"
           "\"machine_ids\":[{}],\"unavailability\":{\"start\":{"
           "\"nanoseconds\":1}}}]}}}");
    EXPECT("400 Failed to convert JSON into Call protobuf: Missing required "
           "fields: update_maintenance_schedule.schedule.windows[0]."
           "unavailability",
           "{\"type\":\"UPDATE_MAINTENANCE_SCHEDULE\","
           "\"update_maintenance_schedule\":{\"schedule\":{\"windows\":[{"
           "\"machine_ids\":[{}]}]}}}");
    EXPECT("200", "{\"type\":\"UPDATE_MAINTENANCE_SCHEDULE\","
           "\"update_maintenance_schedule\":{" SCHEDULE "}}");
    EXPECT("200 {\"type\":\"GET_MAINTENANCE_SCHEDULE\","
           "\"get_maintenance_schedule\":{" SCHEDULE "}}",
           "{\"type\":\"GET_MAINTENANCE_SCHEDULE\"}");
    EXPECT("200 {\"type\":\"GET_MAINTENANCE_STATUS\","
           "\"get_maintenance_status\":{\"status\":{\"draining_machines\":[{"
           "\"id\":" MACHINE "}]}}}",
           "{\"type\":\"GET_MAINTENANCE_STATUS\"}");
    EXPECT("400 Machine '" MACHINE "' is not in DOWN mode and cannot be "
           "brought up", "{\"type\":\"STOP_MAINTENANCE\","
           "\"stop_maintenance\":{\"machines\":[" MACHINE "]}}");
    EXPECT("200", "{\"type\":\"START_MAINTENANCE\",\"start_maintenance\":{"
           "\"machines\":[" MACHINE "]}}");
    ck_assert_uint_eq(puppet_count(agent, &msg_shutdown_agent), 1);
    EXPECT("200 {\"type\":\"GET_MAINTENANCE_STATUS\","
           "\"get_maintenance_status\":{\"status\":{\"down_machines\":["
           MACHINE "]}}}", "{\"type\":\"GET_MAINTENANCE_STATUS\"}");
    EXPECT("200", "{\"type\":\"STOP_MAINTENANCE\",\"stop_maintenance\":{"
           "\"machines\":[" MACHINE "]}}");
    EXPECT("200 {\"type\":\"GET_MAINTENANCE_STATUS\","
           "\"get_maintenance_status\":{\"status\":{}}}",
           "{\"type\":\"GET_MAINTENANCE_STATUS\"}");
    puppet_destroy(agent);
    end(&s);
}
END_TEST

START_TEST(roles_that_nobody_may_have_get_no_policy)
{
    struct stage s;

    open_for(&s, "web,ops");
    EXPECT("200", "{\"type\":\"UPDATE_QUOTA\",\"update_quota\":{"
           "\"quota_configs\":[{\"role\":\"ops\"}]}}");
    EXPECT("400 Invalid QuotaConfig: 'db' is not on the roles whitelist",
           "{\"type\":\"UPDATE_QUOTA\",\"update_quota\":{"
           "\"quota_configs\":[{\"role\":\"ops\"},{\"role\":\"db\"}]}}");
    EXPECT("200", "{\"type\":\"UPDATE_WEIGHTS\",\"update_weights\":{"
           "\"weight_infos\":[{\"role\":\"web\",\"weight\":2},"
           "{\"role\":\"*\",\"weight\":3}]}}");
    EXPECT("400 Failed to validate update weights request JSON: Unknown role "
           "'db'", "{\"type\":\"UPDATE_WEIGHTS\",\"update_weights\":{"
           "\"weight_infos\":[{\"role\":\"db\",\"weight\":2}]}}");
    end(&s);
}
END_TEST

static Suite *
policy_calls_suite(void)
{
    Suite *suite = suite_create("policy_calls");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(answer_is_coded_as_the_client_wants_it);
    ADD(quotas_are_set_and_shown);
    ADD(quotas_are_set_in_the_older_form);
    ADD(weights_are_set_and_shown);
    ADD(machines_are_scheduled_taken_down_and_brought_up);
    ADD(roles_that_nobody_may_have_get_no_policy);
#undef ADD
    return suite;
}

TEST_MAIN(policy_calls_suite)
