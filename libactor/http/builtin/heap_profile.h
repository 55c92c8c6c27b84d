/* SPDX-License-Identifier: Apache-2.0
 *
 * heap_profile.h - the files of a heap profile.
 *
 * Thread-safety: pool threads; calls block. */
#ifndef HTTP_BUILTIN_HEAP_PROFILE_H
#define HTTP_BUILTIN_HEAP_PROFILE_H 1

#include <actor/compiler.h>

struct error;

/* Makes "libprocess.XXXXXX" below $TMPDIR or /tmp, for us alone; the caller
 * frees the path. */
struct error *heap_profile_make_directory(char **ret) MUST_CHECK;

/* Makes sure that there is room, and writes the profile to 'path', which it
 * has all at once. */
struct error *heap_profile_write(const char *path) MUST_CHECK;

#endif /* HTTP_BUILTIN_HEAP_PROFILE_H */
