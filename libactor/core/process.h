/* SPDX-License-Identifier: Apache-2.0
 *
 * process.h - child processes of the kernel: the real back end of backend.h.
 *
 * Thread-safety: any thread. */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H 1

#include <actor/backend.h>

extern const struct actor_process_ops process_real;

#endif /* CORE_PROCESS_H */
