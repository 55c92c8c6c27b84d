/* SPDX-License-Identifier: Apache-2.0
 *
 * target.h - what a request is for: the target of its first line, taken apart
 * and decoded.
 *
 * Where one segment of a path ends is a matter of the bytes that were sent: a
 * slash that came as "%2F" is part of a segment.  So routes are matched
 * against 'raw', while 'path' is for those who read it.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/vec.h>

struct http_parameter {
    const char *name;
    const char *value;
};

struct http_target {
    const char *raw;            /* borrowed; the path as it was sent */
    const char *raw_end;        /* before the slashes at its end */
    char *path;                 /* owned; the same, decoded */
    char *query;                /* owned; decoded, cut in pieces */
    VEC(struct http_parameter) parameters;  /* of the query */
};

/* Takes 'text' apart, which 'target' (zeroed) refers to afterwards.  Returns
 * 0, or the status to answer with and '*ret_reason', a literal.  'target'
 * needs http_target_fini() in any case. */
int http_target_parse(struct http_target *, const char *text,
                      const char **ret_reason);
void http_target_fini(struct http_target *);

/* The last parameter of that name; NULL: none. */
const char *http_target_query(const struct http_target *, const char *name);

/* The part of 'path' that begins at 'at', which points into 'raw'. */
const char *http_target_rest(const struct http_target *, const char *at);

/* --- percent-encoding --- */

/* The character at '*at', which is moved behind it; -1, and '*at' stays, for
 * an escape that is none, or is a NUL. */
int http_decode_char(const char **at);

/* Decodes in place; false if an escape is malformed. */
bool http_decode(char *text, bool plus_is_blank);

#endif /* HTTP_TARGET_H */
