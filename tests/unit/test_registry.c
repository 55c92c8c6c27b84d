/* SPDX-License-Identifier: Apache-2.0
 *
 * test_registry.c - what a registry takes, what it refuses, and that it is the
 * same when it is read back. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/registrar/parts.h"
#include "master/registrar/registry.h"
#include "tests/lib/test.h"

static struct message *
parse_change(const char *json)
{
    struct message *change = NULL;
    struct error *error =
        message_decode_json(&internal__registry_change__descriptor, json,
                            strlen(json), &change);

    ck_assert_msg(!error, "%s: %s", json, error ? error_text(error) : "");
    return change;
}

/* "" if it was made, "-" if it was made and changes nothing; else why not. */
static const char *
apply(struct registry *r, const char *fmt, ...)
{
    static char text[256];
    char json[2048];
    struct registry_effect effect;
    va_list args;

    va_start(args, fmt);
    vsnprintf(json, sizeof json, fmt, args);
    va_end(args);
    autodestroy(message) *change = parse_change(json);
    struct error *error = registry_apply(r, message_root(change), &effect);

    snprintf(text, sizeof text, "%s", error ? error_text(error)
             : effect.has_changed ? "" : "-");
    ck_assert(!error || !effect.has_changed);
    error_destroy(error);
    return text;
}

#define INFO(ID) \
    "{\"info\":{\"hostname\":\"node\",\"id\":{\"value\":\"" ID "\"}}}"
#define ID(ID) "{\"agent_id\":{\"value\":\"" ID "\"}}"
#define AT(ID) \
    "{\"agent_id\":{\"value\":\"" ID "\"},\"timestamp\":{\"nanoseconds\":7}}"
#define DRAIN(ID) \
    "{\"agent_id\":{\"value\":\"" ID "\"},\"config\":{\"mark_gone\":true}}"

#define expect(RESULT, R, ...) ck_assert_str_eq(apply(R, __VA_ARGS__), RESULT)

/* The registry as a message; its JSON has to have 'part' in it, or not. */
static void
check_json(struct registry *r, bool wanted, const char *part)
{
    struct message *message = NULL;
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    ck_assert_ptr_null(registry_to_message(r, &message));
    message_encode_json(message_root(message), &json);
    message_unref(message);
    ck_assert_msg((strstr(json.data, part) != NULL) == wanted, "%s in %s",
                  part, json.data);
}

/* --- agents --- */

START_TEST(agent_is_admitted_once)
{
    struct registry *r = registry_create();

    expect("", r, "{\"admit_agent\":" INFO("a") "}");

    expect("Agent already admitted", r, "{\"admit_agent\":" INFO("a") "}");
    check_json(r, true, "\"slaves\":{\"slaves\":[{\"info\":{\"hostname\":"
               "\"node\"");
    expect("SlaveInfo is missing the 'id' field", r,
           "{\"admit_agent\":{\"info\":{\"hostname\":\"h\"}}}");
    registry_destroy(r);
}
END_TEST

START_TEST(agent_is_updated_if_it_says_something_new)
{
    struct registry *r = registry_create();

    expect("Agent not yet admitted.", r, "{\"update_agent\":" INFO("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("a") "}");
    expect("", r, "{\"deactivate_agent\":" ID("a") "}");
    expect("-", r, "{\"update_agent\":" INFO("a") "}");

    expect("", r, "{\"update_agent\":{\"info\":{\"hostname\":\"other\","
           "\"id\":{\"value\":\"a\"}}}}");

    check_json(r, true, "\"hostname\":\"other\"");
    check_json(r, false, "\"hostname\":\"node\"");
    check_json(r, true, "\"deactivated\":true");
    registry_destroy(r);
}
END_TEST

START_TEST(agent_out_of_reach_comes_back_as_it_was)
{
    struct registry *r = registry_create();

    expect("Agent not yet admitted", r,
           "{\"mark_agent_unreachable\":" AT("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("a") "}");
    expect("", r, "{\"drain_agent\":" DRAIN("a") "}");
    expect("", r, "{\"mark_agent_unreachable\":" AT("a") "}");
    expect("Agent not yet admitted", r,
           "{\"mark_agent_unreachable\":" AT("a") "}");
    expect("Agent already admitted", r, "{\"admit_agent\":" INFO("a") "}");
    check_json(r, true, "\"unreachable\":{\"slaves\":[{\"id\":{\"value\":"
               "\"a\"},\"timestamp\":{\"nanoseconds\":7},\"drain_info\":{"
               "\"state\":\"DRAINING\",\"config\":{\"mark_gone\":true}},"
               "\"deactivated\":true}]}");

    expect("", r, "{\"mark_agent_reachable\":" INFO("a") "}");

    expect("-", r, "{\"mark_agent_reachable\":" INFO("a") "}");
    check_json(r, true, "\"unreachable\":{}");
    check_json(r, true, "\"drain_info\":{\"state\":\"DRAINING\"");
    check_json(r, true, "\"deactivated\":true");
    registry_destroy(r);
}
END_TEST

START_TEST(unknown_agent_is_let_in_when_it_is_back)
{
    struct registry *r = registry_create();
    autodestroy(message) *change =
        parse_change("{\"mark_agent_reachable\":" INFO("a") "}");
    struct registry_effect effect;

    ck_assert_ptr_null(registry_apply(r, message_root(change), &effect));

    ck_assert(effect.has_changed && effect.was_unknown);
    ck_assert_ptr_null(registry_apply(r, message_root(change), &effect));
    ck_assert(!effect.has_changed && !effect.was_unknown);
    registry_destroy(r);
}
END_TEST

START_TEST(agent_that_is_removed_is_forgotten)
{
    struct registry *r = registry_create();
    uint64_t empty = registry_size(r);

    expect("Agent not yet admitted", r, "{\"remove_agent\":" ID("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("a") "}");
    expect("", r, "{\"drain_agent\":" DRAIN("a") "}");
    check_json(r, true, "AGENT_DRAINING");
    expect("", r, "{\"remove_agent\":" ID("a") "}");

    ck_assert_uint_eq(registry_size(r), empty);
    registry_destroy(r);
}
END_TEST

START_TEST(agent_is_gone_wherever_it_was)
{
    struct registry *r = registry_create();

    expect("Failed to find agent a", r, "{\"mark_agent_gone\":" AT("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("b") "}");
    expect("", r, "{\"mark_agent_unreachable\":" AT("b") "}");

    expect("", r, "{\"mark_agent_gone\":" AT("a") "}");
    expect("", r, "{\"mark_agent_gone\":" AT("b") "}");

    expect("Agent a already marked as gone", r,
           "{\"mark_agent_gone\":" AT("a") "}");
    expect("Agent a already marked as gone", r,
           "{\"mark_agent_reachable\":" INFO("a") "}");
    expect("Agent not yet admitted", r, "{\"remove_agent\":" ID("a") "}");
    check_json(r, true, "\"slaves\":{},\"machines\":{},\"unreachable\":{},"
               "\"gone\":{\"slaves\":[{\"id\":{\"value\":\"a\"}");
    registry_destroy(r);
}
END_TEST

/* Mesos takes the neighbours of all but the first with it. */
START_TEST(pruning_takes_what_it_is_told_to_and_nothing_else)
{
    struct registry *r = registry_create();

    for (char id = 'a'; id <= 'f'; id++) {
        expect("", r, "{\"admit_agent\":{\"info\":{\"hostname\":\"h\","
               "\"id\":{\"value\":\"%c\"}}}}", id);
        expect("", r, "{\"mark_agent_unreachable\":{\"agent_id\":{\"value\":"
               "\"%c\"},\"timestamp\":{\"nanoseconds\":7}}}", id);
    }
    expect("", r, "{\"mark_agent_gone\":" AT("f") "}");

    expect("", r, "{\"prune\":{\"unreachable\":[{\"value\":\"b\"},"
           "{\"value\":\"d\"},{\"value\":\"x\"}],\"gone\":[{\"value\":\"a\"},"
           "{\"value\":\"f\"}]}}");

    check_json(r, true, "\"value\":\"a\"");
    check_json(r, false, "\"value\":\"b\"");
    check_json(r, true, "\"value\":\"c\"");
    check_json(r, false, "\"value\":\"d\"");
    check_json(r, true, "\"value\":\"e\"");
    check_json(r, false, "\"value\":\"f\"");
    expect("-", r, "{\"prune\":{\"gone\":[{\"value\":\"a\"}]}}");
    registry_destroy(r);
}
END_TEST

/* --- draining --- */

START_TEST(drain_goes_from_draining_to_drained_and_ends)
{
    struct registry *r = registry_create();

    expect("-", r, "{\"drain_agent\":" DRAIN("a") "}");
    expect("-", r, "{\"mark_agent_drained\":" ID("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("a") "}");
    expect("Agent a is not DRAINING", r,
           "{\"mark_agent_drained\":" ID("a") "}");
    check_json(r, false, "minimum_capabilities");

    expect("", r, "{\"drain_agent\":" DRAIN("a") "}");
    check_json(r, true, "\"minimum_capabilities\":[{\"capability\":"
               "\"AGENT_DRAINING\"}]");
    expect("", r, "{\"mark_agent_drained\":" ID("a") "}");
    check_json(r, true, "\"drain_info\":{\"state\":\"DRAINED\",\"config\":{"
               "\"mark_gone\":true}},\"deactivated\":true");
    expect("Agent a is not DRAINING", r,
           "{\"mark_agent_drained\":" ID("a") "}");
    expect("", r, "{\"reactivate_agent\":" ID("a") "}");

    check_json(r, false, "drain_info");
    check_json(r, false, "minimum_capabilities");
    registry_destroy(r);
}
END_TEST

START_TEST(draining_is_demanded_as_long_as_anybody_is_deactivated)
{
    struct registry *r = registry_create();

    expect("", r, "{\"admit_agent\":" INFO("a") "}");
    expect("", r, "{\"admit_agent\":" INFO("b") "}");
    expect("", r, "{\"admit_agent\":" INFO("c") "}");
    expect("", r, "{\"deactivate_agent\":" ID("a") "}");
    expect("", r, "{\"deactivate_agent\":" ID("b") "}");
    expect("-", r, "{\"deactivate_agent\":" ID("b") "}");
    expect("", r, "{\"mark_agent_unreachable\":" AT("b") "}");
    expect("", r, "{\"reactivate_agent\":" ID("a") "}");
    check_json(r, true, "AGENT_DRAINING");
    expect("", r, "{\"deactivate_agent\":" ID("c") "}");
    expect("", r, "{\"prune\":{\"unreachable\":[{\"value\":\"b\"}]}}");
    check_json(r, true, "AGENT_DRAINING");
    expect("", r, "{\"mark_agent_gone\":" AT("c") "}");

    check_json(r, false, "AGENT_DRAINING");
    registry_destroy(r);
}
END_TEST

/* --- maintenance --- */

#define WINDOW(MACHINES) \
    "{\"machine_ids\":[" MACHINES "],\"unavailability\":{\"start\":{" \
    "\"nanoseconds\":1}}}"
#define SCHEDULE(WINDOWS) \
    "{\"update_schedule\":{\"schedule\":{\"windows\":[" WINDOWS "]}}}"

START_TEST(schedule_says_which_machines_there_are)
{
    struct registry *r = registry_create();

    expect("", r, SCHEDULE(WINDOW("{\"hostname\":\"A\"},{\"ip\":"
                                  "\"10.0.0.1\"}")));
    check_json(r, true, "\"machines\":{\"machines\":[{\"info\":{\"id\":{"
               "\"hostname\":\"A\"},\"mode\":\"DRAINING\"");
    expect("", r, "{\"start_maintenance\":{\"ids\":[{\"hostname\":\"a\"}]}}");
    check_json(r, true, "\"mode\":\"DOWN\"");
    expect("-", r, "{\"start_maintenance\":{\"ids\":[{\"hostname\":\"a\"},"
           "{\"hostname\":\"unknown\"}]}}");
    expect("", r, SCHEDULE(WINDOW("{\"hostname\":\"a\"}")));
    check_json(r, true, "\"mode\":\"DOWN\"");
    check_json(r, false, "10.0.0.1");
    expect("", r, "{\"stop_maintenance\":{\"ids\":[{\"hostname\":\"a\"}]}}");

    check_json(r, true, "\"machines\":{}");
    check_json(r, false, "schedules");
    registry_destroy(r);
}
END_TEST

START_TEST(machine_that_is_up_again_leaves_its_windows)
{
    struct registry *r = registry_create();

    expect("", r, SCHEDULE(WINDOW("{\"hostname\":\"a\"},{\"hostname\":\"b\"}")
                           "," WINDOW("{\"hostname\":\"c\"}")));
    expect("", r, "{\"stop_maintenance\":{\"ids\":[{\"hostname\":\"c\"},"
           "{\"hostname\":\"a\"}]}}");

    check_json(r, true, "\"schedules\":[{\"windows\":[{\"machine_ids\":[{"
               "\"hostname\":\"b\"}],\"unavailability\":{\"start\":{"
               "\"nanoseconds\":1}}}]}]");
    registry_destroy(r);
}
END_TEST

/* --- quotas and weights --- */

START_TEST(quota_is_kept_until_it_says_nothing)
{
    struct registry *r = registry_create();

    expect("", r, "{\"update_quota\":{\"configs\":[{\"role\":\"dev\","
           "\"limits\":{\"cpus\":{\"value\":4}}}]}}");
    check_json(r, true, "\"minimum_capabilities\":[{\"capability\":"
               "\"QUOTA_V2\"}],\"quota_configs\":[{\"role\":\"dev\","
               "\"limits\":{\"cpus\":{\"value\":4.0}}}]");
    expect("-", r, "{\"update_quota\":{\"configs\":[{\"role\":\"other\"}]}}");
    expect("", r, "{\"update_quota\":{\"configs\":[{\"role\":\"dev\"}]}}");

    check_json(r, false, "quota_configs");
    check_json(r, false, "minimum_capabilities");
    registry_destroy(r);
}
END_TEST

START_TEST(quota_that_makes_no_sense_is_refused_as_a_whole)
{
    struct registry *r = registry_create();
    static const char *const bad[] = {
        "{\"role\":\"a//b\",\"limits\":{\"cpus\":{\"value\":1}}}",
        "{\"role\":\"dev\",\"limits\":{\"cpus\":{\"value\":-1}}}",
        ("{\"role\":\"dev\",\"limits\":{\"cpus\":{\"value\":1}},"
         "\"guarantees\":{\"cpus\":{\"value\":2}}}"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        expect("Invalid quota config", r,
               "{\"update_quota\":{\"configs\":[{\"role\":\"good\","
               "\"limits\":{\"cpus\":{\"value\":1}}},%s]}}", bad[i]);
    }

    check_json(r, false, "quota_configs");
    registry_destroy(r);
}
END_TEST

START_TEST(quota_of_nothing_is_none)
{
    struct registry *r = registry_create();

    expect("", r, "{\"update_quota\":{\"configs\":[{\"role\":\"*\","
           "\"limits\":{\"cpus\":{\"value\":0}}}]}}");
    check_json(r, true, "quota_configs");
    expect("", r, "{\"update_quota\":{\"configs\":[{\"role\":\"*\","
           "\"guarantees\":{\"cpus\":{\"value\":0}}}]}}");
    check_json(r, false, "quota_configs");
    registry_destroy(r);
}
END_TEST

START_TEST(weight_is_kept_for_its_role)
{
    struct registry *r = registry_create();

    expect("", r, "{\"update_weights\":{\"infos\":[{\"role\":\"a\","
           "\"weight\":2},{\"role\":\"b\",\"weight\":3}]}}");
    expect("-", r, "{\"update_weights\":{\"infos\":[{\"role\":\"a\","
           "\"weight\":2}]}}");
    expect("", r, "{\"update_weights\":{\"infos\":[{\"role\":\"a\","
           "\"weight\":5}]}}");

    check_json(r, true, "\"weights\":[{\"info\":{\"weight\":5.0,\"role\":"
               "\"a\"}},{\"info\":{\"weight\":3.0,\"role\":\"b\"}}]");
    registry_destroy(r);
}
END_TEST

/* --- all of it --- */

static const char *const story[] = {
    "{\"set_master\":{\"info\":{\"id\":\"m\",\"ip\":1,\"port\":5050}}}",
    "{\"admit_agent\":" INFO("a") "}",
    "{\"admit_agent\":" INFO("b") "}",
    "{\"admit_agent\":" INFO("c") "}",
    "{\"admit_agent\":" INFO("d") "}",
    "{\"drain_agent\":" DRAIN("b") "}",
    "{\"mark_agent_unreachable\":" AT("c") "}",
    "{\"mark_agent_gone\":" AT("d") "}",
    SCHEDULE(WINDOW("{\"hostname\":\"A\"}")),
    "{\"update_weights\":{\"infos\":[{\"role\":\"a\",\"weight\":2}]}}",
    ("{\"update_quota\":{\"configs\":[{\"role\":\"dev\",\"limits\":{"
     "\"cpus\":{\"value\":4},\"mem\":{\"value\":5}}}]}}"),
};

static struct registry *
tell_story(struct strbuf *changes)
{
    struct registry *r = registry_create();

    parts_start(changes);
    for (size_t i = 0; i < ARRAY_SIZE(story); i++) {
        autodestroy(message) *change = parse_change(story[i]);

        expect("", r, "%s", story[i]);
        registry_encode_change(message_root(change), changes);
    }
    return r;
}

static void
assert_same(const struct registry *a, const struct registry *b)
{
    autofini(strbuf) bytes_a = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) bytes_b = STRBUF(STRBUF_UNLIMITED);

    registry_encode(a, &bytes_a);
    registry_encode(b, &bytes_b);
    ck_assert_uint_eq(bytes_a.len, registry_size(a));
    ck_assert_uint_eq(bytes_a.len, bytes_b.len);
    ck_assert(!memcmp(bytes_a.data, bytes_b.data, bytes_a.len));
}

START_TEST(same_changes_give_the_same_bytes)
{
    autofini(strbuf) changes = STRBUF(STRBUF_UNLIMITED);
    struct registry *r = tell_story(&changes);
    struct registry *again = registry_create();

    ck_assert_ptr_null(registry_replay(again, changes.data, changes.len));

    assert_same(r, again);
    registry_destroy(r);
    registry_destroy(again);
}
END_TEST

START_TEST(registry_is_read_back_as_it_was)
{
    autofini(strbuf) changes = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    struct registry *r = tell_story(&changes);
    struct registry *decoded = NULL, *imported = NULL;
    struct message *message = NULL;

    registry_encode(r, &bytes);
    ck_assert_ptr_null(registry_decode(bytes.data, bytes.len, &decoded));
    ck_assert_ptr_null(registry_to_message(r, &message));
    ck_assert_ptr_null(registry_from_message(message_root(message),
                                             &imported));

    assert_same(r, decoded);
    assert_same(r, imported);
    expect("", decoded, "{\"reactivate_agent\":" ID("b") "}");
    check_json(decoded, false, "AGENT_DRAINING");
    message_unref(message);
    registry_destroy(r);
    registry_destroy(decoded);
    registry_destroy(imported);
}
END_TEST

/* --- what does not hold together --- */

START_TEST(bytes_that_are_no_registry_are_refused)
{
    autofini(strbuf) changes = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    struct registry *r = tell_story(&changes);
    struct registry *decoded = NULL;

    registry_encode(r, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        struct error *error = registry_decode(bytes.data, len, &decoded);

        if (!error) {
            registry_destroy(decoded);
        }
        ck_assert(error || len >= PARTS_HEAD_SIZE);
        error_destroy(error);
    }
    registry_destroy(r);
}
END_TEST

static void
assert_error(struct error *error, const char *text)
{
    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), text);
    error_destroy(error);
}

START_TEST(error_says_what_is_wrong_with_a_registry)
{
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    autodestroy(message) *change =
        parse_change("{\"admit_agent\":" INFO("a") "}");
    const Internal__RegistryChange *root = message_root(change);
    Internal__Registry__Slave agent = INTERNAL__REGISTRY__SLAVE__INIT;
    struct registry *r = NULL;

    assert_error(registry_decode("RG\2\2", 4, &r), "the registry has been "
                 "written by a newer version: its form is 2, for readers of "
                 "2 and above, and this one is of 1");
    assert_error(registry_decode("nonsense", 8, &r),
                 "these 8 bytes are no registry");
    assert_error(registry_decode("RG\1\1\2\1\0", 7, &r),
                 "the part at byte 4 is cut short");
    assert_error(registry_decode("RG\2\1\310\1\0\0\0x", 10, &r),
                 "the registry has a part of kind 200, which this version "
                 "does not know");
    parts_start(&bytes);
    agent.info = root->admit_agent->info;
    parts_append_message(&bytes, PART_AGENT, &agent.base);
    parts_append_message(&bytes, PART_AGENT, &agent.base);
    assert_error(registry_decode(bytes.data, bytes.len, &r),
                 "agent 'a' is there twice");
}
END_TEST

START_TEST(change_that_does_not_follow_is_an_error)
{
    autofini(strbuf) changes = STRBUF(STRBUF_UNLIMITED);
    autodestroy(message) *change =
        parse_change("{\"admit_agent\":" INFO("a") "}");
    autodestroy(message) *none = parse_change("{}");
    autodestroy(message) *two =
        parse_change("{\"remove_agent\":" ID("a") ",\"admit_agent\":"
                     INFO("a") "}");
    struct registry *r = registry_create();
    struct registry_effect effect;

    parts_start(&changes);
    registry_encode_change(message_root(change), &changes);
    registry_encode_change(message_root(change), &changes);

    assert_error(registry_replay(r, changes.data, changes.len),
                 "change 1: Agent already admitted");
    assert_error(registry_apply(r, message_root(none), &effect),
                 "a change of a kind that this version does not know");
    assert_error(registry_apply(r, message_root(two), &effect),
                 "a change of several kinds");
    registry_destroy(r);
}
END_TEST

static Suite *
registry_suite(void)
{
    Suite *suite = suite_create("registry");

#define ADD(NAME) test_add(suite, #NAME, NAME)
    ADD(agent_is_admitted_once);
    ADD(agent_is_updated_if_it_says_something_new);
    ADD(agent_out_of_reach_comes_back_as_it_was);
    ADD(unknown_agent_is_let_in_when_it_is_back);
    ADD(agent_that_is_removed_is_forgotten);
    ADD(agent_is_gone_wherever_it_was);
    ADD(pruning_takes_what_it_is_told_to_and_nothing_else);
    ADD(drain_goes_from_draining_to_drained_and_ends);
    ADD(draining_is_demanded_as_long_as_anybody_is_deactivated);
    ADD(schedule_says_which_machines_there_are);
    ADD(machine_that_is_up_again_leaves_its_windows);
    ADD(quota_is_kept_until_it_says_nothing);
    ADD(quota_that_makes_no_sense_is_refused_as_a_whole);
    ADD(quota_of_nothing_is_none);
    ADD(weight_is_kept_for_its_role);
    ADD(same_changes_give_the_same_bytes);
    ADD(registry_is_read_back_as_it_was);
    ADD(bytes_that_are_no_registry_are_refused);
    ADD(error_says_what_is_wrong_with_a_registry);
    ADD(change_that_does_not_follow_is_an_error);
#undef ADD
    return suite;
}

TEST_MAIN(registry_suite)
