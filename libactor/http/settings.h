/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h - the options of an HTTP server, copied and looked up.
 *
 * Thread-safety: any thread; they do not change. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H 1

#include <stdbool.h>
#include <stdint.h>

#include <actor/http_server.h>
#include <actor/vec.h>

struct http_request;

/* As in struct http_options, but for the defaults, which are filled in. */
struct http_settings {
    VEC(char *) disabled;               /* owned */
    unsigned max_connections;
    size_t max_bodies;
    int64_t request_timeout_ns;
    int64_t write_timeout_ns;
};

/* 'options' may be NULL.  'is_real': the network is the kernel's. */
struct http_settings *http_settings_create(const struct http_options *,
                                           bool is_real);
void http_settings_destroy(struct http_settings *);

/* True if the endpoint that 'request' has found is disabled: its very path, or
 * that of its route. */
bool http_settings_disable(const struct http_settings *,
                           const struct http_request *);

#endif /* HTTP_SETTINGS_H */
