/* SPDX-License-Identifier: Apache-2.0
 *
 * files_content.h - what /files/browse and /files/read say about one place.
 *
 * Thread-safety: pool threads; calls block. */
#ifndef HTTP_BUILTIN_FILES_CONTENT_H
#define HTTP_BUILTIN_FILES_CONTENT_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct error;
struct strbuf;

/* Something below an attached path. */
struct files_place {
    char *name;                 /* owned; the virtual path */
    char *root;                 /* owned; what is attached */
    char *rest;                 /* owned; below it; "": itself */
};

/* A JSON array of what is in a directory, by path; empty for a file.  Errors
 * of both are worded as in Mesos; ERROR_NOT_FOUND has no text there. */
struct error *files_browse(const struct files_place *, struct strbuf *out)
    MUST_CHECK;

/* {"data":...,"offset":...}: up to 'length' bytes (-1: the rest of the file)
 * and LIMIT_FILES_READ from 'offset' on; with 'offset' -1 no data and how long
 * the file is.  Bytes that are not UTF-8 become U+FFFD; a character that the
 * limit would cut is left for the next time. */
struct error *files_read(const struct files_place *, int64_t offset,
                         int64_t length, struct strbuf *out) MUST_CHECK;

/* Opens a file, to be sent as a whole.  ERROR_INVALID if it is none. */
struct error *files_open(const struct files_place *, int *ret_fd) MUST_CHECK;

#endif /* HTTP_BUILTIN_FILES_CONTENT_H */
