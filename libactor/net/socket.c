/* SPDX-License-Identifier: Apache-2.0
 *
 * socket.c - TCP sockets and their addresses.
 *
 * Every descriptor is born nonblocking and close-on-exec.  Thread: any. */
#include <config.h>

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include "net/net.h"

#define BACKLOG 4096

socklen_t
socket_address_to(const struct address *address, struct sockaddr_storage *ret)
{
    memset(ret, 0, sizeof *ret);
    if (address->family == ADDRESS_IPV6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *) (void *) ret;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(address->port);
        memcpy(&in6->sin6_addr, address->ip, 16);
        return sizeof *in6;
    }
    struct sockaddr_in *in = (struct sockaddr_in *) (void *) ret;

    in->sin_family = AF_INET;
    in->sin_port = htons(address->port);
    memcpy(&in->sin_addr, address->ip, 4);
    return sizeof *in;
}

static void
from_ipv6(const struct sockaddr_in6 *in6, struct address *ret)
{
    ret->port = ntohs(in6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        ret->family = ADDRESS_IPV4;
        memcpy(ret->ip, in6->sin6_addr.s6_addr + 12, 4);
    } else {
        ret->family = ADDRESS_IPV6;
        memcpy(ret->ip, in6->sin6_addr.s6_addr, 16);
    }
}

void
socket_address_from(const struct sockaddr_storage *storage,
                    struct address *ret)
{
    memset(ret, 0, sizeof *ret);
    if (storage->ss_family == AF_INET6) {
        from_ipv6((const struct sockaddr_in6 *) (const void *) storage, ret);
    } else if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *in =
            (const struct sockaddr_in *) (const void *) storage;

        ret->family = ADDRESS_IPV4;
        ret->port = ntohs(in->sin_port);
        memcpy(ret->ip, &in->sin_addr, 4);
    }
}

struct error *
socket_open(const struct address *address, int *ret_fd)
{
    int family = address->family == ADDRESS_IPV6 ? AF_INET6 : AF_INET;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return error_errno(errno, "opening a socket");
    }
    *ret_fd = fd;
    return NULL;
}

static struct error *
listen_at(const struct address *address, int *ret_fd,
          struct address *ret_bound)
{
    struct sockaddr_storage storage;
    socklen_t len = socket_address_to(address, &storage);
    autoclose int fd = -1;
    int on = 1;
    int off = 0;

    struct error *error = socket_open(address, &fd);
    if (error) {
        return error_wrap(error, "listening on %s", ADDRESS_TEXT(address));
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->family == ADDRESS_IPV6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, (struct sockaddr *) &storage, len) < 0
        || listen(fd, BACKLOG) < 0) {
        return error_errno(errno, "listening on %s", ADDRESS_TEXT(address));
    }
    len = sizeof storage;
    if (getsockname(fd, (struct sockaddr *) &storage, &len) < 0) {
        return error_errno(errno, "asking for the bound address");
    }
    socket_address_from(&storage, ret_bound);
    *ret_fd = fd;
    fd = -1;
    return NULL;
}

/* All addresses are those of IPv6 too, unless the host has none. */
static bool
listen_at_both(const struct address *address, int *ret_fd,
               struct address *ret_bound)
{
    struct address any = { .family = ADDRESS_IPV6, .port = address->port };

    if (address->family != ADDRESS_IPV4 || !address_is_any(address)) {
        return false;
    }
    struct error *error = listen_at(&any, ret_fd, ret_bound);
    if (error) {
        error_destroy(error);
        return false;
    }
    ret_bound->family = ADDRESS_IPV4;
    return true;
}

struct error *
socket_listen(const struct address *address, int *ret_fd,
              struct address *ret_bound)
{
    return listen_at_both(address, ret_fd, ret_bound)
           ? NULL : listen_at(address, ret_fd, ret_bound);
}

void
socket_set_nodelay(int fd)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void
socket_set_keepalive(int fd, int64_t timeout_ns)
{
    int64_t s = timeout_ns / SECOND;
    int timeout = s < 3 ? 3 : s > INT32_MAX / 1000 ? INT32_MAX / 1000
                                                   : (int) s;
    unsigned user_timeout = (unsigned) timeout * 1000;
    int count = 3;
    int interval = timeout < 6 ? 1 : timeout / 6;
    int idle = timeout > count * interval ? timeout - count * interval : 1;
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout,
               sizeof user_timeout);
}

static void
loopback_address(uint8_t family, struct address *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->family = family;
    if (family == ADDRESS_IPV6) {
        ret->ip[15] = 1;
    } else {
        ret->ip[0] = 127;
        ret->ip[3] = 1;
    }
}

static bool
is_link_local(const struct address *address)
{
    return address->family == ADDRESS_IPV6 && address->ip[0] == 0xfe
        && (address->ip[1] & 0xc0) == 0x80;
}

void
socket_host_address(uint8_t family, struct address *ret)
{
    struct ifaddrs *interfaces;

    loopback_address(family, ret);
    if (getifaddrs(&interfaces) < 0) {
        return;
    }
    for (struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
        struct address address;

        if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)
            || (i->ifa_addr->sa_family != AF_INET
                && i->ifa_addr->sa_family != AF_INET6)) {
            continue;
        }
        struct sockaddr_storage storage = { 0 };

        memcpy(&storage, i->ifa_addr,
               i->ifa_addr->sa_family == AF_INET6
               ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
        socket_address_from(&storage, &address);
        if (address.family == family && !address_is_loopback(&address)
            && !is_link_local(&address)) {
            address.port = 0;
            *ret = address;
            break;
        }
    }
    freeifaddrs(interfaces);
}
