/* SPDX-License-Identifier: Apache-2.0
 *
 * client_stage.h - a client of ours and a server that writes its bytes by
 * hand, for tests of the HTTP client.
 *
 *     struct client_stage s = client_stage_start();
 *     struct asked *asked = get(&s, "/x");
 *     struct memory_client *peer = accept_one(&s);
 *     say(&s, peer, HELLO);
 *     expect_body(asked, 200, "hello");
 *
 * Thread-safety: the test's thread. */
#ifndef TESTS_LIB_CLIENT_STAGE_H
#define TESTS_LIB_CLIENT_STAGE_H 1

#include <stdbool.h>

#include <actor/error.h>
#include <actor/http_client.h>
#include "tests/lib/asker.h"

struct actor_system;
struct memory_client;
struct memory_server;
struct multi_system;

/* What the server may say. */
#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

/* Where it is. */
#define HOST "http://10.9.9.9"
extern const struct address server_address;

struct client_stage {
    struct multi_system *multi;
    struct actor_system *system;
    struct memory_server *server;
    struct asker *asker;                /* "asker" in 'system' */
};

struct client_stage client_stage_start(void);

/* Connections that were accepted have to be closed before. */
void client_stage_stop(struct client_stage *);

/* --- asking; each runs the systems --- */

struct asked *ask(struct client_stage *, const struct http_call_options *);
struct asked *get(struct client_stage *, const char *path);

#define ASK(s, ...) ask((s), &(struct http_call_options) { __VA_ARGS__ })
#define STREAM .url = HOST "/", .on_data = asker_on_data

/* --- the server --- */

/* A connection that has been made; the test fails if there is none. */
struct memory_client *accept_one(struct client_stage *);
void say(struct client_stage *, struct memory_client *peer, const char *text);

/* Ends a connection as a server does that exits. */
void hang_up(struct client_stage *, struct memory_client *peer);

/* What the client has written since the last time. */
void expect_heard(struct memory_client *peer, const char *expected);

/* Asks; the server says 'text' to it, ends its side if 'ends', and hangs
 * up. */
struct asked *exchange(struct client_stage *, const struct http_call_options *,
                       const char *text, bool ends);

#define EXCHANGE(s, text, ends, ...) \
    exchange((s), &(struct http_call_options) { __VA_ARGS__ }, (text), (ends))

/* --- outcomes, of calls that are over --- */

void expect_body(const struct asked *, int status, const char *body);
void expect_error(const struct asked *, enum error_code, const char *text);

#endif /* TESTS_LIB_CLIENT_STAGE_H */
