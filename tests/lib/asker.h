/* SPDX-License-Identifier: Apache-2.0
 *
 * asker.h - an actor that makes HTTP calls for a test, and keeps what came of
 * them.
 *
 *     struct asker *asker = asker_create(system, "asker");
 *     struct asked *asked = asker_get(asker, "http://10.0.0.1:5050/version");
 *     multi_system_run(m);
 *     ck_assert_int_eq(asked->status, 200);
 *
 * Thread-safety: the test's thread.  With a system of threads asked_wait()
 * first; only then may the members be looked at. */
#ifndef TESTS_LIB_ASKER_H
#define TESTS_LIB_ASKER_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/address.h>
#include <actor/error.h>
#include <actor/http_client.h>
#include <actor/strbuf.h>
#include <actor/upid.h>

struct actor_gate;
struct actor_system;
struct asker;

/* One call and its outcome. */
struct asked {
    struct asker *asker;
    struct http_call *call;             /* NULL: over */
    struct http_call_options options;   /* as they were given */

    unsigned n_done;                    /* how often 'done' was called */
    unsigned order;                     /* 'done' was the asker's n-th */
    int status;                         /* 0: an error */
    struct strbuf body;
    char *header;                       /* value of X-Test; NULL: absent */
    enum error_code code;
    char *error;                        /* its text; NULL: none */
    unsigned n_destroyed;

    /* Of a stream. */
    unsigned n_heads;
    size_t n_pieces;
    struct strbuf pieces;               /* the last ones, each in <> */
    size_t pause_at;                    /* pauses after so many pieces */
    size_t cancel_at;                   /* cancels after so many */

    struct actor_gate *gate;            /* opened when it is over */
    struct asked *next;
};

struct asker *asker_create(struct actor_system *, const char *id);

/* Frees all outcomes.  After the system. */
void asker_destroy(struct asker *);

const struct upid *asker_upid(const struct asker *);

/* Makes a call in the next turn.  What the options point to has to last until
 * then; functions are the asker's
 * own: 'on_data' not NULL asks for a stream.  The outcome is the asker's. */
struct asked *asker_ask(struct asker *, const struct http_call_options *);
struct asked *asker_get(struct asker *, const char *url);

/* Makes a call and cancels it in the same turn. */
struct asked *asker_ask_in_vain(struct asker *,
                                const struct http_call_options *);

/* So that 'on_data' is not NULL. */
void asker_on_data(struct actor *self, void *asked, const void *data,
                   size_t size);

void asker_cancel(struct asker *, struct asked *);
void asker_resume(struct asker *, struct asked *);

/* The asker's channel, one at a time; a manual system, which is run. */
struct http_channel *asker_open_channel(struct asker *,
                                        const struct address *);
void asker_close_channel(struct asker *);

/* How often the channel was told to be closed, and the text of the last
 * error. */
unsigned asker_n_closed(const struct asker *, const char **ret_error);

/* Waits until 'done' or 'destroy' was called; a system of threads. */
void asked_wait(struct asked *);

#endif /* TESTS_LIB_ASKER_H */
