/* SPDX-License-Identifier: Apache-2.0
 *
 * accept.h - one ACCEPT call while it is worked on.
 *
 * Private to master/accept*.c: accept.c has the offers and the order of
 * things, accept_launch.c and accept_group.c tasks, accept_task.c what both need, and
 * accept_operation.c what changes resources.
 *
 * Thread-safety: the master's turns only. */
#ifndef MASTER_ACCEPT_H
#define MASTER_ACCEPT_H 1

#include <actor/compiler.h>

#include "master/private.h"
#include "master/validation.h"

struct acceptance {
    struct master *m;
    struct framework *f;
    struct message *message;    /* the call's; borrowed */
    struct agent *agent;        /* of all the offers */
    char *role;                 /* of all the offers; owned */
    struct resources available; /* what is left of them */

    /* What operations made, as far as it is in 'available' or was there; and
     * volumes of another size, which this call may not use any more. */
    struct resources made;
    struct resources resized;
};

/* Each checks what can be said of an operation by itself.  False if that was
 * wrong, and told. */
bool accept_check_launch(struct acceptance *, const V1__Offer__Operation *);
bool accept_check_group(struct acceptance *, const V1__Offer__Operation *);
bool accept_check_operation(struct acceptance *,
                            const V1__Offer__Operation *);

/* --- accept_task.c --- */

void accept_refuse_task(struct acceptance *, const V1__TaskInfo *,
                        V1__TaskStatus__Reason, const char *why);
void accept_refuse_tasks(struct acceptance *, V1__TaskInfo *const *, size_t n,
                         V1__TaskStatus__Reason, const char *why);

/* Resources as the call has them, allocated to the role of the offers where
 * it does not say. */
struct error *accept_decode(const struct acceptance *, V1__Resource *const *,
                            size_t n, struct resources *ret) MUST_CHECK;

/* 'running': the task's executor, if the agent has it already. */
struct task_context accept_task_context(const struct acceptance *,
                                        const V1__TaskInfo *,
                                        const struct executor *running);

/* Take what it uses off what is left, and put it into the tables. */
void accept_add_executor(struct acceptance *, const V1__ExecutorInfo *,
                         const struct resources *);
void accept_add_task(struct acceptance *, const V1__TaskInfo *,
                     const struct resources *);

/* With what the framework may leave out, made in 'message'. */
V1__ExecutorInfo *accept_complete_executor(struct acceptance *,
                                           const V1__ExecutorInfo *,
                                           const struct resources *,
                                           struct message *message);
V1__TaskInfo *accept_complete_task(struct acceptance *, const V1__TaskInfo *,
                                   const struct resources *,
                                   const struct resources *executor_resources,
                                   struct message *message);

/* --- the kinds of operations --- */

void accept_launch(struct acceptance *, const V1__Offer__Operation__Launch *);
void accept_launch_group(struct acceptance *,
                         const V1__Offer__Operation__LaunchGroup *);

/* RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME and SHRINK_VOLUME. */
void accept_operation(struct acceptance *, const V1__Offer__Operation *);

/* CREATE_DISK and DESTROY_DISK, which no agent has a provider for. */
void accept_disk_operation(struct acceptance *, const V1__Offer__Operation *);

/* Nothing becomes of the operation; its framework is told if it gave it an
 * id. */
void operation_drop(struct master *, struct framework *,
                    const V1__Offer__Operation *, const char *why);

#endif /* MASTER_ACCEPT_H */
