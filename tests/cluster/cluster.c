/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster.c - a whole cluster in one thread: its master, its agents, and what
 * goes wrong with them. */
#include <config.h>

#include "tests/cluster/cluster.h"

#include <check.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/messages.h"
#include "tests/cluster/private.h"
#include "tests/lib/fake_process.h"
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)

/* All have registered by then, whatever pause they chose. */
#define START_TIME (10 * SECOND)

/* --- systems --- */

struct actor_system *
cluster_add_system(struct cluster *c, struct fake_process *processes,
                   const struct address *address)
{
    struct actor_backend backend = {
        .process = processes ? &fake_process_ops : NULL,
        .process_ctx = processes,
    };
    struct actor_system_options options = {
        .messages = proto_messages, .n_messages = proto_n_messages,
        .backend = &backend, .seed = ++c->seed,
    };

    return address ? multi_system_add_at(c->systems, address, &options)
                   : multi_system_add(c->systems, &options);
}

void
cluster_advance(struct cluster *c, int64_t ns)
{
    multi_system_advance(c->systems, ns);
}

/* --- the master --- */

static void
start_master(struct cluster *c)
{
    struct address address = {
        .family = ADDRESS_IPV4, .ip = { 10, 1, 0, 1 }, .port = 5050,
    };

    c->master = cluster_add_system(c, NULL, &address);
    c->master_address = *actor_system_address(c->master);
    ck_assert_ptr_null(master_start(c->master, &c->master_flags,
                                    &c->master_upid));
}

void
cluster_restart_master(struct cluster *c)
{
    multi_system_remove(c->systems, c->master);
    start_master(c);
    multi_system_run(c->systems);
}

double
cluster_metric(struct cluster *c, const char *key)
{
    double value = -1;

    ck_assert_msg(metrics_get(actor_system_metrics(c->master), key, &value),
                  "the master has no metric '%s'", key);
    return value;
}

/* --- agents --- */

static void
load_flags(struct cluster_agent *agent)
{
    autofree char *work_dir = xasprintf("--work_dir=%s", agent->work_dir);
    autofree char *resources =
        xasprintf("--resources=cpus:%d;mem:1024;disk:1024",
                  CLUSTER_AGENT_CPUS);
    char *argv[] = {
        (char *) "mesos-agent", work_dir, resources,
        (char *) "--no-switch_user", (char *) "--hostname=here",
        (char *) "--launcher_dir=/bin/..", NULL,
    };

    ck_assert_ptr_null(flags_load(agent_flag_table, agent_n_flags,
                                  &agent->flags, 6, argv, NULL, NULL));
}

static void
start_agent(struct cluster *c, struct cluster_agent *agent)
{
    struct upid upid;

    agent->cluster = c;
    agent->work_dir = test_temp_dir();
    load_flags(agent);
    agent->processes = fake_process_create();
    cluster_watch_agent(agent);
    agent->system = cluster_add_system(c, agent->processes, NULL);
    agent->address = *actor_system_address(agent->system);
    ck_assert_ptr_null(agent_start(agent->system, &agent->flags,
                                   &c->master_upid, &upid));
}

static void
fini_agent(struct cluster_agent *agent)
{
    fake_process_destroy(agent->processes);
    flags_fini(agent_flag_table, agent_n_flags, &agent->flags);
    free(agent->work_dir);
}

void
cluster_kill_agent(struct cluster *c, size_t i)
{
    multi_system_remove(c->systems, steal(c->agents[i].system));
}

void
cluster_pause_agent(struct cluster *c, size_t i, bool pause)
{
    multi_system_pause(c->systems, c->agents[i].system, pause);
    multi_system_run(c->systems);
}

/* --- links --- */

/* Not run on, so that it may be called in the middle of things. */
void
cluster_cut_agent(struct cluster *c, size_t i, bool cut)
{
    memory_net_cut(multi_system_net(c->systems), &c->master_address,
                   &c->agents[i].address, cut);
}

void
cluster_cut_framework(struct cluster *c, bool cut)
{
    memory_net_cut(multi_system_net(c->systems), &c->master_address,
                   &c->framework_address, cut);
}

/* --- life --- */

struct cluster *
cluster_start(const struct cluster_options *options)
{
    static const struct log_options quiet = {
        .program = "test_cluster", .quiet = true,
    };
    struct cluster *c = xcalloc(1, sizeof *c);

    if (!getenv("CLUSTER_LOG")) {
        error_drop(log_init(&quiet));
    }
    c->seed = options->seed << 32;
    c->trace = FNV_START;
    c->n_agents = options->n_agents;
    c->systems = multi_system_create();
    multi_system_on_quiet(c->systems, cluster_tend_executors, c);
    master_flags_init(&c->master_flags);
    c->master_flags.hostname = xstrdup("here");
    start_master(c);
    for (size_t i = 0; i < c->n_agents; i++) {
        start_agent(c, &c->agents[i]);
    }
    cluster_start_framework(c, options);
    cluster_advance(c, START_TIME);
    return c;
}

void
cluster_stop(struct cluster *c)
{
    multi_system_on_quiet(c->systems, NULL, NULL);
    cluster_stop_framework(c);
    multi_system_destroy(c->systems);
    cluster_free_executors(c);
    for (size_t i = 0; i < c->n_agents; i++) {
        fini_agent(&c->agents[i]);
    }
    master_flags_fini(&c->master_flags);
    free(c);
}

uint64_t
cluster_trace(const struct cluster *c)
{
    return c->trace;
}
