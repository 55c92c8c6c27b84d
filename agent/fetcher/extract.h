/* SPDX-License-Identifier: Apache-2.0
 *
 * extract.h - archives, for mesos-fetcher.
 *
 * Thread-safety: one thread. */
#ifndef AGENT_FETCHER_EXTRACT_H
#define AGENT_FETCHER_EXTRACT_H 1

#include <actor/compiler.h>

struct error;

/* Unpacks a tar archive, plain or compressed by gzip, bzip2 or xz, or a zip
 * archive into the current directory.  Nothing is written elsewhere: names
 * that are absolute or have a ".." are refused, so are hard links to such,
 * devices, and whatever would be written through a symbolic link.  Links
 * themselves may point anywhere.  Blocks. */
struct error *extract_archive(const char *path) MUST_CHECK;

/* Uncompresses a file that gzip made to 'fd'. */
struct error *extract_gzip(const char *path, int fd) MUST_CHECK;

#endif /* AGENT_FETCHER_EXTRACT_H */
