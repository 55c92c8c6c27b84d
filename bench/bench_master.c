/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_master.c - a real master with ten thousand agents that are actors of
 * one other process (load_agents.h): how many tasks it accepts in a second,
 * what it keeps of each agent and task, and how soon it has them all again
 * after it was killed.
 *
 * The load has one processor, the master what is left. */
#include <config.h>

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/upid.h>

#include "bench/daemons.h"
#include "bench/load_agents.h"

#define N_AGENTS 10000
#define N_TASKS_EACH 10
#define N_TASKS (N_AGENTS * N_TASKS_EACH)

static pid_t
start_master(uint16_t port)
{
    autofree char *port_flag = xasprintf("--port=%u", port);
    autofree char *work = xasprintf("--work_dir=%s/master",
                                    bench_directory());
    char *flags[] = { (char *) "--ip=127.0.0.1", port_flag, work,
                      (char *) "--logging_level=ERROR", NULL };
    int64_t begin_ns = bench_now_ns();
    pid_t pid = bench_start("master/mesos-master", "master.log", flags);

    (void) bench_time_to_answer(port, "/health", "", begin_ns);
    return pid;
}

static double
seconds(int64_t ns)
{
    return (double) ns / SECOND;
}

static void
measure_launches(struct load *load, pid_t master)
{
    double before = bench_memory_mb(master, "Anonymous:");
    double cpu = bench_cpu_seconds(master);
    int64_t end_ns;

    load_launch(load);
    end_ns = bench_now_ns();
    bench_print("launches",
                N_TASKS / seconds(load_ordered_ns(load)
                                  - load_accepted_ns(load)),
                "tasks/s", 20000);
    bench_print("launches_running_and_acknowledged",
                N_TASKS / seconds(end_ns - load_accepted_ns(load)),
                "tasks/s", NAN);
    bench_print("cpu_a_launch",
                (bench_cpu_seconds(master) - cpu) / N_TASKS * 1e6, "us", NAN);
    bench_print("memory/task",
                (bench_memory_mb(master, "Anonymous:") - before) * 1048576
                    / N_TASKS,
                "B", 700);
}

static void
measure_failover(struct load *load, uint16_t port, pid_t *master)
{
    int64_t begin_ns;

    load_expect_return(load);
    kill(*master, SIGKILL);
    (void) bench_wait(*master);
    begin_ns = bench_now_ns();
    *master = start_master(port);
    load_wait_return(load);
    bench_print("failover", seconds(bench_now_ns() - begin_ns), "s", 2.5);
}

static void
measure(void)
{
    uint16_t port = bench_free_port();
    autofree char *address = xasprintf("master@127.0.0.1:%u", port);
    struct load *load = load_create(N_AGENTS, N_TASKS_EACH);
    pid_t master = start_master(port);
    double before = bench_memory_mb(master, "Anonymous:");
    int64_t begin_ns = bench_now_ns();
    struct upid upid;

    bench_must(!upid_parse(address, &upid), "upid_parse");
    load_register(load, &upid);
    bench_print("registrations",
                N_AGENTS / seconds(bench_now_ns() - begin_ns), "agents/s",
                NAN);
    bench_print("memory/agent",
                (bench_memory_mb(master, "Anonymous:") - before) * 1048576
                    / N_AGENTS,
                "B", 2048);
    measure_launches(load, master);
    measure_failover(load, port, &master);
    begin_ns = bench_now_ns();
    load_finish(load);
    bench_print("ends", N_TASKS / seconds(bench_now_ns() - begin_ns),
                "tasks/s", NAN);
    kill(master, SIGTERM);
    (void) bench_wait(master);
    load_destroy(load);
}

int
main(void)
{
    const struct log_options quiet = { .program = "bench_master",
                                       .level = LOG_SEVERITY_FATAL,
                                       .quiet = true };

    bench_init("master");
    bench_must(!log_init(&quiet), "log_init");
    measure();
    bench_remove_directory();
    return EXIT_SUCCESS;
}
