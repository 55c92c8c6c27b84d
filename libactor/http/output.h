/* SPDX-License-Identifier: Apache-2.0
 *
 * output.h - bytes that wait to be written on a connection.
 *
 * Small pieces are gathered, large ones are kept as they came, and all goes
 * out with few system calls.
 *
 * Thread-safety: one thread at a time. */
#ifndef HTTP_OUTPUT_H
#define HTTP_OUTPUT_H 1

#include <stdbool.h>
#include <stddef.h>

#include <actor/backend.h>

struct output_piece;
struct strbuf;

/* Up to here a piece is gathered with its neighbours. */
#define OUTPUT_SMALL ((size_t) 16 * 1024)

/* Zeroed: empty. */
struct output {
    struct output_piece *pieces;        /* owned; oldest first */
    size_t offset;                      /* written of the oldest one */
    size_t size;                        /* bytes that wait */
};

void output_fini(struct output *);

/* Appends a copy of small 'data', or empties 'data' into the queue. */
void output_append(struct output *, struct strbuf *data);

/* Writes as much as 'stream' takes.  False if the stream is broken. */
bool output_write(struct output *, const struct actor_net_ops *net,
                  void *net_ctx, struct actor_stream *);

#endif /* HTTP_OUTPUT_H */
