/* SPDX-License-Identifier: Apache-2.0
 *
 * environment.h - what a driver takes from the environment and the host.
 *
 * Thread-safety: as getenv(). */
#ifndef SCHEDULER_DRIVER_ENVIRONMENT_H
#define SCHEDULER_DRIVER_ENVIRONMENT_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct actor_system_options;
struct error;

/* Name of the user that runs this program, and of this host; for the caller to
 * free().  Never NULL: who has no name is its number. */
char *environment_user(void);
char *environment_hostname(void);

/* Where to listen and what to advertise: LIBPROCESS_IP, LIBPROCESS_PORT,
 * LIBPROCESS_ADVERTISE_IP, LIBPROCESS_ADVERTISE_PORT. */
struct error *environment_address(struct actor_system_options *) MUST_CHECK;

/* MESOS_REGISTRATION_BACKOFF_FACTOR; and refuses MESOS_MODULES and
 * MESOS_MODULES_DIR, since there is nothing here to load modules into. */
struct error *environment_flags(int64_t *ret_backoff_ns) MUST_CHECK;

#endif /* SCHEDULER_DRIVER_ENVIRONMENT_H */
