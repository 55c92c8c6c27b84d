/* SPDX-License-Identifier: Apache-2.0
 *
 * private.h - what the parts of a simulated world share.
 *
 * Thread-safety: one thread a world. */
#ifndef SIM_PRIVATE_H
#define SIM_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/address.h>
#include <actor/backend.h>
#include <actor/duration.h>
#include <actor/sim.h>
#include <actor/vec.h>

#include "core/heap.h"

struct sim_disk;
struct sim_net;

/* What wall clocks show at the beginning: the first second of 2020. */
#define SIM_WALL_START (INT64_C(1577836800) * SECOND)

/* --- events --- */

/* Something that is to happen; embedded in its owner, zeroed before first
 * use. */
struct sim_event {
    size_t heap_index;          /* 0: not scheduled */
    void (*fn)(struct sim_event *);
};

/* 'fn' is called once after 'delay_ns'; what was scheduled before is not.  Of
 * events at one instant any may come first. */
void sim_schedule(struct sim *, struct sim_event *, int64_t delay_ns,
                  void (*fn)(struct sim_event *));
void sim_cancel(struct sim *, struct sim_event *);

static inline bool
sim_is_scheduled(const struct sim_event *event)
{
    return event->heap_index != 0;
}

/* --- chance: a stream for each purpose, so that what one part draws does not
 * change what another gets --- */

enum sim_stream {
    SIM_STREAM_ORDER,           /* of events at one instant */
    SIM_STREAM_NET,
    SIM_STREAM_DISK,
    SIM_STREAM_PROCESS,
    SIM_STREAM_USER,
    SIM_N_STREAMS,
};

uint64_t sim_random(struct sim *, enum sim_stream);
uint64_t sim_below(struct sim *, enum sim_stream, uint64_t n);

/* True once in a million/ppm times. */
bool sim_chance(struct sim *, enum sim_stream, uint64_t ppm);

/* --- the world --- */

struct fault_record;

struct sim {
    uint64_t seed;
    int64_t now;
    struct heap events;
    uint64_t n_scheduled;
    uint64_t n_events;
    uint64_t hash;
    uint64_t random[SIM_N_STREAMS][4];
    VEC(struct sim_host *) hosts;       /* owned */
    VEC(const struct sim_program *) programs;
    struct sim_net *net;                /* owned */
    struct fault_record *faults;        /* owned; those of plans */
    pid_t last_pid;
    void (*trace)(void *aux, const char *line);
    void *trace_aux;
    void (*watch)(void *aux);
    void *watch_aux;
};

/* sim_note() with the name of a host. */
void sim_note_host(const struct sim_host *, const char *what, uint64_t a,
                   uint64_t b);

/* Bytes, for the hash alone. */
void sim_hash_bytes(struct sim *, const void *, size_t size);

/* Forgets all faults (fault.c). */
void sim_faults_free(struct sim *);

/* --- hosts --- */

/* A disk as somebody sees it. */
struct sim_disk_view {
    struct sim_disk *disk;
    struct sim_process *process;        /* who pays; NULL: nobody */
};

struct sim_service_record {
    struct sim_host *host;
    char *name;                 /* owned */
    char **argv;                /* owned */
    struct sim_process *process;        /* NULL: does not run */
    struct sim_event restart;
};

struct sim_host {
    struct sim *sim;
    char *name;                 /* owned */
    size_t index;
    struct address address;
    bool is_up;
    unsigned n_boots;           /* after the first one */
    int64_t wall_offset;        /* of its wall clock from true time */
    struct sim_disk *disk;      /* owned */
    struct sim_disk_view view;  /* of those outside */
    struct actor_disk outside;  /* over 'view' */
    struct sim_process *processes;      /* owned; living and dead */
    VEC(struct sim_service_record *) services;  /* owned */
    struct sim_event boot;
    uint16_t last_port;         /* ephemeral */
};

/* The next ephemeral port. */
uint16_t sim_host_port(struct sim_host *);

/* Ends what runs there, silently; and frees the rest. */
void sim_host_end(struct sim_host *);
void sim_host_destroy(struct sim_host *);

/* --- processes --- */

/* Greater than any that Linux gives to a real process (PID_MAX_LIMIT), so
 * that a mistaken signal finds nobody. */
#define SIM_FIRST_PID 10000000

/* One more than the greatest. */
#define SIM_N_SIGNALS 64

struct sim_work;

struct sim_process {
    struct sim *sim;
    struct sim_host *host;
    const struct sim_program *program;
    pid_t pid, parent, group;
    char **argv, **envp;        /* owned */
    struct actor_system *system;        /* owned */
    void *data;
    bool is_alive;
    bool is_running;            /* in sim_process_run() */
    bool is_exiting;
    bool is_stopped;            /* paused */
    bool is_due;                /* to run when it is not paused any more */
    int status;                 /* its last, once it is not alive */
    int64_t timer_at;           /* when 'timer' comes */
    struct sim_event start, timer, resume, signal, exited;
    uint64_t pending_signals;   /* bit by number; 'signal' brings them */
    struct actor_process_watch *watch;  /* who waits; NULL: nobody */
    struct sim_process *watcher;        /* whose 'watch' is */
    struct sim_work *works;     /* owned */
    struct sim_disk_view view;
    int64_t disk_ns;            /* what calls to the disk have cost */
    struct sim_process *prev, *next;
};

/* Runs what can be run.  The process may be over then. */
void sim_process_run(struct sim_process *);

/* Ends it at once; 'silently': not even its kernel says so to others. */
void sim_process_end(struct sim_process *, int status, bool silently);

/* A process that begins soon; NULL if there is no program of that path. */
struct sim_process *sim_process_create(struct sim_host *, const char *path,
                                       char *const argv[],
                                       char *const envp[]);

/* Who waits for a dead one hears of it soon. */
void sim_process_tell_watcher(struct sim_process *);

/* Frees a dead one. */
void sim_process_free(struct sim_process *);

/* Living or dead; NULL if there never was one. */
struct sim_process *sim_host_process(struct sim_host *, pid_t);

extern const struct actor_process_ops sim_process_ops;  /* ctx: the process */

void sim_service_ended(struct sim_process *);

/* --- blocking work (work.c) --- */

extern const struct actor_work_ops sim_work_ops;        /* ctx: the process */
void sim_work_drop_all(struct sim_process *);

/* --- the network (net.c) --- */

extern const struct actor_net_ops sim_net_ops;          /* ctx: the process */

struct sim_net *sim_net_create(struct sim *);
void sim_net_destroy(struct sim_net *);
void sim_net_add_host(struct sim_net *);

/* The way of segments from one host to another. */
struct sim_path {
    unsigned n_blocks;          /* faults that let nothing through */
    unsigned n_clogs;           /* faults that hold everything */
    int64_t delay_ns;           /* on top of the usual */
    uint64_t loss_ppm;
    uint64_t repeat_ppm;
    uint64_t disorder_ppm;
};

struct sim_path *sim_net_path(struct sim_net *, size_t from, size_t to);

/* What was held between the hosts may go on. */
void sim_net_release(struct sim_net *, size_t from, size_t to);

/* Breaks all connections between the two. */
void sim_net_reset(struct sim_net *, const struct sim_host *,
                   const struct sim_host *);

/* The kernel closes what the process had open, or forgets it. */
void sim_net_process_ended(struct sim_process *, bool silently);

/* What its kernel still had to see through is gone as well. */
void sim_net_host_ended(struct sim_host *);

/* --- disks (disk.c) --- */

extern const struct actor_disk_ops sim_disk_ops;        /* ctx: a view */

struct sim_disk_faults {
    unsigned n_lost_syncs;      /* faults for which fsync() lies */
    unsigned n_full;
    unsigned n_slow;
    uint64_t error_ppm;         /* of calls that end with EIO */
};

struct sim_disk *sim_disk_create(struct sim *);
void sim_disk_destroy(struct sim_disk *);
struct sim_disk_faults *sim_disk_faults(struct sim_disk *);

/* The power goes: what was not synced survives in part, and nobody has
 * anything open any more. */
void sim_disk_crash(struct sim_disk *);

/* Closes what the process had open. */
void sim_disk_process_ended(struct sim_process *);

/* Turns round one bit of some file; false if there are no files with
 * anything in them. */
bool sim_disk_flip_bit(struct sim_disk *);

#endif /* SIM_PRIVATE_H */
