/* SPDX-License-Identifier: Apache-2.0
 *
 * test_operation.c - operations: what they make of resources, and what is
 * refused. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "model/checkpointed_resources.h"
#include "model/operation.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/lib/test.h"

/* Parts of JSON that the operations below are made of. */
#define SCALAR(NAME, N) "\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}"
#define DYNAMIC(ROLE) "{\"type\":\"DYNAMIC\",\"role\":\"" ROLE "\"," \
    "\"principal\":\"p1\"}"
#define STACK(LIST) ",\"reservations\":[" LIST "]"
#define DB STACK(DYNAMIC("db"))
#define VOLUME(ID, MODE) ",\"disk\":{\"persistence\":{\"id\":\"" ID "\"," \
    "\"principal\":\"p1\"},\"volume\":{\"mode\":\"" MODE "\"," \
    "\"container_path\":\"data\"}}"
#define RESERVE(LIST) "{\"type\":\"RESERVE\",\"reserve\":{\"resources\":[" \
    LIST "]}}"
#define UNRESERVE(LIST) "{\"type\":\"UNRESERVE\",\"unreserve\":" \
    "{\"resources\":[" LIST "]}}"
#define CREATE(LIST) "{\"type\":\"CREATE\",\"create\":{\"volumes\":[" LIST "]}}"
#define DESTROY(LIST) "{\"type\":\"DESTROY\",\"destroy\":{\"volumes\":[" LIST \
    "]}}"
#define GROW(V, A) "{\"type\":\"GROW_VOLUME\",\"grow_volume\":{\"volume\":" V \
    ",\"addition\":" A "}}"
#define SHRINK(V, N) "{\"type\":\"SHRINK_VOLUME\",\"shrink_volume\":" \
    "{\"volume\":" V ",\"subtract\":{\"value\":" N "}}}"

static const char *const roles[] = { "db" };

/* A framework in role "db" of principal "p1", and an agent that can all. */
struct fixture {
    struct resources checkpointed;
    struct resources used;
    struct operation_rules rules;
};

static void
fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->rules = (struct operation_rules) {
        .principal = "p1", .is_framework = true, .framework_id = "f1",
        .roles = roles, .n_roles = 1, .wants_shared = true,
        .is_hierarchical_role = true, .is_reservation_refinement = true,
        .is_resize_volume = true,
        .checkpointed = &f->checkpointed, .used = &f->used,
    };
}

static void
fixture_fini(struct fixture *f)
{
    resources_fini(&f->checkpointed);
    resources_fini(&f->used);
}

static struct error *
decode(const char *json, struct operation *ret)
{
    struct message *message = NULL;
    struct error *error = message_decode_json(
        &v1__offer__operation__descriptor, json, strlen(json), &message);

    ck_assert_msg(!error, "%s: %s", json, error ? error_text(error) : "");
    error = operation_decode(message_root(message), "db", ret);
    message_unref(message);
    return error;
}

/* The text of --resources, or an array of resources of any kind. */
static struct resources
parse(const char *text)
{
    autofree char *json = xasprintf("{\"resources\":%s}", text);
    struct message *message = NULL;
    struct resources resources;
    struct error *error;

    if (text[0] != '[') {
        ck_assert_ptr_null(resources_parse(text, "*", &resources));
        return resources;
    }
    error = message_decode_json(&v1__offer__operation__unreserve__descriptor,
                                json, strlen(json), &message);
    if (!error) {
        const V1__Offer__Operation__Unreserve *root = message_root(message);

        error = resources_decode(root->resources, root->n_resources,
                                 &resources);
        message_unref(message);
    }
    ck_assert_msg(!error, "%s: %s", text, error ? error_text(error) : "");
    return resources;
}

/* Applies 'json' to '*resources', which has to fit. */
static void
run(const char *json, struct resources *resources)
{
    struct resource_conversion *conversions;
    struct operation op;
    struct error *error = decode(json, &op);
    size_t n;

    ck_assert_msg(!error, "%s: %s", json, error ? error_text(error) : "");
    operation_convert(&op, &conversions, &n);
    error = operation_apply(conversions, n, resources);
    ck_assert_msg(!error, "%s: %s", json, error ? error_text(error) : "");
    resource_conversions_destroy(conversions, n);
    operation_fini(&op);
}

static void
assert_text(const struct resources *resources, const char *expected)
{
    autofini(strbuf) text = STRBUF(STRBUF_UNLIMITED);

    resources_format(resources, &text);
    ck_assert_str_eq(text.data, expected);
}

/* What is said of 'json'; NULL: it is fine. */
static void
assert_refused(struct fixture *f, const char *json, const char *expected)
{
    struct operation op;
    struct error *error = decode(json, &op);

    if (!error) {
        error = operation_check(&op, &f->rules);
        operation_fini(&op);
    }
    if (!expected) {
        ck_assert_msg(!error, "%s: %s", json, error ? error_text(error) : "");
        return;
    }
    ck_assert_msg(error != NULL, "%s was accepted", json);
    ck_assert_str_eq(error_text(error), expected);
    error_destroy(error);
}

/* --- what becomes of resources --- */

START_TEST(reservation_is_pushed_and_popped)
{
    struct resources r = parse("cpus:4;mem:64");

    resources_set_allocation(&r, "db");
    run(RESERVE("{" SCALAR("cpus", "1.5") DB "}"), &r);
    assert_text(&r, "cpus(allocated: db):2.5; mem(allocated: db):64; "
                "cpus(allocated: db)(reservations: [(DYNAMIC,db,p1)]):1.5");
    run(UNRESERVE("{" SCALAR("cpus", "1.5") DB "}"), &r);
    assert_text(&r, "cpus(allocated: db):4; mem(allocated: db):64");
    resources_fini(&r);
}
END_TEST

START_TEST(reservations_are_refined_one_layer_at_a_time)
{
    struct resources r = parse("cpus(db):4");

    resources_set_allocation(&r, "db");
    run(RESERVE("{" SCALAR("cpus", "1") STACK(
            "{\"type\":\"STATIC\",\"role\":\"db\"}," DYNAMIC("db/a")) "}"),
        &r);
    assert_text(&r, "cpus(allocated: db)(reservations: [(STATIC,db)]):3; "
                "cpus(allocated: db)(reservations: [(STATIC,db),"
                "(DYNAMIC,db/a,p1)]):1");
    run(UNRESERVE("{" SCALAR("cpus", "1") STACK(
            "{\"type\":\"STATIC\",\"role\":\"db\"}," DYNAMIC("db/a")) "}"),
        &r);
    assert_text(&r, "cpus(allocated: db)(reservations: [(STATIC,db)]):4");
    resources_fini(&r);
}
END_TEST

START_TEST(volume_is_created_grown_shrunk_and_destroyed)
{
    struct resources r = parse("disk:100");

    resources_set_allocation(&r, "db");
    run(RESERVE("{" SCALAR("disk", "60") DB "}"), &r);
    run(CREATE("{" SCALAR("disk", "20") DB VOLUME("v1", "RW") "}"), &r);
    assert_text(&r, "disk(allocated: db):40; disk(allocated: db)"
                "(reservations: [(DYNAMIC,db,p1)]):40; disk(allocated: db)"
                "(reservations: [(DYNAMIC,db,p1)])[v1:data]:20");
    run(GROW("{" SCALAR("disk", "20") DB VOLUME("v1", "RW") "}",
             "{" SCALAR("disk", "10") DB "}"), &r);
    run(SHRINK("{" SCALAR("disk", "30") DB VOLUME("v1", "RW") "}", "25"), &r);
    assert_text(&r, "disk(allocated: db):40; disk(allocated: db)"
                "(reservations: [(DYNAMIC,db,p1)]):55; disk(allocated: db)"
                "(reservations: [(DYNAMIC,db,p1)])[v1:data]:5");
    run(DESTROY("{" SCALAR("disk", "5") DB VOLUME("v1", "RW") "}"), &r);
    run(UNRESERVE("{" SCALAR("disk", "60") DB "}"), &r);
    assert_text(&r, "disk(allocated: db):100");
    resources_fini(&r);
}
END_TEST

START_TEST(what_is_not_there_cannot_be_converted)
{
    struct resource_conversion *conversions;
    struct resources r = parse("cpus:1");
    struct operation op;
    struct error *error;
    size_t n;

    resources_set_allocation(&r, "db");
    ck_assert_ptr_null(decode(RESERVE("{" SCALAR("cpus", "2") DB "}"), &op));
    operation_convert(&op, &conversions, &n);
    error = operation_apply(conversions, n, &r);
    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), "cpus(allocated: db):1 does not "
                     "contain cpus(allocated: db):2");
    error_destroy(error);
    assert_text(&r, "cpus(allocated: db):1");
    resource_conversions_destroy(conversions, n);
    operation_fini(&op);
    resources_fini(&r);
}
END_TEST

START_TEST(shared_volume_with_another_holder_is_not_destroyed)
{
    static const char volume[] = "{" SCALAR("disk", "10") DB
        VOLUME("v1", "RW") ",\"shared\":{}}";
    autofree char *twice = xasprintf("[%s,%s]", volume, volume);
    autofree char *destroy = xasprintf(DESTROY("%s"), volume);
    struct resource_conversion *conversions;
    struct resources r = parse(twice);
    struct operation op;
    struct error *error;
    size_t n;

    resources_set_allocation(&r, "db");
    ck_assert_ptr_null(decode(destroy, &op));
    operation_convert(&op, &conversions, &n);
    error = operation_apply(conversions, n, &r);
    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), "Persistent volume disk(allocated: "
                     "db)(reservations: [(DYNAMIC,db,p1)])[v1:data]<SHARED>:"
                     "10 cannot be removed due to additional shared copies");
    error_destroy(error);
    resource_conversions_destroy(conversions, n);
    operation_fini(&op);
    resources_fini(&r);
}
END_TEST

/* --- random sequences --- */

static unsigned
draw(unsigned *state, unsigned bound)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 8) % bound;
}

/* One of a few operations with a random amount, which may or may not fit. */
static char *
draw_operation(unsigned *state)
{
    unsigned n = 1 + draw(state, 30), more = 1 + draw(state, 9);
    unsigned id = draw(state, 3);

    switch (draw(state, 6)) {
    case 0:
        return xasprintf(RESERVE("{" SCALAR("disk", "%u.%u") DB "}"), n, more);
    case 1:
        return xasprintf(UNRESERVE("{" SCALAR("disk", "%u.%u") DB "}"), n,
                         more);
    case 2:
        return xasprintf(CREATE("{" SCALAR("disk", "%u") DB
                                VOLUME("v%u", "RW") "}"), n, id);
    case 3:
        return xasprintf(DESTROY("{" SCALAR("disk", "%u") DB
                                 VOLUME("v%u", "RW") "}"), n, id);
    case 4:
        return xasprintf(GROW("{" SCALAR("disk", "%u") DB VOLUME("v%u", "RW")
                              "}", "{" SCALAR("disk", "%u") DB "}"), n, id,
                         more);
    default:
        return xasprintf(SHRINK("{" SCALAR("disk", "%u") DB
                                VOLUME("v%u", "RW") "}", "%u"), n, id, more);
    }
}

START_TEST(no_sequence_of_operations_changes_amounts)
{
    unsigned n_applied = 0;

    for (unsigned seed = 1; seed <= 100; seed++) {
        struct resources r = parse("cpus:4;disk:100");
        struct resources base = parse("cpus:4;disk:100");
        unsigned state = seed;

        resources_set_allocation(&r, "db");
        for (int i = 0; i < 100; i++) {
            autofree char *json = draw_operation(&state);
            struct resource_conversion *conversions;
            struct resources checkpointed, total, plain;
            struct operation op;
            struct fixture f;
            size_t n;

            fixture_init(&f);
            ck_assert_ptr_null(decode(json, &op));
            autoerror *error = operation_check(&op, &f.rules);
            if (!error) {
                operation_convert(&op, &conversions, &n);
                error = operation_apply(conversions, n, &r);
                resource_conversions_destroy(conversions, n);
                n_applied += !error;
            }
            operation_fini(&op);
            fixture_fini(&f);

            resources_to_unreserved(&r, &plain);
            ck_assert_int_eq(resources_disk(&plain), 100000);
            ck_assert_int_eq(resources_cpus(&plain), 4000);
            resources_fini(&plain);

            /* An agent that forgets all but what is remembered has the same
             * again. */
            resources_init_copy(&plain, &r);
            resources_set_allocation(&plain, NULL);
            resources_checkpointed(&plain, &checkpointed);
            ck_assert_ptr_null(resources_apply_checkpointed(
                &base, &checkpointed, &total));
            ck_assert(resources_equal(&total, &plain));
            resources_fini(&checkpointed);
            resources_fini(&total);
            resources_fini(&plain);
        }
        resources_fini(&r);
        resources_fini(&base);
    }
    ck_assert_uint_gt(n_applied, 500);
}
END_TEST

/* --- what is refused --- */

START_TEST(reserve_has_its_rules)
{
    struct fixture f;

    fixture_init(&f);
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") DB "}"), NULL);
    assert_refused(&f, RESERVE(""), "Invalid resources: There are none");
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "-1") DB "}"),
                   "Resource 'cpus:-1' is invalid: Invalid scalar resource: "
                   "value <= 0");
    assert_refused(&f, RESERVE("{" SCALAR("gpus", "1.5") DB "}"),
                   "Invalid resources: Invalid 'gpus' resource: The 'gpus' "
                   "resource must be an unsigned integer");
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") "}"),
                   "Resource cpus(allocated: db):1 is not dynamically "
                   "reserved");
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") DB
                               ",\"revocable\":{}}"),
                   "Invalid resources: Invalid ReservationInfo: Dynamically "
                   "reserved resource cpus(allocated: db)(reservations: "
                   "[(DYNAMIC,db,p1)]){REV}:1 cannot be created from "
                   "revocable resources");
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") STACK(
                       "{\"type\":\"DYNAMIC\",\"role\":\"db\"}") "}"),
                   "A reserve operation was attempted by principal 'p1', but "
                   "there is a reserved resource in the request with no "
                   "principal set");
    f.rules.principal = "p2";
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") DB "}"),
                   "A reserve operation was attempted by authenticated "
                   "principal 'p2', which does not match a reserved resource "
                   "in the request with principal 'p1'");
    f.rules.principal = NULL;
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") STACK(DYNAMIC("web"))
                               "}"),
                   "A reserve operation was attempted for a resource with "
                   "role 'web', but the resource was allocated to role 'db'");
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") STACK(DYNAMIC("web"))
                               ",\"allocation_info\":{\"role\":\"web\"}}"),
                   "A reserve operation was attempted for a resource "
                   "allocated to role 'web', but the framework only has "
                   "roles '{ db }'");
    f.rules.is_hierarchical_role = false;
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") STACK(DYNAMIC("db/a"))
                               "}"),
                   "Resource cpus(allocated: db)(reservations: "
                   "[(DYNAMIC,db/a,p1)]):1 with reservation for hierarchical "
                   "role 'db/a' cannot be reserved on an agent without "
                   "HIERARCHICAL_ROLE capability");
    f.rules.is_hierarchical_role = true;
    f.rules.is_reservation_refinement = false;
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") STACK(DYNAMIC("db") ","
                               DYNAMIC("db/a")) "}"),
                   "Resource cpus(allocated: db)(reservations: "
                   "[(DYNAMIC,db,p1),(DYNAMIC,db/a,p1)]):1 with reservation "
                   "refinement cannot be reserved on an agent without "
                   "RESERVATION_REFINEMENT capability");
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") DB "},{"
                               SCALAR("mem", "1") DB ",\"provider_id\":"
                               "{\"value\":\"x\"}}"),
                   "Invalid resources: Some resources have a resource "
                   "provider and some do not");
    f.rules.is_framework = false;
    assert_refused(&f, RESERVE("{" SCALAR("cpus", "1") DB "}"),
                   "A reserve operation was attempted with an allocated "
                   "resource, but the operator API only allows reservations "
                   "to be made to unallocated resources");
    fixture_fini(&f);
}
END_TEST

START_TEST(unreserve_has_its_rules)
{
    struct fixture f;

    fixture_init(&f);
    assert_refused(&f, UNRESERVE("{" SCALAR("cpus", "1") DB "}"), NULL);
    assert_refused(&f, UNRESERVE("{" SCALAR("cpus", "1") "}"),
                   "Resource cpus(allocated: db):1 is not dynamically "
                   "reserved");
    assert_refused(&f, UNRESERVE("{" SCALAR("disk", "1") DB
                                 VOLUME("v1", "RW") "}"),
                   "A dynamically reserved persistent volume disk(allocated: "
                   "db)(reservations: [(DYNAMIC,db,p1)])[v1:data]:1 cannot "
                   "be unreserved directly. Please destroy the persistent "
                   "volume first then unreserve the resource");
    fixture_fini(&f);
}
END_TEST

START_TEST(create_has_its_rules)
{
    struct fixture f;

    fixture_init(&f);
    f.checkpointed = parse("[{" SCALAR("disk", "9") DB VOLUME("old", "RW")
                           "},{" SCALAR("disk", "9") DB VOLUME("shared", "RW")
                           ",\"shared\":{}}]");
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("v1", "RW")
                              "}"), NULL);
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB "}"),
                   "Not a persistent volume: Resource disk(allocated: db)"
                   "(reservations: [(DYNAMIC,db,p1)]):1 does not have "
                   "DiskInfo");
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") VOLUME("v1", "RW")
                              "}"),
                   "Invalid resources: Invalid DiskInfo: Persistent volumes "
                   "cannot be created from unreserved resources");
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("a/b", "RW")
                              "}"),
                   "Invalid resources: Invalid DiskInfo: Invalid persistence "
                   "ID for persistent volume: 'a/b' contains invalid "
                   "characters");
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("v1", "RO")
                              "}"),
                   "Not a persistent volume: Read-only persistent volume not "
                   "supported");
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("old", "RW")
                              "}"), "Persistence ID 'old' is not unique");
    assert_refused(&f, CREATE("{" SCALAR("disk", "9") DB
                              VOLUME("shared", "RW") ",\"shared\":{}}"),
                   "Persistence ID 'shared' is not unique");
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("v1", "RW")
                              "},{" SCALAR("disk", "2") DB VOLUME("v1", "RW")
                              "}"), "Persistence ID 'v1' is not unique");
    f.rules.wants_shared = false;
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("v1", "RW")
                              ",\"shared\":{}}"),
                   "Create volume operation for 'disk(allocated: db)"
                   "(reservations: [(DYNAMIC,db,p1)])[v1:data]<SHARED>:1' has "
                   "been attempted by framework 'f1' with no "
                   "SHARED_RESOURCES capability");
    f.rules.principal = "p2";
    assert_refused(&f, CREATE("{" SCALAR("disk", "1") DB VOLUME("v1", "RW")
                              "}"),
                   "Create volume operation attempted by authenticated "
                   "principal 'p2', which does not match a volume in the "
                   "operation with principal 'p1' set in 'disk.persistence'");
    fixture_fini(&f);
}
END_TEST

START_TEST(destroy_has_its_rules)
{
    static const char volume[] = "{" SCALAR("disk", "9") DB
        VOLUME("old", "RW") "}";
    autofree char *list = xasprintf("[%s]", volume);
    autofree char *destroy = xasprintf(DESTROY("%s"), volume);
    struct fixture f;

    fixture_init(&f);
    assert_refused(&f, destroy, "Persistent volumes not found");
    f.checkpointed = parse(list);
    assert_refused(&f, destroy, NULL);
    f.used = parse(list);
    assert_refused(&f, destroy, "Persistent volumes in use");
    fixture_fini(&f);
}
END_TEST

START_TEST(resizing_has_its_rules)
{
#define V "{" SCALAR("disk", "9") DB VOLUME("v1", "RW") "}"
#define SHARED_V "{" SCALAR("disk", "9") DB VOLUME("v1", "RW") \
    ",\"shared\":{}}"
#define MOUNT_V "{" SCALAR("disk", "9") DB ",\"disk\":{\"persistence\":" \
    "{\"id\":\"v1\"},\"volume\":{\"mode\":\"RW\",\"container_path\":\"d\"}," \
    "\"source\":{\"type\":\"MOUNT\",\"mount\":{\"root\":\"/m\"}}}}"
    struct fixture f;

    fixture_init(&f);
    assert_refused(&f, GROW(V, "{" SCALAR("disk", "1") DB "}"), NULL);
    assert_refused(&f, SHRINK(V, "8"), NULL);
    assert_refused(&f, GROW(V, "{" SCALAR("disk", "0") DB "}"),
                   "The size of 'GrowVolume.addition' field must be greater "
                   "than zero");
    assert_refused(&f, GROW(V, "{" SCALAR("disk", "1") "}"),
                   "Incompatible resources in the 'GrowVolume.volume' and "
                   "'GrowVolume.addition' fields");
    assert_refused(&f, GROW(SHARED_V, "{" SCALAR("disk", "1") DB "}"),
                   "Growing a shared persistent volume is not supported");
    assert_refused(&f, SHRINK(V, "0"), "Value of 'ShrinkVolume.subtract' must "
                   "be greater than zero");
    assert_refused(&f, SHRINK(V, "-1"), "Value of 'ShrinkVolume.subtract' "
                   "must be greater than zero");
    assert_refused(&f, SHRINK(V, "9"), "Value of 'ShrinkVolume.subtract' must "
                   "be smaller than the size of 'ShrinkVolume.volume'");
    assert_refused(&f, SHRINK(V, "1e300"), "Value of 'ShrinkVolume.subtract' "
                   "must be smaller than the size of 'ShrinkVolume.volume'");
    assert_refused(&f, SHRINK(SHARED_V, "1"),
                   "Shrinking a shared persistent volume is not supported");
    assert_refused(&f, SHRINK(MOUNT_V, "1"),
                   "Shrinking a volume on a MOUNT disk is not supported");
    f.rules.is_resize_volume = false;
    assert_refused(&f, SHRINK(V, "8"), "Volume disk(allocated: db)"
                   "(reservations: [(DYNAMIC,db,p1)])[v1:data]:9 cannot be "
                   "shrunk on an agent without RESIZE_VOLUME capability");
    fixture_fini(&f);
}
END_TEST

START_TEST(source_has_to_be_as_much)
{
#define SOURCED(S, T) "{\"type\":\"RESERVE\",\"reserve\":{\"source\":[" S \
    "],\"resources\":[" T "]}}"
    struct resources r = parse("[{" SCALAR("cpus", "2") STACK(DYNAMIC("a"))
                               "}]");
    struct fixture f;

    fixture_init(&f);
    f.rules.is_framework = false;
    assert_refused(&f, SOURCED("{" SCALAR("cpus", "1") "}",
                               "{" SCALAR("cpus", "2") DB "}"),
                   "Source and target resources should refer to identical "
                   "resource quantities: cpus:1 vs. cpus:2");
    resources_set_allocation(&r, "db");
    run(SOURCED("{" SCALAR("cpus", "2") STACK(DYNAMIC("a")) "}",
                "{" SCALAR("cpus", "2") DB "}"), &r);
    assert_text(&r, "cpus(allocated: db)(reservations: [(DYNAMIC,db,p1)]):2");
    resources_fini(&r);
    fixture_fini(&f);
}
END_TEST

START_TEST(agent_that_has_less_than_it_remembers_is_refused)
{
    struct resources base = parse("disk:5");
    struct resources remembered = parse("[{" SCALAR("disk", "9") DB "}]");
    struct resources total;
    struct error *error = resources_apply_checkpointed(&base, &remembered,
                                                       &total);

    ck_assert_ptr_nonnull(error);
    ck_assert_str_eq(error_text(error), "Incompatible agent resources: disk:5 "
                     "does not contain disk:9");
    error_destroy(error);
    resources_fini(&base);
    resources_fini(&remembered);
}
END_TEST

static Suite *
operation_suite(void)
{
    Suite *suite = suite_create("operation");

    test_add(suite, "reserve", reservation_is_pushed_and_popped);
    test_add(suite, "refine", reservations_are_refined_one_layer_at_a_time);
    test_add(suite, "volume", volume_is_created_grown_shrunk_and_destroyed);
    test_add(suite, "missing", what_is_not_there_cannot_be_converted);
    test_add(suite, "shared",
             shared_volume_with_another_holder_is_not_destroyed);
    test_add(suite, "random", no_sequence_of_operations_changes_amounts);
    test_add(suite, "reserve rules", reserve_has_its_rules);
    test_add(suite, "unreserve rules", unreserve_has_its_rules);
    test_add(suite, "create rules", create_has_its_rules);
    test_add(suite, "destroy rules", destroy_has_its_rules);
    test_add(suite, "resize rules", resizing_has_its_rules);
    test_add(suite, "source", source_has_to_be_as_much);
    test_add(suite, "less", agent_that_has_less_than_it_remembers_is_refused);
    return suite;
}

TEST_MAIN(operation_suite)
