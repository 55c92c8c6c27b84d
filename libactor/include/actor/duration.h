/* SPDX-License-Identifier: Apache-2.0
 *
 * duration.h - spans of time: units, and the text form of Mesos.
 *
 * Durations and points of time are int64_t nanoseconds everywhere; points of
 * time are monotonic unless a name says wall.  The text form mirrors stout's
 * duration.hpp: a number, decimals allowed, directly followed by ns us ms secs
 * mins hrs days or weeks.
 *
 * Thread-safety: pure functions. */
#ifndef ACTOR_DURATION_H
#define ACTOR_DURATION_H 1

#include <stdint.h>

#include <actor/compiler.h>

#define NANOSECOND INT64_C(1)
#define MICROSECOND (1000 * NANOSECOND)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND (1000 * MILLISECOND)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

#define DURATION_FOREVER INT64_MAX

struct error;
struct strbuf;

/* "10mins", "1.5secs" -> nanoseconds, >= 0. */
struct error *duration_parse(const char *, int64_t *ret_ns) MUST_CHECK;

/* Appends 'ns' in the largest unit that is not above it, or in the next
 * smaller one when only that gives a whole number, as stout prints it:
 * "5.957888ms", "10mins", "75secs", "1500ms", "0ns". */
void duration_format(struct strbuf *, int64_t ns);

/* Seconds as a double, as wires and metrics have them. */
double duration_to_seconds(int64_t ns);
int64_t duration_from_seconds(double seconds);      /* saturates; NaN: 0 */

/* Longest text of DURATION_TEXT(), with its NUL. */
#define DURATION_TEXT_SIZE 32

/* 'ns' as text in 'buffer', for log lines; returns 'buffer'. */
const char *duration_text(int64_t ns, char buffer[DURATION_TEXT_SIZE]);
#define DURATION_TEXT(ns) duration_text((ns), (char[DURATION_TEXT_SIZE]) {0})

/* "8192MB", "1GB", "512B", "10KB", "2TB" (powers of 1024, as stout's
 * bytes.hpp) <-> bytes. */
struct error *bytes_parse(const char *, uint64_t *ret_bytes) MUST_CHECK;
void bytes_format(struct strbuf *, uint64_t bytes);

#endif /* ACTOR_DURATION_H */
