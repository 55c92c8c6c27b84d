/* SPDX-License-Identifier: Apache-2.0
 *
 * settings.h - the options of an HTTP server, copied and looked up.
 *
 * Thread-safety: any thread; they do not change. */
#ifndef HTTP_SETTINGS_H
#define HTTP_SETTINGS_H 1

#include <stdbool.h>

#include <actor/http_server.h>

struct http_request;
struct http_settings;

/* 'options' may be NULL. */
struct http_settings *http_settings_create(const struct http_options *);
void http_settings_destroy(struct http_settings *);

/* True if the endpoint that 'request' has found is disabled: its very path, or
 * that of its route. */
bool http_settings_disable(const struct http_settings *,
                           const struct http_request *);

#endif /* HTTP_SETTINGS_H */
