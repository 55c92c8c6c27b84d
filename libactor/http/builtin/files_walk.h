/* SPDX-License-Identifier: Apache-2.0
 *
 * files_walk.h - opens what is below a directory and cannot be led out of it.
 *
 * Thread-safety: any thread; calls block. */
#ifndef HTTP_BUILTIN_FILES_WALK_H
#define HTTP_BUILTIN_FILES_WALK_H 1

#include <sys/stat.h>

/* Opens 'rest', a path relative to 'root' ("" is 'root' itself, which may be
 * no directory then), for reading.  Links are followed as long as they stay
 * below 'root'; one that leads out, or that is changed meanwhile, is -EXDEV.
 * What is neither a file nor a directory is not opened, but only looked at.
 * Returns a descriptor and its status, or -errno. */
int files_walk_open(const char *root, const char *rest, struct stat *ret);

/* The same, but only looks. */
int files_walk_stat(const char *root, const char *rest, struct stat *ret);

#endif /* HTTP_BUILTIN_FILES_WALK_H */
