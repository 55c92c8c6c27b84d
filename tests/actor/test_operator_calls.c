/* SPDX-License-Identifier: Apache-2.0
 *
 * test_operator_calls.c - the operator API over HTTP: what is refused, in
 * which order, and what the calls about agents, frameworks and their resources
 * do.  The cluster is puppets, under a virtual clock; the bytes are written by
 * hand. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/system.h>

#include "master/private.h"
#include "master/state_json.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/master/master.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/http_talk.h"
#include "tests/lib/master_place.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

/* The stage's system is the talk's. */
struct world {
    struct stage s;
    struct http_talk *talk;
};

static void
open(struct world *w)
{
    static const struct log_options quiet = {
        .program = "test_operator_calls", .quiet = true,
    };
    const struct actor_system_options options = {
        .delegate = "master", .messages = proto_messages,
        .n_messages = proto_n_messages,
    };

    ck_assert_ptr_null(log_init(&quiet));
    memset(w, 0, sizeof *w);
    master_flags_init(&w->s.flags);
    w->s.flags.hostname = xstrdup("localhost");
    free(w->s.flags.registry);
    w->s.flags.registry = xstrdup("in_memory");
    w->talk = http_talk_start(&options);
    w->s.system = http_talk_system(w->talk);
    stage_open(&w->s);
    http_talk_say(w->talk, "");
}

static void
end(struct world *w)
{
    http_talk_stop(&w->talk);
    puppet_destroy(w->s.agent);
    puppet_destroy(w->s.scheduler);
    master_flags_fini(&w->s.flags);
}

/* --- requests --- */

#define TYPE_JSON "Content-Type: application/json\r\n"
#define TYPE_PROTOBUF "Content-Type: application/x-protobuf\r\n"
#define ACCEPT_NONE "Accept: text/html\r\n"

/* "400 Why": the status, and the body. */
static const char *
request(struct world *w, const char *method, const char *headers,
        const char *body)
{
    static char text[65536];
    autofree char *bytes = xasprintf("%s /api/v1 HTTP/1.1\r\nHost: x\r\n%s"
                                     "Content-Length: %zu\r\n\r\n%s", method,
                                     headers, strlen(body), body);
    const char *answer = http_talk_say(w->talk, bytes);

    ck_assert_int_eq(strncmp(answer, "HTTP/1.1 ", 9), 0);
    snprintf(text, sizeof text, "%.3s%s%s", answer + 9,
             body_of(answer)[0] ? " " : "", body_of(answer));
    return text;
}

/* The same call in protobuf; it must be one without a zero byte. */
static char *
to_protobuf(const char *json)
{
    autodestroy(message) *m = NULL;
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);

    ck_assert_ptr_null(message_decode_json(&master__call__descriptor, json,
                                           strlen(json), &m));
    message_encode_protobuf(&((Master__Call *) message_root(m))->base, &out);
    ck_assert_uint_eq(strlen(out.data), out.len);
    return xstrdup(out.data);
}

static const char *
say(struct world *w, const char *fmt, ...) PRINTF_FORMAT(2, 3);

static const char *
say(struct world *w, const char *fmt, ...)
{
    autofree char *body = NULL;
    va_list args;

    va_start(args, fmt);
    body = xvasprintf(fmt, args);
    va_end(args);
    return request(w, "POST", TYPE_JSON, body);
}

#define EXPECT(EXPECTED, ...) \
    ck_assert_str_eq(say(&w, __VA_ARGS__), EXPECTED)

/* In both forms; for calls that may be repeated. */
static void
expect_twice(struct world *w, const char *expected, const char *json)
{
    autofree char *bytes = to_protobuf(json);

    ck_assert_str_eq(request(w, "POST", TYPE_JSON, json), expected);
    ck_assert_str_eq(request(w, "POST", TYPE_PROTOBUF, bytes), expected);
}

/* --- the cluster --- */

#define CAN(NAME) "{\"type\":\"" NAME "\"}"
#define CAN_ALL CAN("MULTI_ROLE") "," CAN("HIERARCHICAL_ROLE") "," \
    CAN("RESERVATION_REFINEMENT") "," CAN("RESOURCE_PROVIDER") "," \
    CAN("RESIZE_VOLUME") "," CAN("AGENT_OPERATION_FEEDBACK") "," \
    CAN("AGENT_DRAINING")
#define SCALAR(NAME, N) "\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}"
#define AGENT "{\"hostname\":\"node\",\"resources\":[{" SCALAR("cpus", "4") \
    "},{" SCALAR("mem", "1024") "},{" SCALAR("disk", "100") "}]}"

static void
register_with(struct world *w, const char *capabilities)
{
    const Internal__AgentRegistered *registered;

    puppet_say(w->s.agent, &w->s.master, &msg_register_agent,
               "{\"agent\":" AGENT ",\"version\":\"1.12.0\","
               "\"agent_capabilities\":[%s]}", capabilities);
    registered = puppet_heard(w->s.agent, &msg_agent_registered, 0);
    snprintf(w->s.agent_id, sizeof w->s.agent_id, "%s",
             registered->agent_id->value);
}

/* A capable agent, a framework, and a task that runs. */
static void
open_with_task(struct world *w)
{
    open(w);
    register_with(w, CAN_ALL);
    subscribe_first(&w->s, "");
    launch(&w->s, offer(w->s.scheduler, 0)->id->value, "t", 1, 1000);
    update(&w->s, "t", "TASK_RUNNING", UUID_1);
    acknowledge(&w->s, "t", UUID_1);
    puppet_forget(w->s.agent);
    puppet_forget(w->s.scheduler);
}

static void
end_task(struct world *w)
{
    update(&w->s, "t", "TASK_KILLED", UUID_2);
    acknowledge(&w->s, "t", UUID_2);
    http_talk_say(w->talk, "");
}

static bool
state_has(struct world *w, const char *text)
{
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);
    struct json_writer writer = JSON_WRITER(&json);

    state_write_json(master_of(&w->s), &writer);
    return strstr(json.data, text) != NULL;
}

static bool
is_draining(struct world *w)
{
    return state_has(w, "\"drain_info\":{\"state\":\"DRAINING\"");
}

static bool
is_drained(struct world *w)
{
    return state_has(w, "\"drain_info\":{\"state\":\"DRAINED\"");
}

/* A call about the agent; 'more' are further members. */
static const char *
say_of_agent(struct world *w, const char *type, const char *member,
             const char *more)
{
    return say(w, "{\"type\":\"%s\",\"%s\":{\"agent_id\":{\"value\":\"%s\"}"
               "%s}}", type, member, w->s.agent_id, more);
}

#define DRAIN(MORE) say_of_agent(&w, "DRAIN_AGENT", "drain_agent", MORE)
#define DEACTIVATE() \
    say_of_agent(&w, "DEACTIVATE_AGENT", "deactivate_agent", "")
#define REACTIVATE() \
    say_of_agent(&w, "REACTIVATE_AGENT", "reactivate_agent", "")
#define GONE() say_of_agent(&w, "MARK_AGENT_GONE", "mark_agent_gone", "")

/* --- what is refused --- */

/* Each request has all the faults of those after it, too. */
START_TEST(refusals_come_in_order)
{
    struct world w;
    open(&w);

    master_of(&w.s)->is_recovered = false;
    ck_assert_str_eq(request(&w, "GET", ACCEPT_NONE, ""),
                     "503 Master has not finished recovery");
    master_of(&w.s)->is_recovered = true;
    ck_assert_str_eq(request(&w, "PUT", ACCEPT_NONE, "x"),
                     "405 405 Method Not Allowed. Expecting one of { 'POST' "
                     "}, but received 'PUT'.");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE, "x"),
                     "400 Expecting 'Content-Type' to be present");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE
                             "Content-Type: text/plain\r\n", "x"),
                     "415 Expecting 'Content-Type' of application/json or "
                     "application/x-protobuf");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE TYPE_JSON, "{\"type\": "),
                     "400 Failed to parse body into JSON: syntax error at "
                     "line 1 near: ");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE TYPE_JSON,
                             "{\"teardown\":{}}"),
                     "400 Failed to convert JSON into Call protobuf: Missing "
                     "required fields: teardown.framework_id");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE TYPE_JSON, "{}"),
                     "400 Failed to validate master::Call: Expecting 'type' "
                     "to be present");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE TYPE_JSON,
                             "{\"type\":\"TEARDOWN\"}"),
                     "400 Failed to validate master::Call: Expecting "
                     "'teardown' to be present");
    ck_assert_str_eq(request(&w, "POST", ACCEPT_NONE TYPE_JSON,
                             "{\"type\":\"GET_STATE\"}"),
                     "406 Expecting 'Accept' to allow "
                     "'application/x-protobuf' or 'application/json'");
    ck_assert_str_eq(say(&w, "{\"type\":\"GET_STATE\"}"),
                     "501 This master does not support GET_STATE");
    end(&w);
}
END_TEST

START_TEST(protobuf_that_is_none_is_refused)
{
    static const char *const bad[] = {
        "\x08",                 /* type, and no value */
        "\xff",                 /* half a tag */
        "\x0f",                 /* of a wire type that there is none of */
        "\x08\x25\xaa\x02\x04\x0a\x7f",         /* longer than all there is */
    };
    struct world w;
    open(&w);

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        const char *answer = request(&w, "POST", TYPE_PROTOBUF, bad[i]);

        ck_assert_msg(!strncmp(answer, "400 Failed to parse body into Call "
                               "protobuf", 38), "%zu: '%s'", i, answer);
    }
    end(&w);
}
END_TEST

/* Every type that there is is either there or answered 501, and needs its
 * member first. */
START_TEST(no_type_of_call_breaks_the_master)
{
    const ProtobufCEnumDescriptor *types = &master__call__type__descriptor;
    struct world w;
    open(&w);

    for (unsigned i = 0; i < types->n_values; i++) {
        const char *answer = say(&w, "{\"type\":\"%s\"}",
                                 types->values[i].name);

        ck_assert_msg(!strncmp(answer, "200", 3) || !strncmp(answer, "501", 3)
                      || !strncmp(answer, "400 Failed to validate master::"
                                  "Call: Expecting '", 47),
                      "%s: '%s'", types->values[i].name, answer);
    }
    end(&w);
}
END_TEST

/* --- facts --- */

START_TEST(facts_are_told)
{
    struct world w;
    open(&w);

    EXPECT("200 {\"type\":\"GET_HEALTH\",\"get_health\":{\"healthy\":true}}",
           "{\"type\":\"GET_HEALTH\"}");
    EXPECT("200 {\"type\":\"GET_LOGGING_LEVEL\",\"get_logging_level\":{"
           "\"level\":0}}", "{\"type\":\"GET_LOGGING_LEVEL\"}");
    EXPECT_HAS(say(&w, "{\"type\":\"GET_VERSION\"}"),
               "\"version\":\"1.12.0\"");
    EXPECT_HAS(say(&w, "{\"type\":\"GET_MASTER\"}"), "\"elected_time\":");
    const char *flags = say(&w, "{\"type\":\"GET_FLAGS\"}");
    EXPECT_HAS(flags, "200 {\"type\":\"GET_FLAGS\",\"get_flags\":{\"flags\":["
               "{\"name\":\"");
    EXPECT_HAS(flags, "{\"name\":\"registry\",\"value\":\"in_memory\"}");
    EXPECT_HAS(flags, "{\"name\":\"agent_ping_timeout\",\"value\":"
               "\"15secs\"}");
    EXPECT("400 Failed to validate master::Call: Expecting 'get_metrics' to "
           "be present", "{\"type\":\"GET_METRICS\"}");
    EXPECT_HAS(say(&w, "{\"type\":\"GET_METRICS\",\"get_metrics\":{}}"),
               "{\"name\":\"master/elected\",\"value\":1.0}");
    end(&w);
}
END_TEST

START_TEST(answer_is_coded_as_the_client_wants_it)
{
    struct world w;
    open(&w);

    ck_assert_str_eq(request(&w, "POST", TYPE_JSON
                             "Accept: application/x-protobuf\r\n",
                             "{\"type\":\"GET_HEALTH\"}"),
                     "200 \x08\x01\x12\x02\x08\x01");
    ck_assert_str_eq(request(&w, "POST", TYPE_PROTOBUF
                             "Accept: application/json\r\n", "\x08\x01"),
                     "200 {\"type\":\"GET_HEALTH\",\"get_health\":{"
                     "\"healthy\":true}}");
    end(&w);
}
END_TEST

/* --- frameworks --- */

START_TEST(framework_is_torn_down)
{
    struct world w;
    open_with_task(&w);

    expect_twice(&w, "400 No framework found with specified ID",
                 "{\"type\":\"TEARDOWN\",\"teardown\":{\"framework_id\":{"
                 "\"value\":\"nope\"}}}");
    EXPECT("200", "{\"type\":\"TEARDOWN\",\"teardown\":{\"framework_id\":{"
           "\"value\":\"%s\"}}}", w.s.framework_id);

    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_shutdown_framework), 1);
    ck_assert_double_eq(metric(&w.s, "master/frameworks_active"), 0);
    EXPECT("400 No framework found with specified ID",
           "{\"type\":\"TEARDOWN\",\"teardown\":{\"framework_id\":{"
           "\"value\":\"%s\"}}}", w.s.framework_id);
    end(&w);
}
END_TEST

/* --- agents --- */

START_TEST(agents_have_to_be_known)
{
    struct world w;
    open(&w);

    expect_twice(&w, "400 Unknown agent", "{\"type\":\"DRAIN_AGENT\","
                 "\"drain_agent\":{\"agent_id\":{\"value\":\"x\"}}}");
    expect_twice(&w, "400 Unknown agent", "{\"type\":\"DEACTIVATE_AGENT\","
                 "\"deactivate_agent\":{\"agent_id\":{\"value\":\"x\"}}}");
    expect_twice(&w, "400 Unknown agent", "{\"type\":\"REACTIVATE_AGENT\","
                 "\"reactivate_agent\":{\"agent_id\":{\"value\":\"x\"}}}");
    expect_twice(&w, "404 Agent 'x' not found",
                 "{\"type\":\"MARK_AGENT_GONE\","
                 "\"mark_agent_gone\":{\"agent_id\":{\"value\":\"x\"}}}");
    expect_twice(&w, "400 No agent found with specified ID",
                 "{\"type\":\"RESERVE_RESOURCES\",\"reserve_resources\":{"
                 "\"agent_id\":{\"value\":\"x\"},\"resources\":[]}}");
    end(&w);
}
END_TEST

START_TEST(agent_is_drained_and_drained_again)
{
    struct world w;
    open_with_task(&w);

    ck_assert_str_eq(DRAIN(",\"max_grace_period\":{\"seconds\":5}"), "200");
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_drain_agent), 1);
    const Internal__DrainAgent *order =
        puppet_heard(w.s.agent, &msg_drain_agent, 0);
    ck_assert_int_eq(order->config->max_grace_period->nanoseconds,
                     5 * SECOND);
    ck_assert(is_draining(&w));
    ck_assert_str_eq(REACTIVATE(),
                     "400 Agent is still in the DRAINING state");
    end_task(&w);
    ck_assert(is_drained(&w));

    /* Another time without a reactivation, and one after it. */
    ck_assert_str_eq(DRAIN(""), "200");
    ck_assert(is_drained(&w));
    ck_assert_str_eq(REACTIVATE(), "200");
    ck_assert(!state_has(&w, "\"drain_info\""));
    ck_assert_str_eq(DRAIN(""), "200");
    ck_assert(is_drained(&w));
    ck_assert_str_eq(REACTIVATE(), "200");
    ck_assert_str_eq(REACTIVATE(), "400 Agent is not deactivated");
    end(&w);
}
END_TEST

START_TEST(grace_period_is_no_less_than_nothing)
{
    struct world w;
    open_with_task(&w);

    ck_assert_str_eq(DRAIN(",\"max_grace_period\":{\"seconds\":-1}"),
                     "400 Failed to validate master::Call: Expecting "
                     "'max_grace_period' to be non-negative");
    ck_assert(!is_draining(&w));
    ck_assert_str_eq(DRAIN(",\"max_grace_period\":{\"seconds\":"
                           "9223372036854775807,\"nanos\":999999999}"),
                     "200");
    ck_assert(is_draining(&w));
    end(&w);
}
END_TEST

START_TEST(agent_that_knows_no_draining_is_only_deactivated)
{
    struct world w;
    open(&w);
    register_with(&w, CAN("MULTI_ROLE"));

    ck_assert_str_eq(DRAIN(""), "400 Agent is not capable of draining");
    ck_assert_str_eq(DEACTIVATE(), "200");
    ck_assert(state_has(&w, "\"active\":false,\"deactivated\":true"));
    ck_assert_str_eq(DEACTIVATE(), "200");
    ck_assert_str_eq(REACTIVATE(), "200");
    ck_assert(state_has(&w, "\"active\":true,\"deactivated\":false"));
    end(&w);
}
END_TEST

START_TEST(agent_is_gone_for_good)
{
    struct world w;
    open_with_task(&w);

    ck_assert_str_eq(GONE(), "200");
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_shutdown_agent), 1);
    ck_assert_double_eq(metric(&w.s, "master/slaves_connected"), 0);
    ck_assert_str_eq(GONE(), "200");
    ck_assert_str_eq(DRAIN(""), "400 Unknown agent");
    end(&w);
}
END_TEST

/* --- what is asked for while the world changes --- */

struct outcome {
    int status;
    char text[128];
};

static void
keep_outcome(void *aux, int status, const char *text)
{
    struct outcome *outcome = aux;

    ck_assert_int_eq(outcome->status, 0);
    outcome->status = status;
    snprintf(outcome->text, sizeof outcome->text, "%s", text);
}

START_TEST(agent_that_goes_meanwhile_is_a_conflict)
{
    struct world w;
    struct outcome outcome = { .status = 0 };
    const struct agents_answer answer = { keep_outcome, &outcome };
    open(&w);
    register_with(&w, CAN_ALL);
    struct master *m = master_of(&w.s);

    agents_deactivate(m, w.s.agent_id, &answer);
    agents_forget(m, agents_find(&m->agents, w.s.agent_id));
    http_talk_say(w.talk, "");

    ck_assert_int_eq(outcome.status, 409);
    ck_assert_str_eq(outcome.text, "Agent removed while processing the call");
    ck_assert(!known_agents_is_deactivated(&m->known, w.s.agent_id));
    end(&w);
}
END_TEST

/* Two that come before the registry has answered the first. */
START_TEST(agent_is_gone_once)
{
    struct world w;
    struct outcome first = { .status = 0 }, second = { .status = 0 };
    struct outcome drain = { .status = 0 };
    const struct agents_answer answers[] = {
        { keep_outcome, &first }, { keep_outcome, &second },
        { keep_outcome, &drain },
    };
    V1__DrainConfig config = V1__DRAIN_CONFIG__INIT;
    open(&w);
    register_with(&w, CAN_ALL);
    struct master *m = master_of(&w.s);

    agents_mark_gone(m, w.s.agent_id, &answers[0]);
    agents_mark_gone(m, w.s.agent_id, &answers[1]);
    agents_drain(m, w.s.agent_id, &config, &answers[2]);
    http_talk_say(w.talk, "");

    ck_assert_int_eq(first.status, 200);
    ck_assert_int_eq(second.status, 503);
    ck_assert_ptr_nonnull(strstr(second.text, "because another gone "
                                 "transition is already in progress"));
    ck_assert_int_eq(drain.status, 409);
    ck_assert_str_eq(drain.text, "Agent is currently being marked gone");
    end(&w);
}
END_TEST

START_TEST(master_that_ends_answers_what_waits)
{
    struct world w;
    struct outcome gone = { .status = 0 }, standing = { .status = 0 };
    const struct agents_answer answers[] = {
        { keep_outcome, &gone }, { keep_outcome, &standing },
    };
    open(&w);
    register_with(&w, CAN_ALL);
    struct master *m = master_of(&w.s);

    agents_deactivate(m, w.s.agent_id, &answers[1]);
    agents_mark_gone(m, w.s.agent_id, &answers[0]);
    actor_terminate(w.s.system, &w.s.master);
    actor_system_run(w.s.system);

    ck_assert_ptr_null(find_master(&w.s));
    ck_assert_int_eq(gone.status, 503);
    ck_assert_int_eq(standing.status, 503);
    end(&w);
}
END_TEST

START_TEST(call_is_answered_although_the_registry_is_lost)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);

    actor_terminate(w.s.system, &master_of(&w.s)->registrar);
    ck_assert_str_eq(DEACTIVATE(), "503 Service Unavailable");
    ck_assert_ptr_null(find_master(&w.s));
    end(&w);
}
END_TEST

/* --- resources --- */

#define OPS ",\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"ops\"}]"
#define CPUS(N) "{" SCALAR("cpus", N) OPS "}"
#define DISK(N) "{" SCALAR("disk", N) OPS "}"
#define VOLUME(N) "{" SCALAR("disk", N) OPS ",\"disk\":{\"persistence\":{" \
    "\"id\":\"v\"},\"volume\":{\"mode\":\"RW\",\"container_path\":\"data\"}}}"
#define RESERVE(LIST) say_of_agent(&w, "RESERVE_RESOURCES", \
    "reserve_resources", ",\"resources\":[" LIST "]")
#define UNRESERVE(LIST) say_of_agent(&w, "UNRESERVE_RESOURCES", \
    "unreserve_resources", ",\"resources\":[" LIST "]")
#define CREATE(LIST) say_of_agent(&w, "CREATE_VOLUMES", \
    "create_volumes", ",\"volumes\":[" LIST "]")
#define DESTROY(LIST) say_of_agent(&w, "DESTROY_VOLUMES", \
    "destroy_volumes", ",\"volumes\":[" LIST "]")
#define GROW(MORE) say_of_agent(&w, "GROW_VOLUME", "grow_volume", MORE)
#define SHRINK(MORE) say_of_agent(&w, "SHRINK_VOLUME", "shrink_volume", MORE)
#define EXPECT_START(TEXT, START) \
    ck_assert_msg(!strncmp((TEXT), (START), strlen(START)), "got '%.300s'", \
                  (TEXT))

static const Internal__ApplyOperation *
order(const struct world *w, size_t i)
{
    return puppet_heard(w->s.agent, &msg_apply_operation, i);
}

START_TEST(resources_are_reserved_and_given_back)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);

    ck_assert_str_eq(RESERVE(CPUS("1.5")), "202");
    ck_assert_int_eq((int) order(&w, 0)->operation->type,
                     V1__OFFER__OPERATION__TYPE__RESERVE);
    ck_assert_ptr_null(order(&w, 0)->framework_id);
    ck_assert(state_has(&w, "\"reserved_resources\":{\"ops\":{"));
    ck_assert(state_has(&w, "\"cpus\":1.5"));
    EXPECT_START(RESERVE(CPUS("3")), "409 ");
    ck_assert_str_eq(UNRESERVE(CPUS("1.5")), "202");
    EXPECT_START(UNRESERVE(CPUS("1.5")), "409 ");
    ck_assert(state_has(&w, "\"reserved_resources\":{}"));
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_apply_operation), 2);
    end(&w);
}
END_TEST

START_TEST(what_makes_no_sense_is_not_reserved)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);

    EXPECT_START(RESERVE("{" SCALAR("cpus", "1") "}"),
                 "400 Invalid RESERVE operation on agent ");
    EXPECT_START(RESERVE("{" SCALAR("cpus", "-1") OPS "}"), "400 ");
    EXPECT_START(RESERVE("{" SCALAR("cpus", "1") OPS ",\"allocation_info\":{"
                         "\"role\":\"ops\"}}"), "400 ");
    EXPECT_START(RESERVE(""), "400 ");
    EXPECT_START(UNRESERVE(VOLUME("10")), "400 ");
    EXPECT_START(CREATE(DISK("10")), "400 ");
    EXPECT_START(DESTROY(VOLUME("10")), "400 ");
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_apply_operation), 0);
    end(&w);
}
END_TEST

START_TEST(agent_without_operations_is_refused)
{
    struct world w;
    open(&w);
    register_with(&w, CAN("MULTI_ROLE") "," CAN("HIERARCHICAL_ROLE") ","
                  CAN("RESERVATION_REFINEMENT"));

    EXPECT_START(RESERVE(CPUS("1")), "400 ");
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_apply_operation), 0);
    end(&w);
}
END_TEST

START_TEST(volumes_are_made_resized_and_destroyed)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);

    ck_assert_str_eq(RESERVE(DISK("64")), "202");
    ck_assert_str_eq(CREATE(VOLUME("64")), "202");
    EXPECT_START(CREATE(VOLUME("64")), "400 ");
    EXPECT_START(SHRINK(",\"volume\":" VOLUME("64") ",\"subtract\":{"
                        "\"value\":64}"), "400 ");
    ck_assert_str_eq(SHRINK(",\"volume\":" VOLUME("64") ",\"subtract\":{"
                            "\"value\":32}"), "202");
    EXPECT_START(GROW(",\"volume\":" VOLUME("64") ",\"addition\":"
                      DISK("32")), "409 ");
    ck_assert_str_eq(GROW(",\"volume\":" VOLUME("32") ",\"addition\":"
                          DISK("32")), "202");
    ck_assert_str_eq(DESTROY(VOLUME("64")), "202");
    ck_assert_str_eq(UNRESERVE(DISK("64")), "202");
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_apply_operation), 6);
    ck_assert(state_has(&w, "\"reserved_resources\":{}"));
    end(&w);
}
END_TEST

START_TEST(volume_to_be_resized_is_one_of_an_agent)
{
#define WHICH "400 Failed to validate master::Call: Expecting 'agent_id' to " \
    "be present; only agent default resources are supported right now"
    struct world w;
    open(&w);

    EXPECT(WHICH, "{\"type\":\"GROW_VOLUME\",\"grow_volume\":{\"volume\":"
           VOLUME("64") ",\"addition\":" DISK("32") "}}");
    EXPECT(WHICH, "{\"type\":\"SHRINK_VOLUME\",\"shrink_volume\":{\"volume\":"
           VOLUME("64") ",\"subtract\":{\"value\":1}}}");
    end(&w);
}
END_TEST

START_TEST(no_more_offers_are_taken_back_than_it_takes)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);
    ck_assert_str_eq(RESERVE("{" SCALAR("mem", "512") OPS "}"), "202");
    subscribe_first(&w.s, "");
    ck_assert_uint_eq(n_offers(w.s.scheduler), 1);

    /* What is reserved for another role is not offered, and free. */
    ck_assert_str_eq(UNRESERVE("{" SCALAR("mem", "512") OPS "}"), "202");
    ck_assert_uint_eq(n_events(w.s.scheduler,
                               SCHEDULER__EVENT__TYPE__RESCIND), 0);
    ck_assert_str_eq(RESERVE(CPUS("1")), "202");
    ck_assert_uint_eq(n_events(w.s.scheduler,
                               SCHEDULER__EVENT__TYPE__RESCIND), 1);
    end(&w);
}
END_TEST

START_TEST(what_tasks_use_is_not_reserved)
{
    struct world w;
    open_with_task(&w);

    EXPECT_START(RESERVE(CPUS("4")), "409 ");
    ck_assert_str_eq(RESERVE(CPUS("3")), "202");
    end(&w);
}
END_TEST

/* --- draining waits for operations, too --- */

/* The agent tells what became of the 'i'th operation, which nobody but the
 * master acknowledges. */
static void
finish_operation(struct world *w, size_t i)
{
    struct message *m =
        message_create(&internal__update_operation_status__descriptor);
    Internal__UpdateOperationStatus *body = message_root(m);
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    body->agent_id = message_new(m, &v1__agent_id__descriptor);
    body->agent_id->value = message_strdup(m, w->s.agent_id);
    body->operation_uuid =
        message_copy(m, &order(w, i)->operation_uuid->base);
    body->status = message_new(m, &v1__operation_status__descriptor);
    body->status->state = V1__OPERATION_STATE__OPERATION_FINISHED;
    message_encode_json(&body->base, &json);
    puppet_say(w->s.agent, &w->s.master, &msg_update_operation_status, "%s",
               json.data);
    message_unref(m);
    http_talk_say(w->talk, "");
}

START_TEST(agent_with_an_operation_is_not_drained_yet)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);
    ck_assert_str_eq(RESERVE(CPUS("1")), "202");

    ck_assert_str_eq(DRAIN(""), "200");
    ck_assert(is_draining(&w));
    finish_operation(&w, 0);

    ck_assert(is_drained(&w));
    end(&w);
}
END_TEST

START_TEST(nor_is_it_gone)
{
    struct world w;
    open(&w);
    register_with(&w, CAN_ALL);
    ck_assert_str_eq(RESERVE(CPUS("1")), "202");

    ck_assert_str_eq(DRAIN(",\"mark_gone\":true"), "200");
    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_shutdown_agent), 0);
    finish_operation(&w, 0);

    ck_assert_uint_eq(puppet_count(w.s.agent, &msg_shutdown_agent), 1);
    ck_assert(ids_have(&master_of(&w.s)->known.gone, w.s.agent_id));
    end(&w);
}
END_TEST

static Suite *
operator_calls_suite(void)
{
    Suite *suite = suite_create("operator_calls");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(refusals_come_in_order);
    ADD(protobuf_that_is_none_is_refused);
    ADD(no_type_of_call_breaks_the_master);
    ADD(facts_are_told);
    ADD(answer_is_coded_as_the_client_wants_it);
    ADD(framework_is_torn_down);
    ADD(agents_have_to_be_known);
    ADD(agent_is_drained_and_drained_again);
    ADD(grace_period_is_no_less_than_nothing);
    ADD(agent_that_knows_no_draining_is_only_deactivated);
    ADD(agent_is_gone_for_good);
    ADD(agent_that_goes_meanwhile_is_a_conflict);
    ADD(agent_is_gone_once);
    ADD(master_that_ends_answers_what_waits);
    ADD(call_is_answered_although_the_registry_is_lost);
    ADD(resources_are_reserved_and_given_back);
    ADD(what_makes_no_sense_is_not_reserved);
    ADD(agent_without_operations_is_refused);
    ADD(volumes_are_made_resized_and_destroyed);
    ADD(volume_to_be_resized_is_one_of_an_agent);
    ADD(no_more_offers_are_taken_back_than_it_takes);
    ADD(what_tasks_use_is_not_reserved);
    ADD(agent_with_an_operation_is_not_drained_yet);
    ADD(nor_is_it_gone);
#undef ADD
    return suite;
}

TEST_MAIN(operator_calls_suite)
