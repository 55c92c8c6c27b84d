/* SPDX-License-Identifier: Apache-2.0
 *
 * executor_environment.h - what an agent tells an executor by environment
 * variables.
 *
 * Thread-safety: as getenv(). */
#ifndef EXECUTOR_EXECUTOR_ENVIRONMENT_H
#define EXECUTOR_EXECUTOR_ENVIRONMENT_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/compiler.h>
#include <actor/upid.h>

struct actor_system_options;
struct error;

struct executor_environment {
    struct upid agent;          /* MESOS_SLAVE_PID */
    char *agent_id;             /* owned; MESOS_SLAVE_ID */
    char *framework_id;         /* owned; MESOS_FRAMEWORK_ID */
    char *executor_id;          /* owned; MESOS_EXECUTOR_ID */
    char *directory;            /* owned; MESOS_DIRECTORY */
    bool checkpoint;            /* MESOS_CHECKPOINT is 1 */
    bool is_local;              /* MESOS_LOCAL is set */
    int64_t grace_ns;           /* MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD */
    int64_t recovery_timeout_ns;        /* MESOS_RECOVERY_TIMEOUT */
    int64_t backoff_max_ns;     /* MESOS_SUBSCRIPTION_BACKOFF_MAX */
};

/* Texts are those of Mesos: "Expecting 'MESOS_SLAVE_PID' to be set in the
 * environment". */
struct error *executor_environment_read(struct executor_environment *ret)
    MUST_CHECK;
void executor_environment_fini(struct executor_environment *);

/* Where to listen and what to advertise: LIBPROCESS_IP, LIBPROCESS_PORT,
 * LIBPROCESS_ADVERTISE_IP, LIBPROCESS_ADVERTISE_PORT. */
struct error *executor_environment_address(struct actor_system_options *)
    MUST_CHECK;

#endif /* EXECUTOR_EXECUTOR_ENVIRONMENT_H */
