/* SPDX-License-Identifier: Apache-2.0
 *
 * http_access.h - who made an HTTP request, and whether they may.
 *
 * A route has a realm or none; with one, the realm's authenticator is asked
 * who makes the request before its actor sees it, and the route's authorizer,
 * if it has any, whether they may.  Both are actors.  They are handed a
 * 'struct http_check' in a turn of theirs and answer it, exactly once, then or
 * later: one that thinks for long holds up the connection that asked, whose
 * requests keep their order, and no other.
 *
 * A realm without an authenticator is open.  Once it has had one it is not any
 * more: when the authenticator's actor is gone, or lets go of a check without
 * an answer, requests are answered 503.
 *
 * Thread-safety: functions that take 'self' in its turn; the rest on any
 * thread. */
#ifndef ACTOR_HTTP_ACCESS_H
#define ACTOR_HTTP_ACCESS_H 1

#include <stddef.h>

struct actor;
struct http_check;
struct http_request;

struct http_claim {
    const char *name;
    const char *value;
};

struct http_principal {
    const char *value;          /* NULL: claims only */
    const struct http_claim *claims;
    size_t n_claims;
};

/* Who makes the request, on loan; NULL if nobody was asked. */
const struct http_principal *
http_request_principal(const struct http_request *);

/* --- asking --- */

typedef void http_check_fn(struct actor *self, struct http_check *);

/* 'fn' of 'self' says from now on who makes the requests of 'realm', its whole
 * name: "mesos-master-readonly".  It replaces one that was there. */
void http_set_authenticator(struct actor *self, const char *realm,
                            http_check_fn *fn);

/* 'fn' of 'self' says from now on who may use the route "/<id>/<route>", for
 * example "/metrics/snapshot", whatever its realm. */
void http_set_authorizer(struct actor *self, const char *path,
                         http_check_fn *fn);

/* --- answering; each takes '*check' and sets it to NULL --- */

/* What is asked about, on loan; http_request_principal() has who makes it when
 * an authorizer is asked. */
const struct http_request *http_check_request(const struct http_check *);

/* The realm or the route's path, as it was set. */
const char *http_check_subject(const struct http_check *);

/* Goes on.  An authenticator gives the principal, which is copied; an
 * authorizer NULL. */
void http_check_accept(struct http_check **check,
                       const struct http_principal *);

/* 401 with "WWW-Authenticate: <challenge>"; 'text' NULL: the usual one. */
void http_check_challenge(struct http_check **check, const char *challenge,
                          const char *text);

/* 403; 'text' NULL: the usual one. */
void http_check_forbid(struct http_check **check, const char *text);

#endif /* ACTOR_HTTP_ACCESS_H */
