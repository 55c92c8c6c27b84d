/* SPDX-License-Identifier: Apache-2.0
 *
 * uri.c - what the URIs of a task name, and what becomes of them in the
 * sandbox.
 *
 * Thread: any; pure functions. */
#include <config.h>

#include "agent/fetcher/uri.h"

#include <string.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/error.h>

#include "proto/mesos/v1/mesos.pb-c.h"

/* Longer base names are shortened to both their ends. */
#define CACHE_NAME_MAX 20
#define CACHE_NAME_END 10

#define NAME_LENGTH_MAX 255

static bool
begins_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

enum uri_kind
uri_kind(const char *uri)
{
    static const char *const net[] = {
        "http://", "https://", "ftp://", "ftps://",
    };

    for (size_t i = 0; i < ARRAY_SIZE(net); i++) {
        if (begins_with(uri, net[i])) {
            return URI_NET;
        }
    }
    return begins_with(uri, "file://") || !strstr(uri, "://") ? URI_LOCAL
                                                              : URI_HADOOP;
}

struct error *
uri_base_name(const char *uri, char **ret)
{
    const char *scheme_end = strstr(uri, "://");
    const char *path = uri, *name;
    size_t len;

    if (scheme_end && scheme_end - uri > 1) {
        path = scheme_end + 3;
        const char *slash = strchr(path, '/');

        if (!slash || slash[1] == '\0') {
            return error_create(ERROR_INVALID,
                                "Malformed URI (missing path): %s", uri);
        }
    }
    name = strrchr(path, '/');
    name = name ? name + 1 : path;
    len = strlen(name);
    if (len == 0 || !strcmp(name, ".") || !strcmp(name, "..")) {
        return error_create(ERROR_INVALID, "Malformed URI (missing path): %s",
                            uri);
    }
    if (len > NAME_LENGTH_MAX) {
        return error_create(ERROR_TOO_LARGE, "Malformed URI (its name is "
                            "longer than 255 bytes): %s", uri);
    }
    *ret = xstrdup(name);
    return NULL;
}

bool
uri_has_no_way_out(const char *path)
{
    if (path[0] == '/' || path[0] == '\0') {
        return false;
    }
    for (const char *part = path;;) {
        size_t len = strcspn(part, "/");

        if (len == 2 && part[0] == '.' && part[1] == '.') {
            return false;
        }
        if (part[len] == '\0') {
            return true;
        }
        part += len + 1;
    }
}

/* It is a file's: there is a name at its end. */
static bool
is_output_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return uri_has_no_way_out(path) && name[0] != '\0'
           && strcmp(name, ".") != 0;
}

struct error *
uri_validate(const V1__CommandInfo__URI *uri)
{
    autofree char *name = NULL;

    for (const char *p = uri->value; *p; p++) {
        if (*p == '\\' || *p == '\'' || (unsigned char) *p < ' '
            || *p == 0x7f) {
            return error_create(ERROR_INVALID, "Illegal characters in URI");
        }
    }
    if (uri->output_file && !is_output_name(uri->output_file)) {
        return error_create(ERROR_INVALID, "Invalid output_file '%s' of URI "
                            "'%s': it has to be a path below the sandbox",
                            uri->output_file, uri->value);
    }
    return uri_base_name(uri->value, &name);
}

char *
uri_output_name(const V1__CommandInfo__URI *uri)
{
    char *name = NULL;

    if (uri->output_file) {
        return xstrdup(uri->output_file);
    }
    error_destroy(uri_base_name(uri->value, &name));
    return name ? name : xstrdup("");
}

struct error *
uri_local_path(const char *uri, const char *frameworks_home, char **ret)
{
    const char *path = uri;

    if (begins_with(path, "file://")) {
        path += strlen("file://");
        if (begins_with(path, "localhost/")) {
            path += strlen("localhost");
        }
        if (path[0] != '/') {
            return error_create(ERROR_INVALID,
                                "File URI only supports absolute paths");
        }
    }
    if (path[0] == '/') {
        *ret = xstrdup(path);
        return NULL;
    }
    if (!frameworks_home || frameworks_home[0] == '\0') {
        return error_create(ERROR_INVALID, "A relative path was passed for "
                            "the resource but the Mesos framework home was "
                            "not specified. Please either provide this config "
                            "option or avoid using a relative path");
    }
    *ret = xasprintf("%s/%s", frameworks_home, path);
    return NULL;
}

enum uri_archive
uri_archive(const char *name)
{
    static const char *const endings[] = {
        ".tar", ".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz",
        ".zip",
    };
    size_t len = strcspn(name, "?");

    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        size_t n = strlen(endings[i]);

        if (len > n && strncmp(name + len - n, endings[i], n) == 0) {
            return URI_ARCHIVE;
        }
    }
    return len > 3 && strncmp(name + len - 3, ".gz", 3) == 0
        ? URI_GZIP : URI_NO_ARCHIVE;
}

char *
uri_cache_name(unsigned long serial, const char *base_name)
{
    size_t len = strlen(base_name);

    if (len <= CACHE_NAME_MAX) {
        return xasprintf("c%lu-%s", serial, base_name);
    }
    return xasprintf("c%lu-%.*s_%s", serial, CACHE_NAME_END, base_name,
                     base_name + len - CACHE_NAME_END);
}
