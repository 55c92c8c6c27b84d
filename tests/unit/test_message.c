/* SPDX-License-Identifier: Apache-2.0
 *
 * test_message.c - the life of messages, copies, equality, redaction, enums,
 * and what the declarations in proto/ have to keep to. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "codec/walk.h"
#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/message_generator.h"
#include "tests/lib/test.h"

static struct message *
create_task_id(const char *value)
{
    struct message *m = message_create(&v1__task_id__descriptor);
    V1__TaskID *id = message_root(m);

    id->value = message_strdup(m, value);
    return m;
}

START_TEST(new_message_is_empty_and_has_its_defaults)
{
    struct message *m = message_create(&v1__command_info__descriptor);

    V1__CommandInfo *command = message_root(m);
    ck_assert_ptr_eq(message_descriptor(m), &v1__command_info__descriptor);
    ck_assert(command->shell);
    ck_assert(!command->has_shell);
    ck_assert_ptr_null(command->value);
    message_unref(m);
}
END_TEST

START_TEST(message_grows_as_it_is_filled_in)
{
    struct message *m = message_create(&v1__task_id__descriptor);
    char *strings[1000];

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
        uint64_t *zeroed = message_alloc(m, 1 + i % 50);

        ck_assert_uint_eq((uintptr_t) zeroed % 8, 0);
        ck_assert_int_eq(*(char *) zeroed, 0);
        memset(zeroed, 0xff, 1 + i % 50);
        strings[i] = message_printf(m, "string %zu", i);
    }

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
        autofree char *expected = xasprintf("string %zu", i);
        ck_assert_str_eq(strings[i], expected);
    }
    ck_assert_uint_gt(message_memory(m), 40000);
    ck_assert_uint_lt(message_memory(m), 200000);
    message_unref(m);
}
END_TEST

START_TEST(strndup_stops_at_the_length_or_the_nul)
{
    struct message *m = message_create(&v1__task_id__descriptor);

    ck_assert_str_eq(message_strndup(m, "abcdef", 3), "abc");
    ck_assert_str_eq(message_strndup(m, "ab", 10), "ab");
    ck_assert_str_eq(message_strndup(m, "ab", 0), "");
    message_unref(m);
}
END_TEST

START_TEST(held_message_lives_as_long_as_its_holder)
{
    struct message *inner = create_task_id("web.7");
    struct message *outer = message_create(&internal__kill_task__descriptor);
    Internal__KillTask *kill = message_root(outer);

    kill->task_id = message_root(inner);
    message_hold(outer, inner);
    message_unref(inner);

    ck_assert_str_eq(kill->task_id->value, "web.7");
    message_unref(message_ref(outer));
    ck_assert_str_eq(kill->task_id->value, "web.7");
    message_unref(outer);
}
END_TEST

START_TEST(long_chain_of_holds_does_not_eat_the_stack)
{
    struct message *m = create_task_id("first");

    for (unsigned i = 0; i < 300000; i++) {
        struct message *next = message_create(&v1__task_id__descriptor);

        message_hold(next, m);
        message_unref(m);
        m = next;
    }

    message_unref(m);
}
END_TEST

START_TEST(messages_differ_where_a_field_differs)
{
    struct message *a = create_task_id("a");
    struct message *b = create_task_id("b");
    struct message *same = create_task_id("a");
    struct message *other = message_create(&v1__agent_id__descriptor);

    ck_assert(message_equal(message_root(a), message_root(same)));
    ck_assert(!message_equal(message_root(a), message_root(b)));
    ck_assert(!message_equal(message_root(a), message_root(other)));
    message_unref(a);
    message_unref(b);
    message_unref(same);
    message_unref(other);
}
END_TEST

START_TEST(default_that_is_set_differs_from_none)
{
    struct message *a = message_create(&v1__command_info__descriptor);
    struct message *b = message_create(&v1__command_info__descriptor);
    V1__CommandInfo *command = message_root(b);

    ck_assert(message_equal(message_root(a), message_root(b)));
    command->has_shell = 1;

    ck_assert(!message_equal(message_root(a), message_root(b)));
    message_unref(a);
    message_unref(b);
}
END_TEST

static struct message *
create_limits(const char *first, const char *second)
{
    struct message *m = message_create(&v1__task_info__descriptor);
    V1__TaskInfo *task = message_root(m);
    const char *const keys[] = { first, second };

    task->n_limits = 2;
    task->limits = message_array(m, 2, sizeof *task->limits);
    for (size_t i = 0; i < 2; i++) {
        V1__TaskInfo__LimitsEntry *entry =
            message_new(m, &v1__task_info__limits_entry__descriptor);

        entry->key = message_strdup(m, keys[i]);
        entry->value = message_new(m, &v1__value__scalar__descriptor);
        entry->value->value = (double) strlen(keys[i]);
        task->limits[i] = entry;
    }
    return m;
}

START_TEST(order_does_not_matter_in_a_map)
{
    struct message *a = create_limits("cpus", "mem");
    struct message *b = create_limits("mem", "cpus");
    struct message *c = create_limits("mem", "disk");

    ck_assert(message_equal(message_root(a), message_root(b)));
    ck_assert(!message_equal(message_root(a), message_root(c)));
    message_unref(a);
    message_unref(b);
    message_unref(c);
}
END_TEST

START_TEST(order_matters_in_an_array)
{
    struct message *m = message_create(&v1__framework_info__descriptor);
    V1__FrameworkInfo *info = message_root(m);
    char *roles[] = { (char *) "a", (char *) "b" };

    info->user = info->name = (char *) "x";
    info->n_roles = 2;
    info->roles = roles;
    struct message *copy = message_clone(&info->base);
    ck_assert(message_equal(&info->base, message_root(copy)));
    roles[0] = (char *) "b";
    roles[1] = (char *) "a";

    ck_assert(!message_equal(&info->base, message_root(copy)));
    message_unref(copy);
    message_unref(m);
}
END_TEST

START_TEST(unknown_fields_are_copied_and_compared)
{
    static const char bytes[] = "\x82\x01\xa1" "a\x05\x92\x01\x02";
    static const char other[] = "\x82\x01\xa1" "a\x05\x92\x01\x03";
    struct message *a = NULL;
    struct message *b = NULL;

    ck_assert_ptr_null(message_decode_msgpack(
        &v1__task_id__descriptor, bytes, sizeof bytes - 1, &a));
    ck_assert_ptr_null(message_decode_msgpack(
        &v1__task_id__descriptor, other, sizeof other - 1, &b));
    struct message *copy = message_clone(message_root(a));

    ck_assert(!message_equal(message_root(a), message_root(b)));
    ck_assert(message_equal(message_root(a), message_root(copy)));
    message_unref(a);
    message_unref(b);
    message_unref(copy);
}
END_TEST

START_TEST(secrets_do_not_get_into_logs)
{
    static const char json[] =
        "{\"value\":\"run\",\"environment\":{\"variables\":["
        "{\"name\":\"A\",\"value\":\"hunter2\"},"
        "{\"name\":\"B\",\"type\":\"SECRET\",\"secret\":{\"type\":\"VALUE\","
        "\"value\":{\"data\":\"aHVudGVyMg==\"}}}]}}";
    autofini(strbuf) out = STRBUF(4096);
    struct message *m = NULL;
    struct error *error = message_decode_json(
        &v1__command_info__descriptor, json, sizeof json - 1, &m);
    ck_assert_ptr_null(error);

    message_print_redacted(message_root(m), &out, 1000);

    ck_assert_str_eq(
        out.data,
        "{\"environment\":{\"variables\":["
        "{\"name\":\"A\",\"type\":\"VALUE\",\"value\":\"<redacted>\"},"
        "{\"name\":\"B\",\"type\":\"SECRET\",\"secret\":{\"type\":\"VALUE\","
        "\"value\":{\"data\":\"<redacted>\"}}}]},"
        "\"shell\":true,\"value\":\"run\"}");
    message_unref(m);
}
END_TEST

START_TEST(secret_of_a_credential_does_not_get_into_logs)
{
    autofini(strbuf) out = STRBUF(4096);
    V1__Credential credential = V1__CREDENTIAL__INIT;

    credential.principal = (char *) "me";
    credential.secret = (char *) "hunter2";
    message_print_redacted(&credential.base, &out, 1000);

    ck_assert_str_eq(out.data,
                     "{\"principal\":\"me\",\"secret\":\"<redacted>\"}");
}
END_TEST

START_TEST(long_message_is_cut_between_characters)
{
    struct message *m = create_task_id("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc");

    for (size_t max_len = 0; max_len < 20; max_len++) {
        autofini(strbuf) out = STRBUF(4096);

        message_print_redacted(message_root(m), &out, max_len);
        ck_assert_uint_le(out.len, max_len);
        if (max_len == 16) {
            ck_assert_str_eq(out.data, "{\"value\":\"\xc3\xbc...");
        }
    }
    message_unref(m);
}
END_TEST

START_TEST(enum_values_have_their_declared_names)
{
    int value = -1;

    ck_assert_str_eq(message_enum_name(&v1__task_state__descriptor,
                                       V1__TASK_STATE__TASK_RUNNING),
                     "TASK_RUNNING");
    ck_assert_ptr_null(message_enum_name(&v1__task_state__descriptor, 999));
    ck_assert(message_enum_parse(&v1__task_state__descriptor, "TASK_LOST",
                                 &value));
    ck_assert_int_eq(value, V1__TASK_STATE__TASK_LOST);
    ck_assert(!message_enum_parse(&v1__task_state__descriptor, "TASK_NEW",
                                  &value));
    ck_assert_int_eq(value, V1__TASK_STATE__TASK_LOST);
}
END_TEST

/* Descriptors do not say which fields are maps: the shape does.  This list
 * changes with the declarations only. */
START_TEST(maps_are_these)
{
    static const char *const expected[] = {
        "mesos.v1.FrameworkInfo.offer_filters",
        "mesos.v1.OfferFilters.ResourceQuantities.quantities",
        "mesos.v1.Task.limits",
        "mesos.v1.TaskInfo.limits",
        "mesos.v1.Volume.Source.CSIVolume.StaticProvisioning."
        "node_publish_secrets",
        "mesos.v1.Volume.Source.CSIVolume.StaticProvisioning."
        "node_stage_secrets",
        "mesos.v1.Volume.Source.CSIVolume.StaticProvisioning.volume_context",
        "mesos.v1.agent.Call.LaunchContainer.limits",
        "mesos.v1.quota.QuotaConfig.guarantees",
        "mesos.v1.quota.QuotaConfig.limits",
        "mesos.v1.scheduler.OfferConstraints.role_constraints",
    };
    const ProtobufCMessageDescriptor *const *types;
    size_t n_types = message_types(&types);
    bool found[ARRAY_SIZE(expected)] = { false };

    for (size_t i = 0; i < n_types; i++) {
        for (unsigned k = 0; k < types[i]->n_fields; k++) {
            const ProtobufCFieldDescriptor *f = &types[i]->fields[k];
            autofree char *name = xasprintf("%s.%s", types[i]->name, f->name);
            size_t at = 0;

            while (at < ARRAY_SIZE(expected) && strcmp(expected[at], name)) {
                at++;
            }
            ck_assert_msg(message_field_is_map(f)
                              == (at < ARRAY_SIZE(expected)),
                          "%s", name);
            if (at < ARRAY_SIZE(expected)) {
                found[at] = true;
            }
        }
    }
    for (size_t at = 0; at < ARRAY_SIZE(expected); at++) {
        ck_assert_msg(found[at], "%s", expected[at]);
    }
}
END_TEST

START_TEST(no_message_has_more_fields_than_we_keep_track_of)
{
    const ProtobufCMessageDescriptor *const *types;
    size_t n_types = message_types(&types);

    for (size_t i = 0; i < n_types; i++) {
        ck_assert_uint_le(types[i]->n_fields, WALK_MAX_FIELDS);
    }
}
END_TEST

START_TEST(wire_messages_have_names_of_their_own)
{
    ck_assert_uint_gt(proto_n_messages, 20);
    for (size_t i = 0; i < proto_n_messages; i++) {
        ck_assert_ptr_nonnull(proto_messages[i]->descriptor);
        for (size_t k = 0; k < i; k++) {
            ck_assert_str_ne(proto_messages[i]->name,
                             proto_messages[k]->name);
            ck_assert_ptr_ne(proto_messages[i]->descriptor,
                             proto_messages[k]->descriptor);
        }
    }
    ck_assert_str_eq(msg_scheduler_call.name, "scheduler.Call");
    ck_assert_ptr_eq(msg_run_task.descriptor,
                     &internal__run_task__descriptor);
}
END_TEST

static Suite *
message_suite(void)
{
    Suite *suite = suite_create("message");

    test_add(suite, "create", new_message_is_empty_and_has_its_defaults);
    test_add(suite, "grow", message_grows_as_it_is_filled_in);
    test_add(suite, "strndup", strndup_stops_at_the_length_or_the_nul);
    test_add(suite, "hold", held_message_lives_as_long_as_its_holder);
    test_add(suite, "chain", long_chain_of_holds_does_not_eat_the_stack);
    test_add(suite, "equal", messages_differ_where_a_field_differs);
    test_add(suite, "equal default", default_that_is_set_differs_from_none);
    test_add(suite, "equal map", order_does_not_matter_in_a_map);
    test_add(suite, "equal array", order_matters_in_an_array);
    test_add(suite, "unknown fields", unknown_fields_are_copied_and_compared);
    test_add(suite, "secrets", secrets_do_not_get_into_logs);
    test_add(suite, "credential",
             secret_of_a_credential_does_not_get_into_logs);
    test_add(suite, "cut", long_message_is_cut_between_characters);
    test_add(suite, "enums", enum_values_have_their_declared_names);
    test_add(suite, "maps", maps_are_these);
    test_add(suite, "fields",
             no_message_has_more_fields_than_we_keep_track_of);
    test_add(suite, "wire messages", wire_messages_have_names_of_their_own);
    return suite;
}

TEST_MAIN(message_suite)
