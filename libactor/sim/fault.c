/* SPDX-License-Identifier: Apache-2.0
 *
 * fault.c - what faults do to a world, when they begin and when they end.
 *
 * Faults of the same kind may overlap: what they do is counted or added, and
 * taken back when they end. */
#include <config.h>

#include <utlist.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/sim_plan.h>

#include "sim/private.h"

struct fault_record {
    struct sim *sim;
    struct sim_fault fault;
    struct sim_event event;
    struct fault_record *prev, *next;   /* sim->faults */
};

static struct sim_host *
host_of(struct sim *sim, const struct sim_fault *fault, int i)
{
    return sim_host(sim, fault->hosts[i]);
}

/* --- the network --- */

/* 'by' is 1 at the beginning, -1 at the end. */
static void
change_path(struct sim *sim, const struct sim_fault *fault, size_t from,
            size_t to, int by)
{
    struct sim_path *path = sim_net_path(sim->net, from, to);
    uint64_t ppm = by > 0 ? (uint64_t) fault->amount
                          : -(uint64_t) fault->amount;

    switch (fault->kind) {
    case SIM_FAULT_DELAY:
        path->delay_ns += by * fault->amount;
        break;
    case SIM_FAULT_LOSS:
        path->loss_ppm += ppm;
        break;
    case SIM_FAULT_DUPLICATE:
        path->repeat_ppm += ppm;
        break;
    case SIM_FAULT_REORDER:
        path->disorder_ppm += ppm;
        break;
    case SIM_FAULT_CLOG:
        path->n_clogs += (unsigned) by;
        if (path->n_clogs == 0) {
            sim_net_release(sim->net, from, to);
        }
        break;
    default:
        path->n_blocks += (unsigned) by;
        break;
    }
}

/* To all others and from them. */
static void
change_paths_of(struct sim *sim, const struct sim_fault *fault, int by)
{
    size_t host = fault->hosts[0];

    for (size_t i = 0; i < sim->hosts.n; i++) {
        if (i != host) {
            change_path(sim, fault, host, i, by);
            change_path(sim, fault, i, host, by);
        }
    }
}

/* --- processes --- */

static void
kill_services(struct sim_host *host, int64_t ns)
{
    for (size_t i = 0; i < host->services.n; i++) {
        sim_service_kill(host, host->services.data[i]->name, ns);
    }
}

static void
pause_processes(struct sim_host *host, int64_t ns)
{
    struct sim_process *it;

    DL_FOREACH (host->processes, it) {
        if (it->is_alive && !it->is_stopped) {
            sim_process_pause(it, ns);
        }
    }
}

/* --- all of them --- */

static void
change(struct sim *sim, const struct sim_fault *fault, int by)
{
    struct sim_host *host = host_of(sim, fault, 0);
    struct sim_disk_faults *disk = sim_disk_faults(host->disk);

    switch (fault->kind) {
    case SIM_FAULT_DELAY:
    case SIM_FAULT_LOSS:
    case SIM_FAULT_DUPLICATE:
    case SIM_FAULT_REORDER:
    case SIM_FAULT_ONE_WAY:
        change_path(sim, fault, fault->hosts[0], fault->hosts[1], by);
        break;
    case SIM_FAULT_PARTITION:
        change_path(sim, fault, fault->hosts[0], fault->hosts[1], by);
        change_path(sim, fault, fault->hosts[1], fault->hosts[0], by);
        break;
    case SIM_FAULT_ISOLATE:
    case SIM_FAULT_CLOG:
        change_paths_of(sim, fault, by);
        break;
    case SIM_FAULT_LOST_FSYNC:
        disk->n_lost_syncs += (unsigned) by;
        break;
    case SIM_FAULT_FULL_DISK:
        disk->n_full += (unsigned) by;
        break;
    case SIM_FAULT_DISK_ERROR:
        disk->error_ppm += (uint64_t) (by * fault->amount);
        break;
    case SIM_FAULT_SLOW_DISK:
        disk->n_slow += (unsigned) by;
        break;
    default:
        UNREACHABLE();
    }
}

/* Those that have no end, or see to it themselves; true if it is one. */
static bool
happen(struct sim *sim, const struct sim_fault *fault)
{
    struct sim_host *host = host_of(sim, fault, 0);

    switch (fault->kind) {
    case SIM_FAULT_RESET:
        sim_net_reset(sim->net, host, host_of(sim, fault, 1));
        return true;
    case SIM_FAULT_CRASH:
        sim_host_crash(host, fault->for_ns);
        return true;
    case SIM_FAULT_KILL:
        kill_services(host, fault->for_ns);
        return true;
    case SIM_FAULT_PAUSE:
        pause_processes(host, fault->for_ns);
        return true;
    case SIM_FAULT_CLOCK:
        host->wall_offset += fault->amount;
        return true;
    case SIM_FAULT_BIT_FLIP:
        sim_disk_flip_bit(host->disk);
        return true;
    default:
        return false;
    }
}

static void
forget(struct fault_record *record)
{
    DL_DELETE(record->sim->faults, record);
    free(record);
}

static void
on_end(struct sim_event *event)
{
    struct fault_record *record = CONTAINER_OF(event, struct fault_record,
                                               event);
    const struct sim_fault *fault = &record->fault;

    sim_note_host(host_of(record->sim, fault, 0), "fault ends",
                  (uint64_t) fault->kind, 0);
    change(record->sim, fault, -1);
    forget(record);
}

static void
on_begin(struct sim_event *event)
{
    struct fault_record *record = CONTAINER_OF(event, struct fault_record,
                                               event);
    struct sim *sim = record->sim;
    const struct sim_fault *fault = &record->fault;

    sim_note_host(host_of(sim, fault, 0), sim_fault_name(fault->kind),
                  fault->hosts[1], (uint64_t) fault->amount);
    if (happen(sim, fault)) {
        forget(record);
        return;
    }
    change(sim, fault, 1);
    sim_schedule(sim, event, fault->for_ns, on_end);
}

static void
add(struct sim *sim, const struct sim_fault *fault, int64_t delay_ns)
{
    struct fault_record *record = xcalloc(1, sizeof *record);

    CHECK(fault->hosts[0] < sim->hosts.n && fault->hosts[1] < sim->hosts.n);
    record->sim = sim;
    record->fault = *fault;
    DL_APPEND(sim->faults, record);
    sim_schedule(sim, &record->event, delay_ns > 0 ? delay_ns : 0, on_begin);
}

void
sim_fault_apply(const struct sim_fault *fault, struct sim *sim)
{
    add(sim, fault, 0);
}

void
sim_plan_apply(const struct sim_plan *plan, struct sim *sim)
{
    vec_foreach (&plan->faults, it) {
        add(sim, it, it->at_ns - sim->now);
    }
}

void
sim_faults_free(struct sim *sim)
{
    while (sim->faults) {
        sim_cancel(sim, &sim->faults->event);
        forget(sim->faults);
    }
}
