/* SPDX-License-Identifier: Apache-2.0
 *
 * validation.h - what a framework may ask for.
 *
 * Texts are those of Mesos' src/master/validation.cpp and health_check
 * validation, since frameworks show them to their users.
 *
 * Thread-safety: pure functions. */
#ifndef MASTER_VALIDATION_H
#define MASTER_VALIDATION_H 1

#include <stdbool.h>

#include <actor/compiler.h>

#include "model/resources.h"
#include "proto/mesos/v1/mesos.pb-c.h"

struct error;

/* Roles, id, failover timeout and user of a framework.  'roles' and
 * 'root_submissions' are the flags. */
struct error *validate_framework_info(const V1__FrameworkInfo *,
                                      const char *roles,
                                      bool root_submissions) MUST_CHECK;

/* A value of --roles; NULL is fine. */
struct error *validate_role_list(const char *list) MUST_CHECK;

/* Whether a role is in such a list; "*" is in all, and NULL has all. */
bool validate_role_is_listed(const char *list, const char *role);

/* Whether its roles, which are valid, are in that list; NULL: any may be. */
struct error *validate_listed_roles(const V1__FrameworkInfo *,
                                    const char *list) MUST_CHECK;

/* What of a framework cannot change when it subscribes again. */
struct error *validate_framework_update(const V1__FrameworkInfo *old,
                                        const V1__FrameworkInfo *) MUST_CHECK;

/* Roles that are suppressed, revived or unsuppressed have to be roles of the
 * framework. */
struct error *validate_suppressed_roles(char *const *suppressed,
                                        size_t n_suppressed,
                                        const V1__FrameworkInfo *) MUST_CHECK;

/* What a task is held against. */
struct task_context {
    const char *agent_id;       /* of the offers */
    const char *framework_id;
    const char *role;           /* the offers are allocated to it */
    bool is_duplicate;          /* the framework has a task of this id */
    bool is_unreachable;        /* ... on an agent that is out of reach */

    /* What is left of the offers, allocated. */
    const struct resources *available;

    /* The executor of that id that runs on the agent; NULL: none. */
    const V1__ExecutorInfo *running_executor;
    bool is_group;              /* of a LAUNCH_GROUP */
    bool has_limits;            /* TASK_RESOURCE_LIMITS of the agent */
};

/* The rules for a task of a LAUNCH operation.  'resources' are its own and
 * 'executor_resources' those of its executor, both decoded and allocated. */
struct error *validate_task(const V1__TaskInfo *,
                            const struct resources *resources,
                            const struct resources *executor_resources,
                            const struct task_context *) MUST_CHECK;

/* The rules for the tasks of a LAUNCH_GROUP, which all have 'executor'.  The
 * resources are decoded and allocated; 'contexts' are one for each task, of
 * which the last part counts only once. */
struct error *validate_group(const V1__TaskGroupInfo *,
                             const V1__ExecutorInfo *executor,
                             const struct resources *task_resources,
                             const struct resources *executor_resources,
                             const struct task_context *contexts) MUST_CHECK;

struct error *validate_check(const V1__CheckInfo *) MUST_CHECK;
struct error *validate_health_check(const V1__HealthCheck *) MUST_CHECK;
struct error *validate_command(const V1__CommandInfo *) MUST_CHECK;
struct error *validate_container(const V1__ContainerInfo *) MUST_CHECK;

#endif /* MASTER_VALIDATION_H */
