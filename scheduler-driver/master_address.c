/* SPDX-License-Identifier: Apache-2.0
 *
 * master_address.c - reads --master and finds the host behind it.
 *
 * Thread: any. */
#include <config.h>

#include "scheduler-driver/master_address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/address.h>
#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/upid.h>

/* Longest content of a file:// that makes sense. */
#define FILE_MAX 4096

static bool
begins_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

static struct error *
check_scheme(const char *text)
{
    if (begins_with(text, "zk://")) {
        return error_create(ERROR_UNSUPPORTED, "finding a master through "
                            "ZooKeeper is not available in this version; "
                            "give the address of a master as host:port");
    }
    if (!strcmp(text, "local") || !strcmp(text, "localquiet")) {
        return error_create(ERROR_UNSUPPORTED, "a cluster inside the "
                            "framework is not available; run mesos-local and "
                            "give its address as host:port");
    }
    return NULL;
}

static bool
parse_port(const char *s)
{
    long port = 0;

    for (const char *p = s; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || p - s > 4) {
            return false;
        }
        port = port * 10 + (*p - '0');
    }
    return port > 0 && port <= 65535;
}

/* "host:port", with IPv6 numbers in brackets. */
static struct error *
parse_host_port(const char *text, struct master_address *ret)
{
    const char *colon = strrchr(text, ':');
    const char *host = text;
    size_t len = colon ? (size_t) (colon - text) : 0;

    if (!colon || !parse_port(colon + 1)) {
        return error_create(ERROR_PARSE, "expecting host:port");
    }
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    } else if (memchr(host, ':', len)) {
        return error_create(ERROR_PARSE, "expecting an IPv6 address in "
                            "brackets");
    }
    if (len == 0) {
        return error_create(ERROR_PARSE, "expecting host:port");
    }
    ret->host = xstrndup(host, len);
    ret->port = xstrdup(colon + 1);
    return NULL;
}

static struct error *
parse_plain(const char *text, struct master_address *ret)
{
    struct error *error = check_scheme(text);
    const char *at = strchr(text, '@');

    if (error) {
        return error;
    }
    if (strstr(text, "://")) {
        return error_create(ERROR_PARSE, "unknown kind of address");
    }
    error = parse_host_port(at ? at + 1 : text, ret);
    if (!error) {
        ret->id = at ? xstrndup(text, (size_t) (at - text))
                     : xstrdup("master");
    }
    return error;
}

static struct error *
read_file(const char *path, char content[FILE_MAX + 1])
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, content, FILE_MAX);

    if (size < 0) {
        return error_errno(errno, "reading '%s'", path);
    }
    content[size] = '\0';
    return NULL;
}

struct error *
master_address_parse(const char *text, struct master_address *ret)
{
    char content[FILE_MAX + 1];
    struct master_address address = { 0 };
    struct error *error = NULL;

    if (begins_with(text, "file://")) {
        error = read_file(text + strlen("file://"), content);
        text = content;
    }
    if (!error) {
        /* What stood in a file ends with a newline, whoever has read it. */
        autofree char *plain = xstrndup(text, strcspn(text, " \t\r\n"));

        error = parse_plain(plain, &address);
    }
    if (error) {
        master_address_fini(&address);
        return error;
    }
    *ret = address;
    return NULL;
}

void
master_address_fini(struct master_address *address)
{
    free(address->id);
    free(address->host);
    free(address->port);
    memset(address, 0, sizeof *address);
}

static struct error *
make(const struct master_address *master, struct address *address,
     struct upid *ret)
{
    address->port = (uint16_t) strtoul(master->port, NULL, 10);
    return upid_make(master->id, address, ret);
}

bool
master_address_is_resolved(const struct master_address *master,
                           struct upid *ret)
{
    struct address address;
    autoerror *error = address_parse_ip(master->host, 0, &address);

    if (error) {
        return false;
    }
    error = make(master, &address, ret);
    return !error;
}

static bool
from_sockaddr(const struct sockaddr *from, struct address *ret)
{
    struct address address = { 0 };

    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *) from;

        address.family = ADDRESS_IPV4;
        memcpy(address.ip, &in->sin_addr, sizeof in->sin_addr);
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *) from;

        address.family = ADDRESS_IPV6;
        memcpy(address.ip, &in6->sin6_addr, sizeof in6->sin6_addr);
    } else {
        return false;
    }
    *ret = address;
    return true;
}

struct error *
master_address_resolve(const struct master_address *master, struct upid *ret)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct address address;
    int rc = getaddrinfo(master->host, NULL, &hints, &found);

    if (rc != 0) {
        return error_create(ERROR_NOT_FOUND, "resolving '%s': %s",
                            master->host, gai_strerror(rc));
    }
    bool is_known = from_sockaddr(found->ai_addr, &address);

    freeaddrinfo(found);
    if (!is_known) {
        return error_create(ERROR_NOT_FOUND, "'%s' has no IP address",
                            master->host);
    }
    return make(master, &address, ret);
}
