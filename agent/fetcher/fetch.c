/* SPDX-License-Identifier: Apache-2.0
 *
 * fetch.c - what mesos-fetcher does with the items it is given.
 *
 * Lines are those of Mesos' src/launcher/fetcher.cpp: people look for them in
 * the sandbox's stderr.
 *
 * Thread: the program's only one. */
#include <config.h>

#include "agent/fetcher/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/strbuf.h>

#include "agent/fetcher/copy.h"
#include "agent/fetcher/download.h"
#include "agent/fetcher/extract.h"
#include "agent/fetcher/uri.h"
#include "proto/cmesos/fetcher.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

#define STALL_TIMEOUT_DEFAULT MINUTE
#define EXECUTABLE_MODE 0755

static int64_t
stall_timeout(const Fetcher__FetcherInfo *info)
{
    return info->stall_timeout ? info->stall_timeout->nanoseconds
                               : STALL_TIMEOUT_DEFAULT;
}

static char *
cache_path(const Fetcher__FetcherInfo *info,
           const Fetcher__FetcherInfo__Item *item)
{
    return xasprintf("%s/%s", info->cache_directory, item->cache_filename);
}

/* --- getting it --- */

static struct error *
copy_local(const Fetcher__FetcherInfo *info, const char *uri,
           uint64_t size_max, int fd)
{
    autofree char *path = NULL;
    struct error *error = uri_local_path(uri, info->frameworks_home, &path);

    return error ? error : copy_file(path, size_max, fd);
}

/* 'name' is what log lines call 'fd'. */
static struct error *
get(const Fetcher__FetcherInfo *info, const char *uri, uint64_t size_max,
    int fd, const char *name)
{
    if (uri_kind(uri) == URI_LOCAL) {
        log_info("Copying resource from '%s' to '%s'", uri, name);
        return copy_local(info, uri, size_max, fd);
    }
    log_info("Downloading resource from '%s' to '%s'", uri, name);
    return download(uri, stall_timeout(info), size_max, fd);
}

/* Ends writing to a file: what the disk did not take is known by then. */
static struct error *
finish(int *fd, struct error *error)
{
    if (close(*fd) < 0 && !error) {
        error = error_errno(errno, "Failed to write");
    }
    *fd = -1;
    return error;
}

static struct error *
get_into_sandbox(const Fetcher__FetcherInfo *info, const char *uri,
                 const char *name)
{
    autofree char *path = xasprintf("%s/%s", info->sandbox_directory, name);
    struct error *error;
    int fd;

    if (uri_kind(uri) == URI_HADOOP) {
        log_info("Downloading resource with Hadoop client from '%s' to '%s'",
                 uri, path);
        error = copy_make_parents(name);
        return error ? error : copy_from_hadoop(uri, path);
    }
    error = copy_open_output(name, &fd);
    return error ? error
                 : finish(&fd, get(info, uri, UINT64_MAX, fd, path));
}

static struct error *
get_into_cache(const Fetcher__FetcherInfo *info,
               const Fetcher__FetcherInfo__Item *item)
{
    autofree char *path = cache_path(info, item);
    const char *uri = item->uri->value;
    struct error *error;
    int fd;

    if (uri_kind(uri) == URI_HADOOP) {
        log_info("Downloading resource with Hadoop client from '%s' to '%s'",
                 uri, path);
        return copy_from_hadoop(uri, path);
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
              0644);
    if (fd < 0) {
        return error_errno(errno, "Failed to create '%s'", path);
    }
    error = finish(&fd, get(info, uri, item->has_size_max ? item->size_max
                                                          : UINT64_MAX,
                            fd, path));
    if (error) {
        unlink(path);
    }
    return error;
}

/* --- making of it what is asked for --- */

static struct error *
extract(const Fetcher__FetcherInfo *info, enum uri_archive kind,
        const char *path, const char *name)
{
    struct error *error;

    if (kind == URI_ARCHIVE) {
        error = extract_archive(path);
    } else {
        /* Up to the ending: it is there, and may have a query behind it. */
        autofree char *output = xstrndup(name, strcspn(name, "?") - 3);
        int fd;

        error = copy_open_output(output, &fd);
        if (!error) {
            error = finish(&fd, extract_gzip(path, fd));
        }
    }
    if (!error) {
        log_info("Extracted '%s' into '%s'", path, info->sandbox_directory);
    }
    return error_wrap(error, "Failed to extract '%s'", path);
}

static bool
is_to_be_extracted(const V1__CommandInfo__URI *uri, const char *name)
{
    if (uri->executable || !uri->extract) {
        return false;
    }
    if (uri_archive(name) != URI_NO_ARCHIVE) {
        return true;
    }
    log_warn("Copying instead of extracting resource from URI with 'extract' "
             "flag, because it does not seem to be an archive: %s",
             uri->value);
    return false;
}

static struct error *
make_executable(const V1__CommandInfo__URI *uri, const char *name)
{
    if (uri->executable && chmod(name, EXECUTABLE_MODE) < 0) {
        return error_errno(errno, "Failed to chmod '%s'", name);
    }
    return NULL;
}

static struct error *
fetch_directly(const Fetcher__FetcherInfo *info,
               const V1__CommandInfo__URI *uri, const char *name)
{
    autofree char *path = xasprintf("%s/%s", info->sandbox_directory, name);
    struct error *error;

    log_info("Fetching '%s' directly into the sandbox directory", uri->value);
    error = get_into_sandbox(info, uri->value, name);
    if (!error) {
        error = make_executable(uri, name);
    }
    if (!error && is_to_be_extracted(uri, name)) {
        error = extract(info, uri_archive(name), path, name);
    }
    return error;
}

static struct error *
fetch_from_cache(const Fetcher__FetcherInfo *info,
                 const Fetcher__FetcherInfo__Item *item, const char *name)
{
    autofree char *path = cache_path(info, item);
    struct error *error;
    int fd;

    log_info("Fetching URI '%s' from cache", item->uri->value);
    if (is_to_be_extracted(item->uri, name)) {
        return extract(info, uri_archive(name), path, name);
    }
    error = copy_open_output(name, &fd);
    if (!error) {
        error = finish(&fd, copy_file(path, UINT64_MAX, fd));
    }
    return error ? error : make_executable(item->uri, name);
}

static struct error *
check_item(const Fetcher__FetcherInfo *info,
           const Fetcher__FetcherInfo__Item *item)
{
    const char *file = item->cache_filename;

    if (item->action != FETCHER__FETCHER_INFO__ITEM__ACTION__BYPASS_CACHE
        && (!info->cache_directory || !file || strchr(file, '/')
            || !uri_has_no_way_out(file))) {
        return error_create(ERROR_INVALID, "No cache directory, or no file "
                            "name in it");
    }
    return uri_validate(item->uri);
}

static struct error *
fetch_item(const Fetcher__FetcherInfo *info,
           const Fetcher__FetcherInfo__Item *item)
{
    struct error *error = check_item(info, item);

    if (error) {
        return error;
    }
    log_info("Fetching URI '%s'", item->uri->value);
    autofree char *name = uri_output_name(item->uri);

    if (item->action == FETCHER__FETCHER_INFO__ITEM__ACTION__BYPASS_CACHE) {
        return fetch_directly(info, item->uri, name);
    }
    if (item->action
        == FETCHER__FETCHER_INFO__ITEM__ACTION__DOWNLOAD_AND_CACHE) {
        error = get_into_cache(info, item);
    }
    if (!error && info->mode != FETCHER__FETCHER_INFO__MODE__FILL_CACHE) {
        error = fetch_from_cache(info, item, name);
    }
    return error;
}

struct error *
fetch_all(const Fetcher__FetcherInfo *info)
{
    for (size_t i = 0; i < info->n_items; i++) {
        const Fetcher__FetcherInfo__Item *item = info->items[i];
        struct error *error = fetch_item(info, item);

        if (error) {
            return error_wrap(error, "Failed to fetch '%s'",
                              item->uri->value);
        }
        if (info->mode != FETCHER__FETCHER_INFO__MODE__FILL_CACHE) {
            autofree char *name = uri_output_name(item->uri);

            log_info("Fetched '%s' to '%s/%s'", item->uri->value,
                     info->sandbox_directory, name);
        }
    }
    return NULL;
}

/* --- sizes --- */

static struct error *
find_size(const Fetcher__FetcherInfo *info, const char *uri,
          uint64_t *ret_size)
{
    autofree char *path = NULL;
    struct error *error;

    switch (uri_kind(uri)) {
    case URI_NET:
        return download_size(uri, stall_timeout(info), ret_size);
    case URI_LOCAL:
        error = uri_local_path(uri, info->frameworks_home, &path);
        return error ? error : copy_size(path, ret_size);
    case URI_HADOOP:
        break;
    }
    return error_create(ERROR_UNSUPPORTED, "its size cannot be found out");
}

void
fetch_sizes(const Fetcher__FetcherInfo *info, struct strbuf *out)
{
    for (size_t i = 0; i < info->n_items; i++) {
        const char *uri = info->items[i]->uri->value;
        uint64_t size;
        struct error *error = find_size(info, uri, &size);

        if (error) {
            log_warn("Failed to determine the size of '%s': %s", uri,
                     error_text(error));
            strbuf_append(out, "-\n");
        } else {
            strbuf_append_uint(out, size);
            strbuf_append_char(out, '\n');
        }
        error_destroy(error);
    }
}
