/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance_check.c - what of planned maintenance makes no sense, with the
 * texts of Mesos. */
#include <config.h>

#include "master/policy/maintenance_check.h"

#include <string.h>

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "master/private.h"

static struct error *
refuse_machine(const V1__MachineID *id, const char *why)
{
    autofini(strbuf) json = STRBUF(4096);

    message_encode_json(&id->base, &json);
    return error_create(ERROR_INVALID, "Machine '%s' %s", json.data, why);
}

static struct error *
check_id(const V1__MachineID *id)
{
    bool has_ip = id->ip && id->ip[0] != '\0';
    struct address address;
    struct error *error;

    if (!has_ip && (!id->hostname || id->hostname[0] == '\0')) {
        return error_create(ERROR_INVALID, "Both 'hostname' and 'ip' for a "
                            "machine are empty");
    }
    error = has_ip ? address_parse_ip(id->ip, 0, &address) : NULL;
    if (error) {
        error_destroy(error);
        return error_create(ERROR_INVALID, "Failed to parse IPv%c: %s",
                            strchr(id->ip, ':') ? '6' : '4', id->ip);
    }
    return NULL;
}

/* Each of them, and none twice: 'seen' is theirs so far. */
static struct error *
check_ids(V1__MachineID *const *ids, size_t n, struct machines *seen)
{
    for (size_t i = 0; i < n; i++) {
        struct error *error = check_id(ids[i]);

        if (error) {
            return error;
        }
        if (machines_find(seen, ids[i])) {
            return refuse_machine(ids[i],
                                  "appears more than once in the schedule");
        }
        machines_get(seen, ids[i]);
    }
    return NULL;
}

static struct error *
check_window(const Maintenance__Window *window, struct machines *seen)
{
    const V1__DurationInfo *duration = window->unavailability->duration;

    if (window->n_machine_ids == 0) {
        return error_create(ERROR_INVALID, "List of machines in the "
                            "maintenance window is empty");
    }
    if (duration && duration->nanoseconds < 0) {
        return error_create(ERROR_INVALID, "Unavailability 'duration' is "
                            "negative");
    }
    return check_ids(window->machine_ids, window->n_machine_ids, seen);
}

static struct error *
check_none_is_lost(const struct master *m, const struct machines *scheduled)
{
    const struct machine *machine = NULL;

    while ((machine = machines_next(&m->policy.machines, machine)) != NULL) {
        V1__MachineID id = V1__MACHINE_ID__INIT;

        id.hostname = machine->hostname;
        id.ip = machine->ip;
        if (machine->is_down && !machines_find(scheduled, &id)) {
            return refuse_machine(&id, "is deactivated and cannot be removed "
                                  "from the schedule");
        }
    }
    return NULL;
}

struct error *
maintenance_check_schedule(struct master *m,
                           const Internal__RegistryChange *change, bool force)
{
    const Maintenance__Schedule *schedule = change->update_schedule->schedule;
    struct machines seen = { NULL };
    struct error *error = NULL;

    (void) force;
    for (size_t i = 0; i < schedule->n_windows && !error; i++) {
        error = check_window(schedule->windows[i], &seen);
    }
    if (!error) {
        error = check_none_is_lost(m, &seen);
    }
    machines_fini(&seen);
    return error;
}

/* That all are scheduled, and are down or not; 'why' is for those that are
 * not as wanted. */
static struct error *
check_machines(const struct master *m,
               const Internal__RegistryChange__Machines *change,
               bool is_down, const char *why)
{
    struct machines seen = { NULL };
    struct error *error = NULL;

    if (change->n_ids == 0) {
        return error_create(ERROR_INVALID, "List of machines is empty");
    }
    error = check_ids(change->ids, change->n_ids, &seen);
    machines_fini(&seen);
    for (size_t i = 0; i < change->n_ids && !error; i++) {
        const struct machine *machine = machines_find(&m->policy.machines,
                                                      change->ids[i]);

        if (!machine) {
            error = refuse_machine(change->ids[i], "is not part of a "
                                   "maintenance schedule");
        } else if (machine->is_down != is_down) {
            error = refuse_machine(change->ids[i], why);
        }
    }
    return error;
}

struct error *
maintenance_check_start(struct master *m,
                        const Internal__RegistryChange *change, bool force)
{
    (void) force;
    return check_machines(m, change->start_maintenance, false, "is not in "
                          "DRAINING mode and cannot be brought down");
}

struct error *
maintenance_check_stop(struct master *m,
                       const Internal__RegistryChange *change, bool force)
{
    (void) force;
    return check_machines(m, change->stop_maintenance, true, "is not in DOWN "
                          "mode and cannot be brought up");
}
