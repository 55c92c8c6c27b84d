/* SPDX-License-Identifier: Apache-2.0
 *
 * mime.h - what kind of content a file has, by its name.
 *
 * Thread-safety: any thread. */
#ifndef HTTP_MIME_H
#define HTTP_MIME_H 1

/* "text/html" for "index.html"; NULL: nobody knows. */
const char *http_mime_type(const char *path);

#endif /* HTTP_MIME_H */
