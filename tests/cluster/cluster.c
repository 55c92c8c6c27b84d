/* SPDX-License-Identifier: Apache-2.0
 *
 * cluster.c - a whole cluster in a world: its masters, its agents, and what
 * goes wrong with them. */
#include <config.h>

#include "tests/cluster/cluster.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/flags.h>
#include <actor/log.h>
#include <actor/metrics.h>
#include <actor/system.h>

#include "proto/messages.h"
#include "tests/cluster/private.h"

/* All have registered by then, whatever pause they chose. */
#define START_TIME (10 * SECOND)
#define NEVER (INT64_MAX / 2)

#define MASTER_PORT 5050
#define AGENT_PORT 5051

/* The one that runs in this thread; a world knows nothing of clusters. */
static _Thread_local struct cluster *here;

void
cluster_must(struct error *error)
{
    CHECK(!error, "%s", error_text(error));
}

struct cluster *
cluster_of(const struct sim_process *p)
{
    CHECK(here && here->sim == sim_process_sim(p));
    return here;
}

void
cluster_advance(struct cluster *c, int64_t ns)
{
    sim_run(c->sim, ns);
}

struct sim *
cluster_sim(struct cluster *c)
{
    return c->sim;
}

/* --- masters --- */

static struct error *
master_program_start(struct sim_process *p)
{
    struct cluster *c = cluster_of(p);
    struct master_options options_of_master = { .flags = &c->master_flags };
    struct upid election;
    struct actor_system_options options = {
        .listen.port = MASTER_PORT, .delegate = "master",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system;
    struct upid upid;
    struct error *error = sim_process_open(p, &options, &system);

    if (!error && c->options->appointed) {
        error = cluster_start_detector(p, &election);
        options_of_master.contender = options_of_master.detector = &election;
    }
    return error ? error
                 : master_start_with(system, &options_of_master, &upid);
}

/* Ends the process when the master has ended by itself, as the program's main
 * does. */
static void
master_program_turned(struct sim_process *p)
{
    struct actor_system *system = sim_process_system(p);
    struct cluster *c = cluster_of(p);

    for (size_t i = 0; system && i < c->n_masters; i++) {
        if (c->masters[i].host == sim_process_host(p)
            && !cluster_find_actor(system, &c->masters[i].upid)) {
            sim_process_exit(p, 1);
            return;
        }
    }
}

static const struct sim_program master_program = {
    .name = "mesos-master", .start = master_program_start,
    .turned = master_program_turned,
};

static void
add_master(struct cluster *c, size_t i)
{
    struct cluster_master *master = &c->masters[i];
    autofree char *name = xasprintf("master-%zu", i);

    master->host = sim_add_host(c->sim, name);
    master->address = *sim_host_address(master->host);
    master->address.port = MASTER_PORT;
    cluster_must(upid_make("master", &master->address, &master->upid));
    CHECK(actor_disk_make_path(sim_host_disk(master->host), "/var/lib", 0755)
          == 0);
    sim_add_service(master->host, "mesos-master",
                    (char *[]) { (char *) "mesos-master", NULL });
}

static struct actor_system *
master_system(struct cluster *c)
{
    struct sim_process *p = sim_service(c->masters[c->leader].host, "mesos-master");

    CHECK(p && sim_process_system(p), "the master does not run");
    return sim_process_system(p);
}

void
cluster_restart_master(struct cluster *c)
{
    sim_service_kill(c->masters[c->leader].host, "mesos-master", 0);
}

double
cluster_metric(struct cluster *c, const char *key)
{
    double value = -1;

    CHECK(metrics_get(actor_system_metrics(master_system(c)), key,
                              &value),
                  "the master has no metric '%s'", key);
    return value;
}

/* --- agents --- */

static struct cluster_agent *
agent_of(struct cluster *c, const struct sim_host *host)
{
    for (size_t i = 0; i < c->n_agents; i++) {
        if (c->agents[i].host == host) {
            return &c->agents[i];
        }
    }
    UNREACHABLE();
}

static void agent_failed(void *process, const char *why);

static struct error *
agent_program_start(struct sim_process *p)
{
    struct cluster_agent *agent = agent_of(cluster_of(p),
                                           sim_process_host(p));
    struct actor_system_options options = {
        .listen.port = AGENT_PORT, .delegate = "slave(1)",
        .messages = proto_messages, .n_messages = proto_n_messages,
    };
    struct actor_system *system;
    struct upid upid, detector;
    struct error *error = sim_process_open(p, &options, &system);

    struct agent_options agent_options = {
        .flags = &agent->flags, .master = &agent->master->upid,
        .on_failure = agent_failed, .aux = p,
    };
    if (!error && cluster_of(p)->options->appointed) {
        error = cluster_start_detector(p, &detector);
        agent_options.detector = &detector;
    }
    return error ? error : agent_start_with(system, &agent_options, &upid);
}

/* As mesos-agent does. */
static void
agent_failed(void *process, const char *why)
{
    struct sim_process *p = process;

    sim_note(sim_process_sim(p), why, "agent", 0, 0);
    sim_process_exit(p, W_EXITCODE(1, 0));
}

/* It has ended as it was told to. */
static void
agent_program_turned(struct sim_process *p)
{
    struct actor_system *system = sim_process_system(p);
    struct upid upid;

    if (!system) {
        return;
    }
    cluster_must(upid_make("slave(1)", actor_system_address(system), &upid));
    if (!cluster_find_actor(system, &upid)) {
        sim_process_exit(p, 0);
    }
}

static const struct sim_program agent_program = {
    .name = "mesos-agent", .start = agent_program_start,
    .turned = agent_program_turned,
};

static void
load_flags(struct cluster_agent *agent)
{
    autofree char *resources =
        xasprintf("--resources=cpus:%d;mem:1024;disk:1024",
                  CLUSTER_AGENT_CPUS);
    char *argv[] = {
        (char *) "mesos-agent", (char *) "--work_dir=/var/lib/mesos",
        resources, (char *) "--no-switch_user", (char *) "--hostname=here",
        (char *) "--launcher_dir=/usr/libexec/mesos", NULL,
    };

    cluster_must(flags_load(agent_flag_table, agent_n_flags,
                                  &agent->flags, 6, argv, NULL, NULL));
}

static void
add_agent(struct cluster *c, size_t i)
{
    struct cluster_agent *agent = &c->agents[i];
    autofree char *name = xasprintf("agent-%zu", i);

    load_flags(agent);
    agent->master = &c->masters[i % c->n_masters];
    agent->host = sim_add_host(c->sim, name);
    CHECK(actor_disk_make_path(sim_host_disk(agent->host), "/var/lib", 0755)
          == 0);
    sim_add_service(agent->host, "mesos-agent",
                    (char *[]) { (char *) "mesos-agent", NULL });
}

void
cluster_pause_agent(struct cluster *c, size_t i, bool pause)
{
    struct sim_process *p = sim_service(c->agents[i].host, "mesos-agent");

    CHECK(p != NULL, "agent %zu does not run", i);
    sim_process_pause(p, pause ? NEVER : 0);
}

void
cluster_kill_agent(struct cluster *c, size_t i, int64_t ns)
{
    sim_service_kill(c->agents[i].host, "mesos-agent", ns);
}

void
cluster_crash_agent(struct cluster *c, size_t i, int64_t ns)
{
    sim_host_crash(c->agents[i].host, ns);
}

/* --- links --- */

void
cluster_cut_agent(struct cluster *c, size_t i, bool cut)
{
    sim_cut(c->agents[i].master->host, c->agents[i].host, cut);
}

/* --- the framework --- */

static void
add_framework(struct cluster *c)
{
    c->framework_host = sim_add_host(c->sim, "framework");
    sim_add_service(c->framework_host, "framework",
                    (char *[]) { (char *) "framework", NULL });
    if (c->options->has_standby) {
        c->standby_host = sim_add_host(c->sim, "standby");
        sim_add_service(c->standby_host, "framework",
                        (char *[]) { (char *) "framework", NULL });
    }
}

void
cluster_kill_framework(struct cluster *c)
{
    sim_service_kill(c->framework_host, "framework", NEVER);
}

/* --- life --- */

static void
add_hosts(struct cluster *c)
{
    for (size_t i = 0; i < c->n_masters; i++) {
        add_master(c, i);
    }
    add_framework(c);
    for (size_t i = 0; i < c->n_agents; i++) {
        add_agent(c, i);
    }
}

struct cluster *
cluster_start(const struct cluster_options *options)
{
    static const struct log_options quiet = {
        .program = "test_cluster", .quiet = true,
    };
    const struct sim_options world = {
        .seed = options->seed, .trace = options->trace, .aux = options->aux,
    };
    struct cluster *c = xcalloc(1, sizeof *c);

    if (!getenv("CLUSTER_LOG") && !options->trace) {
        error_drop(log_init(&quiet));
    }
    CHECK(options->n_agents <= CLUSTER_MAX_AGENTS);
    CHECK(options->n_masters <= CLUSTER_MAX_MASTERS);
    here = c;
    c->own_options = *options;
    c->options = &c->own_options;
    c->n_agents = options->n_agents;
    c->n_masters = options->n_masters > 0 ? options->n_masters : 1;
    c->sim = sim_create(&world);
    sim_add_program(c->sim, &master_program);
    sim_add_program(c->sim, &agent_program);
    sim_add_program(c->sim, &cluster_framework_program);
    sim_add_program(c->sim, &cluster_executor_program);
    sim_add_program(c->sim, &cluster_default_executor_program);
    sim_add_program(c->sim, &cluster_command_program);
    master_flags_init(&c->master_flags);
    c->master_flags.hostname = xstrdup("here");
    c->master_flags.work_dir = xstrdup("/var/lib/mesos");
    add_hosts(c);
    sim_watch(c->sim, options->watch, c);
    cluster_advance(c, START_TIME);
    return c;
}

void
cluster_stop(struct cluster *c)
{
    sim_destroy(c->sim);
    cluster_free_tasks(c);
    for (size_t i = 0; i < c->n_agents; i++) {
        flags_fini(agent_flag_table, agent_n_flags, &c->agents[i].flags);
    }
    master_flags_fini(&c->master_flags);
    error_destroy(c->broken);
    free(c);
    here = NULL;
}
