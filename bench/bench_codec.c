/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_codec.c - what it costs to encode and to decode a message: a small one
 * that is sent for every status update, and a large one of 1,000 tasks, on
 * each wire. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/limits.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "proto/cmesos/internal.pb-c.h"

#define N_TASKS 1000

/* A measurement runs for so long at least. */
#define MIN_SECONDS 0.3

struct wire {
    const char *name;
    void (*encode)(const ProtobufCMessage *, struct strbuf *out);
    struct error *(*decode)(const ProtobufCMessageDescriptor *,
                            const void *data, size_t size,
                            struct message **ret);
};

static struct error *
decode_json(const ProtobufCMessageDescriptor *descriptor, const void *data,
            size_t size, struct message **ret)
{
    return message_decode_json(descriptor, data, size, ret);
}

static const struct wire wires[] = {
    { "msgpack", message_encode_msgpack, message_decode_msgpack },
    { "protobuf", message_encode_protobuf, message_decode_protobuf },
    { "json", message_encode_json, decode_json },
};

static void
print(const char *wire, const char *what, double value, const char *unit)
{
    autofini(strbuf) out = STRBUF(512);
    autofini(strbuf) name = STRBUF(128);
    struct json_writer w = JSON_WRITER(&out);

    strbuf_printf(&name, "codec/%s/%s", wire, what);
    json_object_begin(&w);
    json_member_string(&w, "name", name.data);
    json_member_double(&w, "value", value);
    json_member_string(&w, "unit", unit);
    json_object_end(&w);
    puts(out.data);
}

/* --- the messages --- */

static V1__TaskID *
new_task_id(struct message *m, const char *value)
{
    V1__TaskID *id = message_new(m, &v1__task_id__descriptor);

    id->value = message_strdup(m, value);
    return id;
}

static V1__AgentID *
new_agent_id(struct message *m)
{
    V1__AgentID *id = message_new(m, &v1__agent_id__descriptor);

    id->value = message_strdup(m, "5957c02e-3d4d-4118-9e3e-626574426d3f-S1");
    return id;
}

static V1__FrameworkID *
new_framework_id(struct message *m)
{
    V1__FrameworkID *id = message_new(m, &v1__framework_id__descriptor);

    id->value = message_strdup(m, "5957c02e-3d4d-4118-9e3e-626574426d3f-0001");
    return id;
}

static struct message *
create_small(void)
{
    struct message *m =
        message_create(&internal__acknowledge_update__descriptor);
    Internal__AcknowledgeUpdate *update = message_root(m);

    update->agent_id = new_agent_id(m);
    update->framework_id = new_framework_id(m);
    update->task_id = new_task_id(m, "web.12345");
    update->uuid.len = 16;
    update->uuid.data = (uint8_t *) message_strdup(m, "0123456789abcdef");
    return m;
}

static V1__Resource *
new_scalar(struct message *m, const char *name, double value)
{
    V1__Resource *resource = message_new(m, &v1__resource__descriptor);

    resource->name = message_strdup(m, name);
    resource->type = V1__VALUE__TYPE__SCALAR;
    resource->scalar = message_new(m, &v1__value__scalar__descriptor);
    resource->scalar->value = value;
    return resource;
}

static V1__TaskStatus *
new_status(struct message *m, V1__TaskID *id)
{
    V1__TaskStatus *status = message_new(m, &v1__task_status__descriptor);

    status->task_id = id;
    status->state = V1__TASK_STATE__TASK_RUNNING;
    status->has_timestamp = 1;
    status->timestamp = 1795221725.534802;
    status->has_source = 1;
    status->source = V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
    return status;
}

static V1__Task *
new_task(struct message *m, unsigned i)
{
    V1__Task *task = message_new(m, &v1__task__descriptor);

    task->name = message_printf(m, "task %u", i);
    task->task_id = new_task_id(m, message_printf(m, "web.%u", i));
    task->framework_id = new_framework_id(m);
    task->agent_id = new_agent_id(m);
    task->state = V1__TASK_STATE__TASK_RUNNING;
    task->n_resources = 2;
    task->resources = message_array(m, 2, sizeof *task->resources);
    task->resources[0] = new_scalar(m, "cpus", 0.1);
    task->resources[1] = new_scalar(m, "mem", 32);
    task->n_statuses = 1;
    task->statuses = message_array(m, 1, sizeof *task->statuses);
    task->statuses[0] = new_status(m, task->task_id);
    return task;
}

static struct message *
create_large(void)
{
    struct message *m =
        message_create(&internal__reregister_agent__descriptor);
    Internal__ReregisterAgent *agent = message_root(m);

    agent->agent = message_new(m, &v1__agent_info__descriptor);
    agent->agent->hostname = message_strdup(m, "node1.example.com");
    agent->n_tasks = N_TASKS;
    agent->tasks = message_array(m, N_TASKS, sizeof *agent->tasks);
    for (unsigned i = 0; i < N_TASKS; i++) {
        agent->tasks[i] = new_task(m, i);
    }
    return m;
}

/* --- measuring --- */

static double
seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static void
encode_once(const struct wire *wire, const struct message *m,
            struct strbuf *bytes)
{
    strbuf_clear(bytes);
    wire->encode(message_root(m), bytes);
}

static void
decode_once(const struct wire *wire, const struct message *m,
            struct strbuf *bytes)
{
    struct message *decoded = NULL;
    struct error *error = wire->decode(message_descriptor(m), bytes->data,
                                       bytes->len, &decoded);

    if (error) {
        fprintf(stderr, "codec: %s\n", error_text(error));
        exit(1);
    }
    message_unref(decoded);
}

/* Nanoseconds that one call takes: the best of several rounds. */
static double
measure(void (*once)(const struct wire *, const struct message *,
                     struct strbuf *),
        const struct wire *wire, const struct message *m,
        struct strbuf *bytes)
{
    double start = seconds();
    double best = 1e300;
    unsigned n = 1;

    while (seconds() - start < MIN_SECONDS) {
        double round_start = seconds();

        for (unsigned i = 0; i < n; i++) {
            once(wire, m, bytes);
        }
        double elapsed = seconds() - round_start;

        if (elapsed < MIN_SECONDS / 50) {
            n *= 2;
        } else if (elapsed / n < best) {
            best = elapsed / n;
        }
    }
    return best * 1e9;
}

static void
measure_message(const char *name, struct message *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
        autofini(strbuf) bytes = STRBUF(LIMIT_MESSAGE_SIZE);
        char what[64];

        encode_once(&wires[i], m, &bytes);
        snprintf(what, sizeof what, "%s/size", name);
        print(wires[i].name, what, (double) bytes.len, "bytes");
        snprintf(what, sizeof what, "%s/encode", name);
        print(wires[i].name, what, measure(encode_once, &wires[i], m, &bytes),
              "ns");
        snprintf(what, sizeof what, "%s/decode", name);
        print(wires[i].name, what, measure(decode_once, &wires[i], m, &bytes),
              "ns");
    }
    message_unref(m);
}

int
main(void)
{
    measure_message("small", create_small());
    measure_message("1000-tasks", create_large());
    return 0;
}
