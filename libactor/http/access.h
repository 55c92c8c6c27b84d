/* SPDX-License-Identifier: Apache-2.0
 *
 * access.h - whom to ask about a request before its actor gets it.
 *
 * Thread-safety: any thread. */
#ifndef HTTP_ACCESS_H
#define HTTP_ACCESS_H 1

#include <stdbool.h>

struct http_access;
struct http_principal;
struct http_request;
struct http_server;

/* 'realm_prefix' (NULL: none) stands before the realms of routes; copied. */
struct http_access *http_access_create(const char *realm_prefix);
void http_access_destroy(struct http_access *);

/* What a request has still to pass. */
enum http_access_step {
    HTTP_ACCESS_WHO,
    HTTP_ACCESS_MAY,
    HTTP_ACCESS_DONE,
};

/* Asks about 'request', which has a route of actor 'id', from its step on: the
 * request is then somebody else's, and comes back answered or through
 * http_connection_checked().  False if there is nobody to ask. */
bool http_access_ask(struct http_server *, struct http_request *);

void http_principal_destroy(struct http_principal *);   /* NULL is fine */

#endif /* HTTP_ACCESS_H */
