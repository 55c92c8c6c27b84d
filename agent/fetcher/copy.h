/* SPDX-License-Identifier: Apache-2.0
 *
 * copy.h - files of this host and of Hadoop, for mesos-fetcher.
 *
 * Thread-safety: one thread. */
#ifndef AGENT_FETCHER_COPY_H
#define AGENT_FETCHER_COPY_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct error;

/* Writes the regular file 'path' to 'fd', which gets its permissions too; more
 * than 'size_max' bytes are an error.  Blocks. */
struct error *copy_file(const char *path, uint64_t size_max, int fd)
    MUST_CHECK;

struct error *copy_size(const char *path, uint64_t *ret_size) MUST_CHECK;

/* Has 'hadoop' of $HADOOP_HOME/bin, or of PATH, copy to the file 'path', which
 * is not there yet.  Blocks. */
struct error *copy_from_hadoop(const char *uri, const char *path) MUST_CHECK;

/* Opens 'path' below the current directory for writing, with the directories
 * it needs.  No link leads out of there. */
struct error *copy_open_output(const char *path, int *ret_fd) MUST_CHECK;

/* Only makes the directories. */
struct error *copy_make_parents(const char *path) MUST_CHECK;

#endif /* AGENT_FETCHER_COPY_H */
