/* SPDX-License-Identifier: Apache-2.0
 *
 * probe_private.h - what the kinds of probes share.
 *
 * Thread-safety: the owning actor's turns only. */
#ifndef EXECUTOR_CHECKS_PROBE_PRIVATE_H
#define EXECUTOR_CHECKS_PROBE_PRIVATE_H 1

#include <actor/actor.h>
#include <actor/child.h>

#include "executor/checks/probe.h"

struct http_call;
struct http_channel;

struct probe {
    struct actor *self;         /* borrowed */
    struct probe_options options;
    struct actor_timer timer;   /* timeout, or an end that is told later */
    struct error *error;        /* owned; that end */

    /* Commands, and curl. */
    struct actor_child *child;  /* borrowed; NULL: none runs */
    struct user_lookup *lookup; /* borrowed; NULL: none is under way */
    int out, err;               /* owned; what curl says; -1: none */

    /* HTTP and TCP. */
    struct http_channel *channel;       /* owned; NULL: none */
    struct http_call *call;     /* borrowed; NULL: none is under way */
    char *url;                  /* owned */
    unsigned n_redirects;
};

/* --- kinds; an error is one that 'done' is to be told --- */

struct error *probe_command_begin(struct probe *);
struct error *probe_http_begin(struct probe *);
struct error *probe_tcp_begin(struct probe *);

/* Asks probe->url, which takes TLS. */
struct error *probe_curl_begin(struct probe *);

/* --- for the kinds --- */

/* Over: calls 'done' and frees the probe.  Takes 'error', which may be
 * NULL. */
void probe_end(struct probe *, struct error *error, int value);

/* Starts a program as probe->child, in a session of its own. */
struct error *probe_spawn(struct probe *, struct actor_child_options *,
                          actor_child_exit_fn *on_exit);

/* Where the task listens. */
void probe_address(const struct probe *, struct address *ret);

#endif /* EXECUTOR_CHECKS_PROBE_PRIVATE_H */
