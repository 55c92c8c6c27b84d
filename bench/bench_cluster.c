/* SPDX-License-Identifier: Apache-2.0
 *
 * bench_cluster.c - a master, an agent and commands as real processes on
 * loopback: how soon they are up, how soon tasks run and are reported, how
 * many go through, and what it all weighs.
 *
 * The programs are those of the build tree, $top_builddir.  A line has the
 * bar that the figure is held to.
 *
 * Thread: the driver's callbacks run the scenario; main waits for its end. */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dirent.h>

#include <actor/alloc.h>
#include <actor/compiler.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/system.h>
#include <mesos/scheduler.h>

#include "bench/daemons.h"
#include "model/resources.h"
#include "model/task_state.h"
#include "proto/mesos/v1/mesos.pb-c.h"

/* Tasks one after another, tasks in one accept, runs of mesos-execute. */
#define N_SINGLE 200
#define N_TOGETHER 200
#define N_EXECUTE 30

/* Whether agents keep what they would need after a restart, which users of
 * services want.  --no-checkpoint: they do not. */
static bool checkpoint = true;

/* --- results --- */

static int
compare(const void *a_, const void *b_)
{
    const int64_t *a = a_;
    const int64_t *b = b_;

    return (*a > *b) - (*a < *b);
}

static double
quantile_ms(int64_t *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, compare);
    return (double) values[(size_t) (q * (double) (n - 1))] / MILLISECOND;
}

/* --- processes --- */

/* A process whose parent is 'parent'; 0 if there is none. */
static pid_t
find_child(pid_t parent)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    while (proc && !found && (entry = readdir(proc))) {
        autofree char *path = xasprintf("/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "re");
        char line[512] = "";
        char *end;

        if (!file) {
            continue;
        }
        /* "pid (name) state ppid ...": the name may have anything in it. */
        end = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
        if (end && strlen(end) > 4 && strtol(end + 4, NULL, 10) == parent) {
            found = (pid_t) strtol(entry->d_name, NULL, 10);
        }
        fclose(file);
    }
    if (proc) {
        closedir(proc);
    }
    return found;
}

/* --- the scenario: single tasks, many at once, one that stays --- */

enum phase { SINGLE, TOGETHER, STAYING };

struct scenario {
    enum phase phase;
    char *program;              /* ourselves, which stamps and ends */
    char *stamp;                /* file with the time a task ended */
    bool is_waiting;            /* for the end of what was launched */
    unsigned n_singles, n_running, n_finished;
    int64_t begin_ns;           /* of the phase */
    int64_t accepted_ns;
    int64_t to_running[N_SINGLE];
    int64_t to_finished[N_SINGLE];
    struct actor_gate *done;    /* one task is there to stay */
};

/* What a task runs: leaves the time in a file as its last deed. */
static int
leave_stamp(const char *path)
{
    autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int64_t now = bench_now_ns();

    return write(fd, &now, sizeof now) == (ssize_t) sizeof now ? 0 : 1;
}

static int64_t
read_stamp(const char *path)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    int64_t stamp = 0;

    bench_must(read(fd, &stamp, sizeof stamp) == (ssize_t) sizeof stamp, path);
    return stamp;
}

static V1__CommandInfo *
make_command(struct message *m, const struct scenario *s)
{
    V1__CommandInfo *command = message_new(m, &v1__command_info__descriptor);

    if (s->phase == SINGLE) {
        command->has_shell = true;
        command->shell = false;
        command->value = message_strdup(m, s->program);
        command->arguments = message_array(m, 3, sizeof *command->arguments);
        command->arguments[0] = command->value;
        command->arguments[1] = message_strdup(m, "--stamp");
        command->arguments[2] = message_strdup(m, s->stamp);
        command->n_arguments = 3;
    } else {
        command->value = message_strdup(
            m, s->phase == TOGETHER ? "true" : "exec sleep 1000");
    }
    return command;
}

static V1__TaskInfo *
make_task(struct message *m, const struct scenario *s, unsigned number,
          const V1__Offer *offer, const struct resources *part)
{
    V1__TaskInfo *task = message_new(m, &v1__task_info__descriptor);

    task->name = message_printf(m, "task-%d-%u", (int) s->phase, number);
    task->task_id = message_new(m, &v1__task_id__descriptor);
    task->task_id->value = task->name;
    task->agent_id = message_copy(m, &offer->agent_id->base);
    task->command = make_command(m, s);
    resources_encode(part, m, &task->resources, &task->n_resources);
    return task;
}

static void
launch(struct mesos_scheduler_driver *driver, struct scenario *s,
       const V1__Offer *offer, unsigned first, unsigned n)
{
    autodestroy(message) *m = message_create(&v1__offer__descriptor);
    autofini(resources) part = { 0 };
    V1__Filters filters = V1__FILTERS__INIT;
    const V1__TaskInfo *tasks[N_TOGETHER];
    const V1__OfferID *offer_id = offer->id;

    bench_must(!resources_parse("cpus:0.1;mem:32", "*", &part), "resources");
    resources_set_allocation(&part, "*");
    for (unsigned i = 0; i < n; i++) {
        tasks[i] = make_task(m, s, first + i, offer, &part);
    }
    filters.has_refuse_seconds = true;
    filters.refuse_seconds = 0;
    s->is_waiting = true;
    s->accepted_ns = bench_now_ns();
    mesos_scheduler_driver_launch_tasks(driver, &offer_id, 1, tasks, n,
                                        &filters);
}

static bool
is_big_enough(const V1__Offer *offer)
{
    autofini(resources) r = { 0 };

    bench_must(!resources_decode(offer->resources, offer->n_resources, &r),
         "an offer is invalid");
    return resources_cpus(&r) >= N_TOGETHER * 100;
}

static void
on_offers(struct mesos_scheduler_driver *driver, void *s_,
          const V1__Offer *const *offers, size_t n_offers)
{
    struct scenario *s = s_;
    V1__Filters none = V1__FILTERS__INIT;

    none.has_refuse_seconds = true;
    none.refuse_seconds = 0;
    for (size_t i = 0; i < n_offers; i++) {
        if (s->is_waiting || !is_big_enough(offers[i])) {
            mesos_scheduler_driver_decline_offer(
                driver, offers[i]->id, s->is_waiting ? NULL : &none);
        } else if (s->phase == SINGLE) {
            s->begin_ns = s->n_singles == 0 ? bench_now_ns() : s->begin_ns;
            launch(driver, s, offers[i], s->n_singles, 1);
        } else {
            s->begin_ns = bench_now_ns();
            launch(driver, s, offers[i], 0,
                   s->phase == TOGETHER ? N_TOGETHER : 1);
        }
    }
}

static double
per_second(const struct scenario *s, unsigned n)
{
    return n / duration_to_seconds(bench_now_ns() - s->begin_ns);
}

static void
finish_single(struct mesos_scheduler_driver *driver, struct scenario *s)
{
    s->to_finished[s->n_singles++] = bench_now_ns() - read_stamp(s->stamp);
    s->is_waiting = false;
    if (s->n_singles == N_SINGLE) {
        bench_print("one_after_another", per_second(s, N_SINGLE), "tasks/s",
                    50);
        s->phase = TOGETHER;
    }
    mesos_scheduler_driver_revive_offers(driver, NULL, 0);
}

static void
finish_one_of_many(struct mesos_scheduler_driver *driver, struct scenario *s)
{
    if (++s->n_finished == N_TOGETHER) {
        bench_print("200_in_one_accept", per_second(s, N_TOGETHER),
                    "tasks/s", 200);
        s->phase = STAYING;
        s->is_waiting = false;
        mesos_scheduler_driver_revive_offers(driver, NULL, 0);
    }
}

static void
on_status(struct mesos_scheduler_driver *driver, void *s_,
          const V1__TaskStatus *status)
{
    struct scenario *s = s_;

    if (status->state == V1__TASK_STATE__TASK_RUNNING) {
        if (s->phase == SINGLE) {
            s->to_running[s->n_singles] = bench_now_ns() - s->accepted_ns;
        } else if (s->phase == STAYING) {
            actor_gate_open(s->done);
        }
    } else if (status->state == V1__TASK_STATE__TASK_FINISHED) {
        if (s->phase == SINGLE) {
            finish_single(driver, s);
        } else {
            finish_one_of_many(driver, s);
        }
    } else {
        bench_must(!task_state_is_terminal((int) status->state),
             status->message ? status->message : "a task went wrong");
    }
}

static void
on_error(struct mesos_scheduler_driver *driver, void *s, const char *message)
{
    (void) driver;
    (void) s;
    bench_must(false, message);
}

static struct mesos_scheduler_driver *
run_scenario(struct scenario *s, const char *master)
{
    static const struct mesos_scheduler_callbacks callbacks = {
        .size = sizeof callbacks,
        .resource_offers = on_offers,
        .status_update = on_status,
        .error = on_error,
    };
    V1__FrameworkInfo framework = V1__FRAMEWORK_INFO__INIT;
    struct mesos_scheduler_options options = {
        .size = sizeof options, .callbacks = &callbacks, .user = s,
        .framework = &framework, .master = master,
    };

    framework.user = (char *) "";
    framework.name = (char *) "bench_cluster";
    framework.has_checkpoint = true;
    framework.checkpoint = checkpoint;
    struct mesos_scheduler_driver *driver =
        mesos_scheduler_driver_create(&options);

    bench_must(mesos_scheduler_driver_start(driver) == MESOS_DRIVER_RUNNING,
         "the driver does not start");
    bench_must(actor_gate_wait(s->done, 4 * BENCH_PATIENCE),
               "the scenario is stuck");
    bench_print("accept_to_running_p50",
                quantile_ms(s->to_running, N_SINGLE, 0.5), "ms", 10);
    bench_print("accept_to_running_p99",
                quantile_ms(s->to_running, N_SINGLE, 0.99), "ms", 30);
    bench_print("exit_to_finished_p50",
                quantile_ms(s->to_finished, N_SINGLE, 0.5), "ms", 5);
    return driver;
}

/* --- mesos-execute --- */

static void
time_execute(char *master_flag)
{
    char *flags[] = { master_flag, (char *) "--name=echo",
                      (char *) "--command=echo hello",
                      (char *) "--resources=cpus:0.1;mem:32", NULL };
    int64_t times[N_EXECUTE];

    for (size_t i = 0; i < N_EXECUTE; i++) {
        int64_t begin_ns = bench_now_ns();
        pid_t pid;

        pid = bench_start("cli/mesos-execute", "execute.log", flags);
        bench_must(bench_wait(pid) == 0, "mesos-execute failed");
        times[i] = bench_now_ns() - begin_ns;
    }
    bench_print("mesos_execute_echo_p50",
                quantile_ms(times, N_EXECUTE, 0.5), "ms", 80);
    bench_print("mesos_execute_echo_max",
                quantile_ms(times, N_EXECUTE, 1), "ms", 80);
}

/* --- all of it --- */

struct daemons {
    pid_t master, agent;
    char *master_address;       /* owned */
};

static void
start_daemons(struct daemons *d)
{
    uint16_t master_port = bench_free_port();
    uint16_t agent_port = bench_free_port();
    autofree char *port = xasprintf("--port=%u", master_port);
    autofree char *agent_port_flag = xasprintf("--port=%u", agent_port);
    autofree char *work = xasprintf("--work_dir=%s/master",
                                    bench_directory());
    autofree char *agent_work = xasprintf("--work_dir=%s/agent",
                                          bench_directory());
    autofree char *launcher = xasprintf("--launcher_dir=%s/executor",
                                        bench_build());
    autofree char *master = xasprintf("--master=127.0.0.1:%u", master_port);
    char *master_flags[] = { (char *) "--ip=127.0.0.1", port, work, NULL };
    char *agent_flags[] = {
        (char *) "--ip=127.0.0.1", agent_port_flag, agent_work, launcher,
        master, (char *) "--resources=cpus:1000;mem:1000000",
        (char *) "--registration_backoff_factor=1ms", NULL,
    };
    int64_t begin_ns = bench_now_ns();

    d->master_address = xasprintf("127.0.0.1:%u", master_port);
    d->master = bench_start("master/mesos-master", "master.log", master_flags);
    bench_print("start/master",
          (double) bench_time_to_answer(master_port, "/health", "", begin_ns)
              / MILLISECOND,
          "ms", 50);
    begin_ns = bench_now_ns();
    d->agent = bench_start("agent/mesos-agent", "agent.log", agent_flags);
    bench_print("start/agent",
          (double) bench_time_to_answer(master_port, "/slaves", "slave(1)@",
                                  begin_ns)
              / MILLISECOND,
          "ms", 100);
}

static void
measure(char *program)
{
    struct daemons d;
    struct scenario s = {
        .program = program,
        .stamp = xasprintf("%s/stamp", bench_directory()),
        .done = actor_gate_create(),
    };

    start_daemons(&d);
    bench_print_memory("idle/master", d.master, 12, 4);
    bench_print_memory("idle/agent", d.agent, 10, 3);
    struct mesos_scheduler_driver *driver =
        run_scenario(&s, d.master_address);
    pid_t executor = find_child(d.agent);

    bench_must(executor != 0, "no executor is there");
    bench_print_memory("used/master", d.master, 12, 4);
    bench_print_memory("used/agent", d.agent, 10, 3);
    bench_print_memory("command_executor", executor, 2.5, 0.6);
    (void) mesos_scheduler_driver_stop(driver, false);
    (void) mesos_scheduler_driver_join(driver);
    mesos_scheduler_driver_destroy(driver);

    autofree char *flag = xasprintf("--master=%s", d.master_address);

    time_execute(flag);
    kill(d.agent, SIGTERM);
    kill(d.master, SIGTERM);
    (void) bench_wait(d.agent);
    (void) bench_wait(d.master);
    actor_gate_destroy(s.done);
    free(s.stamp);
    free(d.master_address);
}

int
main(int argc, char *argv[])
{
    const struct log_options quiet = { .program = "bench_cluster",
                                       .level = LOG_SEVERITY_FATAL,
                                       .quiet = true };
    char program[4096] = "";

    if (argc == 3 && !strcmp(argv[1], "--stamp")) {
        return leave_stamp(argv[2]);
    }
    checkpoint = argc < 2 || strcmp(argv[1], "--no-checkpoint") != 0;
    bench_init("cluster");
    bench_must(readlink("/proc/self/exe", program, sizeof program - 1) > 0,
         "who am I");
    setenv("LIBPROCESS_IP", "127.0.0.1", 1);

    /* The driver's log is not a result. */
    bench_must(!log_init(&quiet), "log_init");
    measure(program);
    bench_remove_directory();
    return EXIT_SUCCESS;
}
