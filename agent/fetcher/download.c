/* SPDX-License-Identifier: Apache-2.0
 *
 * download.c - files by HTTP and FTP, for mesos-fetcher.
 *
 * Thread: the program's only one. */
#include <config.h>

#include "agent/fetcher/download.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include <actor/duration.h>
#include <actor/error.h>

#define PROTOCOLS "http,https,ftp,ftps"
#define REDIRECTIONS_MAX 20L
#define HTTP_OK 200
#define FTP_TRANSFER_COMPLETE 226

struct transfer {
    CURL *curl;
    int fd;
    uint64_t size;
    uint64_t size_max;
    int write_errnum;           /* 0: all was written */
    char message[CURL_ERROR_SIZE];
};

/* The body of an answer that is refused anyway is not for the disk. */
static bool
is_refused(const struct transfer *t)
{
    long code = 0, protocol = 0;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(t->curl, CURLINFO_PROTOCOL, &protocol);
    return (protocol == CURLPROTO_HTTP || protocol == CURLPROTO_HTTPS)
           && code != HTTP_OK;
}

static size_t
on_data(char *data, size_t one, size_t n, void *transfer)
{
    struct transfer *t = transfer;
    size_t size = one * n;

    if (is_refused(t)) {
        return size;
    }
    t->size += size;
    if (t->size > t->size_max) {
        return 0;
    }
    for (size_t done = 0; done < size;) {
        ssize_t written = write(t->fd, data + done, size - done);

        if (written < 0 && errno != EINTR) {
            t->write_errnum = errno;
            return 0;
        }
        done += written > 0 ? (size_t) written : 0;
    }
    return size;
}

static void
set_up(struct transfer *t, const char *uri, int64_t stall_timeout_ns)
{
    int64_t seconds = (stall_timeout_ns + SECOND - 1) / SECOND;

    curl_easy_setopt(t->curl, CURLOPT_URL, uri);
    curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->message);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
    curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, PROTOCOLS);
    curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, REDIRECTIONS_MAX);
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME,
                     (long) (seconds < 1 ? 1 : seconds > INT32_MAX
                                                   ? INT32_MAX : seconds));
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
}

static struct error *
check(struct transfer *t, const char *uri, CURLcode rc)
{
    long code = 0;

    if (t->write_errnum != 0) {
        return error_errno(t->write_errnum, "Failed to write");
    }
    if (t->size > t->size_max) {
        return error_create(ERROR_TOO_LARGE, "it is larger than %llu bytes",
                            (unsigned long long) t->size_max);
    }
    if (rc != CURLE_OK) {
        return error_create(ERROR_UNAVAILABLE, "Error downloading resource: "
                            "%s", t->message[0] ? t->message
                                                : curl_easy_strerror(rc));
    }
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code != (strncasecmp(uri, "ftp", 3) == 0 ? FTP_TRANSFER_COMPLETE
                                                 : HTTP_OK)) {
        return error_create(ERROR_UNAVAILABLE, "Error downloading resource, "
                            "received HTTP/FTP return code %ld", code);
    }
    return NULL;
}

struct error *
download(const char *uri, int64_t stall_timeout_ns, uint64_t size_max, int fd)
{
    struct transfer t = {
        .curl = curl_easy_init(), .fd = fd, .size_max = size_max,
    };
    struct error *error;

    if (!t.curl) {
        return error_create(ERROR_NO_MEMORY, "starting curl");
    }
    set_up(&t, uri, stall_timeout_ns);
    error = check(&t, uri, curl_easy_perform(t.curl));
    curl_easy_cleanup(t.curl);
    return error;
}

struct error *
download_size(const char *uri, int64_t stall_timeout_ns, uint64_t *ret_size)
{
    struct transfer t = { .curl = curl_easy_init(), .fd = -1 };
    curl_off_t size = -1;
    struct error *error;
    CURLcode rc;

    if (!t.curl) {
        return error_create(ERROR_NO_MEMORY, "starting curl");
    }
    set_up(&t, uri, stall_timeout_ns);
    curl_easy_setopt(t.curl, CURLOPT_NOBODY, 1L);
    rc = curl_easy_perform(t.curl);
    error = strncasecmp(uri, "ftp", 3) != 0 || rc != CURLE_OK
        ? check(&t, uri, rc) : NULL;
    curl_easy_getinfo(t.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    curl_easy_cleanup(t.curl);
    if (!error && size < 0) {
        error = error_create(ERROR_UNAVAILABLE,
                             "the server does not say how large it is");
    }
    if (!error) {
        *ret_size = (uint64_t) size;
    }
    return error;
}
