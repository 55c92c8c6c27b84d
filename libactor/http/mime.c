/* SPDX-License-Identifier: Apache-2.0
 *
 * mime.c - kinds of content by extension; see mime.h.  Thread: any. */
#include <config.h>

#include "http/mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <actor/compiler.h>

struct type {
    const char *extension;
    const char *type;
};

/* In the order of the alphabet. */
static const struct type types[] = {
    { "avi", "video/x-msvideo" },
    { "bin", "application/octet-stream" },
    { "bmp", "image/bmp" },
    { "bz2", "application/x-bzip2" },
    { "c", "text/plain" },
    { "cc", "text/plain" },
    { "conf", "text/plain" },
    { "css", "text/css" },
    { "csv", "text/csv" },
    { "deb", "application/vnd.debian.binary-package" },
    { "doc", "application/msword" },
    { "eot", "application/vnd.ms-fontobject" },
    { "gif", "image/gif" },
    { "gz", "application/gzip" },
    { "h", "text/plain" },
    { "htm", "text/html" },
    { "html", "text/html" },
    { "ico", "image/x-icon" },
    { "jar", "application/java-archive" },
    { "jpeg", "image/jpeg" },
    { "jpg", "image/jpeg" },
    { "js", "text/javascript" },
    { "json", "application/json" },
    { "log", "text/plain" },
    { "map", "application/json" },
    { "md", "text/markdown" },
    { "mjs", "text/javascript" },
    { "mp3", "audio/mpeg" },
    { "mp4", "video/mp4" },
    { "ogg", "audio/ogg" },
    { "otf", "font/otf" },
    { "pdf", "application/pdf" },
    { "png", "image/png" },
    { "ps", "application/postscript" },
    { "py", "text/x-python" },
    { "rss", "application/rss+xml" },
    { "rtf", "application/rtf" },
    { "sh", "text/x-sh" },
    { "svg", "image/svg+xml" },
    { "tar", "application/x-tar" },
    { "tgz", "application/gzip" },
    { "tif", "image/tiff" },
    { "tiff", "image/tiff" },
    { "tsv", "text/tab-separated-values" },
    { "ttf", "font/ttf" },
    { "txt", "text/plain" },
    { "wasm", "application/wasm" },
    { "wav", "audio/x-wav" },
    { "webm", "video/webm" },
    { "webp", "image/webp" },
    { "woff", "font/woff" },
    { "woff2", "font/woff2" },
    { "xhtml", "application/xhtml+xml" },
    { "xml", "application/xml" },
    { "xz", "application/x-xz" },
    { "yaml", "application/yaml" },
    { "yml", "application/yaml" },
    { "zip", "application/zip" },
    { "zst", "application/zstd" },
};

static int
compare(const void *extension, const void *type)
{
    return strcasecmp(extension, ((const struct type *) type)->extension);
}

const char *
http_mime_type(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');

    if (!dot || dot == name) {
        return NULL;
    }
    const struct type *type = bsearch(dot + 1, types, ARRAY_SIZE(types),
                                      sizeof types[0], compare);

    return type ? type->type : NULL;
}
