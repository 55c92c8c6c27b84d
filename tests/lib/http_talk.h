/* SPDX-License-Identifier: Apache-2.0
 *
 * http_talk.h - asks one manual system by HTTP, over a network in memory.
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
#include <string.h>

#include <check.h>

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

/* What is after the headers. */
const char *http_talk_body(const char *answer);

#define EXPECT_STATUS(text, status) \
    ck_assert_msg(strncmp((text), "HTTP/1.1 " status, \
                          strlen("HTTP/1.1 " status)) == 0, \
                  "got '%.200s'", (text))
#define EXPECT_HAS(text, part) \
    ck_assert_msg(strstr((text), (part)) != NULL, "no '%s' in '%.400s'", \
                  (part), (text))
#define EXPECT_HAS_NOT(text, part) \
    ck_assert_msg(strstr((text), (part)) == NULL, "'%s' in '%.400s'", \
                  (part), (text))

#endif /* TESTS_LIB_HTTP_TALK_H */
