/* SPDX-License-Identifier: Apache-2.0
 *
 * asker.c - an actor that makes HTTP calls for a test; see asker.h.
 *
 * What the test wants is done in a turn: a message brings the function. */
#include <config.h>

#include "tests/lib/asker.h"

#include <stdlib.h>
#include <utlist.h>

#include <actor/actor.h>
#include <actor/alloc.h>
#include <actor/duration.h>
#include <actor/log.h>
#include <actor/system.h>

/* Of 'pieces'; what came before is forgotten. */
#define MAX_PIECES 4096

struct asker {
    struct actor_system *system;        /* borrowed */
    struct upid upid;
    struct asked *asked;                /* owned; newest first */
    unsigned n_done;
    struct address address;             /* of the channel to open */
    struct http_channel *channel;
    unsigned n_closed;
    char *closed_error;                 /* owned */
};

struct errand {
    void (*fn)(struct actor *self, struct asker *, struct asked *);
    struct asker *asker;
    struct asked *asked;
};

static void run_errand(struct actor *self, struct actor_msg *);

static const struct actor_msg_type errand_message = {
    .name = "asker-errand", .size = sizeof(struct errand),
};

static void
run_errand(struct actor *self, struct actor_msg *msg)
{
    struct errand *errand = actor_msg_body(msg, &errand_message);

    errand->fn(self, errand->asker, errand->asked);
}

static const struct actor_handler handlers[] = {
    { &errand_message, run_errand },
};

static const struct actor_type asker_type = {
    .name = "asker", .size = sizeof(struct actor),
    .handlers = handlers, .n_handlers = ARRAY_SIZE(handlers),
};

static void
do_in_turn(struct asker *asker, struct asked *asked,
           void (*fn)(struct actor *, struct asker *, struct asked *))
{
    struct actor_msg *msg = actor_msg_create(&errand_message);
    struct errand *errand = actor_msg_body(msg, &errand_message);

    *errand = (struct errand) { .fn = fn, .asker = asker, .asked = asked };
    actor_post(asker->system, &asker->upid, &msg);
}

struct asker *
asker_create(struct actor_system *system, const char *id)
{
    struct asker *asker = xcalloc(1, sizeof *asker);

    asker->system = system;
    autoerror *error = actor_spawn(system, &asker_type, id, NULL,
                                   &asker->upid);
    CHECK(!error, "%s", error_text(error));
    return asker;
}

void
asker_destroy(struct asker *asker)
{
    while (asker->asked) {
        struct asked *asked = asker->asked;

        LL_DELETE(asker->asked, asked);
        CHECK(asked->n_destroyed == 1 && asked->n_done <= 1,
              "a call was destroyed %u times, and done %u times",
              asked->n_destroyed, asked->n_done);
        strbuf_fini(&asked->body);
        strbuf_fini(&asked->pieces);
        free(asked->header);
        free(asked->error);
        actor_gate_destroy(asked->gate);
        free(asked);
    }
    free(asker->closed_error);
    free(asker);
}

const struct upid *
asker_upid(const struct asker *asker)
{
    return &asker->upid;
}

/* --- calls --- */

static void
keep_answer(struct asked *asked, struct http_answer *answer)
{
    const char *header = http_answer_header(answer, "x-test");

    asked->status = http_answer_status(answer);
    asked->header = header ? xstrdup(header) : NULL;
    http_answer_take_body(answer, &asked->body);
}

static void
on_done(struct actor *self UNUSED, void *arg, struct http_answer *answer,
        const struct error *error)
{
    struct asked *asked = arg;

    CHECK(!(answer && error)
          && (answer || error || asked->options.connect_only),
          "a call ends neither well nor ill");
    asked->call = NULL;
    asked->n_done++;
    asked->order = ++asked->asker->n_done;
    if (answer) {
        keep_answer(asked, answer);
    } else if (error) {
        asked->code = error_code(error);
        asked->error = xstrdup(error_text(error));
    }
}

static void
on_head(struct actor *self UNUSED, void *arg, struct http_answer *answer)
{
    struct asked *asked = arg;

    CHECK(http_answer_status(answer) != 0 && asked->n_pieces == 0,
          "the head comes late");
    asked->n_heads++;
}

void
asker_on_data(struct actor *self, void *arg, const void *data, size_t size)
{
    struct asked *asked = arg;

    CHECK(asked->n_heads == 1 && asked->n_done == 0,
          "a piece comes at the wrong time");
    asked->n_pieces++;
    if (asked->pieces.len > MAX_PIECES) {
        strbuf_clear(&asked->pieces);
    }
    strbuf_append_char(&asked->pieces, '<');
    strbuf_append_bytes(&asked->pieces, data, size);
    strbuf_append_char(&asked->pieces, '>');
    if (asked->n_pieces == asked->pause_at) {
        http_call_pause(self, asked->call);
    }
    if (asked->n_pieces == asked->cancel_at) {
        http_call_cancel(self, &asked->call);
    }
}

static void
on_destroy(void *arg)
{
    struct asked *asked = arg;

    asked->n_destroyed++;
    actor_gate_open(asked->gate);
}

static void
ask(struct actor *self, struct asker *asker UNUSED, struct asked *asked)
{
    asked->call = http_call(self, &asked->options, on_done, asked);
    CHECK(asked->n_done == 0, "'done' was called too early");
}

static void
cancel(struct actor *self, struct asker *asker UNUSED, struct asked *asked)
{
    http_call_cancel(self, &asked->call);
}

static void
ask_in_vain(struct actor *self, struct asker *asker, struct asked *asked)
{
    ask(self, asker, asked);
    cancel(self, asker, asked);
}

static void
resume(struct actor *self, struct asker *asker UNUSED, struct asked *asked)
{
    asked->pause_at = 0;
    http_call_resume(self, asked->call);
}

static struct asked *
add(struct asker *asker, const struct http_call_options *options)
{
    struct asked *asked = xcalloc(1, sizeof *asked);

    asked->asker = asker;
    asked->options = *options;
    asked->options.destroy = on_destroy;
    asked->options.on_head = options->on_data ? on_head : NULL;
    strbuf_init(&asked->body, STRBUF_UNLIMITED);
    strbuf_init(&asked->pieces, STRBUF_UNLIMITED);
    asked->gate = actor_gate_create();
    LL_PREPEND(asker->asked, asked);
    return asked;
}

struct asked *
asker_ask(struct asker *asker, const struct http_call_options *options)
{
    struct asked *asked = add(asker, options);

    do_in_turn(asker, asked, ask);
    return asked;
}

struct asked *
asker_ask_in_vain(struct asker *asker,
                  const struct http_call_options *options)
{
    struct asked *asked = add(asker, options);

    do_in_turn(asker, asked, ask_in_vain);
    return asked;
}

struct asked *
asker_get(struct asker *asker, const char *url)
{
    return asker_ask(asker, &(struct http_call_options) { .url = url });
}

void
asker_cancel(struct asker *asker, struct asked *asked)
{
    do_in_turn(asker, asked, cancel);
}

void
asker_resume(struct asker *asker, struct asked *asked)
{
    do_in_turn(asker, asked, resume);
}

void
asked_wait(struct asked *asked)
{
    CHECK(actor_gate_wait(asked->gate, 40 * SECOND), "a call does not end");
}

/* --- channels --- */

static void
on_closed(struct actor *self UNUSED, void *arg, const struct error *error)
{
    struct asker *asker = arg;

    asker->n_closed++;
    free(asker->closed_error);
    asker->closed_error = xstrdup(error_text(error));
}

static void
open_channel(struct actor *self, struct asker *asker,
             struct asked *asked UNUSED)
{
    asker->channel = http_channel_open(self, &asker->address, on_closed,
                                       asker);
}

static void
close_channel(struct actor *self, struct asker *asker,
              struct asked *asked UNUSED)
{
    http_channel_close(self, &asker->channel);
}

struct http_channel *
asker_open_channel(struct asker *asker, const struct address *address)
{
    asker->address = *address;
    do_in_turn(asker, NULL, open_channel);
    actor_system_run(asker->system);
    return asker->channel;
}

void
asker_close_channel(struct asker *asker)
{
    do_in_turn(asker, NULL, close_channel);
}

unsigned
asker_n_closed(const struct asker *asker, const char **ret_error)
{
    if (ret_error) {
        *ret_error = asker->closed_error ? asker->closed_error : "";
    }
    return asker->n_closed;
}
