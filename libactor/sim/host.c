/* SPDX-License-Identifier: Apache-2.0
 *
 * host.c - simulated machines, their power and their services. */
#include <config.h>

#include <signal.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>

#include "sim/private.h"

#define RESTART_PAUSE (1 * SECOND)
#define HOSTS_MAX 65000u
#define FIRST_PORT 32768

/* How far wall clocks may be from each other, either way. */
#define WALL_SPREAD (50 * MILLISECOND)

struct sim_host *
sim_add_host(struct sim *sim, const char *name)
{
    struct sim_host *host = xcalloc(1, sizeof *host);
    size_t n = sim->hosts.n + 1;

    CHECK(n < HOSTS_MAX, "too many hosts");
    host->sim = sim;
    host->name = xstrdup(name);
    host->index = sim->hosts.n;
    host->is_up = true;
    host->last_port = FIRST_PORT;
    host->address = (struct address) {
        .family = ADDRESS_IPV4,
        .ip = { 10, 0, (uint8_t) (n >> 8), (uint8_t) n },
    };
    host->wall_offset =
        (int64_t) sim_below(sim, SIM_STREAM_PROCESS, 2 * WALL_SPREAD)
        - WALL_SPREAD;
    host->disk = sim_disk_create(sim);
    host->view.disk = host->disk;
    host->outside = (struct actor_disk) { &sim_disk_ops, &host->view };
    vec_push(&sim->hosts, host);
    sim_net_add_host(sim->net);
    return host;
}

static void
service_destroy(struct sim_service_record *service)
{
    sim_cancel(service->host->sim, &service->restart);
    for (char **arg = service->argv; *arg; arg++) {
        free(*arg);
    }
    free(service->argv);
    free(service->name);
    free(service);
}

static void
end_processes(struct sim_host *host)
{
    struct sim_process *process = host->processes;

    while (process) {
        struct sim_process *next = process->next;

        if (process->is_alive) {
            sim_process_end(process, 0, true);
        }
        process = next;
    }
}

static void
free_processes(struct sim_host *host)
{
    while (host->processes) {
        sim_process_free(host->processes);
    }
}

void
sim_host_end(struct sim_host *host)
{
    sim_cancel(host->sim, &host->boot);
    host->is_up = false;
    end_processes(host);
}

void
sim_host_destroy(struct sim_host *host)
{
    free_processes(host);
    vec_foreach (&host->services, it) {
        service_destroy(*it);
    }
    vec_fini(&host->services);
    sim_disk_destroy(host->disk);
    free(host->name);
    free(host);
}

size_t
sim_n_hosts(const struct sim *sim)
{
    return sim->hosts.n;
}

struct sim_host *
sim_host(struct sim *sim, size_t i)
{
    CHECK(i < sim->hosts.n);
    return sim->hosts.data[i];
}

const char *
sim_host_name(const struct sim_host *host)
{
    return host->name;
}

size_t
sim_host_index(const struct sim_host *host)
{
    return host->index;
}

bool
sim_host_is_up(const struct sim_host *host)
{
    return host->is_up;
}

const struct address *
sim_host_address(const struct sim_host *host)
{
    return &host->address;
}

const struct actor_disk *
sim_host_disk(struct sim_host *host)
{
    return &host->outside;
}

uint16_t
sim_host_port(struct sim_host *host)
{
    if (host->last_port++ == UINT16_MAX) {
        host->last_port = FIRST_PORT;
    }
    return host->last_port;
}

/* --- services --- */

static void
service_start(struct sim_service_record *service)
{
    sim_cancel(service->host->sim, &service->restart);
    service->process = sim_spawn(service->host, service->argv, NULL);
    CHECK(service->process, "no program for service '%s'", service->name);
}

static void
on_restart(struct sim_event *event)
{
    struct sim_service_record *service =
        CONTAINER_OF(event, struct sim_service_record, restart);

    if (service->host->is_up && !service->process) {
        service_start(service);
    }
}

void
sim_add_service(struct sim_host *host, const char *name, char *const argv[])
{
    struct sim_service_record *service = xcalloc(1, sizeof *service);
    VEC(char *) copy = VEC_EMPTY;

    for (; *argv; argv++) {
        vec_push(&copy, xstrdup(*argv));
    }
    vec_push(&copy, NULL);
    service->host = host;
    service->name = xstrdup(name);
    service->argv = copy.data;
    vec_push(&host->services, service);
    if (host->is_up) {
        service_start(service);
    }
}

static struct sim_service_record *
find_service(struct sim_host *host, const char *name)
{
    vec_foreach (&host->services, it) {
        if (!strcmp((*it)->name, name)) {
            return *it;
        }
    }
    return NULL;
}

struct sim_process *
sim_service(struct sim_host *host, const char *name)
{
    struct sim_service_record *service = find_service(host, name);

    return service ? service->process : NULL;
}

void
sim_service_ended(struct sim_process *process)
{
    struct sim_host *host = process->host;

    vec_foreach (&host->services, it) {
        struct sim_service_record *service = *it;

        if (service->process == process) {
            service->process = NULL;
            sim_schedule(host->sim, &service->restart, RESTART_PAUSE,
                         on_restart);
        }
    }
}

void
sim_service_kill(struct sim_host *host, const char *name, int64_t ns)
{
    struct sim_service_record *service = find_service(host, name);

    if (!service || !host->is_up) {
        return;
    }
    if (service->process) {
        sim_process_end(service->process, SIGKILL, false);
    }
    sim_schedule(host->sim, &service->restart, ns, on_restart);
}

/* --- power --- */

static void
on_boot(struct sim_event *event)
{
    struct sim_host *host = CONTAINER_OF(event, struct sim_host, boot);

    sim_note_host(host, "boots", 0, 0);
    host->n_boots++;
    host->is_up = true;
    vec_foreach (&host->services, it) {
        service_start(*it);
    }
}

void
sim_host_crash(struct sim_host *host, int64_t ns)
{
    sim_note_host(host, "loses power", 0, 0);
    if (host->is_up) {
        host->is_up = false;
        end_processes(host);
        sim_net_host_ended(host);
        free_processes(host);
        vec_foreach (&host->services, it) {
            sim_cancel(host->sim, &(*it)->restart);
        }
        sim_disk_crash(host->disk);
    }
    sim_schedule(host->sim, &host->boot, ns, on_boot);
}
