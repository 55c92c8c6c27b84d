/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_container.h - what mesos-execute asks of the container of its
 * command.
 *
 * Thread-safety: one thread, at start. */
#ifndef CLI_EXECUTE_CONTAINER_H
#define CLI_EXECUTE_CONTAINER_H 1

#include <actor/compiler.h>

#include "proto/mesos/v1/mesos.pb-c.h"

struct error;
struct execute_flags;
struct message;

/* Why the flags cannot be had: they contradict each other, in Mesos' words,
 * or are not supported by this version.  Of any task. */
struct error *execute_container_check(const struct execute_flags *) MUST_CHECK;

/* The container that --volumes and --rlimits make, in 'm'; NULL if there is
 * nothing to say of it. */
struct error *execute_container_make(const struct execute_flags *,
                                     struct message *m,
                                     V1__ContainerInfo **ret) MUST_CHECK;

#endif /* CLI_EXECUTE_CONTAINER_H */
