/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance.c - machines that will be away, and those that are.
 *
 * A machine that is in the schedule is to be drained: offers of its agents say
 * when it will be away, and frameworks are asked to leave.  Then an operator
 * takes it down, and its agents with it, and none is let in from there until
 * it is up again, which takes it out of the schedule, too.
 *
 * A machine is where an agent is if both have the same host name, in whatever
 * case, and the same address. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <utlist.h>

#include "master/allocator/allocator.h"
#include "master/policy/change.h"
#include "master/policy/maintenance_check.h"
#include "master/private.h"
#include "master/registry_calls.h"
#include "master/registrar/registry.h"

#define OPERATOR_DOWN "Operator initiated 'Machine DOWN'"

/* --- agents, and when they will be away --- */

void
maintenance_tell_allocator(struct master *m, struct agent *agent)
{
    const struct absence *absence = agent->absence;

    if (absence) {
        /* The allocator only has to know that there is something. */
        int64_t start_ns = absence->machine->start_ns;

        allocator_set_unavailability(&m->base, &m->allocator, agent->id->s,
                                     start_ns < 0 ? 0 : start_ns,
                                     absence->machine->duration_ns);
    }
}

/* Offers that say something else are taken back first, so that what the
 * allocator makes of it says the new. */
static void
tell_anew(struct master *m, struct agent *agent)
{
    if (agent->absence) {
        log_info("Updating unavailability of agent %s, starting at %lldns",
                 agent->text,
                 (long long) agent->absence->machine->start_ns);
    } else {
        log_info("Removing unavailability of agent %s", agent->text);
    }
    agents_rescind_offers(m, agent);
    if (agent->absence) {
        inverse_offers_rescind(m, agent);
        absence_drop_answers(agent->absence);
        maintenance_tell_allocator(m, agent);
    } else {
        allocator_set_unavailability(&m->base, &m->allocator, agent->id->s,
                                     -1, -1);
    }
}

/* Takes the machine out of the schedule. */
static void
forget_machine(struct master *m, struct machine *machine)
{
    while (machine->absences) {
        struct agent *agent = machine->absences->agent;

        inverse_offers_rescind(m, agent);
        absence_destroy(agent->absence);
        tell_anew(m, agent);
    }
    machines_remove(&m->policy.machines, machine);
}

static struct machine *
host_of(const struct master *m, const struct agent *agent)
{
    return machines_find_host(&m->policy.machines, agent->info->hostname,
                              &agent->pid);
}

void
maintenance_add_agent(struct master *m, struct agent *agent)
{
    struct machine *machine = host_of(m, agent);

    if (machine) {
        absence_create(machine, agent);
    }
}

void
maintenance_remove_agent(struct master *m, struct agent *agent)
{
    if (agent->absence) {
        inverse_offers_rescind(m, agent);
        absence_destroy(agent->absence);
    }
}

V1__Unavailability *
maintenance_unavailability(const struct agent *agent, struct message *m)
{
    return agent->absence
        ? machine_encode_unavailability(agent->absence->machine, m) : NULL;
}

/* "node (10.0.0.1)"; what is not given is left out. */
static char *
describe(const struct machine *machine)
{
    if (!machine->hostname || !machine->ip) {
        return machine->hostname ? xstrdup(machine->hostname)
                                 : xasprintf("(%s)", machine->ip);
    }
    return xasprintf("%s (%s)", machine->hostname, machine->ip);
}

char *
maintenance_machine_of(const struct agent *agent)
{
    return agent->absence ? describe(agent->absence->machine) : NULL;
}

/* --- down --- */

bool
maintenance_refuses(struct master *m, const char *hostname,
                    const struct upid *pid, const char *what)
{
    const struct machine *machine = machines_find_host(&m->policy.machines,
                                                       hostname, pid);
    autofree char *text = NULL;

    if (!machine || !machine->is_down) {
        return false;
    }
    text = describe(machine);
    log_warn("Refusing %s of agent at %s because the machine '%s' that it is "
             "running on is `DOWN`", what, UPID_TEXT(pid), text);
    agents_send_shutdown(m, pid, "Machine is `DOWN`");
    return true;
}

/* What the agent is told may be lost: so its frameworks are told at once that
 * it is gone, and it is not let in again. */
static void
take_down(struct master *m, struct agent *agent)
{
    agents_send_shutdown(m, &agent->pid, OPERATOR_DOWN);
    agents_remove(m, agent, OPERATOR_DOWN, NULL);
}

void
maintenance_enforce(struct master *m, struct agent *agent)
{
    if (agent->absence && agent->absence->machine->is_down) {
        take_down(m, agent);
    }
}

/* --- changing --- */

/* Puts the schedule in place; machines that are new in it come in, and those
 * that are in it no more go. */
static void
set_schedule(struct master *m, const Maintenance__Schedule *schedule)
{
    message_unref(m->policy.schedule);
    m->policy.schedule = schedule->n_windows > 0
        ? message_clone(&schedule->base) : NULL;
}

static bool
is_other(const struct machine *machine, const V1__Unavailability *u)
{
    int64_t duration_ns = u->duration ? u->duration->nanoseconds : -1;

    return machine->start_ns != u->start->nanoseconds
        || machine->duration_ns != duration_ns;
}

/* Frameworks are bothered only if something changes for them. */
static void
schedule_machine(struct master *m, const V1__MachineID *id,
                 const V1__Unavailability *unavailability)
{
    struct machine *machine = machines_find(&m->policy.machines, id);
    struct absence *absence;

    if (!machine) {
        machine = machines_get(&m->policy.machines, id);
        machine_set_unavailability(machine, unavailability);
    } else if (is_other(machine, unavailability)) {
        machine_set_unavailability(machine, unavailability);
        DL_FOREACH(machine->absences, absence) {
            tell_anew(m, absence->agent);
        }
    }
    machine->is_kept = true;
}

static void
drop_unscheduled(struct master *m)
{
    struct machine *machine = machines_next(&m->policy.machines, NULL);

    while (machine) {
        struct machine *next = machines_next(&m->policy.machines, machine);

        if (machine->is_kept) {
            machine->is_kept = false;
        } else {
            forget_machine(m, machine);
        }
        machine = next;
    }
}

/* Agents that are on a machine that has become one of the schedule. */
static void
find_absent(struct master *m)
{
    struct agent *agent = NULL;

    while (m->policy.machines.table
           && (agent = agents_next(&m->agents, agent)) != NULL) {
        struct machine *machine = agent->absence ? NULL : host_of(m, agent);

        if (machine) {
            absence_create(machine, agent);
            tell_anew(m, agent);
        }
    }
}

static void
publish_schedule(struct master *m, const Internal__RegistryChange *change)
{
    const Maintenance__Schedule *schedule = change->update_schedule->schedule;

    for (size_t i = 0; i < schedule->n_windows; i++) {
        const Maintenance__Window *window = schedule->windows[i];

        for (size_t k = 0; k < window->n_machine_ids; k++) {
            schedule_machine(m, window->machine_ids[k],
                             window->unavailability);
        }
    }
    drop_unscheduled(m);
    find_absent(m);
    set_schedule(m, schedule);
}

static void
publish_start(struct master *m, const Internal__RegistryChange *change)
{
    const Internal__RegistryChange__Machines *machines =
        change->start_maintenance;

    for (size_t i = 0; i < machines->n_ids; i++) {
        struct machine *machine = machines_find(&m->policy.machines,
                                                machines->ids[i]);
        struct absence *absence, *next;

        if (!machine) {
            continue;
        }
        machine->is_down = true;
        DL_FOREACH_SAFE(machine->absences, absence, next) {
            take_down(m, absence->agent);
        }
    }
}

/* The schedule without the machines that are not in the table; NULL if that
 * leaves nothing. */
static void
shrink_schedule(struct master *m)
{
    struct message *message =
        message_create(&maintenance__schedule__descriptor);
    Maintenance__Schedule *out = message_root(message);
    const Maintenance__Schedule *schedule =
        m->policy.schedule ? message_root(m->policy.schedule) : out;

    out->windows = message_array(message, schedule->n_windows,
                                 sizeof *out->windows);
    for (size_t i = 0; i < schedule->n_windows; i++) {
        Maintenance__Window *window =
            message_copy(message, &schedule->windows[i]->base);
        size_t n = 0;

        for (size_t k = 0; k < window->n_machine_ids; k++) {
            if (machines_find(&m->policy.machines, window->machine_ids[k])) {
                window->machine_ids[n++] = window->machine_ids[k];
            }
        }
        window->n_machine_ids = n;
        if (n > 0) {
            out->windows[out->n_windows++] = window;
        }
    }
    set_schedule(m, out);
    message_unref(message);
}

static void
publish_stop(struct master *m, const Internal__RegistryChange *change)
{
    const Internal__RegistryChange__Machines *machines =
        change->stop_maintenance;

    for (size_t i = 0; i < machines->n_ids; i++) {
        struct machine *machine = machines_find(&m->policy.machines,
                                                machines->ids[i]);

        if (machine) {
            forget_machine(m, machine);
        }
    }
    shrink_schedule(m);
}

void
maintenance_take(struct master *m, const Internal__Registry *registry)
{
    for (size_t i = 0; registry->machines
         && i < registry->machines->n_machines; i++) {
        const V1__MachineInfo *info = registry->machines->machines[i]->info;
        struct machine *machine;

        if (!info->has_mode || info->mode == V1__MACHINE_INFO__MODE__UP) {
            continue;
        }
        machine = machines_get(&m->policy.machines, info->id);
        machine->is_down = info->mode == V1__MACHINE_INFO__MODE__DOWN;
        if (info->unavailability) {
            machine_set_unavailability(machine, info->unavailability);
        }
    }
    if (registry->n_schedules > 0) {
        set_schedule(m, registry->schedules[0]);
    }
}

/* --- what is asked for --- */

/* Addresses in the form in which those of agents are compared. */
static void
normalize(struct message *m, V1__MachineID *const *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char ip[ADDRESS_TEXT_SIZE];
        struct address address;
        struct error *error;

        if (ids[i]->hostname && ids[i]->hostname[0] == '\0') {
            ids[i]->hostname = NULL;
        }
        if (!ids[i]->ip || ids[i]->ip[0] == '\0') {
            ids[i]->ip = NULL;
            continue;
        }
        error = address_parse_ip(ids[i]->ip, 0, &address);
        if (error) {
            error_destroy(error);       /* the check will tell */
        } else {
            ids[i]->ip = message_strdup(m, address_format_ip(&address, ip));
        }
    }
}

void
maintenance_update_schedule(struct master *m,
                            const Maintenance__Schedule *schedule,
                            const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "update the maintenance schedule",
        .check = maintenance_check_schedule, .publish = publish_schedule,
    };
    Internal__RegistryChange *change;
    struct message *out = registry_change_create(&change);
    Maintenance__Schedule *copy = message_copy(out, &schedule->base);

    for (size_t i = 0; i < copy->n_windows; i++) {
        normalize(out, copy->windows[i]->machine_ids,
                  copy->windows[i]->n_machine_ids);
    }
    change->update_schedule = message_new(
        out, &internal__registry_change__update_schedule__descriptor);
    change->update_schedule->schedule = copy;
    policy_change(m, &type, &out, false, answer);
}

static Internal__RegistryChange__Machines *
copy_machines(struct message *m, V1__MachineID *const *ids, size_t n)
{
    Internal__RegistryChange__Machines *out =
        message_new(m, &internal__registry_change__machines__descriptor);

    out->ids = message_array(m, n, sizeof *out->ids);
    for (size_t i = 0; i < n; i++) {
        out->ids[i] = message_copy(m, &ids[i]->base);
    }
    out->n_ids = n;
    normalize(m, out->ids, n);
    return out;
}

void
maintenance_start(struct master *m, V1__MachineID *const *ids, size_t n,
                  const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "start the maintenance of machines",
        .check = maintenance_check_start, .publish = publish_start,
    };
    Internal__RegistryChange *change;
    struct message *out = registry_change_create(&change);

    change->start_maintenance = copy_machines(out, ids, n);
    policy_change(m, &type, &out, false, answer);
}

void
maintenance_stop(struct master *m, V1__MachineID *const *ids, size_t n,
                 const struct policy_answer *answer)
{
    static const struct policy_change_type type = {
        .what = "stop the maintenance of machines",
        .check = maintenance_check_stop, .publish = publish_stop,
    };
    Internal__RegistryChange *change;
    struct message *out = registry_change_create(&change);

    change->stop_maintenance = copy_machines(out, ids, n);
    policy_change(m, &type, &out, false, answer);
}

/* --- what there is to see --- */

Maintenance__Schedule *
maintenance_schedule(const struct master *m, struct message *out)
{
    if (!m->policy.schedule) {
        return message_new(out, &maintenance__schedule__descriptor);
    }
    message_hold(out, m->policy.schedule);
    return message_root(m->policy.schedule);
}

static Allocator__InverseOfferStatus *
create_status(struct message *out, const struct inverse_answer *answer)
{
    Allocator__InverseOfferStatus *status =
        message_new(out, &allocator__inverse_offer_status__descriptor);

    status->status = answer->accepted
        ? ALLOCATOR__INVERSE_OFFER_STATUS__STATUS__ACCEPT
        : ALLOCATOR__INVERSE_OFFER_STATUS__STATUS__DECLINE;
    status->framework_id = message_new(out, &v1__framework_id__descriptor);
    status->framework_id->value = message_strdup(out, answer->framework_id);
    status->timestamp = registry_time(out, answer->time_ns);
    return status;
}

static Maintenance__ClusterStatus__DrainingMachine *
create_draining(struct message *out, const struct machine *machine)
{
    Maintenance__ClusterStatus__DrainingMachine *draining = message_new(
        out, &maintenance__cluster_status__draining_machine__descriptor);
    const struct absence *absence;
    const struct inverse_answer *answer;
    size_t n = 0;

    draining->id = machine_encode_id(machine, out);
    DL_FOREACH(machine->absences, absence) {
        LL_FOREACH(absence->answers, answer) {
            n++;
        }
    }
    draining->statuses = message_array(out, n, sizeof *draining->statuses);
    DL_FOREACH(machine->absences, absence) {
        LL_FOREACH(absence->answers, answer) {
            draining->statuses[draining->n_statuses++] =
                create_status(out, answer);
        }
    }
    return draining;
}

Maintenance__ClusterStatus *
maintenance_status(const struct master *m, struct message *out)
{
    Maintenance__ClusterStatus *status =
        message_new(out, &maintenance__cluster_status__descriptor);
    const struct machine *machine = NULL;
    size_t n = 0;

    while ((machine = machines_next(&m->policy.machines, machine)) != NULL) {
        n++;
    }
    status->draining_machines =
        message_array(out, n, sizeof *status->draining_machines);
    status->down_machines = message_array(out, n,
                                          sizeof *status->down_machines);
    while ((machine = machines_next(&m->policy.machines, machine)) != NULL) {
        if (machine->is_down) {
            status->down_machines[status->n_down_machines++] =
                machine_encode_id(machine, out);
        } else {
            status->draining_machines[status->n_draining_machines++] =
                create_draining(out, machine);
        }
    }
    return status;
}
