/* SPDX-License-Identifier: Apache-2.0
 *
 * resolve.c - addresses of host names; see actor/backend.h.
 *
 * Thread: the pool's. */
#include <config.h>

#include <errno.h>
#include <netdb.h>
#include <string.h>

#include <actor/backend.h>
#include <actor/error.h>
#include "net/net.h"

static struct error *
failure(int code, const char *host)
{
    if (code == EAI_SYSTEM) {
        return error_errno(errno, "looking up host '%s'", host);
    }
    return error_create(code == EAI_NONAME ? ERROR_NOT_FOUND
                                           : ERROR_UNAVAILABLE,
                        "looking up host '%s': %s", host,
                        gai_strerror(code));
}

/* The first of IPv4; the first one if there is none. */
static const struct addrinfo *
choose(const struct addrinfo *list)
{
    for (const struct addrinfo *i = list; i; i = i->ai_next) {
        if (i->ai_family == AF_INET) {
            return i;
        }
    }
    return list;
}

struct error *
actor_resolve_host(const char *host, uint16_t port, struct address *ret)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct sockaddr_storage storage = { .ss_family = AF_UNSPEC };
    struct addrinfo *list;

    int code = getaddrinfo(host, NULL, &hints, &list);
    if (code) {
        return failure(code, host);
    }
    const struct addrinfo *chosen = choose(list);

    memcpy(&storage, chosen->ai_addr,
           chosen->ai_addrlen < sizeof storage ? chosen->ai_addrlen
                                               : sizeof storage);
    freeaddrinfo(list);
    socket_address_from(&storage, ret);
    ret->port = port;
    if (ret->family == ADDRESS_NONE) {
        return error_create(ERROR_UNSUPPORTED,
                            "host '%s' has no address of IP", host);
    }
    return NULL;
}
