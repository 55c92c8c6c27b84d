/* SPDX-License-Identifier: Apache-2.0
 *
 * probe_http.c - asks a task over HTTP.
 *
 * The first request has a connection of its own: one that was kept from the
 * last time would not show that nobody accepts connections any more.  The body
 * is read to its end and dropped.  Thread: the owning actor's turns. */
#include <config.h>

#include <stdlib.h>
#include <strings.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/log.h>

#include "executor/checks/probe_private.h"
#include "executor/checks/redirect.h"

/* As curl has it. */
#define MAX_REDIRECTS 50

static void ask(struct probe *, struct http_channel *);
static void on_data(struct actor *, void *probe, const void *, size_t);
static void on_answer(struct actor *, void *probe, struct http_answer *,
                      const struct error *);
static bool redirect(struct probe *, const char *location);

struct error *
probe_http_begin(struct probe *probe)
{
    const struct check_spec *spec = probe->options.spec;
    struct address address;

    probe_address(probe, &address);
    probe->url = xasprintf("%s://%s%s", spec->scheme, ADDRESS_TEXT(&address),
                           spec->path);
    vlog(1, "Launching %s '%s' for task '%s'", probe->options.name,
         probe->url, probe->options.task_id);
    if (url_is_https(probe->url)) {
        return probe_curl_begin(probe);
    }
    probe->channel = http_channel_open(probe->self, &address, NULL, NULL);
    ask(probe, probe->channel);
    return NULL;
}

static void
ask(struct probe *probe, struct http_channel *channel)
{
    static const char *const headers[] = {
        "User-Agent", "cmesos-check", "Accept", "*/*", NULL,
    };

    probe->call = http_call(probe->self,
                            &(struct http_call_options) {
                                .url = probe->url, .channel = channel,
                                .headers = headers, .on_data = on_data,
                                .connect_timeout_ns = DURATION_FOREVER,
                                .timeout_ns = DURATION_FOREVER,
                            }, on_answer, probe);
}

static void
on_data(struct actor *self UNUSED, void *arg UNUSED, const void *data UNUSED,
        size_t size UNUSED)
{
}

static void
on_answer(struct actor *self, void *arg, struct http_answer *answer,
          const struct error *error)
{
    struct probe *probe = arg;

    probe->call = NULL;
    if (error) {
        probe_end(probe, error_clone(error), 0);
        return;
    }
    if (probe->channel) {
        http_channel_close(self, &probe->channel);
    }
    int status = http_answer_status(answer);
    const char *location = http_answer_header(answer, "Location");

    if (!location || !status_is_redirect(status)) {
        probe_end(probe, NULL, status);
    } else if (!redirect(probe, location)) {
        probe_end(probe, error_create(ERROR_TOO_LARGE, "Maximum (%d) "
                                      "redirects followed", MAX_REDIRECTS),
                  0);
    }
}

/* Asks where the answer points to; false if that has gone on for too long. */
static bool
redirect(struct probe *probe, const char *location)
{
    char *url = url_resolve(probe->url, location);

    if (++probe->n_redirects > MAX_REDIRECTS) {
        free(url);
        return false;
    }
    free(probe->url);
    probe->url = url;
    if (!url_is_https(url)) {
        ask(probe, NULL);
        return true;
    }
    struct error *error = probe_curl_begin(probe);
    if (error) {
        probe_end(probe, error, 0);
    }
    return true;
}
