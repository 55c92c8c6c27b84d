/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_fetcher.c - what mesos-fetcher is told, and names in archives. */
#include <config.h>

#include <string.h>

#include <actor/alloc.h>
#include <actor/error.h>
#include <actor/log.h>
#include <actor/message.h>
#include <actor/strbuf.h>

#include "agent/fetcher/fetcher_disk.h"
#include "agent/fetcher/uri.h"
#include "proto/cmesos/fetcher.pb-c.h"
#include "proto/mesos/v1/mesos.pb-c.h"
#include "tests/fuzz/fuzz.h"

/* Goes through a path as a kernel would that knows no links: how deep below
 * its beginning it gets at least. */
static int
least_depth(const char *path)
{
    int depth = 0, least = 0;

    while (*path) {
        size_t len = strcspn(path, "/");

        if (len == 2 && strncmp(path, "..", 2) == 0) {
            depth--;
        } else if (len > 0 && !(len == 1 && path[0] == '.')) {
            depth++;
        }
        least = depth < least ? depth : least;
        path += len + (path[len] != '\0');
    }
    return least;
}

static void
check_name(const char *name)
{
    if (uri_has_no_way_out(name)) {
        CHECK(name[0] != '/' && least_depth(name) == 0, "'%s'", name);
    }
    uri_archive(name);
    uri_kind(name);
}

static void
check_uri(const V1__CommandInfo__URI *uri)
{
    struct error *error = uri_validate(uri);
    autofree char *path = NULL;

    if (!error) {
        autofree char *name = uri_output_name(uri);
        autofree char *cached = uri_cache_name(1, name);

        CHECK(uri_has_no_way_out(name), "'%s'", name);
        CHECK(name[strlen(name) - 1] != '/', "'%s'", name);
        CHECK(fetcher_is_cache_name(cached), "'%s'", cached);
    }
    error_destroy(error);
    error_destroy(uri_local_path(uri->value, "/home", &path));
}

static void
check_info(const char *text, size_t len)
{
    autofini(strbuf) json = STRBUF(STRBUF_UNLIMITED);
    autofini(strbuf) second = STRBUF(STRBUF_UNLIMITED);
    struct message *m = NULL, *again = NULL;
    struct error *error =
        message_decode_json(&fetcher__fetcher_info__descriptor, text, len,
                            &m);

    if (error) {
        error_destroy(error);
        return;
    }
    const Fetcher__FetcherInfo *info = message_root(m);
    for (size_t i = 0; i < info->n_items; i++) {
        check_uri(info->items[i]->uri);
    }
    message_encode_json(&info->base, &json);
    error = message_decode_json(&fetcher__fetcher_info__descriptor, json.data,
                                json.len, &again);
    CHECK(!error, "%s", error_text(error));
    message_encode_json(message_root(again), &second);
    CHECK(strcmp(json.data, second.data) == 0, "%s", second.data);
    message_unref(m);
    message_unref(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree char *text = xstrndup(size > 0 ? (const char *) data : "", size);

    check_name(text);
    check_info(text, strlen(text));
    return 0;
}
