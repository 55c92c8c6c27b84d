/* SPDX-License-Identifier: Apache-2.0
 *
 * operation_table.h - operations that agents were told of and whose outcome
 * has not been acknowledged.
 *
 * Each is in one table by its UUID, in another by the id that its framework
 * gave it, and in the list of its agent.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_OPERATION_TABLE_H
#define MASTER_OPERATION_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/table.h>
#include <actor/uuid.h>

#include "proto/mesos/v1/mesos.pb-c.h"

struct agent;
struct message;

struct tracked_operation {
    UT_hash_handle hh;          /* by uuid */
    UT_hash_handle hh_key;      /* by 'key', if there is one */
    struct tracked_operation *prev, *next;      /* in the agent's list */
    struct uuid uuid;
    char *framework_id;         /* owned; NULL: an operator's */
    char *id;                   /* owned; NULL: the framework gave it none */
    char *key;                  /* owned; both of them; NULL: no id */
    struct agent *agent;        /* borrowed; outlives us */
    struct message *info_message;       /* counted; 'info' is inside */
    const V1__Offer__Operation *info;
    struct message *status_message;     /* counted; root is 'status' */
    const V1__OperationStatus *status;  /* the latest */
};

/* Zeroed: empty. */
struct operations {
    struct tracked_operation *by_uuid;
    struct tracked_operation *by_key;
};

/* Adds one that is pending; 'info' is inside 'message', which is
 * referenced. */
struct tracked_operation *
operations_add(struct operations *, struct agent *, const struct uuid *,
               const char *framework_id, struct message *message,
               const V1__Offer__Operation *info);
void operations_remove(struct operations *, struct tracked_operation *);

/* Takes over a copy of the status. */
void tracked_operation_set_status(struct tracked_operation *,
                                  const V1__OperationStatus *);

struct tracked_operation *operations_find(const struct operations *,
                                          const struct uuid *);
struct tracked_operation *operations_find_id(const struct operations *,
                                             const char *framework_id,
                                             const char *id);

/* All, in the order in which they came; NULL begins and ends. */
struct tracked_operation *
operations_next(const struct operations *, const struct tracked_operation *);
size_t operations_count(const struct operations *);
void operations_fini(struct operations *);

bool operation_state_is_terminal(V1__OperationState);
const char *operation_state_name(V1__OperationState);

/* False if it is not 16 bytes. */
bool uuid_from_message(const V1__UUID *, struct uuid *ret);
V1__UUID *uuid_to_message(const struct uuid *, struct message *);

#endif /* MASTER_OPERATION_TABLE_H */
