/* SPDX-License-Identifier: Apache-2.0
 *
 * http_stage.h - one manual system that serves HTTP, and a client that writes
 * its bytes by hand.
 *
 * Thread-safety: one thread. */
#ifndef TESTS_LIB_HTTP_STAGE_H
#define TESTS_LIB_HTTP_STAGE_H 1

#include <stddef.h>
#include <string.h>

#include <actor/actor.h>
#include "tests/lib/memory_net.h"
#include "tests/lib/multi_system.h"
#include "tests/lib/test.h"

struct http_options;

struct http_stage {
    struct multi_system *multi;
    struct actor_system *system;
    struct memory_client *client;
    struct upid upid;                   /* of the server */
};

/* A system whose delegate is an actor of 'type', "<name>(1)".  'options' may
 * be NULL. */
struct http_stage stage_start(const struct actor_type *type,
                                   const struct http_options *options);
void stage_stop(struct http_stage *);

/* A further client. */
struct memory_client *stage_connect(struct http_stage *);

/* A new connection for the stage's own client. */
void stage_reconnect(struct http_stage *);

/* Writes 'text', runs the system, and returns all that came in answer; valid
 * until the next call. */
const char *stage_say(struct http_stage *, const char *text);
void stage_say_to(struct http_stage *, struct memory_client *,
                       const char *text);
const char *stage_get(struct http_stage *, const char *path);

/* The same with further header lines, each with CR LF. */
const char *stage_ask(struct http_stage *, const char *method,
                           const char *path, const char *headers);

/* What follows the headers. */
const char *body_of(const char *text);

unsigned occurrences(const char *text, const char *part);

#define EXPECT_STATUS(text, status) \
    ck_assert_msg(strncmp((text), "HTTP/1.1 " status, \
                          strlen("HTTP/1.1 " status)) == 0, \
                  "got '%.80s'", (text))
#define EXPECT_HAS(text, part) \
    ck_assert_msg(strstr((text), (part)) != NULL, "got '%.400s'", (text))
#define EXPECT_BODY(text, body) ck_assert_str_eq(body_of(text), (body))
#define EXPECT_HAS_NOT(text, part) \
    ck_assert_msg(strstr((text), (part)) == NULL, "got '%.400s'", (text))

#endif /* TESTS_LIB_HTTP_STAGE_H */
