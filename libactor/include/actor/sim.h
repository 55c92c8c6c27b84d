/* SPDX-License-Identifier: Apache-2.0
 *
 * sim.h - a world of machines in one thread, made from a seed.
 *
 * Hosts have a disk each and processes, joined by a network; a process has an
 * actor system whose clock, randomness, network, disk, child processes and
 * blocking work are the world's.  Time is virtual and moves from event to
 * event; whatever could happen in another order is drawn from the seed.  So
 * the same seed gives the same run, told by the same hash, and a run that went
 * wrong goes wrong again.
 *
 *     struct sim *sim = sim_create(&(struct sim_options) { .seed = 42 });
 *     struct sim_host *host = sim_add_host(sim, "node-1");
 *
 *     sim_add_program(sim, &daemon);
 *     sim_spawn(host, (char *[]) { "mesos-master", NULL }, NULL);
 *     sim_run(sim, 120 * SECOND);
 *     ... sim_hash(sim) ...
 *     sim_destroy(sim);
 *
 * What goes wrong is data: see sim_plan.h.
 *
 * The network is TCP as its users see it: bytes arrive in order or the
 * connection breaks.  Segments are delayed, lost and repeated, which shows as
 * time; a process that is killed has its connections closed by its kernel, a
 * host that loses power says nothing to anybody.  A disk keeps what was synced
 * and, at a power failure, any part of what was not.
 *
 * (After FoundationDB's simulator, as its authors describe it.)
 *
 * Thread-safety: one thread a world. */
#ifndef ACTOR_SIM_H
#define ACTOR_SIM_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <actor/address.h>
#include <actor/compiler.h>
#include <actor/disk.h>

struct actor_system;
struct actor_system_options;
struct error;
struct sim;
struct sim_host;
struct sim_process;

/* --- the world --- */

struct sim_options {
    uint64_t seed;

    /* Given a line for each thing that happens, without newline; NULL:
     * nobody is told, which is much faster. */
    void (*trace)(void *aux, const char *line);
    void *aux;
};

struct sim *sim_create(const struct sim_options *);
void sim_destroy(struct sim *);                         /* NULL is fine */

/* Lets 'ns' pass, with all that happens in them. */
void sim_run(struct sim *, int64_t ns);

/* Since the beginning. */
int64_t sim_now(const struct sim *);

/* Of all that happened so far: events, when they were, and bytes. */
uint64_t sim_hash(const struct sim *);
uint64_t sim_n_events(const struct sim *);

/* Calls 'fn' after each event; NULL ends it. */
void sim_watch(struct sim *, void (*fn)(void *aux), void *aux);

/* The next of the seed's numbers for the caller's own choices: 0..n-1. */
uint64_t sim_draw(struct sim *, uint64_t n);

/* Something that the caller did or saw, for hash and trace. */
void sim_note(struct sim *, const char *what, const char *whom, uint64_t a,
              uint64_t b);

/* --- hosts --- */

/* A machine with power, an address of its own, and an empty disk.  'name' is
 * copied. */
struct sim_host *sim_add_host(struct sim *, const char *name);
size_t sim_n_hosts(const struct sim *);
struct sim_host *sim_host(struct sim *, size_t i);      /* in order added */
const char *sim_host_name(const struct sim_host *);
size_t sim_host_index(const struct sim_host *);
bool sim_host_is_up(const struct sim_host *);

/* Its address; the port is 0. */
const struct address *sim_host_address(const struct sim_host *);

/* Its files, for those outside. */
const struct actor_disk *sim_host_disk(struct sim_host *);

/* The power goes, and comes back after 'ns'. */
void sim_host_crash(struct sim_host *, int64_t ns);

/* Lets nothing through between two hosts and breaks their connections, or
 * joins them again. */
void sim_cut(struct sim_host *, struct sim_host *, bool cut);

/* --- processes --- */

/* What is run when a path whose last component is 'name' is executed.  Any
 * function but 'start' may be NULL. */
struct sim_program {
    const char *name;

    /* An error is told in the trace and ends the process with status 1. */
    struct error *(*start)(struct sim_process *);

    /* After each time that the process ran. */
    void (*turned)(struct sim_process *);

    /* True if it has been seen to; otherwise, and if NULL, what the signal
     * does by default: mostly the process dies.  Not asked for SIGKILL,
     * SIGSTOP and SIGCONT, nor for those that are ignored, nor before
     * 'start'. */
    bool (*signalled)(struct sim_process *, int signal);

    /* The process is over and its system gone.  Also told if it was killed
     * before 'start'. */
    void (*stop)(struct sim_process *);
};

/* 'program' outlives the world. */
void sim_add_program(struct sim *, const struct sim_program *);

/* Starts a process, which begins to run soon.  Strings are copied; 'envp' may
 * be NULL.  NULL if there is no such program. */
struct sim_process *sim_spawn(struct sim_host *, char *const argv[],
                              char *const envp[]);

/* Makes the system of a process, manual and on the world's back ends; of
 * 'options' listen.port, delegate and messages count.  In 'start'. */
struct error *sim_process_open(struct sim_process *,
                               const struct actor_system_options *options,
                               struct actor_system **ret) MUST_CHECK;

/* Ends the process with 'status', as waitpid() gives it, when it has run its
 * present turn. */
void sim_process_exit(struct sim_process *, int status);

/* What kill() does, a little later. */
void sim_process_signal(struct sim_process *, int signal);

/* Lets the process run soon: for who has posted something to its system from
 * outside. */
void sim_process_touch(struct sim_process *);

/* Stops it for 'ns', as SIGSTOP and SIGCONT do.  0: it goes on.  Nothing is
 * done to one that is dead, or was stopped by a signal. */
void sim_process_pause(struct sim_process *, int64_t ns);

struct sim *sim_process_sim(const struct sim_process *);
struct sim_host *sim_process_host(const struct sim_process *);
struct actor_system *sim_process_system(const struct sim_process *);
pid_t sim_process_pid(const struct sim_process *);

/* Its status, as waitpid() gives it, once it is over: in 'stop'. */
int sim_process_status(const struct sim_process *);
char *const *sim_process_argv(const struct sim_process *);
char *const *sim_process_envp(const struct sim_process *);

/* NULL if it is not set. */
const char *sim_process_getenv(const struct sim_process *, const char *name);

/* Whatever the program wants to find again. */
void sim_process_set_data(struct sim_process *, void *data);
void *sim_process_data(const struct sim_process *);

/* --- services: what a host starts by itself --- */

/* A process that is started now, at each boot, and again a second after it
 * has ended.  'name' names it in plans. */
void sim_add_service(struct sim_host *, const char *name, char *const argv[]);

/* NULL while it does not run, or if there is none of that name. */
struct sim_process *sim_service(struct sim_host *, const char *name);

/* Kills it now and starts it again after 'ns'.  Fine if it does not run. */
void sim_service_kill(struct sim_host *, const char *name, int64_t ns);

#endif /* ACTOR_SIM_H */
