/* SPDX-License-Identifier: Apache-2.0
 *
 * http_server.h - how a system serves HTTP: what is switched off, realms.
 *
 * Given to actor_system_create(); what an actor needs to answer requests is in
 * http.h.
 *
 * Thread-safety: said for each part. */
#ifndef ACTOR_HTTP_SERVER_H
#define ACTOR_HTTP_SERVER_H 1

#include <stddef.h>

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
};

/* What is wrong with them; NULL is fine, and so are no options.
 * actor_system_create() asks this. */
struct error *http_options_check(const struct http_options *) MUST_CHECK;

#endif /* ACTOR_HTTP_SERVER_H */
