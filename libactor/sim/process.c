/* SPDX-License-Identifier: Apache-2.0
 *
 * process.c - simulated operating-system processes.
 *
 * A process runs when something has come for it: bytes, a timer, a child's
 * end, finished work.  It then runs until nothing more is to be done at that
 * instant, and the world goes on.  What it does to others becomes events, so
 * no process ever runs in another's turn. */
#include <config.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/system.h>

#include "sim/private.h"

/* What monotonic clocks show at the beginning. */
#define UPTIME HOUR

/* How long exec, a signal and the news of an end take. */
#define EXEC_MIN (500 * MICROSECOND)
#define EXEC_SPREAD (3 * MILLISECOND)
#define SIGNAL_SPREAD (100 * MICROSECOND)

/* How often one that stands still before it has begun looks whether it may. */
#define START_PERIOD (1 * MILLISECOND)

#define INIT_PID 1

static void on_start(struct sim_event *);
static void on_timer(struct sim_event *);

/* --- life --- */

static char **
copy_strings(char *const *strings)
{
    VEC(char *) copy = VEC_EMPTY;

    for (; strings && *strings; strings++) {
        vec_push(&copy, xstrdup(*strings));
    }
    vec_push(&copy, NULL);
    return copy.data;
}

static void
free_strings(char **strings)
{
    for (char **s = strings; *s; s++) {
        free(*s);
    }
    free(strings);
}

static const struct sim_program *
find_program(struct sim *sim, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    vec_foreach (&sim->programs, it) {
        if (!strcmp((*it)->name, name)) {
            return *it;
        }
    }
    return NULL;
}

void
sim_add_program(struct sim *sim, const struct sim_program *program)
{
    vec_push(&sim->programs, program);
}

struct sim_process *
sim_process_create(struct sim_host *host, const char *path,
                   char *const argv[], char *const envp[])
{
    struct sim *sim = host->sim;
    const struct sim_program *program = find_program(sim, path);

    if (!program) {
        return NULL;
    }
    struct sim_process *p = xcalloc(1, sizeof *p);

    p->sim = sim;
    p->host = host;
    p->program = program;
    p->pid = p->group = ++sim->last_pid;
    p->parent = INIT_PID;
    p->argv = copy_strings(argv);
    p->envp = copy_strings(envp);
    p->is_alive = true;
    p->view = (struct sim_disk_view) { host->disk, p };
    DL_APPEND(host->processes, p);
    sim_note_host(host, program->name, (uint64_t) p->pid, 0);
    sim_schedule(sim, &p->start,
                 EXEC_MIN + (int64_t) sim_below(sim, SIM_STREAM_PROCESS,
                                                EXEC_SPREAD), on_start);
    return p;
}

struct sim_process *
sim_spawn(struct sim_host *host, char *const argv[], char *const envp[])
{
    return sim_process_create(host, argv[0], argv, envp);
}

static void
on_start(struct sim_event *event)
{
    struct sim_process *p = CONTAINER_OF(event, struct sim_process, start);

    if (p->is_stopped) {
        sim_schedule(p->sim, event, START_PERIOD, on_start);
        return;
    }
    struct error *error = p->program->start(p);

    if (error) {
        sim_note_host(p->host, error_text(error), (uint64_t) p->pid, 0);
        error_destroy(error);
        sim_process_end(p, W_EXITCODE(1, 0), false);
        return;
    }
    sim_process_run(p);
}

static void
on_exited(struct sim_event *event)
{
    struct sim_process *p = CONTAINER_OF(event, struct sim_process, exited);
    struct actor_process_watch *watch = steal(p->watch);
    struct sim_process *watcher = steal(p->watcher);

    if (watch) {
        watch->exited(watch, p->parent == watcher->pid ? p->status : -1);
        sim_process_run(watcher);
    }
}

/* Whoever waits is told a little later. */
void
sim_process_tell_watcher(struct sim_process *p)
{
    if (p->watch) {
        sim_schedule(p->sim, &p->exited,
                     (int64_t) sim_below(p->sim, SIM_STREAM_PROCESS,
                                         SIGNAL_SPREAD), on_exited);
    }
}

static void
orphan_children(struct sim_process *p)
{
    struct sim_process *it;

    DL_FOREACH (p->host->processes, it) {
        if (it->parent == p->pid) {
            it->parent = INIT_PID;
        }
    }
}

void
sim_process_end(struct sim_process *p, int status, bool silently)
{
    struct sim *sim = p->sim;

    CHECK(p->is_alive && !p->is_running,
          "a process is ended in its own turn");
    sim_note_host(p->host, "ends", (uint64_t) p->pid, (uint64_t) status);
    p->is_alive = false;
    p->status = status;
    sim_cancel(sim, &p->start);
    sim_cancel(sim, &p->timer);
    sim_cancel(sim, &p->resume);
    sim_cancel(sim, &p->signal);
    sim_work_drop_all(p);
    sim_net_process_ended(p, silently);
    sim_disk_process_ended(p);
    actor_system_destroy(steal(p->system));
    if (p->program->stop) {
        p->program->stop(p);
    }
    orphan_children(p);
    sim_process_tell_watcher(p);
    sim_service_ended(p);
}

void
sim_process_free(struct sim_process *p)
{
    CHECK(!p->is_alive);
    sim_cancel(p->sim, &p->exited);
    DL_DELETE(p->host->processes, p);
    free_strings(p->argv);
    free_strings(p->envp);
    free(p);
}

/* --- running --- */

static void
arm_timer(struct sim_process *p)
{
    int64_t next = p->system ? actor_system_next_timer(p->system) : INT64_MAX;

    if (next == INT64_MAX) {
        sim_cancel(p->sim, &p->timer);
        return;
    }
    next -= UPTIME;
    if (next < p->sim->now) {
        next = p->sim->now;
    }
    if (!sim_is_scheduled(&p->timer) || p->timer_at != next) {
        p->timer_at = next;
        sim_schedule(p->sim, &p->timer, next - p->sim->now, on_timer);
    }
}

void
sim_process_run(struct sim_process *p)
{
    if (!p->is_alive || sim_is_scheduled(&p->start)) {
        return;
    }
    if (p->is_stopped) {
        p->is_due = true;
        return;
    }
    CHECK(!p->is_running);
    p->is_running = true;
    if (p->system) {
        actor_system_run(p->system);
    }
    if (p->program->turned) {
        p->program->turned(p);
    }
    p->is_running = false;
    if (p->is_exiting) {
        sim_process_end(p, p->status, false);
    } else {
        arm_timer(p);
    }
}

static void
on_timer(struct sim_event *event)
{
    sim_process_run(CONTAINER_OF(event, struct sim_process, timer));
}

void
sim_process_touch(struct sim_process *p)
{
    if (p->is_alive && !p->is_running) {
        p->timer_at = p->sim->now;
        sim_schedule(p->sim, &p->timer, 0, on_timer);
    }
}

void
sim_process_exit(struct sim_process *p, int status)
{
    p->is_exiting = true;
    p->status = status;
    sim_process_touch(p);
}

/* --- back ends --- */

static int64_t
clock_now(void *p)
{
    return ((struct sim_process *) p)->sim->now + UPTIME;
}

static int64_t
clock_wall_now(void *p_)
{
    struct sim_process *p = p_;

    return p->sim->now + SIM_WALL_START + p->host->wall_offset;
}

static const struct actor_clock_ops clock_ops = { clock_now, clock_wall_now };

struct error *
sim_process_open(struct sim_process *p,
                 const struct actor_system_options *given,
                 struct actor_system **ret)
{
    const struct actor_backend backend = {
        .clock = &clock_ops, .clock_ctx = p,
        .net = &sim_net_ops, .net_ctx = p,
        .disk = &sim_disk_ops, .disk_ctx = &p->view,
        .process = &sim_process_ops, .process_ctx = p,
        .work = &sim_work_ops, .work_ctx = p,
    };
    struct actor_system_options options = *given;

    CHECK(!p->system);
    options.manual = true;
    options.shuffle = true;
    options.seed = sim_random(p->sim, SIM_STREAM_PROCESS);
    options.backend = &backend;
    options.listen = p->host->address;
    options.listen.port = given->listen.port;
    struct error *error = actor_system_create(&options, &p->system);
    if (!error) {
        *ret = p->system;
    }
    return error;
}

/* --- signals --- */

static void on_signal(struct sim_event *);

static uint64_t
bit(int signal)
{
    return UINT64_C(1) << signal;
}

/* Those that stop a process by default. */
static uint64_t
stops(void)
{
    return bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);
}

/* Those that a process may get now. */
static uint64_t
deliverable(const struct sim_process *p)
{
    return p->is_stopped ? p->pending_signals & (bit(SIGKILL) | bit(SIGCONT))
                         : p->pending_signals;
}

static void
schedule_signal(struct sim_process *p, int64_t delay_ns)
{
    if (deliverable(p) != 0 && !sim_is_scheduled(&p->signal)) {
        sim_schedule(p->sim, &p->signal, delay_ns, on_signal);
    }
}

static void
on_resume(struct sim_event *event)
{
    struct sim_process *p = CONTAINER_OF(event, struct sim_process, resume);

    sim_note_host(p->host, "goes on", (uint64_t) p->pid, 0);
    p->is_stopped = false;
    schedule_signal(p, 0);
    if (p->is_due) {
        p->is_due = false;
        sim_process_run(p);
    }
}

void
sim_process_pause(struct sim_process *p, int64_t ns)
{
    bool is_paused = p->is_stopped && sim_is_scheduled(&p->resume);

    if (!p->is_alive || (p->is_stopped && !is_paused && ns > 0)) {
        return;                 /* SIGCONT is for others to send */
    }
    sim_note_host(p->host, "stands still", (uint64_t) p->pid, (uint64_t) ns);
    p->is_stopped = true;
    sim_schedule(p->sim, &p->resume, ns, on_resume);
}

/* What is done if the program does nothing about it. */
static void
act_by_default(struct sim_process *p, int signal)
{
    switch (signal) {
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        sim_cancel(p->sim, &p->resume);
        p->is_stopped = true;
        break;
    case SIGCONT:
        if (p->is_stopped) {
            sim_schedule(p->sim, &p->resume, 0, on_resume);
        }
        break;
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
        break;
    default:
        sim_process_end(p, W_EXITCODE(0, signal), false);
        break;
    }
}

/* A program that has not begun cannot have said what to do.  SIGCONT lets a
 * process go on in any case, and is not told. */
static bool
is_asked(const struct sim_process *p, int signal)
{
    return p->program->signalled && !sim_is_scheduled(&p->start)
        && signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT
        && signal != SIGCHLD && signal != SIGURG && signal != SIGWINCH;
}

static void
act(struct sim_process *p, int signal)
{
    sim_note_host(p->host, "gets a signal", (uint64_t) p->pid,
                  (uint64_t) signal);
    if (is_asked(p, signal) && p->program->signalled(p, signal)) {
        sim_process_run(p);
    } else {
        act_by_default(p, signal);
    }
}

static void
on_signal(struct sim_event *event)
{
    struct sim_process *p = CONTAINER_OF(event, struct sim_process, signal);

    for (int i = 1; i < SIM_N_SIGNALS && p->is_alive; i++) {
        if (deliverable(p) & bit(i)) {
            p->pending_signals &= ~bit(i);
            act(p, i);
        }
    }
}

void
sim_process_signal(struct sim_process *p, int signal)
{
    CHECK(signal > 0 && signal < SIM_N_SIGNALS, "there is no signal %d",
          signal);
    if (!p->is_alive) {
        return;
    }
    if (signal == SIGCONT) {
        p->pending_signals &= ~stops();
    } else if (stops() & bit(signal)) {
        p->pending_signals &= ~bit(SIGCONT);
    }
    p->pending_signals |= bit(signal);
    schedule_signal(p, (int64_t) sim_below(p->sim, SIM_STREAM_PROCESS,
                                           SIGNAL_SPREAD));
}

/* --- what programs ask --- */

struct sim *
sim_process_sim(const struct sim_process *p)
{
    return p->sim;
}

struct sim_host *
sim_process_host(const struct sim_process *p)
{
    return p->host;
}

struct actor_system *
sim_process_system(const struct sim_process *p)
{
    return p->system;
}

pid_t
sim_process_pid(const struct sim_process *p)
{
    return p->pid;
}

int
sim_process_status(const struct sim_process *p)
{
    return p->status;
}

char *const *
sim_process_argv(const struct sim_process *p)
{
    return p->argv;
}

char *const *
sim_process_envp(const struct sim_process *p)
{
    return p->envp;
}

const char *
sim_process_getenv(const struct sim_process *p, const char *name)
{
    size_t len = strlen(name);

    for (char **entry = p->envp; *entry; entry++) {
        if (!strncmp(*entry, name, len) && (*entry)[len] == '=') {
            return *entry + len + 1;
        }
    }
    return NULL;
}

void
sim_process_set_data(struct sim_process *p, void *data)
{
    p->data = data;
}

void *
sim_process_data(const struct sim_process *p)
{
    return p->data;
}
