/* SPDX-License-Identifier: Apache-2.0
 *
 * handshake.c - how a link begins; see handshake.h. */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <actor/error.h>
#include <actor/strbuf.h>
#include "http/head.h"
#include "link/handshake.h"

uint32_t
incarnation_token(const char incarnation[INCARNATION_SIZE])
{
    char head[9] = "";

    memcpy(head, incarnation, 8);
    uint32_t token = (uint32_t) strtoul(head, NULL, 16);

    return token != 0 ? token : 1;
}

static void
write_fields(struct strbuf *out, const struct handshake *h)
{
    strbuf_printf(out,
                  "Connection: Upgrade\r\n"
                  "Upgrade: " LINK_PROTOCOL "\r\n"
                  "Link-From: %s\r\n"
                  "Link-To: %s\r\n"
                  "Link-Incarnation: %s\r\n"
                  "Link-Dial: %" PRIu64 "\r\n"
                  "Link-Seen: %" PRIu64 "\r\n"
                  "Link-Capabilities: \r\n"
                  "\r\n",
                  ADDRESS_TEXT(&h->from), ADDRESS_TEXT(&h->to),
                  h->incarnation, h->dial, h->seen);
}

void
handshake_write_request(struct strbuf *out, const struct handshake *h)
{
    strbuf_printf(out, "GET / HTTP/1.1\r\nHost: %s\r\n",
                  ADDRESS_TEXT(&h->to));
    write_fields(out, h);
}

void
handshake_write_accept(struct strbuf *out, const struct handshake *h)
{
    strbuf_append(out, "HTTP/1.1 101 Switching Protocols\r\n");
    write_fields(out, h);
}

void
handshake_write_refuse(struct strbuf *out, int status, const char *reason)
{
    strbuf_printf(out,
                  "HTTP/1.1 %d Conflict\r\n"
                  "Connection: close\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n"
                  "Content-Length: %zu\r\n"
                  "\r\n"
                  "%s", status, strlen(reason), reason);
}

static struct error *
get(const struct http_head *head, const char *name, const char **ret)
{
    *ret = http_head_find(head, name);
    return *ret ? NULL : error_create(ERROR_PARSE, "no header '%s'", name);
}

static struct error *
get_address(const struct http_head *head, const char *name,
            struct address *ret)
{
    const char *text;

    struct error *error = get(head, name, &text);
    if (error) {
        return error;
    }
    return error_wrap(address_parse(text, ret), "header '%s'", name);
}

static struct error *
get_number(const struct http_head *head, const char *name, uint64_t *ret)
{
    const char *text;
    char *end;

    struct error *error = get(head, name, &text);
    if (error) {
        return error;
    }
    errno = 0;
    *ret = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9') {
        return error_create(ERROR_PARSE, "header '%s': not a number", name);
    }
    return NULL;
}

static struct error *
get_incarnation(const struct http_head *head, char ret[INCARNATION_SIZE])
{
    const char *text;

    struct error *error = get(head, "Link-Incarnation", &text);
    if (error) {
        return error;
    }
    if (strlen(text) != INCARNATION_SIZE - 1
        || strspn(text, "0123456789abcdef") != INCARNATION_SIZE - 1) {
        return error_create(ERROR_PARSE,
                            "header 'Link-Incarnation': malformed");
    }
    memcpy(ret, text, INCARNATION_SIZE);
    return NULL;
}

struct error *
handshake_parse(const struct http_head *head, struct handshake *ret)
{
    const char *upgrade;
    struct error *error;

    memset(ret, 0, sizeof *ret);
    if ((error = get(head, "Upgrade", &upgrade))) {
        return error;
    }
    if (strcasecmp(upgrade, LINK_PROTOCOL) != 0) {
        return error_create(ERROR_UNSUPPORTED, "unknown protocol '%s'",
                            upgrade);
    }
    if ((error = get_address(head, "Link-From", &ret->from))
        || (error = get_address(head, "Link-To", &ret->to))
        || (error = get_incarnation(head, ret->incarnation))
        || (error = get_number(head, "Link-Dial", &ret->dial))) {
        return error;
    }
    return get_number(head, "Link-Seen", &ret->seen);
}
