/* SPDX-License-Identifier: Apache-2.0
 *
 * poller.h - a small poller and bare systems on it, for tests of libactor's
 * core: nothing to the right of core is needed.
 *
 * Thread-safety: as core/worker.h says of pollers. */
#ifndef TESTS_LIB_POLLER_H
#define TESTS_LIB_POLLER_H 1

struct actor_backend;
struct actor_system;
struct poller_ops;

extern const struct poller_ops poller_test;

/* A manual system; 'backend' may be NULL. */
struct actor_system *bare_manual(const struct actor_backend *backend);

/* A system with 'n_workers' threads. */
struct actor_system *bare_threaded(unsigned n_workers);

#endif /* TESTS_LIB_POLLER_H */
