/* SPDX-License-Identifier: Apache-2.0
 *
 * probe.c - one look at a task, of any kind: its time limit and its end.
 *
 * Thread: the owning actor's turns. */
#include <config.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/log.h>

#include "executor/checks/probe_private.h"
#include "executor/checks/user_lookup.h"
#include "executor/tree_signal.h"

static struct error *begin(struct probe *);
static void on_begin_failed(struct actor *, void *probe);
static void on_timeout(struct actor *, void *probe);
static void release(struct probe *);
static void kill_child(struct probe *);

struct probe *
probe_start(struct actor *self, const struct probe_options *options)
{
    struct probe *probe = xcalloc(1, sizeof *probe);
    int64_t timeout = options->spec->timeout_ns;

    probe->self = self;
    probe->options = *options;
    probe->out = probe->err = -1;
    probe->error = begin(probe);
    if (probe->error) {
        actor_timer_start(self, &probe->timer, 0, on_begin_failed, probe);
    } else if (timeout > 0) {
        actor_timer_start(self, &probe->timer, timeout, on_timeout, probe);
    }
    return probe;
}

static struct error *
begin(struct probe *probe)
{
    const struct check_spec *spec = probe->options.spec;

    if (spec->why_not) {
        return error_create(ERROR_INVALID, "%s", spec->why_not);
    }
    switch (spec->type) {
    case CHECK_TYPE_COMMAND:
        return probe_command_begin(probe);
    case CHECK_TYPE_HTTP:
        return probe_http_begin(probe);
    default:
        return probe_tcp_begin(probe);
    }
}

static void
on_begin_failed(struct actor *self UNUSED, void *arg)
{
    struct probe *probe = arg;

    probe_end(probe, steal(probe->error), 0);
}

static void
on_timeout(struct actor *self UNUSED, void *arg)
{
    struct probe *probe = arg;
    const struct check_spec *spec = probe->options.spec;
    const char *what = spec->type == CHECK_TYPE_COMMAND ? "Command"
                     : spec->type == CHECK_TYPE_HTTP ? "HTTP request"
                     : "TCP connection";

    probe_end(probe, error_create(ERROR_TIMEOUT, "%s timed out after %s",
                                  what, DURATION_TEXT(spec->timeout_ns)), 0);
}

/* --- the end --- */

void
probe_end(struct probe *probe, struct error *error, int value)
{
    struct probe_options options = probe->options;
    struct actor *self = probe->self;

    release(probe);
    options.done(self, options.aux, error, value);
    error_destroy(error);
}

void
probe_destroy(struct probe *probe)
{
    if (probe) {
        release(probe);
    }
}

static void
release(struct probe *probe)
{
    actor_timer_cancel(probe->self, &probe->timer);
    user_lookup_cancel(probe->lookup);
    if (probe->call) {
        http_call_cancel(probe->self, &probe->call);
    }
    if (probe->channel) {
        http_channel_close(probe->self, &probe->channel);
    }
    if (probe->child) {
        kill_child(probe);
    }
    if (probe->out >= 0) {
        close(probe->out);
    }
    if (probe->err >= 0) {
        close(probe->err);
    }
    error_destroy(probe->error);
    free(probe->url);
    free(probe);
}

/* --- children --- */

struct error *
probe_spawn(struct probe *probe, struct actor_child_options *options,
            actor_child_exit_fn *on_exit)
{
    options->new_session = true;
    return actor_child_spawn(probe->self, options, on_exit, probe,
                             &probe->child);
}

static void
kill_child(struct probe *probe)
{
    pid_t root = actor_child_pid(probe->child);

    vlog(1, "Killing the %s process '%d' for task '%s'",
         probe->options.name, (int) root, probe->options.task_id);
    actor_child_abandon(&probe->child);
    tree_signal(probe->self, root, SIGKILL);
}

/* --- where the task listens --- */

void
probe_address(const struct probe *probe, struct address *ret)
{
    const struct check_spec *spec = probe->options.spec;
    struct error *error = address_parse_ip(spec->is_ipv6 ? "::1"
                                                         : "127.0.0.1",
                                           spec->port, ret);

    CHECK(!error, "a loopback address is none");
}
