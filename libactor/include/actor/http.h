/* SPDX-License-Identifier: Apache-2.0
 *
 * http.h - routes of an actor, requests, answers.
 *
 * An actor adds routes in its init; a request then arrives as a turn of the
 * actor.  "/state" added by actor "master" answers /master/state, and also
 * /state if "master" is the system's delegate.  The longest route that is a
 * prefix of the path, by segments, wins; the rest of the path is
 * http_request_rest().  A segment in braces, as in "/containers/{id}", stands
 * for any one segment; where both fit, one that is named wins.
 *
 * Every request is answered exactly once, in the handler or in a later turn.
 * One that is destroyed without an answer is answered 500.
 *
 * Thread-safety: the owning actor's turns. */
#ifndef ACTOR_HTTP_H
#define ACTOR_HTTP_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/actor.h>
#include <actor/address.h>
#include <actor/error.h>

struct http_request;
struct http_stream;
struct json_writer;
struct strbuf;

typedef void http_handler_fn(struct actor *self, struct http_request *);

struct http_route {
    /* "/state".  "" is the bare id and nothing below it, "/" all that is
     * below it and has no route of its own. */
    const char *path;
    http_handler_fn *fn;

    /* For /help: one line, then paragraphs.  NULL: not listed. */
    const char *summary;
    const char *description;

    /* "GET, POST": others are answered 405 and OPTIONS with the list; who
     * serves GET serves HEAD.  Routes of one path may share the methods among
     * them.  NULL: the handler gets every method, OPTIONS included. */
    const char *methods;

    /* Who is asked about its requests, "readonly" for example; the system's
     * options say what stands before it.  NULL: nobody.  http_access.h. */
    const char *realm;
};

/* Adds 'n' static routes to 'self'; they go when the actor ends.  One for the
 * same path and methods as one before replaces it. */
void http_add_routes(struct actor *self, const struct http_route *, size_t n);

/* --- the request --- */

const char *http_request_method(const struct http_request *);  /* "GET" */

/* Decoded path, e.g. "/master/state". */
const char *http_request_path(const struct http_request *);

/* Path and query as they were sent: "/master/state?jsonp=f". */
const char *http_request_target(const struct http_request *);

/* What followed the route, without the leading '/'; "" if nothing. */
const char *http_request_rest(const struct http_request *);

/* The segment, decoded, that "{name}" of the route stands for; there has to be
 * one. */
const char *http_request_argument(struct http_request *, const char *name);

/* Decoded value of a query parameter, the last one of that name; NULL if it
 * is absent. */
const char *http_request_query(const struct http_request *, const char *name);

/* Value of a header, by its name in any case; NULL if it is absent. */
const char *http_request_header(const struct http_request *,
                                const char *name);

/* Whether a Content-Type is 'type' ("application/json"), whatever its
 * parameters are; and whether an Accept header lets an answer be of that type.
 * The most specific range counts, and one of weight 0 refuses; NULL lets all
 * be. */
bool http_media_type_is(const char *content_type, const char *type);
bool http_accepts_media_type(const char *accept, const char *type);

const char *http_request_body(const struct http_request *, size_t *ret_size);
const struct address *http_request_peer(const struct http_request *);

/* --- the answer: each takes '*request' and sets it to NULL --- */

/* 'body' is emptied into the answer; NULL: no body.  'content_type' may be
 * NULL then. */
void http_respond(struct http_request **request, int status,
                  const char *content_type, struct strbuf *body);

/* A short text/plain body. */
void http_respond_text(struct http_request **request, int status,
                       const char *fmt, ...) PRINTF_FORMAT(3, 4);

/* application/json, or text/javascript with the query's jsonp=NAME around it;
 * 'body' is emptied. */
void http_respond_json(struct http_request **request, struct strbuf *body);

/* The status that belongs to the error's code, and its text; takes 'error'. */
void http_respond_error(struct http_request **request, struct error *error);

/* 405 with Allow, as Mesos words it: "Expecting one of { 'GET', 'POST' }, but
 * received 'PUT'." */
void http_respond_method_not_allowed(struct http_request **request,
                                     const char *const methods[], size_t n);

/* Adds a header to the answer to come.  One with a line break in it is left
 * out, and so is one that 64 KiB of headers leave no room for. */
void http_response_header(struct http_request *, const char *name,
                          const char *value);

/* Answers a GET or HEAD with file 'path', read in the pool from the system's
 * disk and sent in pieces; with ETag and Last-Modified, and all that follows
 * from these: 304, 412, 206 for a single range, 416.  404 if it is missing or
 * no regular file.  'content_type' NULL: by its extension. */
void http_respond_file(struct http_request **request, const char *path,
                       const char *content_type);

/* The same with a file of the kernel's that is open already; takes '*fd' and
 * sets it to -1.  'name' is for its extension, and for errors. */
void http_respond_open_file(struct http_request **request, int *fd,
                            const char *name, const char *content_type);

/* The same with the file below directory 'root' that http_request_rest()
 * names; directories have an index.html.  Nothing leads out of 'root', links
 * included: they count as missing. */
void http_respond_file_below(struct http_request **request, const char *root);

/* --- answers without end: event streams --- */

typedef void http_stream_closed_fn(struct actor *self, void *arg);

/* Begins an answer that goes on until it is ended: in chunks, or for HTTP/1.0
 * until the connection closes.  Takes '*request'.  'closed' (may be NULL) is
 * called in a turn of 'self', once, when the reader has gone, or has fallen
 * behind by LIMIT_HTTP_QUEUE and was dropped; not after http_stream_end().
 * The stream has to be ended in any case. */
struct http_stream *http_respond_stream(struct actor *self,
                                        struct http_request **request,
                                        int status, const char *content_type,
                                        http_stream_closed_fn *closed,
                                        void *arg);

/* Sends what is in 'data', which is emptied.  False if nobody reads any
 * more. */
bool http_stream_write(struct http_stream *, struct strbuf *data);

/* Sends one record as RecordIO has it, its length in decimal, a line feed and
 * its bytes, in a chunk of its own.  False if nobody reads any more. */
bool http_stream_write_record(struct http_stream *, const void *data,
                              size_t size);

/* Ends the answer and frees the stream; '*stream' becomes NULL. */
void http_stream_end(struct http_stream **stream);

#endif /* ACTOR_HTTP_H */
