/* SPDX-License-Identifier: Apache-2.0
 *
 * machine_table.h - machines that are in the maintenance schedule, and which
 * agents are on them.
 *
 * A machine is known by host name and address together, as an agent's are; it
 * has a record as long as it is in the schedule.  One that is not is up.
 *
 * Mirrors Machine of Mesos' src/master/machine.hpp, but for machines that
 * nothing is planned for.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_POLICY_MACHINE_TABLE_H
#define MASTER_POLICY_MACHINE_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/table.h>

#include "proto/mesos/v1/mesos.pb-c.h"

struct absence;
struct agent;
struct inverse_offer;
struct message;
struct upid;

struct machine {
    UT_hash_handle hh;
    char *key;                  /* owned; registry_machine_key() */
    char *hostname;             /* owned; NULL: not given */
    char *ip;                   /* owned; NULL: not given */
    bool is_down;               /* or else it is to be drained */
    int64_t start_ns;           /* wall clock: of when it is away */
    int64_t duration_ns;        /* < 0: nobody knows */
    struct absence *absences;   /* list: of its agents */
    bool is_kept;               /* the user's: while schedules are compared */
};

/* What a framework has said to being asked to leave an agent. */
struct inverse_answer {
    struct inverse_answer *next;
    char *framework_id;         /* owned */
    bool accepted;
    int64_t time_ns;            /* wall clock */
};

/* An agent that is planned to be away, or is. */
struct absence {
    struct absence *prev, *next;        /* in the machine's list */
    struct machine *machine;    /* borrowed; outlives us */
    struct agent *agent;        /* borrowed; outlives us */
    struct inverse_offer *offers;       /* list, by 'absence_next' */
    struct inverse_answer *answers;     /* list; owned */
};

struct machines {
    struct machine *table;
};

struct machine *machines_find(const struct machines *, const V1__MachineID *);

/* The machine of an agent with that host name at 'pid'. */
struct machine *machines_find_host(const struct machines *,
                                   const char *hostname, const struct upid *);

/* In the order in which they came; NULL: the first, and after the last. */
struct machine *machines_next(const struct machines *,
                              const struct machine *);

/* The one that is there, or a new one that is to be drained. */
struct machine *machines_get(struct machines *, const V1__MachineID *);
void machine_set_unavailability(struct machine *, const V1__Unavailability *);

/* As a message has them; in 'm'. */
V1__MachineID *machine_encode_id(const struct machine *, struct message *m);
V1__Unavailability *machine_encode_unavailability(const struct machine *,
                                                  struct message *m);

/* Forgets it; its agents must not be absent any more. */
void machines_remove(struct machines *, struct machine *);
void machines_fini(struct machines *);

/* --- absences --- */

/* Sets 'agent->absence'. */
struct absence *absence_create(struct machine *, struct agent *);

/* Clears it; there must not be any offers. */
void absence_destroy(struct absence *);

/* In place of what the framework has said before. */
void absence_put_answer(struct absence *, const char *framework_id,
                        bool accepted, int64_t time_ns);
void absence_drop_answer(struct absence *, const char *framework_id);
void absence_drop_answers(struct absence *);

#endif /* MASTER_POLICY_MACHINE_TABLE_H */
