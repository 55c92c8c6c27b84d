/* SPDX-License-Identifier: Apache-2.0
 *
 * fetcher_info.h - what the agent tells mesos-fetcher.
 *
 * Thread-safety: pure functions, but for the environment they read. */
#ifndef AGENT_FETCHER_FETCHER_INFO_H
#define AGENT_FETCHER_FETCHER_INFO_H 1

#include <stdbool.h>
#include <stddef.h>

struct V1__CommandInfo__URI;
struct cache_entry;
struct fetch_request;
struct fetcher_options;

/* One URI of a fetch. */
struct fetch_item {
    const struct V1__CommandInfo__URI *uri;     /* borrowed */
    struct cache_entry *entry;  /* counted; NULL: not by way of the cache */
    bool is_filled_by_us;
};

/* Where the cache has the files of 'user' (NULL: the agent's own).  The caller
 * frees it. */
char *fetcher_cache_directory(const struct fetcher_options *,
                              const char *user);
char *fetcher_cache_path(const struct fetcher_options *,
                         const struct cache_entry *);

/* The environment of a child in that mode (enum of FetcherInfo): ours without
 * what is for Mesos programs, and MESOS_FETCHER_INFO.  PROBE and FILL_CACHE
 * are about the items that are filled by us only.  NULL-terminated; see
 * fetcher_environment_free(). */
char **fetcher_environment(const struct fetcher_options *,
                           const struct fetch_request *,
                           const struct fetch_item *items, size_t n_items,
                           int mode);
void fetcher_environment_free(char **);

#endif /* AGENT_FETCHER_FETCHER_INFO_H */
