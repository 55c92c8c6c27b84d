/* SPDX-License-Identifier: Apache-2.0
 *
 * address.c - numeric network addresses as text and as values.
 *
 * Thread: any. */
#include <config.h>

#include <actor/address.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <actor/error.h>

static struct error *
bad_address(const char *text)
{
    return error_create(ERROR_PARSE, "invalid address '%.64s'", text);
}

/* Decimal digits only, up to 65535. */
static bool
port_parse(const char *s, uint16_t *ret)
{
    uint32_t port = 0;
    size_t len = strlen(s);

    if (len < 1 || len > 5) {
        return false;
    }
    for (; *s; s++) {
        if (*s < '0' || *s > '9') {
            return false;
        }
        port = port * 10 + (uint32_t) (*s - '0');
    }
    if (port > UINT16_MAX) {
        return false;
    }
    *ret = (uint16_t) port;
    return true;
}

/* The 'len' bytes at 'ip' as an address of family 'family'. */
static bool
ip_parse(const char *ip, size_t len, enum address_family family,
         struct address *ret)
{
    char text[INET6_ADDRSTRLEN];
    struct address a = { .family = (uint8_t) family };

    if (len >= sizeof text) {
        return false;
    }
    memcpy(text, ip, len);
    text[len] = '\0';
    if (inet_pton(family == ADDRESS_IPV4 ? AF_INET : AF_INET6, text, a.ip)
        != 1) {
        return false;
    }
    *ret = a;
    return true;
}

struct error *
address_parse(const char *text, struct address *ret)
{
    const char *colon = strrchr(text, ':');
    struct address a;
    bool ok;

    if (!colon) {
        return bad_address(text);
    }
    if (text[0] == '[') {
        ok = colon - text >= 2 && colon[-1] == ']'
             && ip_parse(text + 1, (size_t) (colon - text) - 2, ADDRESS_IPV6,
                         &a);
    } else {
        ok = ip_parse(text, (size_t) (colon - text), ADDRESS_IPV4, &a);
    }
    if (!ok || !port_parse(colon + 1, &a.port)) {
        return bad_address(text);
    }
    *ret = a;
    return NULL;
}

struct error *
address_parse_ip(const char *ip, uint16_t port, struct address *ret)
{
    enum address_family family = strchr(ip, ':') ? ADDRESS_IPV6 : ADDRESS_IPV4;
    struct address a;

    if (!ip_parse(ip, strlen(ip), family, &a)) {
        return error_create(ERROR_PARSE, "invalid IP address '%.64s'", ip);
    }
    a.port = port;
    *ret = a;
    return NULL;
}

const char *
address_format(const struct address *a, char buffer[ADDRESS_TEXT_SIZE])
{
    char ip[ADDRESS_TEXT_SIZE];
    const char *fmt = a->family == ADDRESS_IPV6 ? "[%.45s]:%u" : "%.45s:%u";

    snprintf(buffer, ADDRESS_TEXT_SIZE, fmt, address_format_ip(a, ip),
             (unsigned) a->port);
    return buffer;
}

const char *
address_format_ip(const struct address *a, char buffer[ADDRESS_TEXT_SIZE])
{
    /* No address at all is printed as Mesos prints an empty one. */
    inet_ntop(a->family == ADDRESS_IPV6 ? AF_INET6 : AF_INET, a->ip, buffer,
              ADDRESS_TEXT_SIZE);
    return buffer;
}

bool
address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

int
address_compare(const struct address *a, const struct address *b)
{
    int diff = (a->family > b->family) - (a->family < b->family);

    if (diff == 0) {
        diff = memcmp(a->ip, b->ip, sizeof a->ip);
    }
    return diff != 0 ? diff : (a->port > b->port) - (a->port < b->port);
}

bool
address_is_any(const struct address *a)
{
    static const uint8_t zero[16];

    return a->family != ADDRESS_NONE && memcmp(a->ip, zero, sizeof zero) == 0;
}

bool
address_is_loopback(const struct address *a)
{
    static const uint8_t v6[16] = { [15] = 1 };
    static const uint8_t mapped[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };

    switch (a->family) {
    case ADDRESS_IPV4:
        return a->ip[0] == 127;
    case ADDRESS_IPV6:
        return memcmp(a->ip, v6, sizeof v6) == 0
               || memcmp(a->ip, mapped, sizeof mapped) == 0;
    default:
        return false;
    }
}
