/* SPDX-License-Identifier: Apache-2.0
 *
 * http_server.h - how a system serves HTTP: what is switched off, realms,
 * limits.
 *
 * Given to actor_system_create(); what an actor needs to answer requests is in
 * http.h.
 *
 * Thread-safety: said for each part. */
#ifndef ACTOR_HTTP_SERVER_H
#define ACTOR_HTTP_SERVER_H 1

#include <stddef.h>
#include <stdint.h>

#include <actor/compiler.h>

struct error;

struct http_options {
    /* Paths that are answered 403, with the actor's id in front:
     * "/master/state", which goes for "/state" as well.  What is below a path
     * and would be answered by the same route is switched off with it. */
    const char *const *disabled;
    size_t n_disabled;

    /* What stands before the realms of routes: with "mesos-master-", a route
     * of realm "readonly" belongs to "mesos-master-readonly".  NULL: "". */
    const char *realm_prefix;

    /* Connections at a time; one more is answered 503 and closed.  0: seven
     * eighths of the descriptors that the process may have, or any number if
     * the network is not the kernel's. */
    unsigned max_connections;

    /* Bytes of bodies of requests that are held at a time, by all connections
     * together; a request beyond it is refused with 503.  0:
     * LIMIT_HTTP_BODIES. */
    size_t max_bodies;

    /* How long, in nanoseconds, the head of a request may take from its first
     * byte to its last, and in what time a body has to bring another
     * HTTP_LEAST_PROGRESS bytes, or its end.  0: a minute. */
    int64_t request_timeout_ns;

    /* In what time a reader has to take as much of what we have for it, or
     * all.  0: a minute.  A connection without a request under way may idle
     * for ever: clients count on that. */
    int64_t write_timeout_ns;
};

/* At the default timeouts, 500 bytes a second. */
#define HTTP_LEAST_PROGRESS 30000

/* What is wrong with them; NULL is fine, and so are no options.
 * actor_system_create() asks this. */
struct error *http_options_check(const struct http_options *) MUST_CHECK;

#endif /* ACTOR_HTTP_SERVER_H */
