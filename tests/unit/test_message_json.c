/* SPDX-License-Identifier: Apache-2.0
 *
 * test_message_json.c - messages in JSON: what is accepted and in which words
 * the rest is refused, after the behaviour of Mesos 1.12; and byte for byte
 * what it wrote. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "tests/lib/test.h"

static struct message *
decode(const ProtobufCMessageDescriptor *descriptor, const char *json)
{
    struct message *m = NULL;
    struct error *error =
        message_decode_json(descriptor, json, strlen(json), &m);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    return m;
}

static void
assert_becomes(const ProtobufCMessageDescriptor *descriptor, const char *json,
               const char *expected)
{
    autofini(strbuf) out = STRBUF(LIMIT_MESSAGE_SIZE);
    struct message *m = decode(descriptor, json);

    message_encode_json(message_root(m), &out);
    ck_assert_str_eq(out.data, expected);
    message_unref(m);
}

static void
assert_refused_n(const ProtobufCMessageDescriptor *descriptor,
                 const char *json, size_t len, enum error_code code,
                 const char *text)
{
    struct message *m = NULL;
    struct error *error = message_decode_json(descriptor, json, len, &m);

    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_null(m);
    ck_assert_str_eq(error_text(error), text);
    ck_assert_int_eq(error_code(error), code);
    error_destroy(error);
}

#define ASSERT_REFUSED(DESCRIPTOR, JSON, CODE, TEXT) \
    assert_refused_n(&(DESCRIPTOR), JSON, strlen(JSON), ERROR_##CODE, TEXT)

/* Lines of an event stream of Mesos 1.12.0. */
START_TEST(events_of_mesos_are_written_again_byte_for_byte)
{
    static const char *const events[] = {
        "{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"framework_id\":{\"value\":"
        "\"5957c02e-3d4d-4118-9e3e-626574426d3f-0001\"},"
        "\"heartbeat_interval_seconds\":15.0,\"master_info\":{\"id\":"
        "\"5957c02e-3d4d-4118-9e3e-626574426d3f\",\"ip\":16777343,"
        "\"port\":5050,\"pid\":\"master@127.0.0.1:5050\",\"hostname\":"
        "\"127.0.0.1\",\"version\":\"1.12.0\",\"address\":{\"hostname\":"
        "\"127.0.0.1\",\"ip\":\"127.0.0.1\",\"port\":5050},\"capabilities\":["
        "{\"type\":\"AGENT_UPDATE\"},{\"type\":\"AGENT_DRAINING\"},"
        "{\"type\":\"QUOTA_V2\"}]}}}",
        "{\"type\":\"HEARTBEAT\"}",
        "{\"type\":\"UPDATE\",\"update\":{\"status\":{\"task_id\":{\"value\":"
        "\"zero-cpus\"},\"state\":\"TASK_STARTING\",\"source\":"
        "\"SOURCE_EXECUTOR\",\"agent_id\":{\"value\":\"5957c02e-3d4d-S1\"},"
        "\"executor_id\":{\"value\":\"zero-cpus\"},\"timestamp\":"
        "1795221725.534802,\"uuid\":\"+iy0RzdWRVGUON++/5Y3hQ==\","
        "\"container_status\":{\"container_id\":{\"value\":\"15a45865\"},"
        "\"network_infos\":[{\"ip_addresses\":[{\"protocol\":\"IPv4\","
        "\"ip_address\":\"127.0.0.1\"}]}],\"executor_pid\":22807}}}}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
        assert_becomes(&scheduler__event__descriptor, events[i], events[i]);
    }
}
END_TEST

START_TEST(defaults_are_written_unless_deprecated)
{
    assert_becomes(&v1__framework_info__descriptor,
                   "{\"user\":\"u\",\"name\":\"n\"}",
                   "{\"user\":\"u\",\"name\":\"n\",\"failover_timeout\":0.0,"
                   "\"checkpoint\":false}");
    assert_becomes(&v1__framework_info__descriptor,
                   "{\"user\":\"u\",\"name\":\"n\",\"role\":\"*\"}",
                   "{\"user\":\"u\",\"name\":\"n\",\"failover_timeout\":0.0,"
                   "\"checkpoint\":false,\"role\":\"*\"}");
    assert_becomes(&v1__command_info__descriptor, "{}", "{\"shell\":true}");
}
END_TEST

START_TEST(unknown_members_are_passed_over)
{
    assert_becomes(&v1__task_id__descriptor,
                   "{\"x\":[{\"value\":[1,{\"a\":null}]},true,\"s\",2.5e1],"
                   " \"Value\":1, \"value\" : \"t\", \"valu\":{},"
                   " \"value\\u0000\":3, \"\":4}",
                   "{\"value\":\"t\"}");
}
END_TEST

START_TEST(null_leaves_a_field_unset)
{
    assert_becomes(&v1__container_id__descriptor,
                   "{\"value\":\"c\",\"parent\":null}",
                   "{\"value\":\"c\"}");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":null}", INVALID,
                   "Missing required fields: value");
}
END_TEST

START_TEST(last_of_two_members_counts)
{
    assert_becomes(&v1__task_id__descriptor,
                   "{\"value\":\"a\",\"value\":\"b\"}", "{\"value\":\"b\"}");
    assert_becomes(&v1__value__ranges__descriptor,
                   "{\"range\":[{\"begin\":1,\"end\":2}],"
                   "\"range\":[{\"begin\":3,\"end\":4}]}",
                   "{\"range\":[{\"begin\":3,\"end\":4}]}");
}
END_TEST

START_TEST(numbers_are_accepted_in_many_forms)
{
    assert_becomes(&v1__value__range__descriptor,
                   "{\"begin\":\"0\",\"end\":18446744073709551615}",
                   "{\"begin\":0,\"end\":18446744073709551615}");
    assert_becomes(&v1__value__range__descriptor,
                   "{\"begin\":1.9,\"end\":1e3}",
                   "{\"begin\":1,\"end\":1000}");
    assert_becomes(&v1__duration_info__descriptor,
                   "{\"nanoseconds\":\"-9223372036854775808\"}",
                   "{\"nanoseconds\":-9223372036854775808}");
    assert_becomes(&v1__value__scalar__descriptor, "{\"value\":15}",
                   "{\"value\":15.0}");
    assert_becomes(&v1__value__scalar__descriptor, "{\"value\":\"0.1\"}",
                   "{\"value\":0.1}");
    assert_becomes(&v1__value__scalar__descriptor,
                   "{\"value\":\"-Infinity\"}", "{\"value\":\"-Infinity\"}");
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused)
{
    ASSERT_REFUSED(v1__duration_info__descriptor,
                   "{\"nanoseconds\":9223372036854775808}", INVALID,
                   "Number 9223372036854775808 does not fit field"
                   " 'nanoseconds'");
    ASSERT_REFUSED(v1__value__range__descriptor,
                   "{\"begin\":-1,\"end\":1}", INVALID,
                   "Number -1 does not fit field 'begin'");
    ASSERT_REFUSED(v1__value__range__descriptor,
                   "{\"begin\":1e20,\"end\":1}", INVALID,
                   "Number 1e20 does not fit field 'begin'");
    ASSERT_REFUSED(v1__value__range__descriptor,
                   "{\"begin\":\"x\",\"end\":1}", INVALID,
                   "Failed to parse 'x' as a JSON number for field 'begin':"
                   " not a number");
    ASSERT_REFUSED(v1__value__range__descriptor,
                   "{\"begin\":\"\",\"end\":1}", INVALID,
                   "Failed to parse '' as a JSON number for field 'begin':"
                   " not a number");
}
END_TEST

START_TEST(one_value_counts_as_an_array_of_one)
{
    assert_becomes(&v1__labels__descriptor,
                   "{\"labels\":{\"key\":\"a\"}}",
                   "{\"labels\":[{\"key\":\"a\"}]}");
    assert_becomes(&v1__value__set__descriptor, "{\"item\":\"a\"}",
                   "{\"item\":[\"a\"]}");
    assert_becomes(&v1__value__set__descriptor,
                   "{\"item\":[\"a\",null,\"b\"]}",
                   "{\"item\":[\"a\",\"b\"]}");
    assert_becomes(&v1__value__set__descriptor, "{\"item\":[]}", "{}");
}
END_TEST

START_TEST(unknown_enum_names_are_dropped_unless_required)
{
    assert_becomes(&scheduler__call__descriptor, "{\"type\":\"NEW\"}", "{}");
    assert_becomes(&v1__framework_info__capability__descriptor,
                   "{\"type\":\"MULTI_ROLE\"}", "{\"type\":\"MULTI_ROLE\"}");
    ASSERT_REFUSED(v1__task_status__descriptor,
                   "{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_NEW\"}",
                   INVALID, "Failed to find enum for 'TASK_NEW'");
    ASSERT_REFUSED(scheduler__call__descriptor, "{\"type\":1}", INVALID,
                   "Not expecting a JSON number for field 'type'");
}
END_TEST

START_TEST(booleans_may_be_strings)
{
    assert_becomes(&v1__command_info__descriptor, "{\"shell\":\"false\"}",
                   "{\"shell\":false}");
    ASSERT_REFUSED(v1__command_info__descriptor, "{\"shell\":\"no\"}",
                   INVALID,
                   "Failed to parse 'no' as a JSON boolean for field 'shell':"
                   " not a boolean");
    ASSERT_REFUSED(v1__command_info__descriptor, "{\"shell\":1}", INVALID,
                   "Not expecting a JSON number for field 'shell'");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":true}", INVALID,
                   "Not expecting a JSON boolean for field 'value'");
}
END_TEST

START_TEST(bytes_are_base64)
{
    assert_becomes(&v1__secret__value__descriptor,
                   "{\"data\":\"aGVs bG8\\n=\"}", "{\"data\":\"aGVsbG8=\"}");
    assert_becomes(&v1__secret__value__descriptor, "{\"data\":\"aGVsbG8\"}",
                   "{\"data\":\"aGVsbG8=\"}");
    assert_becomes(&v1__secret__value__descriptor, "{\"data\":\"\"}",
                   "{\"data\":\"\"}");
    assert_becomes(&v1__secret__value__descriptor, "{\"data\":\"/+8A\"}",
                   "{\"data\":\"/+8A\"}");
    ASSERT_REFUSED(v1__secret__value__descriptor, "{\"data\":\"_-8A\"}",
                   INVALID,
                   "Failed to base64 decode bytes field 'data': character"
                   " outside of the alphabet");
    ASSERT_REFUSED(v1__secret__value__descriptor, "{\"data\":\"aGVsb\"}",
                   INVALID,
                   "Failed to base64 decode bytes field 'data': cut off");
    ASSERT_REFUSED(v1__secret__value__descriptor, "{\"data\":\"aG==Vs\"}",
                   INVALID,
                   "Failed to base64 decode bytes field 'data': padding"
                   " within the text");
}
END_TEST

START_TEST(maps_are_objects)
{
    static const char json[] =
        "{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},\"agent_id\":"
        "{\"value\":\"S\"},\"limits\":{\"cpus\":{\"value\":1.5},\"mem\":"
        "{\"value\":32.0}}}";

    assert_becomes(&v1__task_info__descriptor, json, json);
    ASSERT_REFUSED(v1__task_info__descriptor,
                   "{\"name\":\"t\",\"limits\":[]}", INVALID,
                   "Not expecting a JSON array for field 'limits'");
    ASSERT_REFUSED(v1__task_info__descriptor,
                   "{\"name\":\"t\",\"task_id\":{\"value\":\"t\"},"
                   "\"agent_id\":{\"value\":\"S\"},"
                   "\"limits\":{\"cpus\":{}}}",
                   INVALID,
                   "Missing required fields: limits[0].value.value");
}
END_TEST

START_TEST(values_of_the_wrong_kind_are_refused)
{
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":1}", INVALID,
                   "Not expecting a JSON number for field 'value'");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":{}}", INVALID,
                   "Not expecting a JSON object for field 'value'");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":[]}", INVALID,
                   "Not expecting a JSON array for field 'value'");
    ASSERT_REFUSED(v1__container_id__descriptor,
                   "{\"value\":\"c\",\"parent\":\"p\"}", INVALID,
                   "Not expecting a JSON string for field 'parent'");
    ASSERT_REFUSED(v1__value__set__descriptor, "{\"item\":[[\"a\"]]}",
                   INVALID, "Not expecting a JSON array for field 'item'");
    ASSERT_REFUSED(v1__task_id__descriptor, "[]", INVALID,
                   "Expecting a JSON object");
    ASSERT_REFUSED(v1__task_id__descriptor, "\"x\"", INVALID,
                   "Expecting a JSON object");
    ASSERT_REFUSED(v1__task_id__descriptor, "null", INVALID,
                   "Expecting a JSON object");
    ASSERT_REFUSED(v1__task_id__descriptor, "7", INVALID,
                   "Expecting a JSON object");
}
END_TEST

START_TEST(missing_fields_are_all_told)
{
    ASSERT_REFUSED(scheduler__call__descriptor,
                   "{\"type\":\"SUBSCRIBE\",\"subscribe\":"
                   "{\"framework_info\":{\"user\":\"u\"}}}",
                   INVALID,
                   "Missing required fields: subscribe.framework_info.name");
    ASSERT_REFUSED(v1__task_info__descriptor,
                   "{\"resources\":[{\"name\":\"cpus\"},{\"scalar\":{}}],"
                   "\"task_id\":{}}",
                   INVALID,
                   "Missing required fields: name, agent_id,"
                   " resources[0].type, resources[1].name,"
                   " resources[1].type, resources[1].scalar.value,"
                   " task_id.value");
}
END_TEST

START_TEST(endless_list_of_missing_fields_is_cut)
{
    autofini(strbuf) json = STRBUF(1 << 20);
    struct message *m = NULL;

    strbuf_append(&json, "{\"resources\":[{}");
    for (unsigned i = 0; i < 10000; i++) {
        strbuf_append(&json, ",{}");
    }
    strbuf_append(&json, "]}");

    struct error *error = message_decode_json(&v1__task_info__descriptor,
                                              json.data, json.len, &m);

    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_INVALID);
    ck_assert_uint_lt(strlen(error_text(error)), 4096);
    error_destroy(error);
}
END_TEST

START_TEST(text_that_is_not_json_is_refused)
{
    ASSERT_REFUSED(v1__task_id__descriptor, "", PARSE,
                   "syntax error at line 1 near: ");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":\"x\"", PARSE,
                   "syntax error at line 1 near: ");
    struct message *m = NULL;
    static const char *const texts[] = {
        "{value:1}", "{\"value\":\"x\",}", "{\"value\" \"x\"}",
        "{\"value\":\"x\n\"}", "{\"value\":\"\xff\"}", "{\"x\":01}",
        "{\"value\":'x'}", "{\"value\":nul}", "{\"value\":\"\\x\"}", "}",
        "{\"a\":1]", "/**/{}",
    };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct error *error =
            message_decode_json(&v1__task_id__descriptor, texts[i],
                                strlen(texts[i]), &m);

        ck_assert_msg(error && error_code(error) == ERROR_PARSE, "%s: %s",
                      texts[i], error ? error_text(error) : "accepted");
        error_destroy(error);
    }
}
END_TEST

START_TEST(only_blanks_may_follow)
{
    assert_becomes(&v1__task_id__descriptor, " {\"value\":\"x\"} \n\t ",
                   "{\"value\":\"x\"}");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":\"x\"}{}", PARSE,
                   "Parsed JSON included non-whitespace trailing characters:"
                   " {}");
}
END_TEST

START_TEST(line_of_a_syntax_error_is_told)
{
    ASSERT_REFUSED(v1__task_id__descriptor, "{\n\n\"value\": x}\n", PARSE,
                   "syntax error at line 3 near: x}");
}
END_TEST

START_TEST(escapes_are_undone_and_done)
{
    assert_becomes(&v1__task_id__descriptor,
                   "{\"value\":\"\\u00e9\\ud83d\\udc0b\\/\\\"\\\\\\n"
                   "\\u0001\"}",
                   "{\"value\":\"\xc3\xa9\xf0\x9f\x90\x8b/\\\"\\\\\\n"
                   "\\u0001\"}");
    ASSERT_REFUSED(v1__task_id__descriptor, "{\"value\":\"a\\u0000b\"}",
                   INVALID, "String with a NUL in it for field 'value'");
}
END_TEST

/* yajl keeps a string with escapes in a buffer that grows. */
static void
append_long_string(struct strbuf *json, unsigned n)
{
    strbuf_append(json, "{\"value\":\"");
    for (unsigned i = 0; i < n; i++) {
        strbuf_append(json, "\\u00e9");
    }
    strbuf_append(json, "\"}");
}

START_TEST(long_strings_are_read)
{
    autofini(strbuf) json = STRBUF(1 << 20);
    struct message *m;

    append_long_string(&json, 100000);
    m = decode(&v1__task_id__descriptor, json.data);

    V1__TaskID *id = message_root(m);
    ck_assert_uint_eq(strlen(id->value), 200000);
    ck_assert_mem_eq(id->value + 199998, "\xc3\xa9", 2);
    message_unref(m);
}
END_TEST

START_TEST(lack_of_memory_within_yajl_is_an_error)
{
    autofini(strbuf) json = STRBUF(1 << 20);
    struct error *error;
    struct message *m = NULL;
    long n = 0;

    append_long_string(&json, 10000);
    do {
        alloc_fail_after(n++);
        error = message_decode_json(&v1__task_id__descriptor, json.data,
                                    json.len, &m);
        alloc_fail_after(-1);
        ck_assert(!error || error_code(error) == ERROR_NO_MEMORY);
        error_destroy(error);
    } while (!m);

    ck_assert_int_gt(n, 5);
    message_unref(m);
}
END_TEST

START_TEST(too_many_elements_are_refused)
{
    autofini(strbuf) json = STRBUF(LIMIT_MESSAGE_SIZE);

    strbuf_append(&json, "{\"item\":[\"\"");
    for (size_t i = 0; i < LIMIT_MESSAGE_COUNT; i++) {
        strbuf_append(&json, ",\"\"");
    }
    strbuf_append(&json, "]}");

    assert_refused_n(&v1__value__set__descriptor, json.data, json.len,
                     ERROR_TOO_LARGE, "too many elements in field 'item'");
}
END_TEST

START_TEST(large_text_is_refused)
{
    assert_refused_n(&v1__task_id__descriptor, "{}", LIMIT_MESSAGE_SIZE + 1,
                     ERROR_TOO_LARGE, "message of 67108865 bytes");
}
END_TEST

/* 'n' containers one in another, all but the first unknown. */
static void
nest(struct strbuf *json, const char *open, const char *close, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        strbuf_append(json, open);
    }
    for (unsigned i = 0; i < n; i++) {
        strbuf_append(json, close);
    }
}

static struct error *
decode_nested(const ProtobufCMessageDescriptor *descriptor, const char *prefix,
              const char *open, const char *close, const char *suffix,
              unsigned n)
{
    autofini(strbuf) json = STRBUF(1 << 20);
    struct message *m = NULL;

    strbuf_append(&json, prefix);
    nest(&json, open, close, n);
    strbuf_append(&json, suffix);
    struct error *error =
        message_decode_json(descriptor, json.data, json.len, &m);
    message_unref(m);
    return error;
}

static void
assert_too_deep(struct error *error)
{
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(error_code(error), ERROR_TOO_LARGE);
    ck_assert_str_eq(error_text(error), "nested deeper than 32");
    error_destroy(error);
}

START_TEST(deep_nesting_is_refused)
{
    const ProtobufCMessageDescriptor *d = &v1__container_id__descriptor;
    static const char open[] = "{\"value\":\"c\",\"parent\":";

    assert_too_deep(decode_nested(d, "", open, "}", "", 10000));
    assert_too_deep(decode_nested(d, "{\"x\":", "[", "]", "}", 10000));
    assert_too_deep(decode_nested(d, "{\"x\":", "{\"x\":", "}", "}", 10000));
    assert_too_deep(decode_nested(&v1__labels__descriptor, "{\"x\":", "[",
                                  "]", "}", 32));
    ck_assert_ptr_null(decode_nested(&v1__labels__descriptor, "{\"x\":", "[",
                                     "]", "}", 31));
}
END_TEST

static Suite *
message_json_suite(void)
{
    Suite *suite = suite_create("message_json");

    test_add(suite, "events", events_of_mesos_are_written_again_byte_for_byte);
    test_add(suite, "defaults", defaults_are_written_unless_deprecated);
    test_add(suite, "unknown", unknown_members_are_passed_over);
    test_add(suite, "null", null_leaves_a_field_unset);
    test_add(suite, "duplicates", last_of_two_members_counts);
    test_add(suite, "numbers", numbers_are_accepted_in_many_forms);
    test_add(suite, "bad numbers", numbers_that_do_not_fit_are_refused);
    test_add(suite, "one", one_value_counts_as_an_array_of_one);
    test_add(suite, "enums", unknown_enum_names_are_dropped_unless_required);
    test_add(suite, "booleans", booleans_may_be_strings);
    test_add(suite, "bytes", bytes_are_base64);
    test_add(suite, "maps", maps_are_objects);
    test_add(suite, "wrong kind", values_of_the_wrong_kind_are_refused);
    test_add(suite, "missing", missing_fields_are_all_told);
    test_add(suite, "many missing", endless_list_of_missing_fields_is_cut);
    test_add(suite, "syntax", text_that_is_not_json_is_refused);
    test_add(suite, "trailing", only_blanks_may_follow);
    test_add(suite, "line", line_of_a_syntax_error_is_told);
    test_add(suite, "escapes", escapes_are_undone_and_done);
    test_add(suite, "long strings", long_strings_are_read);
    test_add(suite, "no memory", lack_of_memory_within_yajl_is_an_error);
    test_add(suite, "elements", too_many_elements_are_refused);
    test_add(suite, "size", large_text_is_refused);
    test_add(suite, "depth", deep_nesting_is_refused);
    return suite;
}

TEST_MAIN(message_json_suite)
