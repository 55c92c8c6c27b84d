/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance.c - changes of a registry that have to do with maintenance.
 *
 * A machine that is in the schedule has a record: it is to be drained, or it
 * is down.  One that is up has none.  (Mesos: src/master/maintenance.cpp.) */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/table.h>

#include "master/registrar/registry_private.h"

/* The machine as it is to be; what is known of its mode stays. */
static bool
put_machine(struct registry *r, V1__MachineID *id,
            V1__Unavailability *unavailability)
{
    autofree char *key = registry_machine_key(id);
    struct record *record = records_find(&r->sections[SECTION_MACHINES], key);
    autodestroy(message) *before = NULL;
    Internal__Registry__Machine machine = INTERNAL__REGISTRY__MACHINE__INIT;
    V1__MachineInfo info = V1__MACHINE_INFO__INIT;

    if (record) {
        before = registry_get(r, SECTION_MACHINES, record);
        info = *((Internal__Registry__Machine *) message_root(before))->info;
    } else {
        info.id = id;
        info.has_mode = true;
        info.mode = V1__MACHINE_INFO__MODE__DRAINING;
    }
    info.unavailability = unavailability;
    machine.info = &info;
    return registry_put(r, SECTION_MACHINES, key, &machine.base);
}

/* Names of machines, while something is done to them all. */
struct names {
    struct records set;
};

static void
names_add(struct names *names, const V1__MachineID *id)
{
    autofree char *key = registry_machine_key(id);

    if (!records_find(&names->set, key)) {
        records_add(&names->set, key);
    }
}

static bool
names_have(const struct names *names, const V1__MachineID *id)
{
    autofree char *key = registry_machine_key(id);

    return records_find(&names->set, key) != NULL;
}

static bool
set_schedule(struct registry *r, const Maintenance__Schedule *schedule)
{
    struct record *record = records_find(&r->sections[SECTION_SCHEDULES], "");

    if (schedule->n_windows > 0) {
        return registry_put(r, SECTION_SCHEDULES, "", &schedule->base);
    }
    if (record) {
        registry_remove(r, SECTION_SCHEDULES, record);
    }
    return record != NULL;
}

bool
registry_update_schedule(struct registry *r,
                         const Maintenance__Schedule *schedule)
{
    struct records *machines = &r->sections[SECTION_MACHINES];
    struct names names = { .set = { .table = NULL } };
    struct record *record, *next;
    bool has_changed = set_schedule(r, schedule);

    for (size_t i = 0; i < schedule->n_windows; i++) {
        const Maintenance__Window *window = schedule->windows[i];

        for (size_t j = 0; j < window->n_machine_ids; j++) {
            names_add(&names, window->machine_ids[j]);
            has_changed |= put_machine(r, window->machine_ids[j],
                                       window->unavailability);
        }
    }
    for (record = records_next(machines, NULL); record; record = next) {
        next = records_next(machines, record);
        if (!records_find(&names.set, record->key)) {
            registry_remove(r, SECTION_MACHINES, record);
            has_changed = true;
        }
    }
    records_fini(&names.set);
    return has_changed;
}

bool
registry_start_maintenance(struct registry *r,
                           const Internal__RegistryChange__Machines *change)
{
    bool has_changed = false;

    for (size_t i = 0; i < change->n_ids; i++) {
        autofree char *key = registry_machine_key(change->ids[i]);
        struct record *record = records_find(&r->sections[SECTION_MACHINES],
                                             key);
        autodestroy(message) *before = NULL;
        Internal__Registry__Machine machine;
        V1__MachineInfo info;

        if (!record) {
            continue;
        }
        before = registry_get(r, SECTION_MACHINES, record);
        machine = *(Internal__Registry__Machine *) message_root(before);
        info = *machine.info;
        info.has_mode = true;
        info.mode = V1__MACHINE_INFO__MODE__DOWN;
        machine.info = &info;
        has_changed |= registry_put(r, SECTION_MACHINES, key, &machine.base);
    }
    return has_changed;
}

/* The window without those machines, in 'm'; NULL if none is left. */
static Maintenance__Window *
window_without(struct message *m, const Maintenance__Window *window,
               const struct names *names)
{
    Maintenance__Window *out = message_alloc(m, sizeof *out);

    *out = *window;
    out->n_machine_ids = 0;
    out->machine_ids = message_array(m, window->n_machine_ids,
                                     sizeof *out->machine_ids);
    for (size_t i = 0; i < window->n_machine_ids; i++) {
        if (!names_have(names, window->machine_ids[i])) {
            out->machine_ids[out->n_machine_ids++] = window->machine_ids[i];
        }
    }
    return out->n_machine_ids > 0 ? out : NULL;
}

static bool
unschedule(struct registry *r, const struct names *names)
{
    struct record *record = records_find(&r->sections[SECTION_SCHEDULES], "");
    autodestroy(message) *m =
        record ? registry_get(r, SECTION_SCHEDULES, record) : NULL;
    Maintenance__Schedule out;

    if (!record) {
        return false;
    }
    const Maintenance__Schedule *schedule = message_root(m);

    out = *schedule;
    out.n_windows = 0;
    out.windows = message_array(m, schedule->n_windows, sizeof *out.windows);
    for (size_t i = 0; i < schedule->n_windows; i++) {
        Maintenance__Window *window = window_without(m, schedule->windows[i],
                                                     names);

        if (window) {
            out.windows[out.n_windows++] = window;
        }
    }
    return set_schedule(r, &out);
}

bool
registry_stop_maintenance(struct registry *r,
                          const Internal__RegistryChange__Machines *change)
{
    struct records *machines = &r->sections[SECTION_MACHINES];
    struct names names = { .set = { .table = NULL } };
    bool has_changed = false;

    for (size_t i = 0; i < change->n_ids; i++) {
        autofree char *key = registry_machine_key(change->ids[i]);
        struct record *record = records_find(machines, key);

        names_add(&names, change->ids[i]);
        if (record) {
            registry_remove(r, SECTION_MACHINES, record);
            has_changed = true;
        }
    }
    has_changed |= unschedule(r, &names);
    records_fini(&names.set);
    return has_changed;
}
