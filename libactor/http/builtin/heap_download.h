/* SPDX-License-Identifier: Apache-2.0
 *
 * heap_download.h - sends the files of heap profiles, and lets jeprof make
 * them.
 *
 * Thread-safety: the actor's turns. */
#ifndef HTTP_BUILTIN_HEAP_DOWNLOAD_H
#define HTTP_BUILTIN_HEAP_DOWNLOAD_H 1

#include <stdint.h>

#include <actor/actor.h>
#include <actor/vec.h>

struct actor_child;
struct http_request;

enum heap_artifact_kind {
    HEAP_TEXT,
    HEAP_GRAPH,
    N_HEAP_ARTIFACTS
};

struct heap_waiter {
    struct http_request *request;       /* owned */
    int64_t id;
};

/* What jeprof makes of profiles, of one kind; a member of an actor. */
struct heap_artifact {
    enum heap_artifact_kind kind;
    int64_t id;                 /* of the run that it is there for; 0: none */
    int64_t making_id;          /* of the run that it is made for */
    struct actor_child *child;  /* that makes it; NULL: none */
    struct actor_timer timer;
    char *directory;            /* owned */
    VEC(struct heap_waiter) waiting;
};

/* The file of the raw profile of run 'id'; the caller frees it. */
char *heap_raw_path(const char *directory, int64_t id);

/* Answers '*request' with that file, and sets it to NULL. */
void heap_respond_raw(struct http_request **request, const char *directory,
                      int64_t id);

/* Answers '*request' with what jeprof makes of it, now or later; sets it to
 * NULL. */
void heap_artifact_respond(struct actor *self, struct heap_artifact *,
                           struct http_request **request,
                           const char *directory, int64_t id);

/* Removes the file of run 'id'. */
void heap_artifact_remove(const struct heap_artifact *, const char *directory,
                          int64_t id);

/* Ends what is under way; who waits is answered 503. */
void heap_artifact_fini(struct heap_artifact *);

#endif /* HTTP_BUILTIN_HEAP_DOWNLOAD_H */
