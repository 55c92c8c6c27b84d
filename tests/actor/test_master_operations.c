/* SPDX-License-Identifier: Apache-2.0
 *
 * test_master_operations.c - reservations and volumes at the master: everybody
 * is a puppet, under a virtual clock. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <actor/alloc.h>

#include "proto/cmesos/internal.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "proto/mesos/v1/scheduler/scheduler.pb-c.h"
#include "proto/messages.h"
#include "tests/lib/master_stage.h"
#include "tests/lib/puppet.h"
#include "tests/lib/test.h"

#define INFO "\"role\":\"db\",\"principal\":\"p1\"," \
    "\"capabilities\":[{\"type\":\"RESERVATION_REFINEMENT\"}],"
#define CAN(NAME) "{\"type\":\"" NAME "\"}"
#define CAN_ALL CAN("MULTI_ROLE") "," CAN("HIERARCHICAL_ROLE") "," \
    CAN("RESERVATION_REFINEMENT") "," CAN("RESOURCE_PROVIDER") "," \
    CAN("RESIZE_VOLUME") "," CAN("AGENT_OPERATION_FEEDBACK")
#define AGENT(ID) "{\"hostname\":\"node\"," ID "\"resources\":[" \
    "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":4}}," \
    "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1024}}," \
    "{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":100}}]}"
#define VERSION_1 "AAAAAAAAAAAAAAAAAAAABQ=="
#define SCALAR(NAME, N) "\"name\":\"" NAME "\",\"type\":\"SCALAR\"," \
    "\"scalar\":{\"value\":" N "}"
#define DB ",\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"db\"," \
    "\"principal\":\"p1\"}]"
#define VOLUME(ID, N) "{" SCALAR("disk", N) DB ",\"disk\":{" \
    "\"persistence\":{\"id\":\"" ID "\",\"principal\":\"p1\"}," \
    "\"volume\":{\"mode\":\"RW\",\"container_path\":\"data\"}}}"
#define RESERVE(ID, LIST) "{\"type\":\"RESERVE\"," ID "\"reserve\":{" \
    "\"resources\":[" LIST "]}}"
#define CREATE(ID, LIST) "{\"type\":\"CREATE\"," ID "\"create\":{" \
    "\"volumes\":[" LIST "]}}"
#define OP_ID(ID) "\"id\":{\"value\":\"" ID "\"},"
#define DISK_10 "{" SCALAR("disk", "10") DB "}"
#define STATUS_UUID "AAAAAAAAAAAAAAAAAAAABw=="

static void
register_with(struct stage *s, const char *capabilities, const char *extra)
{
    const Internal__AgentRegistered *registered;

    puppet_say(s->agent, &s->master, &msg_register_agent,
               "{\"agent\":" AGENT("") ",\"version\":\"1.12.0\","
               "\"agent_capabilities\":[%s],\"resource_version_uuid\":{"
               "\"value\":\"" VERSION_1 "\"}%s}", capabilities, extra);
    registered = puppet_heard(s->agent, &msg_agent_registered, 0);
    snprintf(s->agent_id, sizeof s->agent_id, "%s",
             registered->agent_id->value);
}

static void
reregister(struct stage *s, const char *extra)
{
    puppet_say(s->agent, &s->master, &msg_reregister_agent,
               "{\"agent\":" AGENT("\"id\":{\"value\":\"%s\"},")
               ",\"version\":\"1.12.0\",\"agent_capabilities\":[" CAN_ALL "]"
               "%s}", s->agent_id, extra);
}

static void
open_stage(struct stage *s, const char *capabilities)
{
    stage_open(s);
    register_with(s, capabilities, "");
    subscribe_first(s, INFO);
    ck_assert_uint_eq(n_offers(s->scheduler), 1);
}

/* Accepts the latest offer. */
static void
accept(struct stage *s, const char *operations)
{
    const V1__Offer *latest = offer(s->scheduler,
                                    n_offers(s->scheduler) - 1);

    call(s, "ACCEPT", ",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
         "\"filters\":{\"refuse_seconds\":1000},\"operations\":[%s]}",
         latest->id->value, operations);
}

static const V1__OperationStatus *
operation_status(const struct stage *s, size_t i)
{
    return event_of(s->scheduler,
                    SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS, i)
        ->update_operation_status->status;
}

static size_t
n_operation_statuses(const struct stage *s)
{
    return n_events(s->scheduler,
                    SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS);
}

static const Internal__ApplyOperation *
order(const struct stage *s, size_t i)
{
    return puppet_heard(s->agent, &msg_apply_operation, i);
}

static char *
base64(const V1__UUID *uuid)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = xcalloc(1, 25);
    const uint8_t *b = uuid->value.data;

    ck_assert_uint_eq(uuid->value.len, 16);
    for (int i = 0; i < 16; i += 3) {
        unsigned v = (unsigned) b[i] << 16
            | (i < 15 ? (unsigned) b[i + 1] << 8 | b[i + 2] : 0);
        char *out = text + i / 3 * 4;

        out[0] = digits[v >> 18];
        out[1] = digits[v >> 12 & 63];
        out[2] = i < 15 ? digits[v >> 6 & 63] : '=';
        out[3] = i < 15 ? digits[v & 63] : '=';
    }
    return text;
}

/* The agent says what has become of the operation 'i'. */
static void
report(struct stage *s, size_t i, const char *state, const char *more)
{
    autofree char *uuid = base64(order(s, i)->operation_uuid);

    puppet_say(s->agent, &s->master, &msg_update_operation_status,
               "{\"agent_id\":{\"value\":\"%s\"},\"operation_uuid\":{"
               "\"value\":\"%s\"},\"status\":{\"state\":\"%s\"%s}}",
               s->agent_id, uuid, state, more);
}

#define WITH_UUID ",\"uuid\":{\"value\":\"" STATUS_UUID "\"}"

static void
acknowledge_operation(struct stage *s, const char *agent_id, const char *id)
{
    call(s, "ACKNOWLEDGE_OPERATION_STATUS",
         ",\"acknowledge_operation_status\":{\"agent_id\":{\"value\":\"%s\"},"
         "\"uuid\":\"" STATUS_UUID "\",\"operation_id\":{\"value\":\"%s\"}}",
         agent_id, id);
}

static void
reconcile_operation(struct stage *s, const char *id, const char *agent)
{
    call(s, "RECONCILE_OPERATIONS", ",\"reconcile_operations\":{"
         "\"operations\":[{\"operation_id\":{\"value\":\"%s\"}%s}]}", id,
         agent);
}

static double
reserved(const V1__Offer *o, const char *name)
{
    double sum = 0;

    for (size_t i = 0; i < o->n_resources; i++) {
        if (!strcmp(o->resources[i]->name, name)
            && o->resources[i]->n_reservations > 0) {
            sum += o->resources[i]->scalar->value;
        }
    }
    return sum;
}

/* --- what becomes of resources --- */

START_TEST(reservation_is_offered_at_once_and_the_agent_is_told)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);

    accept(&s, RESERVE(OP_ID("op"), "{" SCALAR("cpus", "1.5") DB "}"));

    ck_assert_uint_eq(n_offers(s.scheduler), 2);
    ck_assert_double_eq(reserved(offer(s.scheduler, 1), "cpus"), 1.5);
    ck_assert_str_eq(order(&s, 0)->framework_id->value, s.framework_id);
    ck_assert_int_eq((int) order(&s, 0)->operation->type,
                     V1__OFFER__OPERATION__TYPE__RESERVE);
    ck_assert_uint_eq(order(&s, 0)->resource_version_uuid->value.data[15], 5);
    ck_assert_uint_eq(n_operation_statuses(&s), 0);
    ck_assert_double_eq(metric(&s, "master/operations/pending"), 1);
    ck_assert_double_eq(metric(&s, "master/operations/reserve/pending"), 1);
    ck_assert_double_eq(metric(&s, "master/cpus_total"), 4);
    stage_close(&s);
}
END_TEST

START_TEST(what_an_operation_made_can_be_used_by_the_next)
{
    struct stage s = stage_create();
    const Internal__RunTask *run;
    open_stage(&s, CAN_ALL);

    autofree char *task = xasprintf(
        ",{\"type\":\"LAUNCH\",\"launch\":{\"task_infos\":[{\"name\":\"t\","
        "\"task_id\":{\"value\":\"t\"},\"agent_id\":{\"value\":\"%s\"},"
        "\"command\":{\"value\":\"true\"},\"resources\":[{"
        SCALAR("cpus", "1") "}," VOLUME("v1", "10") "]}]}}", s.agent_id);
    autofree char *all = xasprintf("%s,%s%s", RESERVE("", DISK_10),
                                   CREATE("", VOLUME("v1", "10")), task);
    accept(&s, all);

    ck_assert_uint_eq(puppet_count(s.agent, &msg_apply_operation), 2);
    run = puppet_heard(s.agent, &msg_run_task, 0);
    ck_assert_str_eq(run->task->resources[1]->disk->persistence->id, "v1");
    ck_assert_uint_eq(run->resource_version_uuids[0]->value.data[15], 5);
    ck_assert_uint_eq(n_offers(s.scheduler), 1);
    ck_assert_double_eq(metric(&s, "master/disk_used"), 10);
    update(&s, "t", "TASK_FINISHED", UUID_1);
    ck_assert_double_eq(reserved(offer(s.scheduler, 1), "disk"), 10);
    stage_close(&s);
}
END_TEST

START_TEST(volume_that_is_not_there_is_not_destroyed)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *both = xasprintf("%s,%s", RESERVE("", DISK_10),
                                    CREATE("", VOLUME("v1", "10")));
    accept(&s, both);

    accept(&s, "{\"type\":\"DESTROY\"," OP_ID("d") "\"destroy\":{"
           "\"volumes\":[" VOLUME("v2", "10") "]}}");
    autofree char *text = xasprintf("Persistent volumes not found; on agent "
                                    "%s at ", s.agent_id);
    ck_assert_ptr_nonnull(strstr(operation_status(&s, 0)->message, text));
    stage_close(&s);
}
END_TEST

START_TEST(volume_is_destroyed_and_its_disk_offered)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *both = xasprintf("%s,%s", RESERVE("", DISK_10),
                                    CREATE("", VOLUME("v1", "10")));
    accept(&s, both);

    accept(&s, "{\"type\":\"DESTROY\",\"destroy\":{\"volumes\":["
           VOLUME("v1", "10") "]}},{\"type\":\"UNRESERVE\",\"unreserve\":{"
           "\"resources\":[" DISK_10 "]}}");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_apply_operation), 4);
    ck_assert_uint_eq(n_offers(s.scheduler), 3);
    ck_assert_double_eq(reserved(offer(s.scheduler, 2), "disk"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(grown_volume_is_for_the_next_accept)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *both = xasprintf(
        "%s,%s", RESERVE("", "{" SCALAR("disk", "20") DB "}"),
        CREATE("", VOLUME("v1", "10")));
    accept(&s, both);

    accept(&s, "{\"type\":\"GROW_VOLUME\",\"grow_volume\":{\"volume\":"
           VOLUME("v1", "10") ",\"addition\":" DISK_10 "}},"
           "{\"type\":\"DESTROY\"," OP_ID("d") "\"destroy\":{\"volumes\":["
           VOLUME("v1", "20") "]}}");

    ck_assert_int_eq((int) operation_status(&s, 0)->state,
                     V1__OPERATION_STATE__OPERATION_ERROR);
    ck_assert_ptr_nonnull(strstr(operation_status(&s, 0)->message,
                                 " does not contain "));
    ck_assert_uint_eq(n_offers(s.scheduler), 3);
    ck_assert_double_eq(reserved(offer(s.scheduler, 2), "disk"), 20);
    stage_close(&s);
}
END_TEST

START_TEST(remembered_resources_are_offered)
{
    struct stage s = stage_create();
    stage_open(&s);

    register_with(&s, CAN_ALL, ",\"checkpointed_resources\":["
                  VOLUME("v1", "10") "]");
    subscribe_first(&s, INFO);

    ck_assert_double_eq(reserved(offer(s.scheduler, 0), "disk"), 10);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_remembers_more_than_it_has_is_not_let_in)
{
    struct stage s = stage_create();
    stage_open(&s);

    puppet_say(s.agent, &s.master, &msg_register_agent,
               "{\"agent\":" AGENT("") ",\"version\":\"1.12.0\","
               "\"checkpointed_resources\":[" VOLUME("v1", "101") "]}");

    ck_assert_uint_eq(puppet_count(s.agent, &msg_agent_registered), 0);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_could_not_do_it_has_its_offers_taken_back)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    accept(&s, RESERVE("", DISK_10));
    puppet_forget(s.scheduler);

    puppet_say(s.agent, &s.master, &msg_update_agent,
               "{\"agent_id\":{\"value\":\"%s\"},\"resource_version_uuid\":{"
               "\"value\":\"" STATUS_UUID "\"}}", s.agent_id);

    ck_assert_uint_eq(n_events(s.scheduler, SCHEDULER__EVENT__TYPE__RESCIND),
                      1);
    ck_assert_double_eq(reserved(offer(s.scheduler, 0), "disk"), 0);
    stage_close(&s);
}
END_TEST

/* --- what is refused --- */

static void
check_dropped(const char *operation, const char *expected)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *text = xasprintf("%s%s", expected,
                                    expected[strlen(expected) - 1] == ' '
                                        ? s.agent_id : "");

    accept(&s, operation);

    ck_assert_uint_eq(n_operation_statuses(&s), 1);
    ck_assert_int_eq((int) operation_status(&s, 0)->state,
                     V1__OPERATION_STATE__OPERATION_ERROR);
    ck_assert_str_eq(operation_status(&s, 0)->operation_id->value, "op");
    ck_assert_ptr_null(operation_status(&s, 0)->uuid);
    ck_assert_ptr_null(operation_status(&s, 0)->agent_id);
    ck_assert_msg(!strncmp(operation_status(&s, 0)->message, text,
                           strlen(text)), "'%s' is not '%s'",
                  operation_status(&s, 0)->message, text);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_apply_operation), 0);
    ck_assert_double_eq(metric(&s, "master/operations/error"), 1);
    stage_close(&s);
}

START_TEST(wrong_operations_are_dropped_with_a_text)
{
    check_dropped(RESERVE(OP_ID("op"), "{" SCALAR("cpus", "1") "}"),
                  "Resource cpus(allocated: db):1 is not dynamically "
                  "reserved; on agent ");
    check_dropped(RESERVE(OP_ID("op"), "{" SCALAR("cpus", "-1") DB "}"),
                  "Operation attempted with invalid resources: Resource "
                  "'cpus:-1' is invalid: Invalid scalar resource: value <= "
                  "0");
    check_dropped("{\"type\":\"RESERVE\"," OP_ID("op") "\"reserve\":{"
                  "\"source\":[" DISK_10 "],\"resources\":[" DISK_10 "]}}",
                  "Operation attempted with invalid resources: Reservation "
                  "updates are not yet implemented for the scheduler API.");
    check_dropped(RESERVE(OP_ID("op"), "{" SCALAR("cpus", "5") DB "}"),
                  "cpus(allocated: db):4; mem(allocated: db):1024; "
                  "disk(allocated: db):100 does not contain cpus(allocated: "
                  "db):5");
    check_dropped("{\"type\":\"CREATE_DISK\"," OP_ID("op") "\"create_disk\":{"
                  "\"source\":{" SCALAR("disk", "1") "},"
                  "\"target_type\":\"MOUNT\"}}",
                  "'source' is not managed by a resource provider; on agent "
                  );
    check_dropped("{\"type\":\"DESTROY_DISK\"," OP_ID("op") "\"destroy_disk\""
                  ":{\"source\":{" SCALAR("disk", "1") "}}}",
                  "'source' is not managed by a resource provider; on agent "
                  );
}
END_TEST

START_TEST(operation_of_an_offer_that_is_gone_is_dropped)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);

    call(&s, "ACCEPT", ",\"accept\":{\"offer_ids\":[{\"value\":\"none\"}],"
         "\"operations\":[" RESERVE(OP_ID("op"), DISK_10) "]}");

    ck_assert_str_eq(operation_status(&s, 0)->message, "Operation attempted "
                     "with invalid offers: Offer none is no longer valid");
    stage_close(&s);
}
END_TEST

START_TEST(feedback_needs_an_agent_that_gives_it)
{
    struct stage s = stage_create();
    open_stage(&s, CAN("MULTI_ROLE"));
    autofree char *text = xasprintf(
        "Operation requested feedback, but agent %s does not have the "
        "required RESOURCE_PROVIDER capability", s.agent_id);

    accept(&s, RESERVE(OP_ID("op"), DISK_10));

    ck_assert_str_eq(operation_status(&s, 0)->message, text);
    stage_close(&s);
}
END_TEST

START_TEST(id_is_used_once)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *both = xasprintf("%s,%s", RESERVE(OP_ID("op"), DISK_10),
                                    RESERVE(OP_ID("op"), DISK_10));

    accept(&s, both);
    ck_assert_uint_eq(n_operation_statuses(&s), 1);
    ck_assert_str_eq(operation_status(&s, 0)->message, "Operation has "
                     "duplicate ID: op");
    accept(&s, RESERVE(OP_ID("op"), DISK_10));
    ck_assert_uint_eq(n_operation_statuses(&s), 2);
    ck_assert_uint_eq(puppet_count(s.agent, &msg_apply_operation), 1);
    stage_close(&s);
}
END_TEST

/* --- feedback --- */

START_TEST(outcome_is_forwarded_and_acknowledged)
{
    struct stage s = stage_create();
    const Internal__AcknowledgeOperationStatus *ack;
    open_stage(&s, CAN_ALL);
    accept(&s, RESERVE(OP_ID("op"), DISK_10));

    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);
    ck_assert_int_eq((int) operation_status(&s, 0)->state,
                     V1__OPERATION_STATE__OPERATION_FINISHED);
    ck_assert_str_eq(operation_status(&s, 0)->operation_id->value, "op");
    ck_assert_str_eq(operation_status(&s, 0)->agent_id->value, s.agent_id);
    ck_assert_uint_eq(operation_status(&s, 0)->uuid->value.data[15], 7);
    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);
    ck_assert_uint_eq(n_operation_statuses(&s), 2);
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 0);
    acknowledge_operation(&s, s.agent_id, "op");

    ack = puppet_heard(s.agent, &msg_acknowledge_operation_status, 0);
    ck_assert_uint_eq(ack->status_uuid->value.data[15], 7);
    ck_assert(!memcmp(ack->operation_uuid->value.data,
                      order(&s, 0)->operation_uuid->value.data, 16));
    ck_assert_double_eq(metric(&s, "master/operations/pending"), 0);
    ck_assert_double_eq(metric(&s, "master/operations/finished"), 1);

    /* The acknowledgement was lost. */
    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);
    ck_assert_uint_eq(n_operation_statuses(&s), 2);
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 2);
    stage_close(&s);
}
END_TEST

START_TEST(operation_without_id_is_acknowledged_by_the_master)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    accept(&s, RESERVE("", DISK_10));

    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);

    ck_assert_uint_eq(n_operation_statuses(&s), 0);
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 1);
    stage_close(&s);
}
END_TEST

START_TEST(acknowledgement_with_another_agent_id_is_harmless)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    accept(&s, RESERVE(OP_ID("op"), DISK_10));
    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);

    acknowledge_operation(&s, "stale", "op");
    acknowledge_operation(&s, s.agent_id, "other");
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 0);
    acknowledge_operation(&s, s.agent_id, "op");
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 1);
    acknowledge_operation(&s, s.agent_id, "op");
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 1);
    stage_close(&s);
}
END_TEST

START_TEST(reconciliation_says_what_is_known)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *agent = xasprintf(",\"agent_id\":{\"value\":\"%s\"}",
                                     s.agent_id);
    accept(&s, RESERVE(OP_ID("op"), DISK_10));
    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);
    puppet_forget(s.scheduler);

    call(&s, "RECONCILE_OPERATIONS", ",\"reconcile_operations\":{}");
    reconcile_operation(&s, "op", "");
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq((int) operation_status(&s, i)->state,
                         V1__OPERATION_STATE__OPERATION_FINISHED);
        ck_assert_ptr_null(operation_status(&s, i)->uuid);
    }
    reconcile_operation(&s, "x", "");
    ck_assert_str_eq(operation_status(&s, 2)->message, "Reconciliation: "
                     "Operation is unknown and no 'agent_id' was provided");
    reconcile_operation(&s, "x", agent);
    ck_assert_str_eq(operation_status(&s, 3)->message, "Reconciliation: "
                     "Operation is unknown");
    reconcile_operation(&s, "x", ",\"agent_id\":{\"value\":\"none\"}");
    ck_assert_str_eq(operation_status(&s, 4)->message, "Reconciliation: Both "
                     "operation and agent are unknown");
    ck_assert_int_eq((int) operation_status(&s, 4)->state,
                     V1__OPERATION_STATE__OPERATION_UNKNOWN);
    stage_close(&s);
}
END_TEST

START_TEST(agent_that_is_back_is_asked_for_what_it_does_not_name)
{
    struct stage s = stage_create();
    const Internal__ReconcileOperations *ask;
    open_stage(&s, CAN_ALL);
    accept(&s, RESERVE(OP_ID("op"), DISK_10));

    reregister(&s, "");
    ask = puppet_heard(s.agent, &msg_reconcile_operations, 0);
    ck_assert_uint_eq(ask->n_operation_uuids, 1);
    report(&s, 0, "OPERATION_DROPPED", "");

    ck_assert_int_eq((int) operation_status(&s, 0)->state,
                     V1__OPERATION_STATE__OPERATION_DROPPED);
    ck_assert_double_eq(metric(&s, "master/operations/dropped"), 1);
    puppet_forget(s.scheduler);
    reconcile_operation(&s, "op", "");
    ck_assert_int_eq((int) operation_status(&s, 0)->state,
                     V1__OPERATION_STATE__OPERATION_UNKNOWN);
    stage_close(&s);
}
END_TEST

START_TEST(operation_of_a_former_master_finds_its_framework)
{
    struct stage s = stage_create();
    stage_open(&s);
    subscribe_first(&s, INFO);
    snprintf(s.agent_id, sizeof s.agent_id, "old-S0");
    autofree char *operations = xasprintf(
        ",\"checkpointed_resources\":[" DISK_10 "],\"operations\":[{"
        "\"framework_id\":{\"value\":\"%s\"},\"info\":"
        RESERVE(OP_ID("op"), DISK_10) ",\"latest_status\":{\"state\":"
        "\"OPERATION_FINISHED\"" WITH_UUID "},\"uuid\":{\"value\":\""
        UUID_1 "\"}}]", s.framework_id);

    reregister(&s, operations);
    ck_assert_double_eq(reserved(offer(s.scheduler, 0), "disk"), 10);
    puppet_say(s.agent, &s.master, &msg_update_operation_status,
               "{\"agent_id\":{\"value\":\"%s\"},\"operation_uuid\":{"
               "\"value\":\"" UUID_1 "\"},\"status\":{\"state\":"
               "\"OPERATION_FINISHED\"" WITH_UUID "}}", s.agent_id);
    ck_assert_str_eq(operation_status(&s, 0)->operation_id->value, "op");
    acknowledge_operation(&s, s.agent_id, "op");
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 1);
    stage_close(&s);
}
END_TEST

START_TEST(framework_hears_that_an_agent_is_gone)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    accept(&s, RESERVE(OP_ID("op"), DISK_10));

    puppet_say(s.agent, &s.master, &msg_unregister_agent,
               "{\"agent_id\":{\"value\":\"%s\"}}", s.agent_id);

    ck_assert_int_eq((int) operation_status(&s, 0)->state,
                     V1__OPERATION_STATE__OPERATION_GONE_BY_OPERATOR);
    ck_assert_double_eq(metric(&s, "master/operations/pending"), 0);
    stage_close(&s);
}
END_TEST

START_TEST(operations_of_a_removed_framework_are_acknowledged)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);
    autofree char *both = xasprintf(
        "%s,%s", RESERVE(OP_ID("a"), DISK_10), RESERVE(OP_ID("b"), DISK_10));
    accept(&s, both);
    report(&s, 0, "OPERATION_FINISHED", WITH_UUID);

    call(&s, "TEARDOWN", "%s", "");
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 1);
    report(&s, 1, "OPERATION_FINISHED", WITH_UUID);
    ck_assert_uint_eq(puppet_count(s.agent,
                                   &msg_acknowledge_operation_status), 2);
    stage_close(&s);
}
END_TEST

START_TEST(uuid_that_is_none_is_ignored)
{
    struct stage s = stage_create();
    open_stage(&s, CAN_ALL);

    puppet_say(s.agent, &s.master, &msg_update_operation_status,
               "{\"agent_id\":{\"value\":\"x\"},\"operation_uuid\":{"
               "\"value\":\"AAAA\"},\"status\":{\"state\":"
               "\"OPERATION_FINISHED\"}}");

    ck_assert_double_eq(metric(&s, "master/invalid_operation_status_updates"),
                        1);
    stage_close(&s);
}
END_TEST

static Suite *
master_operations_suite(void)
{
    Suite *suite = suite_create("master_operations");

    test_add(suite, "reserve",
             reservation_is_offered_at_once_and_the_agent_is_told);
    test_add(suite, "chain", what_an_operation_made_can_be_used_by_the_next);
    test_add(suite, "destroy unknown",
             volume_that_is_not_there_is_not_destroyed);
    test_add(suite, "destroy", volume_is_destroyed_and_its_disk_offered);
    test_add(suite, "grow", grown_volume_is_for_the_next_accept);
    test_add(suite, "remembered", remembered_resources_are_offered);
    test_add(suite, "too much",
             agent_that_remembers_more_than_it_has_is_not_let_in);
    test_add(suite, "not done",
             agent_that_could_not_do_it_has_its_offers_taken_back);
    test_add(suite, "dropped", wrong_operations_are_dropped_with_a_text);
    test_add(suite, "invalid offer",
             operation_of_an_offer_that_is_gone_is_dropped);
    test_add(suite, "no feedback", feedback_needs_an_agent_that_gives_it);
    test_add(suite, "duplicate id", id_is_used_once);
    test_add(suite, "feedback", outcome_is_forwarded_and_acknowledged);
    test_add(suite, "no id",
             operation_without_id_is_acknowledged_by_the_master);
    test_add(suite, "stale agent",
             acknowledgement_with_another_agent_id_is_harmless);
    test_add(suite, "reconcile", reconciliation_says_what_is_known);
    test_add(suite, "back",
             agent_that_is_back_is_asked_for_what_it_does_not_name);
    test_add(suite, "failover",
             operation_of_a_former_master_finds_its_framework);
    test_add(suite, "gone", framework_hears_that_an_agent_is_gone);
    test_add(suite, "removed",
             operations_of_a_removed_framework_are_acknowledged);
    test_add(suite, "bad uuid", uuid_that_is_none_is_ignored);
    return suite;
}

TEST_MAIN(master_operations_suite)
