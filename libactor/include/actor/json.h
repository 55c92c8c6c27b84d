/* SPDX-License-Identifier: Apache-2.0
 *
 * json.h - writes JSON text into a strbuf.
 *
 *     struct json_writer w = JSON_WRITER(&out);
 *
 *     json_object_begin(&w);
 *     json_key(&w, "cpus");
 *     json_double(&w, 0.5);
 *     json_object_end(&w);
 *
 * The writer puts the commas.  Strings are UTF-8; bytes that are not become
 * U+FFFD.  Numbers look as Mesos prints them: integers plain, doubles in their
 * shortest form with ".0" kept, infinities and NaN as null.  '/' is not
 * escaped.
 *
 * Thread-safety: one thread at a time. */
#ifndef ACTOR_JSON_H
#define ACTOR_JSON_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

struct json_writer {
    struct strbuf *out;         /* borrowed */
    bool needs_comma;
};

#define JSON_WRITER(OUT) { .out = (OUT) }

void json_object_begin(struct json_writer *);
void json_object_end(struct json_writer *);
void json_array_begin(struct json_writer *);
void json_array_end(struct json_writer *);

void json_key(struct json_writer *, const char *);
void json_string(struct json_writer *, const char *);   /* NULL: null */
void json_string_n(struct json_writer *, const char *, size_t len);
void json_int(struct json_writer *, int64_t);
void json_uint(struct json_writer *, uint64_t);
void json_double(struct json_writer *, double);
void json_bool(struct json_writer *, bool);
void json_null(struct json_writer *);

/* 'text' is JSON already. */
void json_raw(struct json_writer *, const char *text, size_t len);

/* Key and value in one. */
void json_member_string(struct json_writer *, const char *key, const char *);
void json_member_int(struct json_writer *, const char *key, int64_t);
void json_member_uint(struct json_writer *, const char *key, uint64_t);
void json_member_double(struct json_writer *, const char *key, double);
void json_member_bool(struct json_writer *, const char *key, bool);
void json_member_empty_array(struct json_writer *, const char *key);

#endif /* ACTOR_JSON_H */
