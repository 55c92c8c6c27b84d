/* SPDX-License-Identifier: Apache-2.0
 *
 * request.c - a request of our own: the URL taken apart, the head written.
 *
 * What an actor puts into a head may come from a stranger: nothing in it can
 * end a line.  Thread: the actor's turn. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/limits.h>
#include "http/client/call.h"
#include "http/client/channel.h"

#define CONNECT_TIMEOUT (10 * SECOND)
#define TIMEOUT (60 * SECOND)
#define MAX_METHOD 20
#define MAX_HOST 255            /* of a name of DNS */
#define MAX_NAME_PATH 100       /* of a path in error texts */

/* Within the URL. */
struct url {
    const char *authority;      /* "" if the URL is a bare path */
    size_t authority_len;
    const char *host;           /* without the brackets of IPv6 */
    size_t host_len;
    uint16_t port;
    const char *target;         /* from the '/' or '?' on; "" if none */
    size_t target_len;          /* without a fragment */
};

/* --- checks --- */

static bool
is_token(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7f
            || strchr("\"(),/:;<=>?@[\\]{}", *p)) {
            return false;
        }
    }
    return *text != '\0';
}

static bool
is_field_value(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (((unsigned char) *p < ' ' && *p != '\t') || *p == 0x7f) {
            return false;
        }
    }
    return true;
}

static struct error *
check_method(const char *method)
{
    if (!is_token(method) || strlen(method) > MAX_METHOD
        || strcmp(method, "CONNECT") == 0) {
        return error_create(ERROR_INVALID, "the method is '%.*s'",
                            MAX_METHOD, method);
    }
    return NULL;
}

static bool
is_repeatable(const char *method)
{
    static const char *const methods[] = {
        "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE",
    };

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (strcmp(method, methods[i]) == 0) {
            return true;
        }
    }
    return false;
}

static struct error *
check_header(const char *name, const char *value)
{
    static const char *const ours[] = {
        "Connection", "Content-Length", "Transfer-Encoding",
    };

    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        if (strcasecmp(name, ours[i]) == 0) {
            return error_create(ERROR_INVALID, "header '%s' is not the "
                                "caller's to set", name);
        }
    }
    if (!is_token(name)) {
        return error_create(ERROR_INVALID, "header '%.40s' is no name",
                            name);
    }
    if (!value || !is_field_value(value)) {
        return error_create(ERROR_INVALID, "header '%s' has a malformed "
                            "value", name);
    }
    return NULL;
}

static struct error *
check_headers(const char *const *headers)
{
    struct error *error = NULL;

    for (; !error && headers && headers[0]; headers += 2) {
        error = check_header(headers[0], headers[1]);
    }
    return error;
}

/* --- the URL --- */

static struct error *
check_url_bytes(const char *url)
{
    for (const char *p = url; *p; p++) {
        if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7f) {
            return error_create(ERROR_INVALID, "byte %zu of a URL is 0x%02x",
                                (size_t) (p - url), (unsigned char) *p);
        }
    }
    return NULL;
}

static struct error *
parse_port(const char *text, size_t len, uint16_t *ret)
{
    unsigned port = 0;
    bool is_number = len > 0 && len <= 5;

    for (size_t i = 0; is_number && i < len; i++) {
        is_number = text[i] >= '0' && text[i] <= '9';
        port = port * 10 + (unsigned) (text[i] - '0');
    }
    if (!is_number || port == 0 || port > UINT16_MAX) {
        return error_create(ERROR_INVALID, "the port of a URL is '%.*s'",
                            (int) (len < 40 ? len : 40), text);
    }
    *ret = (uint16_t) port;
    return NULL;
}

/* Host and port of the authority. */
static struct error *
parse_authority(struct url *url)
{
    const char *text = url->authority;
    size_t len = url->authority_len;
    const char *end = text + len;
    const char *colon;

    if (memchr(text, '@', len)) {
        return error_create(ERROR_INVALID, "a URL names a user");
    }
    if (len > 0 && text[0] == '[') {
        const char *bracket = memchr(text, ']', len);

        if (!bracket || (bracket + 1 < end && bracket[1] != ':')) {
            return error_create(ERROR_INVALID, "the host of a URL is "
                                "malformed");
        }
        url->host = text + 1;
        url->host_len = (size_t) (bracket - text) - 1;
        colon = bracket + 1 < end ? bracket + 1 : NULL;
    } else {
        colon = memchr(text, ':', len);
        url->host = text;
        url->host_len = (size_t) ((colon ? colon : end) - text);
    }
    if (url->host_len == 0 || url->host_len > MAX_HOST) {
        return error_create(ERROR_INVALID, "the host of a URL has %zu "
                            "characters", url->host_len);
    }
    url->port = 80;
    return colon ? parse_port(colon + 1, (size_t) (end - colon) - 1,
                              &url->port)
                 : NULL;
}

static struct error *
parse_url(const char *text, struct url *ret)
{
    struct url url = { .authority = "", .host = "" };

    struct error *error = check_url_bytes(text);
    if (error) {
        return error;
    }
    if (strncasecmp(text, "https://", 8) == 0) {
        return error_create(ERROR_UNSUPPORTED, "a URL asks for TLS");
    }
    if (strncasecmp(text, "http://", 7) == 0) {
        url.authority = text + 7;
        url.authority_len = strcspn(url.authority, "/?#");
        error = parse_authority(&url);
        if (error) {
            return error;
        }
    } else if (text[0] != '/') {
        return error_create(ERROR_INVALID, "a URL is neither 'http://...' "
                            "nor '/...'");
    }
    url.target = url.authority_len > 0 ? url.authority + url.authority_len
                                       : text;
    url.target_len = strcspn(url.target, "#");
    *ret = url;
    return NULL;
}

/* Where to connect to. */
static struct error *
choose_address(struct http_call *call, const struct http_call_options *o,
               const struct url *url)
{
    if (o->channel || o->address) {
        call->address = o->channel ? o->channel->address : *o->address;
        if (call->address.family == ADDRESS_NONE || call->address.port == 0) {
            return error_create(ERROR_INVALID,
                                "the address has no port");
        }
        return NULL;
    }
    if (url->host_len == 0) {
        return error_create(ERROR_INVALID, "a URL names no host");
    }
    autofree char *host = xstrndup(url->host, url->host_len);
    struct error *error = address_parse_ip(host, url->port, &call->address);

    if (error) {
        error_destroy(error);
        call->address = (struct address) { .port = url->port };
        call->host = steal(host);
    }
    return NULL;
}

/* --- the head --- */

static const char *
find_header(const char *const *headers, const char *name)
{
    for (; headers && headers[0]; headers += 2) {
        if (strcasecmp(headers[0], name) == 0) {
            return headers[1];
        }
    }
    return NULL;
}

static void
write_host(const struct http_call *call, const struct http_call_options *o,
           const struct url *url, struct strbuf *out)
{
    const char *host = find_header(o->headers, "Host");

    if (host) {
        strbuf_append(out, host);
    } else if (url->authority_len > 0) {
        strbuf_append_bytes(out, url->authority, url->authority_len);
    } else {
        strbuf_append(out, ADDRESS_TEXT(&call->address));
    }
}

static void
write_headers(const struct http_call_options *o, struct strbuf *out)
{
    for (const char *const *h = o->headers; h && h[0]; h += 2) {
        if (strcasecmp(h[0], "Host") != 0) {
            strbuf_printf(out, "%s: %s\r\n", h[0], h[1]);
        }
    }
}

static bool
expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0
        || strcmp(method, "PATCH") == 0;
}

static struct error *
write_head(struct http_call *call, const struct http_call_options *o,
           const char *method, const struct url *url)
{
    struct strbuf *out = &call->head;

    strbuf_printf(out, "%s ", method);
    if (url->target_len == 0 || url->target[0] != '/') {
        strbuf_append_char(out, '/');
    }
    strbuf_append_bytes(out, url->target, url->target_len);
    strbuf_append(out, " HTTP/1.1\r\nHost: ");
    write_host(call, o, url, out);
    strbuf_append(out, "\r\n");
    write_headers(o, out);
    if (o->accepts_gzip) {
        strbuf_append(out, "Accept-Encoding: gzip\r\n");
    }
    if (call->body.len > 0 || expects_body(method)) {
        strbuf_printf(out, "Content-Length: %zu\r\n", call->body.len);
    }
    strbuf_append(out, "\r\n");
    if (call->body.overflow) {
        return error_create(ERROR_NO_MEMORY, "no memory for the body");
    }
    if (out->overflow) {
        return error_create(ERROR_INVALID, "the head has more than %zu "
                            "bytes", out->max_len);
    }
    return NULL;
}

static void
take_body(struct http_call *call, const struct http_call_options *o)
{
    if (o->take_body) {
        size_t max = o->take_body->max_len;

        strbuf_fini(&call->body);
        call->body = *o->take_body;
        strbuf_init(o->take_body, max);
    } else if (o->body_size > 0) {
        strbuf_init(&call->body, o->body_size);
        strbuf_append_bytes(&call->body, o->body, o->body_size);
    }
}

/* --- the whole --- */

/* The query is left out: it may hold what does not belong in a log. */
static void
name_call(struct http_call *call, const char *method, const struct url *url)
{
    size_t len = strcspn(url->target, "?#");
    autofini(strbuf) name = STRBUF(STRBUF_UNLIMITED);

    strbuf_printf(&name, "%s http://", method);
    if (url->authority_len > 0) {
        strbuf_append_bytes(&name, url->authority, url->authority_len);
    } else {
        strbuf_append(&name, ADDRESS_TEXT(&call->address));
    }
    strbuf_append_bytes(&name, url->target,
                        len < MAX_NAME_PATH ? len : MAX_NAME_PATH);
    free(call->name);
    call->name = strbuf_take(&name);
}

static void
set_limits(struct http_call *call, const struct http_call_options *o,
           const char *method)
{
    call->response = (struct http_response_options) {
        .is_head = strcmp(method, "HEAD") == 0,
        .inflates = o->accepts_gzip,
        .streams = o->on_data != NULL,
        .max_body = o->max_body ? o->max_body : LIMIT_HTTP_BODY,
    };
    call->is_connect_only = o->connect_only;
    call->is_repeatable = is_repeatable(method);
    call->has_records = o->has_records;
    call->max_record = o->max_record && o->max_record < LIMIT_RECORD
        ? o->max_record : LIMIT_RECORD;
    call->connect_timeout_ns = o->connect_timeout_ns ? o->connect_timeout_ns
                                                     : CONNECT_TIMEOUT;
    call->idle_timeout_ns = o->idle_timeout_ns ? o->idle_timeout_ns
                                               : DURATION_FOREVER;
    call->timeout_ns = o->timeout_ns ? o->timeout_ns
                     : o->on_data ? DURATION_FOREVER : TIMEOUT;
}

/* A call without a request. */
static struct error *
build_connect(struct http_call *call, const struct http_call_options *o)
{
    const struct url none = { .authority = "", .host = "", .target = "" };

    if (!o->channel) {
        return error_create(ERROR_INVALID, "only a channel can be just "
                            "connected");
    }
    struct error *error = choose_address(call, o, &none);
    if (!error) {
        call->name = xasprintf("connection to %s",
                               ADDRESS_TEXT(&call->address));
    }
    return error;
}

struct error *
http_call_build(struct http_call *call, const struct http_call_options *o)
{
    const char *method = o->method ? o->method : "GET";
    struct url url = { .authority = "", .host = "", .target = "" };

    set_limits(call, o, method);
    take_body(call, o);
    struct error *error = check_method(method);
    if (!error && o->connect_only) {
        return build_connect(call, o);
    }
    if (!error) {
        error = parse_url(o->url ? o->url : "", &url);
    }
    if (!error) {
        error = choose_address(call, o, &url);
    }
    if (error) {
        return error;
    }
    name_call(call, method, &url);
    error = check_headers(o->headers);
    return error ? error : write_head(call, o, method, &url);
}
