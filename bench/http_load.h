/* SPDX-License-Identifier: Apache-2.0
 *
 * http_load.h - keeps an HTTP server busy, and tells how it did.
 *
 * So many connections to a port of this host each ask for the same thing
 * again and again, 'depth' times in one write and then anew when all answers
 * have come.  A request costs this side little more than its system calls, so
 * that one processor can keep a server on another one busy.
 *
 * Thread-safety: the calling thread does it all. */
#ifndef HTTP_LOAD_H
#define HTTP_LOAD_H 1

#include <stddef.h>
#include <stdint.h>

struct http_load {
    uint16_t port;              /* of 127.0.0.1 */
    const char *target;         /* "/index.html"; answered 200 */
    size_t body_size;           /* of each answer; others end the program */
    unsigned n_connections;
    unsigned depth;             /* requests at once on each, 1..64 */
    int64_t duration_ns;
};

struct http_load_result {
    double per_second;          /* answers */
    double p50_us, p99_us;      /* from the write to the whole answer */
    uint64_t n_answers;
};

/* Whatever goes wrong ends the program with what it was. */
void http_load_run(const struct http_load *, struct http_load_result *ret);

/* A connection to a port of this host; -1 with errno. */
int http_load_connect(uint16_t port);

#endif /* HTTP_LOAD_H */
