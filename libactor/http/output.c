/* SPDX-License-Identifier: Apache-2.0
 *
 * output.c - bytes that wait to be written; see output.h. */
#include <config.h>

#include <sys/uio.h>
#include <utlist.h>

#include <actor/alloc.h>
#include <actor/strbuf.h>
#include "http/output.h"

#define MAX_IOV 16

struct output_piece {
    struct strbuf data;
    struct output_piece *prev, *next;
};

static void
pop_piece(struct output *output)
{
    struct output_piece *piece = output->pieces;

    DL_DELETE(output->pieces, piece);
    strbuf_fini(&piece->data);
    free(piece);
    output->offset = 0;
}

void
output_fini(struct output *output)
{
    while (output->pieces) {
        pop_piece(output);
    }
    output->size = 0;
}

void
output_append(struct output *output, struct strbuf *data)
{
    struct output_piece *last = output->pieces ? output->pieces->prev : NULL;

    output->size += data->len;
    if (last && last->data.len + data->len <= OUTPUT_SMALL) {
        strbuf_append_bytes(&last->data, data->data, data->len);
        strbuf_clear(data);
        return;
    }
    if (data->len == 0) {
        return;
    }
    struct output_piece *piece = xcalloc(1, sizeof *piece);

    piece->data = *data;
    piece->data.max_len = STRBUF_UNLIMITED;
    strbuf_init(data, data->max_len);
    DL_APPEND(output->pieces, piece);
}

static void
advance(struct output *output, size_t n)
{
    output->size -= n;
    while (n > 0) {
        size_t left = output->pieces->data.len - output->offset;

        if (n < left) {
            output->offset += n;
            return;
        }
        n -= left;
        pop_piece(output);
    }
}

bool
output_write(struct output *output, const struct actor_net_ops *net,
             void *net_ctx, struct actor_stream *stream)
{
    while (output->pieces) {
        struct iovec iov[MAX_IOV];
        struct output_piece *piece;
        size_t offset = output->offset;
        size_t offered = 0;
        int n = 0;

        DL_FOREACH (output->pieces, piece) {
            if (n == MAX_IOV) {
                break;
            }
            iov[n].iov_base = piece->data.data + offset;
            iov[n].iov_len = piece->data.len - offset;
            offered += iov[n++].iov_len;
            offset = 0;
        }
        ssize_t taken = net->write(net_ctx, stream, iov, n);
        if (taken < 0) {
            return false;
        }
        advance(output, (size_t) taken);
        if ((size_t) taken < offered) {
            return true;
        }
    }
    return true;
}
