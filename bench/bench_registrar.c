/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_registrar.c - what a change of the registry costs with 50,000 agents:
 * all are admitted, become unreachable in random order, come back in random
 * order, are lost again, and half of them are pruned; and what a snapshot
 * costs, and all of it in memory.  The shape is that of Mesos' registrar
 * benchmark; without a disk, which is what the log's benchmark measures. */
#include <config.h>

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/json.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/registrar/parts.h"
#include "master/registrar/registry.h"

#define N_AGENTS 50000

static void
print(const char *what, double value, const char *unit)
{
    autofini(strbuf) out = STRBUF(512);
    autofini(strbuf) name = STRBUF(128);
    struct json_writer w = JSON_WRITER(&out);

    strbuf_printf(&name, "registrar/%s", what);
    json_object_begin(&w);
    json_member_string(&w, "name", name.data);
    json_member_double(&w, "value", value);
    json_member_string(&w, "unit", unit);
    json_object_end(&w);
    puts(out.data);
}

static double
cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static size_t
memory_used(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void
format_id(char id[64], size_t i)
{
    snprintf(id, 64, "5957c02e-3d4d-4118-9e3e-626574426d3f-S%zu", i);
}

/* All agents in an order that looks like chance. */
static size_t
shuffled(size_t i)
{
    return i * 27449 % N_AGENTS;
}

static struct message *
make_change(const char *kind, size_t i, bool with_info)
{
    autofini(strbuf) json = STRBUF(4096);
    struct message *change;
    struct error *error;
    char id[64];

    format_id(id, i);
    if (with_info) {
        strbuf_printf(&json, "{\"%s\":{\"info\":{\"hostname\":\"localhost\","
                      "\"id\":{\"value\":\"%s\"},\"resources\":["
                      "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{"
                      "\"value\":1}},{\"name\":\"mem\",\"type\":\"SCALAR\","
                      "\"scalar\":{\"value\":512}},{\"name\":\"disk\","
                      "\"type\":\"SCALAR\",\"scalar\":{\"value\":2048}}],"
                      "\"attributes\":[{\"name\":\"foo\",\"type\":\"TEXT\","
                      "\"text\":{\"value\":\"bar\"}},{\"name\":\"baz\","
                      "\"type\":\"TEXT\",\"text\":{\"value\":\"quux\"}}]}}}",
                      kind, id);
    } else {
        strbuf_printf(&json, "{\"%s\":{\"agent_id\":{\"value\":\"%s\"},"
                      "\"timestamp\":{\"nanoseconds\":1795221640876837120}}}",
                      kind, id);
    }
    error = message_decode_json(&internal__registry_change__descriptor,
                                json.data, json.len, &change);
    if (error) {
        fprintf(stderr, "%s\n", error_text(error));
        abort();
    }
    return change;
}

struct times {
    double sum, worst;
};

/* A change as the registrar makes it: it is also written down. */
static void
apply(struct registry *r, struct message *change, struct times *times)
{
    autofini(strbuf) entry = STRBUF(STRBUF_UNLIMITED);
    struct registry_effect effect;
    double begin = cpu_seconds(), took;

    parts_start(&entry);
    registry_encode_change(message_root(change), &entry);
    if (registry_apply(r, message_root(change), &effect)
        || !effect.has_changed) {
        fprintf(stderr, "a change was not made\n");
        abort();
    }
    took = cpu_seconds() - begin;
    times->sum += took;
    if (took > times->worst) {
        times->worst = took;
    }
}

static void
run(struct registry *r, const char *what, const char *kind, bool with_info,
    bool in_order)
{
    autofini(strbuf) name = STRBUF(128);
    struct times times = { 0, 0 };

    for (size_t i = 0; i < N_AGENTS; i++) {
        struct message *change = make_change(kind, in_order ? i : shuffled(i),
                                             with_info);

        apply(r, change, &times);
        message_unref(change);
    }
    strbuf_printf(&name, "%s/mean", what);
    print(name.data, times.sum / N_AGENTS * 1e6, "us");
    strbuf_clear(&name);
    strbuf_printf(&name, "%s/worst", what);
    print(name.data, times.worst * 1e3, "ms");
}

/* Every second one, in one change. */
static void
prune(struct registry *r)
{
    struct message *m =
        message_create(&internal__registry_change__descriptor);
    Internal__RegistryChange *change = message_root(m);
    struct times times = { 0, 0 };
    char id[64];

    change->prune =
        message_new(m, &internal__registry_change__prune__descriptor);
    change->prune->unreachable =
        message_array(m, N_AGENTS / 2, sizeof *change->prune->unreachable);
    change->prune->n_unreachable = N_AGENTS / 2;
    for (size_t i = 0; i < N_AGENTS / 2; i++) {
        format_id(id, 2 * i);
        change->prune->unreachable[i] =
            message_new(m, &v1__agent_id__descriptor);
        change->prune->unreachable[i]->value = message_strdup(m, id);
    }
    apply(r, m, &times);
    message_unref(m);
    print("prune_half/whole", times.sum * 1e3, "ms");
}

static void
snapshot(const struct registry *r)
{
    autofini(strbuf) bytes = STRBUF(STRBUF_UNLIMITED);
    struct registry *again = NULL;
    double begin = cpu_seconds();

    registry_encode(r, &bytes);
    print("snapshot/write", (cpu_seconds() - begin) * 1e3, "ms");
    print("snapshot/size", (double) bytes.len / 1e6, "MB");
    begin = cpu_seconds();
    if (registry_decode(bytes.data, bytes.len, &again)) {
        abort();
    }
    print("snapshot/read", (cpu_seconds() - begin) * 1e3, "ms");
    registry_destroy(again);
}

int
main(void)
{
    size_t before = memory_used();
    struct registry *r = registry_create();

    run(r, "admit", "admit_agent", true, true);
    print("memory", (double) (memory_used() - before) / 1e6, "MB");
    snapshot(r);
    run(r, "unreachable", "mark_agent_unreachable", false, false);
    run(r, "reachable", "mark_agent_reachable", true, false);
    run(r, "unreachable_again", "mark_agent_unreachable", false, false);
    prune(r);
    registry_destroy(r);
    return 0;
}
