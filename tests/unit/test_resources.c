/* SPDX-License-Identifier: Apache-2.0
 *
 * test_resources.c - parsing, arithmetic, messages and text of resources. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

static struct resources
make(const char *text)
{
    struct resources r = { 0 };
    struct error *error = resources_parse(text, "*", &r);

    ck_assert_msg(!error, "%s: %s", text, error ? error_text(error) : "");
    return r;
}

/* Resources of a JSON array, which unlike a command line may have anything. */
static struct error *
decode(const char *json, struct resources *ret)
{
    autofini(strbuf) object = STRBUF(STRBUF_UNLIMITED);
    autodestroy(message) *m = NULL;

    strbuf_printf(&object, "{\"resources\":%s}", json);
    struct error *error = message_decode_json(
        &v1__offer__operation__unreserve__descriptor, object.data, object.len,
        &m);

    ck_assert_msg(!error, "%s", error ? error_text(error) : "");
    V1__Offer__Operation__Unreserve *root = message_root(m);

    return resources_decode(root->resources, root->n_resources, ret);
}

static struct resources
make_json(const char *json)
{
    struct resources r = { 0 };
    struct error *error = decode(json, &r);

    ck_assert_msg(!error, "%s: %s", json, error ? error_text(error) : "");
    return r;
}

static void
assert_text(const struct resources *r, const char *expected)
{
    autofini(strbuf) text = STRBUF(4096);

    resources_format(r, &text);
    ck_assert_str_eq(text.data, expected);
}

static void
assert_parsed(const char *text, const char *expected)
{
    autofini(resources) r = make(text);

    assert_text(&r, expected);
}

static void
assert_unparsable(const char *text, const char *why)
{
    struct resources r = { 0 };
    autoerror *error = resources_parse(text, "*", &r);

    ck_assert_msg(error != NULL, "'%s' was parsed", text);
    ck_assert_msg(strstr(error_text(error), why) != NULL, "%s: %s", text,
                  error_text(error));
}

static void
assert_invalid(const char *json, const char *why)
{
    struct resources r = { 0 };
    autoerror *error = decode(json, &r);

    ck_assert_msg(error != NULL, "'%s' is valid", json);
    ck_assert_msg(strstr(error_text(error), why) != NULL, "%s: %s", json,
                  error_text(error));
}

/* --- parsing --- */

START_TEST(text_with_all_kinds_of_values_is_parsed)
{
    assert_parsed("", "{}");
    assert_parsed("cpus:4;mem:8192", "cpus:4; mem:8192");
    assert_parsed(" cpus : 0.5 ; ; mem:1.25 ", "cpus:0.5; mem:1.25");
    assert_parsed("ports:[31000-32000]", "ports:[31000-32000]");
    assert_parsed("ports:[5-9, 1-2,3-4]", "ports:[1-9]");
    assert_parsed("ports:[1-2,5-9,8-12]", "ports:[1-2, 5-12]");
    assert_parsed("disks:{sdb, sda}", "disks:{sda, sdb}");
    assert_parsed("cpus:2;cpus:3", "cpus:5");
}
END_TEST

START_TEST(numbers_have_three_decimals)
{
    assert_parsed("cpus:0.1234", "cpus:0.123");
    assert_parsed("cpus:0.1235", "cpus:0.124");
    assert_parsed("cpus:.5", "cpus:0.5");
    assert_parsed("mem:1e3", "mem:1000");
    assert_parsed("mem:1E+3", "mem:1000");
    assert_parsed("cpus:0.0005e3", "cpus:0.5");
    assert_parsed("cpus:12.34567e2", "cpus:1234.567");
    assert_parsed("cpus:250e-3", "cpus:0.25");
    assert_parsed("cpus:0.0005", "cpus:0.001");
    assert_parsed("cpus:0.00049999999999999999999", "{}");
    assert_parsed("cpus:1e-99999999999999999999", "{}");
    assert_parsed("cpus:0e99999999999999999999", "{}");
    assert_parsed("mem:1.5E2", "mem:150");
    assert_parsed("cpus:0.0004", "{}");
    assert_parsed("cpus:0", "{}");
}
END_TEST

START_TEST(roles_in_the_text_are_static_reservations)
{
    struct resources r = { 0 };

    assert_parsed("cpus(web):2", "cpus(reservations: [(STATIC,web)]):2");
    assert_parsed("cpus(*):2", "cpus:2");
    assert_parsed("cpus(eng/web):2;cpus:1",
                  "cpus(reservations: [(STATIC,eng/web)]):2; cpus:1");
    ck_assert_ptr_null(resources_parse("cpus:2", "web", &r));
    assert_text(&r, "cpus(reservations: [(STATIC,web)]):2");
    resources_fini(&r);
}
END_TEST

START_TEST(json_is_parsed_as_well)
{
    struct resources r = { 0 };

    assert_parsed(" [{\"name\":\"cpus\",\"type\":\"SCALAR\","
                  "\"scalar\":{\"value\":2.5}},"
                  "{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":"
                  "{\"range\":[{\"begin\":1,\"end\":2}]}}]",
                  "cpus:2.5; ports:[1-2]");
    ck_assert_ptr_null(
        resources_parse("[{\"name\":\"cpus\",\"type\":\"SCALAR\","
                        "\"scalar\":{\"value\":1}},"
                        "{\"name\":\"mem\",\"type\":\"SCALAR\",\"role\":\"a\","
                        "\"scalar\":{\"value\":1}}]",
                        "b", &r));
    assert_text(&r, "cpus(reservations: [(STATIC,b)]):1; "
                    "mem(reservations: [(STATIC,a)]):1");
    resources_fini(&r);
}
END_TEST

START_TEST(malformed_text_is_refused_with_a_reason)
{
    assert_unparsable("cpus", "missing or extra ':' in cpus");
    assert_unparsable("cpus:1:2", "missing or extra ':' in cpus:1:2");
    assert_unparsable(":1", "Empty resource name");
    assert_unparsable("(a):1", "Empty resource name");
    assert_unparsable("cpus:", "non-empty");
    assert_unparsable("cpus:-1", "Bad type");
    assert_unparsable("cpus:nan", "Bad type");
    assert_unparsable("cpus:inf", "Bad type");
    assert_unparsable("cpus:1e30", "Bad type");
    assert_unparsable("cpus:1e99999999999999999999", "Bad type");
    assert_unparsable("cpus:1e", "Bad type");
    assert_unparsable("cpus:1e-", "Bad type");
    assert_unparsable("cpus:e3", "Bad type");
    assert_unparsable("cpus:.e3", "Bad type");
    assert_unparsable("cpus:99999999999999999999", "Bad type");
    assert_unparsable("cpus(a:1", "parentheses");
    assert_unparsable("cpus(a)b:1", "parentheses");
    assert_unparsable("cpus():1", "Role names cannot be the empty string");
    assert_unparsable("cpus(a/../b):1", "cannot have '..'");
    assert_unparsable("ports:[]", "one or more \"ranges\"");
    assert_unparsable("ports:[1]", "non-negative integers");
    assert_unparsable("ports:[1-a]", "non-negative integers");
    assert_unparsable("ports:[2-1]", "begin > end");
    assert_unparsable("p:[1-18446744073709551616]", "non-negative integers");
    assert_unparsable("ports:[1-2", "Bad type");
    assert_unparsable("ports:[[1-2]]", "Bad type");
    assert_unparsable("disks:{a,a}", "duplicated elements");
    assert_unparsable("cpus:1;cpus:[1-2]", "different types");
    assert_unparsable("[{\"name\":\"cpus\"}]", "type");
    assert_unparsable("[", "");
}
END_TEST

#define DISK(REST) \
    "[{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":10}" REST \
    "}]"
#define CPUS(REST) \
    "[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":10}" REST \
    "}]"
#define VOLUME(ID) \
    ",\"disk\":{\"persistence\":{\"id\":\"" ID "\"},\"volume\":{\"mode\":" \
    "\"RW\",\"container_path\":\"data\"}}"
#define DYNAMIC(ROLE) \
    "{\"type\":\"DYNAMIC\",\"role\":\"" ROLE "\",\"principal\":\"p\"}"

START_TEST(command_lines_have_no_volumes_revocables_or_dynamic_reservations)
{
    assert_unparsable(DISK(",\"role\":\"a\"" VOLUME("v")),
                      "Persistent volumes");
    assert_unparsable(CPUS(",\"revocable\":{}"), "Revocable resources");
    assert_unparsable(CPUS(",\"reservations\":[" DYNAMIC("a") "]"),
                      "Dynamic reservations");
}
END_TEST

/* --- messages --- */

START_TEST(invalid_messages_are_refused_with_the_texts_of_mesos)
{
    assert_invalid("[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":"
                   "{\"value\":-1}}]",
                   "Resource 'cpus:-1' is invalid: Invalid scalar resource: "
                   "value <= 0");
    assert_invalid("[{\"name\":\"\",\"type\":\"SCALAR\",\"scalar\":"
                   "{\"value\":1}}]",
                   "Empty resource name");
    assert_invalid("[{\"name\":\"cpus\",\"type\":\"SCALAR\"}]",
                   "Invalid scalar resource");
    assert_invalid("[{\"name\":\"p\",\"type\":\"RANGES\"}]",
                   "Invalid ranges resource");
    assert_invalid("[{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\""
                   ":[{\"begin\":1,\"end\":3},{\"begin\":3,\"end\":4}]}}]",
                   "Invalid ranges resource: overlapping ranges");
    assert_invalid("[{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\""
                   ":[{\"begin\":2,\"end\":1}]}}]",
                   "Invalid ranges resource: begin > end");
    assert_invalid("[{\"name\":\"p\",\"type\":\"SET\",\"set\":{\"item\":"
                   "[\"a\",\"a\"]}}]",
                   "Invalid set resource: duplicated elements");
    assert_invalid("[{\"name\":\"p\",\"type\":\"TEXT\"}]",
                   "Unsupported resource type");
    assert_invalid(CPUS(VOLUME("v")),
                   "DiskInfo should not be set for cpus resource");
    assert_invalid(CPUS(",\"shared\":{}"), "Resource cpus cannot be shared");
    assert_invalid(DISK(",\"shared\":{}"),
                   "Only persistent volumes can be shared");
    assert_invalid(CPUS(",\"reservation\":{\"principal\":\"p\"}"),
                   "cannot be dynamically reserved");
    assert_invalid(CPUS(",\"reservations\":[" DYNAMIC("*") "]"),
                   "cannot be reserved");
    assert_invalid(CPUS(",\"reservations\":[" DYNAMIC("a") "," DYNAMIC("b")
                        "]"),
                   "not a refinement");
    assert_invalid(CPUS(",\"reservations\":[" DYNAMIC("a")
                        ",{\"type\":\"STATIC\",\"role\":\"a/b\"}]"),
                   "cannot be STATIC");
}
END_TEST

START_TEST(more_resources_than_can_be_summed_up_in_time_are_refused)
{
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);

    strbuf_append(&json, "[");
    for (size_t i = 0; i <= RESOURCES_MAX; i++) {
        strbuf_printf(&json, "%s{\"name\":\"r%zu\",\"type\":\"SCALAR\","
                      "\"scalar\":{\"value\":1}}", i ? "," : "", i);
    }
    strbuf_append(&json, "]");
    assert_invalid(json.data, "4097 resources are too many; at most 4096 are "
                              "allowed");
}
END_TEST

START_TEST(older_forms_of_reservations_become_stacks)
{
    autofini(resources) r = make_json(CPUS(",\"role\":\"a\""));
    autofini(resources) d = make_json(
        CPUS(",\"role\":\"a\",\"reservation\":{\"principal\":\"p\"}"));
    autofini(resources) stack =
        make_json(CPUS(",\"reservations\":[" DYNAMIC("a") "]"));

    assert_text(&r, "cpus(reservations: [(STATIC,a)]):10");
    assert_text(&d, "cpus(reservations: [(DYNAMIC,a,p)]):10");
    ck_assert(resources_equal(&d, &stack));
}
END_TEST

START_TEST(messages_come_out_as_they_went_in)
{
    static const char *const all[] = {
        CPUS(""),
        CPUS(",\"allocation_info\":{\"role\":\"a\"}"),
        CPUS(",\"revocable\":{},\"provider_id\":{\"value\":\"x\"}"),
        CPUS(",\"reservations\":[" DYNAMIC("a") "," DYNAMIC("a/b") "]"),
        DISK(",\"reservations\":[" DYNAMIC("a") "]" VOLUME("v")
             ",\"shared\":{}"),
        DISK(",\"disk\":{\"source\":{\"type\":\"MOUNT\",\"mount\":"
             "{\"root\":\"/mnt\"}}}"),
        ("[{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":"
         "[{\"begin\":1,\"end\":2},{\"begin\":5,\"end\":5}]}}]"),
        "[{\"name\":\"s\",\"type\":\"SET\",\"set\":{\"item\":[\"a\",\"b\"]}}]",
        "[]",
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        autofini(resources) r = make_json(all[i]);
        autofini(resources) back = { 0 };
        struct message *m = message_create(&v1__offer__descriptor);
        V1__Resource **array;
        size_t n;

        resources_encode(&r, m, &array, &n);
        ck_assert_ptr_null(resources_decode(array, n, &back));
        ck_assert_msg(resources_equal(&r, &back), "%s", all[i]);
        message_unref(m);
    }
}
END_TEST

START_TEST(resources_print_as_mesos_prints_them)
{
    autofini(resources) volume = make_json(
        DISK(",\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"db\","
             "\"principal\":\"p1\"}]" VOLUME("vol1")));
    autofini(resources) mount = make_json(
        DISK(",\"disk\":{\"source\":{\"type\":\"MOUNT\",\"mount\":"
             "{\"root\":\"/mnt\"}}},\"allocation_info\":{\"role\":\"*\"}"));
    autofini(resources) other = make_json(
        CPUS(",\"revocable\":{},\"allocation_info\":{\"role\":\"a\"}"));

    assert_text(&volume,
                "disk(reservations: [(DYNAMIC,db,p1)])[vol1:data]:10");
    assert_text(&mount, "disk(allocated: *)[MOUNT:/mnt]:10");
    assert_text(&other, "cpus(allocated: a){REV}:10");
}
END_TEST

/* --- arithmetic --- */

START_TEST(entries_that_differ_in_metadata_are_kept_apart)
{
    autofini(resources) r = make("cpus:1;cpus(a):2;cpus(b):3");
    autofini(resources) part = make("cpus(a):2");
    autofini(resources) other = make("cpus(c):1");

    ck_assert_uint_eq(r.n, 3);
    ck_assert_int_eq(resources_cpus(&r), 6000);
    ck_assert(resources_contain(&r, &part));
    ck_assert(!resources_contain(&r, &other));
    resources_subtract(&r, &part);
    assert_text(&r, "cpus:1; cpus(reservations: [(STATIC,b)]):3");
}
END_TEST

START_TEST(sums_of_tenths_are_exact)
{
    autofini(resources) sum = { 0 };
    autofini(resources) tenth = make("cpus:0.1");
    autofini(resources) one = make("cpus:1");

    for (int i = 0; i < 10; i++) {
        resources_add(&sum, &tenth);
    }
    ck_assert(resources_equal(&sum, &one));
}
END_TEST

START_TEST(ranges_and_sets_add_and_subtract)
{
    autofini(resources) r = make("ports:[1-10];s:{a,b,c}");
    autofini(resources) hole = make("ports:[4-5,10-10];s:{b}");
    autofini(resources) outside = make("ports:[9-11]");

    ck_assert(resources_contain(&r, &hole));
    ck_assert(!resources_contain(&r, &outside));
    resources_subtract(&r, &hole);
    assert_text(&r, "ports:[1-3, 6-9]; s:{a, c}");
    ck_assert(!resources_contain(&r, &hole));
    resources_add(&r, &hole);
    assert_text(&r, "ports:[1-10]; s:{a, b, c}");
}
END_TEST

START_TEST(the_greatest_port_has_no_successor)
{
    autofini(resources) r =
        make("p:[18446744073709551615-18446744073709551615,0-3]");
    autofini(resources) end =
        make("p:[18446744073709551615-18446744073709551615]");

    ck_assert(resources_contain(&r, &end));
    resources_subtract(&r, &end);
    assert_text(&r, "p:[0-3]");
}
END_TEST

START_TEST(volumes_neither_merge_nor_split)
{
    autofini(resources) v1 =
        make_json(DISK(",\"role\":\"a\"" VOLUME("v1")));
    autofini(resources) v2 =
        make_json(DISK(",\"role\":\"a\"" VOLUME("v2")));
    autofini(resources) mount = make_json(
        DISK(",\"disk\":{\"source\":{\"type\":\"MOUNT\",\"mount\":"
             "{\"root\":\"/mnt\"}}}"));
    autofini(resources) part = make_json(
        "[{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":5},"
        "\"disk\":{\"source\":{\"type\":\"MOUNT\",\"mount\":"
        "{\"root\":\"/mnt\"}}}}]");
    autofini(resources) sum = { 0 };

    resources_add(&sum, &v1);
    resources_add(&sum, &v1);
    resources_add(&sum, &v2);
    resources_add(&sum, &mount);
    ck_assert_uint_eq(sum.n, 4);
    ck_assert(!resources_contain(&sum, &part));
    ck_assert(resources_contain(&sum, &mount));
    resources_subtract(&sum, &v1);
    ck_assert(resources_contain(&sum, &v1));
    resources_subtract(&sum, &v1);
    ck_assert(!resources_contain(&sum, &v1));
}
END_TEST

START_TEST(where_a_volume_is_mounted_does_not_make_it_another)
{
    autofini(resources) v = make_json(DISK(",\"role\":\"a\"" VOLUME("v1")));
    autofini(resources) elsewhere = make_json(
        DISK(",\"role\":\"a\",\"disk\":{\"persistence\":{\"id\":\"v1\"},"
             "\"volume\":{\"mode\":\"RW\",\"container_path\":\"other\"}}"));

    ck_assert(resources_equal(&v, &elsewhere));
}
END_TEST

START_TEST(shared_volumes_are_counted)
{
    autofini(resources) v =
        make_json(DISK(",\"role\":\"a\",\"shared\":{}" VOLUME("v1")));
    autofini(resources) twice = { 0 };

    resources_add(&twice, &v);
    resources_add(&twice, &v);
    ck_assert_uint_eq(twice.n, 1);
    ck_assert(resources_contain(&twice, &v));
    ck_assert(!resources_contain(&v, &twice));
    resources_subtract(&twice, &v);
    ck_assert(resources_equal(&v, &twice));
    ck_assert_int_eq(resources_disk(&v), 10000);
}
END_TEST

START_TEST(an_allocation_keeps_apart_and_can_be_taken_back)
{
    autofini(resources) r = make("cpus:4;mem:64");
    autofini(resources) allocated = make("cpus:4;mem:64");

    resources_set_allocation(&allocated, "web");
    assert_text(&allocated, "cpus(allocated: web):4; mem(allocated: web):64");
    ck_assert(!resources_contain(&r, &allocated));
    resources_set_allocation(&allocated, NULL);
    ck_assert(resources_equal(&r, &allocated));
}
END_TEST

START_TEST(taking_allocations_away_merges_what_they_kept_apart)
{
    autofini(resources) a = make("cpus:1");
    autofini(resources) b = make("cpus:2");

    resources_set_allocation(&a, "a");
    resources_set_allocation(&b, "b");
    resources_add(&a, &b);
    ck_assert_uint_eq(a.n, 2);
    resources_set_allocation(&a, NULL);
    assert_text(&a, "cpus:3");
}
END_TEST

START_TEST(unreserved_sums_have_no_metadata)
{
    autofini(resources) r = make_json(
        "[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1},"
        "\"role\":\"a\"},"
        "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":2},"
        "\"revocable\":{},\"allocation_info\":{\"role\":\"b\"}}]");
    autofini(resources) plain = { 0 };

    resources_to_unreserved(&r, &plain);
    assert_text(&plain, "cpus:3");
}
END_TEST

START_TEST(wanted_resources_are_found_reserved_ones_first)
{
    autofini(resources) available = make("cpus:2;cpus(web):1;mem:64;"
                                         "cpus(other):9;ports:[1-10]");
    autofini(resources) wanted = make("cpus:2;mem:32;ports:[3-4]");
    autofini(resources) too_many = make("cpus:4");
    autofini(resources) found = { 0 };

    resources_set_allocation(&available, "web");
    ck_assert(resources_find(&available, &wanted, "web", &found));
    assert_text(&found, "cpus(allocated: web)(reservations: [(STATIC,web)])"
                        ":1; cpus(allocated: web):1; mem(allocated: web):32; "
                        "ports(allocated: web):[3-4]");
    ck_assert(resources_contain(&available, &found));
    resources_fini(&found);
    ck_assert(!resources_find(&available, &too_many, "web", &found));
    ck_assert(resources_is_empty(&found));
}
END_TEST

START_TEST(json_of_the_legacy_endpoints_has_the_usual_four)
{
    autofini(resources) r = make("cpus:1;cpus(a):1.5;ports:[1-2];s:{b,a}");
    autofini(resources) rev = make_json(CPUS(",\"revocable\":{}"));
    autofini(strbuf) out = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&out);

    resources_add(&r, &rev);
    resources_write_json(&r, &w);
    ck_assert_str_eq(out.data,
                     "{\"cpus\":2.5,\"disk\":0.0,\"gpus\":0.0,\"mem\":0.0,"
                     "\"ports\":\"[1-2]\",\"s\":\"{a, b}\","
                     "\"cpus_revocable\":10.0}");
}
END_TEST

/* --- laws, on random sums --- */

static uint64_t seed;

static uint64_t
draw(uint64_t n)
{
    /* splitmix64 (Steele, Lea, Flood 2014) */
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % n;
}

static void
draw_entry(struct strbuf *s)
{
    static const char *const roles[] = { "", "(a)", "(b)", "(a/c)" };
    static const char *const names[] = { "cpus", "mem", "x" };
    uint64_t begin = draw(40);

    switch (draw(4)) {
    case 0:
        strbuf_printf(s, "ports%s:[%u-%u];", roles[draw(4)], (unsigned) begin,
                      (unsigned) (begin + draw(12)));
        break;
    case 1:
        strbuf_printf(s, "set%s:{%c};", roles[draw(4)],
                      (char) ('a' + (int) draw(6)));
        break;
    default:
        strbuf_printf(s, "%s%s:%u.%03u;", names[draw(3)], roles[draw(4)],
                      (unsigned) draw(20), (unsigned) draw(1000));
        break;
    }
}

static struct resources
draw_resources(void)
{
    static const char *const allocations[] = { NULL, "a", "b" };
    autofini(strbuf) text = STRBUF(4096);

    for (uint64_t n = draw(7); n > 0; n--) {
        draw_entry(&text);
    }
    struct resources r = make(text.data);

    resources_set_allocation(&r, allocations[draw(3)]);
    return r;
}

/* Ranges and sets lose what was there twice, so that only disjoint sums can be
 * taken apart again. */
static bool
is_sum_reversible(const struct resources *a, const struct resources *b)
{
    autofini(resources) rest = { 0 };
    autofini(resources) sum = { 0 };

    resources_init_copy(&sum, a);
    resources_add(&sum, b);
    resources_subtract(&sum, b);
    resources_init_copy(&rest, a);
    return resources_equal(&sum, &rest);
}

static bool
has_only_scalars(const struct resources *r)
{
    autofini(strbuf) text = STRBUF(8192);

    resources_format(r, &text);
    return !strstr(text.data, "ports") && !strstr(text.data, "set");
}

START_TEST(laws_hold_for_random_sums)
{
    for (uint64_t i = 0; i < 3000; i++) {
        seed = i;
        autofini(resources) a = draw_resources();
        autofini(resources) b = draw_resources();
        autofini(resources) ab = { 0 };
        autofini(resources) ba = { 0 };

        resources_init_copy(&ab, &a);
        resources_add(&ab, &b);
        resources_init_copy(&ba, &b);
        resources_add(&ba, &a);

        ck_assert_msg(resources_equal(&ab, &ba), "seed %d", (int) i);
        ck_assert_msg(resources_contain(&ab, &a), "seed %d", (int) i);
        ck_assert_msg(resources_contain(&ab, &b), "seed %d", (int) i);
        if (has_only_scalars(&a) || has_only_scalars(&b)) {
            ck_assert_msg(is_sum_reversible(&a, &b), "seed %d", (int) i);
        }
        resources_subtract(&ab, &b);
        ck_assert_msg(resources_contain(&a, &ab), "seed %d", (int) i);
    }
}
END_TEST

START_TEST(random_sums_survive_text_and_messages)
{
    for (uint64_t i = 0; i < 1000; i++) {
        seed = i;
        autofini(resources) r = draw_resources();
        autofini(resources) back = { 0 };
        struct message *m = message_create(&v1__offer__descriptor);
        V1__Resource **array;
        size_t n;

        resources_encode(&r, m, &array, &n);
        ck_assert_ptr_null(resources_decode(array, n, &back));
        ck_assert_msg(resources_equal(&r, &back), "seed %d", (int) i);
        message_unref(m);
    }
}
END_TEST

static void
add_parsing(Suite *suite)
{
    test_add(suite, "text", text_with_all_kinds_of_values_is_parsed);
    test_add(suite, "numbers", numbers_have_three_decimals);
    test_add(suite, "roles", roles_in_the_text_are_static_reservations);
    test_add(suite, "json", json_is_parsed_as_well);
    test_add(suite, "malformed", malformed_text_is_refused_with_a_reason);
    test_add(suite, "command_line",
             command_lines_have_no_volumes_revocables_or_dynamic_reservations);
    test_add(suite, "invalid",
             invalid_messages_are_refused_with_the_texts_of_mesos);
    test_add(suite, "invalid",
             more_resources_than_can_be_summed_up_in_time_are_refused);
    test_add(suite, "older", older_forms_of_reservations_become_stacks);
    test_add(suite, "round_trip", messages_come_out_as_they_went_in);
    test_add(suite, "print", resources_print_as_mesos_prints_them);
    test_add(suite, "legacy_json",
             json_of_the_legacy_endpoints_has_the_usual_four);
}

static void
add_arithmetic(Suite *suite)
{
    test_add(suite, "apart", entries_that_differ_in_metadata_are_kept_apart);
    test_add(suite, "tenths", sums_of_tenths_are_exact);
    test_add(suite, "ranges", ranges_and_sets_add_and_subtract);
    test_add(suite, "greatest", the_greatest_port_has_no_successor);
    test_add(suite, "volumes", volumes_neither_merge_nor_split);
    test_add(suite, "mounted",
             where_a_volume_is_mounted_does_not_make_it_another);
    test_add(suite, "shared", shared_volumes_are_counted);
    test_add(suite, "allocation",
             an_allocation_keeps_apart_and_can_be_taken_back);
    test_add(suite, "merge",
             taking_allocations_away_merges_what_they_kept_apart);
    test_add(suite, "unreserved", unreserved_sums_have_no_metadata);
    test_add(suite, "find", wanted_resources_are_found_reserved_ones_first);
    test_add(suite, "laws", laws_hold_for_random_sums);
    test_add(suite, "random", random_sums_survive_text_and_messages);
}

static Suite *
resources_suite(void)
{
    Suite *suite = suite_create("resources");

    add_parsing(suite);
    add_arithmetic(suite);
    return suite;
}

TEST_MAIN(resources_suite)
