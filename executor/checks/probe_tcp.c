/* SPDX-License-Identifier: Apache-2.0
 *
 * probe_tcp.c - connects, to see whether a task listens.
 *
 * Thread: the owning actor's turns. */
#include <config.h>

#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/log.h>

#include "executor/checks/probe_private.h"

/* Whatever refuses us, or cannot be reached, does not listen. */
static void
on_connected(struct actor *self UNUSED, void *arg,
             struct http_answer *answer UNUSED, const struct error *error)
{
    struct probe *probe = arg;

    probe->call = NULL;
    if (error) {
        vlog(1, "%s for task '%s': %s", probe->options.name,
             probe->options.task_id, error_text(error));
    }
    probe_end(probe, NULL, error == NULL);
}

struct error *
probe_tcp_begin(struct probe *probe)
{
    struct address address;

    probe_address(probe, &address);
    vlog(1, "Launching %s for task '%s' to %s", probe->options.name,
         probe->options.task_id, ADDRESS_TEXT(&address));
    probe->channel = http_channel_open(probe->self, &address, NULL, NULL);
    probe->call = http_call(probe->self,
                            &(struct http_call_options) {
                                .channel = probe->channel,
                                .connect_only = true,
                                .connect_timeout_ns = DURATION_FOREVER,
                                .timeout_ns = DURATION_FOREVER,
                            }, on_connected, probe);
    return NULL;
}
