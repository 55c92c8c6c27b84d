/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern.h - the paths of routes: "/state", "/containers/{id}/log".
 *
 * A pattern matches a path when its segments are the first ones of the path;
 * "{name}" stands for any one segment.  "" is the empty path only, "/" any
 * other.  Paths are given as they were sent, without the slash before them:
 * from 'at' to 'end'.  Their escapes have been checked.
 *
 * Thread-safety: any thread. */
#ifndef HTTP_PATTERN_H
#define HTTP_PATTERN_H 1

#include <stdbool.h>
#include <stddef.h>

/* "" or "/...", no slash at the end but in "/", braces around whole
 * segments. */
bool http_pattern_is_valid(const char *pattern);

/* Below 0 if 'a' is to be tried before 'b': it has more segments, or names
 * one where 'b' takes any.  0 if they match the same paths. */
int http_pattern_compare(const char *a, const char *b);

/* Where the rest of the path begins, maybe at 'end'; NULL: no match. */
const char *http_pattern_match(const char *pattern, const char *at,
                               const char *end);

/* The segment, decoded, that "{name}" stands for in a path that 'pattern'
 * matches; the caller's to free.  NULL: there is no such parameter. */
char *http_pattern_argument(const char *pattern, const char *name,
                            const char *at, const char *end);

#endif /* HTTP_PATTERN_H */
