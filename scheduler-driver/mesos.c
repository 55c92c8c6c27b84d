/* SPDX-License-Identifier: Apache-2.0
 *
 * mesos.c - what the drivers of libmesos share: names and versions.
 *
 * Thread: any; constants only. */
#include <config.h>

#include <actor/version.h>
#include <mesos/mesos.h>

const char *
mesos_status_name(enum mesos_status status)
{
    switch (status) {
    case MESOS_DRIVER_NOT_STARTED:
        return "DRIVER_NOT_STARTED";
    case MESOS_DRIVER_RUNNING:
        return "DRIVER_RUNNING";
    case MESOS_DRIVER_ABORTED:
        return "DRIVER_ABORTED";
    case MESOS_DRIVER_STOPPED:
        return "DRIVER_STOPPED";
    }
    return "UNKNOWN";
}

const char *
mesos_api_version(void)
{
    return ACTOR_MESOS_VERSION;
}

const char *
mesos_library_version(void)
{
    return PACKAGE_VERSION;
}
