/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_metrics.c - adding 100,000 counters, and a snapshot of them as JSON.
 *
 * Names come in the order of a running number, and in no order at all.  Of
 * N_ROUNDS the best counts: the others tell about the machine. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <actor/alloc.h>
#include <actor/json.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>

#define N_METRICS 100000
#define N_ROUNDS 5

struct times {
    double add_ms;
    double snapshot_ms;
    double remove_ms;
};

static double
now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec * 1e3 + (double) ts.tv_nsec / 1e6;
}

static void
report(const char *what, const char *order, double ms)
{
    printf("{\"name\":\"metrics: %s %d counters, names %s\","
           "\"value\":%.1f,\"unit\":\"ms\"}\n", what, N_METRICS, order, ms);
}

static char **
make_names(int in_order)
{
    char **names = alloc_array(N_METRICS, sizeof *names);
    uint32_t x = 1;

    for (int i = 0; i < N_METRICS; i++) {
        x = x * 1664525 + 1013904223;
        names[i] = in_order ? xasprintf("master/frameworks/counter_%d", i)
                            : xasprintf("master/frameworks/%u/%d", x, i);
    }
    return names;
}

static struct times
measure(char **names)
{
    struct metrics *metrics = metrics_create();
    struct metric **m = alloc_array(N_METRICS, sizeof *m);
    autofini(strbuf) out = STRBUF(STRBUF_UNLIMITED);
    struct json_writer w = JSON_WRITER(&out);

    double start = now_ms();
    for (int i = 0; i < N_METRICS; i++) {
        m[i] = metrics_add_counter(metrics, names[i]);
    }
    double added = now_ms();
    metrics_write_json(metrics, &w);
    double written = now_ms();
    for (int i = 0; i < N_METRICS; i++) {
        metrics_remove(metrics, &m[i]);
    }
    struct times times = { added - start, written - added,
                           now_ms() - written };
    free(m);
    metrics_destroy(metrics);
    return times;
}

static double
smaller(double a, double b)
{
    return a < b ? a : b;
}

static void
measure_best(const char *order, char **names)
{
    struct times best = measure(names);

    for (int i = 1; i < N_ROUNDS; i++) {
        struct times t = measure(names);
        best.add_ms = smaller(best.add_ms, t.add_ms);
        best.snapshot_ms = smaller(best.snapshot_ms, t.snapshot_ms);
        best.remove_ms = smaller(best.remove_ms, t.remove_ms);
    }
    report("adding", order, best.add_ms);
    report("snapshot of", order, best.snapshot_ms);
    report("removing", order, best.remove_ms);
}

int
main(void)
{
    for (int in_order = 1; in_order >= 0; in_order--) {
        char **names = make_names(in_order);
        measure_best(in_order ? "in order" : "at random", names);
        for (int i = 0; i < N_METRICS; i++) {
            free(names[i]);
        }
        free(names);
    }
    return 0;
}
