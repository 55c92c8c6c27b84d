/* SPDX-License-Identifier: Apache-2.0
 *
 * execute_status.h - how mesos-execute shows a status update.
 *
 * Thread-safety: pure functions. */
#ifndef CLI_EXECUTE_STATUS_H
#define CLI_EXECUTE_STATUS_H 1

#include "proto/mesos/v1/mesos.pb-c.h"

struct strbuf;

/* The lines that Mesos' mesos-execute prints: one with state and id, then one
 * indented line each for message, source, reason, health, check and exceeded
 * resources, of those that there are. */
void execute_status_format(const V1__TaskStatus *, struct strbuf *);

#endif /* CLI_EXECUTE_STATUS_H */
