/* SPDX-License-Identifier: Apache-2.0
 *
 * directory.h - directories with all that is above them.
 *
 * Thread-safety: any thread. */
#ifndef ACTOR_DIRECTORY_H
#define ACTOR_DIRECTORY_H 1

#include <sys/types.h>

#include <actor/compiler.h>

/* mkdir -p: makes 'path' and what is missing above it.  One that is there
 * already is left as it is.  Returns 0 or an errno. */
int directory_make(const char *path, mode_t mode) MUST_CHECK;

/* The same with 'make' in place of mkdir(); it returns 0 or an errno. */
int directory_make_by(int (*make)(void *ctx, const char *path, mode_t mode),
                      void *ctx, const char *path, mode_t mode) MUST_CHECK;

#endif /* ACTOR_DIRECTORY_H */
