/* SPDX-License-Identifier: Apache-2.0
 *
 * master_url.c - reads --master, and finds the host behind it. */
#include <config.h>

#include "election/master_url.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

/* Longest text that makes sense, from a flag or a file. */
#define TEXT_MAX 4096

static struct error *parse_address(const char *text, struct master_url *ret);
static struct error *refuse_zookeeper(const char *, struct master_url *);
static struct error *refuse_local(const char *, struct master_url *);
static struct error *refuse_file(const char *, struct master_url *);

/* What a text begins with (or is, without a slash at the end) says what form
 * it has; without any of these it is an address. */
static const struct form {
    const char *prefix;
    struct error *(*parse)(const char *text, struct master_url *ret);
} forms[] = {
    { "zk://", refuse_zookeeper },
    { "file://", refuse_file },
    { "local", refuse_local },
    { "localquiet", refuse_local },
};

static bool
begins_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

static bool
has_form(const char *text, const struct form *form)
{
    return strchr(form->prefix, '/') ? begins_with(text, form->prefix)
                                     : !strcmp(text, form->prefix);
}

static struct error *
refuse_zookeeper(const char *text UNUSED, struct master_url *ret UNUSED)
{
    return error_create(ERROR_UNSUPPORTED, "finding a master through "
                        "ZooKeeper is not available in this version; give "
                        "the address of a master as host:port");
}

static struct error *
refuse_local(const char *text UNUSED, struct master_url *ret UNUSED)
{
    return error_create(ERROR_UNSUPPORTED, "a cluster inside the framework is "
                        "not available; run mesos-local and give its address "
                        "as host:port");
}

static struct error *
refuse_file(const char *text UNUSED, struct master_url *ret UNUSED)
{
    return error_create(ERROR_PARSE, "a file:// can only stand on the command "
                        "line, not in a file");
}

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct error *
master_url_parse(const char *text, struct master_url *ret)
{
    char plain[TEXT_MAX + 1];
    size_t len;

    while (is_space(*text)) {
        text++;
    }
    len = strnlen(text, sizeof plain);
    while (len > 0 && is_space(text[len - 1])) {
        len--;
    }
    if (len > TEXT_MAX) {
        return error_create(ERROR_PARSE, "longer than %d bytes", TEXT_MAX);
    }
    memcpy(plain, text, len);
    plain[len] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (has_form(plain, &forms[i])) {
            return forms[i].parse(plain, ret);
        }
    }
    if (strstr(plain, "://")) {
        return error_create(ERROR_PARSE, "unknown kind of address; expecting "
                            "host:port");
    }
    return parse_address(plain, ret);
}

char *
master_url_redact(const char *text)
{
    static const char zk[] = "zk://";
    const char *host = text + strlen(zk);
    const char *at = NULL;

    if (!begins_with(text, zk)) {
        return xstrdup(text);
    }
    for (const char *p = host; *p != '\0' && (*p != '/' || !at); p++) {
        at = *p == '@' ? p : at;
    }
    return at ? xasprintf("%s...%s", zk, at) : xstrdup(text);
}

/* --- addresses --- */

static bool
parse_port(const char *s, uint16_t *ret)
{
    unsigned port = 0;

    for (const char *p = s; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || p - s > 4) {
            return false;
        }
        port = port * 10 + (unsigned) (*p - '0');
    }
    if (port == 0 || port > UINT16_MAX) {
        return false;
    }
    *ret = (uint16_t) port;
    return true;
}

static bool
is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

static struct error *
check_host(const char *host, bool is_in_brackets)
{
    struct address address;
    autoerror *error = NULL;

    if (is_in_brackets) {
        error = address_parse_ip(host, 0, &address);
        return error || address.family != ADDRESS_IPV6
            ? error_create(ERROR_PARSE, "'%s' is no IPv6 address", host)
            : NULL;
    }
    if (strchr(host, ':')) {
        return error_create(ERROR_PARSE, "expecting an IPv6 address in "
                            "brackets");
    }
    for (const char *p = host; *p != '\0'; p++) {
        if (!is_of_name(*p)) {
            return error_create(ERROR_PARSE, "'%s' is no name of a host",
                                host);
        }
    }
    return NULL;
}

/* "host:port", with IPv6 numbers in brackets. */
static struct error *
parse_host_port(const char *text, struct master_url *ret)
{
    const char *colon = strrchr(text, ':');
    const char *host = text;
    size_t len = colon ? (size_t) (colon - text) : 0;
    bool is_in_brackets = len >= 2 && host[0] == '[' && host[len - 1] == ']';

    if (!colon || !parse_port(colon + 1, &ret->port)) {
        return error_create(ERROR_PARSE, "expecting host:port");
    }
    if (is_in_brackets) {
        host++;
        len -= 2;
    }
    if (len == 0) {
        return error_create(ERROR_PARSE, "expecting host:port");
    }
    if (len > MASTER_HOST_MAX) {
        return error_create(ERROR_PARSE, "the host's name is longer than %d "
                            "bytes", MASTER_HOST_MAX);
    }
    memcpy(ret->host, host, len);
    ret->host[len] = '\0';
    return check_host(ret->host, is_in_brackets);
}

static struct error *
parse_address(const char *text, struct master_url *ret)
{
    const char *at = strchr(text, '@');
    autofree char *id = at ? xstrndup(text, (size_t) (at - text))
                           : xstrdup("master");
    const struct address none = { .family = ADDRESS_NONE };
    struct master_url url = { .port = 0 };
    struct upid upid;
    struct error *error = parse_host_port(at ? at + 1 : text, &url);

    if (!error) {
        error = upid_make(id, &none, &upid);
    }
    if (!error) {
        memcpy(url.id, upid.id, sizeof url.id);
        *ret = url;
    }
    return error;
}

void
master_url_format(const struct master_url *url, struct strbuf *out)
{
    bool is_ipv6 = strchr(url->host, ':') != NULL;

    strbuf_printf(out, "%s@%s%s%s:%u", url->id, is_ipv6 ? "[" : "", url->host,
                  is_ipv6 ? "]" : "", (unsigned) url->port);
}

/* --- files --- */

static struct error *
read_file(const char *path, char content[TEXT_MAX + 1])
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, content, TEXT_MAX);

    if (size < 0) {
        return error_errno(errno, "reading '%s'", path);
    }
    content[size] = '\0';
    return NULL;
}

struct error *
master_url_load(const char *text, struct master_url *ret)
{
    char content[TEXT_MAX + 1];
    struct error *error;

    if (!begins_with(text, "file://")) {
        return master_url_parse(text, ret);
    }
    log_warn("Specifying master detection mechanism / ZooKeeper URL to be "
             "read out of a file via 'file://' is deprecated inside Mesos and "
             "will be removed in a future release.");
    error = read_file(text + strlen("file://"), content);
    return error ? error : master_url_parse(content, ret);
}

/* --- finding the host --- */

bool
master_url_number(const struct master_url *url, struct address *ret)
{
    autoerror *error = address_parse_ip(url->host, url->port, ret);

    return !error;
}

static bool
from_sockaddr(const struct sockaddr *from, uint16_t port, struct address *ret)
{
    struct address address = { .port = port };

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

static bool
has_address(const struct master_addresses *addresses,
            const struct address *address)
{
    for (size_t i = 0; i < addresses->n; i++) {
        if (address_equal(&addresses->list[i], address)) {
            return true;
        }
    }
    return false;
}

struct error *
master_url_resolve(const struct master_url *url, struct master_addresses *ret)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct master_addresses addresses = { .n = 0 };
    struct addrinfo *found = NULL;
    struct address address;
    int rc = getaddrinfo(url->host, NULL, &hints, &found);

    if (rc == EAI_SYSTEM) {
        return error_errno(errno, "resolving '%s'", url->host);
    }
    if (rc != 0) {
        return error_create(ERROR_NOT_FOUND, "resolving '%s': %s", url->host,
                            gai_strerror(rc));
    }
    for (const struct addrinfo *i = found;
         i && addresses.n < MASTER_ADDRESSES_MAX; i = i->ai_next) {
        if (from_sockaddr(i->ai_addr, url->port, &address)
            && !has_address(&addresses, &address)) {
            addresses.list[addresses.n++] = address;
        }
    }
    freeaddrinfo(found);
    if (addresses.n == 0) {
        return error_create(ERROR_NOT_FOUND, "'%s' has no IP address",
                            url->host);
    }
    *ret = addresses;
    return NULL;
}

void
master_addresses_prefer(struct master_addresses *addresses,
                        enum address_family family)
{
    size_t n = 0;

    for (size_t i = 0; i < addresses->n; i++) {
        if (addresses->list[i].family == family) {
            addresses->list[n++] = addresses->list[i];
        }
    }
    if (n > 0) {
        addresses->n = n;
    }
}
