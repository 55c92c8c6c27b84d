/* SPDX-License-Identifier: Apache-2.0
 *
 * machine_table.c - machines that are in the maintenance schedule, and which
 * agents are on them. */
#include <config.h>

#include "master/policy/machine_table.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/upid.h>
#include <utlist.h>

#include "master/agent_table.h"
#include "master/registrar/registry.h"

struct machine *
machines_find(const struct machines *t, const V1__MachineID *id)
{
    autofree char *key = registry_machine_key(id);
    struct machine *machine;

    HASH_FIND_STR(t->table, key, machine);
    return machine;
}

struct machine *
machines_find_host(const struct machines *t, const char *hostname,
                   const struct upid *pid)
{
    V1__MachineID id = V1__MACHINE_ID__INIT;
    char ip[ADDRESS_TEXT_SIZE];

    if (!t->table) {
        return NULL;
    }
    address_format_ip(&pid->address, ip);
    id.hostname = (char *) hostname;
    id.ip = ip;
    return machines_find(t, &id);
}

struct machine *
machines_next(const struct machines *t, const struct machine *machine)
{
    return machine ? machine->hh.next : t->table;
}

struct machine *
machines_get(struct machines *t, const V1__MachineID *id)
{
    struct machine *machine = machines_find(t, id);

    if (!machine) {
        machine = xcalloc(1, sizeof *machine);
        machine->key = registry_machine_key(id);
        machine->hostname = id->hostname ? xstrdup(id->hostname) : NULL;
        machine->ip = id->ip ? xstrdup(id->ip) : NULL;
        machine->duration_ns = -1;
        HASH_ADD_KEYPTR(hh, t->table, machine->key, strlen(machine->key),
                        machine);
    }
    return machine;
}

void
machine_set_unavailability(struct machine *machine,
                           const V1__Unavailability *unavailability)
{
    machine->start_ns = unavailability->start->nanoseconds;
    machine->duration_ns = unavailability->duration
        ? unavailability->duration->nanoseconds : -1;
}

V1__MachineID *
machine_encode_id(const struct machine *machine, struct message *m)
{
    V1__MachineID *id = message_new(m, &v1__machine_id__descriptor);

    id->hostname = machine->hostname ? message_strdup(m, machine->hostname)
                                     : NULL;
    id->ip = machine->ip ? message_strdup(m, machine->ip) : NULL;
    return id;
}

V1__Unavailability *
machine_encode_unavailability(const struct machine *machine,
                              struct message *m)
{
    V1__Unavailability *out = message_new(m, &v1__unavailability__descriptor);

    out->start = message_new(m, &v1__time_info__descriptor);
    out->start->nanoseconds = machine->start_ns;
    if (machine->duration_ns >= 0) {
        out->duration = message_new(m, &v1__duration_info__descriptor);
        out->duration->nanoseconds = machine->duration_ns;
    }
    return out;
}

void
machines_remove(struct machines *t, struct machine *machine)
{
    CHECK(!machine->absences, "a machine is forgotten with agents on it");
    HASH_DEL(t->table, machine);
    free(machine->key);
    free(machine->hostname);
    free(machine->ip);
    free(machine);
}

void
machines_fini(struct machines *t)
{
    while (t->table) {
        while (t->table->absences) {
            absence_destroy(t->table->absences);
        }
        machines_remove(t, t->table);
    }
}

/* --- absences --- */

struct absence *
absence_create(struct machine *machine, struct agent *agent)
{
    struct absence *absence = xcalloc(1, sizeof *absence);

    absence->machine = machine;
    absence->agent = agent;
    agent->absence = absence;
    DL_APPEND(machine->absences, absence);
    return absence;
}

void
absence_destroy(struct absence *absence)
{
    CHECK(!absence->offers, "an absence ends with inverse offers");
    absence_drop_answers(absence);
    DL_DELETE(absence->machine->absences, absence);
    absence->agent->absence = NULL;
    free(absence);
}

void
absence_drop_answer(struct absence *absence, const char *framework_id)
{
    struct inverse_answer *answer, *next;

    LL_FOREACH_SAFE(absence->answers, answer, next) {
        if (!strcmp(answer->framework_id, framework_id)) {
            LL_DELETE(absence->answers, answer);
            free(answer->framework_id);
            free(answer);
        }
    }
}

void
absence_put_answer(struct absence *absence, const char *framework_id,
                   bool accepted, int64_t time_ns)
{
    struct inverse_answer *answer = xcalloc(1, sizeof *answer);

    absence_drop_answer(absence, framework_id);
    answer->framework_id = xstrdup(framework_id);
    answer->accepted = accepted;
    answer->time_ns = time_ns;
    LL_APPEND(absence->answers, answer);
}

void
absence_drop_answers(struct absence *absence)
{
    while (absence->answers) {
        absence_drop_answer(absence, absence->answers->framework_id);
    }
}
