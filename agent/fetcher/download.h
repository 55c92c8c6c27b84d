/* SPDX-License-Identifier: Apache-2.0
 *
 * download.h - files by HTTP and FTP, for mesos-fetcher.
 *
 * Thread-safety: one thread. */
#ifndef AGENT_FETCHER_DOWNLOAD_H
#define AGENT_FETCHER_DOWNLOAD_H 1

#include <stdint.h>

#include <actor/compiler.h>

struct error;

/* Writes what 'uri' names to 'fd'.  Redirections are followed, to other
 * addresses of these kinds; only the answers 200 of HTTP and 226 of FTP count.
 * Nothing coming for 'stall_timeout_ns', or more than 'size_max' bytes, is an
 * error.  Blocks. */
struct error *download(const char *uri, int64_t stall_timeout_ns,
                       uint64_t size_max, int fd) MUST_CHECK;

/* What the server says how large it is; an error if it does not say. */
struct error *download_size(const char *uri, int64_t stall_timeout_ns,
                            uint64_t *ret_size) MUST_CHECK;

#endif /* AGENT_FETCHER_DOWNLOAD_H */
