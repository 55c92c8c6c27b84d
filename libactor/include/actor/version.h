/* SPDX-License-Identifier: Apache-2.0
 *
 * version.h - what we say we are.
 *
 * Clients parse the version of the Mesos API that we speak; our own stands
 * beside it.  Thread-safety: constants. */
#ifndef ACTOR_VERSION_H
#define ACTOR_VERSION_H 1

#include <stdint.h>

struct json_writer;

/* The version of the Mesos API: in /version, MasterInfo, /state. */
#define ACTOR_MESOS_VERSION "1.12.0"

/* Our own version: "0.1.0". */
const char *actor_version(void);

/* When this was built: "2026-11-20 23:44:43" in UTC, and seconds since 1970;
 * SOURCE_DATE_EPOCH if the build was given one. */
const char *actor_build_date(void);
int64_t actor_build_time(void);
const char *actor_build_user(void);

/* The members "build_date", "build_time", "build_user", "version" and
 * "cmesos_version", into an object that has been begun. */
void actor_version_write_json(struct json_writer *);

#endif /* ACTOR_VERSION_H */
