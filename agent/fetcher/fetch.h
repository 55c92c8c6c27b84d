/* SPDX-License-Identifier: Apache-2.0
 *
 * fetch.h - what mesos-fetcher does with the items it is given.
 *
 * Thread-safety: one thread; the current directory is the sandbox. */
#ifndef AGENT_FETCHER_FETCH_H
#define AGENT_FETCHER_FETCH_H 1

#include <actor/compiler.h>

struct Fetcher__FetcherInfo;
struct error;
struct strbuf;

/* Fetches all items in their order, as the mode says; logs each step.  The
 * error names the URI.  Blocks. */
struct error *fetch_all(const struct Fetcher__FetcherInfo *) MUST_CHECK;

/* Appends a line with the size of each item, or "-". */
void fetch_sizes(const struct Fetcher__FetcherInfo *, struct strbuf *);

#endif /* AGENT_FETCHER_FETCH_H */
