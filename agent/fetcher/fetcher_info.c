/* SPDX-License-Identifier: Apache-2.0
 *
 * fetcher_info.c - what the agent tells mesos-fetcher.
 *
 * Thread: the fetcher's turns. */
#include <config.h>

#include "agent/fetcher/fetcher_info.h"

#include <stdlib.h>
#include <string.h>

#include <actor/alloc.h>
#include <actor/message.h>
#include <actor/strbuf.h>
#include <actor/vec.h>

#include "agent/fetcher/cache.h"
#include "agent/fetcher/fetcher.h"
#include "proto/cmesos/fetcher.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"

extern char **environ;

char *
fetcher_cache_directory(const struct fetcher_options *options,
                        const char *user)
{
    return user ? xasprintf("%s/%s", options->cache_dir, user)
                : xstrdup(options->cache_dir);
}

char *
fetcher_cache_path(const struct fetcher_options *options,
                   const struct cache_entry *entry)
{
    autofree char *directory = fetcher_cache_directory(options, entry->user);

    return xasprintf("%s/%s", directory, entry->file_name);
}

static Fetcher__FetcherInfo__Item *
make_item(struct message *m, const struct fetch_item *item, int mode)
{
    Fetcher__FetcherInfo__Item *made =
        message_new(m, &fetcher__fetcher_info__item__descriptor);
    bool is_fill = mode != FETCHER__FETCHER_INFO__MODE__FETCH;

    made->uri = (V1__CommandInfo__URI *) item->uri;
    made->action = FETCHER__FETCHER_INFO__ITEM__ACTION__BYPASS_CACHE;
    if (item->entry) {
        made->action = is_fill
            ? FETCHER__FETCHER_INFO__ITEM__ACTION__DOWNLOAD_AND_CACHE
            : FETCHER__FETCHER_INFO__ITEM__ACTION__RETRIEVE_FROM_CACHE;
        made->cache_filename = message_strdup(m, item->entry->file_name);
    }
    if (item->entry && is_fill) {
        made->has_size_max = true;
        made->size_max = item->entry->size;
    }
    return made;
}

static struct message *
make_info(const struct fetcher_options *options,
          const struct fetch_request *request, const struct fetch_item *items,
          size_t n_items, int mode)
{
    struct message *m = message_create(&fetcher__fetcher_info__descriptor);
    Fetcher__FetcherInfo *info = message_root(m);
    autofree char *cache = fetcher_cache_directory(options, request->user);

    message_hold(m, request->executor_info);
    info->sandbox_directory = message_strdup(m, request->sandbox);
    info->cache_directory = message_strdup(m, cache);
    info->items = message_array(m, n_items, sizeof *info->items);
    for (size_t i = 0; i < n_items; i++) {
        if (mode == FETCHER__FETCHER_INFO__MODE__FETCH
            || items[i].is_filled_by_us) {
            info->items[info->n_items++] = make_item(m, &items[i], mode);
        }
    }
    if (request->user) {
        info->user = message_strdup(m, request->user);
    }
    if (options->frameworks_home && options->frameworks_home[0] != '\0') {
        info->frameworks_home = message_strdup(m, options->frameworks_home);
    }
    info->stall_timeout = message_new(m, &v1__duration_info__descriptor);
    info->stall_timeout->nanoseconds = options->stall_timeout_ns;
    if (mode != FETCHER__FETCHER_INFO__MODE__FETCH) {
        info->has_mode = true;
        info->mode = (Fetcher__FetcherInfo__Mode) mode;
    }
    return m;
}

static bool
is_for_mesos(const char *variable)
{
    return strncmp(variable, "MESOS_", 6) == 0
           || strncmp(variable, "LIBPROCESS_", 11) == 0;
}

char **
fetcher_environment(const struct fetcher_options *options,
                    const struct fetch_request *request,
                    const struct fetch_item *items, size_t n_items, int mode)
{
    struct message *info = make_info(options, request, items, n_items, mode);
    const Fetcher__FetcherInfo *root = message_root(info);
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);
    VEC(char *) list = VEC_EMPTY;

    message_encode_json(&root->base, &json);
    message_unref(info);
    for (char **it = environ; *it; it++) {
        bool is_home = strncmp(*it, "HADOOP_HOME=", 12) == 0;

        if (!is_for_mesos(*it) && !(is_home && options->hadoop_home)) {
            vec_push(&list, xstrdup(*it));
        }
    }
    if (options->hadoop_home) {
        vec_push(&list, xasprintf("HADOOP_HOME=%s", options->hadoop_home));
    }
    vec_push(&list, xasprintf("MESOS_FETCHER_INFO=%s", json.data));
    vec_push(&list, NULL);
    return list.data;
}

void
fetcher_environment_free(char **environment)
{
    for (char **it = environment; it && *it; it++) {
        free(*it);
    }
    free(environment);
}
