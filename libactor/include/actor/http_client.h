/* SPDX-License-Identifier: Apache-2.0
 *
 * http_client.h - asking others over HTTP/1.1, from an actor's turn.
 *
 *     static void
 *     on_health(struct actor *self, void *task, struct http_answer *answer,
 *               const struct error *error)
 *     {
 *         health_note(task, !error && http_answer_status(answer) == 200);
 *     }
 *
 *     http_call(self, &(struct http_call_options) {
 *                   .url = "http://10.0.0.7:8080/health",
 *                   .timeout_ns = 5 * SECOND,
 *               }, on_health, task);
 *
 * The guarantees of a call:
 *   - 'done' is called exactly once, in a turn of its own of the actor that
 *     asked, never before http_call() returns; with an answer of whatever
 *     status, or with an error.  What is wrong with the call itself, such as
 *     its URL, comes that way too.
 *   - After http_call_cancel() neither 'done' nor any other function of the
 *     call is called.  It may be called in any of them but 'done'.
 *   - A call ends with its actor: nothing is called, the connection is given
 *     up.
 *   - 'destroy' is called exactly once whatever happened, after all others,
 *     on any thread, and may do nothing but free.
 *
 * Errors:
 *     ERROR_INVALID      the call: URL, method, header
 *     ERROR_UNSUPPORTED  https, an unknown coding, no network, a host name in
 *                        a network that is not the kernel's
 *     ERROR_NOT_FOUND    the host name is unknown
 *     ERROR_UNAVAILABLE  the connection was refused, the host is unreachable
 *     ERROR_TIMEOUT      one of the three times ran out
 *     ERROR_PARSE        what came is no answer, or malformed
 *     ERROR_TOO_LARGE    what came is above a limit
 *     ERROR_CLOSED       the connection ended before the answer did
 * The text names the call and says what, and where.
 *
 * Connections are kept and used again, for each address up to
 * LIMIT_HTTP_CLIENT_CONNECTIONS of them; further calls wait for one.  One that
 * was kept may be closed by the server at the very moment it is used: a call
 * that may be repeated (GET, HEAD, PUT, DELETE, OPTIONS, TRACE) is, once, if
 * nothing of an answer has come; others fail with ERROR_CLOSED.
 *
 * Redirects are not followed, cookies not kept, and there is no TLS yet.
 *
 * Thread-safety: the turns of the actor that called. */
#ifndef ACTOR_HTTP_CLIENT_H
#define ACTOR_HTTP_CLIENT_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <actor/actor.h>
#include <actor/address.h>

struct error;
struct http_answer;
struct http_call;
struct http_channel;
struct strbuf;

/* --- what a call calls --- */

/* Either 'answer' or 'error' is not NULL (but see 'connect_only'); both are on
 * loan. */
typedef void http_call_done_fn(struct actor *self, void *arg,
                               struct http_answer *answer,
                               const struct error *error);

/* The head of a streamed answer, which has no body yet. */
typedef void http_call_head_fn(struct actor *self, void *arg,
                               struct http_answer *answer);

/* A piece of a streamed answer, on loan. */
typedef void http_call_data_fn(struct actor *self, void *arg,
                               const void *data, size_t size);

/* --- calls --- */

/* Zero stands for the default everywhere; all is on loan for the call. */
struct http_call_options {
    const char *method;                 /* "GET" */

    /* "http://host:port/path?query", percent-encoded as it shall be sent.
     * A host name is looked up off the actors' threads. */
    const char *url;

    /* Where to connect to, whatever the URL says; the URL may then be a bare
     * "/path?query". */
    const struct address *address;

    /* One connection of one's own, in place of a kept one; see below. */
    struct http_channel *channel;

    /* Only that the channel is connected: nothing is sent, and 'done' gets
     * neither an answer nor an error.  For who wants to know whether somebody
     * listens.  Takes a channel. */
    bool connect_only;

    /* Names and values in turn, then NULL.  Host may be among them, but not
     * Connection, Content-Length or Transfer-Encoding. */
    const char *const *headers;

    /* The body: copied from 'body', or emptied out of 'take_body'. */
    const void *body;
    size_t body_size;
    struct strbuf *take_body;

    /* Until the connection is there (10 s); until the answer is whole (60 s;
     * streams: for ever); without a byte either way while the answer is due
     * (for ever).  DURATION_FOREVER: no limit.  An actor's own slowness does
     * not count as silence of the server. */
    int64_t connect_timeout_ns;
    int64_t timeout_ns;
    int64_t idle_timeout_ns;

    /* The most that a body may have, once inflated: LIMIT_HTTP_BODY. */
    size_t max_body;

    bool accepts_gzip;                  /* and inflates it */

    /* A streamed answer: the body of an answer with status 2xx comes in pieces
     * of any size, or, with 'has_records', as the RecordIO records it
     * consists of, each whole and of at most 'max_record' bytes
     * (LIMIT_RECORD).  Each is a turn.  'done' has the answer without its
     * body, or the error that ended the stream.  Other answers come whole.
     * 'on_head' may be NULL. */
    http_call_data_fn *on_data;
    http_call_head_fn *on_head;
    bool has_records;
    size_t max_record;

    /* Frees 'arg' of http_call(); may be NULL. */
    void (*destroy)(void *arg);
};

/* Asks.  The call may be named until its 'done' begins. */
struct http_call *http_call(struct actor *self,
                            const struct http_call_options *,
                            http_call_done_fn *done, void *arg);

/* Gives a call up; '*call' becomes NULL.  Its connection is closed if the
 * request is on it. */
void http_call_cancel(struct actor *self, struct http_call **call);

/* While paused, a streamed call calls nothing.  Of what comes meanwhile about
 * LIMIT_HTTP_READ_AHEAD is kept; then the connection is not read, and the
 * server has to wait. */
void http_call_pause(struct actor *self, struct http_call *);
void http_call_resume(struct actor *self, struct http_call *);

/* --- answers --- */

int http_answer_status(const struct http_answer *);

/* Value of the first header of that name, in any case; NULL: absent. */
const char *http_answer_header(const struct http_answer *, const char *name);

/* NUL-terminated; valid as long as the answer. */
const char *http_answer_body(const struct http_answer *, size_t *ret_size);

/* Moves the body to 'ret', which is finished first. */
void http_answer_take_body(struct http_answer *, struct strbuf *ret);

/* --- channels --- */

/* The channel's connection is gone: nothing further can be asked on it.
 * Calls that were under way have been told.  'error' is on loan. */
typedef void http_channel_closed_fn(struct actor *self, void *arg,
                                    const struct error *error);

/* A connection for those who need all their calls on one.  It is made by the
 * first call and never again.  Calls are written as they come, without waiting
 * for answers, and answered in that order; none is repeated.  A call that runs
 * out of time, or is cancelled, takes the connection with it: the other calls
 * end with ERROR_CLOSED.  'closed' (may be NULL) is called once, unless the
 * actor closes the channel first. */
struct http_channel *http_channel_open(struct actor *self,
                                       const struct address *,
                                       http_channel_closed_fn *closed,
                                       void *arg);

/* Closes the connection; calls under way end with ERROR_CLOSED.  '*channel'
 * becomes NULL.  Has to be called in any case, unless the actor ends. */
void http_channel_close(struct actor *self, struct http_channel **channel);

#endif /* ACTOR_HTTP_CLIENT_H */
