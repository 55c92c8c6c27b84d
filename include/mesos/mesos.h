/* SPDX-License-Identifier: Apache-2.0
 *
 * mesos.h - what <mesos/scheduler.h> and <mesos/executor.h> share.
 *
 * The messages of the Mesos v1 API (TaskInfo, Offer, TaskStatus, ...) are the
 * structs that protobuf-c makes of its .proto files: 'mesos.v1.TaskInfo' is
 * 'V1__TaskInfo', field for field, in <mesos/v1/mesos.pb-c.h>.  A program
 * fills them in as usual:
 *
 *     V1__TaskID id = V1__TASK_ID__INIT;
 *     V1__TaskInfo task = V1__TASK_INFO__INIT;
 *
 *     id.value = (char *) "web.7";
 *     task.name = (char *) "web";
 *     task.task_id = &id;
 *     ...
 *
 * and links with libmesos and libprotobuf-c ('pkg-config --libs mesos').
 * libmesos exports the functions and descriptors of these structs as well
 * (v1__task_info__pack() and so on).
 *
 * Ownership: a 'const' message given to a function, or passed to a callback,
 * is a loan for that call.  Functions copy what they need; who wants to keep
 * a message of a callback copies it (v1__offer__get_packed_size(), _pack(),
 * _unpack()).
 *
 * Compatibility: functions are added, never changed; structs that a program
 * fills in for libmesos begin with their size and only grow at the end. */
#ifndef MESOS_MESOS_H
#define MESOS_MESOS_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every V1__..._INIT names all fields, deprecated ones as well: no warnings
 * for that. */
#ifndef PROTOBUF_C__NO_DEPRECATED
#define PROTOBUF_C__NO_DEPRECATED 1
#endif

#include <mesos/v1/mesos.pb-c.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MESOS_API __attribute__((visibility("default")))

/* State of a driver; the numbers are those of mesos.v1.Status. */
enum mesos_status {
    MESOS_DRIVER_NOT_STARTED = 1,
    MESOS_DRIVER_RUNNING = 2,
    MESOS_DRIVER_ABORTED = 3,
    MESOS_DRIVER_STOPPED = 4,
};

/* "DRIVER_RUNNING"; "UNKNOWN" for a number that is no state.  Any thread. */
MESOS_API const char *mesos_status_name(enum mesos_status);

/* Version of the Mesos API that is spoken: "1.12.0".  Any thread. */
MESOS_API const char *mesos_api_version(void);

/* Version of this library itself.  Any thread. */
MESOS_API const char *mesos_library_version(void);

#ifdef __cplusplus
}
#endif

#endif /* MESOS_MESOS_H */
