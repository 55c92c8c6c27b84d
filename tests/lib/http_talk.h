/* SPDX-License-Identifier: Apache-2.0
 *
 * http_talk.h - asks one manual system by HTTP, over a network in memory, what
 * its built-in actors answer.  (http_stage.h has a server of the test's own.)
 *
 *     struct http_talk *t = http_talk_start(NULL);
 *
 *     EXPECT_STATUS(http_talk_get(t, "/version"), "200 OK");
 *     http_talk_stop(&t);
 *
 * Thread-safety: one thread. */
#ifndef TESTS_LIB_HTTP_TALK_H
#define TESTS_LIB_HTTP_TALK_H 1

#include <stdint.h>

#include "tests/lib/http_stage.h"

struct actor_system;
struct actor_system_options;
struct http_talk;

/* A system of these options (may be NULL), and a client of it. */
struct http_talk *http_talk_start(const struct actor_system_options *);
void http_talk_stop(struct http_talk **);

struct actor_system *http_talk_system(struct http_talk *);

/* Sends 'text' ("": nothing) and runs the system; what it answers, valid until
 * the next call. */
const char *http_talk_say(struct http_talk *, const char *text);
const char *http_talk_get(struct http_talk *, const char *path);

/* Moves the clock; what comes meanwhile is part of the next answer. */
void http_talk_advance(struct http_talk *, int64_t ns);

#endif /* TESTS_LIB_HTTP_TALK_H */
