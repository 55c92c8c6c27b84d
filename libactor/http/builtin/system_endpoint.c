/* SPDX-License-Identifier: Apache-2.0
 *
 * system_endpoint.c - /system/stats.json and the metrics system/...: load,
 * processors and memory of the host.  Thread: the actor's turn; read_metric()
 * any. */
#include <config.h>

#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/http.h>
#include <actor/json.h>
#include <actor/metrics.h>
#include <actor/strbuf.h>
#include "http/builtin/builtin.h"

enum stat {
    LOAD_1MIN,
    LOAD_5MIN,
    LOAD_15MIN,
    CPUS_TOTAL,
    MEM_TOTAL,
    MEM_FREE,
    N_STATS
};

static const char *const metric_names[N_STATS] = {
    [LOAD_1MIN] = "system/load_1min",
    [LOAD_5MIN] = "system/load_5min",
    [LOAD_15MIN] = "system/load_15min",
    [CPUS_TOTAL] = "system/cpus_total",
    [MEM_TOTAL] = "system/mem_total_bytes",
    [MEM_FREE] = "system/mem_free_bytes",
};

struct system_endpoint {
    struct actor base;
    struct metric *metrics[N_STATS];
};

/* 'aux' is one of metric_names[]. */
static double
read_metric(void *aux)
{
    enum stat stat = (enum stat) ((const char *const *) aux - metric_names);
    double load[3] = { 0 };
    struct sysinfo info;

    switch (stat) {
    case LOAD_1MIN:
    case LOAD_5MIN:
    case LOAD_15MIN:
        (void) !getloadavg(load, 3);
        return load[stat - LOAD_1MIN];
    case CPUS_TOTAL:
        return (double) sysconf(_SC_NPROCESSORS_ONLN);
    case MEM_TOTAL:
        return sysinfo(&info) ? 0 : (double) info.totalram * info.mem_unit;
    case MEM_FREE:
    default:
        return sysinfo(&info) ? 0 : (double) info.freeram * info.mem_unit;
    }
}

static void
write_stats(struct json_writer *w)
{
    struct sysinfo info;
    double load[3];

    if (getloadavg(load, 3) == 3) {
        json_member_double(w, "avg_load_15min", load[2]);
        json_member_double(w, "avg_load_1min", load[0]);
        json_member_double(w, "avg_load_5min", load[1]);
    }
    json_member_int(w, "cpus_total", sysconf(_SC_NPROCESSORS_ONLN));
    if (sysinfo(&info) == 0) {
        uint64_t unit = info.mem_unit;

        json_member_uint(w, "mem_free_bytes", info.freeram * unit);
        json_member_uint(w, "mem_total_bytes", info.totalram * unit);
    }
}

static void
on_stats(struct actor *self UNUSED, struct http_request *request)
{
    autofini(strbuf) body = STRBUF(4096);
    struct json_writer w = JSON_WRITER(&body);

    json_object_begin(&w);
    write_stats(&w);
    json_object_end(&w);
    http_respond_json(&request, &body);
}

static const struct http_route routes[] = {
    {
        "/stats.json", on_stats,
        "Shows local system metrics.",
        "Returns a JSON object with these members, each left out if it "
        "cannot be read:\n\n"
        ">        cpus_total          Processors that are online\n"
        ">        avg_load_1min       Average system load for last minute\n"
        ">        avg_load_5min       Average system load for last 5 "
        "minutes\n"
        ">        avg_load_15min      Average system load for last 15 "
        "minutes\n"
        ">        mem_total_bytes     Memory of the host, in bytes\n"
        ">        mem_free_bytes      Of it free, in bytes",
    },
};

static struct error *
system_endpoint_init(struct actor *self, void *arg UNUSED)
{
    struct system_endpoint *s = (struct system_endpoint *) self;

    for (int i = 0; i < N_STATS; i++) {
        s->metrics[i] = metrics_add_function(actor_metrics(self),
                                             metric_names[i], read_metric,
                                             (void *) &metric_names[i]);
    }
    http_add_routes(self, routes, ARRAY_SIZE(routes));
    return NULL;
}

static void
system_endpoint_fini(struct actor *self)
{
    struct system_endpoint *s = (struct system_endpoint *) self;

    for (int i = 0; i < N_STATS; i++) {
        metrics_remove(actor_metrics(self), &s->metrics[i]);
    }
}

const struct actor_type system_endpoint_type = {
    .name = "system", .size = sizeof(struct system_endpoint),
    .init = system_endpoint_init, .fini = system_endpoint_fini,
};
